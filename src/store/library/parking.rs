//! Documents whose tasks failed again and again, and the count of chunks that nobody embeds.

use super::Library;
use super::transaction::Transaction;
use crate::base::id::DocId;
use crate::limits::FAILING_MAX;
use crate::store::earlier::{DROPPED_UNREAD, was_parked_unread};
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Document, Failing, FileStamp, Parked, Record};

/// Why a document is not used whose owner dropped its tasks, of which one was to read it.
fn dropped(why: &str, is_unread: bool) -> String {
    let what = if is_unread { DROPPED_UNREAD } else { "Its tasks failed" };
    format!("{what}, and its owner dropped them; it is tried again when it changes. {why}")
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

    /// Its failed attempts, to count over a restart: those of `FAILING_MAX` documents at most.
    pub(super) fn failing(&self, tx: &mut Transaction, id: DocId, failing: Option<&Failing>) -> Result<(), KvError> {
        let key = keys::failing(id);
        let is_known = self.kv.get(Space::State, &key)?.is_some();
        let Some(failing) = failing else {
            if is_known {
                tx.batch.delete(Space::State, key);
            }
            return Ok(());
        };
        let doc = read::document(&self.kv, id)?;
        if doc.is_none_or(|doc| !matches!(doc.state, DocState::Waiting | DocState::Chunked { .. })) {
            return Ok(());
        }
        if !is_known {
            let end = keys::after_prefix(keys::FAILING);
            let known = self.kv.page(Space::State, keys::FAILING, end.as_deref(), FAILING_MAX)?;
            if known.len() >= FAILING_MAX {
                known.into_iter().take(1).for_each(|(first, _)| tx.batch.delete(Space::State, first));
            }
        }
        tx.batch.put(Space::State, key, failing.encode());
        Ok(())
    }

    /// Its owner has it tried again.
    pub(super) fn retried(&self, tx: &mut Transaction, id: DocId) -> Result<(), KvError> {
        self.unparked(tx, id, |_, _| DocState::Waiting)
    }

    /// Its owner gave it up.
    pub(super) fn dropped(&self, tx: &mut Transaction, id: DocId) -> Result<(), KvError> {
        self.unparked(tx, id, |why, is_unread| DocState::Refused(dropped(why, is_unread)))
    }

    /// Its owner has decided; `then` gives what it becomes, from what happened to it last, and whether that was before it was read. It is
    /// read anew, and keeps the vectors that it has.
    fn unparked(
        &self,
        tx: &mut Transaction,
        id: DocId,
        then: impl FnOnce(&str, bool) -> DocState,
    ) -> Result<(), KvError> {
        let Some(mut doc) = read::document(&self.kv, id)? else { return Ok(()) };
        let DocState::Parked(parked) = &doc.state else { return Ok(()) };
        let state = then(parked.why(), was_parked_unread(&self.kv, id)?);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::store::change::Change;
    use crate::store::kv::KvRead;
    use crate::store::memory::MemoryKv;
    use crate::store::record::{Attempt, Failed};

    const STAMP: FileStamp = FileStamp { size: 1, modified_ns: 1, changed_ns: 1, inode: 1 };

    fn seen(library: &mut Library<MemoryKv>, n: usize, size: u64) -> DocId {
        let (path, collection) = (format!("/{n}.md").into_bytes(), "home".to_owned());
        let stamp = FileStamp { size, ..STAMP };
        library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap()
    }

    fn fails(library: &mut Library<MemoryKv>, doc: DocId, here: u32) {
        let attempt = Attempt { by: None, why: "no".to_owned(), at: 7 };
        let failing = Failing { attempts: vec![Failed { attempt, key: None }], here, is_only_here: false };
        let change = Change::Failing { doc, failing: Some(Box::new(failing)) };
        assert_eq!(library.apply(&change).unwrap().doc, None, "the document is as it was");
    }

    fn stored(library: &Library<MemoryKv>) -> Vec<(DocId, u32)> {
        let page = library.kv().page(Space::State, keys::FAILING, keys::after_prefix(keys::FAILING).as_deref(), 9_999);
        let page = page.unwrap().into_iter();
        page.map(|(key, value)| (keys::failing_doc(&key).unwrap(), Failing::decode(&value).unwrap().here)).collect()
    }

    #[test]
    fn failed_attempts_are_stored_until_the_document_is_another_one_or_done_with_and_no_more_than_fit() {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let docs: Vec<DocId> = (0..3).map(|n| seen(&mut library, n, 1)).collect();
        docs.iter().for_each(|doc| fails(&mut library, *doc, 1));
        fails(&mut library, docs[0], 2);
        assert_eq!(stored(&library), [(docs[0], 2), (docs[1], 1), (docs[2], 1)]);
        seen(&mut library, 0, 2);
        let parked = Parked::default();
        library.apply(&Change::Parked { doc: docs[1], stamp: STAMP, parked }).unwrap();
        fails(&mut library, docs[1], 9);
        assert_eq!(stored(&library), [(docs[2], 1)], "one has another text, the other is parked");
        library.apply(&Change::Failing { doc: docs[2], failing: None }).unwrap();
        assert_eq!(stored(&library), []);
        for n in 0..=FAILING_MAX {
            let doc = seen(&mut library, 100 + n, 1);
            fails(&mut library, doc, 1);
        }
        assert_eq!(stored(&library).len(), FAILING_MAX);
    }
}
