//! The Noise handshake before the peer is authenticated: no bytes establish a link, and the replies are short.
//!
//! The first byte selects the end that is attacked. Only the real peer can finish a handshake, and no seed has its
//! second half, so every input must end without a link.

use super::fragments;
use ed25519_dalek::SigningKey;
use wattle::limits::NOISE_HANDSHAKE_FRAME_MAX;
use wattle::wire::noise::{Handshake, HandshakeKeys};
use wattle::wire::peer_id::PeerId;

fn secrets() -> HandshakeKeys {
    HandshakeKeys { fixed: [9; 32], ephemeral: [8; 32] }
}

fn run(dialer: bool, fragments: &[&[u8]]) -> bool {
    let key = SigningKey::from_bytes(&[1; 32]);
    let other = PeerId::from_public_key(SigningKey::from_bytes(&[2; 32]).verifying_key().as_bytes());
    let mut out = Vec::new();
    let begun =
        if dialer { Handshake::dial(&key, other, secrets(), &mut out) } else { Handshake::listen(&key, secrets()) };
    let (mut handshake, mut failed) = (begun.unwrap(), false);
    out.clear();
    for fragment in fragments {
        match handshake.feed(fragment, &mut out) {
            Ok((used, established)) => {
                assert!(used == fragment.len() && established.is_none(), "a link without a peer");
            }
            Err(_) => {
                failed = true;
                break;
            }
        }
    }
    assert!(out.len() <= 2 * (NOISE_HANDSHAKE_FRAME_MAX + 2));
    failed
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some((end, bytes)) = data.split_first() else { return };
    let dialer = end % 2 == 1;
    assert_eq!(run(dialer, &[bytes]), run(dialer, &fragments(bytes)));
}

/// The first message of a dialler, the reply of a listener to another dialler, garbage, a frame above the cap.
pub fn seeds() -> Vec<Vec<u8>> {
    let [one, two] = [2, 3].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let name = PeerId::from_public_key(two.verifying_key().as_bytes());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    Handshake::dial(&one, name, secrets(), &mut first).unwrap();
    Handshake::listen(&two, secrets()).unwrap().feed(&first, &mut second).unwrap();
    let garbage = [&[0, 96][..], &[5; 96]].concat();
    let twice = [&first[..], &garbage].concat();
    [(0, first), (1, second), (0, twice), (0, vec![0xff; 100]), (1, garbage)]
        .map(|(end, bytes)| [&[end][..], &bytes].concat())
        .to_vec()
}
