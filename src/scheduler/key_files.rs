//! The files of keys and passwords that the looks at each source left out.
//!
//! A look at a part of a source changes what is known of that part, so that the count is right as soon as such a file comes or
//! goes. Up to `KEY_FILES_MAX` of a source are known by their paths, and people are told those; further ones are counted.

use super::path::{covers, holds_secrets};
use crate::limits::KEY_FILES_MAX;
use std::collections::{BTreeMap, BTreeSet};

/// Why a place is away that became the home of another agent, as the end of a sentence.
pub const AGENT_HOME: &str = "it has become the home of another agent, with its keys, and nothing of that is read (give that agent another \
                              folder with --home, and take its files out of this one)";

/// Files of keys and passwords that were left out, and the homes of other agents, which end in a slash here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyFiles {
    paths: BTreeSet<Vec<u8>>,
    /// How many more there are.
    more: u64,
}

impl KeyFiles {
    /// Adds one. A path that is known already counts once.
    pub fn add(&mut self, path: Vec<u8>) {
        if self.paths.len() < KEY_FILES_MAX {
            self.paths.insert(path);
        } else if !self.paths.contains(&path) {
            self.more += 1;
        }
    }

    /// Adds the home of another agent: a folder of keys.
    pub fn add_home(&mut self, mut path: Vec<u8>) {
        path.push(b'/');
        self.add(path);
    }

    /// Whether this folder is the home of another agent, and was left out.
    #[must_use]
    pub fn has_home(&self, folder: &[u8]) -> bool {
        self.paths.contains(&[folder, b"/"].concat())
    }

    /// Adds those of another step or part.
    pub fn extend(&mut self, other: Self) {
        self.more += other.more;
        other.paths.into_iter().for_each(|path| self.add(path));
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.paths.len() as u64 + self.more
    }

    /// The paths that are known, in their order.
    pub fn paths(&self) -> impl Iterator<Item = &[u8]> {
        self.paths.iter().map(Vec::as_slice)
    }
}

/// What the looks at all sources left out.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// What the steps of the scan under way found together.
    pass: KeyFiles,
    sources: BTreeMap<Vec<u8>, KeyFiles>,
}

impl LeftOut {
    pub(super) const fn new() -> Self {
        Self { pass: KeyFiles { paths: BTreeSet::new(), more: 0 }, sources: BTreeMap::new() }
    }

    /// Adds a step of the scan under way.
    pub(super) fn add(&mut self, found: KeyFiles) {
        self.pass.extend(found);
    }

    /// The scan of a source, or of the part of it at `scope`, is over. False if only a look at all of it can tell how many
    /// there are now: of more files than are known by their paths, one came or went.
    pub(super) fn end(&mut self, source: &[u8], scope: &[u8]) -> bool {
        let found = std::mem::take(&mut self.pass);
        let known = self.sources.entry(source.to_vec()).or_default();
        if source == scope {
            *known = found;
            return true;
        }
        let are_counted_only = known.more > 0 && (found.count() > 0 || holds_secrets(scope));
        if !are_counted_only {
            known.paths.retain(|path| !covers(scope, path));
            known.extend(found);
        }
        !are_counted_only
    }

    /// The scan under way ended without a result.
    pub(super) fn cancel(&mut self) {
        self.pass = KeyFiles::default();
    }

    /// The source is watched no more.
    pub(super) fn forget(&mut self, source: &[u8]) {
        self.sources.remove(source);
    }

    /// What was left out of this source: how many files, and the first `most` of the paths that are known. `named` are the
    /// sources: a file that is one of its own is not left out. A status asks for this after every task, so nothing is copied but
    /// what is shown.
    pub(super) fn of<'a>(
        &self,
        source: &[u8],
        named: impl Iterator<Item = &'a [u8]>,
        most: usize,
    ) -> (u64, Vec<Vec<u8>>) {
        let Some(found) = self.sources.get(source) else { return (0, Vec::new()) };
        let named: BTreeSet<&[u8]> = named.filter(|path| found.paths.contains(*path)).collect();
        let shown = found.paths().filter(|path| !named.contains(path) && !is_home(path)).take(most);
        let homes = found.paths().filter(|path| is_home(path)).count() as u64;
        (found.count() - named.len() as u64 - homes, shown.map(<[u8]>::to_vec).collect())
    }

    /// The homes of other agents that were left out of this source.
    pub(super) fn homes(&self, source: &[u8]) -> Vec<Vec<u8>> {
        let found = self.sources.get(source).into_iter().flat_map(KeyFiles::paths);
        found.filter_map(|path| path.strip_suffix(b"/")).map(<[u8]>::to_vec).collect()
    }

    /// Whether this place is one of those of any source.
    pub(super) fn is_home(&self, place: &[u8]) -> bool {
        self.sources.values().any(|found| found.has_home(place))
    }

    /// The files of all sources, as far as they are known by their paths, that are `asked` for; at most `most`.
    pub(super) fn asked(&self, asked: impl Fn(&[u8]) -> bool, most: usize) -> Vec<Vec<u8>> {
        let found = self.sources.values().flat_map(KeyFiles::paths);
        let found: BTreeSet<&[u8]> = found.filter(|path| !is_home(path) && asked(path)).take(most).collect();
        found.into_iter().map(<[u8]>::to_vec).collect()
    }
}

