//! Texts with which devices were lost, or that they could not embed.

use crate::base::id::{EmbedKey, PeerKey};
use crate::limits::{LOST_MAX_EACH, LOST_TEXTS_MAX, REFUSED_TEXTS_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of such a text. The order is that of being forgotten: what is embedded here only brings devices down, and goes last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    /// Whether it could not be embedded here: another device may have it once its document is to be tried there.
    failed_here: bool,
    /// How often a device was lost with it.
    times: u8,
    /// Which of all the notes the last one was.
    note: u64,
}

/// How often devices were lost with each.
#[derive(Debug, Default)]
pub(super) struct Lost {
    texts: BTreeMap<EmbedKey, Known>,
    notes: u64,
    /// Texts that one device could not embed, and that are for others: `REFUSED_TEXTS_MAX` at most.
    refused: BTreeMap<EmbedKey, PeerKey>,
}

impl Lost {
    /// How often a device was lost with this text; `LOST_MAX_EACH`: it is embedded here only.
    pub(super) fn times(&self, key: &EmbedKey) -> u8 {
        self.texts.get(key).map_or(0, |known| known.times)
    }

    /// Whether it is embedded here only. `wanted`: what could not be embedded here is to be tried by another device.
    pub(super) fn is_home(&self, key: &EmbedKey, wanted: bool) -> bool {
        self.texts.get(key).is_some_and(|known| known.times >= LOST_MAX_EACH || known.failed_here && !wanted)
    }

    /// A device could not embed it. Whether it is another one's now; else it is embedded here only, as two could not. `is_here`: which texts are
    /// still to be embedded.
    pub(super) fn refused(&mut self, key: EmbedKey, by: PeerKey, is_here: impl Fn(&EmbedKey) -> bool) -> bool {
        if self.refused.len() >= REFUSED_TEXTS_MAX {
            self.refused.retain(|text, _| is_here(text));
        }
        let is_second = self.refused.get(&key).is_some_and(|first| *first != by);
        let is_full = self.refused.len() >= REFUSED_TEXTS_MAX && !self.refused.contains_key(&key);
        if is_second || is_full {
            self.refused.remove(&key);
            return false;
        }
        self.refused.insert(key, by);
        true
    }

    /// Whether a device is to have it: not one that could not embed it.
    pub(super) fn may_have(&self, peer: PeerKey, key: &EmbedKey) -> bool {
        self.refused.get(key) != Some(&peer)
    }

    /// What is embedded here only, for whoever reads texts to be lent.
    pub(super) fn home(&self) -> (BTreeSet<EmbedKey>, BTreeSet<EmbedKey>) {
        let of =
            |is: fn(&Known) -> bool| self.texts.iter().filter(|(_, known)| is(known)).map(|(key, _)| *key).collect();
        (of(|known| known.times >= LOST_MAX_EACH), of(|known| known.failed_here))
    }

    /// It could not be embedded here.
    pub(super) fn failed_here(&mut self, key: EmbedKey) {
        let times = self.times(&key);
        self.insert(key, Known { failed_here: true, times, note: 0 });
    }

    /// It was lost so often. Where no more fit, one that was lost the fewest times makes room, and of those the one of long ago.
    pub(super) fn note(&mut self, key: EmbedKey, times: u8) {
        // That it could not be embedded here is so all the same.
        let failed_here = self.texts.get(&key).is_some_and(|known| known.failed_here);
        self.insert(key, Known { failed_here, times: times.min(LOST_MAX_EACH), note: 0 });
    }

    fn insert(&mut self, key: EmbedKey, known: Known) {
        if self.texts.len() >= LOST_TEXTS_MAX && !self.texts.contains_key(&key) {
            let least = self.texts.iter().min_by_key(|(_, known)| **known).map(|(least, _)| *least);
            least.map(|least| self.texts.remove(&least));
        }
        self.notes += 1;
        self.texts.insert(key, Known { note: self.notes, ..known });
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
        (10..LOST_TEXTS_MAX as u64).rev().for_each(|n| lost.note(key(n), 1));
        (2_000..2_010).for_each(|n| lost.note(key(n), 1));
        let known = |n: u64| lost.times(&key(n));
        assert!((0..10).all(|n| known(n) == LOST_MAX_EACH) && (2_000..2_010).all(|n| known(n) == 1));
        assert_eq!((known(LOST_TEXTS_MAX as u64 - 1), known(LOST_TEXTS_MAX as u64 - 11), known(10)), (0, 1, 1));
        assert_eq!(lost.texts.len(), LOST_TEXTS_MAX);
    }

    #[test]
    fn what_one_device_could_not_embed_is_anothers_and_what_two_could_not_is_nobodys() {
        let (one, other, mut lost) = (PeerKey([1; 32]), PeerKey([2; 32]), Lost::default());
        assert!(lost.refused(key(1), one, |_| true) && lost.refused(key(1), one, |_| true));
        assert!(!lost.may_have(one, &key(1)) && lost.may_have(other, &key(1)));
        assert!(!lost.refused(key(1), other, |_| true), "two could not");
        let most = REFUSED_TEXTS_MAX as u64;
        assert!((0..most).all(|n| lost.refused(key(n), one, |_| true)));
        assert!(!lost.refused(key(most), one, |_| true), "no more fit");
        assert!(lost.refused(key(most), one, |text| *text != key(3)), "one of them is done");
    }

    #[test]
    fn what_failed_here_and_was_then_lost_once_may_still_be_tried_elsewhere() {
        let mut lost = Lost::default();
        lost.failed_here(key(1));
        lost.note(key(1), lost.times(&key(1)).saturating_add(1));
        assert!(lost.is_home(&key(1), false) && !lost.is_home(&key(1), true));
        lost.note(key(1), lost.times(&key(1)).saturating_add(1));
        assert!(lost.is_home(&key(1), true), "devices go down with it");
    }
}
