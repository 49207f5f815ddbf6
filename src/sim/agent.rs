//! One simulated agent: the shipped node, worker and library on a disk in memory.

use super::files::Files;
use crate::base::id::{DocId, Fingerprint, PeerKey};
use crate::base::time::Instant;
use crate::base::vector::Embedding;
use crate::embed::stand_in::StandIn;
use crate::embed::{EmbedError, Embedder};
use crate::limits::DISK_FREE_MIN;
use crate::mesh::trust::Trust;
use crate::node::input::Saved;
use crate::node::{Node, NodeConfig};
use crate::scheduler::Config;
use crate::scheduler::stored::StoredWork;
use crate::scheduler::task::{Outcome, Task};
use crate::search::indexes::Indexes;
use crate::store::audit;
use crate::store::change::{Applied, Change};
use crate::store::kv::{Kv, KvError};
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::models;
use crate::store::read;
use crate::store::record::Sources;
use crate::worker::look::Sought;
use crate::worker::retrieve::{InStore, Late, follow_files, load_indexes};
use crate::worker::run::{TaskIo, run};
use crate::worker::words;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The model of all simulated agents that were given no other.
pub(super) const MODEL: Fingerprint = Fingerprint([7; 32]);

/// The stand-in embedder, which counts.
#[derive(Debug)]
pub struct Counted {
    inner: StandIn,
    /// Texts embedded so far.
    pub texts: u64,
    /// How much each number of a vector differs from that of another engine.
    pub(super) noise: f32,
}

impl Embedder for Counted {
    fn model(&self) -> Fingerprint {
        self.inner.model()
    }

    fn tokens(&self, text: &str) -> usize {
        self.inner.tokens(text)
    }

    fn embed(&mut self, text: &str) -> Result<Embedding, EmbedError> {
        self.texts += 1;
        let exact = self.inner.embed(text)?;
        if self.noise == 0.0 {
            return Ok(exact);
        }
        let noisy = (0..)
            .zip(exact.values())
            .map(|(at, value)| if at % 2 == 0 { value + self.noise } else { value - self.noise });
        Embedding::new(exact.model(), &noisy.collect::<Vec<f32>>()).map_err(EmbedError::Vector)
    }
}

/// A running agent. Its disk and its files outlive it.
#[derive(Debug)]
pub struct Agent {
    /// The node.
    pub node: Node,
    /// The store.
    pub library: Library<Rc<MemoryKv>>,
    /// What questions are looked up in.
    pub index: Indexes,
    /// The folders whose rings the index of words has.
    sources: Sources,
    /// The embedder.
    pub embedder: Counted,
    /// Free bytes on its disk.
    pub disk_free: u64,
    /// Whether each of its searches takes longer than whoever asks waits.
    pub is_slow: bool,
    /// Whether something was applied that may not wait for a sync.
    is_unsynced: bool,
}

