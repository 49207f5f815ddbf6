//! The index of words between the store and the search: it is read at the start, new chunks are entered in the order of
//! their rows, and postings are read for a question.

use crate::base::id::{DocId, Ring, Row};
use crate::limits::{INDEXED_AT_ONCE, NAMED_BY_WORD_CHUNKS, NAMED_BY_WORD_MAX, SIMILAR_COMPARED_MAX};
use crate::search::lexical::analysis::{Analysis, VERSION};
use crate::search::lexical::index::{Full, Index, Places, Postings, Segment};
use crate::search::lexical::postings::decode;
use crate::search::lexical::row_set::RowSet;
use crate::search::lexical::similar::grams;
use crate::search::lexical::terms::QueryTerms;
use crate::store::change::Applied;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, KvRead, Space};
use crate::store::library::Library;
use crate::store::read;
use crate::store::record::{Chunk, DocState, Document, Record};
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
    let (mut there, mut hidden, mut private) = (RowSet::default(), Vec::new(), Vec::new());
    let sources = read::sources(kv)?;
    read::walk(kv, Space::Document, |key, value| {
        let doc = Document::decode_stored(value)?;
        keys::number(key).into_iter().for_each(|id| each(DocId(id), &doc));
        let is_private = sources.of(&doc.path).is_none_or(|source| source.ring == Ring::Private);
        for place in &doc.chunks {
            there.insert(place.row);
            if doc.state == DocState::Tombstoned {
                hidden.push(place.row);
            }
            if is_private {
                private.push(place.row);
            }
        }
        Ok(())
    })?;
    // Segments of another version are being deleted.
    let segments = if words::analysis(kv)? == VERSION { words::segments(kv)? } else { Vec::new() };
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
    private.into_iter().for_each(|row| index.set_private(row, true));
    Ok(index)
}

/// A chunk that is to be entered.
pub struct Entry {
    row: Row,
    analysis: Analysis,
    is_private: bool,
}

/// Up to `max` chunks from this row on; fewer where there are no more.
///
/// # Errors
/// Any `KvError`.
pub fn next(kv: &impl Kv, from: Row, max: usize) -> Result<Vec<Entry>, KvError> {
    let sources = read::sources(kv)?;
    let mut known: Option<(_, bool)> = None;
    let page = kv.page(Space::Chunk, &keys::row(from), None, max)?;
    page.iter()
        .map(|(key, value)| {
            let row = keys::number(key).map(Row).ok_or_else(|| KvError::Damaged("the key of a chunk".to_owned()))?;
            let chunk = Chunk::decode_stored(value)?;
            let is_private = match known {
                Some((doc, is_private)) if doc == chunk.doc => is_private,
                _ => {
                    let doc = read::document(kv, chunk.doc)?;
                    doc.is_none_or(|doc| sources.of(&doc.path).is_none_or(|source| source.ring == Ring::Private))
                }
            };
            known = Some((chunk.doc, is_private));
            Ok(Entry { row, analysis: Analysis::of(&chunk.heading, &chunk.text), is_private })
        })
        .collect()
}

/// Enters these chunks.
pub fn enter(index: &mut Index, entries: &[Entry]) {
    for entry in entries {
        index.add(entry.row, &entry.analysis);
        index.set_private(entry.row, entry.is_private);
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
    shown: Vec<Row>,
}

impl Following {
    /// Does it. Nothing is read.
    pub fn apply(self, index: &mut Index) {
        index.remove(&self.gone);
        index.hide(&self.hidden);
        self.shown.into_iter().for_each(|row| index.show(&[row]));
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
        match read::document(kv, doc) {
            Ok(doc) => following.shown.extend(doc.into_iter().flat_map(|doc| doc.chunks).map(|place| place.row)),
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
    let mut next_name = None;
    while !library.renew_words(VERSION, &mut next_name)? {}
    loop {
        let entries = next(library.kv(), index.next(), INDEXED_AT_ONCE)?;
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
    for (_, forms) in terms.looked_up() {
        for form in forms {
            for doc in words::named(kv, form, NAMED_BY_WORD_MAX)? {
                let doc = read::document(kv, doc)?.filter(|doc| doc.state != DocState::Tombstoned);
                let chunks = doc.into_iter().flat_map(|doc| doc.chunks).take(NAMED_BY_WORD_CHUNKS);
                rows.extend(chunks.map(|place| place.row));
            }
        }
    }
    Ok(rows)
}

/// The chunks that answer this device alone, anew: which folders are private has changed.
///
/// # Errors
/// Any `KvError`.
pub fn private_rows(kv: &impl Kv) -> Result<RowSet, KvError> {
    let sources = read::sources(kv)?;
    let mut private = RowSet::default();
    read::walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        if sources.of(&doc.path).is_none_or(|source| source.ring == Ring::Private) {
            doc.chunks.iter().for_each(|place| private.insert(place.row));
        }
        Ok(())
    })?;
    Ok(private)
}

#[cfg(test)]
#[path = "words_test.rs"]
mod tests;
