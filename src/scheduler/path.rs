//! Paths as bytes, compared without the file system.

/// Whether `path` is `scope` or is below it.
#[must_use]
pub fn covers(scope: &[u8], path: &[u8]) -> bool {
    path.strip_prefix(scope).is_some_and(|rest| rest.is_empty() || rest[0] == b'/' || scope == b"/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_neighbour_with_the_same_beginning_is_not_below() {
        assert!(covers(b"/a", b"/a") && covers(b"/a", b"/a/b") && covers(b"/", b"/x"));
        assert!(!covers(b"/a", b"/ab"));
    }
}
