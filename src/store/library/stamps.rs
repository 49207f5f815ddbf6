//! Changes of a document's stamp alone: its file is the same on a disk with another number, or is gone and the document kept.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::DocId;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{DocState, FileStamp};

impl<K: Kv> Library<K> {
    pub(super) fn restamped(&self, tx: &mut Transaction, id: DocId, stamp: FileStamp) -> Result<(), KvError> {
        self.set_stamp(tx, id, |known| if known.is_same_file(&stamp) { stamp } else { known })
    }

    pub(super) fn kept(&self, tx: &mut Transaction, id: DocId, since: i64) -> Result<(), KvError> {
        self.set_stamp(tx, id, |known| known.kept(since))
    }

    fn set_stamp(&self, tx: &mut Transaction, id: DocId, new: impl Fn(FileStamp) -> FileStamp) -> Result<(), KvError> {
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        if doc.state != DocState::Tombstoned {
            doc.stamp = new(doc.stamp);
            let state = doc.state.clone();
            tx.put_document(id, Some(&state), &doc);
        }
        Ok(())
    }
}
