//! Queries of the store, for every thread: they take no lock and change nothing.

use super::keys::{self, Stage};
use super::kv::{KvError, KvRead, Pair, Space};
use super::makers::{Makers, Proven};
use super::record::{Asked, Chunk, ChunkHead, Commit, DocState, Document, Marks, Parked, Record, Sources, Vector};
use crate::base::id::{DocId, EmbedKey, Row};
use crate::base::path;
use crate::limits::MODEL_KEPT_S;
use std::collections::BTreeMap;

/// Pairs read at a time on a walk over a whole space: a chunk has 8 KiB at most, a vector 400 bytes.
const PAGE: usize = 256;

/// Documents read at a time: the record of one with `DOCUMENT_CHUNKS_MAX` chunks has nearly a mebibyte, and a board of
/// 512 MB must hold a page of them.
const DOCUMENT_PAGE: usize = 8;

/// Documents in a row that are read at a time.
const NEIGHBOURS: usize = 64;

/// The next stage of a document in this state; `None` if it is finished.
#[must_use]
pub const fn stage_of(state: &DocState) -> Option<Stage> {
    match state {
        DocState::Waiting => Some(Stage::Read),
        DocState::Chunked { .. } => Some(Stage::Embed),
        DocState::Tombstoned => Some(Stage::Purge),
        DocState::Ready | DocState::Refused(_) | DocState::Parked(_) => None,
    }
}

pub(super) fn record<R: Record>(kv: &impl KvRead, space: Space, key: &[u8]) -> Result<Option<R>, KvError> {
    kv.get(space, key)?.map(|bytes| R::decode_stored(&bytes)).transpose()
}

/// The counters; those of an empty store if nothing was committed yet.
///
/// # Errors
/// Any `KvError`.
pub fn commit(kv: &impl KvRead) -> Result<Commit, KvError> {
    Ok(record(kv, Space::State, keys::COMMIT)?.unwrap_or_default())
}

/// Whether the counters are those of before chunks were counted that nobody embeds.
///
/// # Errors
/// Any `KvError`.
pub fn lacks_set_aside(kv: &impl KvRead) -> Result<bool, KvError> {
    Ok(kv.get(Space::State, keys::COMMIT)?.is_some_and(|bytes| bytes.first() == Some(&1)))
}

/// How many chunks nobody embeds, by a walk over all documents.
///
/// # Errors
/// Any `KvError`.
pub fn all_set_aside(kv: &impl KvRead) -> Result<u64, KvError> {
    let mut sum = 0;
    walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        sum += set_aside(kv, &doc.state, &doc)?;
        Ok(())
    })?;
    Ok(sum)
}

/// The watched folders and files.
///
/// # Errors
/// Any `KvError`.
pub fn sources(kv: &impl KvRead) -> Result<Sources, KvError> {
    Ok(record(kv, Space::State, keys::SOURCES)?.unwrap_or_default())
}

/// The marks on places.
///
/// # Errors
/// Any `KvError`.
pub fn marks(kv: &impl KvRead) -> Result<Marks, KvError> {
    Ok(record(kv, Space::State, keys::MARKS)?.unwrap_or_default())
}

/// The sources whose owners are asked about a loss.
///
/// # Errors
/// Any `KvError`.
pub fn asked(kv: &impl KvRead) -> Result<Asked, KvError> {
    Ok(record(kv, Space::State, keys::ASKED)?.unwrap_or_default())
}

/// One document.
///
/// # Errors
/// Any `KvError`.
pub fn document(kv: &impl KvRead, id: DocId) -> Result<Option<Document>, KvError> {
    let doc = record::<Document>(kv, Space::Document, &keys::document(id))?;
    doc.map(|doc| with_missing_now(kv, id, doc)).transpose()
}

fn with_missing_now(kv: &impl KvRead, id: DocId, mut doc: Document) -> Result<Document, KvError> {
    if let DocState::Chunked { missing } = &mut doc.state
        && let Some(now) = missing_now(kv, id)?
    {
        *missing = now;
    }
    Ok(doc)
}