impl Agent {
    /// Starts an agent on what `disk` holds, as `cli::up` does, with this model. `who` is its key and boot counter; its peers are those
    /// of `trust`.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn start(
        now: Instant,
        who: (PeerKey, u32),
        trust: Trust,
        (seed, model): (u64, Fingerprint),
        device: &str,
        disk: Rc<MemoryKv>,
    ) -> Result<Self, KvError> {
        if !audit::is_consistent(&disk)? {
            audit::repair(&disk)?;
        }
        let embedder = Counted { inner: StandIn::new(model), texts: 0, noise: 0.0 };
        let mut library = Library::open(disk)?;
        library.bind(embedder.model(), &[])?;
        library.kv().sync()?;
        let mut index = load_indexes(library.kv())?;
        words::catch_up(&mut library, &mut index.words)?;
        let disk_free = DISK_FREE_MIN * 2;
        let config = NodeConfig {
            key_before: None,
            key: who.0,
            boot: who.1,
            seed,
            peer_id: "sim".to_owned(),
            device: device.to_owned(),
            home: "/home".into(),
            model: "stand-in".to_owned(),
            fingerprint: embedder.model(),
            fluency: embedder.fluency(),
            multilingual: None,
            scheduler: Config {
                counts: library.commit().counts,
                number: library.commit().number,
                sources: read::sources(library.kv())?,
                marks: read::marks(library.kv())?.0,
                asked: read::asked(library.kv())?.0,
                work: StoredWork::read(library.kv(), 1 + i64::try_from(now.millis() / 1_000).unwrap_or(0))?,
                strays: models::remodel(library.kv())?.is_some(),
                slots: 2,
                disk_free,
                model: embedder.model(),
                cosine_min: 0.98,
                seed,
            },
        };
        Ok(Self {
            node: Node::new(now, config, trust),
            library,
            index,
            sources: Sources::default(),
            embedder,
            disk_free,
            is_slow: false,
            is_unsynced: false,
        })
    }

    /// Runs a task at once, as `runtime::executor` does; the world delivers its outcome later.
    ///
    /// # Panics
    /// If a text whose vector is stored was embedded again, or a text twice in one batch.
    pub fn run(&mut self, files: &Files, task: &Task) -> Outcome {
        let due = if let Task::Embed { doc, .. } = task { self.without_vector(*doc) } else { u64::MAX };
        let before = self.embedder.texts;
        let lookup = Late(InStore { index: &self.index, kv: self.library.kv() }, self.is_slow);
        let io = TaskIo {
            list: |scan: &_, _: &[_], _: &[_]| files.list(scan),
            read: |path: &[u8], _: &[_]| files.read(path),
            lookup: &lookup,
            look: |sought: Sought, _: &[_]| sought.into_iter().map(|(path, file)| files.look(path, file)).collect(),
            now: 0,
            give_way: &|| {},
        };
        let outcome = run(self.library.kv(), &mut self.embedder, io, task.clone());
        assert!(self.embedder.texts - before <= due, "a stored vector was computed again");
        outcome
    }

    /// How many distinct texts of the document's missing chunks have no vector in the store.
    fn without_vector(&self, doc: DocId) -> u64 {
        let kv = self.library.kv();
        let missing = read::document(kv, doc).ok().flatten().and_then(|doc| read::missing(kv, &doc, usize::MAX).ok());
        let keys: BTreeSet<_> = missing.unwrap_or_default().into_iter().map(|(_, chunk)| chunk.key).collect();
        keys.iter().filter(|key| read::vector_of(kv, key).is_ok_and(|vector| vector.is_none())).count() as u64
    }

    /// Applies a save without syncing it.
    ///
    /// # Errors
    /// The store's, as text.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Vec<Applied>, String> {
        self.is_unsynced |= !changes.iter().all(Change::is_made_again);
        self.library.apply_all(changes).map_err(|error| error.to_string())
    }

    /// Syncs, unless all that was applied can be made again, and puts what was applied into the index. What waits for a sync waits for the
    /// next other save here, and longer than on a device.
    ///
    /// # Errors
    /// The store's, as text.
    pub fn sync(&mut self, applied: Vec<Applied>) -> Result<Saved, String> {
        if std::mem::take(&mut self.is_unsynced) {
            self.library.kv().sync().map_err(|error| error.to_string())?;
        }
        for applied in &applied {
            self.index.vectors.remove(&applied.removed);
            self.index.vectors.remove(&applied.unmade);
            self.index.vectors.add(&applied.added);
            words::follow(self.library.kv(), &mut self.index.words, applied);
            follow_files(self.library.kv(), &mut self.index.files, applied);
        }
        words::catch_up(&mut self.library, &mut self.index.words).map_err(|error| error.to_string())?;
        let sources = read::sources(self.library.kv()).map_err(|error| error.to_string())?;
        if sources != self.sources {
            self.sources = sources;
            let audiences = words::audiences(self.library.kv()).map_err(|error| error.to_string())?;
            self.index.words.set_audiences(audiences);
            self.index.files.forget();
        }
        let commit = self.library.commit();
        Ok(Saved { applied, counts: commit.counts, number: commit.number, disk_free: self.disk_free })
    }
}
