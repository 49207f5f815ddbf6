//! What is more than one record stays readable too: segments of the index of words, and a backup. No fixture is ever changed or deleted.

use super::quantized;
use std::fs;
use std::path::PathBuf;
use wattle::base::id::{EmbedKey, Fingerprint, Ring, Row};
use wattle::base::term_postings::TermPostings;
use wattle::search::lexical::postings;
use wattle::search::lexical::similar::grams;
use wattle::store::audit::audit;
use wattle::store::backup::{Head, Item, Reader, Writer};
use wattle::store::change::{Change, NewChunk};
use wattle::store::kv::{Batch, Kv, KvRead, Space};
use wattle::store::library::Library;
use wattle::store::memory::MemoryKv;
use wattle::store::read;
use wattle::store::record::{DocState, FileStamp, Source};
use wattle::store::words::{self, StoredSegment};

/// The bytes of a fixture. With `WATTLE_WRITE_FIXTURES` set, first writes what `today` gives if there is none.
fn fixture(name: &str, today: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    if std::env::var_os("WATTLE_WRITE_FIXTURES").is_some() && !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, today()).unwrap();
    }
    fs::read(&path).unwrap()
}

/// All pairs of some spaces, each in a block of a backup.
fn packed(kv: &MemoryKv, spaces: &[Space]) -> Vec<u8> {
    let head = Head { made_s: 1_795_717_859, model: [7; 32], documents: 2, chunks: 3, vectors: 2 };
    let mut writer = Writer::new(Vec::new(), &head).unwrap();
    writer.file("config.toml", b"[node]\nname = \"caf\xC3\xA9\"\n").unwrap();
    for space in spaces {
        writer.pairs(*space, &kv.page(*space, &[], None, 9_999).unwrap()).unwrap();
    }
    writer.end().unwrap()
}

/// A store of what is packed, and the files beside it.
fn unpacked(bytes: &[u8]) -> (MemoryKv, Head, Vec<(String, Vec<u8>)>) {
    let (mut reader, kv) = (Reader::new(bytes).unwrap(), MemoryKv::new());
    let (mut batch, mut files) = (Batch::new(), Vec::new());
    while let Some(item) = reader.next_item().unwrap() {
        match item {
            Item::File(name, content) => files.push((name, content)),
            Item::Pairs(space, pairs) => pairs.into_iter().for_each(|(key, value)| batch.put(space, key, value)),
        }
    }
    kv.commit(batch).unwrap();
    (kv, reader.head().clone(), files)
}

/// A segment of chunks with these words; with or without the languages of each chunk.
fn segment(number: u32, first: u64, words: &[&str], has_languages: bool) -> StoredSegment {
    let places = |at: usize| postings::encode(&[(0, 1), (u32::try_from(at).unwrap() + 1, 2)]);
    StoredSegment {
        number,
        first: Row(first),
        lengths: vec![40, 0, 255, 7],
        languages: if has_languages { vec![1, 0, 2, 1] } else { Vec::new() },
        postings: words.iter().enumerate().map(|(at, word)| (word, places(at))).collect(),
    }
}

#[test]
fn segments_of_the_index_of_words_of_every_layout_and_version_are_still_read() {
    let segments = [segment(3, 10, &["boiler", "caf\u{e9}"], false), segment(4, 20, &["boiler", "thermostat"], true)];
    let bytes = fixture("words/layout-3", || {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let mut next = None;
        while !library.renew_words(9, &mut next).unwrap() {}
        segments.iter().for_each(|segment| library.add_segment(segment, grams).unwrap());
        packed(library.kv(), &[Space::Word])
    });
    let (kv, ..) = unpacked(&bytes);
    assert_eq!(words::analysis(&kv), Ok(9), "another layout would be made anew");
    let of = |segment: &StoredSegment| StoredSegment { postings: TermPostings::default(), ..segment.clone() };
    assert_eq!(words::segments(&kv), Ok(segments.iter().map(of).collect()));
    for segment in &segments {
        for (term, places) in segment.postings.iter() {
            assert_eq!(words::postings(&kv, term, segment.number), Ok(Some(places.to_vec())), "{term}");
        }
        assert_eq!(words::postings(&kv, "cellar", segment.number), Ok(None));
    }
    assert_eq!(words::terms_with(&kv, grams("thermostet"), 9), Ok(["thermostat".to_owned()].into()));
    assert_eq!(words::terms_with(&kv, grams("boilers"), 9), Ok(["boiler".to_owned()].into()));
}

