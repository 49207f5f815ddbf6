//! The one that changes the store. A single writer owns it, so every change sees the one before.

mod draft;
mod rename;

use super::change::{Applied, Change, Kind, NewChunk};
use super::keys::{self, Wait};
use super::kv::{Batch, Kv, KvError, Space};
use super::read;
use super::record::{Chunk, ChunkRef, Commit, DocState, Document, FileStamp, Record, Vector};
use crate::base::id::{DocId, EmbedKey, Fingerprint, Ring, Row};
use crate::base::vector::Quantized;
use draft::Draft;
use std::collections::{BTreeMap, BTreeSet};

/// The typed store and its counters.
#[derive(Debug)]
pub struct Library<K> {
    kv: K,
    commit: Commit,
}

impl<K: Kv> Library<K> {
    /// Opens what `kv` holds. Call `audit::sound` first: this trusts the counters.
    ///
    /// # Errors
    /// Any `KvError`; nothing was changed.
    pub fn open(kv: K) -> Result<Self, KvError> {
        let commit = read::commit(&kv)?;
        Ok(Self { kv, commit })
    }

    /// The port beneath, for reading.
    pub const fn kv(&self) -> &K {
        &self.kv
    }

    /// The counters after the last change.
    pub const fn commit(&self) -> &Commit {
        &self.commit
    }

    /// Binds a new store to `model`, or compares with the model that it is bound to. Not synced.
    ///
    /// # Errors
    /// Any `KvError`; nothing was changed.
    pub fn bind(&mut self, model: Fingerprint) -> Result<Result<(), Fingerprint>, KvError> {
        match read::model(&self.kv)? {
            Some(bound) if bound == model => Ok(Ok(())),
            Some(bound) => Ok(Err(bound)),
            None => {
                let mut batch = Batch::new();
                batch.put(Space::State, keys::MODEL, model.0);
                self.write(Draft { batch, commit: self.commit.clone(), applied: Applied::default() }).map(|_| Ok(()))
            }
        }
    }

    /// Applies one change as one atomic batch. It outlasts a power cut only after `Kv::sync`.
    ///
    /// A change that came too late (its document was changed or forgotten meanwhile) does nothing and is
    /// no error: the work it carries is still used where its rows still stand.
    ///
    /// # Errors
    /// Any `KvError`; the library must then be opened anew.
    pub fn apply(&mut self, change: &Change) -> Result<Applied, KvError> {
        let mut draft = Draft { batch: Batch::new(), commit: self.commit.clone(), applied: Applied::default() };
        match change {
            Change::Sources(sources) => draft.batch.put(Space::State, keys::SOURCES, sources.encode()),
            Change::Seen { path, stamp, collection, ring } => {
                self.seen(&mut draft, path, *stamp, collection, *ring)?;
            }
            Change::Gone { doc } => self.gone(&mut draft, *doc)?,
            Change::Refused { doc, stamp, reason, keep } => {
                self.refused(&mut draft, *doc, *stamp, reason, *keep)?;
            }
            Change::Chunked { doc, stamp, content, pieces } => {
                self.chunked(&mut draft, *doc, *stamp, *content, pieces)?;
            }
            Change::Embedded { doc, model, vectors } => self.embedded(&mut draft, *doc, *model, vectors)?,
            Change::Drop { doc } => self.forget(&mut draft, *doc)?,
        }
        self.write(draft)
    }

    fn write(&mut self, draft: Draft) -> Result<Applied, KvError> {
        let Draft { mut batch, mut commit, applied } = draft;
        if batch.is_empty() {
            return Ok(applied);
        }
        commit.number += 1;
        for space in Space::ALL {
            if space == Space::State || batch.ops().iter().any(|(touched, ..)| *touched == space) {
                commit.stamps[space.index()] = commit.number;
                batch.put(space, keys::STAMP, commit.number.to_be_bytes());
            }
        }
        batch.put(Space::State, keys::COMMIT, commit.encode());
        self.kv.commit(batch)?;
        self.commit = commit;
        Ok(applied)
    }

