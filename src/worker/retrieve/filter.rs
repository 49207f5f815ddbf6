//! The chunks that a question's filters let answer: what is known of each document's file tells whether it fits.

use super::files::changed_ns;
use super::folders::Folders;
use super::lookup::Lookup;
use crate::base::filter::{Filter, Matcher};
use crate::base::hit::TypedFiles;
use crate::search::files::{Seen, ToldOf};
use crate::search::lexical::row_set::RowSet;
use crate::store::keys;
use crate::store::kv::{Kv, KvError, Space};
use crate::store::read;
use crate::store::record::{DocState, Document, Record, Sources};
use std::sync::Arc;

/// The rows of the documents that fit; `None` where all do. For another device a path is what it is told of it: by what fits it would find out the
/// rest, letter by letter. Where the files are not in memory, all records are read.
///
/// # Errors
/// Any `KvError`.
pub(super) fn rows(
    (kv, lookup): (&impl Kv, &impl Lookup),
    filter: &Filter,
    folders: Folders<'_>,
) -> Result<Option<Arc<RowSet>>, KvError> {
    if filter.takes_all_files() {
        return Ok(None);
    }
    let sources = folders.sources;
    let collection_of = |path: &[u8]| sources.and_then(|sources| sources.of(path)).map(|of| of.collection.as_str());
    let told: ToldOf<'_> = &|path| folders.told(path);
    let seen = Seen { collection_of: &collection_of, told: folders.shared.then_some(told) };
    if let Some(rows) = lookup.fitting(filter, seen) {
        return Ok(Some(rows));
    }
    let (matcher, mut rows) = (Matcher::new(filter), RowSet::default());
    read::walk(kv, Space::Document, |_, value| {
        let doc = Document::decode_stored(value)?;
        let path = seen.told.map_or(&doc.path[..], |told| told(&doc.path));
        if matcher.takes(path, collection_of(&doc.path), changed_ns(&doc)) {
            doc.chunks.iter().for_each(|place| rows.insert(place.row));
        }
        Ok(())
    })?;
    Ok(Some(Arc::new(rows)))
}

/// Documents that are read at a time: the record of a long one has nearly a mebibyte.
const PAGE: usize = 8;

/// How many files there are of the types that are asked for, where none of them can be used; `None` where one can, where no types are asked for, and
/// once `is_late`: a person waits, and all records may have to be read. It is for an answer with nothing in it.
///
/// # Errors
/// Any `KvError`.
pub(super) fn of_types(
    kv: &impl Kv,
    filter: &Filter,
    sources: Option<&Sources>,
    is_late: impl Fn() -> bool,
) -> Result<Option<TypedFiles>, KvError> {
    if filter.types.is_empty() {
        return Ok(None);
    }
    let types = Filter { types: filter.types.clone(), ..Filter::default() };
    let (matcher, mut files, mut from) = (Matcher::new(&types), TypedFiles::default(), Vec::new());
    loop {
        let page = kv.page(Space::Document, &from, None, PAGE)?;
        for (_, value) in page.iter().filter(|(key, _)| key[..] != keys::STAMP) {
            if is_late() {
                return Ok(None);
            }
            let doc = Document::decode_stored(value)?;
            let is_watched = sources.is_none_or(|sources| sources.of(&doc.path).is_some());
            if is_watched && doc.state != DocState::Tombstoned && matcher.takes_path(&doc.path) {
                if !doc.is_unusable() {
                    return Ok(None);
                }
                files.all += 1;
                files.unusable += 1;
            }
        }
        let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else { return Ok(Some(files)) };
        from = [&last[..], &[0]].concat();
    }
}
