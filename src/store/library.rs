//! The library: applies changes to the store. One writer owns it, so every change sees the one before.
//!
//! Each change becomes one atomic batch: the records that follow from it, the counters after it, and the commit number
//! as the stamp of every space that the batch writes to.

mod apply;
mod made;
mod owed;
mod parking;
mod remodel;
mod rename;
mod reread;
mod retire;
#[cfg(test)]
pub(crate) mod sample_test;
mod stamps;
#[cfg(test)]
mod test;
mod transaction;
mod word_index;

use super::change::{FoundDocument, NewChunk};
use super::counts::Kind;
use super::keys::{self, Stage};
use super::kv::{Kv, KvError, Space};
use super::makers::Makers;
use super::read;
use super::record::{Chunk, ChunkRef, Commit, DocState, Document, FileStamp, Record, Vector};
use super::words;
use crate::base::file_name;
use crate::base::id::{DocId, EmbedKey, Fingerprint, Ring, Row};
use crate::base::vector::Quantized;
use std::collections::BTreeSet;
use std::sync::Arc;
use transaction::{RowsByKey, Transaction};

/// The typed store and its counters.
#[derive(Debug)]
pub struct Library<K> {
    kv: K,
    commit: Commit,
    makers: Arc<Makers>,
}

impl<K: Kv> Library<K> {
    /// Opens the store in `kv`. Call `audit::is_consistent` first: this trusts the counters.
    ///
    /// # Errors
    /// Any `KvError`; nothing was changed.
    pub fn open(kv: K) -> Result<Self, KvError> {
        let mut commit = read::commit(&kv)?;
        if read::lacks_set_aside(&kv)? && commit.counts.count(Kind::Refused) > 0 {
            commit.counts.set_aside = read::all_set_aside(&kv)?;
        }
        let makers = Arc::new(Makers::read(&kv)?);
        Ok(Self { kv, commit, makers })
    }

    /// The store, for reading.
    pub const fn kv(&self) -> &K {
        &self.kv
    }

    /// The counters after the last change.
    pub const fn commit(&self) -> &Commit {
        &self.commit
    }

    fn begin(&self) -> Transaction {
        Transaction::new(self.commit.clone(), Arc::clone(&self.makers))
    }

