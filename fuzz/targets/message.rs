//! The bodies of messages in postcard: what is decoded has one encoding, finite numbers, and keeps its caps.

use heapless::Vec as Bounded;
use wattle::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use wattle::base::id::{PeerKey, Row};
use wattle::limits::{
    ADDRESSES_MAX, DEVICE_BYTES_MAX, ECHO_BYTES_MAX, FILTER_VALUE_BYTES_MAX, FILTER_VALUES_MAX, GOSSIP_BATCH_MAX,
    GOSSIP_BYTES_MAX, HITS_MAX, MEMBER_BYTES_MAX, MEMBER_LIST_ADDRESSES_MAX, MEMBER_LIST_MAX, QUESTION_WORDS_MAX,
    START_PROOF_BYTES_MAX,
};
use wattle::wire::certificate::exchange::Buckets;
use wattle::wire::message::{
    Answer, Coming, Coverage, CutShort, Duplicate, Echo, Entry, Filtered, Filters, HitVector, Holding, Holdings, Keys,
    LatestStart, MemberDigest, Message, Query, Unembedded, Unread, Unusable, Vectors,
};
use wattle::wire::why::{Figure, Hold, Why};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some(message) = Message::decode(data) else { return };
    assert_eq!(message.encode(), data, "a message has one encoding");
    let is_name = |name: &str| (1..=DEVICE_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    match &message {
        Message::Hello { device, listen, .. } => assert!(is_name(device) && listen.len() <= ADDRESSES_MAX),
        Message::Member(packet) => assert!(packet.len() <= MEMBER_BYTES_MAX),
        Message::MemberList { members, .. } => {
            assert!(members.len() <= MEMBER_LIST_MAX);
            assert!(
                members.iter().all(|entry| entry.standing <= 2 && entry.addresses.len() <= MEMBER_LIST_ADDRESSES_MAX)
            );
        }
        Message::Keys(keys) => {
            let shown = format!("{keys:?}");
            assert!(keys.port > 0 && shown.len() < 60, "Debug does not show a key: {shown}");
        }
        Message::Query(query) => assert!(query.scale.is_finite()),
        Message::Gossip(gossip) => {
            assert!(gossip.sound() && gossip.weight() <= GOSSIP_BATCH_MAX * GOSSIP_BYTES_MAX + 128);
        }
        Message::Vectors(message) => {
            assert!(message.vectors.len() <= HITS_MAX && message.vectors.iter().all(|vector| vector.scale.is_finite()));
        }
        Message::Echo(echo) => assert!(echo.text.len() <= ECHO_BYTES_MAX),
        Message::LatestStart(start) => assert!(start.message.len() <= START_PROOF_BYTES_MAX),
        Message::Trust(_) => super::certificate::check_message(&message),
        Message::Duplicate(_) | Message::Coverage(_) | Message::MemberDigest(_) | Message::Coming(_) => {}
        Message::Unread(_) | Message::Unembedded(_) | Message::Unusable(_) => {}
        Message::Filtered(_) | Message::CutShort(_) => {}
        Message::Holdings(holdings) => {
            let mut names = holdings.collections.iter().flat_map(|list| list.iter()).map(|holding| &holding.name);
            assert!(names.all(|name| !name.is_empty() && !name.chars().any(char::is_control)));
        }
        Message::Filters(filters) => {
            let lists = [&filters.collections, &filters.paths, &filters.types];
            assert!(lists.iter().all(|list| list.len() <= FILTER_VALUES_MAX));
            assert!(
                lists.iter().all(|list| list.iter().all(|value| (1..=FILTER_VALUE_BYTES_MAX).contains(&value.len())))
            );
        }
        Message::Work(work) => super::work::check(work),
        Message::Why(why) => assert!(why.hold.as_ref().is_none_or(|hold| hold.share <= 100 && !hold.reason.is_empty())),
        Message::Answer(answer) => {
            assert!(is_name(&answer.device));
            if let Some(found) = &answer.found {
                assert!(
                    found.hits.len() <= HITS_MAX && found.statistics.document_frequencies.len() <= QUESTION_WORDS_MAX
                );
                assert!(found.hits.iter().all(|hit| hit.cosine.abs() <= 1.1));
            }
        }
    }
    // Written out, as a scale that is no number is decoded (its sender is false), and equals nothing.
    assert_eq!(format!("{:?}", Message::decode(&message.encode())), format!("{:?}", Some(message)));
}

