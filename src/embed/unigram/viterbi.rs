//! The best path over the pieces of one word, which comes character by character.
//!
//! Viterbi, "Error bounds for convolutional codes", 1967, over the bytes of the word: for each place, the best way to get
//! there. Ways are compared as the reference does it: in f64, from the front, and of equal ones the first that was found
//! holds, which is the one with the longest last piece.
//!
//! A word has no greatest length: a text without spaces is one. So that its memory has, what all ways that may still be
//! the best have in common is given out once the word is longer than the window. If they have nothing in common for four
//! windows, which no known text does, the best way so far is taken.

use super::pieces::{Pieces, UNKNOWN};
use crate::limits::WORD_WINDOW_BYTES;
use std::collections::BTreeSet;

/// Where no way ends yet.
const NOWHERE: End = End { score: f64::NEG_INFINITY, from: u32::MAX, id: UNKNOWN };
/// Where the word begins.
const FRONT: End = End { score: 0.0, from: u32::MAX, id: UNKNOWN };

/// The best way to a place in the word.
#[derive(Clone, Copy, Debug)]
struct End {
    score: f64,
    /// Where its last piece begins.
    from: u32,
    id: u32,
}

/// The word and the ways through it.
#[derive(Clone, Debug)]
pub(super) struct Viterbi {
    /// UTF-8 of what is not given out.
    word: Vec<u8>,
    /// For each place of it, also the end.
    ends: Vec<End>,
    /// The first place from which no piece was tried.
    at: usize,
    /// The length at which something is given out.
    full: usize,
    /// The tokens of a way, the last first.
    ids: Vec<u32>,
    /// Whether the last token given out is the unknown one: neighbours are one token.
    is_after_unknown: bool,
}

impl Default for Viterbi {
    fn default() -> Self {
        let (word, ends, ids) = (Vec::new(), vec![FRONT], Vec::new());
        Self { word, ends, at: 0, full: WORD_WINDOW_BYTES, ids, is_after_unknown: false }
    }
}

impl Viterbi {
    /// Begins a word with this character.
    pub(super) fn begin(&mut self, first: char) {
        self.word.clear();
        self.ends.clear();
        self.ends.push(FRONT);
        (self.at, self.full, self.is_after_unknown) = (0, WORD_WINDOW_BYTES, false);
        self.add(first);
    }

    /// Adds a character. False if `sink` wants no more tokens.
    pub(super) fn push(&mut self, c: char, pieces: &Pieces, sink: &mut dyn FnMut(u32) -> bool) -> bool {
        self.add(c);
        if self.word.len() < self.full {
            return true;
        }
        self.try_until(pieces, self.word.len().saturating_sub(pieces.longest()));
        let common = self.common(pieces.longest());
        let wanted = if common > 0 {
            let wanted = self.give(common, sink);
            self.drop_before(common);
            wanted
        } else if self.word.len() >= 4 * WORD_WINDOW_BYTES {
            let (at, wanted) = (self.at, self.give(self.at, sink));
            self.drop_before(at);
            self.ends.fill(NOWHERE);
            self.ends.iter_mut().take(1).for_each(|front| *front = FRONT);
            wanted
        } else {
            true
        };
        self.full = self.word.len() + WORD_WINDOW_BYTES;
        wanted
    }

    /// Ends the word and passes its tokens to `sink`. False if that wants no more.
    pub(super) fn end(&mut self, pieces: &Pieces, sink: &mut dyn FnMut(u32) -> bool) -> bool {
        self.try_until(pieces, self.word.len());
        self.give(self.word.len(), sink)
    }

    fn add(&mut self, c: char) {
        let mut utf8 = [0; 4];
        self.word.extend_from_slice(c.encode_utf8(&mut utf8).as_bytes());
        self.ends.resize(self.word.len() + 1, NOWHERE);
    }

    /// Tries all pieces from each character before `end`.
    fn try_until(&mut self, pieces: &Pieces, end: usize) {
        let Self { word, ends, at, .. } = self;
        while *at < end {
            let (start, rest) = (*at, word.get(*at..).unwrap_or_default());
            let (width, so_far) = (width(rest), ends.get(start).map_or(0.0, |end| end.score));
            let mut improve = |length: usize, score: f64, id: u32| {
                if let Some(end) = ends.get_mut(start + length)
                    && so_far + score > end.score
                {
                    #[expect(clippy::cast_possible_truncation, reason = "within a few windows")]
                    let from = start as u32;
                    *end = End { score: so_far + score, from, id };
                }
            };
            let mut is_known = false;
            pieces.each(rest, |length, id, score| {
                is_known |= length == width;
                improve(length, f64::from(score), id);
            });
            if !is_known {
                improve(width, pieces.unknown_score(), UNKNOWN);
            }
            *at += width;
        }
    }

