//! Search on this device: the vector index gives the rows nearest by sign bits, which exact cosines order, and the
//! index of words those with the best BM25 score. Both together decide which texts are read; there the question's terms are
//! counted, for the device that asks. Files whose name is the question join them, whatever their text is.

mod best;
mod candidate;
pub mod document;
mod filter;
mod folders;
mod given;
mod held;
mod lookup;
mod models;
mod phrase;
mod scored;

use self::folders::Folders;
use super::extract::was_not_read;
use super::words;
use crate::base::file_name;
use crate::base::file_name::AskedNames;
use crate::base::filter::Matcher;
use crate::base::hit::{Absence, CorpusStatistics, SearchHit, UnusableFile};
use crate::base::id::{DocId, EmbedKey, Row};
use crate::base::vector::Embedding;
use crate::embed::{
    Embedder,
    model::{canonical, key, prefixed},
};
use crate::limits::{HITS_MAX, NAMED_CHUNKS_MAX, NAMED_FILES_MAX, PLACES_MAX, RESCORE_SHARED_MAX, RESCORE_WIDER};
use crate::scheduler::task::{Outcome, Query};
use crate::search::lexical::row_set::{Allowed, RowSet};
use crate::search::lexical::terms::QueryTerms;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{Chunk, DocState, Document, Mark, MarkKind, Marks};
use crate::text::payload;
use best::best;
use candidate::Candidate;
use given::given;
use models::{Asked, OtherModel};
use scored::{Scored, in_order, scored};
use std::borrow::Cow;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

pub use held::answer;
pub use lookup::{InStore, Lookup, load_indexes};

/// Chunks whose text is read to count terms.
const READ: usize = HITS_MAX;

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
    let failed = (!query.filter.takes_all_files()).then(RowSet::default);
    let only = given(filter::rows(kv, &query.filter, folders.sources).map(Some), &mut unread).unwrap_or(failed);
    if let Some(only) = &only {
        named.retain(|row| only.contains(*row));
        let matcher = Matcher::new(&query.filter);
        unusable.retain(|file| matcher.takes_path(&file.path));
    }
    let allowed = Allowed { shared: query.shared, only: only.as_ref() };
    let by = Asked { first: &query.embedding, fluency: query.fluency, others };
    let search = Search { query, by, terms, named, marks, folders, allowed };
    let with_phrases = search.with_phrases(kv, lookup, &mut unread);
    let (candidates, statistics) = match with_phrases {
        Some(found) => found,
        None => {
            let mut rows = search.named.clone();
            for embedding in by.embeddings() {
                rows.extend(nearest(kv, lookup, embedding, (folders, search.allowed), &mut unread));
            }
            search.among(kv, lookup, rows, true, &mut unread)
        }
    };
    unread.iter().for_each(|error| kv.note_damage(error));
    match unread {
        Some(error) if candidates.is_empty() => Err(format!("The question could not be answered: {error}.")),
        unread => {
            let (mut found, vectors) =
                best(candidates, (&query.text, &search.terms, &statistics), &asked, query.count.min(HITS_MAX));
            found.statistics = statistics;
            if !query.shared {
                found.unusable = unusable;
            }
            found.unread = unread.is_some();
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
}

/// What may answer, and the statistics over all chunks.
type Candidates = (Vec<Candidate>, CorpusStatistics);

impl Search<'_> {
    /// What may answer of these rows, and, if `more`, of those that the index of words finds.
    fn among(
        &self,
        kv: &impl Kv,
        lookup: &impl Lookup,
        mut rows: BTreeSet<Row>,
        more: bool,
        unread: &mut Option<KvError>,
    ) -> Candidates {
        let words = lookup.words(&self.terms, READ, &rows.iter().copied().collect::<Vec<_>>(), self.allowed);
        let words = given(words.map(Some), unread).unwrap_or_default();
        if more {
            rows.extend(words.rows.iter().map(|(row, _)| *row));
        }
        let scored = scored(&kv.snapshot(), &rows, self.by, unread);
        let scored = in_order(scored, &self.terms, &words);
        let found = candidates(kv, scored, &self.named, &self.terms, (&self.marks, self.folders), unread);
        (found, words.statistics)
    }
}

