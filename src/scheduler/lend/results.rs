//! What others made of this device's chunks: how it is checked, kept and saved.

use crate::base::id::{DocId, PeerKey, Row, TaskId};
use crate::base::time::{Duration, Instant};
use crate::base::vector::Embedding;
use crate::limits::{LEND_CHUNKS_MAX, SAVES_MAX};
use crate::scheduler::machine::Scheduler;
use crate::scheduler::offload::lendable::Good;
use crate::scheduler::offload::lender::Lender;
use crate::scheduler::port::Output;
use crate::scheduler::running::Running;
use crate::scheduler::saves::{AfterSave, Disproof, SavedResult};
use crate::scheduler::task::{Outcome, Task};
use crate::store::change::{Applied, Change};
use std::collections::{BTreeMap, BTreeSet};

impl Scheduler {
    /// Computes results of others here, to check them.
    pub(super) fn check_results(&mut self, now: Instant, out: &mut Vec<Output>) {
        while let Some((peer, place, text)) = self.offload.lender.next_check(now) {
            let task = self.running.issue();
            self.offload.lender.begin_check(peer, place, task);
            out.push(Output::Start(task, Task::EmbedHit { heading: text.heading, text: text.text }));
        }
    }

    /// A task ended; gives whether it was a check of a result.
    pub fn on_check(&mut self, now: Instant, task: TaskId, outcome: &Outcome) -> bool {
        let own: Option<&Embedding> =
            if let Outcome::QueryEmbedding(embedding) = outcome { Some(embedding) } else { None };
        if let Outcome::Failed(why) | Outcome::Panicked(why) = outcome {
            self.offload.lender.note_why(task, why);
        }
        let parking = &self.running.parking;
        let Some(liar) = self.offload.lender.end_check(task, own, |doc| parking.fails_here(doc)) else { return false };
        if let Some(peer) = liar {
            self.ban(now, peer);
        }
        true
    }

    pub(in crate::scheduler) fn ban(&mut self, now: Instant, peer: PeerKey) {
        self.offload.lender.ban(now, peer);
        self.offload.false_makers.push(peer);
    }

    /// For tests: a result of a device was false.
    #[cfg(test)]
    pub(crate) fn worker_was_false(&mut self, now: Instant, peer: PeerKey) {
        self.ban(now, peer);
    }

    /// Devices whose false results were found since the last call.
    pub fn take_false_makers(&mut self) -> Vec<PeerKey> {
        std::mem::take(&mut self.offload.false_makers)
    }

    /// For how long a linked device gets no work, because a result of it was false, where it is to be told so now.
    pub fn tell_ban(&mut self, now: Instant, peer: PeerKey) -> Option<Duration> {
        self.offload.lender.tell_ban(now, peer)
    }

    /// Saves what came: results that wait for a check with their maker, and good ones document by document. What a false maker made is
    /// deleted after that which a check vouched for before.
    pub(super) fn save_results(&mut self, out: &mut Vec<Output>) {
        while self.under_way() + 1 < SAVES_MAX && !self.stands_still() {
            let lender = &mut self.offload.lender;
            let good = lender.take_good(LEND_CHUNKS_MAX);
            let model = lender.model();
            let unproven = lender.take_unkept(&good, LEND_CHUNKS_MAX).into_iter();
            let mut changes: Vec<Change> =
                unproven.map(|(by, vectors)| Change::Unproven { by, model, vectors }).collect();
            let liars = if good.is_empty() { lender.take_disproven() } else { Vec::new() };
            let accused = lender.take_accused(&liars);
            changes.extend(accused.iter().map(|(by, row)| Change::Accused { by: *by, row: *row }));
            changes.extend(liars.iter().map(|by| disproven(lender, &self.running, *by)));
            changes.extend(lender.take_settled().into_iter().map(|(by, rows)| Change::Settled { by, rows }));
            if changes.is_empty() && good.is_empty() {
                return;
            }
            let (mut own, mut proven) =
                (BTreeMap::<DocId, Vec<_>>::new(), BTreeMap::<(DocId, PeerKey, bool), Vec<_>>::new());
            let mut chunks = Vec::new();
            for Good { chunk, vector, by, is_owed, .. } in good {
                chunks.push(SavedResult { doc: chunk.doc, row: chunk.row, key: chunk.key, by, is_owed });
                match by {
                    None => own.entry(chunk.doc).or_default().push((chunk.row, chunk.key, vector)),
                    Some(by) => proven.entry((chunk.doc, by, is_owed)).or_default().push((chunk.row, chunk.key)),
                }
            }
            changes.extend(own.into_iter().map(|(doc, vectors)| Change::Embedded { doc, model, vectors }));
            changes.extend(proven.into_iter().map(|((doc, by, is_owed), rows)| {
                let checks = self.offload.lender.checks_of(by);
                if is_owed {
                    Change::Vouched { doc, by, checks, rows }
                } else {
                    Change::Proven { doc, by, checks, rows }
                }
            }));
            self.save(changes, AfterSave::Lent(chunks, Disproof { liars, accused }), out);
        }
    }

    /// They are not on the disk. What a device made that was found false is still to be deleted.
    pub(in crate::scheduler) fn on_results_not_saved(&mut self, chunks: &[SavedResult], of: Disproof) {
        self.offload.lender.still_disproven(of.liars);
        self.offload.lender.still_accused(of.accused);
        self.on_results_saved(chunks, &[]);
    }

    /// They are on the disk. Of a false device more may be left to delete.
    pub(in crate::scheduler) fn on_lent_saved(&mut self, chunks: &[SavedResult], of: Disproof, applied: &[Applied]) {
        self.on_results_saved(chunks, applied);
        if applied.iter().any(|applied| applied.left > 0) {
            self.offload.lender.still_disproven(of.liars);
        } else {
            of.liars.into_iter().for_each(|by| self.offload.lender.owes_nothing(by));
        }
    }

    /// The results of others for these chunks' documents are on the disk, as far as they were `applied`, or cannot be.
    pub(in crate::scheduler) fn on_results_saved(&mut self, chunks: &[SavedResult], applied: &[Applied]) {
        let added: BTreeSet<Row> = applied.iter().flat_map(|applied| &applied.added).map(|(row, ..)| *row).collect();
        for SavedResult { doc, row, key, by, is_owed } in chunks {
            self.offload.lender.end_chunk(*doc, *key);
            by.filter(|_| *is_owed).into_iter().for_each(|by| self.offload.lender.owed_came(by));
            // One for a document that is another one by now has no effect.
            let by = by.filter(|_| added.contains(row));
            by.into_iter().for_each(|by| self.offload.lender.stored(by, *row, *is_owed));
        }
        // Those that still lack vectors are put into the queue by what the save says of them.
        self.offload.lender.freed().into_iter().for_each(|doc| self.queue.release(doc));
    }
}

/// A device was found false.
fn disproven(lender: &Lender, running: &Running, by: PeerKey) -> Change {
    let until = lender.banned_until(by).and_then(|until| running.time_of(until));
    Change::Disproven { by, until: until.unwrap_or(0) }
}
