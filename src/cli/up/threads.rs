//! The threads of a running agent, and the queues that lead to them.
//!
//! Background threads give way to everything else on the machine, and the audit's thread to most of it (`platform::sched`); the thread
//! of queries and the writer run as usual.

use crate::base::time::Duration;
use crate::config::Config;
use crate::embed::Embedder;
use crate::embed::engine::Engine;
use crate::embed::loaded::Loaded;
use crate::energy::rank::Rank;
use crate::limits::{BACKGROUND_MAX, LENDING_SLOTS, LONG_READS, SAVES_LANE, STOP_THREADS_MS, STORE_FLUSH_MS};
use crate::net::address_book::AddressBook;
use crate::node::input::Input;
use crate::platform::child::Parsers;
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::platform::findings::Findings;
use crate::platform::folder::Folders;
use crate::platform::home::Home;
use crate::platform::panics;
use crate::platform::reach::Reach;
use crate::platform::sched::stand;
use crate::platform::store;
use crate::platform::watcher::FolderWatcher;
use crate::runtime::auditor::Auditor;
use crate::runtime::background::{BackgroundThreads, Joins, Standing};
use crate::runtime::courtesy::Courtesy;
use crate::runtime::driver::Outputs;
use crate::runtime::embeds::Embeds;
use crate::runtime::ending::join_by;
use crate::runtime::executor::{Clamp, Executor};
use crate::runtime::governor::GovernorHandle;
use crate::runtime::handle::NodeHandle;
use crate::runtime::lanes::{LaneEnds, Lanes};
use crate::runtime::scrub::Scrub;
use crate::runtime::seen::Seen;
use crate::runtime::upkeep::Upkeep;
use crate::runtime::writer::{UnusedFiles, WordsStep, Writer};
use crate::search::indexes::Indexes;
use crate::store::library::Library;
use log::{debug, error, warn};
use smol::channel::{Receiver, Sender, bounded};
use std::sync::atomic::Ordering;
use std::sync::{Arc, RwLock};
use std::thread::{Builder, JoinHandle};

/// The name of the thread that writes the store.
const WRITER: &str = "writer";

/// The agent's threads. They end when the driver drops the queues.
pub(super) struct Threads {
    all_but_background: Vec<JoinHandle<()>>,
    background: Joins,
    /// To be told of a stop: until then they wait for file systems.
    pub(super) reach: Reach,
    /// To be told of it too: until then they wait for parser processes.
    parsers: Parsers,
    /// The way to those that embed texts of programs.
    embeds: Embeds,
    /// Tells that the store is found damaged.
    pub(super) damaged: Receiver<()>,
}

impl Threads {
    /// The handle through which programs reach the threads that embed, too.
    pub(super) fn serve(&self, node_handle: NodeHandle, (upkeep, config): (&Upkeep, &Config)) -> NodeHandle {
        node_handle.with_upkeep(upkeep.clone()).with_embeds(self.embeds.clone().spreading(!config.texts_stay))
    }

    /// What tells those that take wishes of people, and those that wait for something outside the agent, that it is being stopped.
    pub(super) fn stop_waiting(&self, upkeep: &Upkeep) -> impl Fn() + use<> {
        let (reach, parsers, stopping) = (self.reach.clone(), self.parsers.clone(), Arc::clone(upkeep.stopping()));
        move || {
            stopping.store(true, Ordering::Release);
            reach.stop();
            parsers.stop();
        }
    }

    /// Waits for their end, for `STOP_THREADS_MS`, and for that of the writer as long as writing out may take. Returns the names of those that have not
    /// ended.
    #[must_use]
    pub(super) fn join(self) -> Vec<String> {
        // Whoever answers programs may hold this way longer than the threads live.
        self.embeds.close();
        let by = clock::now() + Duration::from_millis(STOP_THREADS_MS);
        let is_writer = |thread: &JoinHandle<()>| thread.thread().name() == Some(WRITER);
        let (writer, others): (Vec<_>, Vec<_>) = self.all_but_background.into_iter().partition(is_writer);
        let mut late = join_by(others, by);
        late.extend(self.background.join(by));
        late.extend(join_by(writer, clock::now() + Duration::from_millis(STORE_FLUSH_MS)));
        late
    }
}

/// What the threads work with.
pub(super) struct Parts {
    pub(super) library: Library<Disk>,
    pub(super) engines: Loaded<Engine>,
    pub(super) index: Indexes,
    pub(super) address_book: AddressBook,
    pub(super) upkeep: Upkeep,
}

/// Background tasks that may run at once: one for each core, within the cap. How many of them work at a time is the governor's decision.
pub(super) fn background_slots() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).clamp(1, BACKGROUND_MAX)
}

