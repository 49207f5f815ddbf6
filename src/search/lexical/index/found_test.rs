//! What a search reads, when, and what becomes of it beside changes of the index.

use super::super::tests::Kept;
use super::super::{Audience, Places};
use super::*;
use crate::limits::{SIMILAR_TERMS_MAX, SIMILAR_UNSEEN_MAX};
use crate::search::lexical::analysis::Analysis;
use std::cell::{Cell, RefCell};

/// An index that others change, and whether it is looked at just now.
#[derive(Default)]
struct Shared {
    index: RefCell<Index>,
    is_looked_at: Cell<bool>,
}

impl Looks for Shared {
    fn look<T>(&self, at: impl FnOnce(&Index) -> T) -> T {
        self.is_looked_at.set(true);
        let seen = at(&self.index.borrow());
        self.is_looked_at.set(false);
        seen
    }
}

/// A store that counts what is read of it, and does something at each reading.
struct Counted<'a> {
    kept: &'a RefCell<Kept>,
    read: usize,
    late_from: usize,
    each: &'a dyn Fn(usize),
}

impl<'a> Counted<'a> {
    fn new(kept: &'a RefCell<Kept>, each: &'a dyn Fn(usize)) -> Self {
        Self { kept, read: 0, late_from: usize::MAX, each }
    }

    fn count(&mut self) {
        self.read += 1;
        (self.each)(self.read);
    }
}

impl Postings for Counted<'_> {
    type Error = std::convert::Infallible;

    fn of(&mut self, term: &str, segment: u32) -> Result<Option<Places>, Self::Error> {
        self.count();
        self.kept.borrow_mut().of(term, segment)
    }

    fn similar(&mut self, words: &[String]) -> Result<BTreeSet<String>, Self::Error> {
        self.count();
        self.kept.borrow_mut().similar(words)
    }

    fn is_late(&self) -> bool {
        self.read >= self.late_from
    }
}

/// Puts the newest chunks into a segment.
fn store(index: &mut Index, kept: &RefCell<Kept>) {
    let full = index.full(true).unwrap();
    kept.borrow_mut().keep(&full);
    index.stored(full.segment);
}

/// Each of these texts in a segment of its own, but for the last one.
fn shared(texts: &[&str]) -> (Shared, RefCell<Kept>) {
    let (shared, kept) = (Shared::default(), RefCell::default());
    for (row, text) in (0..).zip(texts) {
        let mut index = shared.index.borrow_mut();
        index.add(Row(row), &Analysis::of("", text));
        if row + 1 < texts.len() as u64 {
            store(&mut index, &kept);
        }
    }
    (shared, kept)
}

fn rows(shared: &Shared, store: &mut Counted<'_>, question: &str) -> Vec<u64> {
    let found = search(shared, &QueryTerms::new(question), store, (10, &[]), false.into()).unwrap();
    found.rows.into_iter().map(|(row, _)| row.0).collect()
}

const TEXTS: [&str; 4] = ["a boiler", "the boiler is in the cellar", "the cellar of the house", "the old boiler"];

#[test]
fn nothing_is_read_from_the_store_while_the_index_is_looked_at() {
    let (shared, kept) = shared(&TEXTS);
    let each = |_| assert!(!shared.is_looked_at.get(), "whoever changes the index would wait for the disk");
    let mut store = Counted::new(&kept, &each);
    assert_eq!(rows(&shared, &mut store, "boiler cellar")[0], 1);
    assert_eq!(rows(&shared, &mut store, "boiller")[..2], [0, 3]);
    let words = [vec!["boiler".to_owned()], vec!["cellar".to_owned()]];
    assert_eq!(holding(&shared, &words, &mut store, 9, false.into()), Ok(vec![Row(1)]));
    assert!(store.read > 9, "{}", store.read);
}

