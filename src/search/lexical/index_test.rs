//! The index of words in memory and in segments, and what it leaves out.

use super::*;
use crate::search::lexical::similar::grams;
use crate::search::lexical::terms::QueryTerms;
use std::convert::Infallible;

/// Segments in memory, as the store keeps them.
#[derive(Default)]
pub(super) struct Kept(BTreeMap<(String, u32), Vec<u8>>);

impl Kept {
    pub(super) fn keep(&mut self, full: &Full) {
        for (term, bytes) in full.postings.iter() {
            self.0.insert((term.to_owned(), full.segment.number), bytes.to_vec());
        }
    }
}

impl Postings for Kept {
    type Error = Infallible;

    fn of(&mut self, term: &str, segment: u32) -> Result<Option<Places>, Infallible> {
        let stored = self.0.get(&(term.to_owned(), segment));
        Ok(stored.map(|bytes| crate::search::lexical::postings::decode(bytes).unwrap()))
    }

    fn similar(&mut self, words: &[String]) -> Result<BTreeSet<String>, Infallible> {
        let asked: BTreeSet<String> = words.iter().flat_map(|word| grams(word)).collect();
        Ok(self.0.keys().map(|(term, _)| term.clone()).filter(|term| !grams(term).is_disjoint(&asked)).collect())
    }
}

const TEXTS: [&str; 6] = [
    "The boiler in the cellar is old and loud.",
    "Invoice INV-20394 of the garden centre, paid in March.",
    "The radiator valve of the bathroom drips on the floor.",
    "A recipe for bread with rye flour and honey.",
    "The cellar is damp; the boiler has nothing to do with that.",
    "Telephone of the plumber: 030 123 45 67.",
];

fn index(texts: &[&str]) -> Index {
    let mut index = Index::default();
    for (row, text) in texts.iter().enumerate() {
        index.add(Row(row as u64 * 2), &Analysis::of("", text));
    }
    index
}

fn rows(index: &Index, kept: &mut Kept, question: &str) -> Vec<u64> {
    let found = index.search(&QueryTerms::new(question), kept, 10, &[], false).unwrap();
    found.rows.into_iter().map(|(row, _)| row.0 / 2).collect()
}

#[test]
fn chunks_are_found_by_their_words_in_memory_and_in_segments_alike() {
    let mut kept = Kept::default();
    let mut whole = index(&TEXTS);
    let mut parts = index(&TEXTS[..3]);
    let full = parts.full(true).unwrap();
    kept.keep(&full);
    parts.stored(full.segment);
    for (row, text) in TEXTS.iter().enumerate().skip(3) {
        parts.add(Row(row as u64 * 2), &Analysis::of("", text));
    }
    for question in [
        "boiler",
        "Where is the cellar?",
        "inv-20394",
        "INV20394",
        "0301234567",
        "boilre",
        "bathrooms",
        "nothing like it at all zzzz",
    ] {
        let a = whole.search(&QueryTerms::new(question), &mut Kept::default(), 2, &[Row(4), Row(6)], false).unwrap();
        let b = parts.search(&QueryTerms::new(question), &mut kept, 2, &[Row(4), Row(6)], false).unwrap();
        assert_eq!(a, b, "{question}");
    }
    assert_eq!(rows(&parts, &mut kept, "boiler").len(), 2);
    assert_eq!(rows(&parts, &mut kept, "INV20394"), [1]);
    assert_eq!(rows(&parts, &mut kept, "0301234567"), [5]);
    assert_eq!(rows(&parts, &mut kept, "radiatr"), [2], "a typo");
    whole.remove(&[Row(0)]);
    parts.remove(&[Row(0)]);
    assert_eq!(rows(&parts, &mut kept, "boiler"), [4]);
    let boiler = QueryTerms::new("boiler");
    let a = whole.search(&boiler, &mut Kept::default(), 9, &[], false).unwrap();
    assert_eq!(a, parts.search(&boiler, &mut kept, 9, &[], false).unwrap());
    assert_eq!((parts.size(false).0, whole.size(false).0), (5, 5));
}

