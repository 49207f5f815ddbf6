//! Attacks of a peer with a valid link and valid signatures, by the content of its messages.

use super::arena::{ATTACKER, Arena, TestPeer};
use smol::Timer;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wattle::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use wattle::base::id::Row;
use wattle::limits::{FRAME_GOSSIP_MAX, MESSAGE_BODY_MAX, QUESTION_WORDS_MAX};
use wattle::net::link::Channel;
use wattle::wire::message::{Answer, Keys, Message, Query};
use wattle::wire::varint;

/// The boot counter of the next attack: the agent refuses messages of earlier starts.
static BOOT: AtomicU32 = AtomicU32::new(1);

/// The attacker, linked.
pub(super) async fn linked_attacker(arena: &Arena) -> TestPeer {
    let attacker = TestPeer::new(ATTACKER, arena.name, BOOT.fetch_add(1, Ordering::Relaxed));
    attacker.link(arena.name, arena.address).await;
    attacker
}

/// Asserts that the attacker still gets an answer: its link is up and its messages are taken.
pub(super) async fn still_answered(arena: &Arena, attacker: &TestPeer) {
    let (id, query) = attacker.query();
    assert!(attacker.send(arena.name, Channel::Task, attacker.sign(&query)).await);
    attacker.receive(|message| matches!(message, Message::Answer(answer) if answer.id == id).then_some(())).await;
}

fn sign_body(attacker: &TestPeer, kind: &str, body: &[u8]) -> Vec<u8> {
    attacker.signer.borrow_mut().sign(kind, &[], body).unwrap()
}

/// 28: frames of junk, bare and as the body of a signed message.
pub(super) async fn junk(arena: &Arena) -> String {
    let attacker = linked_attacker(arena).await;
    let mut sent = 0;
    for channel in [Channel::Gossip, Channel::Task] {
        for fill in 0..=255_u8 {
            for length in [1, 40, 3000] {
                assert!(attacker.send(arena.name, channel, vec![fill; length]).await);
                assert!(attacker.send(arena.name, channel, sign_body(&attacker, "ask", &vec![fill; length])).await);
                sent += 2;
            }
        }
    }
    still_answered(arena, &attacker).await;
    attacker.hang_up(arena.name).await;
    format!("{sent} frames, none taken")
}

/// 11: a signed question that is sent five times is answered once; one of an older start is refused.
pub(super) async fn replay(arena: &Arena) -> String {
    let old = TestPeer::new(ATTACKER, arena.name, 0);
    let attacker = linked_attacker(arena).await;
    let (id, query) = attacker.query();
    let bytes = attacker.sign(&query);
    for _ in 0..5 {
        assert!(attacker.send(arena.name, Channel::Task, bytes.clone()).await);
    }
    assert!(attacker.send(arena.name, Channel::Task, old.sign(&Message::Query(query_of(u64::MAX)))).await);
    let (last, query) = attacker.query();
    assert!(attacker.send(arena.name, Channel::Task, attacker.sign(&query)).await);
    let mut answers = Vec::new();
    while !answers.contains(&last) {
        answers.push(
            attacker
                .receive(|message| if let Message::Answer(answer) = message { Some(answer.id) } else { None })
                .await,
        );
    }
    assert_eq!(answers, [id, last], "each question is answered once, that of an older start never");
    attacker.hang_up(arena.name).await;
    "sent 5 times, answered once; one of an older start not at all".to_owned()
}

fn query_of(id: u64) -> Query {
    Query { id, question: "?".to_owned(), model: [0xff; 32], scale: f32::MAX, codes: vec![0x80; 384], count: u16::MAX }
}

/// 16: the largest and smallest of every number that a message holds, the durations among them.
pub(super) async fn numbers(arena: &Arena) -> String {
    let attacker = linked_attacker(arena).await;
    let hit = SearchHit {
        row: Row(u64::MAX),
        path: vec![0xff; 256],
        heading: String::new(),
        text: String::new(),
        cosine: f32::MAX,
        absence: None,
        doc: None,
        frequencies: TermFrequencies {
            counts: heapless::Vec::from_slice(&[u16::MAX; QUESTION_WORDS_MAX]).unwrap(),
            length: u32::MAX,
        },
    };
    let statistics = CorpusStatistics {
        chunks: u32::MAX,
        document_frequencies: heapless::Vec::from_slice(&[u32::MAX; QUESTION_WORDS_MAX]).unwrap(),
        length: u64::MAX,
    };
    let found = Found { statistics, hits: vec![hit; 100], ..Found::default() };
    let device = "attic".to_owned();
    let mut messages = vec![
        Message::Keys(Keys { session: u32::MAX, key: [0xff; 32], port: u16::MAX }),
        Message::Keys(Keys { session: 0, key: [0; 32], port: 1 }),
        Message::Hello { device: device.clone(), ask: true, listen: vec!["255.255.255.255:65535".parse().unwrap(); 8] },
        Message::Hello { device: device.clone(), ask: true, listen: vec!["[ff02::1]:0".parse().unwrap(); 8] },
        Message::Query(query_of(u64::MAX)),
        Message::Query(Query { scale: -f32::MAX, ..query_of(0) }),
        Message::Answer(Answer { id: u64::MAX, device: device.clone(), found: Some(Box::new(found.clone())) }),
    ];
    // Answers to every question that this agent may have pending.
    messages.extend(
        (0..64).map(|id| Message::Answer(Answer { id, device: device.clone(), found: Some(Box::new(found.clone())) })),
    );
    // And to a real one, with these numbers.
    let all = messages.len();
    for message in messages {
        assert!(attacker.send(arena.name, Channel::Task, attacker.sign(&message)).await);
    }
    let asking = smol::unblock({
        let (api, home) = (arena.agent.api.clone(), arena.place.home());
        move || search(&api, &home, "violin")
    });
    let id = attacker.receive(|message| if let Message::Query(query) = message { Some(query.id) } else { None }).await;
    let answer = Message::Answer(Answer { id, device, found: Some(Box::new(found)) });
    assert!(attacker.send(arena.name, Channel::Task, attacker.sign(&answer)).await);
    let output = asking.await;
    assert!(output.contains("cupboard under the stairs"), "the agent's own hit is still there: {output}");
    still_answered(arena, &attacker).await;
    attacker.hang_up(arena.name).await;
    format!("{} messages; its own answer still found", all + 1)
}