/// A message of each type.
pub(super) fn messages() -> Vec<Message> {
    let hit = SearchHit {
        absence: None,
        doc: None,
        row: Row(5),
        path: b"/home/ann/notes.md".to_vec(),
        heading: "House > Heating".to_owned(),
        text: "Bleed the radiators.".to_owned(),
        cosine: 0.5,
        frequencies: TermFrequencies { counts: Bounded::from_slice(&[1, 0]).unwrap(), length: 9 },
    };
    let document_frequencies = Bounded::from_slice(&[1, 0]).unwrap();
    let statistics = CorpusStatistics { chunks: 300, document_frequencies, length: 9000 };
    let found = Found { statistics, hits: vec![hit.clone(), hit], ..Found::default() };
    let question = "Where is the violin?".to_owned();
    let mut messages = vec![
        Message::Hello {
            device: "attic".to_owned(),
            ask: true,
            listen: vec!["192.168.1.7:7781".parse().unwrap(), "[fe80::1]:7781".parse().unwrap()],
        },
        Message::Member(vec![1, 2, 3]),
        Message::MemberList {
            ask: true,
            members: vec![Entry {
                key: PeerKey([5; 32]),
                generation: 300,
                incarnation: 3,
                standing: 1,
                addresses: vec!["192.168.1.7:7781".parse().unwrap()],
            }],
        },
        Message::Keys(Keys { session: 7, key: [0x6b; 32], port: 7781 }),
        Message::Query(Query { id: 7, question, model: [1; 32], scale: 0.01, codes: vec![3; 16], count: 10 }),
        Message::Answer(Answer { id: 7, device: "attic".to_owned(), found: Some(Box::new(found)) }),
        Message::Answer(Answer { id: 7, device: "attic".to_owned(), found: None }),
        Message::Vectors(Vectors { id: 7, vectors: vec![HitVector { scale: 0.01, codes: vec![3; 16] }] }),
        Message::Echo(Echo { id: 9, text: "hello".try_into().unwrap(), answer: false }),
        Message::LatestStart(LatestStart { message: vec![5; 200] }),
        Message::Duplicate(Duplicate {
            key: PeerKey([5; 32]),
            linked: "192.168.1.7:7781".parse().unwrap(),
            other: "[fe80::1]:7781".parse().unwrap(),
        }),
        Message::Coverage(Coverage { id: 7, known: 203, searchable: 34, away: 1, scanning: true }),
        Message::Unread(Unread { id: 7 }),
        Message::Unembedded(Unembedded { id: 7, files: 150 }),
    ];
    messages.extend(super::work::messages());
    messages.extend(super::gossip::messages());
    messages.extend(super::certificate::messages());
    let figure = Some(Figure { threshold: 150, unit: 1, value: 120 });
    let hold = Hold { figure, next_s: 5, reason: "battery-low".try_into().unwrap(), share: 0, since_s: 60 };
    messages.push(Message::Why(Why { ask: false, hold: Some(hold) }));
    messages.push(Message::Why(Why { ask: true, hold: None }));
    messages.push(Message::MemberDigest(MemberDigest { ask: true, hashes: Buckets([[7; 8]; 16]) }));
    messages.push(Message::Filters(Filters {
        id: 7,
        collections: vec!["home".to_owned()],
        paths: vec!["notes/*.md".to_owned()],
        types: vec!["pdf".to_owned(), "mail".to_owned()],
        after: Some(1_704_067_200),
        before: None,
    }));
    messages.push(Message::Filtered(Filtered { id: 7 }));
    let holding = Holding { name: "home".try_into().unwrap(), files: 203, content: [7; 16] };
    let list = Bounded::from_slice(&[holding]).unwrap();
    messages.push(Message::Holdings(Holdings { collections: Some(Box::new(list)) }));
    messages.push(Message::Holdings(Holdings { collections: None }));
    messages.push(Message::CutShort(CutShort { id: 7 }));
    messages.push(Message::Coming(Coming {}));
    messages.push(Message::Unusable(Unusable { files: 600 }));
    messages
}

/// The bodies of these messages.
pub fn seeds() -> Vec<Vec<u8>> {
    messages().iter().map(Message::encode).collect()
}
