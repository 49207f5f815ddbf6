//! Another model: documents whose vectors are of one that their collection does not have any more are embedded anew, chunk by chunk.
//!
//! A look at all documents, in steps, marks such vectors as *outdated*: each answers on, with its own model, until its chunk is embedded.
//! Then the chunk has another key, and its old vector is retired (`retire`): as long as that is kept, going back to the model of before
//! embeds nothing.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::{DocId, EmbedKey, Fingerprint, ModelMark, Row};
use crate::store::change::Remade;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::models::{self, Wanted};
use crate::store::read;
use crate::store::record::{Chunk, ChunkHead, DocState, Record, Sources, Vector};
use std::collections::BTreeSet;

impl<K: Kv> Library<K> {
    /// Binds the store to the home's model; `there`: further models whose files are there. Gives the home's model of before, if that was another
    /// one. Where other vectors count than before, all documents are to be looked at. Not synced.
    ///
    /// # Errors
    /// Any `KvError`; nothing was changed.
    pub fn bind(&mut self, model: Fingerprint, there: &[ModelMark]) -> Result<Option<Fingerprint>, KvError> {
        let (before, was_there) = (models::model(&self.kv)?, models::there(&self.kv)?);
        let is_other = before.is_some_and(|before| before != model);
        let is_less_or_more = was_there != there && Wanted::read(&self.kv)?.has_settings();
        let mut tx = self.begin();
        if before != Some(model) {
            tx.batch.put(Space::State, keys::MODEL, model.0);
        }
        if was_there != there {
            Self::are_there(&mut tx, there);
        }
        if is_other || is_less_or_more {
            tx.batch.put(Space::State, keys::REMODEL, []);
        }
        self.write(tx).map(|()| before.filter(|_| is_other))
    }

    fn are_there(tx: &mut Transaction, there: &[ModelMark]) {
        let bytes: Vec<u8> = there.iter().flat_map(|mark| mark.0).collect();
        tx.batch.put(Space::State, keys::MODELS_THERE, bytes);
    }

    /// The list of sources is this one. Where collections have other models in it than before, all documents are to be looked at: who sets a
    /// model has it.
    pub(super) fn sources(&self, tx: &mut Transaction, sources: &Sources) -> Result<(), KvError> {
        tx.batch.put(Space::State, keys::SOURCES, sources.encode());
        let before = read::sources(&self.kv)?;
        if before.models == sources.models && (before.places == sources.places || before.models.is_empty()) {
            return Ok(());
        }
        let mut there = models::there(&self.kv)?;
        let new = sources.models.iter().filter(|set| !before.models.contains(set));
        there.extend(new.map(|set| ModelMark::from(set.model.fingerprint)));
        there.sort_unstable();
        there.dedup();
        Self::are_there(tx, &there);
        tx.batch.put(Space::State, keys::REMODEL, []);
        Ok(())
    }

    /// Whether vectors of this model count in a document.
    pub(super) fn is_wanted(&self, id: DocId, model: ModelMark) -> Result<bool, KvError> {
        let wanted = Wanted::read(&self.kv)?;
        if !wanted.has_settings() {
            return Ok(wanted.takes(&[], model));
        }
        Ok(read::document(&self.kv, id)?.is_some_and(|doc| wanted.takes(&doc.path, model)))
    }

    /// Whether a row has neither a vector that counts nor one that is to be made anew.
    pub(super) fn is_free(&self, tx: &Transaction, row: Row) -> Result<bool, KvError> {
        Ok(tx.makers.holds(row) || self.kv.get(Space::Vector, &keys::row(row))?.is_none())
    }

    /// Whether a row has an outdated vector of a model that its document is to have again: from now on it counts.
    pub(super) fn counts_again(
        &self,
        tx: &mut Transaction,
        path: &[u8],
        row: Row,
        key: &EmbedKey,
    ) -> Result<bool, KvError> {
        let Some(vector) = read::made(&self.kv, row)?.filter(|vector| vector.is_stale) else { return Ok(false) };
        let counts = Wanted::read(&self.kv)?.takes(path, vector.model);
        if counts {
            Self::count_again(tx, row, key, vector);
        }
        Ok(counts)
    }

    /// It answers already.
    fn count_again(tx: &mut Transaction, row: Row, key: &EmbedKey, vector: Vector) {
        tx.batch.put(Space::Key, keys::holder(key, row), []);
        tx.batch.put(Space::Vector, keys::row(row), Vector { is_stale: false, ..vector }.encode());
        tx.commit.counts.vectors += 1;
    }

    /// The look at all documents is as far as this.
    pub(super) fn remodel(tx: &mut Transaction, next: Option<&[u8]>) {
        match next {
            Some(next) => tx.batch.put(Space::State, keys::REMODEL, next),
            None => tx.batch.delete(Space::State, keys::REMODEL),
        }
    }

