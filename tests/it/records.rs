//! Every version of every record ever written stays readable: no fixture is ever changed or deleted.

mod stores;

use std::fs;
use std::path::PathBuf;
use wattle::base::id::{DocId, EmbedKey, Fingerprint, PeerKey, Ring, Row};
use wattle::base::vector::{Embedding, Quantized};
use wattle::limits::DIMENSIONS;
use wattle::store::counts::{Kind, StoreCounts};
use wattle::store::kv::{Batch, Space};
use wattle::store::record::{
    Asked, Attempt, Chunk, ChunkRef, CollectionModel, Commit, DocState, Document, Failed, Failing, FileStamp, Maker,
    Mark, MarkKind, Marks, NamedModel, Record, Source, Sources, Vector,
};
use wattle::store::roots::{Identity, Root, Roots};
use wattle::store::rows::Rows;

fn quantized() -> Quantized {
    let mut raw = [0.0_f32; DIMENSIONS];
    raw[0] = 1.0;
    raw[1] = -0.5;
    Embedding::new(Fingerprint([7; 32]), &raw).unwrap().quantize()
}

fn document() -> Document {
    Document {
        collection: "home".to_owned(),
        ring: Ring::Mesh,
        path: b"/home/ann/notes/caf\xe9.md".to_vec(),
        stamp: FileStamp { size: 1234, modified_ns: 1_700_000_000_123_456_789, changed_ns: -5, inode: 42 },
        content: [9; 16],
        state: DocState::Chunked { missing: 1 },
        chunks: vec![ChunkRef { row: Row(1), start: 0, end: 900 }, ChunkRef { row: Row(300), start: 902, end: 1234 }],
    }
}

fn chunk() -> Chunk {
    Chunk {
        doc: DocId(77),
        key: EmbedKey([3; 16]),
        collection: "home".to_owned(),
        ring: Ring::Private,
        heading: "House > Heating".to_owned(),
        text: "Bleed the radiators every autumn.".to_owned(),
    }
}

fn sources() -> Sources {
    let path = b"/home/ann/notes".to_vec();
    Sources::from(vec![Source { path, collection: "home".to_owned(), ring: Ring::Mesh, device: 65_025 }])
}

fn marks() -> Marks {
    let mark = |path: &[u8], volume, kind| Mark {
        path: path.to_vec(),
        volume,
        since: 1_795_717_859,
        documents: 3,
        partly: 0,
        read: 0,
        unread: 0,
        kind,
    };
    Marks(vec![
        mark(b"/home/ann/notes/stick", 513, MarkKind::Away),
        mark(b"/media/caf\xe9", 0, MarkKind::Kept),
        mark(b"/etc", 0, MarkKind::Forgotten),
    ])
}

fn commit() -> Commit {
    let mut counts = StoreCounts::default();
    (counts.chunks, counts.vectors, counts.tombstoned_chunks, counts.tombstoned_vectors) = (5, 4, 2, 1);
    Kind::ALL.into_iter().filter(|kind| *kind != Kind::Parked).for_each(|kind| counts.enter(kind));
    let stamps = [1, 2, 3, 4, 5, 6, 99, 0];
    Commit {
        number: 99,
        next_doc: DocId(12),
        next_row: Row(400),
        stamps,
        counts,
        anchors: [None; 2],
        standing: [None; 2],
    }
}

/// Decodes the fixture of a version and compares it. With `WATTLE_WRITE_FIXTURES` set, first writes today's encoding if there is
/// no fixture.
fn check_fixture<R: Record + PartialEq + std::fmt::Debug>(version: u8, today: &R) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/records/v{version}"));
    let path = folder.join(R::NAME);
    if std::env::var_os("WATTLE_WRITE_FIXTURES").is_some() && !path.exists() {
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, today.encode()).unwrap();
    }
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes[0], version);
    assert_eq!(&R::decode_stored(&bytes).unwrap(), today, "version {version} of {} decodes to another value", R::NAME);
}

