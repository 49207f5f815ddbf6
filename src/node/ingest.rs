//! The flow of files: the scheduler's orders become the node's outputs and replies, and the governor's grants start its
//! background tasks.

use super::output::{Notice, Output, Problem, Response};
use super::{Node, Out};
use crate::base::id::{ReplyId, TaskId};
use crate::base::time::{Duration, Instant};
use crate::scheduler::task::Outcome;
use crate::scheduler::{self, Input, Refusal};
use crate::wire::message::Message;

impl Node {
    /// Hands an input to the scheduler and carries out what it decides.
    pub(super) fn schedule(&mut self, now: Instant, input: Input, out: &mut Out) {
        self.scheduler.handle(now, input, &mut self.orders);
        self.carry_out_orders(out);
    }

    /// The agent is stopping: nobody waits for the end of a removal any more.
    pub(super) fn answer_at_stop(&mut self, out: &mut Out) {
        self.scheduler.answer_at_stop(&mut self.orders);
        self.carry_out_orders(out);
    }

    /// A background task ended.
    pub(super) fn on_background_done(
        &mut self,
        now: Instant,
        id: TaskId,
        outcome: Outcome,
        spent: Duration,
        out: &mut Out,
    ) {
        if self.scheduler.runs(id) {
            self.finish_task(now, id, spent, &outcome, out);
            let busy = || Outcome::Failed("the threads that do it have too much to do".to_owned());
            let outcome = if outcome == Outcome::Busy { busy() } else { outcome };
            self.schedule(now, Input::Done(id, outcome), out);
        }
    }

    /// Starts whatever may start now.
    pub(super) fn start_work(&mut self, now: Instant, out: &mut Out) {
        // First: where nothing may start, a credit deadline that has passed would wake the node for ever.
        self.forget_credit();
        self.schedule(now, Input::Wake, out);
        let languages = std::mem::take(&mut self.queries.languages);
        self.choose_models(now, languages, out);
        if self.scheduler.stands_still() {
            if self.scheduler.has_slot() {
                self.scheduler.start_awaited(&mut self.orders);
                self.carry_out_orders(out);
            }
            return;
        }
        if self.scheduler.has_slot() && self.begin_count(now) {
            // Charged to no account, because a count is short and rare; `count_due` still holds it back.
            self.scheduler.summarize(&mut self.orders);
        }
        if self.scheduler.has_slot() {
            // Somebody waits for it, as for the answer to a question.
            self.scheduler.start_awaited(&mut self.orders);
        }
        self.set_long_read_aside(now);
        while self.scheduler.has_slot()
            && let Some(grant) = self.next_grant(now)
        {
            let Some(id) = self.scheduler.start_next(grant.allowance, &mut self.orders) else {
                self.forget_credit();
                break;
            };
            self.charge(now, id, grant);
        }
        self.carry_out_orders(out);
    }

    pub(super) fn carry_out_orders(&mut self, out: &mut Out) {
        let mut orders = core::mem::take(&mut self.orders);
        for order in orders.drain(..) {
            match order {
                scheduler::Output::Start(id, task) => out.push(Output::Start(id, task)),
                scheduler::Output::Save(id, changes) => {
                    self.note_changes(&changes, out);
                    out.push(Output::Save(id, changes));
                }
                scheduler::Output::Mend(id, changes) => {
                    self.note_changes(&changes, out);
                    out.push(Output::Mend(id, changes));
                }
                scheduler::Output::Watch(place) => out.push(Output::Watch(place)),
                scheduler::Output::Unwatch(place) => out.push(Output::Unwatch(place)),
                scheduler::Output::Decided(reply, done) => out.push(Output::Reply(reply, Response::Done(done))),
                scheduler::Output::MeasureDisk => out.push(Output::MeasureDisk),
                scheduler::Output::Regrouped(reply, name) => {
                    // Only now is it in the store, from which they are counted.
                    self.count_again();
                    out.push(Output::Reply(reply, Response::Regrouped(name)));
                }
                scheduler::Output::Embedded(reply, vectors) => {
                    out.push(Output::Reply(reply, Response::Embedded(vectors)));
                }
                scheduler::Output::Added(reply) => out.push(Output::Reply(reply, Response::Added)),
                scheduler::Output::Refused(reply, refusal, why) => out.push(refused(reply, refusal, why)),
                scheduler::Output::Summarized(Some(summary)) => {
                    self.queries.foreign = summary.foreign;
                    self.queries.languages = summary.languages;
                    self.queries.spoken = summary.spoken;
                    self.tell_unusable(summary.unusable, out);
                    self.on_counted(&summary.collections, out);
                }
                scheduler::Output::Summarized(None) => self.on_not_counted(),
                scheduler::Output::Work(peer, work) => out.push(Output::Send(peer, Message::Work(work))),
                scheduler::Output::Notice(notice) => out.push(Output::Notice(Notice::from(notice))),
            }
        }
        // Given back, so that its memory is used again for the next input.
        self.orders = orders;
    }
}

fn refused(reply: ReplyId, refusal: Refusal, why: String) -> Output {
    let problem = match refusal {
        Refusal::Conflict => Problem::Conflict,
        Refusal::Busy => Problem::Busy,
        Refusal::DiskFull => Problem::DiskFull,
        Refusal::Broken => Problem::Broken,
    };
    Output::Reply(reply, Response::Refused(problem, why))
}

impl From<scheduler::Notice> for Notice {
    fn from(notice: scheduler::Notice) -> Self {
        match notice {
            scheduler::Notice::LeftOut(why) => Self::LeftOut(why),
            scheduler::Notice::Asks(why) => Self::Asks(why),
            scheduler::Notice::Held(why) => Self::Held(why),
            scheduler::Notice::Resumed => Self::Resumed,
            scheduler::Notice::Unusable(doc, why) => Self::Refused(doc, why),
            scheduler::Notice::Broken(why) => Self::Broken(why),
            scheduler::Notice::Replaced(found) => Self::Replaced(found),
        }
    }
}
