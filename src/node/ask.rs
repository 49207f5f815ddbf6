//! The story of a question: ask this device, answer with what came in time.

use super::output::{Output, Problem, Response};
use super::{Node, Out};
use crate::base::id::{ReplyId, TaskId};
use crate::base::time::Instant;
use crate::query::ask::Coverage;
use crate::work::task::{Outcome, Task};

impl Node {
    pub(super) fn on_search(&mut self, now: Instant, reply: ReplyId, question: String, count: usize, out: &mut Out) {
        if !self.asks.room() {
            let busy = "Too many questions are being answered just now; ask again in a moment.";
            return out.push(Output::Reply(reply, Response::refused(Problem::Busy, busy)));
        }
        let task = self.task_id();
        let opened = self.asks.open(now, reply, task);
        debug_assert!(opened, "there was room");
        out.push(Output::Start(task, Task::Retrieve { question, count }));
    }

    /// Whether the task was a question's; if so, it is answered.
    pub(super) fn on_answer(&mut self, task: TaskId, outcome: &Outcome, out: &mut Out) -> bool {
        let Some(reply) = self.asks.answered(task) else { return matches!(outcome, Outcome::Hits(_)) };
        let response = match outcome {
            Outcome::Hits(hits) => Response::Hits {
                hits: hits.iter().map(|hit| (self.facts.device.clone(), hit.clone())).collect(),
                coverage: Coverage { asked: 1, answered: 1 },
            },
            Outcome::Failed(why) => Response::refused(Problem::Broken, why.clone()),
            other => unreachable!("a question came back as {other:?}"),
        };
        out.push(Output::Reply(reply, response));
        true
    }

    pub(super) fn answer_overdue(&mut self, now: Instant, out: &mut Out) {
        while let Some(reply) = self.asks.overdue(now) {
            let coverage = Coverage { asked: 1, answered: 0 };
            out.push(Output::Reply(reply, Response::Hits { hits: Vec::new(), coverage }));
        }
    }
}
