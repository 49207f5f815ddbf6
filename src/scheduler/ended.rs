//! What follows a task or a save that ended.

use super::machine::{Scheduler, Tombstones};
use super::port::{Notice, Output, Refusal};
use super::saves::{Saved, Then};
use super::sources::Promised;
use super::task::{Outcome, Task};
use crate::base::id::{DocId, SaveId};
use crate::base::time::{Duration, Instant};
use crate::limits::LEAVING_MS;
use crate::store::change::{Change, Kind};

impl Scheduler {
    pub(super) fn on_done(&mut self, task: Task, outcome: Outcome, out: &mut Vec<Output>) {
        if let Outcome::Panicked(why) = outcome {
            return self.on_panicked(task, &why, out);
        }
        self.second_tries.ended_well(&task);
        match (task, outcome) {
            (Task::Scan(_), Outcome::Scanned { changes, next, remarks }) => {
                remarks.into_iter().take(3).for_each(|remark| out.push(Output::Notice(Notice::LeftOut(remark))));
                self.save(changes, Then::Scan(next), out);
            }
            (Task::Refill { stage, .. }, Outcome::Refilled(docs)) => {
                self.queue.refilled(stage, &docs);
                let tombstoned = self.queue.take_tombstoned();
                if !tombstoned.is_empty() {
                    let purges = tombstoned.iter().map(|doc| Change::Purge { doc: *doc }).collect();
                    self.save(purges, Then::Release(tombstoned), out);
                }
            }
            (Task::Read { doc } | Task::Embed { doc, .. } | Task::Park { doc, .. }, Outcome::Changes(changes)) => {
                self.save(changes, Then::Release(vec![doc]), out);
            }
            (Task::Count, Outcome::Counted(list)) => out.push(Output::Counted(Some(list))),
            (task, Outcome::Failed(why)) => {
                self.take_back(&task);
                self.break_down(&why, out);
            }
            (task, outcome) => unreachable!("{task:?} came back as {outcome:?}"),
        }
    }

    /// A task panicked: it is tried once more. What panics again is set aside, so that nothing waits behind it.
    fn on_panicked(&mut self, task: Task, why: &str, out: &mut Vec<Output>) {
        let again = self.second_tries.is_first(&task);
        let stopped = |what: &str| format!("{what} was stopped by a defect of the program ({why}). Please report it.");
        match task {
            Task::Read { doc } if again => self.queue.retry(doc, Kind::Waiting),
            Task::Embed { doc, .. } if again => self.queue.retry(doc, Kind::Chunked),
            Task::Read { doc } | Task::Embed { doc, .. } => self.second_tries.park(doc, stopped("Its indexing")),
            // It stays held, so that nothing tries it again before the next start.
            Task::Park { .. } => {}
            Task::Scan(_) if again => self.scans.again(),
            Task::Scan(scan) => {
                self.scans.step(None);
                let place = String::from_utf8_lossy(&scan.scope).into_owned();
                out.push(Output::Notice(Notice::LeftOut(stopped(&format!("The scan of {place}")))));
            }
            Task::Refill { stage, .. } => self.queue.refill_failed(stage, again),
            Task::Count => out.push(Output::Counted(None)),
            Task::EmbedQuery { .. } | Task::Retrieve(_) | Task::Audit => {}
        }
    }

    /// A task failed: what it was about is free again.
    fn take_back(&mut self, task: &Task) {
        match task {
            Task::Scan(_) => self.scans.again(),
            Task::Refill { stage, .. } => self.queue.refill_failed(*stage, false),
            Task::Read { doc } | Task::Embed { doc, .. } | Task::Park { doc, .. } => self.queue.release(*doc),
            Task::EmbedQuery { .. } | Task::Retrieve(_) | Task::Audit | Task::Count => {}
        }
    }

    pub(super) fn on_saved(
        &mut self,
        now: Instant,
        save: SaveId,
        result: Result<Saved, String>,
        out: &mut Vec<Output>,
    ) {
        let Some(then) = self.saves.end(save) else { return };
        let saved = match result {
            Ok(saved) => saved,
            Err(why) => {
                if let Then::Watch(promised) = then {
                    self.sources.give_up();
                    let refused = |(reply, _)| Output::Refused(reply, Refusal::Broken, why.clone());
                    out.extend(promised.replies.into_iter().map(refused));
                }
                return self.break_down(&why, out);
            }
        };
        self.ledger = saved.ledger;
        self.disk.free = saved.disk_free;
        self.queue.saved();
        match then {
            Then::Watch(promised) => self.keep_promises(now, save, *promised, out),
            Then::Scan(next) => self.scans.step(next),
            Then::Release(docs) => self.release(docs),
        }
        for applied in saved.applied {
            if applied.now == Some(Kind::Leaving) {
                self.tombstones = Tombstones::Until(now + Duration::from_millis(LEAVING_MS));
            }
            if let (Some(doc), Some(kind)) = (applied.doc, applied.now) {
                self.queue.learn(doc, kind);
            }
        }
    }

    /// What is watched is on the disk: now it holds, and is promised.
    fn keep_promises(&mut self, now: Instant, save: SaveId, promised: Promised, out: &mut Vec<Output>) {
        self.sources.settle(save, promised.sources);
        out.push(Output::Watch(promised.place));
        for (reply, place) in promised.replies {
            out.push(Output::Added(reply));
            self.scans.queue.mark_dirty(now, &place);
        }
    }

    fn release(&mut self, docs: Vec<DocId>) {
        docs.into_iter().for_each(|doc| self.queue.release(doc));
    }

    fn save(&mut self, changes: Vec<Change>, then: Then, out: &mut Vec<Output>) {
        for change in &changes {
            if let Change::Refused { reason, doc, .. } = change {
                out.push(Output::Notice(Notice::Unusable(*doc, reason.clone())));
            }
        }
        if changes.is_empty() {
            return match then {
                Then::Scan(next) => self.scans.step(next),
                Then::Release(docs) => self.release(docs),
                Then::Watch(_) => unreachable!("adding a source is a change"),
            };
        }
        out.push(Output::Save(self.saves.begin(then), changes));
    }

    fn break_down(&mut self, why: &str, out: &mut Vec<Output>) {
        if self.broken.is_none() {
            self.broken = Some(why.to_owned());
            out.push(Output::Notice(Notice::Broken(why.to_owned())));
        }
    }
}
