//! Requests that wait for the end of a removal.
//!
//! What is forgotten leaves all answers with the save of its mark. It is deleted in steps after that, and counts until then; and
//! no folder there can be added, or the removal would take what is learnt anew. So whoever forgets gets the answer once that is
//! over, for a small folder at once and in any case within `FORGET_WAIT_MS`, and an addition waits for its turn. While a
//! person waits, the removal needs no allowance of the governor. A stop waits for no removal: whoever waits is answered before it.

use super::addition::Addition;
use super::machine::Scheduler;
use super::path::covers;
use super::port::{Output, Refusal};
use super::waiting::{Waiting, Wanted};
use crate::base::id::ReplyId;
use crate::base::time::{Duration, Instant};
use crate::limits::{FORGET_WAIT_MS, REMOVAL_WAITS_MAX, SAVES_MAX};
use crate::store::record::{Mark, MarkKind};

impl Scheduler {
    /// An addition overlaps with a place that is being forgotten: it waits for the end of that. False if it need not.
    pub(super) fn waits_for_removal(
        &mut self,
        until: Instant,
        reply: ReplyId,
        new: &Addition,
        out: &mut Vec<Output>,
    ) -> bool {
        if !self.is_being_removed(new) {
            return false;
        }
        if self.decisions.waiting.len() < REMOVAL_WAITS_MAX {
            self.decisions.waiting.push(Waiting { reply, wanted: Wanted::Added(new.clone()), until });
        } else {
            out.push(still_removed(reply));
        }
        true
    }

    /// What the owner decided is on the disk. The answer `done` is due once what these marks are on is deleted: at once, if
    /// the decision forgets nothing.
    pub(super) fn answer_once_removed(
        &mut self,
        now: Instant,
        reply: ReplyId,
        done: String,
        marks: Vec<Mark>,
        out: &mut Vec<Output>,
    ) {
        if !self.decisions.has_any(&marks) {
            out.push(Output::Decided(reply, done));
        } else if self.decisions.waiting.len() < REMOVAL_WAITS_MAX {
            let until = now + Duration::from_millis(FORGET_WAIT_MS);
            self.decisions.waiting.push(Waiting { reply, wanted: Wanted::Removed { done, marks }, until });
        } else {
            out.push(Output::Decided(reply, still_counted(&done)));
        }
    }

    /// Answers those whose wait is over.
    pub(super) fn answer_waiting(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.outage.is_on() {
            for reply in self.end_listings() {
                self.refuses(reply, out);
            }
        }
        for Waiting { reply, wanted, until } in std::mem::take(&mut self.decisions.waiting) {
            let is_late = until <= now || self.outage.is_on();
            match wanted {
                Wanted::Removed { done, marks } if !self.decisions.has_any(&marks) => {
                    out.push(Output::Decided(reply, done));
                }
                Wanted::Removed { done, .. } if is_late => out.push(Output::Decided(reply, still_counted(&done))),
                Wanted::Added(new) if !self.is_being_removed(&new) && (is_late || self.under_way() < SAVES_MAX) => {
                    self.add_by(now, reply, new, until, out);
                }
                Wanted::Room(new) if !self.disk.is_full() || self.outage.is_on() => {
                    self.add_by(now, reply, new, until, out);
                }
                Wanted::Room(_) if is_late => {
                    out.push(Output::Refused(reply, Refusal::DiskFull, self.disk.refusal()));
                }
                Wanted::Added(_) if is_late => out.push(still_removed(reply)),
                wanted => self.decisions.waiting.push(Waiting { reply, wanted, until }),
            }
        }
    }

    /// The agent stops, and nothing more is deleted: answers all who wait. What is forgotten is so on the disk, and a command
    /// that the store carried out and nobody acknowledged would be undone by config.toml, which still names the folder.
    pub fn answer_at_stop(&mut self, out: &mut Vec<Output>) {
        out.extend(self.offload.spread.end().into_iter().map(|reply| Output::Embedded(reply, None)));
        for reply in self.end_listings() {
            out.push(Output::Refused(reply, Refusal::Busy, STOPPING.to_owned()));
        }
        if self.saves.len() == 0 {
            for (reply, left) in self.decisions.left_at_stop() {
                let why = format!(
                    "The agent is stopping. For {} it is not done yet; type the same command again when the agent runs.",
                    if left == 1 { "one document".to_owned() } else { format!("{left} documents") }
                );
                // A part of it may be done: whoever asks again by itself is not told to.
                out.push(Output::Refused(reply, Refusal::Broken, why));
            }
        }
        for Waiting { reply, wanted, .. } in std::mem::take(&mut self.decisions.waiting) {
            out.push(match wanted {
                Wanted::Removed { done, .. } => {
                    let then = "They answer nothing. Deleting them goes on when the agent starts again.";
                    Output::Decided(reply, format!("{done} {then}"))
                }
                Wanted::Added(_) | Wanted::Room(_) => Output::Refused(reply, Refusal::Busy, STOPPING.to_owned()),
            });
        }
    }

    /// Starts the next step of a removal whose end a person waits for. It needs no allowance; it needs a slot, see `has_slot`.
    pub fn start_awaited(&mut self, out: &mut Vec<Output>) {
        if let Some(task) = self.next_to_list() {
            self.start(task, out);
            return;
        }
        let is_awaited = self.decisions.waiting.iter().any(|waiting| matches!(waiting.wanted, Wanted::Removed { .. }));
        if is_awaited
            && !self.stands_still()
            && let Some(task) = self.next_sweep()
        {
            self.start(task, out);
        }
    }

    /// When a request that waits is answered at the latest.
    pub(super) fn waiting_until(&self) -> Option<Instant> {
        self.decisions.waiting.iter().map(|waiting| waiting.until).min()
    }

    fn is_being_removed(&self, new: &Addition) -> bool {
        let overlaps = |mark: &Mark| covers(&mark.path, &new.path) || covers(&new.path, &mark.path);
        self.decisions.marks().iter().any(|mark| mark.kind == MarkKind::Forgotten && overlaps(mark))
    }
}

const STOPPING: &str = "The agent is stopping. Nothing was changed.";

/// The answer to who forgets something that is not deleted yet.
fn still_counted(done: &str) -> String {
    format!("{done} They answer nothing. Deleting them goes on, and until it is over they are counted.")
}

fn still_removed(reply: ReplyId) -> Output {
    let why = "What was known there is still being forgotten; try again in a moment. Nothing was changed.";
    Output::Refused(reply, Refusal::Busy, why.to_owned())
}