/// Starts all threads, and returns where the driver sends its outputs. `model`: the name of the engine's.
pub(super) fn start(
    home: &Home,
    parts: Parts,
    inputs: &Sender<Input>,
    (findings, model): (&Findings, &str),
) -> Result<(Threads, Outputs), String> {
    let Parts { library, engines, index, address_book, upkeep } = parts;
    let damaged = store::tell_damage(library.kv(), home.path(), inputs.clone());
    let (embeds, texts) = Embeds::new(model, engines.model());
    let embeds = embeds.served_by(background_slots());
    let index = Arc::new(RwLock::new(index));
    let reach = Reach::new(findings.clone(), inputs.clone());
    let parsers = upkeep.public_blocks().parsers().clone();
    let executor = Executor {
        disk: library.kv().clone(),
        embedder: engines,
        folders: Folders::new(home.path().to_owned()).with_reach(reach.clone()),
        parsers: parsers.clone(),
        index: Arc::clone(&index),
        inputs: inputs.clone(),
        clamp: Clamp::default(),
        people: Courtesy::default(),
        askers: Courtesy::default(),
        standing: Standing::default(),
    };
    let clamp = Clamp::default();
    let (saves, saved) = bounded(SAVES_LANE);
    let words = WordsStep::new(upkeep.rebuild().clone());
    let of_lanes = (Arc::clone(&index), executor.people.clone());
    let (home_path, broken, unsynced, unused) = (home.path().to_owned(), None, None, UnusedFiles::default());
    let writer = Writer { library, index, words, home: home_path, inputs: inputs.clone(), broken, unsynced, unused };

    let mut threads = Vec::new();
    let of_background = Executor { clamp: clamp.clone(), ..executor.clone() };
    let begin = move |n, tasks, standing| {
        let executor = Executor { standing, ..of_background.clone() };
        spawn(&format!("background-{n}"), move || executor.run(&tasks))
    };
    let (background_threads, background) =
        BackgroundThreads::start(background_slots() + LENDING_SLOTS + LONG_READS, Box::new(begin))?;
    let joins = background_threads.joins();
    let (lanes, LaneEnds { questions, checks, searches, peer_searches, audits }) = Lanes::new(background, of_lanes);
    let (disk, folders) = (executor.disk.clone(), executor.folders.clone());
    let auditor = Auditor { disk, folders, home: home.path().to_owned(), inputs: inputs.clone() };
    threads.push(spawn("audit", move || {
        // A person waits for it: in the last rank it takes minutes beside a busy program, or beside this agent's own work.
        stand(Rank::Hurried);
        auditor.run(&audits);
    })?);
    let searcher = executor.clone();
    let (_, no_texts) = bounded(1);
    // The thread that embeds questions is one of those that embed texts of programs.
    for n in 1..background_slots() {
        let (executor, texts) = (executor.clone(), texts.clone());
        threads.push(spawn(&format!("texts-{n}"), move || executor.run_texts(&texts))?);
    }
    threads.push(spawn("questions", move || executor.run_in_order(&questions, &checks, &texts))?);
    threads.push(spawn("searches", move || searcher.run_in_order(&searches, &peer_searches, &no_texts))?);
    threads.push(spawn(WRITER, move || writer.run(&saved))?);
    let told = parsers.clone();
    threads.push(spawn("parser-check", move || match told.say() {
        // On every start the same: the doctor tells it.
        Ok(says) => debug!("{says}"),
        Err(why) => warn!("{why}"),
    })?);
    let watch = FolderWatcher::start(inputs.clone(), findings.clone(), home.path().to_owned(), reach.clone())?;
    let outputs = Outputs {
        lanes,
        background: Some(background_threads),
        saves,
        watch,
        address_book,
        seen: Seen::open(home.path()),
        clamp,
        home: home.path().to_owned(),
        inputs: inputs.clone(),
    };
    Ok((Threads { all_but_background: threads, background: joins, reach, parsers, embeds, damaged }, outputs))
}

/// Starts the thread that reads the whole store once a month.
pub(super) fn scrub(home: &Home, upkeep: &Upkeep, governor: &GovernorHandle) -> Result<(), String> {
    let scrub = Scrub { upkeep: upkeep.clone(), governor: governor.clone(), home: home.path().to_owned() };
    upkeep.joins(spawn("scrub", move || scrub.run())?);
    Ok(())
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, String> {
    let logged = name.to_owned();
    let guarded = move || {
        if let Err(why) = panics::guard(work) {
            error!(
                "The thread {logged} ended after a defect of the program ({why}). Work that needs it fails until the agent \
                 is started again; what it was doing is done again then."
            );
        }
    };
    Builder::new()
        .name(name.to_owned())
        .spawn(guarded)
        .map_err(|error| format!("The system gives no more threads: {error}."))
}
