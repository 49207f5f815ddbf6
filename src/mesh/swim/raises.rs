//! What members say of this agent's generation, and how far it is believed.

use super::packet::KeyPrefix;
use crate::base::time::{Duration, Instant};
use crate::limits::{DOWN_CLAIM_MS, GENERATION_JUMP_MAX, PEERS_MAX, RAISE_ALONE_MAX, RAISE_MS};
use std::collections::BTreeMap;

/// What one member said of this agent's generation.
#[derive(Clone, Copy, Debug)]
struct Word {
    /// The generation that it named last, and when.
    generation: u32,
    at: Instant,
    /// By how much it raised this agent's generation, by its word alone, since when.
    raised: u32,
    since: Instant,
    /// Since when it names one that is not believed.
    doubted: Option<Instant>,
}

/// What members said of this agent's generation.
#[derive(Debug, Default)]
pub(super) struct Raises {
    words: BTreeMap<KeyPrefix, Word>,
    /// Until when another device is known to have this agent's key: then nobody can know which of the two is meant.
    pub(super) contested: Option<Instant>,
}

/// Whether a member is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Believed,
    Doubted,
    /// It has named such a generation for so long that it is no mistake.
    False,
}

impl Raises {
    /// Member `from` says that this agent, in generation `own`, is known in a higher one.
    pub(super) fn hear(&mut self, now: Instant, from: KeyPrefix, own: u32, generation: u32) -> Verdict {
        if self.words.len() >= PEERS_MAX && !self.words.contains_key(&from) {
            return Verdict::Doubted;
        }
        let recent = |word: &Word| now.since(word.at) < Duration::from_millis(DOWN_CLAIM_MS);
        let others = self.words.iter().filter(|(who, word)| **who != from && recent(word));
        let second = others.map(|(_, word)| word.generation).max();
        let new = Word { generation, at: now, raised: 0, since: now, doubted: None };
        let word = self.words.entry(from).or_insert(new);
        (word.generation, word.at) = (generation, now);
        if now.since(word.since) >= Duration::from_millis(RAISE_MS) {
            (word.raised, word.since, word.doubted) = (0, now, None);
        }
        let jump = generation.saturating_sub(own);
        let by_two = second.is_some_and(|second| second >= generation) && jump <= GENERATION_JUMP_MAX;
        if jump <= RAISE_ALONE_MAX.saturating_sub(word.raised) || by_two {
            return Verdict::Believed;
        }
        let since = *word.doubted.get_or_insert(now);
        if now.since(since) >= Duration::from_millis(DOWN_CLAIM_MS / 2) { Verdict::False } else { Verdict::Doubted }
    }

    /// This agent's generation was raised by so much on the word of `from`.
    pub(super) fn spend(&mut self, from: KeyPrefix, jump: u32) {
        if let Some(word) = self.words.get_mut(&from) {
            word.raised = word.raised.saturating_add(jump);
        }
    }

    /// Forgets a peer.
    pub(super) fn forget(&mut self, who: KeyPrefix) {
        self.words.remove(&who);
    }

    pub(super) fn is_contested(&self, now: Instant) -> bool {
        self.contested.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIAR: KeyPrefix = [1; 8];
    const OTHER: KeyPrefix = [2; 8];

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    /// How far one member raises a generation that it names ever higher, within so many seconds.
    fn raised_in(seconds: u64, step: u32) -> u32 {
        let (mut raises, mut own) = (Raises::default(), 0);
        for second in 0..seconds {
            if raises.hear(at(second), LIAR, own, own + step) == Verdict::Believed {
                raises.spend(LIAR, step + 1);
                own += step + 1;
            }
        }
        own
    }

    #[test]
    fn one_member_raises_a_generation_by_little_however_it_goes_about_it() {
        for step in [1, 10, 500, RAISE_ALONE_MAX, RAISE_ALONE_MAX + 1, GENERATION_JUMP_MAX, u32::MAX / 4] {
            let raised = raised_in(3599, step);
            assert!(raised <= RAISE_ALONE_MAX + 1, "steps of {step}: {raised}");
        }
        assert!(raised_in(7200, 1) > RAISE_ALONE_MAX, "a small loss is made up for, again and again");
    }

    #[test]
    fn what_two_members_say_is_believed_as_far_as_both_say_it() {
        let mut raises = Raises::default();
        assert_eq!(raises.hear(at(0), LIAR, 5, 900_000), Verdict::Doubted);
        assert_eq!(raises.hear(at(1), OTHER, 5, 800_000), Verdict::Believed, "both know it at least in that one");
        assert_eq!(raises.hear(at(2), LIAR, 5, 900_000), Verdict::Doubted, "only one says so");
        assert_eq!(raises.hear(at(100), OTHER, 5, 800_000), Verdict::Doubted, "the other said it too long ago");
        assert_eq!(raises.hear(at(101), LIAR, 5, u32::MAX), Verdict::False, "and has said so for long");
        assert_eq!(raises.hear(at(102), OTHER, 5, u32::MAX), Verdict::Doubted, "so far up not even two are believed");
    }

    #[test]
    fn the_table_is_bounded() {
        let mut raises = Raises::default();
        (0..5_000_u64).for_each(|n| _ = raises.hear(at(0), n.to_le_bytes(), 0, 1));
        assert_eq!(raises.words.len(), PEERS_MAX);
    }
}
