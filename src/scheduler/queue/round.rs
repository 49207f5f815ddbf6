//! Documents that others may embed. Which of them have something that may be lent is known only once they are read: private ones, and those whose texts
//! are stored already, have nothing. So they are gone through in rounds, first from the end of those at hand, as this device begins at the other end,
//! then over all that the store has. What had nothing does not come again in the same round, and after rounds that gave nothing the next one waits.

use super::Queue;
use super::lending::Round;
use crate::base::id::DocId;
use crate::limits::{ASK_AGAIN_MS, ROUND_PAUSES_MAX, TODO_MAX};
use crate::scheduler::task::Task;
use crate::store::counts::{Kind, StoreCounts};
use crate::store::keys::Stage;
use std::collections::btree_map::Entry;

impl Queue {
    /// Whether a round is under way.
    #[must_use]
    pub fn has_round(&self) -> bool {
        self.lending.round.is_some()
    }

    /// A round begins with the documents at hand.
    pub fn begin_round(&mut self) {
        self.lending.next = self.windows[Stage::Embed as usize].documents.iter().rev().copied().collect();
        self.lending.round = Some(Round::default());
    }

    /// Something of the documents of this round is lent.
    pub fn round_gives(&mut self) {
        if let Some(round) = &mut self.lending.round {
            round.gave = true;
        }
    }

    /// What was tried may have something for others now: the next round begins behind this one, without a pause.
    pub fn try_all_anew(&mut self) {
        self.lending.empty_rounds = 0;
        self.round_gives();
    }

    /// Whether any document waits to be embedded that no task has, nor another device, and that does not rest.
    #[must_use]
    pub fn is_any_free(&self, counts: &StoreCounts) -> bool {
        let busy = self.busy.values().filter(|stage| **stage == Stage::Embed).count();
        counts.count(Kind::Chunked) > (busy + self.resting_in(Stage::Embed)) as u64
    }

    /// After a round that gave something the next one begins; whether it did.
    pub fn renew_round(&mut self) -> bool {
        let renewed = self.lending.round.as_ref().is_some_and(|round| round.gave);
        if renewed {
            self.lending.empty_rounds = 0;
            self.begin_round();
        }
        renewed
    }

    /// The round is over. Gives milliseconds until the next one where it gave nothing: longer each time.
    pub fn end_round(&mut self) -> Option<u64> {
        let round = self.lending.round.take()?;
        if round.gave {
            self.lending.empty_rounds = 0;
            return None;
        }
        let pause = ASK_AGAIN_MS << self.lending.empty_rounds;
        self.lending.empty_rounds = (self.lending.empty_rounds + 1).min(ROUND_PAUSES_MAX);
        Some(pause)
    }

    /// Takes documents for others, so many at most.
    pub fn lend(&mut self, max: usize) -> Vec<DocId> {
        let mut lent = Vec::new();
        while lent.len() < max
            && let Some(doc) = self.lending.next.pop_front()
        {
            if self.rests(doc) {
                continue;
            }
            if let Entry::Vacant(entry) = self.busy.entry(doc) {
                entry.insert(Stage::Embed);
                self.windows[Stage::Embed as usize].documents.retain(|listed| *listed != doc);
                lent.push(doc);
            }
        }
        lent
    }

    /// Whether any document is at hand that this round, or the time since the last one, has not tried.
    #[must_use]
    pub fn has_to_lend(&self) -> bool {
        self.lending.next.iter().any(|doc| !self.busy.contains_key(doc))
    }

    /// Whether a refill brings more documents of this round, or one that is under way may.
    #[must_use]
    pub fn may_refill_to_lend(&self) -> bool {
        self.lending.round.as_ref().is_some_and(|round| !round.is_over)
    }

    /// A refill of the round, unless one is under way.
    pub fn refill_to_lend(&mut self) -> Option<Task> {
        let round = self.lending.round.as_mut().filter(|round| !round.is_over && !round.is_refilling)?;
        round.is_refilling = true;
        Some(Task::Refill { stage: Stage::Embed, after: round.after, max: TODO_MAX, to_lend: true })
    }

