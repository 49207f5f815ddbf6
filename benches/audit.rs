//! The latency of questions during an audit. `cargo bench --bench audit`; docs/evidence.md has figures.
//!
//! The shipped threads work on a store of 100,000 chunks on this machine's disk: questions are answered one after the other,
//! first alone, then while one audit follows another without a pause. The requirement: the 95th percentile
//! with an audit is at most 1.5 times the one without.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_possible_truncation,
    clippy::print_stdout,
    missing_docs,
    reason = "a bench fails by panicking, prints its figures and reads clocks itself"
)]

use smol::channel::{Receiver, bounded};
use std::fs;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};
use wattle::base::filter::Filter;
use wattle::base::id::{EmbedKey, Fingerprint, Ring, TaskId};
use wattle::base::rng::Rng;
use wattle::base::vector::Embedding;
use wattle::embed::Embedder;
use wattle::embed::engine::Engine;
use wattle::embed::model::Manifest;
use wattle::embed::stand_in::StandIn;
use wattle::energy::rank::Rank;
use wattle::node::input::Input;
use wattle::platform::child::Parsers;
use wattle::platform::disk::{Disk, Sync};
use wattle::platform::folder::Folders;
use wattle::platform::sched::stand;
use wattle::runtime::auditor::Auditor;
use wattle::runtime::background::Standing;
use wattle::runtime::courtesy::Courtesy;
use wattle::runtime::executor::{Clamp, Executor};
use wattle::runtime::lanes::Lanes;
use wattle::scheduler::task::{Outcome, Query, Task};
use wattle::store::change::{Change, NewChunk};
use wattle::store::library::Library;
use wattle::store::read;
use wattle::store::record::FileStamp;
use wattle::worker::retrieve::load_indexes;

const DOCUMENTS: u64 = 1_000;
const CHUNKS_EACH: u64 = 100;
const QUESTIONS: u64 = 300;
const WORDS: [&str; 16] = [
    "heat", "pump", "valve", "garden", "fence", "solar", "letter", "bread", "recipe", "boiler", "battery", "winter",
    "oak", "river", "stone", "school",
];

fn prose(rng: &mut Rng, words: usize) -> String {
    let word = |rng: &mut Rng| format!("{}{}", WORDS[rng.below(16) as usize], rng.below(100));
    (0..words).map(|_| word(rng)).collect::<Vec<_>>().join(" ")
}

