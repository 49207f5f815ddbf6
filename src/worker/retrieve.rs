//! Search on this device: the vector index gives the nearest rows by their sketches, which exact cosines order, and the
//! index of words those with the best BM25 score. Both together decide which texts are read; there the question's terms are
//! counted, for the device that asks. Files whose name is the question join them, whatever their text is.

mod best;
mod candidate;
mod candidates;
pub mod document;
mod files;
mod filter;
mod folders;
mod given;
mod held;
mod lookup;
mod models;
mod phrase;
pub mod published;
mod scored;

use self::folders::Folders;
use super::extract::was_not_read;
use super::words;
use crate::base::file_name::AskedNames;
use crate::base::filter::Matcher;
use crate::base::hit::{Absence, CorpusStatistics, UnusableFile, WordsDue};
use crate::base::id::{EmbedKey, Row};
use crate::base::vector::Embedding;
use crate::embed::{
    Embedder,
    model::{canonical, key, prefixed},
};
use crate::limits::{
    HITS_MAX, NAMED_CHUNKS_MAX, NAMED_FILES_MAX, POSTINGS_READ_LATE, RESCORE, RESCORE_SHARED_MAX, RESCORE_WIDER,
};
use crate::scheduler::task::{Outcome, Query};
use crate::search::lexical::row_set::Allowed;
use crate::search::lexical::terms::QueryTerms;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{DocState, Document, Mark, MarkKind, Marks};
use best::{Told, best};
use candidate::Candidate;
use core::cell::Cell;
use given::given;
use models::{Asked, OtherModel};
use scored::{in_order, scored};
use std::collections::BTreeSet;
use std::sync::Arc;

pub use files::follow as follow_files;
pub use held::answer;
pub use lookup::{InStore, IsLate, Late, Lookup, load_indexes};

/// Chunks whose text is read to count terms.
const READ: usize = HITS_MAX;

/// Vectors that are read also after the deadline, the nearest by their sketches; and files that are counted then of those not searched.
const READ_LATE: usize = 20;

/// The embedding of a question, for a search here and on other devices.
///
/// # Errors
/// One plain sentence: the question could not be embedded.
pub fn embed_query(embedder: &mut impl Embedder, question: &str) -> Result<Outcome, String> {
    embedder
        .embed_query(&canonical(question))
        .map(Outcome::QueryEmbedding)
        .map_err(|error| format!("The question could not be embedded: {error}."))
}

/// The embedding of a text that another device answered with: the stored one, if this device has the same text.
///
/// # Errors
/// One plain sentence: the text could not be embedded.
pub fn embed_hit(kv: &impl Kv, embedder: &mut impl Embedder, heading: &str, text: &str) -> Result<Outcome, String> {
    let model = embedder.model();
    let stored = read::vector_of(&kv.snapshot(), &key(&model, heading, text)).ok().flatten();
    // What another device made proves nothing about others.
    let own = stored.filter(|vector| vector.by == 0);
    if let Some(known) = own.and_then(|vector| vector.values.exact(model).ok()) {
        return Ok(Outcome::QueryEmbedding(known));
    }
    embedder
        .embed(&prefixed(heading, text))
        .map(Outcome::QueryEmbedding)
        .map_err(|error| format!("A text of another device could not be embedded: {error}."))
}

/// The best chunks of this device, with `count` different texts, and the statistics that are needed to score them among
/// those of other devices. `lookup` holds the index's lock only during its calls.
/// If `shared`, the question came from another device, and chunks of the ring `private` are left out. Rows that the disk
/// does not give are left out, so that the rest of a failing disk still answers.
///
/// # Errors
/// One plain sentence: nothing of the store could be read.
pub fn retrieve(kv: &impl Kv, lookup: &impl Lookup, query: &Query) -> Result<Outcome, String> {
    retrieve_by(kv, lookup, query, &[])
}

