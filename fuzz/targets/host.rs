//! What the agents of a host say to one another: words, nothing yet, or an end; the same however it is cut.

use super::pieces;
use wattle::energy::decision::Decision;
use wattle::energy::host_protocol::{FollowerMessage, Inbox, LeaderMessage, PauseChange, PauseVersion, seal};

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
    assert_eq!(words::<FollowerMessage>(&[data]), words::<FollowerMessage>(&pieces(data)));
    assert_eq!(words::<LeaderMessage>(&[data]), words::<LeaderMessage>(&pieces(data)));
}

/// A follower's and a leader's words.
pub fn seeds() -> Vec<Vec<u8>> {
    let said = |number, pause| PauseVersion { number, pause };
    let state =
        seal(&FollowerMessage::State { oldest_ms: Some(7), answering: true, said: said(1, PauseChange::Until(99)) });
    let idle = seal(&FollowerMessage::State { oldest_ms: None, answering: false, said: PauseVersion::default() });
    let down = seal(&LeaderMessage { decision: Decision::default(), said: said(2, PauseChange::Open) });
    vec![[state, idle].concat(), down]
}
