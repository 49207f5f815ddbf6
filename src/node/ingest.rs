//! The story of a file: seen, read, embedded, found; changed, renamed, gone.

use super::energy::Room;
use super::input::Saved;
use super::output::{Notice, Output, Problem, Response};
use super::{Node, Out, stopped};
use crate::base::id::{DocId, ReplyId, SaveId, TaskId};
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{BACKGROUND_MAX, DISK_RETRY_MS, LEAVING_MS, PANICKED_MAX, REPLIES_MAX, SAVES_MAX, SOURCES_MAX};
use crate::store::change::{Change, Kind};
use crate::store::keys::Wait;
use crate::store::record::{Source, Sources};
use crate::work::looks::{Looks, Place, covers};
use crate::work::queue::Queue;
use crate::work::task::{Look, Outcome, Task};
use heapless::{Deque, LinearMap};

/// What is under way in this story.
#[derive(Debug)]
pub(super) struct Ingest {
    pub(super) looks: Looks,
    queue: Queue,
    /// Looks that wait, in order; the first one is under way if `looking`.
    pending_looks: Deque<Look, { SOURCES_MAX * 2 }>,
    look_under_way: bool,
    running: LinearMap<TaskId, Task, BACKGROUND_MAX>,
    saves: LinearMap<SaveId, Then, SAVES_MAX>,
    /// What is watched once the newest save of it is on the disk, and that save; `None`: it is there.
    ordered: Option<(SaveId, Vec<Source>)>,
    /// The store is broken, for this reason.
    pub(super) broken: Option<String>,
    /// What panicked, once or twice.
    panicked: Panicked,
    held: bool,
    measure_at: Instant,
    leaving: Leaving,
}

/// When documents that left may be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    /// None left.
    Nobody,
    /// Some left a short while ago: their files may turn up under another name.
    Until(Instant),
    /// They have had their time.
    Due,
}

/// What panicked. A panic is a defect of ours: it may come by chance, so each thing has a second try.
#[derive(Debug, Default)]
struct Panicked {
    once: heapless::Vec<Subject, PANICKED_MAX>,
    /// Documents to be set aside, with the reason for people.
    to_park: Deque<(DocId, String), PANICKED_MAX>,
}

/// What a task was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Document(DocId),
    Look,
    Refill(Wait),
}

impl Subject {
    const fn of(task: &Task) -> Option<Self> {
        match task {
            Task::Read { doc } | Task::Embed { doc, .. } => Some(Self::Document(*doc)),
            Task::Look(_) => Some(Self::Look),
            Task::Refill { wait, .. } => Some(Self::Refill(*wait)),
            Task::Park { .. } | Task::Mean { .. } | Task::Retrieve(_) | Task::Audit | Task::Count => None,
        }
    }
}

impl Panicked {
    /// Whether this was the first panic of the task's subject since it ended well. A full table counts it as the second.
    fn first_of(&mut self, task: &Task) -> bool {
        let Some(subject) = Subject::of(task) else { return false };
        if self.once.contains(&subject) {
            self.once.retain(|one| *one != subject);
            return false;
        }
        self.once.push(subject).is_ok()
    }

    fn ended_well(&mut self, task: &Task) {
        if let Some(subject) = Subject::of(task).filter(|_| !self.once.is_empty()) {
            self.once.retain(|one| *one != subject);
        }
    }
}

/// What follows a save.
#[derive(Debug)]
enum Then {
    /// The next step of the look, if there is one.
    Look(Option<Vec<u8>>),
    /// These documents are free again.
    Release(Vec<DocId>),
    /// This is watched from now on.
    Added(Box<Added>),
}

/// Sources on their way to the disk, with the promises that rest on them. Whoever adds a place that one of them covers
/// waits for the same save: the reply says that the place is watched also after a power cut.
#[derive(Debug)]
struct Added {
    sources: Vec<Source>,
    /// The place that is new, to be watched.
    place: Vec<u8>,
    /// Who asked, for which place.
    promises: heapless::Vec<(ReplyId, Vec<u8>), REPLIES_MAX>,
}

