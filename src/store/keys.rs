//! The layout of keys: big-endian numbers, so that byte order is number order.
//!
//! Every space also holds one *stamp* under the key `[0]`: the number of the last commit that wrote to it.
//! Document, row and todo keys are longer, and paths begin with `/`, so no other key equals it.

use crate::base::id::{DocId, EmbedKey, PeerKey, Row};

/// The key of a space's stamp.
pub const STAMP: [u8; 1] = [0];
/// `Space::State`: the last commit, see `record::Commit`.
pub const COMMIT: &[u8] = b"commit";
/// `Space::State`: the watched folders and files, see `record::Sources`.
pub const SOURCES: &[u8] = b"sources";
/// `Space::State`: the marks on places, see `record::Marks`.
pub const MARKS: &[u8] = b"marks";
/// What was at the paths of the watched places.
pub const ROOTS: &[u8] = b"roots";
/// `Space::State`: the sources whose owners are asked about a loss, see `record::Asked`.
pub const ASKED: &[u8] = b"asked";
/// `Space::State`: the number of the reader that made the chunks, see `limits::READER`.
pub const READER: &[u8] = b"reader";
/// `Space::State`: the fingerprint of the home's model.
pub const MODEL: &[u8] = b"model";
/// `Space::State`: the marks of further models whose files were there, see `models::there`.
pub const MODELS_THERE: &[u8] = b"models-there";
/// `Space::State`: the path after which documents may still have vectors of another model than their collection's that count; without
/// it none has.
pub const REMODEL: &[u8] = b"remodel";

/// The first bytes of the keys of documents whose tasks failed.
pub const FAILING: &[u8] = b"failing";

/// `Space::State`: the failed attempts of a document that is not parked, see `record::Failing`.
#[must_use]
pub fn failing(doc: DocId) -> Vec<u8> {
    [FAILING, &doc.0.to_be_bytes()].concat()
}

/// The document of such a key; `None` for any other key.
#[must_use]
pub fn failing_doc(key: &[u8]) -> Option<DocId> {
    number(key.strip_prefix(FAILING)?).map(DocId)
}

/// The first bytes of the keys of devices that made vectors.
pub const MAKER: &[u8] = b"maker";

/// `Space::State`: a device that made vectors, see `maker::Maker`.
#[must_use]
pub fn maker(peer: &PeerKey) -> Vec<u8> {
    [MAKER, &peer.0].concat()
}

/// The device of such a key; `None` for any other key.
#[must_use]
pub fn maker_peer(key: &[u8]) -> Option<PeerKey> {
    key.strip_prefix(MAKER)?.try_into().ok().map(PeerKey)
}

/// The next stage of an unfinished document; the first byte of a todo key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// To be read and split into chunks.
    Read,
    /// To be embedded.
    Embed,
    /// Tombstoned; to be purged once its time is over.
    Purge,
}

impl Stage {
    /// All of them, most urgent first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Embed, Self::Purge];
}

/// The key of a document.
#[must_use]
pub fn document(doc: DocId) -> Vec<u8> {
    doc.0.to_be_bytes().into()
}

/// The key of a row's chunk or vector.
#[must_use]
pub fn row(row: Row) -> Vec<u8> {
    row.0.to_be_bytes().into()
}

/// The key that lists `row` as one that holds the vector of the text with this embed key.
#[must_use]
pub fn holder(key: &EmbedKey, row: Row) -> Vec<u8> {
    [&key.0[..], &row.0.to_be_bytes()].concat()
}

/// The row of a holder key; `None` for the stamp.
#[must_use]
pub fn holder_row(key: &[u8]) -> Option<Row> {
    number(key.get(16..)?).map(Row)
}

/// The key that lists `doc` as unfinished. Its value: at `Stage::Embed` how many chunks lack a vector (u32), at
/// `Stage::Purge` the number of the commit that tombstoned the document (u64). Both are empty in stores of before
/// November 2026.
#[must_use]
pub fn todo(stage: Stage, doc: DocId) -> Vec<u8> {
    // The first byte begins at 1: `[0]` is the stamp.
    [&[stage as u8 + 1][..], &doc.0.to_be_bytes()].concat()
}

/// The document of a todo key; `None` for any other key.
#[must_use]
pub fn todo_doc(key: &[u8]) -> Option<DocId> {
    let (first, rest) = key.split_first()?;
    (1..=Stage::ALL.len()).contains(&usize::from(*first)).then(|| number(rest).map(DocId))?
}

/// The first byte of keys that list tombstoned documents by their content.
const TOMBSTONE: u8 = 4;

/// `Space::Todo`: lists a tombstoned document by its content, so that a renamed file finds it.
#[must_use]
pub fn tombstone(content: &[u8; 16], doc: DocId) -> Vec<u8> {
    [&[TOMBSTONE][..], content, &doc.0.to_be_bytes()].concat()
}

