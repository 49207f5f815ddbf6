//! The bodies of messages: what is understood has one spelling, is finite, and is within its caps.

use heapless::Vec as Bounded;
use wattle::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use wattle::base::id::{PeerKey, Row};
use wattle::limits::{
    ADDRESSES_MAX, DEVICE_BYTES_MAX, ECHO_BYTES_MAX, GOSSIP_BATCH_MAX, GOSSIP_BYTES_MAX, HITS_MAX, MEMBER_BYTES_MAX,
    QUESTION_WORDS_MAX, ROLL_ADDRESSES_MAX, ROLL_MEMBERS_MAX,
};
use wattle::wire::message::{Answer, Ask, Echo, Entry, Keys, Message};

/// See the head of this file.
pub fn check(data: &[u8]) {
    let Some(talk) = Message::decode(data) else { return };
    assert_eq!(talk.encode(), data, "a saying has one spelling");
    let fit = |name: &str| (1..=DEVICE_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    match &talk {
        Message::Hello { device, listen, .. } => assert!(fit(device) && listen.len() <= ADDRESSES_MAX),
        Message::Member(packet) => assert!(packet.len() <= MEMBER_BYTES_MAX),
        Message::Roll { members, .. } => {
            assert!(members.len() <= ROLL_MEMBERS_MAX);
            assert!(members.iter().all(|entry| entry.standing <= 2 && entry.addresses.len() <= ROLL_ADDRESSES_MAX));
        }
        Message::Keys(keys) => {
            let shown = format!("{keys:?}");
            assert!(keys.port > 0 && shown.len() < 60, "a key is never shown: {shown}");
        }
        Message::Ask(ask) => assert!(ask.scale.is_finite()),
        Message::Gossip(said) => assert!(said.sound() && said.weight() <= GOSSIP_BATCH_MAX * GOSSIP_BYTES_MAX + 128),
        Message::Echo(echo) => assert!(echo.text.len() <= ECHO_BYTES_MAX),
        Message::Answer(answer) => {
            assert!(fit(&answer.device));
            if let Some(found) = &answer.found {
                assert!(
                    found.hits.len() <= HITS_MAX && found.statistics.document_frequencies.len() <= QUESTION_WORDS_MAX
                );
                assert!(found.hits.iter().all(|hit| hit.cosine.abs() <= 1.1));
            }
        }
    }
    assert_eq!(Message::decode(&talk.encode()), Some(talk));
}

/// One of each kind.
pub(super) fn sayings() -> Vec<Message> {
    let hit = SearchHit {
        row: Row(5),
        path: b"/home/ann/notes.md".to_vec(),
        heading: "House > Heating".to_owned(),
        text: "Bleed the radiators.".to_owned(),
        cosine: 0.5,
        frequencies: TermFrequencies { counts: Bounded::from_slice(&[1, 0]).unwrap(), length: 9 },
    };
    let document_frequencies = Bounded::from_slice(&[1, 0]).unwrap();
    let statistics = CorpusStatistics { chunks: 300, document_frequencies, length: 9000 };
    let found = Found { statistics, hits: vec![hit.clone(), hit] };
    let question = "Where is the violin?".to_owned();
    let mut sayings = vec![
        Message::Hello {
            device: "attic".to_owned(),
            ask: true,
            listen: vec!["192.168.1.7:7781".parse().unwrap(), "[fe80::1]:7781".parse().unwrap()],
        },
        Message::Member(vec![1, 2, 3]),
        Message::Roll {
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
        Message::Ask(Ask { id: 7, question, model: [1; 32], scale: 0.01, codes: vec![3; 16], count: 10 }),
        Message::Answer(Answer { id: 7, device: "attic".to_owned(), found: Some(Box::new(found)) }),
        Message::Answer(Answer { id: 7, device: "attic".to_owned(), found: None }),
        Message::Echo(Echo { id: 9, text: "hello".try_into().unwrap(), answer: false }),
    ];
    sayings.extend(super::rumour::sayings());
    sayings
}

/// Their bodies.
pub fn seeds() -> Vec<Vec<u8>> {
    sayings().iter().map(Message::encode).collect()
}