/// How many chunks of a document lack a vector, from the todo list alone; `None` if the document is not `Chunked`, or
/// was split by an older version, which kept the count in its record.
///
/// # Errors
/// Any `KvError`.
pub fn missing_now(kv: &impl KvRead, id: DocId) -> Result<Option<u32>, KvError> {
    let value = kv.get(Space::Todo, &keys::todo(Stage::Embed, id))?;
    Ok(value.and_then(|value| value.try_into().ok()).map(u32::from_be_bytes))
}

/// Parked documents, at most so many: the path and the attempts of each.
///
/// # Errors
/// Any `KvError`.
pub fn parked(kv: &impl KvRead, max: usize) -> Result<Vec<(DocId, Vec<u8>, Parked)>, KvError> {
    let (from, mut found) = (keys::all_parked(), Vec::new());
    for (key, _) in kv.page(Space::Todo, &from, keys::after_prefix(&from).as_deref(), max)? {
        let Some(id) = keys::parked_doc(&key) else { continue };
        if let Some(Document { path, state: DocState::Parked(parked), .. }) = document(kv, id)? {
            found.push((id, path, parked));
        }
    }
    Ok(found)
}

/// How many chunks without vectors a document has that nobody embeds, because it is refused or parked.
///
/// # Errors
/// Any `KvError`.
pub fn set_aside(kv: &impl KvRead, state: &DocState, doc: &Document) -> Result<u64, KvError> {
    if !state.is_set_aside() || doc.chunks.is_empty() {
        return Ok(0);
    }
    Ok((doc.chunks.len() as u64).saturating_sub(vectors_of(kv, doc)?))
}

/// The document at a path.
///
/// # Errors
/// Any `KvError`.
pub fn document_at(kv: &impl KvRead, path: &[u8]) -> Result<Option<(DocId, Document)>, KvError> {
    let Some(id) = kv.get(Space::Path, path)?.as_deref().and_then(keys::number).map(DocId) else { return Ok(None) };
    Ok(document(kv, id)?.map(|doc| (id, doc)))
}

/// Up to `max` documents at the path `scope` or below it, after the path `after`, in the order of paths. Of their lists of chunks only
/// the first one of those that are set aside is left, which tells whether they have any.
///
/// # Errors
/// Any `KvError`.
pub fn documents_under(
    kv: &impl KvRead,
    scope: &[u8],
    after: Option<&[u8]>,
    max: usize,
) -> Result<Vec<(DocId, Document)>, KvError> {
    let mut found = Vec::new();
    if after.is_none() {
        found.extend(document_at(kv, scope)?);
    }
    let below = path::prefix(scope);
    let from = after.map_or_else(|| below.clone(), |after| below.clone().max([after, &[0]].concat()));
    let end = keys::after_prefix(&below);
    let page = kv.page(Space::Path, &from, end.as_deref(), max.saturating_sub(found.len()))?;
    let ids: Vec<DocId> = page.iter().filter_map(|(_, id)| keys::number(id).map(DocId)).collect();
    for ids in ids.chunks(NEIGHBOURS) {
        found.extend(documents(kv, ids)?);
    }
    found.iter_mut().for_each(|(_, doc)| doc.drop_chunks());
    Ok(found)
}

/// Documents in the order of these numbers. Files of one folder mostly have numbers in a row, and one page of them costs
/// far less than as many single reads.
fn documents(kv: &impl KvRead, ids: &[DocId]) -> Result<Vec<(DocId, Document)>, KvError> {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(Vec::new()) };
    let mut row = BTreeMap::new();
    if last.0 - first.0 < 2 * ids.len() as u64 {
        let end = keys::document(DocId(last.0.saturating_add(1)));
        row.extend(kv.page(Space::Document, &keys::document(*first), Some(&end), 2 * ids.len())?);
    }
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let doc = match row.remove(&keys::document(*id)) {
            Some(bytes) => Some(with_missing_now(kv, *id, Document::decode_stored(&bytes)?)?),
            None => document(kv, *id)?,
        };
        found.extend(doc.map(|doc| (*id, doc)));
    }
    Ok(found)
}

