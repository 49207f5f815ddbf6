//! Which places a watched folder holds, and which of them it leaves out.

pub use crate::base::path::covers;
pub use crate::base::secret_file::holds_secrets;

/// Whether a place in a watched folder is hidden: a name between the two, or its own, begins with a dot.
#[must_use]
pub fn is_hidden(folder: &[u8], place: &[u8]) -> bool {
    let below = place.get(folder.len()..).filter(|_| covers(folder, place)).unwrap_or_default();
    below.split(|byte| *byte == b'/').any(|name| name.first() == Some(&b'.'))
}

/// Whether a watched folder leaves this place in it out: it is hidden, or its name is one of keys or passwords. Who names
/// such a place itself has it indexed all the same.
#[must_use]
pub fn leaves_out(folder: &[u8], place: &[u8]) -> bool {
    is_hidden(folder, place) || (folder != place && covers(folder, place) && holds_secrets(place))
}

/// Whether a file at this place counts among the files of keys that the watched folder leaves out. Those in hidden folders do
/// not: nothing there is looked at.
#[must_use]
pub fn counts_as_key_file(folder: &[u8], place: &[u8]) -> bool {
    let around = place.iter().rposition(|byte| *byte == b'/').and_then(|slash| place.get(..slash.max(1)));
    let is_below = folder != place && covers(folder, place);
    is_below && holds_secrets(place) && !around.is_some_and(|around| is_hidden(folder, around))
}

/// The deepest that holds the place: a watched folder, or one of the places in it that its owner named.
#[must_use]
pub fn holder<'a>(folder: &'a [u8], named: &'a [Vec<u8>], place: &[u8]) -> &'a [u8] {
    let holding = named.iter().map(Vec::as_slice).filter(|named| covers(named, place));
    holding.max_by_key(|named| named.len()).unwrap_or(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_places_and_files_of_keys_are_left_out_unless_they_are_named() {
        for (folder, place, out) in [
            ("/a", "/a/b.md", false),
            ("/a", "/a/.b/c.md", true),
            ("/a", "/a/server.pem", true),
            ("/a/.b", "/a/.b/c.md", false),
            ("/a/server.pem", "/a/server.pem", false),
            ("/.a", "/.a", false),
            ("/", "/.a", true),
            ("/", "/a/b.md", false),
            ("/a/", "/a/.b", true),
            ("/a/", "/a", false),
            ("/a", "/b/.c", false),
            ("/a", "/ab/.c", false),
        ] {
            assert_eq!(leaves_out(folder.as_bytes(), place.as_bytes()), out, "{place} in {folder}");
        }
        for (place, counts) in [
            ("/a/server.pem", true),
            ("/a/b/.env", true),
            ("/a/.b/server.pem", false),
            ("/a/notes.md", false),
            ("/a", false),
            ("/b/server.pem", false),
        ] {
            assert_eq!(counts_as_key_file(b"/a", place.as_bytes()), counts, "{place}");
        }
        assert!(!counts_as_key_file(b"/a/server.pem", b"/a/server.pem") && counts_as_key_file(b"/", b"/.env"));
        let named = [b"/a/.b/c".to_vec(), b"/a/server.pem".to_vec()];
        let left_out = |place: &str| leaves_out(holder(b"/a", &named, place.as_bytes()), place.as_bytes());
        assert!(!left_out("/a/server.pem") && !left_out("/a/.b/c/d.md") && !left_out("/a/e.md"));
        assert!(left_out("/a/.b") && left_out("/a/.b/d.md") && left_out("/a/.b/c/.d") && left_out("/a/other.pem"));
    }
}