impl Ingest {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            looks: Looks::new(now),
            queue: Queue::default(),
            pending_looks: Deque::new(),
            look_under_way: false,
            running: LinearMap::new(),
            saves: LinearMap::new(),
            ordered: None,
            broken: None,
            panicked: Panicked::default(),
            held: false,
            measure_at: Instant::ZERO,
            // Those of an earlier run have had theirs, or lost it with the power: one whole look, then they go.
            leaving: Leaving::Until(now + Duration::from_millis(LEAVING_MS)),
        }
    }

    pub(super) fn at_rest(&self) -> bool {
        self.running.is_empty() && (self.saves.is_empty() || self.broken.is_some())
    }

    pub(super) fn under_way(&self) -> usize {
        self.running.len() + self.saves.len()
    }

    /// Whether one more background task could start.
    pub(super) fn has_slot(&self, slots: usize) -> bool {
        self.running.len() < slots && self.saves.len() + self.running.len() < SAVES_MAX
    }

    /// Whether this device works for itself just now.
    pub(super) fn busy(&self) -> bool {
        self.looking() || self.under_way() > 0
    }

    pub(super) fn looking(&self) -> bool {
        self.look_under_way || !self.pending_looks.is_empty()
    }

    pub(super) fn deadline(&self, disk_full: bool) -> Option<Instant> {
        if self.broken.is_some() {
            return None;
        }
        let measure = disk_full.then_some(self.measure_at);
        // A place that is due while earlier looks wait needs no wake-up: their end brings it on.
        let look = if self.looking() || disk_full { None } else { self.looks.deadline() };
        let leaving = match self.leaving {
            Leaving::Until(at) if !disk_full => Some(at),
            _ => None,
        };
        earliest(measure, earliest(look, leaving))
    }
}

impl Node {
    pub(super) fn on_add(&mut self, now: Instant, reply: ReplyId, source: Source, out: &mut Out) {
        if let Some(why) = &self.ingest.broken {
            return out.push(Output::Reply(reply, Response::refused(Problem::Broken, why.clone())));
        }
        if let Some(why) = self.held_reason() {
            return out.push(Output::Reply(reply, Response::refused(Problem::DiskFull, why)));
        }
        let watched = self.ingest.ordered.as_ref().map_or(&self.facts.sources, |(_, sources)| sources);
        match place_source(watched, &source) {
            Err(why) => out.push(Output::Reply(reply, Response::refused(Problem::Conflict, why))),
            Ok(None) => self.on_covered(now, reply, source, out),
            Ok(Some(sources)) => {
                if self.ingest.saves.len() + self.ingest.running.len() >= SAVES_MAX {
                    return out.push(busy_writing(reply));
                }
                let promises = [(reply, source.path.clone())].into_iter().collect();
                let added = Added { sources: sources.clone(), place: source.path, promises };
                self.save(vec![Change::Sources(Sources(sources.clone()))], Then::Added(Box::new(added)), out);
                self.ingest.ordered = Some((self.next_save, sources));
            }
        }
    }

    /// A place that is watched already, or will be once a save is on the disk: it is promised no sooner.
    fn on_covered(&mut self, now: Instant, reply: ReplyId, source: Source, out: &mut Out) {
        let Some((save, _)) = &self.ingest.ordered else {
            self.ingest.looks.touch(now, &source.path);
            return out.push(Output::Reply(reply, Response::Added));
        };
        if let Some(Then::Added(added)) = self.ingest.saves.get_mut(save)
            && added.promises.push((reply, source.path)).is_ok()
        {
            return;
        }
        out.push(busy_writing(reply));
    }

    /// The save of what is watched failed: none of its promises can be given.
    fn refuse_promises(&mut self, added: Added, why: &str, out: &mut Out) {
        self.ingest.ordered = None;
        for (reply, _) in added.promises {
            out.push(Output::Reply(reply, Response::refused(Problem::Broken, why)));
        }
    }

