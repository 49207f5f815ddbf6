//! The Noise handshake before anybody is known: no bytes make a link, and little is answered.
//!
//! The first byte picks the end that is attacked. Nobody but the true peer can finish a handshake, and the
//! seeds hold no true second half: so every one of these must end without a link.

use super::pieces;
use ed25519_dalek::SigningKey;
use wattle::limits::NOISE_HANDSHAKE_FRAME_MAX;
use wattle::wire::noise::{Handshake, HandshakeKeys};
use wattle::wire::peer_id::PeerId;

fn secrets() -> HandshakeKeys {
    HandshakeKeys { fixed: [9; 32], ephemeral: [8; 32] }
}

fn run(dialer: bool, pieces: &[&[u8]]) -> bool {
    let key = SigningKey::from_bytes(&[1; 32]);
    let other = PeerId::from_public_key(SigningKey::from_bytes(&[2; 32]).verifying_key().as_bytes());
    let mut out = Vec::new();
    let begun =
        if dialer { Handshake::dial(&key, other, secrets(), &mut out) } else { Handshake::listen(&key, secrets()) };
    let (mut handshake, mut failed) = (begun.unwrap(), false);
    out.clear();
    for piece in pieces {
        match handshake.feed(piece, &mut out) {
            Ok((used, secured)) => {
                assert!(used == piece.len() && secured.is_none(), "a link with nobody");
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

/// See the head of this file.
pub fn check(data: &[u8]) {
    let Some((end, bytes)) = data.split_first() else { return };
    let dialer = end % 2 == 1;
    assert_eq!(run(dialer, &[bytes]), run(dialer, &pieces(bytes)));
}

/// The first message of a true dialler, the answer of a true listener to somebody else, a frame too long.
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