fn engine() -> Engine {
    let file = |name: &str| fs::read(format!("{}/models/all-MiniLM-L6-v2/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let manifest = Manifest::parse(&file("manifest.json")).unwrap();
    Engine::load(file("model.onnx"), &String::from_utf8(file("vocab.txt")).unwrap(), &manifest).unwrap()
}

/// `DOCUMENTS` times `CHUNKS_EACH` chunks of 110 words, each with a vector.
fn fill(disk: Disk, model: Fingerprint) {
    let (mut library, mut rng) = (Library::open(disk).unwrap(), Rng::new(1));
    let mut embedder = StandIn::new(model);
    library.bind(model, &[]).unwrap();
    for n in 0..DOCUMENTS {
        let stamp = FileStamp::default();
        let path = format!("/docs/{n}.md").into_bytes();
        let seen = Change::Seen { path, stamp, collection: "home".to_owned(), ring: Ring::Mesh };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let chunk = |at: u64| {
            let key = EmbedKey(u128::from(n * CHUNKS_EACH + at).to_be_bytes());
            NewChunk { key, heading: "Part".to_owned(), text: prose(&mut rng, 110), start: 0, end: 1 }
        };
        let chunks: Vec<NewChunk> = (0..CHUNKS_EACH).map(chunk).collect();
        let vectors: Vec<_> = chunks.iter().map(|chunk| embedder.embed(&chunk.text).unwrap().quantize()).collect();
        let keys: Vec<_> = chunks.iter().map(|chunk| chunk.key).collect();
        library.apply(&Change::Chunked { doc, stamp, content: u128::from(n).to_be_bytes(), chunks }).unwrap();
        let rows = read::document(library.kv(), doc).unwrap().unwrap().chunks;
        let rows = rows.iter().map(|chunk| chunk.row);
        let vectors = rows.zip(keys).zip(vectors).map(|((row, key), vector)| (row, key, vector)).collect();
        library.apply(&Change::Embedded { doc, model, vectors }).unwrap();
        wattle::store::kv::Kv::sync(library.kv()).unwrap();
    }
    library.kv().rotate().unwrap();
    assert_eq!(library.commit().counts.vectors, DOCUMENTS * CHUNKS_EACH);
}

/// The agent's threads and their channels.
struct Threads {
    lanes: Lanes,
    inbox: Receiver<Input>,
    next: TaskId,
    auditing: bool,
    audits: u32,
}

impl Threads {
    fn start(&mut self, task: Task) -> TaskId {
        self.next.0 += 1;
        assert_eq!(self.lanes.start(self.next, task), Ok(()));
        self.next
    }

    /// Waits for the task of a question. An audit that ends meanwhile is started again.
    fn wait(&mut self, task: TaskId) -> Outcome {
        loop {
            let Ok(Input::Done(id, outcome, _)) = self.inbox.recv_blocking() else { unreachable!() };
            match outcome {
                Outcome::Audited(audit) => {
                    assert!(audit.clean(), "{:?}", audit.faults);
                    self.audits += 1;
                    if self.auditing {
                        self.start(Task::Audit);
                    }
                }
                outcome if id == task => return outcome,
                outcome => unreachable!("{outcome:?}"),
            }
        }
    }

    fn query(&mut self, rng: &mut Rng) -> Duration {
        let question = format!("Where is the {}?", prose(rng, 3));
        let began = Instant::now();
        let embed = self.start(Task::EmbedQuery { question: question.clone() });
        let Outcome::QueryEmbedding(by_engine) = self.wait(embed) else { unreachable!() };
        // The engine is run for its cost; the stored vectors are the stand-in's, so its embedding finds chunks.
        let embedding: Embedding = StandIn::new(by_engine.model()).embed(&question).unwrap();
        let found = self.start(Task::Retrieve(Query {
            text: question,
            embedding,
            fluency: Default::default(),
            count: 5,
            shared: false,
            filter: Filter::default(),
            behind: None,
        }));
        assert!(matches!(self.wait(found), Outcome::Found(found, _) if found.hits.len() == 5));
        began.elapsed()
    }

    fn p95(&mut self, seed: u64, name: &str) -> f64 {
        let mut rng = Rng::new(seed);
        let mut times: Vec<Duration> = (0..QUESTIONS).map(|_| self.query(&mut rng)).collect();
        times.sort_unstable();
        let ms = |at: usize| times[at].as_secs_f64() * 1000.0;
        let (median, p95) = (ms(times.len() / 2), ms(times.len() * 95 / 100));
        println!("{name:24} median {median:7.2} ms   p95 {p95:7.2} ms   worst {:7.2} ms", ms(times.len() - 1));
        p95
    }
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
    let engine = engine();
    let began = Instant::now();
    fill(disk.clone(), engine.model());
    println!("{} chunks were written in {:.1} s", DOCUMENTS * CHUNKS_EACH, began.elapsed().as_secs_f64());

    let (inputs, inbox) = bounded(64);
    let ((background, _), (checks, no_checks), (audits, audit_tasks)) = (bounded(1), bounded(4), bounded(4));
    let ((questions, asked), (searches, searched)) = (bounded(4), bounded(4));
    let executor = Executor {
        disk: disk.clone(),
        embedder: engine,
        folders: Folders::new(folder.path().to_owned()),
        parsers: Parsers::default(),
        index: Arc::new(RwLock::new(load_indexes(&disk).unwrap())),
        inputs: inputs.clone(),
        clamp: Clamp::default(),
        people: Courtesy::default(),
        askers: Courtesy::default(),
        standing: Standing::default(),
    };
    let folders = Folders::new(folder.path().to_owned());
    let auditor = Auditor { disk, folders, inputs, home: folder.path().to_owned() };
    let (searcher, executor_people) = (executor.clone(), executor.people.clone());
    let (_, no_texts) = bounded(1);
    std::thread::spawn(move || executor.run_in_order(&asked, &no_checks, &no_texts));
    std::thread::spawn(move || searcher.run(&searched));
    std::thread::spawn(move || {
        stand(Rank::Last);
        auditor.run(&audit_tasks);
    });
    let peer_searches = searches.clone();
    let (index, people) = (Arc::default(), executor_people);
    let lanes = Lanes { background, questions, checks, searches, peer_searches, audits, index, people };
    let mut threads = Threads { lanes, inbox, next: TaskId(0), auditing: false, audits: 0 };

    threads.p95(1, "warming up");
    let before = threads.p95(2, "without an audit");
    threads.auditing = true;
    threads.start(Task::Audit);
    let during = threads.p95(3, "with an audit under way");
    threads.auditing = false;
    let began = Instant::now();
    let ended = threads.audits;
    while threads.audits == ended {
        let Ok(Input::Done(_, outcome, _)) = threads.inbox.recv_blocking() else { unreachable!() };
        assert!(matches!(outcome, Outcome::Audited(audit) if audit.clean()));
        threads.audits += 1;
    }
    let after = threads.p95(4, "without an audit, again");
    let alone = before.min(after);
    println!(
        "{ended} audits ended while questions were asked; the last one {:.1} s after them",
        began.elapsed().as_secs_f64()
    );
    println!("p95 with / without: {:.2} (required: at most 1.5)", during / alone);
}
