//! The scheduler's state, its inputs, and the choice of the next task.

use super::addition::Addition;
use super::decisions::Decisions;
use super::disk::Disk;
use super::offload::Offload;
use super::outage::Outage;
use super::parking::Parking;
use super::port::{Input, Output, Refusal, WorkAllowance};
use super::purges::Purges;
use super::queue::Queue;
use super::running::Running;
use super::saves::{AfterSave, NotSaved, Saves};
use super::scans::Scans;
use super::sources::{UnsavedSources, WatchedSources};
use super::stored::StoredWork;
use super::task::Task;
use super::waiting::{Waiting, Wanted};
use crate::base::id::{Fingerprint, ReplyId, TaskId};
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{ADD_WAIT_MS, BACKGROUND_MAX, SAVES_MAX};
use crate::store::change::Change;
use crate::store::counts::{Kind, StoreCounts};
use crate::store::record::{Mark, Sources};

/// The scheduler's state at the start.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The store's counts.
    pub counts: StoreCounts,
    /// The number of the store's last commit.
    pub number: u64,
    /// The watched folders and files.
    pub sources: Sources,
    /// The marks on places.
    pub marks: Vec<Mark>,
    /// The sources whose owners were asked about a loss when the agent ended.
    pub asked: Vec<Vec<u8>>,
    /// Work that was not over when the agent ended.
    pub work: StoredWork,
    /// Whether the store holds documents of no watched folder, which are deleted, or may hold vectors of another model.
    pub strays: bool,
    /// How many background tasks may run at once, 1 to `BACKGROUND_MAX`.
    pub slots: usize,
    /// Bytes free on the home's disk.
    pub disk_free: u64,
    /// The model of all vectors.
    pub model: Fingerprint,
    /// The least cosine of the vectors that two correct engines give the same text, 0 to 1.
    pub cosine_min: f32,
    /// Seeds the decisions by chance.
    pub seed: u64,
}

/// The scheduler of one agent's background work.
#[derive(Debug)]
pub struct Scheduler {
    pub(super) counts: StoreCounts,
    pub(super) sources: WatchedSources,
    pub(super) slots: usize,
    pub(super) scans: Scans,
    pub(super) queue: Queue,
    pub(super) running: Running,
    pub(super) saves: Saves,
    pub(super) outage: Outage,
    pub(super) disk: Disk,
    pub(super) purges: Purges,
    pub(super) decisions: Decisions,
    pub(super) offload: Offload,
}

impl Scheduler {
    /// Begins with a scan of everything that is watched.
    #[must_use]
    pub fn new(now: Instant, config: Config) -> Self {
        let mut purges = Purges::default();
        if config.counts.count(Kind::Tombstoned) > 0 || config.counts.tombstoned_vectors > 0 {
            // How long those of an earlier run have been there is not stored: they wait once more.
            purges.mark(now, config.number);
        }
        let mut decisions = Decisions::new(config.marks, config.strays);
        decisions.losses.ask_again(config.asked, |path| config.sources.places.iter().any(|source| source.path == path));
        let disk = Disk::new(config.disk_free);
        let mut scans = Scans::new(now);
        scans.are_behind = disk.is_full();
        let mut offload = Offload::new(config.model, config.cosine_min, config.seed);
        let mut queue = Queue::default();
        let at = config.work.at;
        for of in config.work.unproven {
            offload.lender.restore(now, at, of).into_iter().for_each(|doc| queue.hold(doc));
        }
        Self {
            counts: config.counts,
            sources: WatchedSources::new(config.sources),
            slots: config.slots.clamp(1, BACKGROUND_MAX),
            scans,
            queue,
            running: Running::new(
                Parking::new(now, config.work.parked, config.work.failing),
                (at > 0).then_some((now, at)),
            ),
            saves: Saves::default(),
            outage: Outage::default(),
            disk,
            purges,
            decisions,
            offload,
        }
    }

