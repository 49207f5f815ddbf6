//! Tests of the envelope.

use super::*;
use crate::base::rng::Rng;
use crate::limits::{JSON_LINE_MAX, MESSAGE_BODY_MAX, MESSAGE_BYTES_MAX, MESSAGE_SENDERS_MAX};
use crate::wire::peer_id::PeerId;
use crate::wire::random_bytes;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn name(seed: u8) -> PeerId {
    PeerId::from_public_key(key(seed).verifying_key().as_bytes())
}

fn verifier() -> Verifier {
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name(1)));
    verifier
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Frozen: released agents sign and read these bytes. Never change it; another encoding gets another version.
const FROZEN: &str = concat!(
    "0361736b067461736b2d31360101abababababababababababababababababababababababababababababababab07011177",
    "686174206973206120776174746c653f260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf37488",
    "01b40f6f5c408220c00fb2e42dcf47bc1a200c02072fade9baa97916fb94382de2c599fc96d0d904aacad4b7393f28e4c985",
    "68169f0c0e400d82bcf6244f293635a07bf45509",
);

#[test]
fn the_frozen_message_is_still_signed_and_verified_alike() {
    let mut signer = Signer::new(key(1), 7);
    signer.join([0xab; 32]);
    let bytes = signer.sign("ask", b"task-1", b"what is a wattle?").unwrap();
    assert_eq!(hex(&bytes), FROZEN);
    let mut verifier = verifier();
    let verified = verifier.verify(&bytes).unwrap();
    assert_eq!(
        (verified.kind, &verified.task_id[..], verified.body),
        ("ask", &b"task-1"[..], &b"what is a wattle?"[..])
    );
    assert_eq!((verified.sender, verified.mesh, verified.boot, verified.seq), (name(1), Some([0xab; 32]), 7, 1));
}

#[test]
fn the_signature_covers_the_documented_bytes() {
    let bytes = Signer::new(key(1), 7).sign("ask", b"t", b"body").unwrap();
    let envelope = binary::envelope(&bytes).unwrap();
    let mut signed = b"wattle-msg-1\0\0\0\x03ask\0\0\0\x01t\0\0\0\x26".to_vec();
    signed.extend(name(1).to_bytes());
    signed.extend(Sha256::digest(envelope.payload));
    assert!(name(1).signed(&signed, &envelope.signature));
}

#[test]
fn a_message_is_accepted_once() {
    let (mut signer, mut verifier) = (Signer::new(key(1), 1), verifier());
    let (one, two) = (signer.sign("a", &[], &[]).unwrap(), signer.sign("a", &[], &[]).unwrap());
    assert_eq!(verifier.verify(&two).unwrap().seq, 2);
    assert_eq!(verifier.verify(&one).unwrap().seq, 1);
    assert_eq!(verifier.verify(&one), Err(BadMessage::Replay));
    let later = Signer::new(key(1), 2).sign("a", &[], &[]).unwrap();
    assert!(verifier.verify(&later).is_ok());
    let earlier = signer.sign("a", &[], &[]).unwrap();
    assert_eq!(verifier.verify(&earlier), Err(BadMessage::EarlierStart { boot: 1, latest: 2 }));
}

#[test]
fn a_start_is_proven_by_the_own_signature_only_and_by_no_message_that_holds_a_key() {
    let mut verifier = verifier();
    assert!(verifier.add_peer(name(2)));
    let mut signer = Signer::new(key(1), 41);
    verifier.verify(&signer.sign("keys", &[], b"secret").unwrap()).unwrap();
    verifier.verify(&signer.sign("query", &[7], b"what somebody asks").unwrap()).unwrap();
    assert!(verifier.latest_start(&name(1)).is_empty());
    for encoding in [Encoding::Json, Encoding::Postcard] {
        let mut bytes = Vec::new();
        signer.raise(42);
        signer.sign_into(encoding, "hello", &[], b"{}", &mut bytes).unwrap();
        verifier.verify_as(encoding, &bytes).unwrap();
        assert_eq!(
            proven_start(&name(1), verifier.latest_start(&name(1))).map(|(boot, _)| boot),
            Some(42),
            "{encoding:?}"
        );
        assert_eq!(proven_start(&name(2), verifier.latest_start(&name(1))), None, "the word of another");
        *bytes.last_mut().unwrap() ^= 1;
        assert_eq!(proven_start(&name(1), &bytes), None, "forged");
        (signer, verifier) = (Signer::new(key(1), 7), self::verifier());
        assert!(verifier.add_peer(name(2)));
    }
    assert!(verifier.latest_start(&name(9)).is_empty() && proven_start(&name(1), &[]).is_none());
}

#[test]
fn a_raised_signer_is_accepted_where_its_messages_were_of_an_earlier_start() {
    let (mut signer, mut verifier) = (Signer::new(key(1), 3), verifier());
    verifier.verify(&Signer::new(key(1), 9).sign("a", &[], &[]).unwrap()).unwrap();
    assert!(verifier.verify(&signer.sign("a", &[], &[]).unwrap()).is_err());
    signer.raise(2);
    let still = verifier.verify(&signer.sign("a", &[], &[]).unwrap()).unwrap_err();
    assert_eq!(still, BadMessage::EarlierStart { boot: 3, latest: 9 }, "a start is never lowered");
    signer.raise(10);
    let verified = verifier.verify(&signer.sign("a", &[], &[]).unwrap()).map(|message| (message.boot, message.seq));
    assert_eq!(verified, Ok((10, 1)));
}

