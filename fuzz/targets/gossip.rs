//! Gossip items: their claims, the facts in them, and the messages that relay them. Each has one encoding and keeps its
//! caps.
//!
//! The first byte selects: a whole item; a fact, alone and in an item's envelope; the body of a `gossip` message.

use ed25519_dalek::SigningKey;
use heapless::Vec as Bounded;
use wattle::base::level::Energy;
use wattle::limits::{
    COLLECTION_BYTES_MAX, GOSSIP_BATCH_MAX, GOSSIP_BODY_MAX, GOSSIP_BYTES_MAX, GOSSIP_COLLECTIONS_MAX,
    GOSSIP_DIGEST_MAX, GOSSIP_HOPS_MAX, GOSSIP_TASK_MS_MAX, GOSSIP_VALID_S,
};
use wattle::wire::certificate::exchange::Buckets;
use wattle::wire::envelope::{Encoding, Signer, Verifier, unsigned};
use wattle::wire::gossip::{
    Claim, Collection, Entries, Entry, Fact, Gossip, Headroom, Kind, Relayed, Removed, Said, TYPE,
};
use wattle::wire::message::Message;
use wattle::wire::peer_id::PeerId;

/// The variant number of `Message::Gossip`.
const GOSSIP: u8 = 7;

type Envelope<'a> = (&'a str, &'a [u8], &'a [u8], &'a [u8], &'a [u8]);
type Payload<'a> = (u8, Option<[u8; 32]>, u32, u64, &'a [u8]);

fn key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn name() -> PeerId {
    PeerId::from_public_key(key().verifying_key().as_bytes())
}