#[test]
fn what_becomes_a_segment_while_its_words_are_looked_up_is_found_as_before() {
    for question in ["boiler cellar", "boiller"] {
        let (before, kept) = shared(&TEXTS);
        let expected = rows(&before, &mut Counted::new(&kept, &|_| {}), question);
        for at in 1..12 {
            let (shared, kept) = shared(&TEXTS);
            let each = |read| {
                if read == at {
                    store(&mut shared.index.borrow_mut(), &kept);
                }
            };
            assert_eq!(rows(&shared, &mut Counted::new(&kept, &each), question), expected, "{question}, {at}");
        }
        // With each reading a chunk more, and a segment.
        let (shared, kept) = shared(&TEXTS);
        let each = |_| {
            let Ok(mut index) = shared.index.try_borrow_mut() else { return };
            let next = index.next();
            index.add(next, &Analysis::of("", "bread"));
            store(&mut index, &kept);
        };
        let found = rows(&shared, &mut Counted::new(&kept, &each), question);
        assert_eq!(BTreeSet::from_iter(found), BTreeSet::from_iter(expected), "{question}, in one look at last");
    }
}

#[test]
fn a_search_that_is_late_reads_no_more_and_answers_with_what_it_read() {
    let (shared, kept) = shared(&TEXTS);
    let mut store = Counted { late_from: 3, ..Counted::new(&kept, &|_| {}) };
    let found = rows(&shared, &mut store, "boiler cellar garden house kitchen");
    assert_eq!(store.read, 3, "{found:?}");
    let mut store = Counted { late_from: 3, ..Counted::new(&kept, &|_| {}) };
    assert!(rows(&shared, &mut store, "boiler").contains(&3), "what is in memory needs no reading");
    let words = ["boiler", "cellar", "house"].map(|word| vec![word.to_owned()]);
    let mut store = Counted { late_from: 3, ..Counted::new(&kept, &|_| {}) };
    assert_eq!(holding(&shared, &words, &mut store, 9, false.into()).unwrap().len(), 3);
    assert_eq!(store.read, 3);
}

#[test]
fn however_many_private_words_are_like_one_of_a_question_only_some_of_them_are_looked_up() {
    const PRIVATE: u16 = 3_000;
    let (shared, kept) = (Shared::default(), RefCell::default());
    for row in 0..PRIVATE {
        let letters = [row / 676, row / 26 % 26, row % 26].map(|n| char::from(b'a' + u8::try_from(n).unwrap()));
        let word: String = letters.into_iter().collect();
        let mut index = shared.index.borrow_mut();
        index.add(Row(row.into()), &Analysis::of("", &format!("thermostat{word}")));
        index.set_audience(Row(row.into()), Audience::Owner);
    }
    store(&mut shared.index.borrow_mut(), &kept);
    let read = |question: &str| {
        let mut store = Counted::new(&kept, &|_| {});
        let found = search(&shared, &QueryTerms::new(question), &mut store, (10, &[]), true.into()).unwrap();
        assert!(found.rows.is_empty(), "{:?}", found.rows);
        store.read
    };
    let most = SIMILAR_UNSEEN_MAX + 16;
    assert!((SIMILAR_UNSEEN_MAX..most).contains(&read("thermostatzz")), "{}", read("thermostatzz"));
    let words: Vec<String> = (b'a'..=b'h').map(|c| format!("thermostatz{}z", char::from(c))).collect();
    assert!(read(&words.join(" ")) < SIMILAR_UNSEEN_MAX + 8 * 16, "{}", read(&words.join(" ")));
    let own = rows(&shared, &mut Counted::new(&kept, &|_| {}), "thermostatzz");
    assert!(own.len() >= SIMILAR_TERMS_MAX.min(10), "its owner finds them: {own:?}");
}

#[test]
fn a_name_whose_letters_are_typed_as_two_is_found_beside_those_that_are_typed_so() {
    let texts = ["the plumber M\u{FC}ller", "the plumber", "the gust of wind", "the plumber Mueller", "a guest"];
    let (index, kept) = shared(&texts);
    let found = |question: &str| rows(&index, &mut Counted::new(&kept, &|_| {}), question);
    assert_eq!(found("Mueller"), [3, 0], "as it is typed first");
    assert_eq!(BTreeSet::from_iter(found("M\u{FC}ller")), BTreeSet::from([0, 3]));
    assert_eq!(found("guest")[0], 4);
    let (index, kept) = shared(&texts[..3]);
    let found = |question: &str| {
        search(&index, &QueryTerms::new(question), &mut Counted::new(&kept, &|_| {}), (10, &[]), false.into()).unwrap()
    };
    let alone = found("Mueller");
    assert_eq!(alone.rows.iter().map(|(row, _)| row.0).collect::<Vec<_>>(), [0]);
    assert_eq!(alone.statistics.document_frequencies.as_slice(), [1], "it is a word that some passage has");
}
