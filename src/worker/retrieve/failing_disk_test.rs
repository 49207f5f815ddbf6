//! Searches of a store on a disk that fails below some of it.

use super::*;
use crate::base::id::{EmbedKey, Fingerprint};
use crate::embed::stand_in::StandIn;
use crate::search::indexes::Indexes;
use crate::store::change::{Change, NewChunk};
use crate::store::keys;
use crate::store::kv::{Batch, Kv, KvError, KvRead, Pair, Space};
use crate::store::library::Library;
use crate::store::memory::{MemoryKv, MemorySnapshot};
use crate::store::record::{FileStamp, Source};

/// A disk that fails below some vectors.
struct Failing {
    kv: MemoryKv,
    bad: BTreeSet<Row>,
}

impl KvRead for Failing {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        if matches!(space, Space::Vector | Space::Chunk)
            && keys::number(key).is_some_and(|row| self.bad.contains(&Row(row)))
        {
            return Err(KvError::Io("input/output error".to_owned()));
        }
        self.kv.get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        self.kv.page(space, from, to, max)
    }
}

impl Kv for Failing {
    type Snapshot = MemorySnapshot;

    fn snapshot(&self) -> MemorySnapshot {
        self.kv.snapshot()
    }

    fn commit(&self, batch: Batch) -> Result<(), KvError> {
        self.kv.commit(batch)
    }

    fn sync(&self) -> Result<(), KvError> {
        self.kv.sync()
    }
}

#[test]
fn what_a_failing_disk_still_gives_is_answered() {
    let mut embedder = StandIn::new(Fingerprint([7; 32]));
    let kv = Failing { kv: MemoryKv::new(), bad: BTreeSet::new() };
    let mut library = Library::open(kv).unwrap();
    let source = Source { path: b"/".to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
    let (stamp, collection) = (FileStamp::default(), "home".to_owned());
    let seen = Change::Seen { path: b"/a".to_vec(), stamp, collection, ring: Ring::Mesh };
    let doc = library.apply(&seen).unwrap().doc.unwrap();
    let texts = ["the boiler", "the garden", "the fence"];
    let chunk = |text: &&str| NewChunk {
        key: EmbedKey([text.as_bytes()[4]; 16]),
        heading: String::new(),
        text: (*text).to_owned(),
        start: 0,
        end: 1,
    };
    let chunks: Vec<NewChunk> = texts.iter().map(chunk).collect();
    let keys: Vec<EmbedKey> = chunks.iter().map(|chunk| chunk.key).collect();
    library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
    let rows = [Row(0), Row(1), Row(2)];
    let vector = |text: &&str| StandIn::new(Fingerprint([7; 32])).embed(text).unwrap().quantize();
    let vectors = (0..3).map(|n| (rows[n], keys[n], vector(&texts[n]))).collect();
    library.apply(&Change::Embedded { doc, model: embedder.model(), vectors }).unwrap();
    let question =
        Query { text: "boiler".to_owned(), embedding: embedder.embed("boiler").unwrap(), count: 5, shared: false };
    let ask = |bad: &[Row]| {
        let kv = Failing { kv: MemoryKv::new(), bad: bad.iter().copied().collect() };
        for space in Space::ALL {
            let mut batch = Batch::new();
            let pairs = library.kv().page(space, &[], None, 100).unwrap();
            pairs.into_iter().for_each(|(key, value)| batch.put(space, key, value));
            kv.commit(batch).unwrap();
        }
        let mut index = Indexes::default();
        let signs = |row: &Row| (*row, question.embedding.signs());
        index.vectors.add(&rows.iter().map(signs).collect::<Vec<_>>());
        retrieve(&kv, &InStore { index: &index, kv: &kv }, &question)
    };
    let texts = |outcome: Result<Outcome, String>| match outcome {
        Ok(Outcome::Found(found, _)) => (found.hits.into_iter().map(|hit| hit.text).collect::<Vec<_>>(), found.unread),
        other => panic!("{other:?}"),
    };
    let (all, unread) = texts(ask(&[]));
    assert_eq!((all.len(), unread), (3, false));
    assert_eq!(texts(ask(&[Row(1), Row(2)])), (vec!["the boiler".to_owned()], true), "and says that some is missing");
    assert!(ask(&rows).unwrap_err().contains("input/output error"));
}