    /// What is watched is on the disk: now it holds, and is promised.
    fn keep_promises(&mut self, now: Instant, save: SaveId, added: Added, out: &mut Out) {
        self.facts.sources = added.sources;
        if matches!(self.ingest.ordered, Some((newest, _)) if newest == save) {
            self.ingest.ordered = None;
        }
        out.push(Output::Watch(added.place));
        for (reply, place) in added.promises {
            out.push(Output::Reply(reply, Response::Added));
            self.ingest.looks.touch(now, &place);
        }
    }

    pub(super) fn on_touched(&mut self, now: Instant, path: &[u8]) {
        if self.source_of(path).is_some() {
            self.ingest.looks.touch(now, path);
        }
    }

    pub(super) fn on_ingested(&mut self, now: Instant, id: TaskId, outcome: Outcome, spent: Duration, out: &mut Out) {
        let Some(task) = self.ingest.running.remove(&id) else { return };
        self.settle(now, id, spent, &outcome, out);
        if let Outcome::Panicked(why) = outcome {
            return self.on_panicked(task, &why, out);
        }
        self.ingest.panicked.ended_well(&task);
        match (task, outcome) {
            (Task::Look(_), Outcome::Looked { changes, next, remarks }) => {
                remarks.into_iter().take(3).for_each(|remark| out.push(Output::Notice(Notice::LeftOut(remark))));
                self.save(changes, Then::Look(next), out);
            }
            (Task::Refill { wait, .. }, Outcome::Refilled(docs)) => {
                self.ingest.queue.refilled(wait, &docs);
                let leaving = self.ingest.queue.take_leaving();
                if !leaving.is_empty() {
                    let drops = leaving.iter().map(|doc| Change::Drop { doc: *doc }).collect();
                    self.save(drops, Then::Release(leaving), out);
                }
            }
            (Task::Read { doc } | Task::Embed { doc, .. } | Task::Park { doc, .. }, Outcome::Changes(changes)) => {
                self.save(changes, Then::Release(vec![doc]), out);
            }
            (Task::Count, Outcome::Counted(list)) => self.on_counted(&list, out),
            (task, Outcome::Failed(why)) => {
                log_failed_task(&mut self.ingest, &task);
                self.break_down(now, &why, out);
            }
            (task, outcome) => unreachable!("{task:?} came back as {outcome:?}"),
        }
    }

    /// A task panicked: it is tried once more. What panics again is set aside, so that nothing waits behind it.
    fn on_panicked(&mut self, task: Task, why: &str, out: &mut Out) {
        let again = self.ingest.panicked.first_of(&task);
        match task {
            Task::Read { doc } if again => self.ingest.queue.retry(doc, Kind::Waiting),
            Task::Embed { doc, .. } if again => self.ingest.queue.retry(doc, Kind::Chunked),
            Task::Read { doc } | Task::Embed { doc, .. } => {
                let reason = stopped("Its indexing", why);
                // Held until it is parked. With more than the table holds it stays so until the next start.
                let _ = self.ingest.panicked.to_park.push_back((doc, reason));
            }
            // It stays held, so that nothing tries it again before the next start.
            Task::Park { .. } => {}
            Task::Look(_) if again => self.ingest.look_under_way = false,
            Task::Look(look) => {
                self.next_step(None);
                let place = String::from_utf8_lossy(&look.scope).into_owned();
                out.push(Output::Notice(Notice::LeftOut(stopped(&format!("The look at {place}"), why))));
            }
            Task::Refill { wait, .. } => self.ingest.queue.refill_failed(wait, again),
            Task::Count => self.on_not_counted(),
            Task::Mean { .. } | Task::Retrieve(_) | Task::Audit => {}
        }
    }

