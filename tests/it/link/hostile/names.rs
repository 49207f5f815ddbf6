//! 21: names that peers send are shown, and are never places on this disk.

use super::arena::Arena;
use super::words::{foe, search, still_heard};
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

/// Answers a real question with hits of such paths, under such a device's name.
pub(super) async fn paths(arena: &Arena) -> String {
    let before = arena.files();
    let foe = foe(arena).await;
    let device = "../../etc".to_owned();
    assert!(foe.send(arena.name, Channel::Task, foe.seal(&hello(&device))).await);
    still_heard(arena, &foe).await;
    let asking = smol::unblock({
        let (api, home) = (arena.agent.api.clone(), arena.place.home());
        move || search(&api, &home, "violin stairs")
    });
    let id = foe.hear(|talk| if let Message::Ask(ask) = talk { Some(ask.id) } else { None }).await;
    let hits = PATHS.iter().map(|path| SearchHit {
        row: Row(1),
        path: path.to_vec(),
        heading: "../h".to_owned(),
        text: "The violin stairs, says somebody else.".to_owned(),
        cosine: 1.0,
        frequencies: TermFrequencies { counts: heapless::Vec::from_slice(&[1, 1]).unwrap(), length: 7 },
    });
    let document_frequencies = heapless::Vec::from_slice(&[1, 1]).unwrap();
    let statistics = CorpusStatistics { chunks: 7, document_frequencies, length: 49 };
    let found = Found { statistics, hits: hits.collect() };
    let answer = Message::Answer(Answer { id, device, found: Some(Box::new(found)) });
    assert!(foe.send(arena.name, Channel::Task, foe.seal(&answer)).await);
    let said = asking.await;
    let shown = ["/etc/passwd", "/tmp/wattle-was-here"].iter().filter(|path| said.contains(**path)).count();
    assert!(shown > 0, "such paths are shown as what they are, text: {said}");
    foe.part(arena.name).await;
    let journals = |path: &std::path::PathBuf| !path.to_string_lossy().contains("/home/store/");
    let after = arena.files();
    let (before, after): (Vec<_>, Vec<_>) =
        (before.iter().filter(|path| journals(path)).collect(), after.iter().filter(|path| journals(path)).collect());
    assert_eq!(before, after, "a name has become a file");
    assert!(!std::path::Path::new("/tmp/wattle-was-here").exists());
    format!("{} paths and a device's name: shown, no file made", PATHS.len())
}

fn hello(device: &str) -> Message {
    Message::Hello { device: device.to_owned(), ask: false, listen: Vec::new() }
}
