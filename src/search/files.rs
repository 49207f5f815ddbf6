//! The files of the documents in memory, so that a filter reads none of their records: their paths, their times, and the rows of their chunks.
//!
//! Which rows fit a filter is computed once and kept until a file changes, as who asks with a filter mostly asks more with it.

use super::lexical::row_set::RowSet;
use crate::base::filter::{Filter, Matcher};
use crate::base::id::{DocId, Row};
use crate::limits::FILTERS_KEPT;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// What is known of a document's file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    path: Box<[u8]>,
    changed_ns: i64,
    /// Rows of its chunks, those in a row together.
    rows: Box<[Range<u64>]>,
}

impl File {
    /// Of the document at this path, whose file was last changed then, with chunks in these rows.
    #[must_use]
    pub fn new(path: &[u8], changed_ns: i64, rows: impl Iterator<Item = Row>) -> Self {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for Row(row) in rows {
            match ranges.last_mut().filter(|last| last.end == row) {
                Some(last) => last.end += 1,
                None => ranges.push(row..row + 1),
            }
        }
        Self { path: path.into(), changed_ns, rows: ranges.into() }
    }

    fn memory(&self) -> usize {
        size_of::<(DocId, Self)>() + self.path.len() + self.rows.len() * size_of::<Range<u64>>() + 32
    }
}

/// Gives the collection of a path.
pub type CollectionOf<'a> = &'a dyn Fn(&[u8]) -> Option<&'a str>;

/// Gives what of a path somebody is told.
pub type ToldOf<'a> = &'a dyn Fn(&[u8]) -> &[u8];

/// What a filter is held against beside what is known of files.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The collections of paths.
    pub collection_of: CollectionOf<'a>,
    /// What of paths counts, where that is not all: who is not told the rest must not find it out by what fits.
    pub told: Option<ToldOf<'a>>,
}

/// What fits a filter, by what is told of paths or by all of them.
type Fitting = ((Filter, bool), Arc<RowSet>);

/// The files of all documents.
#[derive(Debug, Default)]
pub struct Files {
    files: BTreeMap<DocId, File>,
    /// Whether all of them were told.
    is_whole: bool,
    memory: usize,
    /// What fits the last filters, the newest last.
    recent: Mutex<Vec<Fitting>>,
}

impl Files {
    /// All files of a store.
    #[must_use]
    pub fn all(files: impl Iterator<Item = (DocId, File)>) -> Self {
        let mut all = Self { is_whole: true, ..Self::default() };
        files.for_each(|(doc, file)| all.put(doc, Some(file)));
        all
    }

    /// A document has this file now, or is gone.
    pub fn put(&mut self, doc: DocId, file: Option<File>) {
        let before = match file {
            Some(file) if self.files.get(&doc) == Some(&file) => return,
            Some(file) => {
                self.memory += file.memory();
                self.files.insert(doc, file)
            }
            None => self.files.remove(&doc),
        };
        self.memory -= before.as_ref().map_or(0, File::memory);
        self.forget();
    }