    /// Handles one input. Background tasks start in `start_next` only.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        self.running.now = now;
        match input {
            Input::Wake => self.wake(now, out),
            Input::Add(reply, new) => self.on_add(now, reply, new, out),
            Input::Regroup(reply, regroup) => self.on_regroup(reply, &regroup, out),
            Input::ModelChosen(regroup) => self.on_model_chosen(&regroup, out),
            Input::Forget(reply, path) => self.on_forget(now, reply, &path, out),
            Input::ForgetKept(reply, path) => self.on_forget_kept(reply, path, out),
            Input::Keep(reply, path) => self.on_keep(now, reply, &path, out),
            Input::Decide(reply, which, decided) => self.on_parked_decided(reply, which, decided, out),
            Input::Spread(reply, texts) => self.on_spread(now, reply, texts, out),
            Input::Unspread(reply) => self.on_unspread(reply, out),
            Input::Unwatched(sources) => self.scans.poll(now, sources),
            Input::Followed(sources) => self.scans.followed = sources,
            Input::Locked(places) => self.scans.locked = places,
            Input::Done(id, outcome) => {
                if let Some(task) = self.running.end(id) {
                    self.on_done(now, task, outcome, out);
                }
            }
            Input::Saved(save, result) => self.on_saved(now, save, result, out),
            Input::StoreLost(why) => self.on_write_failure(now, NotSaved::for_now(why), out),
            Input::StoreDamaged(why) => self.on_damage(now, why, out),
            Input::Changed(path) => {
                if self.sources.covering(&path).is_some() {
                    self.scans.queue.mark_dirty(now, &path);
                }
            }
            Input::ChangesLost => self.scans.queue.overflow(now),
            Input::DiskFree(free) => self.on_measured(now, free, out),
        }
        self.note_standstill(now);
        self.match_counts(now);
    }

    /// Starts the next task, if there is one and a slot for it, and returns its id. The caller calls again for more
    /// tasks.
    pub fn start_next(&mut self, allowance: WorkAllowance, out: &mut Vec<Output>) -> Option<TaskId> {
        if !self.has_slot() {
            return None;
        }
        let task = self.next_task(allowance.chunks)?;
        Some(self.start(task, out))
    }

    /// Starts a count of the collections that this device shares with the members. It is short and rare, so it needs no
    /// allowance; it needs a slot, see `has_slot`.
    pub fn summarize(&mut self, out: &mut Vec<Output>) {
        self.start(Task::Summarize, out);
    }

    /// Issues the id of a task of another kind, run by the caller.
    pub const fn issue(&mut self) -> TaskId {
        self.running.issue()
    }

    /// When to `Wake` the machine if nothing else happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let waiting = earliest(earliest(self.waiting_until(), self.share_deadline()), self.failing_until());
        if self.outage.is_on() {
            return earliest(waiting, self.outage.deadline());
        }
        let full = self.disk.is_full();
        // While a scan waits or runs, a place that is due needs no timer: it is planned after that scan.
        let scan = if self.scans.any() || full { None } else { self.scans.deadline() };
        let purge = if full { None } else { self.purges.deadline(self.reading()) };
        let read = if full { None } else { self.read_deadline() };
        earliest(earliest(waiting, self.disk.deadline()), earliest(earliest(scan, purge), read))
    }

    /// Answers whoever has waited long enough, measures a full disk, and plans the scans that are due.
    fn wake(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.answer_waiting(now, out);
        self.wake_failing(now);
        if self.outage.is_on() {
            return self.mend(now, out);
        }
        self.disk.check(now, out);
        // What its owner decided is done on a full disk too: somebody waits for it, and it makes room.
        self.decide_on(out);
        if self.disk.is_full() {
            return;
        }
        self.purges.wake(now, self.reading());
        if !self.scans.any() {
            self.scans.mark_polled(now, |source| self.decisions.losses.poll_interval(source));
        }
        self.scans.plan(now, &self.sources, |source, places| self.decisions.losses.is_crowd(source, places));
    }

    pub(super) fn start(&mut self, task: Task, out: &mut Vec<Output>) -> TaskId {
        let id = self.running.begin(task.clone());
        out.push(Output::Start(id, task));
        id
    }

    fn next_task(&mut self, chunks: Option<usize>) -> Option<Task> {
        if self.outage.is_on() || self.disk.is_full() {
            return None;
        }
        let first = self.running.parking.next().or_else(|| self.next_sweep());
        // A document about which its owner has decided is not counted as missing once more.
        let first = first.or_else(|| if self.decisions.any() { None } else { self.scans.begin_next() });
        let first = first.or_else(|| self.purges.begin_next());
        let first = first.or_else(|| self.next_document(chunks));
        let first = first.or_else(|| self.next_lent(chunks));
        first.or_else(|| self.next_borrowed(chunks))
    }

    /// The next document to read or to embed. While more fail than there is room for, there are pauses between them.
    fn next_document(&mut self, chunks: Option<usize>) -> Option<Task> {
        if self.running.parking.pause().is_some() {
            return None;
        }
        let now = self.running.now;
        let again = if self.running.beside() == 0 { self.queue.next_set_aside(now) } else { None };
        again.or_else(|| self.queue.next(&self.counts, chunks))
    }

    /// When another task gets the slot of a file that takes long, or what such a file held up may be tried again.
    fn read_deadline(&self) -> Option<Instant> {
        let waits = self.to_do() > 0 && !self.has_slot();
        let beside = self.running.beside_from().filter(|_| waits);
        let again = self.queue.set_aside_until().filter(|at| *at > self.running.now && self.running.beside() == 0);
        earliest(beside, again)
    }

    /// The next step of a removal. A scan that is under way may find files of the place once more: its save comes first.
    pub(super) fn next_sweep(&mut self) -> Option<Task> {
        if self.scans.is_under_way() { None } else { self.decisions.next_sweep() }
    }

    /// Whether files wait to be read.
    fn reading(&self) -> bool {
        self.counts.count(Kind::Waiting) > self.queue.absent()
    }

    fn on_add(&mut self, now: Instant, reply: ReplyId, new: Addition, out: &mut Vec<Output>) {
        self.add_by(now, reply, new, now + Duration::from_millis(ADD_WAIT_MS), out);
    }

    /// Adds a place. What keeps it from that for a moment is waited for, until this time at the latest.
    pub(super) fn add_by(
        &mut self,
        now: Instant,
        reply: ReplyId,
        new: Addition,
        until: Instant,
        out: &mut Vec<Output>,
    ) {
        if let Some((refusal, why)) = self.outage.refusal(self.disk.is_full()) {
            return out.push(Output::Refused(reply, refusal, why));
        }
        if self.disk.is_full() {
            return self.look_for_room(Waiting { reply, wanted: Wanted::Room(new), until }, out);
        }
        if self.waits_for_removal(until, reply, &new, out) {
            return;
        }
        match self.sources.with(&new) {
            Err(why) => out.push(Output::Refused(reply, Refusal::Conflict, why)),
            Ok(None) => self.on_covered(now, reply, new.path, out),
            Ok(Some(_)) if self.under_way() >= SAVES_MAX => {
                self.wait_for_turn(now, Waiting { reply, wanted: Wanted::Added(new), until }, out);
            }
            Ok(Some(sources)) => {
                let replies = [(reply, Some(new.path.clone()))].into_iter().collect();
                let (added, removed, regrouped) = (Some(new.path), Vec::new(), None);
                let unsaved = UnsavedSources { sources: sources.clone(), added, removed, regrouped, replies };
                let save = self.saves.begin(AfterSave::Watch(Box::new(unsaved)));
                out.push(Output::Save(save, vec![Change::Sources(sources.clone())]));
                self.sources.begin_save(save, sources);
            }
        }
    }

    /// A place that the watched sources cover already, or will cover once a save is on the disk: it is acknowledged no
    /// sooner.
    fn on_covered(&mut self, now: Instant, reply: ReplyId, place: Vec<u8>, out: &mut Vec<Output>) {
        let Some(save) = self.sources.save_under_way() else {
            self.scans.queue.mark_dirty(now, &place);
            // Its watch may be lost: it is set anew.
            out.extend(self.sources.covering(&place).map(|source| Output::Watch(source.path.clone())));
            return out.push(Output::Added(reply));
        };
        let unsaved = self.saves.unsaved_sources(save);
        if unsaved.is_none_or(|unsaved| unsaved.replies.push((reply, Some(place))).is_err()) {
            out.push(busy_writing(reply));
        }
    }
}

pub(super) fn busy_writing(reply: ReplyId) -> Output {
    Output::Refused(
        reply,
        Refusal::Busy,
        "The agent is busy writing; try again in a moment. Nothing was changed.".to_owned(),
    )
}
