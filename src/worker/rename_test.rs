//! Folders that are renamed there and back while scans, removals, readings and saves are under way, in random order: at rest the
//! documents are the files.

use super::extract::Content;
use super::look::{Looks, Sought};
use super::run::{TaskIo, run};
use super::scan::{Entry, Listing};
use crate::base::id::{DocId, Fingerprint, ReplyId, Ring, SaveId, TaskId};
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::embed::stand_in::StandIn;
use crate::limits::SCAN_BATCH;
use crate::scheduler::path::covers;
use crate::scheduler::saves::Saved;
use crate::scheduler::task::{Outcome, Scan, Task};
use crate::scheduler::{Config, Input, Output, Scheduler, WorkAllowance};
use crate::search::indexes::Indexes;
use crate::store::audit::audit;
use crate::store::change::Change;
use crate::store::counts::Kind;
use crate::store::kv::{Batch, Kv, KvError, KvRead, Pair, Space};
use crate::store::library::Library;
use crate::store::memory::{MemoryKv, MemorySnapshot};
use crate::store::read;
use crate::store::record::{DocState, FileStamp, Source, Sources};
use crate::store::roots::Root;
use crate::worker::retrieve::InStore;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const SOURCE: &str = "/docs";
const FOLDERS: u64 = 30;
const FILES: u64 = 45;
/// Of these a rename takes more than a scan removes at once, and less than half of all.
const RENAMED: u64 = 13;
const TEXTS: u64 = 4;
/// Files in a step of a scan: it has many.
const LISTED: usize = 101;

/// The store as a worker reads it, while the writer may write between any two reads.
struct Written<'a> {
    kv: &'a MemoryKv,
    write: &'a dyn Fn(),
}

impl KvRead for Written<'_> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        (self.write)();
        self.kv.get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        (self.write)();
        self.kv.page(space, from, to, max)
    }
}

impl Kv for Written<'_> {
    type Snapshot = MemorySnapshot;

    fn snapshot(&self) -> MemorySnapshot {
        (self.write)();
        self.kv.snapshot()
    }

    fn commit(&self, _: Batch) -> Result<(), KvError> {
        unreachable!("a worker writes nothing")
    }

    fn sync(&self) -> Result<(), KvError> {
        Ok(())
    }
}

/// The store, and the saves on their way to it and back.
struct Writer {
    library: Library<std::rc::Rc<MemoryKv>>,
    queued: VecDeque<(SaveId, Vec<Change>)>,
    done: VecDeque<(SaveId, Saved)>,
}

impl Writer {
    fn save_one(&mut self) {
        let Some((save, changes)) = self.queued.pop_front() else { return };
        let applied: Vec<_> = changes.iter().map(|change| self.library.apply(change).unwrap()).collect();
        let commit = self.library.commit();
        self.done
            .push_back((save, Saved { applied, counts: commit.counts, number: commit.number, disk_free: u64::MAX }));
    }
}

/// A task under way: first it looks at the disk, then at the store, then its outcome is delivered.
struct UnderWay {
    id: TaskId,
    task: Task,
    listing: Option<Listing>,
    outcome: Option<Outcome>,
}

struct World {
    /// The files, with the number of the text of each.
    files: BTreeMap<Vec<u8>, (FileStamp, u64)>,
    kv: std::rc::Rc<MemoryKv>,
    writer: RefCell<Writer>,
    machine: Scheduler,
    tasks: Vec<UnderWay>,
    now: u64,
    rng: RefCell<Rng>,
}

impl World {
    fn new(seed: u64) -> Self {
        let kv = std::rc::Rc::new(MemoryKv::new());
        let mut library = Library::open(std::rc::Rc::clone(&kv)).unwrap();
        let place = Source { path: SOURCE.into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(Sources::from(vec![place]))).unwrap();
        let mut files = BTreeMap::new();
        for (folder, file) in (0..FOLDERS).flat_map(|folder| (0..FILES).map(move |file| (folder, file))) {
            let stamp = FileStamp { inode: folder * FILES + file + 1, size: 40, ..FileStamp::default() };
            files.insert(format!("{SOURCE}/d{folder:02}/f{file:02}.md").into_bytes(), (stamp, file % TEXTS));
        }
        let writer = Writer { library, queued: VecDeque::new(), done: VecDeque::new() };
        let machine = started(&writer.library, 0);
        let (writer, rng) = (RefCell::new(writer), RefCell::new(Rng::new(seed)));
        Self { files, kv, writer, machine, tasks: Vec::new(), now: 0, rng }
    }