#[test]
fn every_record_of_every_version_is_still_read() {
    check_fixture(1, &document());
    check_fixture(1, &chunk());
    check_fixture(
        2,
        &Chunk { text: "Bleed the radiators every autumn, and look at the boiler. ".repeat(9), ..chunk() },
    );
    for (of_this_device, of_another) in [(1, 2), (3, 4)] {
        let model = Fingerprint([7; 32]).into();
        check_fixture(of_this_device, &Vector { model, values: quantized(), by: 0, is_stale: false });
        check_fixture(of_another, &Vector { model, values: quantized(), by: 9, is_stale: false });
    }
    let model = Fingerprint([7; 32]).into();
    check_fixture(5, &Vector { model, values: quantized(), by: 0, is_stale: true });
    check_fixture(6, &Vector { model, values: quantized(), by: 9, is_stale: true });
    let maker =
        Maker { number: 9, checks: 10, unproven: vec![Row(300), Row(7)], owed: Rows::default(), banned_until: 0 };
    check_fixture(1, &maker);
    let mut owed = Rows::default();
    [5, 6, 7, 400].into_iter().for_each(|row| owed.insert(Row(row)));
    check_fixture(2, &Maker { owed: owed.clone(), ..maker.clone() });
    check_fixture(3, &Maker { owed, banned_until: 1_795_717_859, ..maker });
    let attempt = Attempt { by: Some(PeerKey([5; 32])), why: "no".to_owned(), at: 1_795_717_859 };
    let attempts = vec![Failed { attempt, key: Some(EmbedKey([3; 16])) }];
    check_fixture(1, &Failing { attempts, here: 2, is_only_here: true });
    check_fixture(1, &sources());
    check_fixture(2, &Sources { private: vec!["tageb\u{fc}cher".to_owned()], ..sources() });
    let named = |name: &str, n| NamedModel { name: name.to_owned(), fingerprint: Fingerprint([n; 32]) };
    let set = CollectionModel {
        collection: "home".to_owned(),
        version: 2,
        model: named("wattle-e5-s6", 8),
        before: Some(named("all-MiniLM-L6-v2", 7)),
        language: Some("German".to_owned()),
    };
    check_fixture(3, &Sources { models: vec![set], ..sources() });
    check_fixture(1, &marks());
    check_fixture(2, &Marks(marks().0.into_iter().map(|mark| Mark { unread: 2, ..mark }).collect()));
    check_fixture(
        3,
        &Marks(marks().0.into_iter().map(|mark| Mark { partly: 5, read: 1, unread: 2, ..mark }).collect()),
    );
    let identity = Identity { volume: 9, inode: 1 << 40, born_ns: 1_700_000_000_000_000_000 };
    check_fixture(1, &Roots(vec![Root { path: b"/home/ann/diary".to_vec(), identity }]));
    check_fixture(1, &Asked(vec![b"/home/ann/notes".to_vec(), b"/media/caf\xe9".to_vec()]));
    check_fixture(1, &commit());
    let mut counts = commit().counts;
    counts.enter(Kind::Parked);
    counts.set_aside = 3;
    check_fixture(2, &Commit { counts, ..commit() });
    // With the space of the index of words.
    let words = Commit { counts, stamps: [1, 2, 3, 4, 5, 6, 99, 98], ..commit() };
    check_fixture(3, &words);
    // With anchors.
    let mut batch = Batch::new();
    batch.put(Space::Chunk, 300_u64.to_be_bytes(), chunk().encode());
    batch.delete(Space::Vector, 7_u64.to_be_bytes());
    let mut anchored = words;
    anchored.stamp(&mut batch);
    check_fixture(4, &anchored);
    // The last write to a space deleted something, and the last value before it stands.
    let mut batch = Batch::new();
    batch.put(Space::Vector, 300_u64.to_be_bytes(), b"a vector");
    batch.delete(Space::Vector, 8_u64.to_be_bytes());
    anchored.stamp(&mut batch);
    assert!(anchored.standing[1].is_some());
    check_fixture(5, &anchored);
    // With pictures among the files to be read.
    anchored.counts.media = 3;
    check_fixture(6, &anchored);
}
