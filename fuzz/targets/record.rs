//! Records of the store: damaged bytes are refused, and a decoded record survives encoding.

use wattle::base::id::{DocId, EmbedKey, Fingerprint, Ring, Row};
use wattle::base::vector::{Embedding, Quantized};
use wattle::limits::DIMENSIONS;
use wattle::store::kv::{Batch, Space};
use wattle::store::record::{
    Asked, Attempt, Chunk, ChunkHead, ChunkRef, CollectionModel, Commit, DocState, Document, Failed, Failing,
    FileStamp, Maker, Mark, MarkKind, Marks, NamedModel, Record, Source, Sources, Vector,
};
use wattle::store::roots::{Identity, Root, Roots};
use wattle::store::rows::Rows;

fn survives<R: Record + PartialEq + std::fmt::Debug>(data: &[u8]) {
    if let Some(record) = R::decode(data) {
        let encoded = record.encode();
        // Five bytes more: counters of before have one state, one count, one stamp and two anchors fewer.
        assert!(encoded.len() <= data.len() + 5, "the encoding is hardly longer than the input");
        assert_eq!(R::decode(&encoded), Some(record));
    }
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    survives::<Document>(data);
    if let Some(chunk) = Chunk::decode(data) {
        // What is packed may have been packed better; it is never longer than unpacked.
        assert_eq!(ChunkHead::decode_stored(data).as_ref(), Ok(&ChunkHead::from(&chunk)));
        let encoded = chunk.encode();
        assert!(encoded.len() <= 64 + chunk.collection.len() + chunk.heading.len() + chunk.text.len());
        assert_eq!(Chunk::decode(&encoded), Some(chunk));
    }
    survives::<Vector>(data);
    survives::<Sources>(data);
    survives::<Marks>(data);
    survives::<Asked>(data);
    survives::<Roots>(data);
    survives::<Commit>(data);
    survives::<Maker>(data);
    survives::<Failing>(data);
}

fn quantized() -> Quantized {
    let mut raw = [0.0_f32; DIMENSIONS];
    (raw[0], raw[1]) = (1.0, -0.5);
    Embedding::new(Fingerprint([7; 32]), &raw).unwrap().quantize()
}

fn marks(unread: u64) -> Vec<u8> {
    let (path, kind) = (b"/a".to_vec(), MarkKind::Away);
    Marks(vec![Mark { path, volume: 7, since: 1_795_717_859, documents: 3, partly: unread / 2, read: 0, unread, kind }])
        .encode()
}

/// One of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let document = |state| Document {
        collection: "home".to_owned(),
        ring: Ring::Mesh,
        path: b"/home/ann/notes/caf\xe9.md".to_vec(),
        stamp: FileStamp { size: 1234, modified_ns: 1_700_000_000_123_456_789, changed_ns: -5, inode: 42 },
        content: [9; 16],
        state,
        chunks: vec![ChunkRef { row: Row(1), start: 0, end: 900 }],
    };
    let chunk = Chunk {
        doc: DocId(77),
        key: EmbedKey([3; 16]),
        collection: "home".to_owned(),
        ring: Ring::Private,
        heading: "House > Heating".to_owned(),
        text: "Bleed the radiators every autumn.".to_owned(),
    };
    let source =
        Source { path: b"/home/ann".to_vec(), collection: "home".to_owned(), ring: Ring::Public, device: 66_306 };
    let mut owed = Rows::default();
    [3, 4, 5, 70].into_iter().for_each(|row| owed.insert(Row(row)));
    let model = NamedModel { name: "m".to_owned(), fingerprint: Fingerprint([7; 32]) };
    let set = CollectionModel { collection: "home".to_owned(), version: 2, model, before: None, language: None };
    let attempt = Attempt { by: None, why: "no".to_owned(), at: 1_795_717_859 };
    let mut anchored = Commit { number: 301, next_doc: DocId(4), next_row: Row(70), ..Commit::default() };
    let mut batch = Batch::new();
    batch.put(Space::Chunk, 69_u64.to_be_bytes(), b"a chunk");
    batch.delete(Space::Chunk, 7_u64.to_be_bytes());
    anchored.stamp(&mut batch);
    vec![
        document(DocState::Chunked { missing: 1 }).encode(),
        document(DocState::Refused("too large".to_owned())).encode(),
        chunk.encode(),
        Vector { model: Fingerprint([7; 32]).into(), values: quantized(), by: 0, is_stale: false }.encode(),
        Sources::from(vec![source.clone()]).encode(),
        Sources { places: vec![source], private: vec!["diary".to_owned()], models: Vec::new() }.encode(),
        marks(0),
        marks(2),
        Commit { number: 300, next_doc: DocId(4), next_row: Row(70), ..Commit::default() }.encode(),
        Asked(vec![b"/a".to_vec()]).encode(),
        Roots(vec![Root { path: b"/a".to_vec(), identity: Identity { volume: 1, inode: 2, born_ns: 3 } }]).encode(),
        Vector { model: Fingerprint([7; 32]).into(), values: quantized(), by: 9, is_stale: false }.encode(),
        Maker { number: 9, checks: 10, unproven: vec![Row(300), Row(7)], ..Maker::default() }.encode(),
        Maker { number: 2, unproven: vec![Row(9)], owed: owed.clone(), ..Maker::default() }.encode(),
        Maker { number: 3, checks: 0, unproven: Vec::new(), owed, banned_until: 1_795_717_859 }.encode(),
        Failing { attempts: vec![Failed { attempt, key: None }], here: 2, is_only_here: true }.encode(),
        Vector { model: Fingerprint([7; 32]).into(), values: quantized(), by: 0, is_stale: true }.encode(),
        Sources { places: Vec::new(), private: Vec::new(), models: vec![set] }.encode(),
        Chunk { text: "Bleed the radiators every autumn, and look at the boiler. ".repeat(9), ..chunk }.encode(),
        anchored.encode(),
    ]
}
