//! The repair of a store whose spaces disagree.

use crate::base::id::{DocId, Ring, Row};
use crate::limits::DOCUMENT_CHUNKS_MAX;
use crate::store::counts::Kind;
use crate::store::keys::{self, Stage};
use crate::store::kv::{Batch, Kv, KvError, Space};
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{Chunk, ChunkRef, Commit, DocState, Document, FileStamp, Maker, Record, Vector};
use std::collections::BTreeSet;

/// Writes of one batch of the repair.
const REPAIR_BATCH: usize = 512;

/// Repairs a store whose spaces disagree. Every document becomes one to be read again, but for those that are removed, which stay so; the
/// chunks and their vectors stay, so that no text is embedded again; but for a chunk that cannot be decoded, which is lost. Returns the number of
/// documents that are read again.
///
/// # Errors
/// Any `KvError`; the repair may then be started again.
pub fn repair(kv: &impl Kv) -> Result<u64, KvError> {
    let old = read::commit(kv)?;
    delete_unproven(kv)?;
    clear(kv, Space::Todo)?;
    clear(kv, Space::Key)?;
    clear(kv, Space::Path)?;
    // Made anew from the chunks.
    clear(kv, Space::Word)?;
    let mut commit = Commit { number: old.number, next_doc: old.next_doc, next_row: old.next_row, ..Commit::default() };
    repair_documents(kv, &mut commit)?;
    repair_rows(kv, &mut commit, DOCUMENT_CHUNKS_MAX)?;
    commit.number += 1;
    commit.stamps = [commit.number; _];
    let mut batch = Batch::new();
    for space in Space::ALL {
        batch.put(space, keys::STAMP, commit.number.to_be_bytes());
    }
    batch.put(Space::State, keys::COMMIT, commit.encode());
    kv.commit(batch)?;
    kv.sync()?;
    // Those that are removed are not read.
    Ok(commit.counts.total() - commit.counts.count(Kind::Tombstoned))
}

/// Deletes the vectors of other devices that no check has vouched for. Which those are, two spaces say, each of which may have lost a
/// part: one that may be looked up is proven.
fn delete_unproven(kv: &impl Kv) -> Result<(), KvError> {
    let makers = Makers::read(kv)?;
    let mut batch = Batch::new();
    read::walk(kv, Space::Vector, |key, value| {
        let Some(row) = keys::number(key).map(Row).filter(|_| Vector::decode_stored(value).is_ok_and(|v| v.by != 0))
        else {
            return Ok(());
        };
        let chunk = whole(kv, row)?;
        let holder = chunk.map(|chunk| kv.get(Space::Key, &keys::holder(&chunk.key, row))).transpose()?.flatten();
        if holder.is_none() || makers.holds(row) {
            batch.delete(Space::Vector, key);
        }
        if batch.ops().len() < REPAIR_BATCH { Ok(()) } else { kv.commit(std::mem::take(&mut batch)) }
    })?;
    for (peer, maker) in makers.iter() {
        let maker = Maker { unproven: Vec::new(), ..maker.clone() };
        batch.put(Space::State, keys::maker(&peer), maker.encode());
    }
    if batch.is_empty() { Ok(()) } else { kv.commit(batch) }
}

/// The chunk of a row; `None` also if it cannot be decoded. The head alone does not tell: behind it the text may be damaged.
fn whole(kv: &impl Kv, row: Row) -> Result<Option<Chunk>, KvError> {
    Ok(kv.get(Space::Chunk, &keys::row(row))?.and_then(|bytes| Chunk::decode(&bytes)))
}

fn clear(kv: &impl Kv, space: Space) -> Result<(), KvError> {
    loop {
        let page = kv.page(space, &[], None, REPAIR_BATCH)?;
        if page.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        page.into_iter().for_each(|(key, _)| batch.delete(space, key));
        kv.commit(batch)?;
    }
}

