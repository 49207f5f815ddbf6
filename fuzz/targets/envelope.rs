//! The envelope in postcard: what is accepted has one encoding, is signed, keeps its caps, and is accepted once.
//!
//! A fuzzer cannot forge a signature, so the first byte selects: the bytes as they are, or the bytes as the payload of
//! an envelope with a valid signature.

use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};
use wattle::limits::{MESSAGE_BODY_MAX, MESSAGE_KIND_MAX, MESSAGE_TASK_MAX};
use wattle::wire::envelope::{BadMessage, Signer, Verifier, proven_start};
use wattle::wire::peer_id::PeerId;

/// The five fields.
type Envelope<'a> = (&'a str, &'a [u8], &'a [u8], &'a [u8], &'a [u8]);

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn name() -> PeerId {
    PeerId::from_public_key(key().verifying_key().as_bytes())
}

/// An envelope around any payload, signed as docs/messages.md describes.
fn in_envelope(payload: &[u8]) -> Vec<u8> {
    let sender = name().to_bytes();
    let mut signed = b"wattle-msg-1".to_vec();
    for field in [&b"ask"[..], b"task", &sender] {
        signed.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
        signed.extend(field);
    }
    signed.extend(Sha256::digest(payload));
    let signature = key().sign(&signed).to_bytes();
    let envelope: Envelope<'_> = ("ask", b"task", payload, &sender, &signature);
    postcard::to_allocvec(&envelope).unwrap()
}

fn verify_twice(bytes: &[u8]) {
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name()));
    let proven = proven_start(&name(), bytes);
    let Ok(message) = verifier.verify(bytes) else {
        // A message that the receiver itself signed proves its start; it may be in JSON, or have the number 0.
        return assert!(proven.is_none() || bytes.first() == Some(&b'{') || verifier.verify_relayed(bytes).is_ok());
    };
    assert_eq!(proven, Some((message.boot, message.seq)));
    assert!(message.kind.len() <= MESSAGE_KIND_MAX && message.task_id.len() <= MESSAGE_TASK_MAX);
    assert!(message.body.len() <= MESSAGE_BODY_MAX && message.seq > 0 && message.sender == name());
    let payload = (1_u8, message.mesh, message.boot, message.seq, message.body);
    let payload = postcard::to_allocvec(&payload).unwrap();
    let sender = name().to_bytes();
    let (envelope, rest): (Envelope<'_>, _) = postcard::take_from_bytes(bytes).unwrap();
    assert!(rest.is_empty());
    assert_eq!(envelope.2, payload, "a payload has one encoding");
    let encoded: Envelope<'_> = (message.kind, &message.task_id, &payload, &sender, envelope.4);
    assert_eq!(postcard::to_allocvec(&encoded).unwrap(), bytes, "a message has one encoding");
    assert_eq!(verifier.verify(bytes), Err(BadMessage::Replay), "a message is accepted once");
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    if way % 2 == 0 { verify_twice(bytes) } else { verify_twice(&in_envelope(bytes)) }
}

/// Signed messages, and payloads.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut signer = Signer::new(key(), 7);
    let plain = signer.sign("hello", &[], b"body").unwrap();
    signer.join([0xab; 32]);
    let joined = signer.sign("ask", b"task-1", b"what is a wattle?").unwrap();
    let (envelope, _): (Envelope<'_>, _) = postcard::take_from_bytes(&joined).unwrap();
    let largest = postcard::to_allocvec(&(1_u8, None::<[u8; 32]>, u32::MAX, u64::MAX, &b"x"[..])).unwrap();
    let seeds = [(0, &plain[..]), (0, &joined), (1, envelope.2), (1, &largest)];
    seeds.map(|(way, bytes)| [&[way][..], bytes].concat()).to_vec()
}