    fn seen(
        &self,
        draft: &mut Draft,
        path: &[u8],
        stamp: FileStamp,
        collection: &str,
        ring: Ring,
    ) -> Result<(), KvError> {
        let known = read::document_at(&self.kv, path)?;
        let Some((id, mut doc)) = known else {
            let id = draft.commit.next_doc;
            draft.commit.next_doc.0 += 1;
            draft.batch.put(Space::Path, path, id.0.to_be_bytes());
            let doc = Document {
                collection: collection.to_owned(),
                ring,
                path: path.to_vec(),
                stamp,
                content: [0; 16],
                state: DocState::Waiting,
                pieces: Vec::new(),
            };
            draft.settle(id, None, &doc);
            return Ok(());
        };
        if doc.state == DocState::Leaving {
            // It came back: what it left behind answers again until it is read anew.
            self.revive(draft, &doc)?;
        } else if doc.stamp == stamp {
            return Ok(());
        }
        let before = std::mem::replace(&mut doc.state, DocState::Waiting);
        doc.stamp = stamp;
        draft.settle(id, Some(&before), &doc);
        Ok(())
    }

    fn gone(&self, draft: &mut Draft, id: DocId) -> Result<(), KvError> {
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        if doc.state == DocState::Leaving {
            return Ok(());
        }
        draft.applied.removed.extend(doc.pieces.iter().map(|piece| piece.row));
        draft.commit.ledger.parted_chunks += doc.pieces.len() as u64;
        draft.commit.ledger.parted_vectors += read::vectors_of(&self.kv, &doc)?;
        let before = std::mem::replace(&mut doc.state, DocState::Leaving);
        draft.settle(id, Some(&before), &doc);
        Ok(())
    }

    fn refused(&self, draft: &mut Draft, id: DocId, stamp: FileStamp, reason: &str, keep: bool) -> Result<(), KvError> {
        let doc = read::document(&self.kv, id)?.filter(|doc| doc.stamp == stamp);
        let Some(mut doc) = doc.filter(|doc| matches!(doc.state, DocState::Waiting | DocState::Chunked { .. })) else {
            return Ok(());
        };
        if !keep {
            for piece in std::mem::take(&mut doc.pieces) {
                self.delete_row(draft, piece.row)?;
            }
        }
        let before = std::mem::replace(&mut doc.state, DocState::Refused(reason.to_owned()));
        draft.settle(id, Some(&before), &doc);
        Ok(())
    }

    fn chunked(
        &self,
        draft: &mut Draft,
        id: DocId,
        stamp: FileStamp,
        content: [u8; 16],
        pieces: &[NewChunk],
    ) -> Result<(), KvError> {
        let Some(mut doc) = self.current(id, stamp)? else { return Ok(()) };
        if let Some((twin_id, twin)) = self.twin(&doc, &content, pieces)? {
            return self.adopt(draft, (id, doc), (twin_id, twin));
        }
        let mut old = self.rows_by_key(&doc)?;
        let mut missing = 0;
        doc.pieces.clear();
        for piece in pieces {
            let chunk = Chunk {
                doc: id,
                key: piece.key,
                collection: doc.collection.clone(),
                ring: doc.ring,
                heading: piece.heading.clone(),
                text: piece.text.clone(),
            };
            let kept = old.get_mut(&piece.key).and_then(Vec::pop);
            let (row, has_vector) = match kept {
                Some((row, known)) => {
                    if known != chunk {
                        // Same meaning, other white space: the excerpt must stay exact.
                        draft.batch.put(Space::Chunk, keys::row(row), chunk.encode());
                    }
                    (row, read::vector(&self.kv, row)?.is_some())
                }
                None => self.new_row(draft, &chunk)?,
            };
            missing += u32::from(!has_vector);
            doc.pieces.push(ChunkRef { row, start: piece.start, end: piece.end });
        }
        for (row, _) in old.into_values().flatten() {
            self.delete_row(draft, row)?;
        }
        doc.content = content;
        let state = if missing == 0 { DocState::Ready } else { DocState::Chunked { missing } };
        let before = std::mem::replace(&mut doc.state, state);
        draft.settle(id, Some(&before), &doc);
        Ok(())
    }