/// Documents that were listed under this file name and not purged since, at most `max`; see `base::file_name::key`.
///
/// # Errors
/// Any `KvError`.
pub fn documents_named(kv: &impl KvRead, name: u64, max: usize) -> Result<Vec<(DocId, Document)>, KvError> {
    let from = keys::names_of(name);
    let mut found = Vec::new();
    for (key, _) in kv.page(Space::State, &from, keys::after_prefix(&from).as_deref(), max)? {
        let Some(id) = keys::name_doc(&key) else { continue };
        found.extend(document(kv, id)?.map(|doc| (id, doc)));
    }
    Ok(found)
}

/// The number of the reader that made the store's chunks; 0 in stores of before.
///
/// # Errors
/// Any `KvError`.
pub fn reader(kv: &impl KvRead) -> Result<u64, KvError> {
    Ok(kv.get(Space::State, keys::READER)?.as_deref().and_then(keys::number).unwrap_or_default())
}

/// One chunk.
///
/// # Errors
/// Any `KvError`.
pub fn chunk(kv: &impl KvRead, row: Row) -> Result<Option<Chunk>, KvError> {
    record(kv, Space::Chunk, &keys::row(row))
}

/// Whose chunk a row has, without its text.
///
/// # Errors
/// Any `KvError`.
pub fn chunk_head(kv: &impl KvRead, row: Row) -> Result<Option<ChunkHead>, KvError> {
    kv.get(Space::Chunk, &keys::row(row))?.map(|bytes| ChunkHead::decode_stored(&bytes)).transpose()
}

/// A row's vector, unless another device made it and no check has vouched for it, or it is to be made anew. The vector and what was checked are read one after the
/// other: of a store that others write it is a snapshot.
///
/// # Errors
/// Any `KvError`.
pub fn vector(kv: &impl KvRead, row: Row) -> Result<Option<Vector>, KvError> {
    let vector = made(kv, row)?;
    let is_unproven = vector.as_ref().is_some_and(|vector| vector.by != 0) && Makers::read(kv)?.holds(row);
    Ok(vector.filter(|vector| !is_unproven && !vector.is_stale))
}

/// A row's vector, whether it counts or not.
///
/// # Errors
/// Any `KvError`.
pub fn made(kv: &impl KvRead, row: Row) -> Result<Option<Vector>, KvError> {
    record(kv, Space::Vector, &keys::row(row))
}

/// The vector of a text, from any row that holds it.
///
/// # Errors
/// Any `KvError`.
pub fn vector_of(kv: &impl KvRead, key: &EmbedKey) -> Result<Option<Vector>, KvError> {
    let holders = kv.page(Space::Key, &key.0, keys::after_prefix(&key.0).as_deref(), 1)?;
    let Some(row) = holders.first().and_then(|(holder, _)| keys::holder_row(holder)) else { return Ok(None) };
    vector(kv, row)
}

/// Up to `max` documents whose next stage is this, oldest first, after this one.
///
/// # Errors
/// Any `KvError`.
pub fn todo(kv: &impl KvRead, stage: Stage, after: Option<DocId>, max: usize) -> Result<Vec<DocId>, KvError> {
    let from = keys::todo(stage, after.map_or(DocId(0), |after| DocId(after.0.saturating_add(1))));
    let page = kv.page(Space::Todo, &from, keys::after_prefix(&from[..1]).as_deref(), max)?;
    Ok(page.iter().filter_map(|(key, _)| keys::todo_doc(key)).collect())
}

/// A tombstoned document with this content, the oldest of several.
///
/// # Errors
/// Any `KvError`.
pub fn tombstoned_with(kv: &impl KvRead, content: &[u8; 16]) -> Result<Option<(DocId, Document)>, KvError> {
    let from = keys::tombstones_of(content);
    let page = kv.page(Space::Todo, &from, keys::after_prefix(&from).as_deref(), 1)?;
    let Some(id) = page.first().and_then(|(key, _)| keys::tombstone_doc(key)) else { return Ok(None) };
    Ok(document(kv, id)?.map(|doc| (id, doc)))
}

/// What a purge deletes, from one page of the todo list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purgeable {
    /// Tombstoned documents.
    pub documents: Vec<DocId>,
    /// Retired rows.
    pub rows: Vec<Row>,
    /// The key at which the next page begins; `None` at the end of the list.
    pub next: Option<Vec<u8>>,
}

