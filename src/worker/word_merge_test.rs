//! A merge changes no answer, forgets what was deleted, and goes on where it was cut off.

use super::*;
use crate::base::id::{DocId, EmbedKey, Ring, Row};
use crate::limits::MERGE_AT_ONCE;
use crate::search::lexical::index::Matches;
use crate::search::lexical::terms::QueryTerms;
use crate::store::change::{Change, NewChunk};
use crate::store::kv::{KvRead, Pair, Space};
use crate::store::memory::MemoryKv;
use crate::store::read;
use crate::store::record::{FileStamp, Source};
use crate::worker::words::{Reader, catch_up, follow, load, write};
use std::rc::Rc;

/// Documents, each of which becomes a segment.
const DOCUMENTS: u64 = MERGE_AT_ONCE as u64 + 2;

/// Chunks of each.
const CHUNKS: usize = 6;

type Words = (Library<Rc<MemoryKv>>, Index);

fn open(kv: &Rc<MemoryKv>) -> Words {
    let mut library = Library::open(Rc::clone(kv)).unwrap();
    // What lies in no watched folder answers nobody.
    if read::sources(library.kv()).unwrap().places.is_empty() {
        let all = Source { path: b"/".to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        library.apply(&Change::Sources(vec![all].into())).unwrap();
    }
    let index = load(library.kv()).unwrap();
    (library, index)
}

/// Chunks with words that all have, that each document has alone, and that each chunk has alone.
fn texts(doc: u64) -> Vec<String> {
    let rare = if doc == 4 { "thermostatventil" } else { "boiler" };
    (0..CHUNKS).map(|n| format!("The {rare} of flat{doc} has the part zubehoer{doc}x{n} and valve{}.", n % 7)).collect()
}

fn add((library, index): &mut Words, n: u64) -> DocId {
    let stamp = FileStamp::default();
    let (path, collection) = (format!("/a/{n}").into_bytes(), "home".to_owned());
    let doc = library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap().doc.unwrap();
    let chunk = |(at, text): (usize, String)| {
        let key = EmbedKey([u8::try_from(n).unwrap(); 16].map(|byte| byte ^ u8::try_from(at).unwrap()));
        NewChunk { key, heading: String::new(), text, start: 0, end: 1 }
    };
    let chunks = texts(n).into_iter().enumerate().map(chunk).collect();
    library.apply(&Change::Chunked { doc, stamp, content: [u8::try_from(n).unwrap(); 16], chunks }).unwrap();
    catch_up(library, index).unwrap();
    doc
}

/// A store with a segment for each document, of which some are deleted and one is being removed.
fn written() -> Rc<MemoryKv> {
    let kv = Rc::new(MemoryKv::new());
    let mut words = open(&kv);
    let mut docs = Vec::new();
    for n in 0..DOCUMENTS {
        docs.push(add(&mut words, n));
        let full = words.1.full(true).unwrap();
        let segment = write(&mut words.0, full).unwrap();
        words.1.stored(segment);
    }
    for n in [2, 3, 5] {
        let doc = docs[n];
        let gone = Change::gone(words.0.kv(), doc);
        words.0.apply(&gone).unwrap();
        if n != 5 {
            words.0.apply(&Change::Purge { doc }).unwrap();
        }
    }
    kv.sync().unwrap();
    kv
}

fn merge_all((library, index): &mut Words, mut after_step: impl FnMut(&Words2<'_>)) {
    while let Some(mut merge) = WordMerge::begin(library, index).unwrap() {
        index.reserve(merge.number());
        loop {
            let stepped = merge.step(library).unwrap();
            if let Stepped::Committed(plan) = &stepped {
                after_step(&(library, index));
                index.merged(plan);
            }
            after_step(&(library, index));
            if matches!(stepped, Stepped::Done) {
                break;
            }
        }
    }
}

type Words2<'a> = (&'a Library<Rc<MemoryKv>>, &'a Index);

/// What all kinds of questions are answered.
fn answers((library, index): &Words2<'_>) -> Vec<Matches> {
    let questions = [
        "boiler",
        "flat1 valve3",
        "zubehoer4x3",
        "zubehoer9x3",
        "valv3",
        "thermostatvenil",
        "flat33",
        "zubehoer5x1",
        "nothing",
    ];
    let ask = |question: &&str| {
        let mut reader = Reader(library.kv());
        index.search(&QueryTerms::new(question), &mut reader, 30, &[Row(3), Row(30)], false).unwrap()
    };
    questions.iter().map(ask).collect()
}

/// The index in the store, without what says how the store came about.
fn stored(kv: &MemoryKv) -> Vec<Pair> {
    kv.page(Space::Word, &[1], None, usize::MAX).unwrap()
}

#[test]
fn the_answers_are_the_same_before_during_and_after_a_merge() {
    let kv = written();
    let mut words = open(&kv);
    let before = answers(&(&words.0, &words.1));
    assert!(before.iter().filter(|found| found.rows.iter().any(|(_, score)| *score > 0.0)).count() >= 6);
    let mut steps = 0;
    merge_all(&mut words, |words| {
        steps += 1;
        assert_eq!(answers(words), before, "at step {steps}");
    });
    assert!(steps > 6, "{steps}");
    assert_eq!(words.1.segments().len(), 3);
    let words = open(&kv);
    assert_eq!(answers(&(&words.0, &words.1)), before, "after a restart");
    assert_eq!(words.1.segments().len(), 3);
}

#[test]
fn what_was_deleted_is_in_no_segment_and_no_group_of_letters_any_more() {
    let kv = written();
    let has = |kv: &MemoryKv, word: &str| {
        let pairs = stored(kv).into_iter().filter(|(key, _)| [1, 2, 7].contains(&key[0]));
        let text = pairs.map(|(key, value)| String::from_utf8_lossy(&[key, value].concat()).into_owned());
        text.filter(|text| text.contains(word)).count()
    };
    assert!(has(&kv, "zubehoer2x") > CHUNKS && has(&kv, "zubehoer3x") > 0);
    let mut words = open(&kv);
    merge_all(&mut words, |_| {});
    assert_eq!(["zubehoer2x", "zubehoer3x"].map(|word| has(&kv, word)), [0; 2]);
    assert!(has(&kv, "zubehoer5x") > 0, "a document that is being removed may come back");
    // A word that comes back is found by what is nearly it.
    add(&mut words, 2);
    let full = words.1.full(true).unwrap();
    let segment = write(&mut words.0, full).unwrap();
    words.1.stored(segment);
    let found = |words: &Words| answers(&(&words.0, &words.1));
    let question = QueryTerms::new("zubehoer2x1v");
    let near = words.1.search(&question, &mut Reader(words.0.kv()), 9, &[], false).unwrap();
    assert!(!near.rows.is_empty());
    assert_eq!(found(&words), found(&open(&kv)));
}

#[test]
fn a_merge_that_is_cut_off_anywhere_loses_nothing_and_goes_on_at_the_next_start() {
    let whole = written();
    let mut words = open(&whole);
    let before = answers(&(&words.0, &words.1));
    merge_all(&mut words, |_| {});
    let batches = whole.unsynced();
    assert!(batches > 6, "{batches}");
    for cut in 0..=batches {
        let kv = written();
        merge_all(&mut open(&kv), |_| {});
        assert_eq!(kv.unsynced(), batches);
        kv.cut_power(cut);
        let mut words = open(&kv);
        assert_eq!(answers(&(&words.0, &words.1)), before, "cut after {cut} of {batches}");
        merge_all(&mut words, |words| assert_eq!(answers(words), before, "after {cut} of {batches}"));
        assert_eq!(words.1.segments().len(), 3);
        let (mut a, mut b) = (stored(&kv), stored(&whole));
        a.retain(|(key, _)| key[0] != 6);
        b.retain(|(key, _)| key[0] != 6);
        assert_eq!(a, b, "cut after {cut} of {batches}");
    }
}

#[test]
fn segments_that_come_during_a_merge_have_numbers_of_their_own_and_answer() {
    let kv = written();
    let mut words = open(&kv);
    let mut merge = WordMerge::begin(&mut words.0, &words.1).unwrap().unwrap();
    words.1.reserve(merge.number());
    merge.step(&mut words.0).unwrap();
    add(&mut words, DOCUMENTS + 1);
    let full = words.1.full(true).unwrap();
    assert!(full.segment.number > DOCUMENTS.try_into().unwrap(), "not the number of the one in the making");
    let segment = write(&mut words.0, full).unwrap();
    words.1.stored(segment);
    let before = answers(&(&words.0, &words.1));
    drop(merge);
    let mut words = open(&kv);
    merge_all(&mut words, |words| assert_eq!(answers(words), before));
    let found = words
        .1
        .search(&QueryTerms::new(&format!("flat{}", DOCUMENTS + 1)), &mut Reader(words.0.kv()), 99, &[], false)
        .unwrap();
    assert_eq!(found.rows.len(), CHUNKS);
    let mut index = words.1;
    let (doc, gone) = read::document_at(words.0.kv(), b"/a/1").unwrap().unwrap();
    let change = Change::gone(words.0.kv(), doc);
    let applied = words.0.apply(&change).unwrap();
    follow(words.0.kv(), &mut index, &applied);
    // Others are nearly that word.
    let found = index.search(&QueryTerms::new("flat1"), &mut Reader(words.0.kv()), 99, &[], false).unwrap();
    let is_gone = |row: Row| gone.chunks.iter().any(|place| place.row == row);
    assert!(found.rows.iter().all(|(row, _)| !is_gone(*row)), "rows of merged segments are hidden too");
}
