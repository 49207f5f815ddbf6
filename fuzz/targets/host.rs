//! What the agents of a host say to one another: words, nothing yet, or an end; the same however it is cut.

use super::pieces;
use wattle::energy::decision::Decision;
use wattle::energy::words::{Down, Inbox, PauseWord, Said, Up, seal};

fn words<T: serde::de::DeserializeOwned>(cut: &[&[u8]]) -> (Vec<T>, bool) {
    let (mut inbox, mut heard) = (Inbox::default(), Vec::new());
    for piece in cut {
        // More than may wait is not sent in one piece by this test; what is too much ends the stream all the same.
        if !inbox.take(piece) {
            return (heard, false);
        }
        loop {
            match inbox.word() {
                Ok(Some(word)) => heard.push(word),
                Ok(None) => break,
                Err(_) => return (heard, false),
            }
        }
    }
    (heard, true)
}

/// See the head of this file.
pub fn check(data: &[u8]) {
    let data = &data[..data.len().min(1024)];
    assert_eq!(words::<Up>(&[data]), words::<Up>(&pieces(data)));
    assert_eq!(words::<Down>(&[data]), words::<Down>(&pieces(data)));
}

/// A follower's and a leader's words.
pub fn seeds() -> Vec<Vec<u8>> {
    let said = |number, pause| Said { number, pause };
    let state = seal(&Up::State { oldest_ms: Some(7), answering: true, said: said(1, PauseWord::Until(99)) });
    let idle = seal(&Up::State { oldest_ms: None, answering: false, said: Said::default() });
    let down = seal(&Down { decision: Decision::default(), said: said(2, PauseWord::Open) });
    vec![[state, idle].concat(), down]
}
