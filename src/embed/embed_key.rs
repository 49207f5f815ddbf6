//! The text that the model reads of a chunk or a question, and the embed key under which the chunk's vector is stored.

use super::model::length_prefixed;
use super::pre_tokenizer::is_space;
use crate::base::id::{EmbedKey, Fingerprint};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// The text as the model reads it: in NFKC, so that ligatures, full-width forms and superscripts are the letters that the
/// vocabulary has. Everything else that looks alike (accents, case, soft hyphens) is alike to the tokenizer.
#[must_use]
pub fn canonical(text: &str) -> Cow<'_, str> {
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.nfkc().collect())
}

/// The text that the model reads for a chunk, canonical: its heading path (outermost first, joined with `" > "`), a
/// newline, its text. The text alone when the heading is empty.
#[must_use]
pub fn prefixed(heading: &str, text: &str) -> String {
    let text = canonical(text);
    if heading.is_empty() { text.into_owned() } else { format!("{}\n{text}", canonical(heading)) }
}

/// The key of a chunk's vector: the first 16 bytes of SHA-256 over the fingerprint, the heading after its length (u64,
/// little-endian), and the text. Both are hashed in NFKC, as the model reads them; the text with single spaces for its
/// whitespace, a difference that the tokenizer does not see either: a re-wrapped paragraph keeps its vector.
#[must_use]
pub fn key(model: &Fingerprint, heading: &str, text: &str) -> EmbedKey {
    let text = canonical(text);
    let spaced = text.split(is_space).filter(|word| !word.is_empty()).flat_map(|word| [" ", word]);
    // Words that are NFKC each are so together: a space composes with nothing.
    let normalized: String = spaced.skip(1).collect();
    let mut hash = Sha256::new();
    hash.update(model.0);
    length_prefixed(&mut hash, canonical(heading).as_bytes());
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
    fn the_model_reads_ligatures_and_full_width_forms_as_letters() {
        assert_eq!(prefixed("\u{FF28}eat", "o\u{FB03}ce 5\u{A0}m\u{B2}"), "Heat\noffice 5 m2");
        let model = Fingerprint([1; 32]);
        assert_eq!(key(&model, "\u{FF28}eat", "o\u{FB03}ce\u{A0}\u{B2}"), key(&model, "Heat", "office 2"));
        assert!(matches!(canonical("Gr\u{FC}\u{DF}e \u{4E16}\u{754C}"), Cow::Borrowed(_)));
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