/// Whether a retired row has a vector to which its owner may want to go back.
fn is_kept(value: &[u8], now: i64) -> bool {
    let at = value.get(24..).and_then(|at| at.try_into().ok()).map(i64::from_be_bytes);
    at.is_some_and(|at| now < at.saturating_add(MODEL_KEPT_S))
}

/// The tombstoned documents and retired rows of one page that became so with the commit `upto` or an earlier one. The
/// first page begins at an empty key.
///
/// # Errors
/// Any `KvError`.
pub fn purgeable(kv: &impl KvRead, upto: u64, now: i64, from: &[u8]) -> Result<Purgeable, KvError> {
    let mut found = Purgeable::default();
    let first = keys::todo(Stage::Purge, DocId(0));
    let page = kv.page(Space::Todo, from.max(&first), None, PAGE)?;
    for (key, value) in &page {
        // Stores of before November 2026 do not say since when.
        let since = value.get(..8).and_then(keys::number).unwrap_or(0);
        if keys::tombstone_doc(key).is_some() {
            // The list of tombstones by their content lies between the two.
            found.next = Some(keys::retired(Row(0)));
            return Ok(found);
        } else if since > upto || is_kept(value, now) {
            continue;
        } else if let Some(row) = keys::retired_row(key) {
            found.rows.push(row);
        } else {
            found.documents.extend(keys::todo_doc(key));
        }
    }
    found.next = page.last().filter(|_| page.len() == PAGE).map(|(last, _)| [&last[..], &[0]].concat());
    Ok(found)
}

/// All retired rows.
///
/// # Errors
/// Any `KvError`.
pub fn retired(kv: &impl KvRead) -> Result<Vec<Row>, KvError> {
    let (mut rows, mut from) = (Vec::new(), keys::retired(Row(0)));
    loop {
        let page = kv.page(Space::Todo, &from, None, PAGE)?;
        rows.extend(page.iter().filter_map(|(key, _)| keys::retired_row(key)));
        let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else { return Ok(rows) };
        from = [&last[..], &[0]].concat();
    }
}

/// How many of the document's chunks have their vector.
///
/// # Errors
/// Any `KvError`.
pub fn vectors_of(kv: &impl KvRead, doc: &Document) -> Result<u64, KvError> {
    let (mut count, mut proven) = (0, Proven::of(kv));
    for place in &doc.chunks {
        count += u64::from(proven.has(place.row)?);
    }
    Ok(count)
}

/// Up to `max` of the document's chunks that have no vector.
///
/// # Errors
/// Any `KvError`.
pub fn missing(kv: &impl KvRead, doc: &Document, max: usize) -> Result<Vec<(Row, Chunk)>, KvError> {
    let DocState::Chunked { missing } = doc.state else { return Ok(Vec::new()) };
    // Chunks are embedded in order, so those that lack a vector are mostly the last ones: begin there.
    let (early, late) = doc.chunks.split_at(doc.chunks.len().saturating_sub(missing as usize));
    let (mut found, mut proven) = (Vec::new(), Proven::of(kv));
    for place in late.iter().chain(early) {
        if found.len() == max {
            break;
        }
        if !proven.has(place.row)? {
            found.extend(chunk(kv, place.row)?.map(|chunk| (place.row, chunk)));
        }
    }
    Ok(found)
}

/// Visits every pair of a space in the order of keys, without the stamp.
///
/// # Errors
/// Any `KvError`, or the first error of `visit`.
pub fn walk(
    kv: &impl KvRead,
    space: Space,
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), KvError>,
) -> Result<(), KvError> {
    let (max, mut from) = (if space == Space::Document { DOCUMENT_PAGE } else { PAGE }, Vec::new());
    loop {
        let page: Vec<Pair> = kv.page(space, &from, None, max)?;
        for (key, value) in &page {
            if key[..] != keys::STAMP {
                visit(key, value)?;
            }
        }
        let Some((last, _)) = page.last().filter(|_| page.len() == max) else { return Ok(()) };
        from = [&last[..], &[0]].concat();
    }
}