#[test]
fn unknown_senders_are_refused_and_the_table_of_senders_is_bounded() {
    let mut verifier = verifier();
    let unknown = Signer::new(key(2), 1).sign("a", &[], &[]).unwrap();
    assert_eq!(verifier.verify(&unknown), Err(BadMessage::UnknownPeer));
    for number in 0..MESSAGE_SENDERS_MAX * 2 {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
        let _ = verifier.add_peer(PeerId::from_public_key(&bytes));
    }
    assert_eq!(verifier.count(), MESSAGE_SENDERS_MAX);
    assert!(verifier.add_peer(name(1)), "an allowed sender stays allowed");
    verifier.remove_peer(&name(1));
    assert!(verifier.add_peer(name(2)));
}

#[test]
fn a_message_that_another_peer_sent_is_refused_and_its_sender_may_still_send_it() {
    let mut verifier = verifier();
    assert!(verifier.add_peer(name(2)));
    let message = Signer::new(key(1), 1).sign("a", &[], &[]).unwrap();
    assert_eq!(verifier.verify_from(&name(2), Encoding::Postcard, &message), Err(BadMessage::NotFromSender));
    assert!(verifier.verify_from(&name(1), Encoding::Postcard, &message).is_ok());
    assert_eq!(verifier.verify_from(&name(1), Encoding::Postcard, &message), Err(BadMessage::Replay));
}

#[test]
fn fields_above_their_caps_are_refused_and_use_no_number() {
    let mut signer = Signer::new(key(1), 1);
    assert_eq!(signer.sign(&"k".repeat(MESSAGE_KIND_MAX + 1), &[], &[]), Err(BadMessage::TooLarge));
    assert_eq!(signer.sign("k", &[0; MESSAGE_TASK_MAX + 1], &[]), Err(BadMessage::TooLarge));
    assert_eq!(signer.sign("k", &[], &vec![0; MESSAGE_BODY_MAX + 1]), Err(BadMessage::TooLarge));
    let largest = signer.sign(&"k".repeat(MESSAGE_KIND_MAX), &[0; MESSAGE_TASK_MAX], &vec![0; MESSAGE_BODY_MAX]);
    let largest = largest.unwrap();
    assert!(largest.len() <= MESSAGE_BYTES_MAX, "{}", largest.len());
    assert_eq!(verifier().verify(&largest).unwrap().seq, 1);
    assert_eq!(verifier().verify(&vec![0; MESSAGE_BYTES_MAX + 1]), Err(BadMessage::TooLarge));
}

#[test]
fn a_message_has_one_encoding() {
    let bytes = Signer::new(key(1), 1).sign("a", &[], b"body").unwrap();
    let trailing = [&bytes[..], &[0]].concat();
    assert_eq!(verifier().verify(&trailing), Err(BadMessage::Malformed));
    // The length of `kind`, one byte longer than needed.
    let longer = [&[0x81, 0x00], &bytes[1..]].concat();
    assert_eq!(verifier().verify(&longer), Err(BadMessage::Malformed));
}

#[test]
fn a_newer_version_is_reported() {
    let signed = Signer::new(key(1), 1).sign("a", &[], b"body").unwrap();
    let envelope = binary::envelope(&signed).unwrap();
    let payload = [&[2], &envelope.payload[1..]].concat();
    let fields = (envelope.kind, &envelope.task_id[..], &payload[..], &envelope.sender[..], &envelope.signature[..]);
    let newer = postcard::to_allocvec(&fields).unwrap();
    assert_eq!(verifier().verify(&newer), Err(BadMessage::Version(2)));
    let line = String::from_utf8(json(&mut Signer::new(key(1), 1), b"{}")).unwrap();
    let newer = line.replace("{\"body\":{},", "{\"aim\":[1],\"body\":{},").replace("\"v\":1", "\"v\":2");
    assert_eq!(verifier().verify_as(Encoding::Json, newer.as_bytes()), Err(BadMessage::Version(2)));
}

#[test]
fn a_message_with_a_changed_byte_is_refused_and_no_bytes_panic() {
    let mut rng = Rng::new(10);
    let bytes = Signer::new(key(1), 1).sign("a", b"task", b"body").unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << rng.below(8);
        assert!(verifier().verify(&changed).is_err(), "byte {at}");
        assert!(verifier().verify(&bytes[..at]).is_err());
    }
    for _ in 0..20_000 {
        let garbage = random_bytes::bytes(&mut rng, 120);
        assert!(verifier().verify(&garbage).is_err());
    }
}

fn json(signer: &mut Signer, body: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    signer.sign_into(Encoding::Json, "echo", b"task-1", body, &mut line).unwrap();
    line
}

