//! Tests of the Noise handshake and its frames.

use super::*;
use crate::base::rng::Rng;
use crate::wire::random_bytes;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn name(seed: u8) -> PeerId {
    PeerId::from_public_key(key(seed).verifying_key().as_bytes())
}

fn secrets(seed: u8) -> HandshakeKeys {
    HandshakeKeys { fixed: [seed; 32], ephemeral: [seed + 100; 32] }
}

fn pair() -> (Established, Established) {
    let mut to_b = Vec::new();
    let a = Handshake::dial(&key(1), name(2), secrets(1), &mut to_b).unwrap();
    finish(a, Handshake::listen(&key(2), secrets(2)).unwrap(), to_b)
}

fn finish(mut a: Handshake, mut b: Handshake, mut to_b: Vec<u8>) -> (Established, Established) {
    let mut to_a = Vec::new();
    let (used, none) = b.feed(&to_b, &mut to_a).unwrap();
    assert!(none.is_none() && used == to_b.len());
    to_b.clear();
    let (_, a) = a.feed(&to_a, &mut to_b).unwrap();
    let mut b_done = None;
    // Byte by byte: nothing depends on how the stream was cut.
    for byte in &to_b {
        b_done = b.feed(&[*byte], &mut to_a).unwrap().1;
    }
    (a.unwrap(), b_done.unwrap())
}

fn start(mark: u64) -> Extensions {
    Extensions { start: Some(mark), ..Extensions::default() }
}

#[test]
fn both_ends_are_authenticated_and_frames_pass() {
    let (mut a, mut b) = pair();
    assert_eq!((a.peer, b.peer), (name(2), name(1)));
    let (mut encrypted, mut plain) = (Vec::new(), Vec::new());
    let message = vec![9; NOISE_PLAIN_MAX + 10];
    a.transport.encrypt(&message, &mut encrypted).unwrap();
    let mut received = Vec::new();
    let mut rest = &encrypted[..];
    while let Some(length) = Transport::frame_length(rest) {
        b.transport.decrypt(&rest[..length], &mut plain).unwrap();
        received.extend_from_slice(&plain);
        rest = &rest[length..];
    }
    assert_eq!(received, message);
}

#[test]
fn each_end_learns_the_mark_of_the_others_start_if_it_sends_one() {
    let mut to_b = Vec::new();
    let a = Handshake::dial(&key(1), name(2), secrets(1), &mut to_b).unwrap().with(start(7));
    let (a, b) = finish(a, Handshake::listen(&key(2), secrets(2)).unwrap().with(start(u64::MAX)), to_b);
    assert_eq!((a.extensions.start, b.extensions.start), (Some(u64::MAX), Some(7)));
    let (a, b) = pair();
    assert_eq!((a.extensions.start, b.extensions.start), (None, None), "agents of before send none, and link");
}

#[test]
fn a_forged_frame_is_refused_and_leaves_the_genuine_one_readable() {
    let (mut a, mut b) = pair();
    let (mut encrypted, mut plain) = (Vec::new(), Vec::new());
    a.transport.encrypt(b"true", &mut encrypted).unwrap();
    let mut forged = encrypted.clone();
    forged[3] ^= 1;
    assert_eq!(b.transport.decrypt(&forged, &mut plain), Err(BadNoise::Forged));
    assert_eq!(b.transport.decrypt(&encrypted[..5], &mut plain), Err(BadNoise::Forged));
    b.transport.decrypt(&encrypted, &mut plain).unwrap();
    assert_eq!(plain, b"true");
    assert_eq!(b.transport.decrypt(&encrypted, &mut plain), Err(BadNoise::Forged), "a frame is decrypted once");
}

#[test]
fn another_agent_than_the_dialled_one_learns_nothing() {
    let (mut to_b, mut to_a) = (Vec::new(), Vec::new());
    let mut a = Handshake::dial(&key(1), name(3), secrets(1), &mut to_b).unwrap();
    Handshake::listen(&key(2), secrets(2)).unwrap().feed(&to_b, &mut to_a).unwrap();
    let mut out = Vec::new();
    assert_eq!(a.feed(&to_a, &mut out).unwrap_err(), BadNoise::OtherPeer(name(2)));
    assert!(out.is_empty());
}