    /// The document's vectors of other models do not count any more, and those of its own do.
    pub(super) fn outdated(&self, tx: &mut Transaction, id: DocId) -> Result<(), KvError> {
        // What waits to be read gets other keys then; of the others nobody embeds anything.
        let is_read = |state: &DocState| matches!(state, DocState::Ready | DocState::Chunked { .. });
        let Some(mut doc) = read::document(&self.kv, id)?.filter(|doc| is_read(&doc.state)) else { return Ok(()) };
        let (mut missing, mut is_changed, wanted) = (0, false, Wanted::read(&self.kv)?);
        for place in &doc.chunks {
            let row = place.row;
            let Some(vector) = read::made(&self.kv, row)? else {
                missing += 1;
                continue;
            };
            let is_stale = !wanted.takes(&doc.path, vector.model);
            if tx.makers.holds(row) {
                // Nobody has vouched for it, and nobody will for one of another model.
                if is_stale && tx.makers_without(row) {
                    tx.batch.delete(Space::Vector, keys::row(row));
                }
                missing += 1;
                continue;
            }
            missing += u32::from(is_stale);
            if is_stale == vector.is_stale {
                continue;
            }
            is_changed = true;
            let Some(ChunkHead { key, .. }) = read::chunk_head(&self.kv, row)? else { continue };
            if !is_stale {
                Self::count_again(tx, row, &key, vector);
                continue;
            }
            if let Some(by) = tx.makers.owed_by(row) {
                tx.makers().settle(by, &[row]);
            }
            tx.batch.delete(Space::Key, keys::holder(&key, row));
            tx.batch.put(Space::Vector, keys::row(row), Vector { is_stale, ..vector }.encode());
            tx.commit.counts.vectors -= 1;
        }
        if is_changed {
            let state = if missing == 0 { DocState::Ready } else { DocState::Chunked { missing } };
            let before = std::mem::replace(&mut doc.state, state);
            tx.put_document(id, Some(&before), &doc);
        }
        Ok(())
    }

    /// These chunks of the document have a vector of its model from now on, and the keys that go with it.
    pub(super) fn remade(
        &self,
        tx: &mut Transaction,
        id: DocId,
        (model, at): (Fingerprint, i64),
        rows: &[Remade],
    ) -> Result<(), KvError> {
        let (mut stored, mut done, mut donors) = (0, BTreeSet::new(), BTreeSet::new());
        let rows = if self.is_wanted(id, model.into())? { rows } else { &[] };
        for Remade { row, before, key, vector } in rows.iter().filter(|remade| done.insert(remade.row)) {
            let chunk = read::chunk(&self.kv, *row)?.filter(|chunk| chunk.key == *before && chunk.doc == id);
            let Some(chunk) = chunk else { continue };
            if self.has_vector(tx, *row)? {
                continue;
            }
            let donor = if vector.is_none() { self.donor(key)? } else { None };
            let made = vector.clone().map(|values| Vector { model: model.into(), values, by: 0, is_stale: false });
            if made.is_none() && donor.is_none() {
                continue;
            }
            tx.makers_without(*row);
            self.retire_outdated(tx, *row, &chunk, at)?;
            tx.batch.put(Space::Chunk, keys::row(*row), Chunk { key: *key, ..chunk }.encode());
            if let Some((from, vector)) = &donor {
                tx.copy_vector((*from, vector), *row, key);
                donors.insert(*from);
            } else if let Some(vector) = made {
                tx.put_vector(*row, key, &vector);
            }
            stored += 1;
        }
        // What was kept has its place again: once it is left anew it is kept as long as if it were for the first time.
        self.expire(tx, &donors.into_iter().collect::<Vec<Row>>())?;
        self.has_vectors(tx, id, stored)
    }

    /// Keeps a row's outdated vector in a row of its own, which belongs to no document.
    fn retire_outdated(&self, tx: &mut Transaction, row: Row, chunk: &Chunk, at: i64) -> Result<(), KvError> {
        let Some(vector) = read::made(&self.kv, row)?.filter(|vector| vector.is_stale) else { return Ok(()) };
        if self.donor(&chunk.key)?.is_some() {
            return Ok(());
        }
        let kept = tx.commit.next_row;
        tx.commit.next_row.0 += 1;
        let vector = Vector { is_stale: false, ..vector };
        tx.batch.put(Space::Vector, keys::row(kept), vector.encode());
        tx.batch.put(Space::Key, keys::holder(&chunk.key, kept), []);
        let value = [&tx.number().to_be_bytes()[..], &chunk.key.0, &at.to_be_bytes()].concat();
        tx.batch.put(Space::Todo, keys::retired(kept), value);
        tx.commit.counts.vectors += 1;
        tx.commit.counts.tombstoned_vectors += 1;
        tx.applied.to_purge = true;
        Ok(())
    }
}
