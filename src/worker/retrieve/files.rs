//! What is kept in memory of each document's file, so that filters read no records.

use crate::search::files::{File, Files};
use crate::store::change::Applied;
use crate::store::kv::Kv;
use crate::store::read;
use crate::store::record::Document;

const SECOND_NS: i64 = 1_000_000_000;

/// What is kept in memory of a document's file.
#[must_use]
pub(super) fn file_of(doc: &Document) -> File {
    File::new(&doc.path, changed_ns(doc), doc.chunks.iter().map(|place| place.row))
}

/// The indexes follow documents whose records were written or deleted.
pub fn follow(kv: &impl Kv, files: &mut Files, applied: &Applied) {
    for doc in &applied.documents {
        match read::document(kv, *doc) {
            Ok(known) => files.put(*doc, known.as_ref().map(file_of)),
            Err(error) => {
                kv.note_damage(&error);
                // What cannot be seen to fit does not answer.
                files.put(*doc, None);
            }
        }
    }
}

/// Of a file that is gone only that is known since when.
pub(super) fn changed_ns(doc: &Document) -> i64 {
    let gone = doc.stamp.kept_since().map(|since| since.saturating_mul(SECOND_NS));
    gone.unwrap_or(doc.stamp.modified_ns)
}