/// The nearest rows of those that may answer. The scan leaves out what is known to be private; the records decide, and where they hide more
/// from another device, farther rows are looked at until there are enough, at most `RESCORE_SHARED_MAX`: else private texts would keep shared
/// ones out of the answer, and so tell what they are about.
fn nearest(
    kv: &impl Kv,
    lookup: &impl Lookup,
    question: &Embedding,
    (folders, allowed): (Folders<'_>, Allowed<'_>),
    unread: &mut Option<KvError>,
) -> Vec<Row> {
    let wanted = lookup.rescored(question.model().into());
    if !folders.hide_any() {
        return lookup.nearest(question, wanted, Allowed { shared: false, ..allowed });
    }
    let mut most = wanted;
    loop {
        let rows = lookup.nearest(question, most, allowed);
        let is_all = rows.len() < most || most >= RESCORE_SHARED_MAX;
        let may = |row: &Row| given(read::chunk(kv, *row), unread).is_some_and(|chunk| folders.let_see(kv, &chunk));
        let allowed: Vec<Row> = rows.into_iter().filter(may).take(wanted).collect();
        if is_all || allowed.len() >= READ {
            return allowed;
        }
        most = (most * RESCORE_WIDER).min(RESCORE_SHARED_MAX);
    }
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

/// Reads up to `READ` different chunks with their copies, in the order of their scores, and those of the rows `named`, but for
/// what the marks leave out.
fn candidates(
    kv: &impl Kv,
    scored: Vec<Scored>,
    named: &BTreeSet<Row>,
    terms: &QueryTerms,
    (marks, folders): (&Marks, Folders<'_>),
    unread: &mut Option<KvError>,
) -> Vec<Candidate> {
    let mut found = Vec::with_capacity(scored.len().min(READ));
    let mut copies: BTreeMap<EmbedKey, usize> = BTreeMap::new();
    let mut files: BTreeMap<DocId, Option<File>> = BTreeMap::new();
    for Scored { row, cosine, vector, score } in scored {
        let Some(chunk) = given(read::chunk(kv, row), unread) else { continue };
        if !folders.let_see(kv, &chunk) {
            continue;
        }
        let Some(chunk) = without_keys(chunk, folders.shared) else { continue };
        let known = copies.get(&chunk.key).copied().unwrap_or_default();
        if known >= PLACES_MAX || (known == 0 && copies.len() >= READ && !named.contains(&row)) {
            continue;
        }
        let file = match files.entry(chunk.doc) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let doc = given(read::document(kv, chunk.doc), unread);
                let doc = doc.filter(|doc| folders.hold(&doc.path));
                let file = doc.and_then(|doc| file_of(doc, marks));
                new.insert(file.filter(|(_, absence)| folders.let_out(*absence))).clone()
            }
        };
        let Some((path, absence)) = file else { continue };
        *copies.entry(chunk.key).or_default() += 1;
        let frequencies = terms.count([&file_name::words(&path), &chunk.heading, &chunk.text]);
        let (doc, heading, text) = (Some(chunk.doc), chunk.heading, chunk.text);
        let hit = SearchHit { row, path, heading, text, cosine, frequencies, absence, doc };
        found.push(Candidate { hit, key: chunk.key, vector, score });
    }
    found
}

/// A chunk without private keys and what looks like one: one of an older reader may have some as long as its file is away, or waits to be read again.
/// `None` if nothing else is in it, or if another device asks: what is left has not the vector that would go with it.
fn without_keys(mut chunk: Chunk, shared: bool) -> Option<Chunk> {
    let mut is_cut = false;
    for text in [&mut chunk.heading, &mut chunk.text] {
        if let Cow::Owned(without) = payload::without_secrets(text) {
            *text = without;
            is_cut = true;
        }
    }
    // A passage of signs alone, such as emoji, is one.
    let is_left = || !shared && chunk.text.chars().any(char::is_alphanumeric);
    (!is_cut || is_left()).then_some(chunk)
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
#[path = "retrieve/failing_disk_test.rs"]
mod failing_disk_test;
