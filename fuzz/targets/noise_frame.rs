//! Frames under Noise: only the genuine frame is decrypted, and it still is after any number of forged ones.

use ed25519_dalek::SigningKey;
use std::cell::RefCell;
use wattle::wire::noise::{Handshake, HandshakeKeys, NOISE_OVERHEAD, Transport};
use wattle::wire::peer_id::PeerId;

const PLAIN: &[u8] = b"the genuine message";

thread_local! {
    static PAIR: RefCell<(Transport, Transport)> = RefCell::new(pair());
}

fn pair() -> (Transport, Transport) {
    let [one, two] = [1, 2].map(|seed| SigningKey::from_bytes(&[seed; 32]));
    let name = PeerId::from_public_key(two.verifying_key().as_bytes());
    let secrets = |seed: u8| HandshakeKeys { fixed: [seed; 32], ephemeral: [seed + 100; 32] };
    let (mut to_two, mut to_one) = (Vec::new(), Vec::new());
    let mut dialer = Handshake::dial(&one, name, secrets(1), &mut to_two).unwrap();
    let mut listener = Handshake::listen(&two, secrets(2)).unwrap();
    listener.feed(&to_two, &mut to_one).unwrap();
    to_two.clear();
    let dialled = dialer.feed(&to_one, &mut to_two).unwrap().1.unwrap();
    let listened = listener.feed(&to_two, &mut to_one).unwrap().1.unwrap();
    (dialled.transport, listened.transport)
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    PAIR.with_borrow_mut(|(sender, receiver)| {
        let (mut frame, mut plain) = (Vec::new(), Vec::new());
        sender.encrypt(PLAIN, &mut frame).unwrap();
        assert_eq!(frame.len(), PLAIN.len() + NOISE_OVERHEAD);
        // The bytes as a frame, and as changes to the genuine one.
        assert!(receiver.decrypt(data, &mut plain).is_err());
        let mut changed = frame.clone();
        changed.iter_mut().skip(2).zip(data).for_each(|(byte, change)| *byte ^= change);
        if changed != frame {
            assert!(receiver.decrypt(&changed, &mut plain).is_err());
        }
        let longer = [&frame[..], data].concat();
        assert!(data.is_empty() || receiver.decrypt(&longer, &mut plain).is_err());
        receiver.decrypt(&frame, &mut plain).unwrap();
        assert_eq!(plain, PLAIN);
    });
    if let Some(length) = Transport::frame_length(data) {
        assert!((2..=2 + 65_535).contains(&length));
    }
}

/// Zeros, one changed bit, and a frame of another link.
pub fn seeds() -> Vec<Vec<u8>> {
    let (mut sender, _) = pair();
    let mut frame = Vec::new();
    sender.encrypt(b"another link", &mut frame).unwrap();
    vec![vec![0; 20], vec![1], frame]
}