/// As `retrieve`, by these further models too.
fn retrieve_by(kv: &impl Kv, lookup: &impl Lookup, query: &Query, others: &[OtherModel]) -> Result<Outcome, String> {
    let asked = AskedNames::new(&query.text);
    let mut unread = None;
    // Before anything is looked up: what is entered meanwhile may be found or not.
    let words_end = lookup.words_end();
    let marks = given(read::marks(kv).map(Some), &mut unread).unwrap_or_default();
    let (mut named, mut unusable) = named_files(kv, &asked, &marks, &mut unread);
    let sources = match read::sources(kv) {
        Ok(sources) => Some(sources),
        Err(error) if query.shared => return Err(format!("The question could not be answered: {error}.")),
        Err(error) => {
            unread.get_or_insert(error);
            None
        }
    };
    let folders = Folders { sources: sources.as_ref(), shared: query.shared };
    let terms = QueryTerms::new(&query.text).read_by(query.fluency);
    let by_word = given(words::named(kv, &terms).map(Some), &mut unread).unwrap_or_default();
    named.extend(by_word);
    // What cannot be seen to fit does not answer.
    let failed = (!query.filter.takes_all_files()).then(Arc::default);
    let only = given(filter::rows((kv, lookup), &query.filter, folders).map(Some), &mut unread).unwrap_or(failed);
    if let Some(only) = &only {
        named.retain(|row| only.contains(*row));
        let matcher = Matcher::new(&query.filter);
        unusable.retain(|file| matcher.takes_path(&file.path));
    }
    let allowed = Allowed { shared: query.shared, only: only.as_deref() };
    let by = Asked { first: &query.embedding, fluency: query.fluency, others };
    let search = Search { query, by, terms, named, marks, folders, allowed, cut_short: Cell::new(false) };
    let with_phrases = search.with_phrases(kv, lookup, &mut unread);
    let (candidates, statistics) = match with_phrases {
        Some(found) => found,
        None => {
            let is_late = |read| search.is_late(lookup, read, READ_LATE);
            let may = (folders, search.allowed);
            let near = by.embeddings().map(|one| nearest(kv, lookup, one, may, &mut unread, is_late));
            let rows = in_turn(near.collect()).chain(search.named.iter().copied()).collect();
            search.among(kv, lookup, rows, true, &mut unread)
        }
    };
    // Last: hits matter more to a person who waits than how many files are not searched yet.
    let due = words::due(kv, words_end, query.shared, |counted| search.is_late(lookup, counted, READ_LATE));
    let words_due = given(due.map(Some), &mut unread).unwrap_or_default();
    unread.iter().for_each(|error| kv.note_damage(error));
    match unread {
        Some(error) if candidates.is_empty() => Err(format!("The question could not be answered: {error}.")),
        unread => {
            let by_all_words = !search.cut_short.get() && words_due == WordsDue::default();
            let (count, shared) = (query.count.min(HITS_MAX), query.shared);
            let told = Told { count, shared, unread: unread.is_some(), by_all_words };
            let (mut found, vectors) = best(candidates, (&query.text, &search.terms, &statistics), &asked, told);
            found.statistics = statistics;
            if !query.shared {
                found.unusable = unusable;
                let is_empty = found.hits.is_empty();
                let is_late = || lookup.is_late(false);
                let of_types = || filter::of_types(kv, &query.filter, folders.sources, is_late).ok().flatten();
                found.of_types = is_empty.then(of_types).flatten();
            }
            (found.unread, found.cut_short, found.words_due) = (unread.is_some(), search.cut_short.get(), words_due);
            Ok(Outcome::Found(Box::new(found), vectors))
        }
    }
}

/// One search: what is asked for, and what may answer.
struct Search<'a> {
    query: &'a Query,
    by: Asked<'a>,
    terms: QueryTerms,
    /// Rows of files whose names the question has.
    named: BTreeSet<Row>,
    marks: Marks,
    folders: Folders<'a>,
    allowed: Allowed<'a>,
    /// Whether the deadline came first.
    cut_short: Cell<bool>,
}

/// What may answer, and the statistics over all chunks.
type Candidates = (Vec<Candidate>, CorpusStatistics);

impl Search<'_> {
    /// What may answer of these rows, and, if `more`, of those that the index of words finds. At the deadline the first of them count.
    fn among(
        &self,
        kv: &impl Kv,
        lookup: &impl Lookup,
        mut rows: Vec<Row>,
        more: bool,
        unread: &mut Option<KvError>,
    ) -> Candidates {
        let mut known: BTreeSet<Row> = BTreeSet::new();
        rows.retain(|row| known.insert(*row));
        let is_late = |read| self.is_late(lookup, read, POSTINGS_READ_LATE);
        let words = lookup.words(&self.terms, (READ, &rows), self.allowed, &is_late);
        let words = given(words.map(Some), unread).unwrap_or_default();
        if more {
            rows.extend(words.rows.iter().map(|(row, _)| *row).filter(|row| !known.contains(row)));
        }
        let is_late = |read| self.is_late(lookup, read, READ_LATE);
        let scored = scored(&kv.snapshot(), &rows, (self.by, is_late), unread);
        let scored = in_order(scored, &self.terms, &words);
        let found = self.candidates((kv, lookup), scored, words.languages, unread);
        (found, words.statistics)
    }

    /// Whether the search ends with what it has: whoever asks waits too long, and so much was read that there is an answer.
    fn is_late(&self, lookup: &impl Lookup, read: usize, least: usize) -> bool {
        let is_late = read >= least && lookup.is_late(self.query.shared);
        self.cut_short.set(self.cut_short.get() || is_late);
        is_late
    }
}

