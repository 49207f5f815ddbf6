//! The messages between the agents of a host: messages, nothing yet, or an end; the same however the stream is cut.

use super::pieces;
use wattle::energy::decision::Decision;
use wattle::energy::host_protocol::{
    FollowerMessage, FrameBuffer, LeaderMessage, PauseState, PauseVersion, encode_frame,
};

fn messages<T: serde::de::DeserializeOwned>(cut: &[&[u8]]) -> (Vec<T>, bool) {
    let (mut buffer, mut heard) = (FrameBuffer::default(), Vec::new());
    for piece in cut {
        // More than may wait is not sent in one piece by this test; what is too much ends the stream all the same.
        if !buffer.take(piece) {
            return (heard, false);
        }
        loop {
            match buffer.next_message() {
                Ok(Some(message)) => heard.push(message),
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
    assert_eq!(messages::<FollowerMessage>(&[data]), messages::<FollowerMessage>(&pieces(data)));
    assert_eq!(messages::<LeaderMessage>(&[data]), messages::<LeaderMessage>(&pieces(data)));
}

/// A follower's and a leader's messages.
pub fn seeds() -> Vec<Vec<u8>> {
    let version = |number, pause| PauseVersion { number, pause };
    let state = encode_frame(&FollowerMessage::State {
        oldest_ms: Some(7),
        answering: true,
        pause: version(1, PauseState::Until(99)),
    });
    let idle =
        encode_frame(&FollowerMessage::State { oldest_ms: None, answering: false, pause: PauseVersion::default() });
    let down = encode_frame(&LeaderMessage { decision: Decision::default(), pause: version(2, PauseState::Open) });
    vec![[state, idle].concat(), down]
}