#[test]
fn the_languages_of_a_chunk_are_kept_as_they_were_told_of_its_text() {
    let texts = ["Die Heizung im Keller ist kaputt, und niemand wei\u{DF}, wen man anrufen kann.", TEXTS[0], "4711"];
    let (mut kept, mut index) = (Kept::default(), index(&texts));
    for round in 0..2 {
        let all: Vec<Row> = (0..3).map(|row| Row(row * 2)).collect();
        let found = index.search(&QueryTerms::new("boiler"), &mut kept, 9, &all, false).unwrap();
        for (row, text) in all.iter().zip(texts) {
            assert_eq!(found.languages.get(row), Some(&Analysis::of("", text).languages), "{round} {text}");
        }
        if let Some(full) = index.full(true) {
            kept.keep(&full);
            index.stored(full.segment);
        }
    }
    let before = Segment { number: 3, first: Row(10), lengths: vec![4, 6], ..Segment::default() };
    let found = Index::new(vec![before]).search(&QueryTerms::new("boiler"), &mut kept, 9, &[Row(10)], false).unwrap();
    assert_eq!((found.rows.len(), found.languages.len()), (1, 0), "a segment of before has none");
}

#[test]
fn what_is_hidden_does_not_answer_until_it_is_shown() {
    let mut kept = Kept::default();
    let mut index = index(&TEXTS);
    index.hide(&[Row(0)]);
    assert_eq!(rows(&index, &mut kept, "boiler"), [4]);
    index.show(&[Row(0)]);
    assert_eq!(rows(&index, &mut kept, "boiler").len(), 2);
}

#[test]
fn what_is_private_is_in_nothing_that_another_device_is_told() {
    let mut index = index(&TEXTS);
    index.set_audience(Row(0), Audience::Owner);
    let found = |shared| index.search(&QueryTerms::new("boiler"), &mut Kept::default(), 9, &[Row(0)], shared).unwrap();
    assert_eq!((found(false).statistics.document_frequencies[0], found(false).rows.len()), (2, 2));
    let shared = found(true);
    assert_eq!((shared.statistics.chunks, shared.statistics.document_frequencies[0]), (5, 1));
    assert_eq!(shared.rows.iter().find(|(row, _)| *row == Row(0)), Some(&(Row(0), 0.0)));
}

#[test]
fn rows_without_chunks_and_rows_of_before_are_left_out() {
    let mut index =
        Index::new(vec![Segment { number: 3, first: Row(10), lengths: vec![4, 0, 6], ..Segment::default() }]);
    assert_eq!((index.next(), index.size(false).0), (Row(13), 2));
    index.add(Row(12), &Analysis::of("", "word"));
    assert_eq!(index.size(false).0, 2, "it is there already");
    index.skip(Row(20));
    index.add(Row(22), &Analysis::of("", "word"));
    assert_eq!((index.next(), index.size(false).0), (Row(23), 3));
    let full = index.full(true).unwrap();
    assert_eq!((full.segment.number, full.segment.first, full.segment.lengths.len()), (4, Row(22), 1));
    assert_eq!(index.full(false), None, "not enough yet");
}

#[test]
fn the_statistics_are_those_of_all_chunks() {
    let terms = QueryTerms::new("the boiler cellar");
    let statistics = index(&TEXTS).search(&terms, &mut Kept::default(), 1, &[], false).unwrap().statistics;
    assert_eq!((statistics.chunks, statistics.document_frequencies.as_slice()), (6, &[0, 2, 2][..]));
}

/// The text that stands first for a question, among these.
fn first(texts: &[&str], question: &str) -> Option<u64> {
    rows(&index(texts), &mut Kept::default(), question).first().copied()
}

