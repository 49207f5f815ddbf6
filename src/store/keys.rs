//! The layout of keys: big-endian numbers, so that byte order is number order.
//!
//! Every space also holds one *stamp* under the key `[0]`: the number of the last commit that touched it.
//! Document, row and todo keys are longer, paths begin with `/`, so no key meets it.

use crate::base::id::{DocId, EmbedKey, Row};

/// Where a space keeps its stamp.
pub const STAMP: [u8; 1] = [0];
/// `Space::State`: the last commit, see `record::Commit`.
pub const COMMIT: &[u8] = b"commit";
/// `Space::State`: what is watched, see `record::Sources`.
pub const SOURCES: &[u8] = b"sources";
/// `Space::State`: the fingerprint of the one model that this store's vectors are of.
pub const MODEL: &[u8] = b"model";

/// What an unfinished document waits for; the first byte of a todo key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wait {
    /// To be read and cut.
    Read,
    /// To be embedded.
    Embed,
    /// To be dropped, once nothing could still reuse its vectors.
    Drop,
}

impl Wait {
    /// All of them, most urgent first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Embed, Self::Drop];
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

/// The key that says that `row` holds the vector of `key`'s text.
#[must_use]
pub fn holder(key: &EmbedKey, row: Row) -> Vec<u8> {
    [&key.0[..], &row.0.to_be_bytes()].concat()
}

/// The row of a holder key; `None` for the stamp.
#[must_use]
pub fn holder_row(key: &[u8]) -> Option<Row> {
    number(key.get(16..)?).map(Row)
}

/// The key that lists `doc` as unfinished.
#[must_use]
pub fn todo(wait: Wait, doc: DocId) -> Vec<u8> {
    // 1, not 0, is the first kind: `[0]` is the stamp.
    [&[wait as u8 + 1][..], &doc.0.to_be_bytes()].concat()
}

/// The document of a todo key.
#[must_use]
pub fn todo_doc(key: &[u8]) -> Option<DocId> {
    number(key.get(1..)?).map(DocId)
}

/// The first byte of keys that list leaving documents by their content.
const LEAVING: u8 = 4;

/// `Space::Todo`: lists a leaving document by its content, so that a renamed file finds it.
#[must_use]
pub fn leaving(content: &[u8; 16], doc: DocId) -> Vec<u8> {
    [&[LEAVING][..], content, &doc.0.to_be_bytes()].concat()
}

/// What all keys of leaving documents with this content begin with.
#[must_use]
pub fn leaving_like(content: &[u8; 16]) -> Vec<u8> {
    [&[LEAVING][..], content].concat()
}

/// The document of a leaving key; `None` for any other key.
#[must_use]
pub fn leaving_doc(key: &[u8]) -> Option<DocId> {
    let rest = key.strip_prefix(&[LEAVING])?;
    number(rest.get(16..)?).map(DocId)
}

/// A key that is a bare number; `None` for the stamp.
#[must_use]
pub fn number(key: &[u8]) -> Option<u64> {
    key.try_into().ok().map(u64::from_be_bytes)
}

/// The least key above every key that begins with `prefix`; `None` where there is no such key.
#[must_use]
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let kept = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=kept].to_vec();
    end[kept] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_bytes_and_come_back() {
        assert!(document(DocId(255)) < document(DocId(256)));
        assert!(todo(Wait::Read, DocId(u64::MAX)) < todo(Wait::Embed, DocId(0)));
        assert_eq!(todo_doc(&todo(Wait::Drop, DocId(7))), Some(DocId(7)));
        assert_eq!(holder_row(&holder(&EmbedKey([9; 16]), Row(3))), Some(Row(3)));
        assert_eq!(leaving_doc(&leaving(&[3; 16], DocId(8))), Some(DocId(8)));
        assert_eq!(leaving_doc(&todo(Wait::Drop, DocId(8))), None);
        assert_eq!((holder_row(&STAMP), todo_doc(&STAMP), number(&STAMP)), (None, None, None));
    }

    #[test]
    fn the_end_of_a_prefix_is_past_all_its_keys() {
        assert_eq!(after_prefix(b"/a/").as_deref(), Some(&b"/a0"[..]));
        assert_eq!(after_prefix(&[1, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255, 255]), None);
    }
}
