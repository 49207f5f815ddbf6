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

/// A path as people are shown it: the name of the watched folder that it lies in, and the path inside. As many folders around stand before
/// the name as tell it from the names of the other watched folders. Of a path that lies in none its last name.
#[must_use]
pub fn shown<'a, 'b>(path: &'a [u8], watched: impl Iterator<Item = &'b [u8]> + Clone) -> &'a [u8] {
    let after = |slash: usize| path.get(slash + 1..).unwrap_or(path);
    let Some(own) = watched.clone().filter(|folder| covers(folder, path)).max_by_key(|folder| folder.len()) else {
        return path.iter().rposition(|byte| *byte == b'/').map_or(path, after);
    };
    let bare = own.strip_suffix(b"/").unwrap_or(own);
    let is_own = move |at: &usize| {
        let name = bare.get(*at..).unwrap_or_default();
        !watched.clone().any(|other| other != own && other.ends_with(name))
    };
    let mut slashes = bare.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
    after(slashes.find(is_own).unwrap_or(0))
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
    fn a_path_is_shown_from_the_name_of_its_watched_folder_on_and_never_from_the_root() {
        let shown = |path: &str, watched: &[&str]| {
            String::from_utf8(super::shown(path.as_bytes(), watched.iter().map(|one| one.as_bytes())).to_vec()).unwrap()
        };
        let notes = "/home/ann/Documents/notes";
        let cases: [(&str, &[&str], &str); 10] = [
            ("/home/ann/Documents/notes/a.md", &[notes], "notes/a.md"),
            ("/home/ann/Documents/notes/x/a.md", &[notes, "/srv/films"], "notes/x/a.md"),
            // The deepest of those around it.
            ("/home/ann/Documents/notes/a.md", &["/home/ann", notes], "notes/a.md"),
            // Two of one name are told apart, as far as it takes.
            ("/home/ann/notes/a.md", &["/home/ann/notes", "/home/bob/notes"], "ann/notes/a.md"),
            ("/notes/a.md", &["/notes", "/home/bob/notes"], "notes/a.md"),
            ("/home/bob/notes/a.md", &["/notes", "/home/bob/notes"], "bob/notes/a.md"),
            ("/home/ann/letter.md", &["/home/ann/letter.md"], "letter.md"),
            ("/etc/a.md", &["/"], "etc/a.md"),
            ("/home/ann/notes2/a.md", &["/home/ann/notes"], "a.md"),
            ("/home/ann/a.md", &[], "a.md"),
        ];
        for (path, watched, text) in cases {
            assert_eq!(shown(path, watched), text, "{path} in {watched:?}");
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
