//! Paths as bytes, compared without the file system.

/// Whether `path` is `scope` or is below it. A scope may be the root, or end in a slash.
#[must_use]
pub fn covers(scope: &[u8], path: &[u8]) -> bool {
    let scope = scope.strip_suffix(b"/").unwrap_or(scope);
    path.strip_prefix(scope).is_some_and(|rest| rest.first().is_none_or(|first| *first == b'/'))
}

/// What the paths of everything below a folder begin with: its path with one slash at the end, also for the root.
#[must_use]
pub fn prefix(folder: &[u8]) -> Vec<u8> {
    [folder.strip_suffix(b"/").unwrap_or(folder), b"/"].concat()
}

/// The folder around a place; the root is its own.
#[must_use]
pub fn parent(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    &path[..slash.max(1).min(path.len())]
}

/// The path of a name in a folder.
#[must_use]
pub fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    [&prefix(folder), name].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_with_the_same_beginning_is_not_below() {
        for (scope, path, below) in [
            ("/a", "/a", true),
            ("/a", "/a/b", true),
            ("/a/", "/a/b", true),
            ("/a/", "/a", true),
            ("/", "/x", true),
            ("/", "/x/y", true),
            ("/", "/", true),
            ("/a", "/ab", false),
            ("/a/", "/ab", false),
            ("/a/b", "/a", false),
            ("/a", "/", false),
        ] {
            assert_eq!(covers(scope.as_bytes(), path.as_bytes()), below, "{path} in {scope}");
        }
    }

    #[test]
    fn below_the_root_a_path_begins_with_one_slash() {
        for (folder, path) in [("/", "/x"), ("/a", "/a/x"), ("/a/", "/a/x")] {
            assert_eq!(join(folder.as_bytes(), b"x"), path.as_bytes());
        }
        assert_eq!((prefix(b"/"), prefix(b"/a")), (b"/".to_vec(), b"/a/".to_vec()));
    }
}
