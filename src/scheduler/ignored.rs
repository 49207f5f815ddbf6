//! The files and folders that patterns of `.gitignore` and `.wattleignore` left out of each source, so that people can be told why
//! something is not found.
//!
//! Up to `IGNORED_KNOWN_MAX` of a source are known by their paths. What lies in a folder that is left out was not looked at, and is
//! not known.

use super::path::covers;
use crate::limits::IGNORED_KNOWN_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// What the looks at all sources left out.
#[derive(Debug, Default)]
pub(super) struct Ignored {
    /// What the steps of the scan under way found together.
    pass: BTreeSet<Vec<u8>>,
    sources: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
}

impl Ignored {
    pub(super) const fn new() -> Self {
        Self { pass: BTreeSet::new(), sources: BTreeMap::new() }
    }

    /// Adds a step of the scan under way.
    pub(super) fn add(&mut self, found: Vec<Vec<u8>>) {
        add(&mut self.pass, found);
    }

    /// The scan of a source, or of the part of it at `scope`, is over.
    pub(super) fn end(&mut self, source: &[u8], scope: &[u8]) {
        let found = std::mem::take(&mut self.pass);
        let known = self.sources.entry(source.to_vec()).or_default();
        known.retain(|path| !covers(scope, path));
        add(known, found);
        if known.is_empty() {
            self.sources.remove(source);
        }
    }

    /// The scan under way ended without a result.
    pub(super) fn cancel(&mut self) {
        self.pass.clear();
    }

    /// The source is watched no more.
    pub(super) fn forget(&mut self, source: &[u8]) {
        self.sources.remove(source);
    }

    /// How many are known of a source, and the first of them; those that are watched by themselves are left out of nothing.
    pub(super) fn of(&self, source: &[u8], is_watched: impl Fn(&[u8]) -> bool, most: usize) -> (u64, Vec<Vec<u8>>) {
        let known = self.sources.get(source).into_iter().flatten().filter(|path| !is_watched(path));
        (known.clone().count() as u64, known.take(most).cloned().collect())
    }

    /// Those of all sources that are `asked` for; at most `most`.
    pub(super) fn asked(&self, asked: impl Fn(&[u8]) -> bool, most: usize) -> Vec<Vec<u8>> {
        let known: BTreeSet<&Vec<u8>> = self.sources.values().flatten().filter(|path| asked(path)).take(most).collect();
        known.into_iter().cloned().collect()
    }
}

fn add(known: &mut BTreeSet<Vec<u8>>, found: impl IntoIterator<Item = Vec<u8>>) {
    let room = IGNORED_KNOWN_MAX.saturating_sub(known.len());
    known.extend(found.into_iter().take(room));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(paths: &[&str]) -> Vec<Vec<u8>> {
        paths.iter().map(|path| path.as_bytes().to_vec()).collect()
    }

    #[test]
    fn each_look_at_a_part_changes_what_is_known_of_that_part() {
        let mut ignored = Ignored::new();
        ignored.add(paths(&["/a/build", "/a/b/x.log"]));
        ignored.add(paths(&["/a/z.log"]));
        ignored.end(b"/a", b"/a");
        assert_eq!(ignored.of(b"/a", |_| false, 2), (3, paths(&["/a/b/x.log", "/a/build"])));
        ignored.add(paths(&["/a/b/y.log"]));
        ignored.end(b"/a", b"/a/b");
        assert_eq!(ignored.of(b"/a", |_| false, 9).1, paths(&["/a/b/y.log", "/a/build", "/a/z.log"]));
        ignored.add(paths(&["/a/b/n.log"]));
        ignored.cancel();
        ignored.end(b"/a", b"/a/z.log");
        assert_eq!(ignored.of(b"/a", |_| false, 9).1, paths(&["/a/b/y.log", "/a/build"]));
        assert_eq!(ignored.asked(|path| path.ends_with(b"y.log"), 9), paths(&["/a/b/y.log"]));
        ignored.forget(b"/a");
        assert_eq!((ignored.of(b"/a", |_| false, 9), ignored.asked(|_| true, 9)), ((0, Vec::new()), Vec::new()));
    }

    #[test]
    fn what_is_watched_by_itself_is_not_told_as_left_out() {
        let mut ignored = Ignored::new();
        ignored.add(paths(&["/a/build", "/a/x.log"]));
        ignored.end(b"/a", b"/a");
        assert_eq!(ignored.of(b"/a", |path| path == b"/a/build", 9), (1, paths(&["/a/x.log"])));
    }

    #[test]
    fn no_more_are_known_than_the_cap() {
        let mut ignored = Ignored::new();
        let many: Vec<String> = (0..IGNORED_KNOWN_MAX + 9).map(|n| format!("/a/{n}.log")).collect();
        ignored.add(paths(&many.iter().map(String::as_str).collect::<Vec<_>>()));
        ignored.end(b"/a", b"/a");
        assert_eq!(ignored.of(b"/a", |_| false, 1).0, IGNORED_KNOWN_MAX as u64);
    }
}