#[test]
fn blocks_of_the_index_of_words_are_read_packed_and_as_before() {
    let places = postings::encode(&(0..300).map(|row| (row, 1)).collect::<Vec<_>>());
    let postings = [("boiler", &places)].into_iter().collect();
    let segment = StoredSegment { postings, ..segment(3, 10, &[], true) };
    let bytes = fixture("words/layout-3-packed", || {
        let mut library = Library::open(MemoryKv::new()).unwrap();
        let mut next = None;
        while !library.renew_words(9, &mut next).unwrap() {}
        library.add_segment(&segment, grams).unwrap();
        packed(library.kv(), &[Space::Word])
    });
    let (kv, ..) = unpacked(&bytes);
    assert_eq!(words::postings(&kv, "boiler", 3), Ok(Some(places)));
    assert_eq!(words::terms_with(&kv, grams("boilers"), 9), Ok(["boiler".to_owned()].into()));
    let blocks = kv.page(Space::Word, &[1], Some(&[2]), 9).unwrap();
    assert!(blocks[0].1.len() < 40, "300 postings in {} bytes", blocks[0].1.len());
}

const STAMP: FileStamp = FileStamp { size: 1234, modified_ns: 1_700_000_000_123_456_789, changed_ns: -5, inode: 42 };

/// A backup of two documents: of these texts, and of the first one alone. Each has the vector of the first.
fn backed_up(texts: &[&str]) -> Vec<u8> {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let source = Source { path: b"/n".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
    library.apply(&Change::Sources(vec![source].into())).unwrap();
    for (name, texts) in [("a", texts), ("b", &texts[..1])] {
        let (path, collection) = (format!("/n/{name}.md").into_bytes(), "home".to_owned());
        let seen = Change::Seen { path, stamp: STAMP, collection, ring: Ring::Mesh };
        let doc = library.apply(&seen).unwrap().doc.unwrap();
        let chunk = |(at, text): (u8, &&str)| NewChunk {
            key: EmbedKey([at; 16]),
            heading: "House > Heating".to_owned(),
            text: (*text).to_owned(),
            start: 0,
            end: 9,
        };
        let chunks = (1..).zip(texts).map(chunk).collect();
        library.apply(&Change::Chunked { doc, stamp: STAMP, content: [9; 16], chunks }).unwrap();
        let row = read::document(library.kv(), doc).unwrap().unwrap().chunks[0].row;
        let vectors = vec![(row, EmbedKey([1; 16]), quantized())];
        library.apply(&Change::Embedded { doc, model: Fingerprint([7; 32]), vectors }).unwrap();
    }
    packed(library.kv(), &Space::ALL)
}

#[test]
fn a_backup_of_every_version_is_still_read() {
    let before = ["Bleed the radiators every autumn.", "The boiler is in the cellar."];
    // Long enough to be stored packed.
    let today = before.map(|text| [text; 9].join(" "));
    let today: Vec<&str> = today.iter().map(String::as_str).collect();
    for (version, texts) in [(1, &before[..]), (2, &today[..])] {
        let bytes = fixture(&format!("backup/v{version}"), || backed_up(texts));
        assert_eq!(bytes[..16], *format!("wattle-backup {version}\n").as_bytes());
        let (kv, head, files) = unpacked(&bytes);
        assert_eq!((head.made_s, head.model, head.chunks), (1_795_717_859, [7; 32], 3));
        assert_eq!(files, [("config.toml".to_owned(), b"[node]\nname = \"caf\xC3\xA9\"\n".to_vec())]);
        let audited = audit(&kv).unwrap();
        assert!(audited.clean(), "{audited:?}");
        let (_, a) = read::document_at(&kv, b"/n/a.md").unwrap().unwrap();
        assert_eq!((a.stamp, &a.state, a.chunks.len()), (STAMP, &DocState::Chunked { missing: 1 }, 2));
        let found = a.chunks.iter().map(|place| read::chunk(&kv, place.row).unwrap().unwrap().text);
        assert_eq!(found.collect::<Vec<String>>(), texts);
        assert_eq!(read::made(&kv, a.chunks[0].row).unwrap().unwrap().values, quantized());
        assert_eq!(read::document_at(&kv, b"/n/b.md").unwrap().unwrap().1.state, DocState::Ready);
        assert_eq!(read::sources(&kv).unwrap().places[0].path, b"/n");
        // What is stored today is a store of it.
        assert_eq!(Library::open(kv).unwrap().commit().counts.vectors, 2);
    }
}
