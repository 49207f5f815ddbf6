//! Folders that lie too deep to be followed, by the source that they are in.

use crate::base::finding::{Area, Finding};
use crate::limits::{DEEP_MAX, FOLDER_DEPTH_MAX};
use crate::scheduler::path::covers;
use crate::scheduler::task::Scan;
use std::collections::BTreeSet;

/// The part of a source that a step of a scan looked at: from behind the first path to the second, within the scope.
pub(in crate::platform) type Looked = (Vec<u8>, Option<Vec<u8>>, Option<Vec<u8>>);

/// The part that a step looked at, which ended at `upto`.
pub(in crate::platform) fn looked_in(scan: &Scan, upto: Option<&Vec<u8>>) -> Looked {
    (scan.scope.clone(), scan.after.clone(), upto.cloned())
}

/// The folders of one source.
#[derive(Debug, Default)]
pub(super) struct DeepFolders(BTreeSet<Vec<u8>>);

impl DeepFolders {
    /// A step looked at this part, and found these.
    pub(super) fn replace(&mut self, (scope, after, upto): &Looked, found: Vec<Vec<u8>>) {
        let looked = |path: &[u8]| {
            covers(scope, path)
                && after.as_deref().is_none_or(|after| path > after)
                && upto.as_deref().is_none_or(|upto| path <= upto)
        };
        self.0.retain(|path| !looked(path));
        self.0.extend(found);
        while self.0.len() > DEEP_MAX {
            self.0.pop_last();
        }
    }

    /// The finding about them; `None` without any.
    pub(super) fn finding(&self, source: &[u8]) -> Option<Finding> {
        let name = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        let (first, source) = (name(self.0.first()?), name(source));
        let count = match self.0.len() {
            1 => "One folder".to_owned(),
            DEEP_MAX => format!("{DEEP_MAX} folders or more"),
            count => format!("{count} folders"),
        };
        let what = format!(
            "{count} in {source}, {first} for example, lie more than {FOLDER_DEPTH_MAX} folders deep: new files in them are not \
             indexed. Move them up, so that fewer folders are around them."
        );
        let what = if self.0.len() == 1 {
            format!(
                "{first} lies more than {FOLDER_DEPTH_MAX} folders deep in {source}: new files in it are not indexed. Move it \
                 up, so that fewer folders are around it."
            )
        } else {
            what
        };
        Some(Finding { area: Area::Folders, what, command: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_replaces_what_was_known_of_its_part_only() {
        let mut deep = DeepFolders::default();
        let part = |scope: &str, after: Option<&str>, upto: Option<&str>| {
            let bytes = |path: &str| path.as_bytes().to_vec();
            (bytes(scope), after.map(bytes), upto.map(bytes))
        };
        assert!(deep.finding(b"/a").is_none());
        deep.replace(&part("/a", None, None), vec![b"/a/x".to_vec(), b"/a/y".to_vec()]);
        deep.replace(&part("/a", None, Some("/a/w")), Vec::new());
        deep.replace(&part("/a/other", None, None), Vec::new());
        let found = deep.finding(b"/a").unwrap().what;
        assert!(found.starts_with("2 folders in /a, /a/x for example, lie more than 64 folders deep"), "{found}");
        deep.replace(&part("/a", Some("/a/x"), None), Vec::new());
        assert!(deep.finding(b"/a").unwrap().what.starts_with("/a/x lies more than 64"));
        deep.replace(&part("/a", None, None), Vec::new());
        assert!(deep.finding(b"/a").is_none());
        deep.replace(&part("/a", None, None), (0..100).map(|n| format!("/a/{n:03}").into_bytes()).collect());
        assert!(deep.finding(b"/a").unwrap().what.starts_with("16 folders or more in /a, /a/000"));
    }
}