    /// A refill of at most `max` documents after this one found these.
    pub fn on_refilled(&mut self, to_lend: bool, stage: Stage, after: Option<DocId>, max: usize, docs: &[DocId]) {
        if to_lend {
            self.refilled_to_lend(max, docs);
        } else {
            self.refilled(stage, after, max, docs);
        }
    }

    /// A refill of the round, of at most `max` documents, found these.
    fn refilled_to_lend(&mut self, max: usize, docs: &[DocId]) {
        let Some(round) = &mut self.lending.round else { return };
        round.is_refilling = false;
        round.after = docs.last().copied().or(round.after);
        round.is_over = docs.len() < max;
        // Those at hand were tried first.
        let at_hand = &self.windows[Stage::Embed as usize].documents;
        let is_new = |doc: &&DocId| !self.busy.contains_key(doc) && !at_hand.iter().any(|listed| listed == *doc);
        let new: Vec<DocId> = docs.iter().filter(is_new).copied().collect();
        self.lending.next.extend(new);
    }

    /// A refill of the round failed: the round is over.
    pub fn refill_to_lend_failed(&mut self) {
        if let Some(round) = &mut self.lending.round {
            (round.is_refilling, round.is_over) = (false, true);
        }
    }

    /// A document is in another state, with this next stage: it may have something for others, or nothing any more.
    pub(super) fn note_for_others(&mut self, doc: DocId, stage: Option<Stage>) {
        let next = &mut self.lending.next;
        if stage != Some(Stage::Embed) {
            next.retain(|listed| *listed != doc);
        } else if next.len() < TODO_MAX && !next.contains(&doc) {
            next.push_back(doc);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn docs(numbers: std::ops::Range<u64>) -> Vec<DocId> {
        numbers.map(DocId).collect()
    }

    #[test]
    fn a_round_goes_over_all_documents_once_however_many_have_nothing_to_lend() {
        let mut queue = Queue::default();
        docs(0..TODO_MAX as u64).into_iter().for_each(|doc| queue.push(doc, Kind::Chunked));
        queue.begin_round();
        let mut tried = Vec::new();
        let mut from = 0;
        loop {
            let lent = queue.lend(64);
            lent.iter().for_each(|doc| queue.give_back(*doc));
            tried.extend(lent.iter().copied());
            if lent.is_empty() {
                let Some(Task::Refill { after, max, to_lend: true, .. }) = queue.refill_to_lend() else { break };
                assert_eq!(after, (from > 0).then(|| DocId(from - 1)));
                assert!(queue.refill_to_lend().is_none(), "one at a time");
                let page = docs(from..(from + max as u64).min(1000));
                from += page.len() as u64;
                queue.refilled_to_lend(max, &page);
            }
        }
        assert!(!queue.may_refill_to_lend() && !queue.has_to_lend());
        assert_eq!(tried[0], DocId(TODO_MAX as u64 - 1), "from the end");
        tried.sort_unstable();
        assert_eq!(tried, docs(0..1000), "each of them once");
    }

    #[test]
    fn after_rounds_that_gave_nothing_the_next_waits_longer_and_what_is_new_does_not_wait() {
        let mut queue = Queue::default();
        let mut pauses = Vec::new();
        for round in 0..10 {
            queue.begin_round();
            if round == 8 {
                queue.round_gives();
            }
            pauses.push(queue.end_round());
        }
        let expected = [1, 2, 4, 8, 16, 32, 64, 64].map(|times| Some(ASK_AGAIN_MS * times));
        assert_eq!(pauses[..8], expected);
        assert_eq!(pauses[8..], [None, Some(ASK_AGAIN_MS)]);
        queue.push(DocId(7), Kind::Chunked);
        assert!(queue.has_to_lend());
        queue.push(DocId(7), Kind::Ready);
        assert!(!queue.has_to_lend() && queue.lend(1).is_empty());
    }
}
