//! The embedder of the simulator and of tests: no model, only the words that texts share.
//!
//! Feature hashing: every word votes on a few dimensions. The votes are whole numbers, so the same text has
//! the same embedding to the last bit on every platform.

use crate::base::id::Fingerprint;
use crate::base::vector::Embedding;
use crate::embed::{EmbedError, Embedder};
use crate::limits::{CHUNK_TOKENS_MAX, DIMENSIONS};

/// Dimensions that one word votes on. With 4, two different words rarely share as much as one.
const VOTES: usize = 4;

/// Words that are counted in one text; further ones are not.
const WORDS_MAX: usize = 1 << 20;

/// An embedder that needs no files and hardly any time. Texts with words in common are close.
#[derive(Clone, Debug)]
pub struct StandIn {
    model: Fingerprint,
}

impl StandIn {
    /// A stand-in that gives its embeddings out as those of `model`.
    #[must_use]
    pub const fn new(model: Fingerprint) -> Self {
        Self { model }
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
        let mut votes = [0_i16; DIMENSIONS];
        for word in text.split_whitespace().take(CHUNK_TOKENS_MAX) {
            vote(word, &mut votes);
        }
        // A text without words, or whose votes cancel out, still has a direction.
        if votes.iter().all(|vote| *vote == 0) {
            votes[0] = 1;
        }
        Embedding::new(self.model, &votes.map(f32::from)).map_err(EmbedError::Vector)
    }
}

/// A word is what is left without case and without punctuation around it. At most `CHUNK_TOKENS_MAX` words
/// with `VOTES` votes each are far from the ends of i16.
fn vote(word: &str, votes: &mut [i16; DIMENSIONS]) {
    let letters = word.trim_matches(|c: char| !c.is_alphanumeric());
    let seed = letters
        .chars()
        .flat_map(char::to_lowercase)
        .fold(FNV_OFFSET, |hash, c| (hash ^ u64::from(c)).wrapping_mul(FNV_PRIME));
    if letters.is_empty() {
        return;
    }
    for turn in 0..VOTES as u64 {
        let draw = mixed(seed.wrapping_add(turn.wrapping_mul(GOLDEN)));
        #[expect(clippy::cast_possible_truncation, reason = "below DIMENSIONS")]
        let at = (draw % DIMENSIONS as u64) as usize;
        votes[at] += if draw >> 63 == 0 { 1 } else { -1 };
    }
}

/// The finish of splitmix64: every bit of the input moves every bit of the output.
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
    fn the_same_text_has_the_same_numbers_on_every_platform() {
        let values = embed("watt wattle woven");
        let set: Vec<_> = values.values().iter().enumerate().filter(|(_, v)| **v != 0.0).collect();
        let [once, twice] = [1.0, 2.0].map(|votes| votes / 14.0_f32.sqrt());
        let at = [0, 148, 158, 172, 217, 254, 300, 318, 340, 341, 347];
        let due = [-once, -once, -once, once, -once, -twice, once, once, once, -once, once];
        assert_eq!(set, at.into_iter().zip(&due).collect::<Vec<_>>());
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