/// Why a listener refuses a dialler whose payload is made by `payload` from its static key.
fn refusal_of(payload: impl Fn(&[u8]) -> Vec<u8>) -> BadNoise {
    let (mut to_b, mut to_a) = (Vec::new(), Vec::new());
    let mut dialler = Handshake::dial(&key(1), name(2), secrets(1), &mut to_b).unwrap();
    let mut b = Handshake::listen(&key(2), secrets(2)).unwrap();
    b.feed(&to_b, &mut to_a).unwrap();
    let fixed = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from([1; 32]));
    dialler.payload = payload(fixed.as_bytes());
    to_b.clear();
    dialler.feed(&to_a, &mut to_b).unwrap();
    b.feed(&to_b, &mut to_a).unwrap_err()
}

#[test]
fn a_forged_identity_is_refused() {
    let others_key = refusal_of(|fixed| {
        let mut payload = Vec::new();
        protobuf::put_bytes(&mut payload, 1, &name(4).to_protobuf());
        protobuf::put_bytes(&mut payload, 2, &key(1).sign(&[SIGNED, fixed].concat()).to_bytes());
        payload
    });
    assert_eq!(others_key, BadNoise::Signature);
    let other_connection = refusal_of(|_| {
        let mut payload = Vec::new();
        protobuf::put_bytes(&mut payload, 1, &name(1).to_protobuf());
        protobuf::put_bytes(&mut payload, 2, &key(1).sign(&[SIGNED, &[9; 32]].concat()).to_bytes());
        payload
    });
    assert_eq!(other_connection, BadNoise::Signature);
    let rsa = refusal_of(|_| {
        let (mut identity, mut payload) = (vec![0x08, 0x00], Vec::new());
        protobuf::put_bytes(&mut identity, 2, &[1; 2000]);
        protobuf::put_bytes(&mut payload, 1, &identity);
        payload
    });
    assert_eq!(rsa, BadNoise::Identity(BadPeerId::Kind("RSA")));
    assert_eq!(refusal_of(|_| Vec::new()), BadNoise::Payload);
    assert_eq!(refusal_of(|_| vec![0xff; 9]), BadNoise::Payload);
}

#[test]
fn an_agent_does_not_link_to_itself() {
    let (mut to_b, mut to_a) = (Vec::new(), Vec::new());
    let mut a = Handshake::dial(&key(1), name(1), secrets(1), &mut to_b).unwrap();
    Handshake::listen(&key(1), secrets(2)).unwrap().feed(&to_b, &mut to_a).unwrap();
    assert_eq!(a.feed(&to_a, &mut Vec::new()).unwrap_err(), BadNoise::OwnIdentity);
}

#[test]
fn another_start_of_the_own_key_is_another_device_and_the_same_start_is_the_agent_itself() {
    let reached = |mark| {
        let (mut to_b, mut to_a) = (Vec::new(), Vec::new());
        let mut a = Handshake::dial(&key(1), name(1), secrets(1), &mut to_b).unwrap().with(start(7));
        Handshake::listen(&key(1), secrets(2)).unwrap().with(start(mark)).feed(&to_b, &mut to_a).unwrap();
        a.feed(&to_a, &mut Vec::new()).unwrap_err()
    };
    assert_eq!((reached(7), reached(8)), (BadNoise::OwnIdentity, BadNoise::OwnKeyElsewhere));
}

#[test]
fn a_key_of_small_order_is_refused() {
    let mut b = Handshake::listen(&key(2), secrets(2)).unwrap();
    let mut first = vec![0, 32];
    first.extend([0; 32]);
    assert_eq!(b.feed(&first, &mut Vec::new()).unwrap_err(), BadNoise::Forged);
}

#[test]
fn garbage_never_panics_and_takes_little_memory() {
    let mut rng = Rng::new(5);
    for _ in 0..300 {
        let (mut to_b, mut to_a) = (Vec::new(), Vec::new());
        let mut a = Handshake::dial(&key(1), name(2), secrets(1), &mut to_b).unwrap();
        let mut b = Handshake::listen(&key(2), secrets(2)).unwrap();
        if rng.one_in(2) {
            random_bytes::damage(&mut rng, &mut to_b, 3);
        }
        let _ = b.feed(&to_b, &mut to_a);
        if !to_a.is_empty() {
            let at = random_bytes::below(&mut rng, to_a.len());
            to_a[at] = to_a[at].wrapping_add(1);
            let _ = a.feed(&to_a, &mut to_b);
        }
        let garbage = random_bytes::bytes(&mut rng, 9000);
        let _ = b.feed(&garbage, &mut to_a);
        assert!(b.frame.capacity() <= 2 * (NOISE_HANDSHAKE_FRAME_MAX + LENGTH));
    }
}