/// An item from anybody: its claim has the fields of the envelope, which has one encoding.
fn check_message(bytes: &[u8]) {
    let claim = Claim::of(bytes);
    let fact = Claim::with_fact(bytes);
    assert!(fact.as_ref().is_none_or(|(other, _)| Some(*other) == claim), "a fact has the claim of its message");
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(name()));
    if let (Ok(message), Some(claim)) = (verifier.verify_relayed(bytes), claim) {
        assert_eq!((claim.origin.0, claim.order), (*name().public_key(), (message.boot, message.seq)));
    }
    let Some(claim) = claim else { return };
    assert!(bytes.len() <= GOSSIP_BYTES_MAX && claim.order.1 > 0);
    let (envelope, rest): (Envelope<'_>, _) = postcard::take_from_bytes(bytes).unwrap();
    assert!(rest.is_empty() && envelope.0 == TYPE && envelope.4.len() == 64);
    assert!(postcard::to_allocvec(&envelope).unwrap() == bytes, "an item has one encoding");
    let (payload, rest): (Payload<'_>, _) = postcard::take_from_bytes(envelope.2).unwrap();
    assert!(rest.is_empty() && postcard::to_allocvec(&payload).unwrap() == envelope.2, "a payload has one encoding");
    assert_eq!(envelope.3, PeerId::from_public_key(&claim.origin.0).to_bytes());
    assert_eq!((payload.0, (payload.2, payload.3), payload.4[0]), (1, claim.order, claim.kind as u8));
    assert_eq!(fact.map(|(_, fact)| fact), Fact::decode(payload.4));
}

/// A fact: it has one encoding, and its numbers are decoded within their bounds.
fn check_fact(bytes: &[u8]) {
    let fact = Fact::decode(bytes);
    let message = unsigned(name(), TYPE, 3, 9, bytes);
    let expected = fact.as_ref().filter(|_| message.len() <= GOSSIP_BYTES_MAX);
    assert_eq!(Claim::with_fact(&message).map(|(_, fact)| fact).as_ref(), expected);
    check_message(&message);
    let Some(fact) = fact else { return };
    assert!(bytes.len() <= GOSSIP_BODY_MAX && bytes[0] == fact.kind() as u8);
    let unclamped: Fact = postcard::from_bytes(bytes).unwrap();
    assert!(unclamped.encode() == bytes, "a fact has one encoding");
    match &fact {
        Fact::Headroom(headroom) => {
            assert!(headroom.quarters <= 4 && headroom.ms_per_task <= GOSSIP_TASK_MS_MAX);
            assert!((GOSSIP_VALID_S.0..=GOSSIP_VALID_S.1).contains(&headroom.valid_s));
        }
        Fact::Collections(list) => {
            let sound = |name: &str| (1..=COLLECTION_BYTES_MAX).contains(&name.len()) && !name.contains('\n');
            assert!(list.len() <= GOSSIP_COLLECTIONS_MAX && list.iter().all(|of| sound(&of.name)));
        }
        Fact::Removed(_) | Fact::Update(_) => {}
    }
    assert!(matches!(fact, Fact::Headroom(_)) || fact == unclamped, "only a headroom is clamped");
    assert_eq!(Fact::decode(&fact.encode()), Some(fact));
}

/// A `gossip` message, in both encodings.
fn check_carrier(bytes: &[u8]) {
    let Some(message) = Message::decode(bytes) else { return };
    let Message::Gossip(gossip) = &message else { panic!("not a gossip message") };
    assert!(message.encode() == bytes && gossip.sound() && gossip.weight() >= 128);
    match gossip {
        Gossip::Push(batch) => {
            assert!(batch.len() <= GOSSIP_BATCH_MAX);
            for item in batch.iter() {
                assert!((1..=GOSSIP_HOPS_MAX).contains(&item.hops) && item.message.len() <= GOSSIP_BYTES_MAX);
                assert!(format!("{item:?}").len() < 256, "Debug does not show the bytes");
                check_message(&item.message);
            }
        }
        Gossip::IHave { list, .. } | Gossip::IWant(list) => assert!(list.len() <= GOSSIP_DIGEST_MAX),
        Gossip::Prune | Gossip::Compare { .. } => {}
    }
    let mut line = Vec::new();
    message.put(Encoding::Json, &mut line);
    assert_eq!(Message::read(Encoding::Json, message.kind(), &line), Some(message), "JSON carries the same message");
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    match way % 3 {
        0 => check_message(bytes),
        1 => check_fact(bytes),
        _ => check_carrier(&[&[GOSSIP][..], bytes].concat()),
    }
}

fn facts() -> Vec<Fact> {
    let of = |name: &str| Collection { name: name.try_into().unwrap(), model: [9; 32], documents: 300, passages: 7000 };
    vec![
        Fact::Headroom(Headroom { quarters: 3, energy: Energy::Surplus, ms_per_task: 300, valid_s: GOSSIP_VALID_S.1 }),
        Fact::Collections(Box::new(Bounded::from_slice(&[of("notes"), of("cookbook")]).unwrap())),
        Fact::Collections(Box::default()),
        Fact::Removed(Removed { peer: *name().public_key(), serial: 0 }),
        Fact::Update(Said::Updates),
    ]
}

/// One message of each variant, with items that their origin signed.
pub(super) fn messages() -> Vec<Message> {
    let mut signer = Signer::new(key(), 7);
    let items: Vec<Relayed> = (1..)
        .zip(facts())
        .map(|(hops, fact)| Relayed { hops, age_s: 200, message: signer.sign(TYPE, &[], &fact.encode()).unwrap() })
        .collect();
    let mut list = Entries::new();
    for kind in Kind::ALL {
        list.push(Entry { origin: [7; 8], kind, boot: 70_000, seq: 1 << 60 }).unwrap();
    }
    let list = Box::new(list);
    [
        Gossip::Push(Box::new(Bounded::from_slice(&items).unwrap())),
        Gossip::IHave { ask: true, list: list.clone() },
        Gossip::IWant(list),
        Gossip::Prune,
        Gossip::Compare { ask: true, hashes: Buckets(std::array::from_fn(|at| [at as u8; 8])) },
    ]
    .map(Message::Gossip)
    .to_vec()
}

/// Items, facts, and `gossip` messages.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut signer = Signer::new(key(), 7);
    let mut seeds = Vec::new();
    for body in facts().iter().map(Fact::encode) {
        seeds.push([&[0][..], &signer.sign(TYPE, &[], &body).unwrap()].concat());
        seeds.push([&[1][..], &body].concat());
    }
    for message in messages() {
        let bytes = message.encode();
        assert_eq!(bytes[0], GOSSIP);
        seeds.push([&[2][..], &bytes[1..]].concat());
    }
    seeds
}
