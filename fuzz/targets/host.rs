//! The frames between the agents of a host: the decoded messages do not depend on how the stream was cut.

use super::fragments;
use wattle::energy::decision::Decision;
use wattle::energy::host_protocol::{
    FollowerMessage, FrameBuffer, LeaderMessage, PauseState, PauseVersion, Tail, encode_frame,
};
use wattle::energy::rank::Rank;

fn messages<T: serde::de::DeserializeOwned>(cut: &[&[u8]]) -> (Vec<T>, bool) {
    let (mut buffer, mut received) = (FrameBuffer::default(), Vec::new());
    for fragment in cut {
        // False if more waits than the buffer may hold, which ends the stream.
        if !buffer.take(fragment) {
            return (received, false);
        }
        loop {
            match buffer.next_message() {
                Ok(Some(message)) => received.push(message),
                Ok(None) => break,
                Err(_) => return (received, false),
            }
        }
    }
    (received, true)
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let data = &data[..data.len().min(1024)];
    assert_eq!(messages::<FollowerMessage>(&[data]), messages::<FollowerMessage>(&fragments(data)));
    assert_eq!(messages::<LeaderMessage>(&[data]), messages::<LeaderMessage>(&fragments(data)));
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
    let leader = encode_frame(&LeaderMessage {
        decision: Decision::default(),
        pause: version(2, PauseState::Open),
        more: Tail { rank: Rank::Hurried, burst_until: 99, ..Tail::default() },
    });
    let burst = encode_frame(&FollowerMessage::Burst(99));
    vec![[state, idle, burst].concat(), leader]
}