    fn write(&mut self, tx: Transaction) -> Result<(), KvError> {
        let Transaction { mut batch, mut commit, makers, .. } = tx;
        for (peer, maker) in makers.changes(&self.makers) {
            match maker {
                Some(maker) => batch.put(Space::State, keys::maker(&peer), maker.encode()),
                None => batch.delete(Space::State, keys::maker(&peer)),
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        commit.number += 1;
        commit.stamp(&mut batch);
        batch.put(Space::State, keys::COMMIT, commit.encode());
        self.kv.commit(batch)?;
        (self.commit, self.makers) = (commit, makers);
        Ok(())
    }

    fn seen(
        &self,
        tx: &mut Transaction,
        path: &[u8],
        stamp: FileStamp,
        collection: &str,
        ring: Ring,
    ) -> Result<(), KvError> {
        let known = read::document_at(&self.kv, path)?;
        let Some((id, mut doc)) = known else {
            let id = tx.commit.next_doc;
            tx.commit.next_doc.0 += 1;
            tx.batch.put(Space::Path, path, id.0.to_be_bytes());
            tx.batch.put(Space::State, keys::name(file_name::key(path), id), []);
            words::put_name(&mut tx.batch, path, id);
            let doc = Document {
                collection: collection.to_owned(),
                ring,
                path: path.to_vec(),
                stamp,
                content: [0; 16],
                state: DocState::Waiting,
                chunks: Vec::new(),
            };
            tx.put_document(id, None, &doc);
            return Ok(());
        };
        if doc.state == DocState::Tombstoned {
            // The file is back: its old chunks answer again until it is read.
            self.restore_rows(tx, &doc)?;
        } else if doc.stamp == stamp {
            return Ok(());
        }
        let before = std::mem::replace(&mut doc.state, DocState::Waiting);
        self.set_aside(tx, &before, &doc)?;
        doc.stamp = stamp;
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }

    fn gone(&self, tx: &mut Transaction, found: FoundDocument) -> Result<(), KvError> {
        let id = found.doc;
        let Some(mut doc) = self.as_found(tx, found)? else { return Ok(()) };
        if doc.state == DocState::Tombstoned {
            return Ok(());
        }
        tx.applied.removed.extend(doc.chunks.iter().map(|place| place.row));
        tx.commit.counts.tombstoned_chunks += doc.chunks.len() as u64;
        tx.commit.counts.tombstoned_vectors += read::vectors_of(&self.kv, &doc)?;
        let before = std::mem::replace(&mut doc.state, DocState::Tombstoned);
        self.set_aside(tx, &before, &doc)?;
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }

    fn refused(
        &self,
        tx: &mut Transaction,
        id: DocId,
        stamp: FileStamp,
        reason: &str,
        keep: bool,
    ) -> Result<(), KvError> {
        let doc = read::document(&self.kv, id)?.filter(|doc| doc.stamp == stamp);
        let Some(mut doc) = doc.filter(|doc| matches!(doc.state, DocState::Waiting | DocState::Chunked { .. })) else {
            return Ok(());
        };
        if !keep {
            let rows = self.rows_by_key(&doc)?;
            doc.chunks.clear();
            self.retire_rows(tx, rows)?;
        }
        let before = std::mem::replace(&mut doc.state, DocState::Refused(reason.to_owned()));
        self.set_aside(tx, &before, &doc)?;
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }

    fn absent(&self, tx: &mut Transaction, id: DocId, stamp: FileStamp) -> Result<(), KvError> {
        let Some(mut doc) = self.waiting(id, stamp)? else { return Ok(()) };
        if doc.chunks.is_empty() {
            // Nothing changes; but who made the change learns that the document waits still.
            tx.put_document(id, Some(&DocState::Waiting), &doc);
            return Ok(());
        }
        let missing = (doc.chunks.len() as u64).saturating_sub(read::vectors_of(&self.kv, &doc)?);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        let state = if missing == 0 { DocState::Ready } else { DocState::Chunked { missing } };
        let before = std::mem::replace(&mut doc.state, state);
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }

    fn chunked(
        &self,
        tx: &mut Transaction,
        id: DocId,
        stamp: FileStamp,
        content: [u8; 16],
        chunks: &[NewChunk],
    ) -> Result<(), KvError> {
        let Some(mut doc) = self.waiting(id, stamp)? else { return Ok(()) };
        if let Some(old) = self.renamed_from(&doc, &content, chunks)? {
            return self.rename(tx, (id, doc), old);
        }
        let mut old = self.rows_by_key(&doc)?;
        let mut missing = 0;
        doc.chunks.clear();
        for new in chunks {
            let chunk = Chunk {
                doc: id,
                key: new.key,
                collection: doc.collection.clone(),
                ring: doc.ring,
                heading: new.heading.clone(),
                text: new.text.clone(),
            };
            let reused = old.get_mut(&new.key).and_then(Vec::pop);
            let (row, has_vector) = match reused {
                Some((row, known)) => {
                    if known != chunk {
                        // The white space differs: the vector is the same, the stored text must be exact.
                        tx.batch.put(Space::Chunk, keys::row(row), chunk.encode());
                    }
                    (row, self.has_vector(tx, row)? || self.counts_again(tx, &doc.path, row, &new.key)?)
                }
                None => self.new_row(tx, &chunk)?,
            };
            missing += u32::from(!has_vector);
            doc.chunks.push(ChunkRef { row, start: new.start, end: new.end });
        }
        self.retire_rows(tx, old)?;
        doc.content = content;
        let state = if missing == 0 { DocState::Ready } else { DocState::Chunked { missing } };
        let before = std::mem::replace(&mut doc.state, state);
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }

    fn embedded(
        &self,
        tx: &mut Transaction,
        id: DocId,
        model: Fingerprint,
        vectors: &[(Row, EmbedKey, Quantized)],
    ) -> Result<(), KvError> {
        let (mut stored, mut done) = (0, BTreeSet::new());
        let vectors = if self.is_wanted(id, model.into())? { vectors } else { &[] };
        for (row, key, values) in vectors.iter().filter(|(row, ..)| done.insert(*row)) {
            let current = read::chunk_head(&self.kv, *row)?.is_some_and(|chunk| chunk.key == *key && chunk.doc == id);
            if current && self.is_free(tx, *row)? {
                tx.makers_without(*row);
                tx.put_vector(
                    *row,
                    key,
                    &Vector { model: model.into(), values: values.clone(), by: 0, is_stale: false },
                );
                stored += 1;
            }
        }
        self.has_vectors(tx, id, stored)
    }

    fn purge(&self, tx: &mut Transaction, id: DocId) -> Result<(), KvError> {
        let Some(doc) = read::document(&self.kv, id)? else { return Ok(()) };
        if doc.state != DocState::Tombstoned {
            return Ok(());
        }
        tx.commit.counts.tombstoned_chunks -= doc.chunks.len() as u64;
        tx.commit.counts.tombstoned_vectors -= read::vectors_of(&self.kv, &doc)?;
        for place in &doc.chunks {
            self.delete_row(tx, place.row)?;
        }
        tx.batch.delete(Space::Todo, keys::tombstone(&doc.content, id));
        tx.batch.delete(Space::State, keys::name(file_name::key(&doc.path), id));
        words::delete_name(&mut tx.batch, &doc.path, id);
        tx.batch.delete(Space::Path, doc.path);
        tx.batch.delete(Space::Document, keys::document(id));
        tx.batch.delete(Space::Todo, keys::todo(Stage::Purge, id));
        tx.commit.counts.leave(Kind::Tombstoned);
        tx.applied.doc = Some(id);
        Ok(())
    }

    /// The document, if it is still to be read and its file has not changed since this stamp.
    fn waiting(&self, id: DocId, stamp: FileStamp) -> Result<Option<Document>, KvError> {
        let doc = read::document(&self.kv, id)?;
        Ok(doc.filter(|doc| doc.stamp == stamp && doc.state == DocState::Waiting))
    }

    /// The document, if it is where it was found. One that went on under another path, or whose owner keeps it since, is
    /// another matter; and where there is none any more, it may have become one with a renamed one.
    fn as_found(&self, tx: &mut Transaction, found: FoundDocument) -> Result<Option<Document>, KvError> {
        let doc = read::document(&self.kv, found.doc)?.filter(|doc| FoundDocument::new(found.doc, doc) == found);
        tx.applied.outdated |= doc.is_none();
        Ok(doc)
    }

    fn rows_by_key(&self, doc: &Document) -> Result<RowsByKey, KvError> {
        let mut rows = RowsByKey::new();
        for place in doc.chunks.iter().rev() {
            if let Some(chunk) = read::chunk(&self.kv, place.row)? {
                rows.entry(chunk.key).or_default().push((place.row, chunk));
            }
        }
        Ok(rows)
    }

    /// A row for a chunk that is new in the document, with a copy of its vector if any document has one.
    fn new_row(&self, tx: &mut Transaction, chunk: &Chunk) -> Result<(Row, bool), KvError> {
        let row = tx.commit.next_row;
        tx.commit.next_row.0 += 1;
        tx.commit.counts.chunks += 1;
        tx.batch.put(Space::Chunk, keys::row(row), chunk.encode());
        let donor = self.donor(&chunk.key)?;
        if let Some((from, vector)) = &donor {
            tx.copy_vector((*from, vector), row, &chunk.key);
        }
        Ok((row, donor.is_some()))
    }

    fn delete_row(&self, tx: &mut Transaction, row: Row) -> Result<(), KvError> {
        let Some(chunk) = read::chunk_head(&self.kv, row)? else { return Ok(()) };
        tx.batch.delete(Space::Chunk, keys::row(row));
        tx.commit.counts.chunks -= 1;
        if tx.makers_without(row) || read::made(&self.kv, row)?.is_some_and(|vector| vector.is_stale) {
            tx.batch.delete(Space::Vector, keys::row(row));
        } else if read::vector(&self.kv, row)?.is_some() {
            tx.batch.delete(Space::Vector, keys::row(row));
            tx.batch.delete(Space::Key, keys::holder(&chunk.key, row));
            tx.commit.counts.vectors -= 1;
        }
        tx.applied.removed.push(row);
        Ok(())
    }
}