    pub(super) fn on_saved(&mut self, now: Instant, save: SaveId, result: Result<Saved, String>, out: &mut Out) {
        let Some(then) = self.ingest.saves.remove(&save) else { return };
        let saved = match result {
            Ok(saved) => saved,
            Err(why) => {
                if let Then::Added(added) = then {
                    self.refuse_promises(*added, &why, out);
                }
                return self.break_down(now, &why, out);
            }
        };
        self.facts.ledger = saved.ledger;
        self.facts.disk_free = saved.disk_free;
        self.ingest.queue.saved();
        match then {
            Then::Added(added) => self.keep_promises(now, save, *added, out),
            Then::Look(next) => self.next_step(next),
            Then::Release(docs) => docs.into_iter().for_each(|doc| self.ingest.queue.release(doc)),
        }
        for applied in saved.applied {
            if applied.now == Some(Kind::Leaving) {
                self.ingest.leaving = Leaving::Until(now + Duration::from_millis(LEAVING_MS));
            }
            if let (Some(doc), Some(kind)) = (applied.doc, applied.now) {
                self.ingest.queue.learn(doc, kind);
            }
        }
    }

    /// Starts whatever may start now.
    pub(super) fn work(&mut self, now: Instant, out: &mut Out) {
        // Before all: where nothing may start, a moment of credit that has passed would wake for ever.
        self.forget_credit();
        if self.ingest.broken.is_some() {
            return;
        }
        if self.disk_full() {
            return self.hold(now, out);
        }
        if std::mem::take(&mut self.ingest.held) {
            out.push(Output::Notice(Notice::Resumed));
        }
        if matches!(self.ingest.leaving, Leaving::Until(at) if at <= now) {
            self.ingest.leaving =
                if self.facts.ledger.count(Kind::Leaving) > 0 { Leaving::Due } else { Leaving::Nobody };
        }
        while !self.ingest.looking()
            && let Some(place) = self.ingest.looks.due(now)
        {
            self.plan_looks(place);
        }
        // Each running task may end in a save: there must be room for all of them.
        if self.ingest.has_slot(self.facts.slots) && self.count_is_due(now) {
            // Not counted, as it is little and seldom; but people and the device's need come before it.
            self.start(Task::Count, None, now, out);
        }
        while self.ingest.has_slot(self.facts.slots)
            && let Some(room) = self.room_for_work(now)
        {
            let Some(task) = self.next_task(room.chunks) else { return self.forget_credit() };
            self.start(task, Some(room), now, out);
        }
    }

    fn start(&mut self, task: Task, room: Option<Room>, now: Instant, out: &mut Out) {
        let id = self.task_id();
        if let Some(room) = room {
            self.charge(now, id, room);
        }
        let started = self.ingest.running.insert(id, task.clone());
        debug_assert!(started.is_ok(), "slots never exceed the table");
        out.push(Output::Start(id, task));
    }

    fn next_task(&mut self, chunks: Option<usize>) -> Option<Task> {
        if let Some((doc, reason)) = self.ingest.panicked.to_park.pop_front() {
            return Some(Task::Park { doc, reason });
        }
        if !self.ingest.look_under_way
            && let Some(look) = self.ingest.pending_looks.front()
        {
            self.ingest.look_under_way = true;
            return Some(Task::Look(look.clone()));
        }
        let may_drop = self.ingest.leaving == Leaving::Due;
        self.ingest.queue.next(&self.facts.ledger, may_drop, chunks)
    }

    fn hold(&mut self, now: Instant, out: &mut Out) {
        if !std::mem::replace(&mut self.ingest.held, true)
            && let Some(why) = self.held_reason()
        {
            out.push(Output::Notice(Notice::Held(why)));
        }
        if self.ingest.measure_at <= now {
            self.ingest.measure_at = now + Duration::from_millis(DISK_RETRY_MS);
            out.push(Output::MeasureDisk);
        }
    }