    fn embedded(
        &self,
        draft: &mut Draft,
        id: DocId,
        model: Fingerprint,
        vectors: &[(Row, EmbedKey, Quantized)],
    ) -> Result<(), KvError> {
        let mut stored = 0;
        let mut done = BTreeSet::new();
        for (row, key, values) in vectors.iter().filter(|(row, ..)| done.insert(*row)) {
            let stands = read::chunk(&self.kv, *row)?.is_some_and(|chunk| chunk.key == *key && chunk.doc == id);
            if stands && read::vector(&self.kv, *row)?.is_none() {
                draft.put_vector(*row, key, &Vector { model, values: values.clone() });
                stored += 1;
            }
        }
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        let DocState::Chunked { missing } = doc.state else {
            if doc.state == DocState::Leaving {
                draft.applied.added.clear();
                draft.commit.ledger.parted_vectors += u64::from(stored);
            }
            return Ok(());
        };
        let left = missing.saturating_sub(stored);
        let state = if left == 0 { DocState::Ready } else { DocState::Chunked { missing: left } };
        let before = std::mem::replace(&mut doc.state, state);
        draft.settle(id, Some(&before), &doc);
        Ok(())
    }

    fn forget(&self, draft: &mut Draft, id: DocId) -> Result<(), KvError> {
        let Some(doc) = read::document(&self.kv, id)? else { return Ok(()) };
        if doc.state != DocState::Leaving {
            return Ok(());
        }
        draft.commit.ledger.parted_chunks -= doc.pieces.len() as u64;
        draft.commit.ledger.parted_vectors -= read::vectors_of(&self.kv, &doc)?;
        for piece in &doc.pieces {
            self.delete_row(draft, piece.row)?;
        }
        draft.batch.delete(Space::Todo, keys::leaving(&doc.content, id));
        draft.batch.delete(Space::Path, doc.path);
        draft.batch.delete(Space::Document, keys::document(id));
        draft.batch.delete(Space::Todo, keys::todo(Wait::Drop, id));
        draft.commit.ledger.leave(Kind::Leaving);
        draft.applied.doc = Some(id);
        Ok(())
    }

    /// The document, if it still waits and is still the file that was read.
    fn current(&self, id: DocId, stamp: FileStamp) -> Result<Option<Document>, KvError> {
        let doc = read::document(&self.kv, id)?;
        Ok(doc.filter(|doc| doc.stamp == stamp && doc.state == DocState::Waiting))
    }

    fn rows_by_key(&self, doc: &Document) -> Result<BTreeMap<EmbedKey, Vec<(Row, Chunk)>>, KvError> {
        let mut rows: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for piece in doc.pieces.iter().rev() {
            if let Some(chunk) = read::chunk(&self.kv, piece.row)? {
                rows.entry(chunk.key).or_default().push((piece.row, chunk));
            }
        }
        Ok(rows)
    }

    /// A row for a chunk that the document did not have, with a copy of its vector if any document has one.
    fn new_row(&self, draft: &mut Draft, chunk: &Chunk) -> Result<(Row, bool), KvError> {
        let row = draft.commit.next_row;
        draft.commit.next_row.0 += 1;
        draft.commit.ledger.chunks += 1;
        draft.batch.put(Space::Chunk, keys::row(row), chunk.encode());
        let donor = read::vector_of(&self.kv, &chunk.key)?;
        if let Some(vector) = &donor {
            draft.put_vector(row, &chunk.key, vector);
        }
        Ok((row, donor.is_some()))
    }

    fn delete_row(&self, draft: &mut Draft, row: Row) -> Result<(), KvError> {
        let Some(chunk) = read::chunk(&self.kv, row)? else { return Ok(()) };
        draft.batch.delete(Space::Chunk, keys::row(row));
        draft.commit.ledger.chunks -= 1;
        if read::vector(&self.kv, row)?.is_some() {
            draft.batch.delete(Space::Vector, keys::row(row));
            draft.batch.delete(Space::Key, keys::holder(&chunk.key, row));
            draft.commit.ledger.vectors -= 1;
        }
        draft.applied.removed.push(row);
        Ok(())
    }
}
