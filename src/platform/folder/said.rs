//! What is said of places that a scan leaves out.

use crate::base::finding::quoted_bytes;

/// What is said of a place that does not answer.
pub(super) fn silence(place: &[u8]) -> String {
    format!("{} does not answer and was left out; what is known of it is kept.", String::from_utf8_lossy(place))
}

/// What is said of a private place that was moved into a shared one, or to its path.
pub(super) fn moved_private(path: &[u8], place: &[u8]) -> String {
    let (name, word, place) = (String::from_utf8_lossy(path), quoted_bytes(place), String::from_utf8_lossy(place));
    format!(
        "{name} is what was watched as the private place {place}, and was left out: nothing of it is shared. Move it back, or type \
         `wattle forget {word}` to have it here like everything else that is here."
    )
}
