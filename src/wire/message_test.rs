//! Bodies that are encoded, and those that are refused.

use super::*;
use crate::base::hit::{CorpusStatistics, TermFrequencies};
use crate::base::id::Row;
use crate::base::rng::Rng;
use heapless::Vec as Bounded;

fn answer() -> Message {
    let hit = SearchHit {
        row: Row(5),
        path: b"/a".to_vec(),
        heading: "H".to_owned(),
        text: "text".to_owned(),
        cosine: 0.5,
        frequencies: TermFrequencies { counts: Bounded::from_slice(&[1, 0]).unwrap(), length: 9 },
        absence: None,
        doc: None,
    };
    let document_frequencies = Bounded::from_slice(&[1, 0]).unwrap();
    let statistics = CorpusStatistics { chunks: 1, document_frequencies, length: 9 };
    Message::Answer(Answer {
        id: 7,
        device: "attic".to_owned(),
        found: Some(Box::new(Found { statistics, hits: vec![hit], ..Found::default() })),
    })
}

#[test]
fn a_message_survives_encoding_and_decoding() {
    let bytes = answer().encode();
    assert_eq!(Message::decode(&bytes), Some(answer()));
    assert_eq!(Message::decode(&[&bytes[..], &[0]].concat()), None, "trailing bytes");
}

#[test]
fn a_message_has_one_encoding() {
    let bytes = Message::Member(vec![7]).encode();
    assert_eq!(bytes, [1, 1, 7]);
    // The same length in one byte more than needed, which the postcard crate accepts.
    assert_eq!(Message::decode(&[1, 0x81, 0x00, 7]), None);
}

#[test]
fn a_list_ends_at_its_cap_while_it_is_read() {
    let listen = |count| vec!["192.168.1.7:7781".parse().unwrap(); count];
    let hello = |count| Message::Hello { device: "attic".to_owned(), ask: false, listen: listen(count) };
    assert_eq!(Message::decode(&hello(ADDRESSES_MAX).encode()), Some(hello(ADDRESSES_MAX)));
    assert_eq!(Message::decode(&hello(ADDRESSES_MAX + 1).encode()), None);
    let Message::Answer(Answer { id, device, found: Some(mut found) }) = answer() else { panic!() };
    let hit = found.hits[0].clone();
    found.hits = vec![hit; HITS_MAX + 1];
    assert_eq!(Message::decode(&Message::Answer(Answer { id, device, found: Some(found) }).encode()), None);
}

#[test]
fn a_cosine_out_of_range_or_not_finite_is_refused() {
    let Message::Answer(Answer { id, device, found: Some(mut found) }) = answer() else { panic!() };
    for wrong in [f32::NAN, f32::INFINITY, f32::MAX, -1.2] {
        found.hits[0].cosine = wrong;
        let answer = Answer { id, device: device.clone(), found: Some(found.clone()) };
        assert_eq!(Message::decode(&Message::Answer(answer).encode()), None, "{wrong} is no cosine");
    }
}

#[test]
fn a_hit_that_is_longer_than_any_chunk_is_refused() {
    let with = |change: &dyn Fn(&mut SearchHit)| {
        let Message::Answer(Answer { id, device, found: Some(mut found) }) = answer() else { panic!() };
        change(&mut found.hits[0]);
        Message::decode(&Message::Answer(Answer { id, device, found: Some(found) }).encode()).is_some()
    };
    for (most, more) in [(0, true), (1, false)] {
        assert_eq!(with(&|hit| hit.text = "x".repeat(CHUNK_BYTES_MAX + most)), more);
        assert_eq!(with(&|hit| hit.heading = "x".repeat(HIT_HEADING_BYTES_MAX + most)), more);
        assert_eq!(with(&|hit| hit.path = vec![b'x'; PATH_BYTES_MAX + most]), more);
    }
}

#[test]
fn damaged_bytes_never_panic() {
    let (mut rng, good) = (Rng::new(3), answer().encode());
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..=rng.below(4) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            bytes[at] = rng.next().to_le_bytes()[0];
        }
        bytes.truncate(usize::try_from(rng.below(bytes.len() as u64 + 1)).unwrap());
        let _ = Message::decode(&bytes);
    }
}
