//! The endings of files' names, by which formats are told that look alike.

/// The part of the name after its last dot, if there is one.
pub(super) fn ending(path_hint: &str) -> Option<&str> {
    let name = path_hint.rsplit(['/', '\\']).next().unwrap_or(path_hint);
    name.rsplit_once('.').map(|(_, ending)| ending)
}

/// The same in small letters; empty if there is none.
pub(super) fn small_ending(path_hint: &str) -> String {
    ending(path_hint).unwrap_or_default().to_ascii_lowercase()
}

/// Whether a name ends in one of these.
pub(super) fn has_ending(path_hint: &str, known: &[&str]) -> bool {
    let end = small_ending(path_hint);
    known.contains(&end.as_str())
}
