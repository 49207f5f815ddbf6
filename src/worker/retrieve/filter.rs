//! The chunks that a question's filters let answer: each document's record tells whether its file fits.

use crate::base::filter::{Filter, Matcher};
use crate::search::lexical::row_set::RowSet;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{Document, Record, Sources};

const SECOND_NS: i64 = 1_000_000_000;

/// The rows of the documents that fit; `None` where all do.
///
/// # Errors
/// Any `KvError`.
pub(super) fn rows(kv: &impl Kv, filter: &Filter, sources: Option<&Sources>) -> Result<Option<RowSet>, KvError> {
    if filter.takes_all_files() {
        return Ok(None);
    }
    let (matcher, mut rows) = (Matcher::new(filter), RowSet::default());
    read::walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        let source = sources.and_then(|sources| sources.of(&doc.path));
        // Of a file that is gone only that is known since when.
        let gone = doc.stamp.kept_since().map(|since| since.saturating_mul(SECOND_NS));
        if matcher.takes(
            &doc.path,
            source.map(|source| source.collection.as_str()),
            gone.unwrap_or(doc.stamp.modified_ns),
        ) {
            doc.chunks.iter().for_each(|place| rows.insert(place.row));
        }
        Ok(())
    })?;
    Ok(Some(rows))
}
