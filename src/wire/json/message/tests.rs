//! Tests of the bodies of messages in JSON.

use super::*;
use crate::base::rng::Rng;
use crate::wire::json::{certificate, gossip, is_canonical};
use crate::wire::random_bytes;

fn messages() -> Vec<Message> {
    let hit = SearchHit {
        row: Row(u64::MAX),
        path: b"/a\xff".to_vec(),
        heading: "H\n\u{1}\"".to_owned(),
        text: "Grüße \\ 😀".to_owned(),
        cosine: -0.5,
        frequencies: TermFrequencies { counts: Bounded::from_slice(&[1, 0]).unwrap(), length: 9 },
        absence: None,
        doc: None,
    };
    let document_frequencies = Bounded::from_slice(&[1, 0]).unwrap();
    let statistics = CorpusStatistics { chunks: 1, document_frequencies, length: 1 << 60 };
    let found = Found { statistics, hits: vec![hit.clone(), hit], ..Found::default() };
    let device = "attic".to_owned();
    let listen = vec!["192.168.1.5:7781".parse().unwrap(), "[fe80::1]:7781".parse().unwrap()];
    vec![
        Message::Hello { device: device.clone(), ask: true, listen },
        Message::Hello { device: device.clone(), ask: false, listen: Vec::new() },
        Message::Member(vec![1, 2, 3]),
        Message::MemberList { ask: true, members: Vec::new() },
        Message::MemberList {
            ask: false,
            members: vec![Entry {
                key: PeerKey([5; 32]),
                generation: u32::MAX,
                incarnation: 3,
                standing: 2,
                addresses: vec!["[fe80::1]:4".parse().unwrap()],
            }],
        },
        Message::Keys(Keys { session: 7, key: [9; 32], port: 4433 }),
        Message::Query(Query {
            id: 1,
            question: "why?".to_owned(),
            model: [7; 32],
            scale: 0.25,
            codes: vec![0, 255],
            count: 20,
        }),
        Message::Answer(Answer { id: 1, device: device.clone(), found: Some(Box::new(found)) }),
        Message::Answer(Answer { id: 1, device, found: None }),
        Message::Vectors(Vectors { id: 9, vectors: vec![HitVector { scale: 0.5, codes: vec![1, 255] }] }),
        Message::Echo(Echo { id: 1 << 53, text: "ho".try_into().unwrap(), answer: true }),
    ]
}

#[test]
fn every_message_survives_both_encodings_and_is_canonical() {
    for message in messages().into_iter().chain(gossip::test::messages()).chain(certificate::test::messages()) {
        for encoding in [Encoding::Postcard, Encoding::Json] {
            let mut body = Vec::new();
            message.put(encoding, &mut body);
            assert_eq!(
                Message::read(encoding, message.kind(), &body),
                Some(message.clone()),
                "{}",
                String::from_utf8_lossy(&body)
            );
            assert_eq!(Message::read(encoding, "other", &body), None);
            assert_eq!(Message::read(encoding, message.kind(), &[&body[..], b" "].concat()), None);
        }
        let mut body = Vec::new();
        message.put(Encoding::Json, &mut body);
        assert!(is_canonical(&body));
    }
}

#[test]
fn a_scope_id_is_in_neither_encoding_and_a_line_with_one_is_refused() {
    let scoped = "[fe80::1%3]:1".parse().unwrap();
    let plain: SocketAddr = "[fe80::1]:1".parse().unwrap();
    let key = PeerKey([5; 32]);
    let entry = |at| Entry { key, generation: 1, incarnation: 0, standing: 0, addresses: vec![at] };
    let hello = |at| Message::Hello { device: "a".to_owned(), ask: false, listen: vec![at] };
    let roll = |at| Message::MemberList { ask: false, members: vec![entry(at)] };
    for (sent, received) in [(hello(scoped), hello(plain)), (roll(scoped), roll(plain))] {
        for encoding in [Encoding::Postcard, Encoding::Json] {
            let mut body = Vec::new();
            sent.put(encoding, &mut body);
            assert_eq!(Message::read(encoding, sent.kind(), &body).as_ref(), Some(&received));
        }
        let mut line = Vec::new();
        received.put(Encoding::Json, &mut line);
        let line = String::from_utf8(line).unwrap().replace("fe80::1]", "fe80::1%3]");
        assert!(line.contains("%3") && Message::read(Encoding::Json, sent.kind(), line.as_bytes()).is_none());
    }
}

#[test]
fn an_unknown_field_and_one_that_is_there_twice_are_refused() {
    for message in messages().into_iter().chain(gossip::test::messages()) {
        let mut body = Vec::new();
        message.put(Encoding::Json, &mut body);
        let body = String::from_utf8(body).unwrap();
        let (first, _) = body.split_once(':').unwrap();
        let unknown = body.replacen('{', "{\"\":1,", 1);
        let behind = format!("{},\"zz\":1}}", &body[..body.len() - 1]);
        let twice = body.replacen('{', &format!("{first}:null,"), 1);
        for wrong in [unknown, behind, twice] {
            assert_eq!(Message::read(Encoding::Json, message.kind(), wrong.as_bytes()), None, "{wrong}");
        }
    }
}

#[test]
fn long_texts_bad_addresses_and_numbers_that_are_not_finite_are_refused() {
    let echo = |text: &str| format!("{{\"answer\":false,\"id\":1,\"text\":\"{text}\"}}");
    assert!(Message::read(Encoding::Json, "echo", echo(&"a".repeat(64)).as_bytes()).is_some());
    assert!(Message::read(Encoding::Json, "echo", echo(&"a".repeat(65)).as_bytes()).is_none());
    let hello = |listen: &str| format!("{{\"ask\":false,\"device\":\"a\",\"listen\":[{listen}]}}");
    assert!(Message::read(Encoding::Json, "hello", hello("\"1.2.3.4:5\"").as_bytes()).is_some());
    for wrong in ["\"1.2.3.4:05\"", "\"[::0]:1\"", "1", "\"host:1\"", &["\"1.2.3.4:5\""; 9].join(",")] {
        assert!(Message::read(Encoding::Json, "hello", hello(wrong).as_bytes()).is_none(), "{wrong}");
    }
    let ask = |scale: f32| {
        let ask = Query { id: 1, question: String::new(), model: [7; 32], scale, codes: Vec::new(), count: 1 };
        let mut body = Vec::new();
        Message::Query(ask).put(Encoding::Json, &mut body);
        Message::read(Encoding::Json, "ask", &body)
    };
    assert!(ask(1.0).is_some() && ask(f32::NAN).is_none() && ask(f32::INFINITY).is_none());
}

#[test]
fn damaged_bytes_never_panic_and_what_is_read_has_one_encoding() {
    let (mut rng, messages) = (Rng::new(3), messages());
    for round in 0..20_000 {
        let message = &messages[round % messages.len()];
        let mut body = Vec::new();
        message.put(Encoding::Json, &mut body);
        random_bytes::damage(&mut rng, &mut body, 4);
        if let Some(read) = Message::read(Encoding::Json, message.kind(), &body) {
            let mut again = Vec::new();
            read.put(Encoding::Json, &mut again);
            assert_eq!(again, body, "one encoding");
        }
    }
}