    fn below(&self, bound: u64) -> u64 {
        self.rng.borrow_mut().below(bound)
    }

    fn handle(&mut self, input: Input) {
        let mut out = Vec::new();
        self.machine.handle(Instant::from_millis(self.now), input, &mut out);
        self.carry_out(out);
    }

    fn carry_out(&mut self, out: Vec<Output>) {
        for output in out {
            match output {
                Output::Start(id, task) => self.tasks.push(UnderWay { id, task, listing: None, outcome: None }),
                Output::Save(save, changes) | Output::Mend(save, changes) => {
                    self.writer.borrow_mut().queued.push_back((save, changes));
                }
                _ => {}
            }
        }
    }

    fn tick(&mut self, ms: u64) {
        self.now += ms;
        self.handle(Input::Wake);
        let mut out = Vec::new();
        while self.machine.start_next(WorkAllowance { chunks: None }, &mut out).is_some() {}
        self.carry_out(out);
    }

    /// One step of one task.
    fn work(&mut self) {
        if self.tasks.is_empty() {
            return;
        }
        let at = usize::try_from(self.below(self.tasks.len() as u64)).unwrap();
        let mut task = self.tasks.swap_remove(at);
        if let Some(outcome) = task.outcome {
            return self.handle(Input::Done(task.id, outcome));
        }
        match (&task.task, &task.listing) {
            (Task::Scan(scan), None) => task.listing = Some(self.list(scan)),
            _ => task.outcome = Some(self.run(&task)),
        }
        self.tasks.push(task);
    }

    fn list(&self, scan: &Scan) -> Listing {
        let later = |path: &[u8]| scan.after.as_deref().is_none_or(|after| path > after);
        let found = self.files.iter().filter(|(path, _)| covers(&scan.scope, path) && later(path)).take(LISTED);
        let entry = |(path, (stamp, _)): (&Vec<u8>, &(FileStamp, u64))| Entry {
            path: path.clone(),
            stamp: *stamp,
            has_other_names: false,
        };
        let entries: Vec<Entry> = found.map(entry).collect();
        let upto = entries.last().filter(|_| entries.len() == LISTED).map(|last| last.path.clone());
        Listing { entries, upto, ..Listing::default() }
    }

    fn run(&self, task: &UnderWay) -> Outcome {
        let write = || {
            if self.below(4) == 0 {
                self.writer.borrow_mut().save_one();
            }
        };
        let kv = Written { kv: &self.kv, write: &write };
        let listing = task.listing.clone().unwrap_or_default();
        let text = |text: u64| format!("The common text number {text} about lanterns.").into_bytes();
        let io = TaskIo {
            list: |_: &Scan, _: &[Source], _: &[Root]| listing,
            read: |path: &[u8], _: &[Source]| match self.files.get(path) {
                Some((stamp, number)) => Content::Bytes(text(*number), *stamp),
                None => Content::Missing(0),
            },
            lookup: &InStore { index: &Indexes::default(), kv: &self.kv },
            look: |_: Sought, _: &[Source]| Looks::new(),
            now: 0,
            give_way: &|| {},
        };
        run(&kv, &mut StandIn::new(Fingerprint([7; 32])), io, task.task.clone())
    }

    fn deliver(&mut self) {
        let done = self.writer.borrow_mut().done.pop_front();
        if let Some((save, saved)) = done {
            self.handle(Input::Saved(save, Ok(saved)));
        }
    }

    /// One of what may happen next.
    fn step(&mut self) {
        match self.below(8) {
            0..=2 => self.work(),
            3..=4 => self.writer.borrow_mut().save_one(),
            5..=6 => self.deliver(),
            _ => self.tick(self.below(60)),
        }
    }