/// Whether this is the home of an agent, and no file.
fn is_home(path: &[u8]) -> bool {
    path.ends_with(b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> KeyFiles {
        let mut files = KeyFiles::default();
        paths.iter().for_each(|path| files.add(path.as_bytes().to_vec()));
        files
    }

    fn scan(left_out: &mut LeftOut, scope: &str, found: &[&str]) -> bool {
        left_out.add(files(found));
        left_out.end(b"/a", scope.as_bytes())
    }

    #[test]
    fn homes_are_told_apart_from_files_and_files_are_found_by_what_is_asked_for() {
        let mut left_out = LeftOut::new();
        let mut found = files(&["/a/1.pem", "/a/b/2.key"]);
        found.add_home(b"/a/w".to_vec());
        left_out.add(found);
        assert!(left_out.end(b"/a", b"/a"));
        assert_eq!(left_out.of(b"/a", [].into_iter(), 9), (2, vec![b"/a/1.pem".to_vec(), b"/a/b/2.key".to_vec()]));
        assert_eq!((left_out.homes(b"/a"), left_out.homes(b"/b")), (vec![b"/a/w".to_vec()], Vec::new()));
        assert!(left_out.is_home(b"/a/w") && !left_out.is_home(b"/a") && !left_out.is_home(b"/a/1.pem"));
        assert_eq!(left_out.asked(|path| path.ends_with(b"2.key"), 9), [b"/a/b/2.key".to_vec()]);
        assert_eq!(left_out.asked(|_| true, 1).len(), 1);
        assert!(scan(&mut left_out, "/a/w", &[]), "it is gone");
        assert!(left_out.homes(b"/a").is_empty());
    }

    #[test]
    fn the_files_left_out_follow_each_look_at_a_part() {
        let mut left_out = LeftOut::new();
        assert!(scan(&mut left_out, "/a", &["/a/1.pem", "/a/b/2.key", "/a/bc.key"]));
        let known = |left_out: &LeftOut| left_out.of(b"/a", [&b"/a/named.pem"[..], b"/b/other.pem"].into_iter(), 9);
        assert_eq!(known(&left_out).0, 3);
        assert!(scan(&mut left_out, "/a/1.pem", &[]), "one is gone");
        assert!(scan(&mut left_out, "/a/b", &["/a/b/2.key", "/a/b/3.key"]), "one came");
        assert!(scan(&mut left_out, "/a/notes.md", &[]));
        let paths = ["/a/b/2.key", "/a/b/3.key", "/a/bc.key"].map(|path| path.as_bytes().to_vec());
        assert_eq!(known(&left_out), (3, paths.to_vec()));
        assert_eq!(
            left_out.of(b"/a", [].into_iter(), 2),
            (3, paths[..2].to_vec()),
            "all are counted, the first are shown"
        );
        assert!(scan(&mut left_out, "/a/named.pem", &["/a/named.pem"]));
        assert_eq!(known(&left_out), (3, paths.to_vec()), "what is named by itself is not left out");
        left_out.forget(b"/a");
        assert_eq!(known(&left_out).0, 0);
    }

    #[test]
    fn of_more_files_than_are_known_by_their_paths_a_change_asks_for_a_look_at_all() {
        let paths: Vec<String> = (0..KEY_FILES_MAX + 7).map(|n| format!("/a/{n}.pem")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let mut left_out = LeftOut::new();
        assert!(scan(&mut left_out, "/a", &paths));
        let known = |left_out: &LeftOut| left_out.of(b"/a", [].into_iter(), usize::MAX);
        let (count, shown) = known(&left_out);
        assert_eq!((count, shown.len()), (paths.len() as u64, KEY_FILES_MAX));
        assert!(scan(&mut left_out, "/a/notes.md", &[]), "no file of keys");
        assert!(!scan(&mut left_out, "/a/0.pem", &[]));
        left_out.add(files(&paths[..9]));
        left_out.cancel();
        assert!(scan(&mut left_out, "/a", &paths[1..3]));
        assert_eq!(known(&left_out).0, 2);
    }
}
