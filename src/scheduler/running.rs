//! Running tasks, their ids, and the second try of those that failed and belong to no document.

use super::parking::Parking;
use super::task::{Outcome, Task};
use crate::base::id::TaskId;
use crate::base::time::{Duration, Instant};
use crate::limits::{BACKGROUND_MAX, LENDING_SLOTS, LONG_READS, READ_LONG_MS};
use crate::store::keys::Stage;
use heapless::{LinearMap, Vec as Bounded};

/// See [`READ_LONG_MS`].
const READ_LONG: Duration = Duration::from_millis(READ_LONG_MS);

/// The running tasks of this machine.
#[derive(Debug, Default)]
pub(super) struct Running {
    tasks: LinearMap<TaskId, (Task, Instant), { BACKGROUND_MAX + LENDING_SLOTS + LONG_READS }>,
    /// The time of the last input.
    pub(super) now: Instant,
    /// An instant with its time of day, in seconds since 1970, as the last scan told it, or the start.
    pub(super) clock: Option<(Instant, i64)>,
    last: TaskId,
    /// Those of no document that failed and are tried once more.
    pub(super) retries: Retries,
    /// Documents whose tasks failed.
    pub(super) parking: Parking,
}

impl Running {
    pub(super) fn new(parking: Parking, clock: Option<(Instant, i64)>) -> Self {
        Self { parking, clock, ..Self::default() }
    }

    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    /// How many of them read what other devices may embed.
    pub(super) fn lending(&self) -> usize {
        let lends = |task: &Task| matches!(task, Task::Lend { .. } | Task::Refill { to_lend: true, .. });
        self.tasks.values().filter(|(task, _)| lends(task)).count()
    }

    /// The files that are being read, and since when.
    fn reads(&self) -> impl Iterator<Item = (TaskId, Instant)> {
        let reads = self.tasks.iter().filter(|(_, (task, _))| matches!(task, Task::Read { .. }));
        reads.map(|(id, (_, since))| (*id, *since))
    }

    /// Those of them that take long.
    pub(super) fn long_reads(&self) -> impl Iterator<Item = (TaskId, Instant)> {
        self.reads().filter(|(_, since)| self.now.since(*since) >= READ_LONG)
    }

    /// How many of them have a slot of their own.
    pub(super) fn beside(&self) -> usize {
        self.long_reads().count().min(LONG_READS)
    }

    /// When the next file is read for so long that it has one.
    pub(super) fn beside_from(&self) -> Option<Instant> {
        if self.beside() == LONG_READS {
            return None;
        }
        self.reads().map(|(_, since)| since + READ_LONG).min()
    }

    /// The tasks, each with the time when it began.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Task, Instant)> {
        self.tasks.values().map(|(task, since)| (task, *since))
    }

    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.tasks.contains_key(&id)
    }

    /// Issues an id, which names one task of this run of the agent, whoever runs the task.
    pub(super) const fn issue(&mut self) -> TaskId {
        self.last.0 += 1;
        self.last
    }

    /// Adds a task. The caller has checked that a slot is free.
    pub(super) fn begin(&mut self, task: Task) -> TaskId {
        let id = self.issue();
        let started = self.tasks.insert(id, (task, self.now));
        debug_assert!(started.is_ok(), "slots never exceed the table");
        id
    }

    /// The task ended without a failure, with this outcome. A scan tells the time of day.
    pub(super) fn succeeded(&mut self, now: Instant, task: &Task, outcome: &Outcome) {
        if let Outcome::Scanned { tally, .. } = outcome {
            self.clock = Some((now, tally.at));
        }
        self.retries.on_success(task);
    }

    /// An instant from now on in seconds since 1970, if the time of day is known.
    pub(super) fn time_of(&self, at: Instant) -> Option<i64> {
        let (known, time) = self.clock?;
        i64::try_from(at.since(known).as_secs()).ok().map(|since| time.saturating_add(since))
    }

    /// Removes a task that has ended; `None` if it is not one of this machine's.
    pub(super) fn end(&mut self, id: TaskId) -> Option<Task> {
        self.tasks.remove(&id).map(|(task, _)| task)
    }
}

/// What failed once, and is tried a second time: a panic is a defect of the program, but may depend on chance.
#[derive(Debug, Default)]
pub(super) struct Retries {
    once: Bounded<Subject, SUBJECTS>,
}

/// What a task works on that is about no single document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Scan,
    /// Of which stage, and whether to be lent: the two read other documents.
    Refill(Stage, bool),
    Purge,
}

/// How many there are.
const SUBJECTS: usize = 2 + 2 * Stage::ALL.len();

impl Subject {
    const fn of(task: &Task) -> Option<Self> {
        match task {
            Task::Scan(_) => Some(Self::Scan),
            Task::Refill { stage, to_lend, .. } => Some(Self::Refill(*stage, *to_lend)),
            Task::Purge { .. } => Some(Self::Purge),
            Task::Read { .. }
            | Task::Embed { .. }
            | Task::Sweep
            | Task::Lend { .. }
            | Task::Owed { .. }
            | Task::EmbedLent(_)
            | Task::EmbedBorrowed(_)
            | Task::ListKept { .. }
            | Task::Park { .. }
            | Task::EmbedQuery { .. }
            | Task::EmbedHit { .. }
            | Task::Retrieve(_)
            | Task::Audit
            | Task::Summarize => None,
        }
    }
}

impl Retries {
    /// Whether this was the first failure of the task's subject since a task of it succeeded.
    pub(super) fn is_first(&mut self, task: &Task) -> bool {
        let Some(subject) = Subject::of(task) else { return false };
        if self.once.contains(&subject) {
            self.once.retain(|one| *one != subject);
            return false;
        }
        self.once.push(subject).is_ok()
    }

    /// The task ended without a failure.
    pub(super) fn on_success(&mut self, task: &Task) {
        if let Some(subject) = Subject::of(task).filter(|_| !self.once.is_empty()) {
            self.once.retain(|one| *one != subject);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_refill_has_a_second_try_of_its_own() {
        let refill = |to_lend| Task::Refill { stage: Stage::Embed, after: None, max: 1, to_lend };
        let mut retries = Retries::default();
        assert!(retries.is_first(&refill(false)) && retries.is_first(&refill(true)));
        retries.on_success(&refill(true));
        assert!(!retries.is_first(&refill(false)), "that another one succeeded does not count for it");
    }
}
