//! 21: names that peers send are shown, and never used as paths on this disk.

use super::arena::Arena;
use super::messages::{linked_attacker, search, still_answered};
use wattle::base::hit::{CorpusStatistics, Found, SearchHit, TermFrequencies};
use wattle::base::id::Row;
use wattle::net::link::Channel;
use wattle::wire::message::{Answer, Message};

const PATHS: [&[u8]; 7] = [
    b"/etc/passwd",
    b"../../../../etc/cron.d/wattle",
    b"/tmp/wattle-was-here",
    b"home/identity.key",
    b"..\\..\\x",
    b"/dev/stdout\0.txt",
    b"\x1b]0;title\x07.md",
];

/// Answers a real question with hits of such paths, as a device with such a name.
pub(super) async fn paths(arena: &Arena) -> String {
    let before = arena.files();
    let attacker = linked_attacker(arena).await;
    let device = "../../etc".to_owned();
    assert!(attacker.send(arena.name, Channel::Task, attacker.sign(&hello(&device))).await);
    still_answered(arena, &attacker).await;
    let asking = smol::unblock({
        let (api, home) = (arena.agent.api.clone(), arena.place.home());
        move || search(&api, &home, "violin stairs")
    });
    let id = attacker.receive(|message| if let Message::Query(query) = message { Some(query.id) } else { None }).await;
    let hits = PATHS.iter().map(|path| SearchHit {
        row: Row(1),
        path: path.to_vec(),
        heading: "../h".to_owned(),
        text: "The violin stairs, says another device.".to_owned(),
        cosine: 1.0,
        frequencies: TermFrequencies { counts: heapless::Vec::from_slice(&[1, 1]).unwrap(), length: 7 },
        absence: None,
        doc: None,
    });
    let document_frequencies = heapless::Vec::from_slice(&[1, 1]).unwrap();
    let statistics = CorpusStatistics { chunks: 7, document_frequencies, length: 49 };
    let found = Found { statistics, hits: hits.collect(), ..Found::default() };
    let answer = Message::Answer(Answer { id, device, found: Some(Box::new(found)) });
    assert!(attacker.send(arena.name, Channel::Task, attacker.sign(&answer)).await);
    let output = asking.await;
    let shown = ["/etc/passwd", "/tmp/wattle-was-here"].iter().filter(|path| output.contains(**path)).count();
    assert!(shown > 0, "such paths are shown as text: {output}");
    attacker.hang_up(arena.name).await;
    let journals = |path: &std::path::PathBuf| !path.to_string_lossy().contains("/home/store/");
    let after = arena.files();
    let (before, after): (Vec<_>, Vec<_>) =
        (before.iter().filter(|path| journals(path)).collect(), after.iter().filter(|path| journals(path)).collect());
    assert_eq!(before, after, "a name became a file");
    assert!(!std::path::Path::new("/tmp/wattle-was-here").exists());
    format!("{} paths and a device's name: shown, no file made", PATHS.len())
}

fn hello(device: &str) -> Message {
    Message::Hello { device: device.to_owned(), ask: false, listen: Vec::new() }
}