/// The prefix of the keys of all tombstoned documents with this content.
#[must_use]
pub fn tombstones_of(content: &[u8; 16]) -> Vec<u8> {
    [&[TOMBSTONE][..], content].concat()
}

/// The document of a tombstone key; `None` for any other key.
#[must_use]
pub fn tombstone_doc(key: &[u8]) -> Option<DocId> {
    let rest = key.strip_prefix(&[TOMBSTONE])?;
    number(rest.get(16..)?).map(DocId)
}

/// The first byte of keys that list rows whose chunk is gone and whose vector is kept for a while.
const RETIRED: u8 = 5;

/// `Space::Todo`: lists a retired row. Its value: the number of the commit that retired it, then its embed key, and where its chunk was
/// embedded with another model, when, in seconds since 1970 (i64).
#[must_use]
pub fn retired(row: Row) -> Vec<u8> {
    [&[RETIRED][..], &row.0.to_be_bytes()].concat()
}

/// The row of a retired row's key; `None` for any other key.
#[must_use]
pub fn retired_row(key: &[u8]) -> Option<Row> {
    number(key.strip_prefix(&[RETIRED])?).map(Row)
}

/// The first byte of keys that list parked documents.
const PARKED: u8 = 6;

/// `Space::Todo`: lists a parked document.
#[must_use]
pub fn parked(doc: DocId) -> Vec<u8> {
    [&[PARKED][..], &doc.0.to_be_bytes()].concat()
}

/// The prefix of the keys of all parked documents.
#[must_use]
pub const fn all_parked() -> [u8; 1] {
    [PARKED]
}

/// The document of a parked document's key; `None` for any other key.
#[must_use]
pub fn parked_doc(key: &[u8]) -> Option<DocId> {
    number(key.strip_prefix(&[PARKED])?).map(DocId)
}

/// The first bytes of keys that list documents by the name of their file.
const NAME: &[u8] = b"name";

/// `Space::State`: lists a document by the name of its file, see `base::file_name::key`. What is listed may be stale:
/// check it against the document.
#[must_use]
pub fn name(name: u64, doc: DocId) -> Vec<u8> {
    [NAME, &name.to_be_bytes(), &doc.0.to_be_bytes()].concat()
}

/// The prefix of the keys of all documents with this name.
#[must_use]
pub fn names_of(name: u64) -> Vec<u8> {
    [NAME, &name.to_be_bytes()].concat()
}

/// The document of a name key; `None` for any other key.
#[must_use]
pub fn name_doc(key: &[u8]) -> Option<DocId> {
    number(key.strip_prefix(NAME)?.get(8..)?).map(DocId)
}

/// A key that is a bare number; `None` for the stamp.
#[must_use]
pub fn number(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// The least key above every key that begins with `prefix`; `None` where there is no such key.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_bytes_and_come_back() {
        assert!(document(DocId(255)) < document(DocId(256)));
        assert!(todo(Stage::Read, DocId(u64::MAX)) < todo(Stage::Embed, DocId(0)));
        assert_eq!(todo_doc(&todo(Stage::Purge, DocId(7))), Some(DocId(7)));
        assert_eq!(holder_row(&holder(&EmbedKey([9; 16]), Row(3))), Some(Row(3)));
        assert_eq!(tombstone_doc(&tombstone(&[3; 16], DocId(8))), Some(DocId(8)));
        assert_eq!(tombstone_doc(&todo(Stage::Purge, DocId(8))), None);
        assert_eq!(retired_row(&retired(Row(9))), Some(Row(9)));
        assert_eq!((retired_row(&todo(Stage::Purge, DocId(8))), todo_doc(&retired(Row(9)))), (None, None));
        assert_eq!((parked_doc(&parked(DocId(9))), parked_doc(&retired(Row(9)))), (Some(DocId(9)), None));
        assert_eq!((todo_doc(&parked(DocId(9))), retired_row(&parked(DocId(9)))), (None, None));
        assert_eq!(name_doc(&name(u64::MAX, DocId(9))), Some(DocId(9)));
        assert_eq!((failing_doc(&failing(DocId(9))), failing_doc(MARKS)), (Some(DocId(9)), None));
        assert_eq!((maker_peer(&maker(&PeerKey([7; 32]))), maker_peer(MARKS)), (Some(PeerKey([7; 32])), None));
        assert_eq!((name_doc(COMMIT), name_doc(MODEL), name_doc(b"name")), (None, None, None));
        assert_eq!((holder_row(&STAMP), todo_doc(&STAMP), number(&STAMP)), (None, None, None));
    }

    #[test]
    fn the_end_of_a_prefix_is_past_all_its_keys() {
        assert_eq!(after_prefix(b"/a/").as_deref(), Some(&b"/a0"[..]));
        assert_eq!(after_prefix(&[1, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255, 255]), None);
    }
}