    fn plan_looks(&mut self, place: Place) {
        let looks: Vec<Look> = match place {
            Place::Everything => self.facts.sources.iter().map(whole).collect(),
            Place::Scope(scope) => {
                let source = self.source_of(&scope).cloned();
                source.map(|source| Look { source, scope, after: None }).into_iter().collect()
            }
        };
        for look in looks {
            // Room for every source twice over, and a new plan is made only when the last one is done.
            let _ = self.ingest.pending_looks.push_back(look);
        }
    }

    fn next_step(&mut self, next: Option<Vec<u8>>) {
        self.ingest.look_under_way = false;
        match next {
            Some(after) => {
                if let Some(look) = self.ingest.pending_looks.front_mut() {
                    look.after = Some(after);
                }
            }
            None => drop(self.ingest.pending_looks.pop_front()),
        }
    }

    fn save(&mut self, changes: Vec<Change>, then: Then, out: &mut Out) {
        for change in &changes {
            if let Change::Refused { reason, doc, .. } = change {
                out.push(Output::Notice(Notice::Refused(*doc, reason.clone())));
            }
        }
        if changes.is_empty() {
            return match then {
                Then::Look(next) => self.next_step(next),
                Then::Release(docs) => docs.into_iter().for_each(|doc| self.ingest.queue.release(doc)),
                Then::Added(..) => unreachable!("adding a source is a change"),
            };
        }
        self.next_save.0 += 1;
        let kept = self.ingest.saves.insert(self.next_save, then);
        debug_assert!(kept.is_ok(), "work() leaves room for every save");
        out.push(Output::Save(self.next_save, changes));
    }

    fn break_down(&mut self, _now: Instant, why: &str, out: &mut Out) {
        if self.ingest.broken.is_none() {
            self.ingest.broken = Some(why.to_owned());
            out.push(Output::Notice(Notice::Broken(why.to_owned())));
        }
    }

    /// The innermost source that covers the path.
    fn source_of(&self, path: &[u8]) -> Option<&Source> {
        let covering = self.facts.sources.iter().filter(|source| covers(&source.path, path));
        covering.max_by_key(|source| source.path.len())
    }
}

fn busy_writing(reply: ReplyId) -> Output {
    Output::Reply(reply, Response::refused(Problem::Busy, "The agent is busy writing; try again in a moment."))
}

fn whole(source: &Source) -> Look {
    Look { scope: source.path.clone(), source: source.clone(), after: None }
}

fn log_failed_task(ingest: &mut Ingest, task: &Task) {
    match task {
        Task::Look(_) => ingest.look_under_way = false,
        Task::Refill { wait, .. } => ingest.queue.refill_failed(*wait, false),
        Task::Read { doc } | Task::Embed { doc, .. } | Task::Park { doc, .. } => ingest.queue.release(*doc),
        Task::Mean { .. } | Task::Retrieve(_) | Task::Audit | Task::Count => {}
    }
}

/// The sources with `new` among them; `None` if it is covered already; a sentence if it cannot be.
fn place_source(sources: &[Source], new: &Source) -> Result<Option<Vec<Source>>, String> {
    let name = |source: &Source| String::from_utf8_lossy(&source.path).into_owned();
    let alike = |source: &Source| source.collection == new.collection && source.ring == new.ring;
    for source in sources {
        let (outer, inner) = (covers(&source.path, &new.path), covers(&new.path, &source.path));
        if (outer || inner) && !alike(source) {
            return Err(format!(
                "{} belongs to the collection {:?} (ring {}) already, and a file can be in only one. Nothing was changed.",
                name(source),
                source.collection,
                source.ring.word()
            ));
        }
        if outer && (source.path != new.path || source.device == new.device) {
            return Ok(None);
        }
    }
    let mut placed: Vec<_> = sources.iter().filter(|source| !covers(&new.path, &source.path)).cloned().collect();
    if placed.len() >= SOURCES_MAX {
        return Err(format!(
            "{SOURCES_MAX} folders are watched already, and no more can be. Add a folder that holds several. Nothing was changed."
        ));
    }
    placed.push(new.clone());
    Ok(Some(placed))
}
