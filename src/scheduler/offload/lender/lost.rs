//! Texts with which devices were lost, or that they could not embed.

use crate::base::id::EmbedKey;
use crate::limits::LOST_MAX_EACH;
use std::collections::BTreeMap;

/// Such texts at most.
const TEXTS_MAX: usize = 1024;

/// So often where it could not be embedded here: another device may have it once its document is tried there.
const FAILED_HERE: u8 = u8::MAX;

/// How often devices were lost with each.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// How often, and which of all the notes it was.
    texts: BTreeMap<EmbedKey, (u8, u64)>,
    notes: u64,
}

impl Lost {
    /// How often a device was lost with this text; `LOST_MAX_EACH`: it is embedded here only.
    pub(super) fn times(&self, key: &EmbedKey) -> u8 {
        self.texts.get(key).map_or(0, |(times, _)| *times)
    }

    /// Whether it is embedded here only. `wanted`: what could not be embedded here is to be tried by another device.
    pub(super) fn is_home(&self, key: &EmbedKey, wanted: bool) -> bool {
        let times = self.times(key);
        times >= LOST_MAX_EACH && !(wanted && times == FAILED_HERE)
    }

    /// It could not be embedded here.
    pub(super) fn failed_here(&mut self, key: EmbedKey) {
        self.insert(key, FAILED_HERE);
    }

    /// It was lost so often. Where no more fit, one that was lost the fewest times makes room, and of those the one of long ago: what
    /// is embedded here only brings devices down, and is forgotten last.
    pub(super) fn note(&mut self, key: EmbedKey, times: u8) {
        self.insert(key, times.min(LOST_MAX_EACH));
    }

    fn insert(&mut self, key: EmbedKey, times: u8) {
        if self.texts.len() >= TEXTS_MAX && !self.texts.contains_key(&key) {
            let least = self.texts.iter().min_by_key(|(_, known)| **known).map(|(least, _)| *least);
            least.map(|least| self.texts.remove(&least));
        }
        self.notes += 1;
        self.texts.insert(key, (times, self.notes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u64) -> EmbedKey {
        let mut key = [0; 16];
        key[..8].copy_from_slice(&n.to_be_bytes());
        EmbedKey(key)
    }

    #[test]
    fn what_is_embedded_here_only_is_forgotten_last_and_of_others_what_was_lost_long_ago() {
        let mut lost = Lost::default();
        (0..10).for_each(|n| lost.note(key(n), LOST_MAX_EACH));
        (10..TEXTS_MAX as u64).rev().for_each(|n| lost.note(key(n), 1));
        (2_000..2_010).for_each(|n| lost.note(key(n), 1));
        let known = |n: u64| lost.times(&key(n));
        assert!((0..10).all(|n| known(n) == LOST_MAX_EACH) && (2_000..2_010).all(|n| known(n) == 1));
        assert_eq!((known(TEXTS_MAX as u64 - 1), known(TEXTS_MAX as u64 - 11), known(10)), (0, 1, 1));
        assert_eq!(lost.texts.len(), TEXTS_MAX);
    }
}
