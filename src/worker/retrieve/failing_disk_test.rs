//! Searches of a store on a disk that fails below some of it.

use super::*;
use crate::base::filter::Filter;
use crate::base::fluency::Fluency;
use crate::base::id::{EmbedKey, Fingerprint, PeerKey, Ring};
use crate::embed::stand_in::StandIn;
use crate::search::indexes::Indexes;
use crate::store::change::{Change, NewChunk};
use crate::store::keys;
use crate::store::kv::{Batch, Kv, KvError, KvRead, Pair, Space};
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Source, Sources};
use std::rc::Rc;

/// A disk that fails below some vectors, or below the list of who made the others.
#[derive(Clone)]
struct Failing {
    kv: Rc<MemoryKv>,
    bad: BTreeSet<Row>,
    lost_makers: bool,
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
        if self.lost_makers && from.starts_with(keys::MAKER) {
            return Err(KvError::Io("input/output error".to_owned()));
        }
        self.kv.page(space, from, to, max)
    }
}

impl Kv for Failing {
    type Snapshot = Self;

    fn snapshot(&self) -> Self {
        self.clone()
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
    let kv = Failing { kv: Rc::new(MemoryKv::new()), bad: BTreeSet::new(), lost_makers: false };
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
    let question = Query {
        text: "boiler".to_owned(),
        embedding: embedder.embed("boiler").unwrap(),
        fluency: Fluency::default(),
        count: 5,
        shared: false,
        filter: Filter::default(),
        behind: None,
    };
    let ask = |bad: &[Row]| {
        let bad = bad.iter().copied().collect();
        let kv = Failing { kv: Rc::new(MemoryKv::new()), bad, lost_makers: false };
        for space in Space::ALL {
            let mut batch = Batch::new();
            let pairs = library.kv().page(space, &[], None, 100).unwrap();
            pairs.into_iter().for_each(|(key, value)| batch.put(space, key, value));
            kv.commit(batch).unwrap();
        }
        let mut index = Indexes::default();
        let sketch = question.embedding.quantize().sketch();
        let entry = |row: &Row| (*row, question.embedding.model().into(), sketch);
        index.vectors.add(&rows.iter().map(entry).collect::<Vec<_>>());
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

#[test]
fn where_it_cannot_be_read_whose_vectors_are_checked_only_those_that_this_device_made_answer() {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let source = Source { path: b"/".to_vec(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(Sources::from(vec![source]))).unwrap();
    let model = Fingerprint([7; 32]);
    let (stamp, collection) = (FileStamp::default(), "home".to_owned());
    let seen = Change::Seen { path: b"/a".to_vec(), stamp, collection, ring: Ring::Mesh };
    let doc = library.apply(&seen).unwrap().doc.unwrap();
    let chunk = |n: u8| NewChunk {
        key: EmbedKey([n; 16]),
        heading: String::new(),
        text: format!("the boiler {n}"),
        start: 0,
        end: 1,
    };
    let chunks = (0..2).map(chunk).collect();
    library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks }).unwrap();
    let question = StandIn::new(model).embed("boiler").unwrap();
    let vector = question.quantize();
    let own = vec![(Row(0), EmbedKey([0; 16]), vector.clone())];
    library.apply(&Change::Embedded { doc, model, vectors: own }).unwrap();
    let others = vec![(Row(1), EmbedKey([1; 16]), vector)];
    library.apply(&Change::Unproven { by: PeerKey([2; 32]), model, vectors: others }).unwrap();
    let rows = [Row(0), Row(1)];
    for lost_makers in [false, true] {
        let kv = Rc::new(MemoryKv::new());
        for space in Space::ALL {
            let mut batch = Batch::new();
            let pairs = library.kv().page(space, &[], None, 100).unwrap();
            pairs.into_iter().for_each(|(key, value)| batch.put(space, key, value));
            kv.commit(batch).unwrap();
        }
        let (kv, mut unread) = (Failing { kv, bad: BTreeSet::new(), lost_makers }, None);
        let asked = Asked { first: &question, fluency: Fluency::default(), others: &[] };
        let scored = scored(&kv, &rows, (asked, |_| false), &mut unread);
        let answers: Vec<bool> = scored.iter().map(|one| one.cosine > 0.5).collect();
        assert_eq!((answers, unread.is_some()), (vec![true, false], lost_makers));
    }
}
