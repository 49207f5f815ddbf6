//! The index of words between the store and the search: it is read at the start, new chunks are entered in the order of
//! their rows, and postings are read for a question.

use crate::base::hit::WordsDue;
use crate::base::id::{DocId, Ring, Row};
use crate::limits::{INDEXED_AT_ONCE, NAMED_BY_WORD_CHUNKS, NAMED_BY_WORD_MAX, SIMILAR_COMPARED_MAX, WORDS_DUE_MAX};
use crate::search::lexical::analysis::{Analysis, VERSION};
use crate::search::lexical::audience::{Audience, Audiences};
use crate::search::lexical::index::{Full, Index, Places, Postings, Segment};
use crate::search::lexical::postings::decode;
use crate::search::lexical::row_set::RowSet;
use crate::search::lexical::similar::grams;
use crate::search::lexical::stems::Stems;
use crate::search::lexical::terms::QueryTerms;
use crate::store::change::Applied;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, KvRead, Space};
use crate::store::library::Library;
use crate::store::read;
use crate::store::record::{Chunk, ChunkHead, DocState, Document, Mark, MarkKind, Record, Sources};
use crate::store::words::{self, StoredSegment};
use std::collections::BTreeSet;

/// Reads postings of the store.
pub struct Reader<'a, K>(pub &'a K);

impl<K: KvRead> Postings for Reader<'_, K> {
    type Error = KvError;

    fn of(&mut self, term: &str, segment: u32) -> Result<Option<Places>, KvError> {
        let damaged = || KvError::Damaged("postings of the index of words".to_owned());
        let stored = words::postings(self.0, term, segment)?;
        stored.map(|bytes| decode(&bytes).ok_or_else(damaged)).transpose()
    }

    fn similar(&mut self, words: &[String]) -> Result<BTreeSet<String>, KvError> {
        words::terms_with(self.0, words.iter().flat_map(|word| grams(word)), SIMILAR_COMPARED_MAX)
    }
}

/// Postings that are read until `is_late` says of so many reads that there is no time for more.
pub struct Until<'a, K, F> {
    reader: Reader<'a, K>,
    read: usize,
    is_late: F,
}

impl<'a, K, F: Fn(usize) -> bool> Until<'a, K, F> {
    /// Nothing is read yet.
    pub const fn new(kv: &'a K, is_late: F) -> Self {
        Self { reader: Reader(kv), read: 0, is_late }
    }
}

impl<K: KvRead, F: Fn(usize) -> bool> Postings for Until<'_, K, F> {
    type Error = KvError;

    fn of(&mut self, term: &str, segment: u32) -> Result<Option<Places>, KvError> {
        self.read += 1;
        self.reader.of(term, segment)
    }

    fn similar(&mut self, words: &[String]) -> Result<BTreeSet<String>, KvError> {
        self.read += 1;
        self.reader.similar(words)
    }

    fn is_late(&self) -> bool {
        (self.is_late)(self.read)
    }
}

/// The index of the store's segments. What they lack is entered by [`next`]. Chunks that are in no document any more are left out, and
/// those of documents that are being removed are hidden.
///
/// # Errors
/// Any `KvError`.
pub fn load(kv: &impl Kv) -> Result<Index, KvError> {
    load_with(kv, |_, _| {})
}

/// The same; `each` is told each document on the way, as all of them are read.
///
/// # Errors
/// Any `KvError`.
pub fn load_with(kv: &impl Kv, mut each: impl FnMut(DocId, &Document)) -> Result<Index, KvError> {
    let (mut there, mut hidden, mut audiences) = (RowSet::default(), Vec::new(), Audiences::default());
    let folders = Folders::read(kv)?;
    read::walk(kv, Space::Document, |key, value| {
        let doc = Document::decode_stored(value)?;
        keys::number(key).into_iter().for_each(|id| each(DocId(id), &doc));
        let audience = folders.audience(&doc);
        for place in &doc.chunks {
            there.insert(place.row);
            if doc.state == DocState::Tombstoned {
                hidden.push(place.row);
            }
            audiences.set(place.row, audience);
        }
        Ok(())
    })?;
    // Segments of another version are being deleted.
    let segments = if is_current(kv)? { words::segments(kv)? } else { Vec::new() };
    let segments = segments.into_iter().map(|StoredSegment { number, first, mut lengths, languages, .. }| {
        let mut dead = 0;
        for (row, length) in (first.0..).zip(&mut lengths) {
            if !there.contains(Row(row)) {
                dead += u32::from(std::mem::take(length) > 0);
            }
        }
        Segment { number, first, lengths, languages, dead }
    });
    let mut index = Index::new(segments.collect());
    let merging = words::merging(kv)?.into_iter();
    merging
        .flat_map(|merging| merging.inputs.into_iter().chain([merging.output]))
        .for_each(|number| index.reserve(number));
    index.hide(&hidden);
    index.set_audiences(audiences);
    Ok(index)
}