    /// The last place that all ways have in common which may still be the best: those to the first place, of those from which
    /// nothing was tried, that a way can come to.
    fn common(&self, longest: usize) -> usize {
        let reached = |at: &usize| self.ends.get(*at).is_some_and(|end| end.score > f64::NEG_INFINITY);
        let mut places: BTreeSet<usize> = (self.at..=self.at + longest).filter(reached).collect();
        while places.len() > 1 {
            let from = places.pop_last().and_then(|last| self.ends.get(last)).map_or(0, |end| end.from as usize);
            places.insert(from);
        }
        places.first().copied().unwrap_or_default()
    }

    /// Passes the tokens of the best way to a place to `sink`. False if that wants no more.
    fn give(&mut self, place: usize, sink: &mut dyn FnMut(u32) -> bool) -> bool {
        let mut at = place;
        self.ids.clear();
        while at > 0
            && let Some(end) = self.ends.get(at).filter(|end| (end.from as usize) < at)
        {
            self.ids.push(end.id);
            at = end.from as usize;
        }
        for id in self.ids.iter().rev() {
            let is_unknown = *id == UNKNOWN;
            let is_joined = is_unknown && self.is_after_unknown;
            if !is_joined && !sink(*id) {
                return false;
            }
            self.is_after_unknown = is_unknown;
        }
        true
    }

    /// Forgets what lies before a place that all ways come through, or the best one.
    fn drop_before(&mut self, place: usize) {
        self.word.drain(..place);
        self.ends.drain(..place);
        #[expect(clippy::cast_possible_truncation, reason = "within a few windows")]
        let place = place as u32;
        // Of ways that do not come through it nothing is asked any more.
        self.ends.iter_mut().for_each(|end| end.from = end.from.saturating_sub(place));
        self.at = self.at.saturating_sub(place as usize);
    }
}

/// Bytes of the first character.
fn width(utf8: &[u8]) -> usize {
    let continuing = utf8.iter().skip(1).take_while(|byte| **byte & 0xC0 == 0x80).count();
    1 + continuing.min(3)
}

#[cfg(test)]
mod tests {
    use super::super::pieces::tests::pieces;
    use super::*;
    use crate::base::rng::Rng;

    fn known() -> Pieces {
        pieces(&[("a", -3.0), ("b", -3.0), ("ab", -4.0), ("bb", -4.5), ("aba", -6.0), ("\u{e4}", -2.0), ("baab", -9.0)])
    }

    fn tokens(text: &str, pieces: &Pieces) -> (Vec<u32>, usize) {
        let (mut viterbi, mut ids, mut longest) = (Viterbi::default(), Vec::new(), 0);
        let mut sink = |id| {
            ids.push(id);
            true
        };
        let mut chars = text.chars();
        viterbi.begin(chars.next().unwrap());
        for c in chars {
            viterbi.push(c, pieces, &mut sink);
            longest = longest.max(viterbi.ends.len());
        }
        viterbi.end(pieces, &mut sink);
        (ids, longest)
    }

    /// The whole word at once, as the reference does it.
    fn whole(text: &str, pieces: &Pieces) -> Vec<u32> {
        let mut viterbi = Viterbi { full: usize::MAX, ..Viterbi::default() };
        let mut ids = Vec::new();
        text.chars().for_each(|c| viterbi.add(c));
        viterbi.end(pieces, &mut |id| {
            ids.push(id);
            true
        });
        ids
    }

    #[test]
    fn a_word_longer_than_the_window_has_the_tokens_of_the_whole() {
        let (pieces, mut rng) = (known(), Rng::new(15));
        for letters in [&['a', 'b'][..], &['a', 'b', '\u{e4}', 'x'], &['x']] {
            let text: String = (0..5 * WORD_WINDOW_BYTES)
                .map(|_| letters[usize::try_from(rng.below(letters.len() as u64)).unwrap()])
                .collect();
            let (ids, longest) = tokens(&text, &pieces);
            assert_eq!(ids, whole(&text, &pieces));
            assert!(longest <= 2 * WORD_WINDOW_BYTES, "{longest} places are held");
        }
    }

    #[test]
    fn ways_that_never_meet_take_no_more_than_four_windows() {
        // Two ways that meet nowhere: from the first "c" on, "cc" and "cc" do not end where "ccc" do before the end.
        let pieces = pieces(&[("cc", -1.0), ("\u{2581}", -1.0), ("\u{2581}c", -1.0)]);
        let (ids, longest) = tokens(&format!("\u{2581}{}", "c".repeat(20 * WORD_WINDOW_BYTES)), &pieces);
        assert!(longest <= 5 * WORD_WINDOW_BYTES, "{longest} places are held");
        assert!(ids.iter().filter(|id| **id == 10).count() >= 10 * WORD_WINDOW_BYTES - 20);
    }

    #[test]
    fn of_equal_ways_the_first_found_holds() {
        let pieces = pieces(&[("a", -1.0), ("aa", -2.0), ("aaa", -3.0)]);
        assert_eq!(tokens("aaa", &pieces).0, [12]);
        assert_eq!(tokens("aaaa", &pieces).0, [10, 12]);
    }
}
