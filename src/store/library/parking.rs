//! Documents whose tasks failed again and again, and the count of chunks that nobody embeds.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::DocId;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{DocState, Document, FileStamp, Parked};

/// Why a document is not used whose owner dropped its tasks.
fn dropped(why: &str) -> String {
    format!("Its tasks failed, and its owner dropped them; it is tried again when it changes. {why}")
}

impl<K: Kv> Library<K> {
    pub(super) fn parked(
        &self,
        tx: &mut Transaction,
        id: DocId,
        stamp: FileStamp,
        parked: &Parked,
    ) -> Result<(), KvError> {
        let doc = read::document(&self.kv, id)?.filter(|doc| doc.stamp == stamp);
        let Some(mut doc) = doc.filter(|doc| matches!(doc.state, DocState::Waiting | DocState::Chunked { .. })) else {
            return Ok(());
        };
        let before = std::mem::replace(&mut doc.state, DocState::Parked(parked.clone()));
        self.set_aside(tx, &before, &doc)?;
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }

    /// Its owner has it tried again.
    pub(super) fn retried(&self, tx: &mut Transaction, id: DocId) -> Result<(), KvError> {
        self.unparked(tx, id, |_| DocState::Waiting)
    }

    /// Its owner gave it up.
    pub(super) fn dropped(&self, tx: &mut Transaction, id: DocId) -> Result<(), KvError> {
        self.unparked(tx, id, |why| DocState::Refused(dropped(why)))
    }

    /// Its owner has decided; `then` gives what it becomes, from what happened to it last. It is read anew, and keeps the vectors
    /// that it has.
    fn unparked(&self, tx: &mut Transaction, id: DocId, then: impl FnOnce(&str) -> DocState) -> Result<(), KvError> {
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        let DocState::Parked(parked) = &doc.state else { return Ok(()) };
        let state = then(parked.why());
        let before = std::mem::replace(&mut doc.state, state);
        self.set_aside(tx, &before, &doc)?;
        tx.put_document(id, Some(&before), &doc);
        Ok(())
    }

    /// The document leaves the state `before` for its present one: counts the chunks without vectors that nobody embeds. Its chunks
    /// are the same.
    pub(super) fn set_aside(&self, tx: &mut Transaction, before: &DocState, doc: &Document) -> Result<(), KvError> {
        let (was, is) = (read::set_aside(&self.kv, before, doc)?, read::set_aside(&self.kv, &doc.state, doc)?);
        tx.commit.counts.set_aside = (tx.commit.counts.set_aside + is).saturating_sub(was);
        Ok(())
    }
}