/// `wattle search`, by the real command.
pub(super) fn search(api: &str, home: &std::path::Path, question: &str) -> String {
    let output = std::process::Command::new(super::super::super::harness::WATTLE)
        .args(["--api", api, "--home"])
        .arg(home)
        .args(["search", question, "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Bodies that cost a decoder the most stack, time or memory.
pub(super) fn worst_bodies() -> Vec<Vec<u8>> {
    // 17: every byte that could mean "one more level", repeated to the end.
    let mut bodies: Vec<Vec<u8>> = (0..8_u8).map(|byte| vec![byte; MESSAGE_BODY_MAX]).collect();
    // 18, 19: for each kind of message and each offset of a list, a huge length.
    for kind in 0..8_u8 {
        for at in 1..24 {
            for length in [1_u64 << 20, u64::from(u32::MAX), u64::MAX >> 1] {
                let mut body = vec![kind];
                body.resize(at, 1);
                varint::put(&mut body, length);
                body.extend([0; 64]);
                bodies.push(body);
            }
        }
    }
    // 19: as many of the shortest hits as fit: {Answer, id, device, Some, chunks, document frequencies, length, hits}.
    let mut answer = vec![5, 1, 1, b'a', 1, 0, 0, 0];
    varint::put(&mut answer, 100_000);
    answer.resize(MESSAGE_BODY_MAX, 0);
    bodies.push(answer);
    // The same of gossip lists and items, {Gossip, kind, items}, and of members, {Roll, ask, members}.
    for mut list in [vec![7, 0], vec![7, 2], vec![2, 0]] {
        varint::put(&mut list, 100_000);
        list.resize(MESSAGE_BODY_MAX, 1);
        bodies.push(list);
    }
    let mut listen = vec![0, 1, b'a', 0];
    varint::put(&mut listen, 150_000);
    listen.resize(MESSAGE_BODY_MAX, 0);
    bodies.push(listen);
    bodies
}

/// 17, 18, 19: the types do not recurse; a length reserves no memory; lists end at their cap.
pub(super) async fn postcard(arena: &Arena) -> String {
    let attacker = linked_attacker(arena).await;
    let bodies = worst_bodies();
    let all = bodies.len();
    for worst in bodies {
        assert!(attacker.send(arena.name, Channel::Task, sign_body(&attacker, "answer", &worst)).await);
        if worst.len() < FRAME_GOSSIP_MAX / 2 {
            assert!(attacker.send(arena.name, Channel::Gossip, sign_body(&attacker, "answer", &worst)).await);
        }
    }
    still_answered(arena, &attacker).await;
    attacker.hang_up(arena.name).await;
    format!("{all} bodies up to 1 MiB")
}

/// 20: a genuine message in another encoding, and with each byte changed, is refused.
pub(super) async fn malleable(arena: &Arena) -> String {
    let attacker = linked_attacker(arena).await;
    let (id, query) = attacker.query();
    let bytes = attacker.sign(&query);
    let mut changes = vec![[&bytes[..], &[0]].concat(), [&[bytes[0] | 0x80, 0x00], &bytes[1..]].concat()];
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        changes.push(changed);
    }
    // Signed by the attacker itself, but with its body in a second encoding.
    let encoded = query.encode();
    assert_eq!(encoded[1], 1, "its id, which takes one byte");
    let long = [&[encoded[0], 0x81, 0x00], &encoded[2..]].concat();
    changes.push(sign_body(&attacker, "ask", &long));
    let all = changes.len();
    for changed in changes {
        assert!(attacker.send(arena.name, Channel::Task, changed).await);
    }
    // The first answer is to the next question: none of those was taken.
    let (last, query) = attacker.query();
    assert!(attacker.send(arena.name, Channel::Task, attacker.sign(&query)).await);
    let first =
        attacker.receive(|message| if let Message::Answer(answer) = message { Some(answer.id) } else { None }).await;
    assert_eq!(first, last, "question {id} was answered in a changed encoding");
    Timer::after(Duration::from_millis(50)).await;
    attacker.hang_up(arena.name).await;
    format!("{all} changed copies, none taken")
}
