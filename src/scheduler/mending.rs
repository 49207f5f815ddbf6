//! What the scheduler does about a store that failed (`outage`): what was under way is taken back, and nothing new begins
//! until a save that mends succeeds.
//!
//! Between the failure and the mending nobody knows what of the failed saves is on the disk. So the save that mends writes
//! the sources and the marks as they were acknowledged last, and everything is looked at again afterwards.

use super::machine::Scheduler;
use super::port::{Notice, Output, Refusal};
use super::saves::{AfterSave, NotSaved};
use super::task::Task;
use crate::base::time::Instant;
use crate::store::change::Change;
use crate::store::counts::Kind;
use crate::store::record::Marks;

impl Scheduler {
    /// A save is not on the disk: what waited for it is taken back.
    pub(super) fn on_not_saved(&mut self, now: Instant, then: AfterSave, failure: NotSaved, out: &mut Vec<Output>) {
        let why = failure.refusal();
        let kind = if self.disk.is_full() { Refusal::DiskFull } else { Refusal::Broken };
        let refused = |reply| Output::Refused(reply, kind, why.clone());
        self.decisions.revert_marks();
        match then {
            AfterSave::Watch(unsaved) => {
                self.sources.on_save_failed();
                out.extend(unsaved.replies.into_iter().map(|(reply, _)| refused(reply)));
            }
            AfterSave::Reply(reply, ..) | AfterSave::Parked(reply, ..) => out.push(refused(reply)),
            AfterSave::Decision | AfterSave::Noted => {}
            AfterSave::Scan(_) => {
                self.decisions.losses.cancel();
                self.decisions.losses.asked_are_not_saved();
                self.scans.left_out.cancel();
                self.scans.give_up();
            }
            AfterSave::Release(docs) => {
                docs.iter().for_each(|doc| self.running.parking.not_saved(*doc));
                self.release(docs);
            }
            AfterSave::Absent(doc) => self.queue.release(doc),
            AfterSave::Lent(chunks, of) => self.on_results_not_saved(&chunks, of),
            AfterSave::Purge(_) => self.purges.retry_step(),
            AfterSave::Swept => self.decisions.end_sweep(),
            AfterSave::Mended(unsaved) => {
                if let Some(unsaved) = unsaved {
                    self.sources.on_save_failed();
                    out.extend(unsaved.replies.into_iter().map(|(reply, _)| refused(reply)));
                }
                self.outage.begin(now, failure);
                return;
            }
        }
        out.extend(self.decisions.give_up().map(refused));
        self.on_write_failure(now, failure, out);
    }

    /// Nothing can be saved just now.
    pub(super) fn on_write_failure(&mut self, now: Instant, failure: NotSaved, out: &mut Vec<Output>) {
        // The same failure shows in each save that was under way.
        if !self.outage.is_on() || (failure.lasts && !self.outage.needs_restart()) {
            self.outage.begin(now, failure);
            out.extend(self.outage.reason().map(|why| Output::Notice(Notice::Held(why))));
            self.drop_leases(out);
        }
    }

    /// The store failed under a task. Some reads fail only for a while: the home is on a disk that was unplugged.
    pub(super) fn on_read_failure(&mut self, now: Instant, why: &str, out: &mut Vec<Output>) {
        if self.outage.is_on() {
            return;
        }
        let lasts = self.outage.count_read(now);
        let then = if lasts { " Repair the disk, then start the agent again." } else { "" };
        self.outage.begin(now, NotSaved { why: format!("{why}{then}"), lasts });
        out.extend(self.outage.reason().map(|why| Output::Notice(Notice::Broken(why))));
        self.drop_leases(out);
    }

    /// The store is damaged: nothing mends it before the next start, whatever else failed before.
    pub(super) fn on_damage(&mut self, now: Instant, why: String, out: &mut Vec<Output>) {
        if self.outage.needs_restart() {
            return;
        }
        self.outage.begin(now, NotSaved { why, lasts: true });
        out.extend(self.outage.reason().map(|why| Output::Notice(Notice::Broken(why))));
        self.drop_leases(out);
    }

    /// Tries to go on, if that is due.
    pub(super) fn mend(&mut self, now: Instant, out: &mut Vec<Output>) {
        // Those that failed are answered first, so that none of them is taken for a later one.
        if !self.outage.try_now(now, self.saves.len() > 0) {
            return;
        }
        let marks = self.decisions.revert_marks().to_vec();
        let changes = vec![Change::Sources(self.sources.saved.clone()), Change::Marks(Marks(marks))];
        out.push(Output::Mend(self.saves.begin_with(AfterSave::Mended(None), &changes), changes));
    }

    /// The store can be written again.
    pub(super) fn on_mended(&mut self, now: Instant, number: u64, out: &mut Vec<Output>) {
        if self.outage.needs_restart() {
            // It was found damaged while the save that mended something else was under way.
            return;
        }
        self.outage.end();
        // What was to be saved when it failed is found again.
        self.scans.queue.overflow(now);
        self.decisions.sweep_on();
        if self.counts.count(Kind::Tombstoned) > 0 || self.counts.tombstoned_vectors > 0 {
            self.purges.mark(now, number);
        }
        out.push(Output::Notice(Notice::Resumed));
    }

    /// The store failed under a task: its document, scan or refill is free again.
    pub(super) fn take_back(&mut self, task: &Task) {
        match task {
            Task::Scan(_) => self.scans.retry_step(),
            Task::Refill { to_lend: true, .. } => self.queue.refill_to_lend_failed(),
            Task::Refill { stage, .. } => self.queue.refill_failed(*stage, false),
            Task::Read { doc } | Task::Embed { doc, .. } | Task::Park { doc, .. } => self.release(vec![*doc]),
            Task::Purge { .. } => self.purges.retry_step(),
            Task::Sweep => self.decisions.end_sweep(),
            Task::Lend { documents, .. } => self.on_not_lendable(documents),
            Task::Owed { by, .. } => self.on_owed(*by, None),
            Task::ListKept { .. }
            | Task::EmbedQuery { .. }
            | Task::EmbedHit { .. }
            | Task::EmbedLent(_)
            | Task::EmbedBorrowed(_)
            | Task::Retrieve(_)
            | Task::Audit
            | Task::Summarize => {}
        }
    }
}
