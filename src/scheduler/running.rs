//! Tasks under way, their numbers, and the second try of those that panicked.

use super::task::Task;
use crate::base::id::{DocId, TaskId};
use crate::limits::{BACKGROUND_MAX, PANICKED_MAX};
use crate::store::keys::Stage;
use heapless::{Deque, LinearMap, Vec as Bounded};

/// The tasks of this machine that are under way.
#[derive(Debug, Default)]
pub(super) struct Running {
    tasks: LinearMap<TaskId, Task, BACKGROUND_MAX>,
    last: TaskId,
}

impl Running {
    pub(super) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.tasks.contains_key(&id)
    }

    /// The number of the next task, whoever runs it: a number names one task of this agent's run.
    pub(super) const fn issue(&mut self) -> TaskId {
        self.last.0 += 1;
        self.last
    }

    /// A task begins. The caller saw that a slot is free.
    pub(super) fn begin(&mut self, task: Task) -> TaskId {
        let id = self.issue();
        let started = self.tasks.insert(id, task);
        debug_assert!(started.is_ok(), "slots never exceed the table");
        id
    }

    /// A task has ended; `None` if it is not one of these.
    pub(super) fn end(&mut self, id: TaskId) -> Option<Task> {
        self.tasks.remove(&id)
    }
}

/// What panicked. A panic is a defect of the program: it may come by chance, so each thing has a second try.
#[derive(Debug, Default)]
pub(super) struct SecondTries {
    once: Bounded<Subject, PANICKED_MAX>,
    to_park: Deque<(DocId, String), PANICKED_MAX>,
}

/// What a task was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Document(DocId),
    Scan,
    Refill(Stage),
}

impl Subject {
    const fn of(task: &Task) -> Option<Self> {
        match task {
            Task::Read { doc } | Task::Embed { doc, .. } => Some(Self::Document(*doc)),
            Task::Scan(_) => Some(Self::Scan),
            Task::Refill { stage, .. } => Some(Self::Refill(*stage)),
            Task::Park { .. } | Task::EmbedQuery { .. } | Task::Retrieve(_) | Task::Audit | Task::Count => None,
        }
    }
}

impl SecondTries {
    /// Whether this was the first panic of the task's subject since it ended well. A full table counts it as the second.
    pub(super) fn is_first(&mut self, task: &Task) -> bool {
        let Some(subject) = Subject::of(task) else { return false };
        if self.once.contains(&subject) {
            self.once.retain(|one| *one != subject);
            return false;
        }
        self.once.push(subject).is_ok()
    }

    /// The task ended without a panic.
    pub(super) fn ended_well(&mut self, task: &Task) {
        if let Some(subject) = Subject::of(task).filter(|_| !self.once.is_empty()) {
            self.once.retain(|one| *one != subject);
        }
    }

    /// A document is to be set aside, for this reason. With more than the table holds it is left as it is, held by
    /// nobody's task, until the next start.
    pub(super) fn park(&mut self, doc: DocId, reason: String) {
        let _ = self.to_park.push_back((doc, reason));
    }

    /// The next document to set aside.
    pub(super) fn next_to_park(&mut self) -> Option<Task> {
        self.to_park.pop_front().map(|(doc, reason)| Task::Park { doc, reason })
    }
}