fn repair_documents(kv: &impl Kv, commit: &mut Commit) -> Result<(), KvError> {
    let mut number = commit.number;
    read::walk(kv, Space::Document, |key, value| {
        let Some(id) = keys::number(key).map(DocId) else { return Ok(()) };
        let mut batch = Batch::new();
        let mut doc = Document::decode_stored(value)?;
        if kv.get(Space::Path, &doc.path)?.is_some() {
            // Two records of one path: either may be the stale one. The file is read again in any case.
            batch.delete(Space::Document, key);
            return kv.commit(batch);
        }
        let mut intact = Vec::new();
        for place in doc.chunks {
            if whole(kv, place.row)?.is_some_and(|chunk| chunk.doc == id) {
                intact.push(place);
            }
        }
        doc.chunks = intact;
        if doc.state == DocState::Tombstoned {
            // Its file is gone, or its owner gave it up: it must not answer again. If the file is there after all, the next scan finds it.
            batch.put(Space::Todo, keys::todo(Stage::Purge, id), []);
            batch.put(Space::Todo, keys::tombstone(&doc.content, id), []);
            commit.counts.tombstoned_chunks += doc.chunks.len() as u64;
            commit.counts.tombstoned_vectors += read::vectors_of(kv, &doc)?;
        } else {
            doc.state = DocState::Waiting;
            batch.put(Space::Todo, keys::todo(Stage::Read, id), []);
        }
        commit.counts.enter_file(Kind::from(&doc.state), &doc.path);
        batch.put(Space::Document, key, doc.encode());
        batch.put(Space::Path, doc.path, id.0.to_be_bytes());
        commit.next_doc = commit.next_doc.max(DocId(id.0 + 1));
        number += 1;
        kv.commit(batch)
    })?;
    commit.number = number;
    Ok(())
}

/// Keeps the rows that a document lists. Orphaned rows, whose document was lost, get tombstoned documents in common, each with as many as
/// one may have, so that their vectors are reused when the file is read again.
fn repair_rows(kv: &impl Kv, commit: &mut Commit, most: usize) -> Result<(), KvError> {
    let mut orphaned = Vec::new();
    // The rows of the last document: those of one document mostly stand together.
    let mut last: Option<(DocId, BTreeSet<Row>)> = None;
    let delete_row = |key: &[u8]| {
        let mut batch = Batch::new();
        batch.delete(Space::Chunk, key);
        batch.delete(Space::Vector, key);
        kv.commit(batch)
    };
    let mut top = commit.next_row;
    read::walk(kv, Space::Vector, |key, _| {
        top = top.max(keys::number(key).map_or(Row(0), |row| Row(row + 1)));
        let has_chunk = kv.get(Space::Chunk, key)?.is_some();
        if has_chunk { Ok(()) } else { delete_row(key) }
    })?;
    read::walk(kv, Space::Chunk, |key, value| {
        let Some(row) = keys::number(key).map(Row) else { return Ok(()) };
        top = top.max(Row(row.0 + 1));
        // No document lists it any more.
        let Some(mut chunk) = Chunk::decode(value) else { return delete_row(key) };
        let has_vector = kv.get(Space::Vector, key)?.is_some_and(|bytes| !Vector::is_stale(&bytes));
        if last.as_ref().is_none_or(|(doc, _)| *doc != chunk.doc) {
            let rows = read::document(kv, chunk.doc)?.into_iter().flat_map(|doc| doc.chunks).map(|place| place.row);
            last = Some((chunk.doc, rows.collect()));
        }
        let listed = last.as_ref().is_some_and(|(_, rows)| rows.contains(&row));
        if !listed && !has_vector {
            return delete_row(key);
        }
        if orphaned.len() >= most {
            adopt_orphans(kv, commit, std::mem::take(&mut orphaned))?;
        }
        let mut batch = Batch::new();
        if !listed {
            chunk.doc = commit.next_doc;
            batch.put(Space::Chunk, key, chunk.encode());
            orphaned.push(ChunkRef { row, start: 0, end: 0 });
        }
        commit.counts.chunks += 1;
        if has_vector {
            commit.counts.vectors += 1;
            batch.put(Space::Key, keys::holder(&chunk.key, row), []);
        }
        kv.commit(batch)
    })?;
    commit.next_row = top;
    if orphaned.is_empty() { Ok(()) } else { adopt_orphans(kv, commit, orphaned) }
}

/// Writes the tombstoned document that lists the orphaned rows.
fn adopt_orphans(kv: &impl Kv, commit: &mut Commit, chunks: Vec<ChunkRef>) -> Result<(), KvError> {
    let id = commit.next_doc;
    let doc = Document {
        collection: String::new(),
        ring: Ring::Private,
        path: format!("(chunks whose document was lost {id})").into_bytes(),
        stamp: FileStamp::default(),
        content: [0; 16],
        state: DocState::Tombstoned,
        chunks,
    };
    let mut batch = Batch::new();
    batch.put(Space::Document, keys::document(id), doc.encode());
    batch.put(Space::Path, doc.path, id.0.to_be_bytes());
    batch.put(Space::Todo, keys::todo(Stage::Purge, id), []);
    batch.put(Space::Todo, keys::tombstone(&doc.content, id), []);
    commit.counts.tombstoned_chunks += doc.chunks.len() as u64;
    commit.counts.tombstoned_vectors += doc.chunks.len() as u64;
    commit.counts.enter(Kind::Tombstoned);
    commit.next_doc = DocId(id.0 + 1);
    kv.commit(batch)
}

#[cfg(test)]
#[path = "repair_test.rs"]
mod tests;