/// Whether the store's terms are those of this version of the analysis.
///
/// # Errors
/// Any `KvError`.
pub fn is_current(kv: &impl KvRead) -> Result<bool, KvError> {
    Ok(words::analysis(kv)? == VERSION)
}

/// A chunk that is to be entered.
pub struct Entry {
    row: Row,
    analysis: Analysis,
    audience: Audience,
}

/// Up to `max` chunks from this row on; fewer where there are no more. `stems`: those of the words of chunks before.
///
/// # Errors
/// Any `KvError`.
pub fn next(kv: &impl Kv, from: Row, max: usize, stems: &mut Stems) -> Result<Vec<Entry>, KvError> {
    let folders = Folders::read(kv)?;
    let mut known: Option<(_, Audience)> = None;
    let page = kv.page(Space::Chunk, &keys::row(from), None, max)?;
    page.iter()
        .map(|(key, value)| {
            let row = keys::number(key).map(Row).ok_or_else(|| KvError::Damaged("the key of a chunk".to_owned()))?;
            let chunk = Chunk::decode_stored(value)?;
            let audience = match known {
                Some((doc, audience)) if doc == chunk.doc => audience,
                _ => read::document(kv, chunk.doc)?.map_or(Audience::Nobody, |doc| folders.audience(&doc)),
            };
            known = Some((chunk.doc, audience));
            Ok(Entry { row, analysis: Analysis::with_stems(stems, &chunk.heading, &chunk.text), audience })
        })
        .collect()
}

/// Enters these chunks.
pub fn enter(index: &mut Index, entries: &[Entry]) {
    for entry in entries {
        index.add(entry.row, &entry.analysis);
        index.set_audience(entry.row, entry.audience);
    }
}

/// Writes a segment to the store. Not synced.
///
/// # Errors
/// Any `KvError`.
pub fn write<K: Kv>(library: &mut Library<K>, full: Full) -> Result<Segment, KvError> {
    let Full { segment, postings } = full;
    let Segment { number, first, lengths, languages, .. } = segment.clone();
    library.add_segment(&StoredSegment { number, first, lengths, languages, postings }, grams)?;
    Ok(segment)
}

/// What the index is to follow of what was applied.
#[derive(Debug, Default)]
pub struct Following {
    gone: Vec<Row>,
    hidden: Vec<Row>,
    /// And whom they answer.
    shown: Vec<(Row, Audience)>,
}

impl Following {
    /// Does it. Nothing is read.
    pub fn apply(self, index: &mut Index) {
        index.remove(&self.gone);
        index.hide(&self.hidden);
        for (row, audience) in self.shown {
            index.show(&[row]);
            index.set_audience(row, audience);
        }
    }
}

/// What the index is to follow, as the store says. Of rows that must not answer any more those that still have a chunk are hidden, as
/// their document may come back; so are those that cannot be read. A row that lost its vector alone goes on to answer by its words.
pub fn following(kv: &impl Kv, applied: &Applied) -> Following {
    let mut following = Following::default();
    for row in &applied.removed {
        match kv.get(Space::Chunk, &keys::row(*row)) {
            Ok(None) => following.gone.push(*row),
            Ok(Some(_)) => following.hidden.push(*row),
            Err(error) => {
                kv.note_damage(&error);
                following.hidden.push(*row);
            }
        }
    }
    if let Some(doc) = applied.doc.filter(|_| applied.returned) {
        match read::document(kv, doc).and_then(|doc| Ok((doc, Folders::read(kv)?))) {
            Ok((doc, folders)) => doc.iter().for_each(|doc| {
                // It may be in another folder now.
                let audience = folders.audience(doc);
                following.shown.extend(doc.chunks.iter().map(|place| (place.row, audience)));
            }),
            Err(error) => kv.note_damage(&error),
        }
    }
    following
}

/// Follows what was applied.
pub fn follow(kv: &impl Kv, index: &mut Index, applied: &Applied) {
    following(kv, applied).apply(index);
}

/// Enters all chunks that are not in the index yet, and writes segments as they fill.
///
/// # Errors
/// Any `KvError`.
pub fn catch_up<K: Kv>(library: &mut Library<K>, index: &mut Index) -> Result<(), KvError> {
    let (mut next_name, mut stems) = (None, Stems::default());
    while !library.renew_words(VERSION, &mut next_name)? {}
    loop {
        let entries = next(library.kv(), index.next(), INDEXED_AT_ONCE, &mut stems)?;
        enter(index, &entries);
        if let Some(full) = index.full(false) {
            index.stored(write(library, full)?);
        }
        if entries.len() < INDEXED_AT_ONCE {
            return Ok(());
        }
    }
}

