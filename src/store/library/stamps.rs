//! Changes of a document's stamp alone: its file is the same on a disk with another number, or is gone and the document kept.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::DocId;
use crate::store::change::FoundDocument;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{DocState, FileStamp};

impl<K: Kv> Library<K> {
    pub(super) fn restamped(&self, tx: &mut Transaction, id: DocId, stamp: FileStamp) -> Result<(), KvError> {
        self.set_stamp(tx, id, |known| if known.is_same_file(&stamp) { stamp } else { known })
    }

    pub(super) fn differs(
        &self,
        tx: &mut Transaction,
        id: DocId,
        from: FileStamp,
        stamp: FileStamp,
    ) -> Result<(), KvError> {
        self.set_stamp(tx, id, |known| if known == from { stamp } else { known })
    }

    pub(super) fn kept(&self, tx: &mut Transaction, found: FoundDocument, since: i64) -> Result<(), KvError> {
        if self.as_found(tx, found)?.is_none() {
            return Ok(());
        }
        self.set_stamp(tx, found.doc, |known| known.kept(since))
    }

    fn set_stamp(&self, tx: &mut Transaction, id: DocId, new: impl Fn(FileStamp) -> FileStamp) -> Result<(), KvError> {
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        let stamp = new(doc.stamp);
        if doc.state != DocState::Tombstoned && doc.stamp != stamp {
            doc.stamp = stamp;
            let state = doc.state.clone();
            tx.put_document(id, Some(&state), &doc);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::store::change::Change;
    use crate::store::counts::Kind;
    use crate::store::memory::MemoryKv;

    const SCANNED: FileStamp = FileStamp { size: 1, modified_ns: 1, changed_ns: 1, inode: 1 };
    const READ: FileStamp = FileStamp { size: 2, ..SCANNED };

    #[test]
    fn a_reading_that_ends_after_a_scan_neither_revives_a_gone_file_nor_takes_back_a_newer_stamp() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let seen = |stamp| {
            let (path, collection) = (b"/notes/a.md".to_vec(), "home".to_owned());
            Change::Seen { path, stamp, collection, ring: Ring::Mesh }
        };
        let doc = library.apply(&seen(SCANNED)).unwrap().doc.unwrap();
        let differs = Change::Differs { doc, from: SCANNED, stamp: READ };
        let refused = Change::Absent { doc, stamp: READ };
        library.apply(&differs).unwrap();
        assert_eq!(read::document(library.kv(), doc).unwrap().unwrap().stamp, READ);

        let waits = library.apply(&refused).unwrap();
        assert_eq!((waits.doc, waits.now), (Some(doc), Some(Kind::Waiting)), "it waits for its file, and that is told");
        assert_eq!(library.commit().counts.count(Kind::Waiting), 1);

        let newer = FileStamp { size: 3, ..SCANNED };
        library.apply(&seen(newer)).unwrap();
        library.apply(&differs).unwrap();
        library.apply(&refused).unwrap();
        let document = read::document(library.kv(), doc).unwrap().unwrap();
        assert_eq!((document.stamp, document.state), (newer, DocState::Waiting), "it is read again");

        library.apply(&seen(SCANNED)).unwrap();
        library.apply(&Change::gone(library.kv(), doc)).unwrap();
        library.apply(&differs).unwrap();
        library.apply(&refused).unwrap();
        assert_eq!(read::document(library.kv(), doc).unwrap().unwrap().state, DocState::Tombstoned);
        library.apply(&Change::Purge { doc }).unwrap();
        library.apply(&differs).unwrap();
        assert_eq!(read::document(library.kv(), doc).unwrap(), None);
    }
}
