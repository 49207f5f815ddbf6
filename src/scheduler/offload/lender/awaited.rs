//! What waits for a device whose link broke: the chunks that it had, and the results that it brings when it is back.

use crate::base::id::{DocId, EmbedKey, PeerKey, Row};
use crate::base::time::{Duration, Instant};
use crate::base::vector::Quantized;
use crate::limits::{BROUGHT_MAX, KEPT_MAX, KEPT_MS};
use crate::scheduler::offload::lendable::Lendable;
use std::collections::{BTreeMap, VecDeque};

/// A chunk that waits for a device. It may have embedded it, and nobody else needs to as long as there are others to lend.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) peer: PeerKey,
    pub(super) until: Instant,
    pub(super) chunk: Lendable,
}

/// A result of a text that may not be read yet.
#[derive(Debug)]
struct Brought {
    by: PeerKey,
    vector: Quantized,
    /// Whether it is counted as one that came late.
    is_late: bool,
    until: Instant,
    /// Which of all it was.
    number: u64,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    chunks: VecDeque<Waiting>,
    /// `BROUGHT_MAX` at most, `KEPT_MAX` of each device.
    results: BTreeMap<EmbedKey, Brought>,
    /// How many were brought.
    count: u64,
}

impl Awaited {
    /// These chunks of one lease wait. Those of older leases come last, and wait before them.
    pub(super) fn wait(&mut self, chunks: Vec<Waiting>) {
        chunks.into_iter().rev().for_each(|waiting| self.chunks.push_front(waiting));
    }

    /// Those chunks wait no longer.
    pub(super) fn release(&mut self, is_over: impl Fn(&Waiting) -> bool) -> Vec<Lendable> {
        let (over, left): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut self.chunks).into_iter().partition(is_over);
        self.chunks = left;
        over.into_iter().map(|waiting| waiting.chunk).collect()
    }

    /// Takes all chunks that wait.
    pub(super) fn take(&mut self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.chunks)
    }

    /// Those that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Lendable> {
        self.chunks.iter().map(|waiting| &waiting.chunk)
    }

    /// Takes the chunk of a text.
    pub(super) fn take_text(&mut self, text: &EmbedKey) -> Option<Lendable> {
        let place = self.chunks.iter().position(|waiting| waiting.chunk.key == *text)?;
        self.chunks.remove(place).map(|waiting| waiting.chunk)
    }

    /// When the first of them waits no longer.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.chunks.iter().map(|waiting| waiting.until).min()
    }

    /// Takes the chunk of a row; whether it was here.
    pub(super) fn take_row(&mut self, row: Row) -> bool {
        let place = self.chunks.iter().position(|waiting| waiting.chunk.row == row);
        place.and_then(|place| self.chunks.remove(place)).is_some()
    }

    /// A document is another one now.
    pub(super) fn forget_document(&mut self, doc: DocId) {
        self.chunks.retain(|waiting| waiting.chunk.doc != doc);
    }

    /// A device brings a result. Where no more fit, the one that is kept the shortest makes room. Of a text that another device brought before
    /// that one's result stands: nobody takes the place of others' results, nor more places than it has.
    pub(super) fn bring(&mut self, now: Instant, by: PeerKey, text: EmbedKey, (vector, is_late): (Quantized, bool)) {
        if self.results.get(&text).is_some_and(|brought| brought.by != by) {
            return;
        }
        if !self.results.contains_key(&text) {
            let of_it = self.results.values().filter(|brought| brought.by == by).count();
            let first = || {
                let of = |brought: &Brought| of_it < KEPT_MAX || brought.by == by;
                let all = self.results.iter().filter(|(_, brought)| of(brought));
                all.min_by_key(|(_, brought)| brought.until).map(|(text, _)| *text)
            };
            if (of_it >= KEPT_MAX || self.results.len() >= BROUGHT_MAX)
                && let Some(first) = first()
            {
                self.results.remove(&first);
            }
        }
        let is_late = is_late || self.results.get(&text).is_some_and(|brought| brought.is_late);
        let until = now + Duration::from_millis(KEPT_MS);
        self.count += 1;
        self.results.insert(text, Brought { by, vector, is_late, until, number: self.count });
    }

    /// Who brought a result of a text, and which of all that are brought it was.
    pub(super) fn brought_by(&self, text: &EmbedKey) -> Option<(u64, PeerKey)> {
        self.results.get(text).map(|brought| (brought.number, brought.by))
    }

    /// That result, and whether it is counted as one that came late. What its device brought before it is wanted no more: a check vouches for what was made before.
    pub(super) fn take_result(&mut self, text: &EmbedKey) -> Option<(Quantized, bool)> {
        let Brought { by, vector, is_late, number, .. } = self.results.remove(text)?;
        self.results.retain(|_, brought| brought.by != by || brought.number > number);
        Some((vector, is_late))
    }

    /// Results that are kept no longer go. Whether any are left.
    pub(super) fn has_results(&mut self, now: Instant) -> bool {
        self.results.retain(|_, brought| now < brought.until);
        !self.results.is_empty()
    }

    /// Nothing that a device brought is wanted any more.
    pub(super) fn forget_results_of(&mut self, by: PeerKey) {
        self.results.retain(|_, brought| brought.by != by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::base::vector::Embedding;
    use crate::limits::DIMENSIONS;

    #[test]
    fn a_device_that_brings_more_than_is_kept_or_what_another_brought_takes_the_place_of_its_own_oldest_only() {
        let mut awaited = Awaited::default();
        let values: Vec<f32> = (0..DIMENSIONS).map(|at| if at == 0 { 1.0 } else { 0.0 }).collect();
        let vector = Embedding::new(Fingerprint([7; 32]), &values).unwrap_or_else(|error| panic!("{error}")).quantize();
        let text = |n: u16| EmbedKey(std::array::from_fn(|at| n.to_be_bytes().get(at).copied().unwrap_or(0)));
        let most = u16::try_from(KEPT_MAX).unwrap_or(0);
        let (one, many) = (PeerKey([1; 32]), PeerKey([2; 32]));
        awaited.bring(Instant::from_millis(0), one, text(u16::MAX), (vector.clone(), false));
        for n in 0..2 * most {
            awaited.bring(Instant::from_millis(1 + u64::from(n)), many, text(n), (vector.clone(), false));
        }
        assert_eq!(awaited.results.len(), KEPT_MAX + 1);
        awaited.bring(Instant::from_millis(9), many, text(u16::MAX), (vector, false));
        let by = |n| awaited.brought_by(&text(n)).map(|(_, by)| by);
        assert_eq!(by(u16::MAX), Some(one), "also where it brings the same text");
        assert_eq!(by(most - 1), None);
        assert_eq!(by(most), Some(many));
        assert!(awaited.has_results(Instant::from_millis(KEPT_MS - 1)));
        assert!(!awaited.has_results(Instant::from_millis(KEPT_MS + 2 * KEPT_MAX as u64)));
    }
}