#[test]
fn a_json_line_carries_the_same_fields_and_shares_the_count() {
    let (mut signer, mut verifier) = (Signer::new(key(1), 7), verifier());
    signer.join([0xab; 32]);
    let body = b"{\"answer\":false,\"id\":7,\"text\":\"hi\"}";
    let line = json(&mut signer, body);
    let text = String::from_utf8(line.clone()).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["type"], "echo");
    let verified = verifier.verify_as(Encoding::Json, &line).unwrap();
    assert_eq!((verified.kind, &verified.task_id[..], verified.body), ("echo", &b"task-1"[..], &body[..]));
    assert_eq!((verified.sender, verified.mesh, verified.boot, verified.seq), (name(1), Some([0xab; 32]), 7, 1));
    assert_eq!(verifier.verify_as(Encoding::Json, &line), Err(BadMessage::Replay));
    assert_eq!(verifier.verify(&signer.sign("a", &[], &[]).unwrap()).unwrap().seq, 2, "one count for both");
    assert_eq!(verifier.verify(&line), Err(BadMessage::Malformed));
}

#[test]
fn a_json_line_has_one_encoding_and_a_changed_byte_is_refused() {
    let line = String::from_utf8(json(&mut Signer::new(key(1), 1), b"{\"a\":1}")).unwrap();
    let refusal = |line: &str| verifier().verify_as(Encoding::Json, line.as_bytes()).err();
    assert_eq!(refusal(&line), None);
    for (from, to) in [
        (",\"seq\"", ", \"seq\""),
        ("{\"a\":1}", "{\"a\":1,\"a\":1}"),
        ("\"boot\":1", "\"boot\":1.0"),
        ("\"type\":\"echo\"", "\"type\":\"\\u0065cho\""),
    ] {
        assert!(line.contains(from));
        assert_eq!(refusal(&line.replace(from, to)), Some(BadMessage::Malformed), "{to}");
    }
    assert_eq!(refusal(&format!("{line} ")), Some(BadMessage::Malformed));
    assert_eq!(refusal(&line.replace("\"a\":1", "\"a\":2")), Some(BadMessage::Signature));
    let mut rng = Rng::new(11);
    for at in 0..line.len() {
        let mut changed = line.clone().into_bytes();
        changed[at] ^= 1 << rng.below(7);
        assert!(verifier().verify_as(Encoding::Json, &changed).is_err(), "byte {at}");
        assert!(verifier().verify_as(Encoding::Json, &line.as_bytes()[..at]).is_err());
    }
}

#[test]
fn a_json_line_above_its_cap_is_neither_signed_nor_accepted() {
    let (mut signer, mut out) = (Signer::new(key(1), 1), Vec::new());
    let body = |length: usize| [&b"\""[..], &vec![b'a'; length], b"\""].concat();
    // The largest body of postcard leaves no room for a line's longer fields.
    signer.join([7; 32]);
    let (kind, task) = ("k".repeat(MESSAGE_KIND_MAX), [0; MESSAGE_TASK_MAX]);
    let signed = signer.sign_into(Encoding::Json, &kind, &task, &body(MESSAGE_BODY_MAX - 2), &mut out);
    assert_eq!(signed, Err(BadMessage::TooLarge));
    assert_eq!(signer.sign_into(Encoding::Json, "a\"", &[], b"1", &mut out), Err(BadMessage::Malformed));
    signer.sign_into(Encoding::Json, "echo", &[], &body(JSON_LINE_MAX - 400), &mut out).unwrap();
    assert_eq!(verifier().verify_as(Encoding::Json, &out).unwrap().seq, 1, "a failed attempt used no number");
    assert_eq!(verifier().verify_as(Encoding::Json, &vec![b'a'; JSON_LINE_MAX]), Err(BadMessage::TooLarge));
}

#[test]
fn a_message_of_this_run_is_told_from_one_of_another_run_with_the_same_count() {
    let mut signer = Signer::new(key(1), 42);
    let message = signer.sign("hello", &[], b"x").unwrap();
    let (boot, seq) = proven_start(&name(1), &message).unwrap();
    assert!(signer.has_reached(boot, seq) && signer.has_reached(41, u64::MAX));
    assert!(!signer.has_reached(42, seq + 1) && !signer.has_reached(43, 1));
    let mut other_run = Signer::new(key(1), 42);
    assert!(!other_run.has_reached(boot, seq), "its home was restored: the number was used before");
    let mut verifier = verifier();
    (0..9).for_each(|_| assert!(verifier.verify(&signer.sign("hello", &[], b"x").unwrap()).is_ok()));
    // The first of them it has reached itself by now; the proof is the last.
    let again: Vec<Vec<u8>> = (0..5).map(|_| other_run.sign("hello", &[], b"x").unwrap()).collect();
    assert_eq!(verifier.verify(&again[4]), Err(BadMessage::Replay));
    let (boot, seq) = proven_start(&name(1), verifier.latest_start(&name(1))).unwrap();
    assert!(!other_run.has_reached(boot, seq));
    other_run.raise(boot + 1);
    assert!(verifier.verify(&other_run.sign("hello", &[], b"x").unwrap()).is_ok());
}
