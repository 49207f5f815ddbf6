//! The machine: from a place that changed to a document that is ready.

use super::disk::Disk;
use super::port::{Admission, Input, Output, Refusal};
use super::queue::Queue;
use super::running::{Running, SecondTries};
use super::saves::{Saves, Then};
use super::scans::Scans;
use super::sources::{Promised, WatchedSources};
use super::task::Task;
use crate::base::id::{ReplyId, TaskId};
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{BACKGROUND_MAX, LEAVING_MS, SAVES_MAX};
use crate::store::change::{Change, Kind, Ledger};
use crate::store::record::{Source, Sources};

/// What the scheduler must know to begin.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The store's counts.
    pub ledger: Ledger,
    /// What is watched.
    pub sources: Vec<Source>,
    /// Background tasks at once, 1 to `BACKGROUND_MAX`.
    pub slots: usize,
    /// Bytes free on the home's disk.
    pub disk_free: u64,
}

/// The scheduler of one agent's work.
#[derive(Debug)]
pub struct Scheduler {
    pub(super) ledger: Ledger,
    pub(super) sources: WatchedSources,
    pub(super) slots: usize,
    pub(super) scans: Scans,
    pub(super) queue: Queue,
    pub(super) running: Running,
    pub(super) second_tries: SecondTries,
    pub(super) saves: Saves,
    /// The store is broken, for this reason.
    pub(super) broken: Option<String>,
    pub(super) disk: Disk,
    pub(super) tombstones: Tombstones,
}

/// When tombstoned documents, those whose file is gone, may be purged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tombstones {
    /// There are none.
    None,
    /// Some are young: their files may turn up under another name.
    Until(Instant),
    /// They have had their time.
    Due,
}

impl Scheduler {
    /// Begins with a scan of everything that is watched.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        Self {
            ledger: config.ledger,
            sources: WatchedSources::new(config.sources),
            slots: config.slots.clamp(1, BACKGROUND_MAX),
            scans: Scans::new(now),
            queue: Queue::default(),
            running: Running::default(),
            second_tries: SecondTries::default(),
            saves: Saves::default(),
            broken: None,
            disk: Disk::new(config.disk_free),
            // Those of an earlier run have had theirs, or lost it with the power: one whole scan, then they go.
            tombstones: Tombstones::Until(now + Duration::from_millis(LEAVING_MS)),
        }
    }

    /// Takes one input and decides what follows; starts nothing, see `admit`.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Wake => self.wake(now, out),
            Input::Add(reply, source) => self.on_add(now, reply, source, out),
            Input::Done(id, outcome) => {
                if let Some(task) = self.running.end(id) {
                    self.on_done(task, outcome, out);
                }
            }
            Input::Saved(save, result) => self.on_saved(now, save, result, out),
            Input::Changed(path) => {
                if self.sources.covering(&path).is_some() {
                    self.scans.queue.mark_dirty(now, &path);
                }
            }
            Input::ChangesLost => self.scans.queue.overflow(now),
            Input::DiskFree(free) => self.disk.free = free,
        }
    }

    /// Starts the next task, if there is one and a slot for it; its number. The caller calls again while it may.
    pub fn admit(&mut self, admission: Admission, out: &mut Vec<Output>) -> Option<TaskId> {
        if !self.has_slot() {
            return None;
        }
        let task = self.next_task(admission.chunks)?;
        Some(self.start(task, out))
    }

    /// Starts a count of what this device holds for the members. It is little and seldom, so that it needs no admission,
    /// but a slot: `has_slot`.
    pub fn count(&mut self, out: &mut Vec<Output>) {
        self.start(Task::Count, out);
    }

    /// The number of the next task of another kind, run by the caller.
    pub const fn issue(&mut self) -> TaskId {
        self.running.issue()
    }

    /// When to `Wake` the machine if nothing else happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if self.broken.is_some() {
            return None;
        }
        let full = self.disk.is_full();
        // A place that is due while earlier scans stage needs no wake-up: their end brings it on.
        let scan = if self.scans.any() || full { None } else { self.scans.queue.deadline() };
        let tombstones = match self.tombstones {
            Tombstones::Until(at) if !full => Some(at),
            _ => None,
        };
        earliest(self.disk.deadline(), earliest(scan, tombstones))
    }

    /// Measures a full disk, and plans the scans that are due.
    fn wake(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.broken.is_some() {
            return;
        }
        self.disk.check(now, out);
        if self.disk.is_full() {
            return;
        }
        if matches!(self.tombstones, Tombstones::Until(at) if at <= now) {
            let any = self.ledger.count(Kind::Leaving) > 0;
            self.tombstones = if any { Tombstones::Due } else { Tombstones::None };
        }
        self.scans.plan(now, &self.sources);
    }

    fn start(&mut self, task: Task, out: &mut Vec<Output>) -> TaskId {
        let id = self.running.begin(task.clone());
        out.push(Output::Start(id, task));
        id
    }

    fn next_task(&mut self, chunks: Option<usize>) -> Option<Task> {
        if self.broken.is_some() || self.disk.is_full() {
            return None;
        }
        let first = self.second_tries.next_to_park().or_else(|| self.scans.begin_next());
        first.or_else(|| self.queue.next(&self.ledger, self.tombstones == Tombstones::Due, chunks))
    }

    fn on_add(&mut self, now: Instant, reply: ReplyId, source: Source, out: &mut Vec<Output>) {
        if let Some(why) = &self.broken {
            return out.push(Output::Refused(reply, Refusal::Broken, why.clone()));
        }
        if self.disk.is_full() {
            return out.push(Output::Refused(reply, Refusal::DiskFull, self.disk.reason()));
        }
        match self.sources.with(&source) {
            Err(why) => out.push(Output::Refused(reply, Refusal::Conflict, why)),
            Ok(None) => self.on_covered(now, reply, source, out),
            Ok(Some(_)) if self.under_way() >= SAVES_MAX => out.push(busy_writing(reply)),
            Ok(Some(sources)) => {
                let replies = [(reply, source.path.clone())].into_iter().collect();
                let promised = Promised { sources: sources.clone(), place: source.path, replies };
                let save = self.saves.begin(Then::Watch(Box::new(promised)));
                out.push(Output::Save(save, vec![Change::Sources(Sources(sources.clone()))]));
                self.sources.order(save, sources);
            }
        }
    }

    /// A place that is watched already, or will be once a save is on the disk: it is promised no sooner.
    fn on_covered(&mut self, now: Instant, reply: ReplyId, source: Source, out: &mut Vec<Output>) {
        let Some(save) = self.sources.under_way() else {
            self.scans.queue.mark_dirty(now, &source.path);
            return out.push(Output::Added(reply));
        };
        let promised = self.saves.promised(save);
        if promised.is_none_or(|promised| promised.replies.push((reply, source.path)).is_err()) {
            out.push(busy_writing(reply));
        }
    }
}

fn busy_writing(reply: ReplyId) -> Output {
    Output::Refused(reply, Refusal::Busy, "The agent is busy writing; try again in a moment.".to_owned())
}