#[test]
fn a_number_that_is_known_comes_before_the_parts_of_others_and_is_found_in_any_way_to_write_it() {
    let texts = [
        "Part AB-1234/C of the pump.",
        "Parts AB-77/C and XY-1234/C, AB 12, and AB-9/C, 1234 of them.",
        "Call the plumber: 030 234 56 78.",
        "Call the roofer: 030 999 56 78, or 78 56 234 in the evening.",
        "We met on 15.3.2024 in the hall.",
        "We met on 15.4.2024, and in March 2024 on the 3rd, 15 of us.",
    ];
    for (question, place) in [
        ("ab1234c", 0),
        ("AB-1234-C", 0),
        ("Who is +49 (0)30 2345678?", 2),
        ("0302345678", 2),
        ("2345678", 2),
        ("What was on March 15, 2024?", 4),
        ("2024-03-15", 4),
        ("Was war am 15. M\u{E4}rz 2024?", 4),
    ] {
        assert_eq!(first(&texts, question), Some(place), "{question}");
    }
}

#[test]
fn a_word_is_found_where_it_is_written_as_two_and_two_where_they_are_written_as_one() {
    let texts = [
        "Die Reinigung der Dachrinne kostet viel Geld und ist im Herbst dran.",
        "Die Dachrinne ist lang, und wer das Haus kennt, der kennt auch die teure Wartung und die Kosten.",
        "Die Kellerfensterreinigung macht im Herbst die Nachbarin, und das kostet nicht viel Geld.",
        "The lawn mower is in the shed behind the house, and it has no petrol.",
        "The dishwasher thermostat is broken, and nobody knows where to get another one.",
    ];
    for (question, place) in [
        ("Dachrinnenreinigung", 0),
        ("Was kostet die Reinigung des Kellerfensters?", 2),
        ("Where is the lawnmower?", 3),
        ("dish washer thermostat", 4),
    ] {
        assert_eq!(first(&texts, question), Some(place), "{question}");
    }
}

#[test]
fn a_segment_that_begins_behind_rows_that_are_gone_has_each_chunk_in_its_place() {
    let mut kept = Kept::default();
    let mut index = Index::default();
    for round in 0..3 {
        let first = index.next().0 + 2;
        for (at, text) in (0..).zip(["the boiler in the cellar", "the cellar in the house", "a boiler of the house"]) {
            index.add(Row(first + at), &Analysis::of("", text));
        }
        let full = index.full(true).unwrap();
        assert_eq!(full.segment.first, Row(first), "{round}");
        for (term, bytes) in full.postings.iter() {
            let places = crate::search::lexical::postings::decode(bytes).unwrap();
            assert!(places.iter().all(|(place, _)| *place < 3), "{term}: {places:?}");
        }
        let found = |index: &Index, kept: &mut Kept| -> BTreeSet<u64> {
            let found = index.search(&QueryTerms::new("cellar"), kept, 9, &[], false).unwrap();
            found.rows.into_iter().map(|(row, _)| row.0).filter(|row| *row >= first).collect()
        };
        assert_eq!(found(&index, &mut kept), [first, first + 1].into());
        kept.keep(&full);
        index.stored(full.segment);
        assert_eq!(found(&index, &mut kept), [first, first + 1].into());
    }
}

#[test]
fn private_words_keep_no_shared_word_that_is_nearly_the_asked_one_out_of_an_answer_to_others() {
    let mut index = index(&[]);
    index.add(Row(0), &Analysis::of("", "the thermostatico of the bathroom"));
    for row in 1..40_u8 {
        let letters = [row / 26, row % 26].map(|n| char::from(b'a' + n));
        index.add(Row(row.into()), &Analysis::of("", &format!("thermostat{}{}", letters[0], letters[1])));
        index.set_audience(Row(row.into()), Audience::Owner);
    }
    let kept = &mut Kept::default();
    let rows = |index: &Index, kept: &mut Kept| {
        let found = index.search(&QueryTerms::new("thermostatzz"), kept, 10, &[], true).unwrap();
        found.rows.into_iter().map(|(row, _)| row.0).collect::<Vec<_>>()
    };
    assert_eq!(rows(&index, kept), [0]);
    let full = index.full(true).unwrap();
    kept.keep(&full);
    index.stored(full.segment);
    assert_eq!(rows(&index, kept), [0]);
}
