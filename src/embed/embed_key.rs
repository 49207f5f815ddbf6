//! The text that the model reads of a chunk, and the embed key under which the chunk's vector is stored.

use super::model::length_prefixed;
use super::pre_tokenizer::is_space;
use crate::base::id::{EmbedKey, Fingerprint};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// The text that the model reads for a chunk: its heading path (outermost first, joined with `" > "`), a
/// newline, its text. The text alone when the heading is empty.
#[must_use]
pub fn prefixed(heading: &str, text: &str) -> String {
    if heading.is_empty() { text.to_owned() } else { format!("{heading}\n{text}") }
}

/// The key of a chunk's vector: the first 16 bytes of SHA-256 over the fingerprint, the heading after its length (u64,
/// little-endian), and the text. The text is hashed in NFC and with single spaces for its whitespace, a difference that
/// the tokenizer does not see either: a re-wrapped paragraph keeps its vector.
#[must_use]
pub fn key(model: &Fingerprint, heading: &str, text: &str) -> EmbedKey {
    let spaced = text.split(is_space).filter(|word| !word.is_empty()).flat_map(|word| [" ", word]);
    let normalized: String = spaced.skip(1).flat_map(str::chars).nfc().collect();
    let mut hash = Sha256::new();
    hash.update(model.0);
    length_prefixed(&mut hash, heading.as_bytes());
    hash.update(normalized.as_bytes());
    let mut key = [0; 16];
    key.copy_from_slice(&hash.finalize()[..16]);
    EmbedKey(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_re_wrapped_or_recomposed_text_keeps_its_key() {
        let model = Fingerprint([1; 32]);
        let plain = key(&model, "A > B", "caf\u{e9} au lait");
        assert_eq!(key(&model, "A > B", "  cafe\u{301}\r\n\tau\u{3000}lait\n"), plain);
        assert_ne!(key(&model, "A", "caf\u{e9} au lait"), plain);
        assert_ne!(key(&Fingerprint([2; 32]), "A > B", "caf\u{e9} au lait"), plain);
        assert_ne!(key(&model, "A > B", "caf\u{e9}\u{b}au lait"), plain, "the tokenizer sees no space there");
    }

    #[test]
    fn heading_and_text_cannot_be_moved_into_each_other() {
        let model = Fingerprint([1; 32]);
        assert_ne!(key(&model, "a", "b c"), key(&model, "a b", "c"));
        assert_ne!(key(&model, "", "ab"), key(&model, "a", "b"));
    }

    #[test]
    fn a_chunk_without_a_heading_has_no_prefix() {
        assert_eq!(prefixed("Fence > Posts", "Dig."), "Fence > Posts\nDig.");
        assert_eq!(prefixed("", "Dig."), "Dig.");
    }
}
