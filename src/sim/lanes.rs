//! The queues of a device's threads hold whatever its agent has under way; and devices whose threads can embed nothing for others.

use super::world::World;
use crate::base::id::TaskId;
use crate::limits::{AUDITS_LANE, BACKGROUND_LANE, CHECKS_LANE, PEER_SEARCHES_LANE, QUESTIONS_LANE, SEARCHES_LANE};
use crate::scheduler::task::{Outcome, Task};

impl World {
    /// Notes that a task is queued, and checks that its queue has room. A queue is fullest while its thread takes nothing from it.
    pub(super) fn check_lane(&mut self, at: usize, id: TaskId, task: &Task) {
        let (lane, most) = match task {
            Task::EmbedQuery { .. } => ("questions", QUESTIONS_LANE),
            Task::EmbedHit { .. } => ("checks", CHECKS_LANE),
            Task::Retrieve(query) if query.shared => ("searches for peers", PEER_SEARCHES_LANE),
            Task::Retrieve(_) => ("searches", SEARCHES_LANE),
            Task::Audit => ("audits", AUDITS_LANE),
            _ => ("background", BACKGROUND_LANE),
        };
        let lanes = &mut self.devices[at].run.lanes;
        lanes.insert(id, lane);
        let under_way = lanes.values().filter(|other| **other == lane).count();
        assert!(under_way <= most, "device {at} has {under_way} tasks in the lane of {lane}, which holds {most}");
    }

    /// From now on a device can embed no text of another one.
    pub fn break_engine(&mut self, at: usize) {
        self.devices[at].run.is_broken = true;
    }

    /// From now on no text of a device can be embedded by itself, as if each were beyond its engine.
    pub fn break_own_engine(&mut self, at: usize) {
        self.devices[at].run.is_beyond = true;
    }

    /// How a task ends.
    pub(super) fn unless_broken(&self, at: usize, task: &Task, outcome: Outcome) -> Outcome {
        let run = &self.devices[at].run;
        let is_own = matches!(task, Task::Embed { .. } | Task::EmbedLent(_) | Task::EmbedHit { .. });
        let fails = run.is_broken && matches!(task, Task::EmbedBorrowed(_)) || run.is_beyond && is_own;
        if fails { Outcome::Failed("the engine gives nothing".to_owned()) } else { outcome }
    }
}