/// The first rows of files whose names have words of the question.
///
/// # Errors
/// Any `KvError`.
pub fn named(kv: &impl Kv, terms: &QueryTerms) -> Result<BTreeSet<Row>, KvError> {
    let mut rows = BTreeSet::new();
    for (at, forms) in terms.looked_up() {
        for form in forms.iter().chain(terms.other_spellings(at)) {
            for doc in words::named(kv, form, NAMED_BY_WORD_MAX)? {
                let doc = read::document(kv, doc)?.filter(|doc| doc.state != DocState::Tombstoned);
                let chunks = doc.into_iter().flat_map(|doc| doc.chunks).take(NAMED_BY_WORD_CHUNKS);
                rows.extend(chunks.map(|place| place.row));
            }
        }
    }
    Ok(rows)
}

/// Whom the chunks answer, anew: which folders are watched, private or forgotten has changed.
///
/// # Errors
/// Any `KvError`.
pub fn audiences(kv: &impl Kv) -> Result<Audiences, KvError> {
    let (folders, mut audiences) = (Folders::read(kv)?, Audiences::default());
    read::walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        let audience = folders.audience(&doc);
        doc.chunks.iter().for_each(|place| audiences.set(place.row, audience));
        Ok(())
    })?;
    Ok(audiences)
}

/// The watched folders, and the places that their owner has forgotten.
struct Folders {
    watched: Sources,
    forgotten: Vec<Mark>,
}

impl Folders {
    fn read(kv: &impl KvRead) -> Result<Self, KvError> {
        let mut forgotten = read::marks(kv)?.0;
        forgotten.retain(|mark| mark.kind == MarkKind::Forgotten);
        Ok(Self { watched: read::sources(kv)?, forgotten })
    }

    /// Whom a document answers. One that is about to be removed is left out before a question's candidates are chosen: it would take the places of others.
    fn audience(&self, doc: &Document) -> Audience {
        let is_forgotten = || self.forgotten.iter().any(|mark| mark.is_about(&doc.path, doc.stamp.volume()));
        match self.watched.of(&doc.path) {
            Some(_) if is_forgotten() => Audience::Nobody,
            Some(source) if source.ring == Ring::Private => Audience::Owner,
            Some(_) => Audience::Everybody,
            None => Audience::Nobody,
        }
    }
}

/// What of the store is not in the index of words yet: it is found by its meaning alone. At most `WORDS_DUE_MAX` documents are looked at; of
/// the others it is reckoned from the rows that are left how many they are. If `shared`, those count that others may find. `is_late` says
/// whether with so many of them there is no time for more.
///
/// # Errors
/// Any `KvError`.
pub fn due(kv: &impl Kv, from: Row, shared: bool, is_late: impl Fn(usize) -> bool) -> Result<WordsDue, KvError> {
    let (mut due, mut next, mut known) = (WordsDue::default(), from, BTreeSet::new());
    let mut folders = None;
    while known.len() < WORDS_DUE_MAX
        && !is_late(known.len())
        && let Some((key, value)) = kv.page(Space::Chunk, &keys::row(next), None, 1)?.pop()
    {
        let Some(row) = keys::number(&key).map(Row) else { break };
        let (id, mut end) = (ChunkHead::decode_stored(&value)?.doc, row.0 + 1);
        if let Some(doc) = read::document(kv, id)? {
            // Its other chunks stand behind, if it was made at once.
            doc.chunks.iter().for_each(|place| end += u64::from(place.row.0 == end));
            if folders.is_none() {
                folders = Some(Folders::read(kv)?);
            }
            let counts = match folders.as_ref().map_or(Audience::Nobody, |folders| folders.audience(&doc)) {
                Audience::Everybody => true,
                Audience::Owner => !shared,
                Audience::Nobody => false,
            };
            if known.insert(id) && counts {
                due.searchable += u64::from(doc.state == DocState::Ready);
                due.read += u64::from(matches!(doc.state, DocState::Chunked { .. }));
            }
        }
        next = Row(end);
    }
    if known.len() < WORDS_DUE_MAX {
        return Ok(due);
    }
    let left = read::commit(kv)?.next_row.0.saturating_sub(next.0);
    Ok(with_rest(due, known.len() as u64, (next.0.saturating_sub(from.0), left)))
}

/// With the documents that were not looked at: as many a row as of those `looked` at that have the `rows` before. They are of the kinds that
/// were counted; where none was, as of none but private ones, each may be of either kind: more is said to be searched than is so in no case.
fn with_rest(due: WordsDue, looked: u64, (rows, left): (u64, u64)) -> WordsDue {
    let rest = looked.saturating_mul(left).div_ceil(rows.max(1));
    let counted = due.searchable + due.read;
    let share = |of: u64| if counted == 0 { rest } else { rest.saturating_mul(of).div_ceil(counted) };
    let (searchable, read) = (share(due.searchable), share(due.read));
    WordsDue { searchable: due.searchable.saturating_add(searchable), read: due.read.saturating_add(read) }
}

#[cfg(test)]
#[path = "words_test.rs"]
mod tests;