    /// What fits a filter is to be computed anew: folders are of other collections.
    pub fn forget(&mut self) {
        self.recent.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The rows of the files that fit; `None` where not all files are known.
    #[must_use]
    pub fn fitting(&self, filter: &Filter, seen: Seen<'_>) -> Option<Arc<RowSet>> {
        if !self.is_whole {
            return None;
        }
        // Devices are chosen before anybody looks for files.
        let filter = Filter { devices: Vec::new(), ..filter.clone() };
        // The rest tells all the same.
        let told = seen.told.filter(|_| !filter.paths.is_empty());
        let asked = (filter, told.is_some());
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = recent.iter().position(|(known, _)| *known == asked) {
            let known = recent.remove(at);
            let rows = Arc::clone(&known.1);
            recent.push(known);
            return Some(rows);
        }
        let (matcher, mut rows) = (Matcher::new(&asked.0), RowSet::default());
        let by_collection = !asked.0.collections.is_empty();
        for file in self.files.values() {
            let collection = if by_collection { (seen.collection_of)(&file.path) } else { None };
            let path = told.map_or(&file.path[..], |told| told(&file.path));
            if matcher.takes(path, collection, file.changed_ns) {
                file.rows.iter().for_each(|range| rows.insert_all(range.clone()));
            }
        }
        let rows = Arc::new(rows);
        if recent.len() >= FILTERS_KEPT {
            recent.remove(0);
        }
        recent.push((asked, Arc::clone(&rows)));
        Some(rows)
    }

    /// Bytes of memory, about.
    #[must_use]
    pub fn memory(&self) -> usize {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        self.memory + recent.iter().map(|(_, rows)| rows.memory()).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::filter::Key;

    const NOWHERE: Seen<'_> = Seen { collection_of: &|_| None, told: None };

    fn filter(key: Key, value: &str) -> Filter {
        let mut filter = Filter::default();
        filter.add(key, value).unwrap();
        filter
    }

    #[test]
    fn rows_of_files_that_fit_are_told_as_files_come_change_and_go() {
        let file = |path: &str, day: i64, rows: &[u64]| {
            File::new(path.as_bytes(), day * 86_400_000_000_000, rows.iter().map(|row| Row(*row)))
        };
        let mut files = Files::all((0..).map(DocId).zip([
            file("/home/a.md", 1, &[0, 1, 2, 70, 200]),
            file("/home/b.pdf", 400, &[3, 4]),
            file("/work/c.md", 800, &[5]),
        ]));
        let home = Seen { collection_of: &|path| path.starts_with(b"/home").then_some("home"), told: None };
        let rows = |files: &Files, filter: &Filter| -> Vec<u64> {
            let found = files.fitting(filter, home).unwrap();
            (0..300).filter(|row| found.contains(Row(*row))).collect()
        };
        let (md, of_home, late) =
            (filter(Key::Type, "md"), filter(Key::Collection, "home"), filter(Key::After, "1971"));
        for _ in 0..2 {
            assert_eq!(rows(&files, &md), [0, 1, 2, 5, 70, 200]);
            assert_eq!(rows(&files, &of_home), [0, 1, 2, 3, 4, 70, 200]);
            assert_eq!(rows(&files, &late), [3, 4, 5]);
        }
        let before = files.memory();
        files.put(DocId(2), Some(file("/home/c.md", 800, &[5, 6])));
        assert_eq!(rows(&files, &of_home), [0, 1, 2, 3, 4, 5, 6, 70, 200], "it was moved, and has more in it");
        files.put(DocId(0), None);
        assert_eq!((rows(&files, &md), rows(&files, &late)), (vec![5, 6], vec![3, 4, 5, 6]));
        files.put(DocId(9), None);
        assert!(files.memory() < before);
        assert_eq!(rows(&files, &of_home), [3, 4, 5, 6]);
        assert!(files.fitting(&of_home, NOWHERE).unwrap().contains(Row(3)), "it is kept");
        files.forget();
        assert!(files.fitting(&of_home, NOWHERE).unwrap().is_empty(), "folders are of another collection");
        assert!(Files::default().fitting(&md, home).is_none(), "nothing is known of any file");
    }

    #[test]
    fn of_a_path_only_what_is_told_counts_for_who_is_not_told_all_of_it() {
        let file = File::new(b"/home/ann/notes/a.md", 0, [Row(1)].into_iter());
        let files = Files::all([(DocId(1), file)].into_iter());
        let told: ToldOf<'_> = &|path| path.strip_prefix(b"/home/ann/").unwrap_or(path);
        let others = Seen { collection_of: &|_| None, told: Some(told) };
        let fits =
            |key, value: &str, seen: Seen<'_>| files.fitting(&filter(key, value), seen).unwrap().contains(Row(1));
        for _ in 0..2 {
            for (value, is_told) in [("/home/a", false), ("/home/*", false), ("ann", false), ("notes/*.md", true)] {
                assert!(fits(Key::Path, value, NOWHERE), "{value}");
                assert_eq!(fits(Key::Path, value, others), is_told, "{value}");
            }
        }
        assert!(fits(Key::Type, "md", others));
    }

    #[test]
    fn only_so_many_filters_are_kept() {
        let files = Files::all([(DocId(1), File::new(b"/a.md", 0, [Row(1)].into_iter()))].into_iter());
        for n in 0..3 * FILTERS_KEPT {
            let _ = files.fitting(&filter(Key::Path, &format!("a{n}")), NOWHERE);
        }
        assert_eq!(files.recent.lock().unwrap().len(), FILTERS_KEPT);
    }
}