/// The nearest rows of those that may answer. The scan leaves out what is known to be private; the records decide, and where they hide more
/// from another device, farther rows are looked at until there are enough, at most `RESCORE_SHARED_MAX`: else private texts would keep shared
/// ones out of the answer, and so tell what they are about. As the scan gives several rows of a text, texts are counted. `is_late` says
/// whether with so many records read there is no time for more.
fn nearest(
    kv: &impl Kv,
    lookup: &impl Lookup,
    question: &Embedding,
    (folders, allowed): (Folders<'_>, Allowed<'_>),
    unread: &mut Option<KvError>,
    is_late: impl Fn(usize) -> bool,
) -> Vec<Row> {
    if !folders.hide_any() {
        return lookup.nearest(question, RESCORE, Allowed { shared: false, ..allowed });
    }
    let (mut most, mut read) = (RESCORE, 0);
    loop {
        let rows = lookup.nearest(question, most, allowed);
        let is_all = rows.len() < most || most >= RESCORE_SHARED_MAX;
        let mut seen = Vec::with_capacity(RESCORE.min(rows.len()));
        let mut texts: BTreeSet<EmbedKey> = BTreeSet::new();
        for row in rows {
            if is_late(read) {
                return seen;
            }
            read += 1;
            let Some(head) = given(read::chunk_head(kv, row), unread) else { continue };
            let key = head.key;
            if texts.len() == RESCORE && !texts.contains(&key) {
                break;
            }
            if folders.let_see(kv, head) {
                texts.insert(key);
                seen.push(row);
            }
        }
        if is_all || texts.len() >= READ {
            return seen;
        }
        most = (most * RESCORE_WIDER).min(RESCORE_SHARED_MAX);
    }
}

/// The nearest by each model, one of each in turn: who is late has read some of all.
fn in_turn(near: Vec<Vec<Row>>) -> impl Iterator<Item = Row> {
    let most = near.iter().map(Vec::len).max().unwrap_or_default();
    (0..most).flat_map(move |at| near.iter().filter_map(|rows| rows.get(at).copied()).collect::<Vec<Row>>())
}

/// The rows of the files that have the name which is asked for, as a name has no meaning that a vector could be near to; and
/// those of these files that cannot be used, of which nothing else in the answer would tell.
fn named_files(
    kv: &impl Kv,
    asked: &AskedNames,
    marks: &Marks,
    unread: &mut Option<KvError>,
) -> (BTreeSet<Row>, Vec<UnusableFile>) {
    let (mut rows, mut unusable) = (BTreeSet::new(), Vec::new());
    for key in asked.keys() {
        let found = given(read::documents_named(kv, key, NAMED_FILES_MAX).map(Some), unread);
        for (_, doc) in found.into_iter().flatten() {
            if doc.state != DocState::Tombstoned && asked.has(&doc.path) {
                rows.extend(doc.chunks.iter().take(NAMED_CHUNKS_MAX).map(|place| place.row));
                let why = match &doc.state {
                    DocState::Refused(reason) => Some(reason.as_str()),
                    DocState::Parked(parked) => Some(parked.why()),
                    _ => None,
                };
                if let Some(why) = why.filter(|_| doc.chunks.is_empty()) {
                    let reason = why.to_owned();
                    unusable.extend(file_of(doc, marks).map(|(path, _)| UnusableFile { path, reason }));
                }
            }
        }
    }
    (rows, unusable)
}

/// The path of a document, and that its file is not there.
type File = (Vec<u8>, Option<Absence>);

/// The file of a document; `None` if it has gone since the index was scanned, or is being forgotten.
fn file_of(doc: Document, marks: &Marks) -> Option<File> {
    let volume = doc.stamp.volume();
    let meant = |mark: &&Mark| mark.is_about(&doc.path, volume);
    let places: Vec<&Mark> = marks.0.iter().filter(meant).collect();
    if doc.state == DocState::Tombstoned || places.iter().any(|mark| mark.kind == MarkKind::Forgotten) {
        return None;
    }
    let away = || places.first().map(|mark| Absence::Away(mark.since));
    let is_closed = matches!(&doc.state, DocState::Refused(reason) if was_not_read(reason));
    let closed = || is_closed.then_some(Absence::Unreadable);
    let absence = doc.stamp.kept_since().map(Absence::Kept).or_else(away).or_else(closed);
    Some((doc.path, absence))
}

#[cfg(test)]
#[path = "retrieve/test.rs"]
mod tests;

#[cfg(test)]
#[path = "retrieve/models_test.rs"]
mod models_test;

#[cfg(test)]
#[path = "retrieve/held_test.rs"]
mod held_test;

#[cfg(test)]
#[path = "retrieve/late_test.rs"]
mod late_test;

#[cfg(test)]
#[path = "retrieve/failing_disk_test.rs"]
mod failing_disk_test;
