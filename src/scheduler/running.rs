//! Running tasks, their ids, and the second try of those that panicked.

use super::task::Task;
use crate::base::id::{DocId, TaskId};
use crate::limits::{BACKGROUND_MAX, PANICKED_MAX};
use crate::store::keys::Stage;
use heapless::{Deque, LinearMap, Vec as Bounded};

/// The running tasks of this machine.
#[derive(Debug, Default)]
pub(super) struct Running {
    tasks: LinearMap<TaskId, Task, BACKGROUND_MAX>,
    last: TaskId,
    /// Those that panicked and are tried once more.
    pub(super) retries: PanicRetries,
}

impl Running {
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
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
        let started = self.tasks.insert(id, task);
        debug_assert!(started.is_ok(), "slots never exceed the table");
        id
    }

    /// Removes a task that has ended; `None` if it is not one of this machine's.
    pub(super) fn end(&mut self, id: TaskId) -> Option<Task> {
        self.tasks.remove(&id)
    }
}

/// What panicked once, and is tried a second time: a panic is a defect of the program, but may depend on chance.
#[derive(Debug, Default)]
pub(super) struct PanicRetries {
    once: Bounded<Subject, PANICKED_MAX>,
    to_park: Deque<(DocId, String), PANICKED_MAX>,
}

/// What a task works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Document(DocId),
    Scan,
    Refill(Stage),
    Purge,
}

impl Subject {
    const fn of(task: &Task) -> Option<Self> {
        match task {
            Task::Read { doc } | Task::Embed { doc, .. } => Some(Self::Document(*doc)),
            Task::Scan(_) => Some(Self::Scan),
            Task::Refill { stage, .. } => Some(Self::Refill(*stage)),
            Task::Purge { .. } => Some(Self::Purge),
            Task::Sweep
            | Task::Lend { .. }
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

impl PanicRetries {
    /// Whether this was the first panic of the task's subject since a task of it succeeded. With a full table it counts
    /// as the second.
    pub(super) fn is_first(&mut self, task: &Task) -> bool {
        let Some(subject) = Subject::of(task) else { return false };
        if self.once.contains(&subject) {
            self.once.retain(|one| *one != subject);
            return false;
        }
        self.once.push(subject).is_ok()
    }

    /// The task ended without a panic.
    pub(super) fn on_success(&mut self, task: &Task) {
        if let Some(subject) = Subject::of(task).filter(|_| !self.once.is_empty()) {
            self.once.retain(|one| *one != subject);
        }
    }

    /// A document is to be refused for this reason. If the table is full it stays as it is, without a task, until the
    /// next start.
    pub(super) fn park(&mut self, doc: DocId, reason: String) {
        let _ = self.to_park.push_back((doc, reason));
    }

    /// The next document to refuse.
    pub(super) fn next_to_park(&mut self) -> Option<Task> {
        self.to_park.pop_front().map(|(doc, reason)| Task::Park { doc, reason })
    }
}
