//! Simulated decisions of a governor, and the check that the node obeys them.

use super::world::World;
use crate::base::id::TaskId;
use crate::base::time::{Duration, Instant};
use crate::energy::decision::{Besides, Decision};
use crate::energy::fraction::Fraction;
use crate::energy::mode::Mode;
use crate::energy::reason::Reason;
use crate::limits::{BESIDE_QUESTIONS_MS, LONG_READS, READ_LONG_MS};
use crate::node::input::Input;
use crate::scheduler::task::Task;

impl World {
    /// A device's governor allows this from now on, across restarts.
    pub fn set_decision(&mut self, at: usize, decision: Decision) {
        self.devices[at].decision = Some(decision);
        self.send_decision(at);
    }

    /// A random decision.
    pub fn random_decision(&mut self) -> Decision {
        let reasons = [
            Reason::TooHot,
            Reason::Paused,
            Reason::UnderVoltage,
            Reason::OnBattery,
            Reason::InUse,
            Reason::Answering,
            Reason::BatteryLow,
        ];
        let which = usize::try_from(self.rng.below(2 * reasons.len() as u64)).unwrap_or(0);
        let (workers, reason) = match reasons.get(which) {
            Some(reason) => (0, Some(*reason)),
            None => (usize::from(which % 2 == 0) + 1, None),
        };
        let duty = if workers == 0 { Fraction::NONE } else { Fraction::new((1 + self.rng.below(20)) as f64 / 20.0) };
        let mode = if workers == 0 { Mode::Off } else { Mode::Normal };
        let only_questions = reason == Some(Reason::Answering) && self.rng.below(2) == 0;
        Decision {
            headroom: duty,
            reason,
            mode,
            workers,
            duty,
            chunks: mode.chunks(),
            besides: Besides { only_questions, ..Besides::default() },
            ..Decision::default()
        }
    }

    /// Tells a device's node what its governor allows.
    pub(super) fn send_decision(&mut self, at: usize) {
        if let Some(decision) = self.devices[at].decision
            && self.devices[at].agent.is_some()
        {
            self.handle(at, Input::Power(decision));
        }
    }

    /// Checks that a task which starts is allowed, and notes that it runs.
    pub(super) fn check_start(&mut self, at: usize, id: TaskId, task: &Task) {
        let counted = matches!(
            task,
            Task::Scan(_)
                | Task::Refill { to_lend: false, .. }
                | Task::Purge { .. }
                | Task::Read { .. }
                | Task::Embed { .. }
                | Task::EmbedLent(_)
                | Task::EmbedBorrowed(_)
        );
        // What reads for lending has a place of its own (`LENDING_SLOTS`), and costs no computation.
        let lends = matches!(task, Task::Lend { .. } | Task::Refill { to_lend: true, .. });
        if !counted && !lends && !matches!(task, Task::Summarize | Task::Owed { .. }) {
            return;
        }
        self.load_changes(at);
        let governed = self.coordinator(at).is_some();
        let now = self.clock(at);
        let device = &mut self.devices[at];
        let Some(decision) = device.decision else { return };
        let embeds = matches!(task, Task::Embed { .. } | Task::EmbedLent(_) | Task::EmbedBorrowed(_));
        let one_chunk = match task {
            Task::Embed { chunks, .. } => *chunks <= 1,
            Task::EmbedLent(chunks) => chunks.len() <= 1,
            task => !matches!(task, Task::EmbedBorrowed(_)),
        };
        let beside = (decision.besides.only_questions || decision.reason == Some(Reason::InUse)) && one_chunk;
        let allowed = beside || decision.workers > 0 && (!governed || decision.headroom > Fraction::NONE);
        assert!(!embeds || allowed, "a task embeds, which is not allowed: {decision:?}");
        let held = decision.workers == 0 && decision.reason.is_some_and(Reason::holds_uncharged_work);
        // A count of what is shared costs next to nothing, and others would be told what is not so any more.
        let holds = held && !matches!(task, Task::Summarize);
        assert!(counted || !holds, "{task:?} starts while work is held: {decision:?}");
        if !device.requests.open.is_empty() {
            assert!(counted && one_chunk, "{task:?} starts while somebody waits for an answer");
            let last = device.run.beside_question.replace(self.now);
            let waited = last.is_none_or(|last| self.now >= last + Duration::from_millis(BESIDE_QUESTIONS_MS));
            assert!(waited, "two tasks start within {BESIDE_QUESTIONS_MS} ms while somebody waits for an answer");
        }
        if !counted {
            return;
        }
        // What is read for long, as by a device that slept meanwhile, has a place of its own (`LONG_READS`).
        let long =
            |(embeds, since): &&(bool, Instant)| !embeds && now.since(*since) >= Duration::from_millis(READ_LONG_MS);
        let beside = device.run.tasks.values().filter(long).count().min(LONG_READS);
        assert!(
            device.run.tasks.len() - beside < decision.workers.max(1),
            "more tasks than workers: {:?}",
            device.run.tasks
        );
        device.run.tasks.insert(id, (embeds, now));
    }
}