    /// The first folders have another letter from now on.
    fn rename(&mut self, from: char, to: char) {
        for folder in 0..RENAMED {
            let [old, new] = [from, to].map(|letter| format!("{SOURCE}/{letter}{folder:02}").into_bytes());
            let moved: Vec<_> = self.files.keys().filter(|path| covers(&old, path)).cloned().collect();
            for path in moved {
                let file = self.files.remove(&path).unwrap();
                self.files.insert([&new[..], &path[old.len()..]].concat(), file);
            }
            self.handle(Input::Changed(old));
            self.handle(Input::Changed(new));
        }
    }

    /// The agent is killed and started: what was queued is lost.
    fn restart(&mut self) {
        self.tasks.clear();
        let mut writer = self.writer.borrow_mut();
        (writer.queued, writer.done) = (VecDeque::new(), VecDeque::new());
        self.machine = started(&writer.library, self.now);
    }

    /// All that is under way ends, and so does what follows within ten minutes: no hourly look is among it.
    fn settle(&mut self) {
        for _ in 0..600 {
            self.tick(1000);
            for _ in 0..20_000 {
                if self.tasks.is_empty()
                    && self.writer.borrow().queued.is_empty()
                    && self.writer.borrow().done.is_empty()
                {
                    break;
                }
                self.work();
                self.writer.borrow_mut().save_one();
                self.deliver();
                self.tick(0);
            }
        }
    }

    /// The documents that are not tombstoned are the files, and all of them were read.
    fn check(&self, seed: u64) {
        let (mut known, mut waiting) = (BTreeSet::new(), 0);
        read::walk(&self.kv, Space::Path, |path, id| {
            let doc = read::document(&self.kv, DocId(u64::from_be_bytes(id.try_into().unwrap())))?.unwrap();
            assert_eq!(doc.path, path);
            waiting += u64::from(doc.state == DocState::Waiting);
            known.extend((doc.state != DocState::Tombstoned).then(|| path.to_vec()));
            Ok(())
        })
        .unwrap();
        let files: BTreeSet<Vec<u8>> = self.files.keys().cloned().collect();
        let name = |path: &Vec<u8>| String::from_utf8_lossy(path).into_owned();
        let lost: Vec<String> = files.difference(&known).map(name).take(5).collect();
        let extra: Vec<String> = known.difference(&files).map(name).take(5).collect();
        assert_eq!((lost, extra, waiting), (Vec::new(), Vec::new(), 0), "seed {seed}");
        assert_eq!(self.machine.unmatched(), None, "seed {seed}");
        assert!(audit(&self.kv).unwrap().clean(), "seed {seed}");
    }
}

fn started(library: &Library<std::rc::Rc<MemoryKv>>, now: u64) -> Scheduler {
    let (commit, kv) = (library.commit(), library.kv());
    let config = Config {
        counts: commit.counts,
        number: commit.number,
        sources: read::sources(kv).unwrap(),
        marks: read::marks(kv).unwrap().0,
        asked: read::asked(kv).unwrap().0,
        slots: 3,
        disk_free: u64::MAX,
        ..Config::default()
    };
    Scheduler::new(Instant::from_millis(now), config)
}

fn renamed_there_and_back(seed: u64) {
    let mut world = World::new(seed);
    world.settle();
    world.check(seed);
    let mut letters = ('d', 'e');
    for _ in 0..4 {
        world.rename(letters.0, letters.1);
        letters = (letters.1, letters.0);
        // Until some of them are read under their new names.
        let left = world.below(RENAMED * FILES);
        for _ in 0..5_000 {
            world.step();
            let waiting = world.machine.counts().count(Kind::Waiting);
            if waiting > 0 && waiting < left && world.below(200) == 0 {
                break;
            }
        }
        if world.below(3) == 0 {
            world.restart();
        }
    }
    world.settle();
    let asked: Vec<Vec<u8>> = world.machine.questions().map(|(source, _)| source.to_vec()).collect();
    for source in asked {
        // What it is about is gone, under the name that it had.
        world.handle(Input::Forget(ReplyId(1), source));
        world.settle();
    }
    world.check(seed);
}

#[test]
fn folders_that_are_renamed_there_and_back_at_any_moment_lose_no_document() {
    assert!(RENAMED * FILES > SCAN_BATCH as u64 && 2 * RENAMED < FOLDERS);
    (1..=4).for_each(renamed_there_and_back);
}
