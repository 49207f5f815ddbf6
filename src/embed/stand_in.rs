//! The embedder of the simulator and of tests. It has no model: texts that share words have similar embeddings.
//!
//! It uses feature hashing (Weinberger et al., "Feature Hashing for Large Scale Multitask Learning", 2009): every word
//! adds or subtracts 1 in a few dimensions. Sums of integers are the same to the last bit on every platform.

use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::{EmbedError, Embedder};
use crate::limits::{CHUNK_TOKENS_MAX, DIMENSIONS};

/// Dimensions that one word changes. With 4, two different words rarely have even one in common.
const DIMENSIONS_PER_WORD: usize = 4;

/// The most words that are counted in one text.
const WORDS_MAX: usize = 1 << 20;

/// An embedder without files that takes hardly any time.
#[derive(Clone, Debug)]
pub struct StandIn {
    model: Fingerprint,
    /// What each number of an embedding is multiplied by.
    sign: f32,
}

impl StandIn {
    /// A stand-in whose embeddings claim to be of `model`.
    #[must_use]
    pub const fn new(model: Fingerprint) -> Self {
        Self { model, sign: 1.0 }
    }

    /// One of another space: the embedding of each text is the opposite of `new`'s.
    #[must_use]
    pub const fn turned(model: Fingerprint) -> Self {
        Self { model, sign: -1.0 }
    }
}

impl Embedder for StandIn {
    fn model(&self) -> Fingerprint {
        self.model
    }

    /// The words between whitespace, at most `WORDS_MAX`.
    fn tokens(&self, text: &str) -> usize {
        text.split_whitespace().take(WORDS_MAX).count()
    }

    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
        let mut sums = [0_i16; DIMENSIONS];
        for word in text.split_whitespace().take(CHUNK_TOKENS_MAX) {
            add_word(word, &mut sums);
        }
        // A text without words, or whose sums cancel out, still needs a direction.
        if sums.iter().all(|sum| *sum == 0) {
            sums[0] = 1;
        }
        Embedding::new(self.model, &sums.map(|sum| self.sign * f32::from(sum))).map_err(EmbedError::Vector)
    }
}

/// Adds one word, in lower case and without the punctuation around it. `CHUNK_TOKENS_MAX` words cannot overflow an i16.
fn add_word(word: &str, sums: &mut [i16; DIMENSIONS]) {
    let letters = word.trim_matches(|c: char| !c.is_alphanumeric());
    let seed = letters
        .chars()
        .flat_map(char::to_lowercase)
        .fold(FNV_OFFSET, |hash, c| (hash ^ u64::from(c)).wrapping_mul(FNV_PRIME));
    if letters.is_empty() {
        return;
    }
    for turn in 0..DIMENSIONS_PER_WORD as u64 {
        let hash = mixed(seed.wrapping_add(turn.wrapping_mul(GOLDEN)));
        #[expect(clippy::cast_possible_truncation, reason = "below DIMENSIONS")]
        let at = (hash % DIMENSIONS as u64) as usize;
        sums[at] += if hash >> 63 == 0 { 1 } else { -1 };
    }
}

/// The finalizer of splitmix64: every bit of the input changes every bit of the output.
const fn mixed(seed: u64) -> u64 {
    let x = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    fn embed(text: &str) -> Embedding {
        StandIn::new(Fingerprint([5; 32])).embed(text).unwrap()
    }

    #[test]
    fn texts_that_share_words_are_closer() {
        let question = embed("How do I mend the garden fence?");
        let near = embed("To mend a fence, the posts of the garden come first.");
        let far = embed("Boil pasta until soft; add salt.");
        assert!(question.cosine(&near).unwrap() > question.cosine(&far).unwrap() + 0.2);
        assert!(embed("The FENCE.").cosine(&embed("the fence")).unwrap() > 0.999);
    }

    #[test]
    fn the_same_text_has_the_same_values_on_every_platform() {
        let values = embed("watt wattle woven");
        let set: Vec<_> = values.values().iter().enumerate().filter(|(_, v)| **v != 0.0).collect();
        let [once, twice] = [1.0, 2.0].map(|sum| sum / 14.0_f32.sqrt());
        let at = [0, 148, 158, 172, 217, 254, 300, 318, 340, 341, 347];
        let expected = [-once, -once, -once, once, -once, -twice, once, once, once, -once, once];
        assert_eq!(set, at.into_iter().zip(&expected).collect::<Vec<_>>());
    }

    #[test]
    fn a_text_without_words_has_an_embedding_too() {
        for text in ["", " \n", "?! …"] {
            assert_eq!(embed(text).values()[0].to_bits(), 1.0_f32.to_bits());
        }
    }

    #[test]
    fn words_are_counted_between_whitespace() {
        let stand_in = StandIn::new(Fingerprint([5; 32]));
        assert_eq!(stand_in.tokens("  a b-c\nd "), 3);
        assert_eq!(stand_in.tokens(""), 0);
    }

    #[test]
    fn words_beyond_the_limit_change_nothing() {
        let full = "post ".repeat(CHUNK_TOKENS_MAX);
        assert_eq!(embed(&full), embed(&format!("{full} rail")));
    }
}
