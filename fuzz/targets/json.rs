//! Everything in JSON: lines of a stream, the envelope, the bodies. Each has one encoding and keeps its caps, and a
//! message is accepted once.
//!
//! The first byte selects: lines; an envelope as it is; a payload in an envelope with a valid signature; a body of a
//! type.

use super::fragments;
use super::message::messages;
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};
use wattle::limits::{JSON_LINE_MAX, MESSAGE_KIND_MAX, MESSAGE_TASK_MAX};
use wattle::wire::envelope::{BadMessage, Encoding, Signer, Verifier};
use wattle::wire::json::line::Lines;
use wattle::wire::message::Message;
use wattle::wire::peer_id::PeerId;

/// All message types, the empty string, and a type whose body is not JSON.
const KINDS: [&str; 26] = [
    "hello",
    "member",
    "roll",
    "keys",
    "ask",
    "answer",
    "echo",
    "gossip",
    "",
    "rumour",
    "start",
    "duplicate",
    "vectors",
    "trust",
    "coverage",
    "work",
    "why",
    "roll-digest",
    "unread",
    "unembedded",
    "filters",
    "filtered",
    "holdings",
    "cut-short",
    "coming",
    "unusable",
];

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn name() -> PeerId {
    PeerId::from_public_key(key().verifying_key().as_bytes())
}

fn lines(fragments: &[&[u8]]) -> (Vec<Vec<u8>>, bool, bool) {
    let (mut lines, mut found) = (Lines::default(), Vec::new());
    for mut fragment in fragments.iter().copied() {
        while !fragment.is_empty() {
            let Ok((used, line)) = lines.feed(fragment) else { return (found, false, false) };
            assert!(used > 0);
            fragment = &fragment[used..];
            found.extend(line);
        }
    }
    (found, lines.is_between(), true)
}

fn check_lines(data: &[u8]) {
    let (found, between, whole) = lines(&[data]);
    assert_eq!(
        lines(&fragments(data)),
        (found.clone(), between, whole),
        "the result depends on how the stream was cut"
    );
    let mut encoded = Vec::new();
    for line in &found {
        assert!(!line.is_empty() && line.len() < JSON_LINE_MAX);
        encoded.extend(line);
        encoded.push(b'\n');
    }
    assert!(data.starts_with(&encoded) && (!(whole && between) || encoded.len() == data.len()));
}

fn check_body(kind: &str, data: &[u8]) {
    let Some(message) = Message::read(Encoding::Json, kind, data) else { return };
    assert_eq!(message.kind(), kind);
    let mut again = Vec::new();
    message.put(Encoding::Json, &mut again);
    assert!(again == data, "{} is not {}", String::from_utf8_lossy(&again), String::from_utf8_lossy(data));
    // Postcard carries the same message.
    assert_eq!(Message::decode(&message.encode()), Some(message));
}

fn verify_twice(bytes: &[u8]) {
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name()));
    let Ok(message) = verifier.verify_as(Encoding::Json, bytes) else { return };
    assert!(message.kind.len() <= MESSAGE_KIND_MAX && message.task_id.len() <= MESSAGE_TASK_MAX);
    assert!(message.seq > 0 && message.sender == name() && message.body.len() < bytes.len());
    // Any reader of JSON reads the same fields.
    let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
    assert_eq!(value.as_object().map(serde_json::Map::len), Some(5), "exactly five fields");
    let body: serde_json::Value = serde_json::from_slice(message.body).unwrap();
    assert_eq!(value["payload"]["body"], body);
    assert_eq!(value["type"], message.kind);
    assert_eq!(verifier.verify_as(Encoding::Json, bytes), Err(BadMessage::Replay), "a message is accepted once");
}

/// An envelope around any payload, signed as docs/messages.md describes.
fn in_envelope(payload: &[u8]) -> Vec<u8> {
    let sender = name();
    let mut signed = b"wattle-msg-1".to_vec();
    for field in [&b"ask"[..], b"", &sender.to_bytes()] {
        signed.extend(u32::try_from(field.len()).unwrap().to_be_bytes());
        signed.extend(field);
    }
    signed.extend(Sha256::digest(payload));
    let mut template = Vec::new();
    let mut signer = Signer::new(key(), 1);
    signer.sign_into(Encoding::Json, "ask", &[], b"{}", &mut template).unwrap();
    // In the line of another message the payload and the signature are replaced.
    let text = String::from_utf8(template).unwrap();
    let (before, rest) = text.split_once("{\"body\":").unwrap();
    let (_, after) = rest.split_once("},\"sender_id\"").unwrap();
    let (head, tail) = after.split_once("\"signature\":\"").unwrap();
    let (_, tail) = tail.split_once('"').unwrap();
    let signature = base64(&key().sign(&signed).to_bytes());
    let parts = [
        before.as_bytes(),
        payload,
        b",\"sender_id\"",
        head.as_bytes(),
        b"\"signature\":\"",
        signature.as_bytes(),
        b"\"",
        tail.as_bytes(),
    ];
    parts.concat()
}

/// RFC 4648 section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for part in bytes.chunks(3) {
        let bits = part.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - part.len()));
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63];
            text.push(if at > part.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    match usize::from(*way) {
        0 => check_lines(bytes),
        1 => verify_twice(bytes),
        2 => verify_twice(&in_envelope(bytes)),
        kind => check_body(KINDS[kind % KINDS.len()], bytes),
    }
}

/// Lines, a body of each type, envelopes, payloads.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut signer = Signer::new(key(), 7);
    let mut seeds = Vec::new();
    for message in messages() {
        let (mut body, mut line) = (Vec::new(), Vec::new());
        message.put(Encoding::Json, &mut body);
        signer.sign_into(Encoding::Json, message.kind(), &[], &body, &mut line).unwrap();
        let kind = KINDS.iter().position(|kind| *kind == message.kind()).unwrap() + KINDS.len();
        seeds.push([&[u8::try_from(kind).unwrap()][..], &body].concat());
        if seeds.len() < 6 {
            seeds.push([&[1][..], &line].concat());
        }
    }
    let mut line = Vec::new();
    signer.sign_into(Encoding::Json, "ask", &[], b"{\"x\":[1,\"\\u0001\",null,true]}", &mut line).unwrap();
    let text = String::from_utf8(line.clone()).unwrap();
    let payload = &text[text.find("{\"body\"").unwrap()..text.find(",\"sender_id\"").unwrap()];
    seeds.push([&[2][..], payload.as_bytes()].concat());
    line.push(b'\n');
    seeds.push([&[0][..], &line, b"second\n"].concat());
    // The envelope that `around` makes is valid.
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name()) && verifier.verify_as(Encoding::Json, &in_envelope(payload.as_bytes())).is_ok());
    seeds
}
