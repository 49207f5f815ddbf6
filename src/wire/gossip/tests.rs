//! Tests of facts, claims and gossip messages.

use super::*;
use crate::base::rng::Rng;
use crate::wire::envelope::{Signer, Verifier, unsigned};
use crate::wire::peer_id::PeerId;
use crate::wire::random_bytes;
use ed25519_dalek::SigningKey;

fn longest() -> Fact {
    let of = Collection {
        name: Text::try_from("x".repeat(COLLECTION_BYTES_MAX).as_str()).unwrap(),
        model: [255; 32],
        documents: u32::MAX,
        passages: u32::MAX,
    };
    let mut list = Box::new(Bounded::new());
    while list.push(of.clone()).is_ok() {}
    Fact::Collections(list)
}

fn headroom(quarters: u8, ms_per_task: u32, valid_s: u16) -> Fact {
    Fact::Headroom(Headroom { quarters, energy: Energy::Surplus, ms_per_task, valid_s })
}

fn facts() -> [Fact; 5] {
    let removed = Fact::Removed(Removed { peer: [3; 32], serial: u64::MAX });
    [headroom(2, 40, 90), longest(), Fact::Collections(Box::default()), removed, Fact::Update(Said::Nothing)]
}

#[test]
fn a_fact_survives_encoding_and_the_longest_one_fits_an_item() {
    for fact in facts() {
        assert_eq!(Fact::decode(&fact.encode()), Some(fact.clone()));
        let message = Signer::new(SigningKey::from_bytes(&[4; 32]), u32::MAX).sign(TYPE, &[], &fact.encode()).unwrap();
        assert!(message.len() <= GOSSIP_BYTES_MAX, "{} bytes", message.len());
        println!("{:?}: {} bytes signed", fact.kind(), message.len());
    }
}

#[test]
fn the_number_of_a_kind_is_the_first_byte_of_its_fact() {
    for fact in facts() {
        assert_eq!(Kind::ALL[usize::from(fact.encode()[0])], fact.kind());
    }
}

#[test]
fn numbers_beyond_their_bounds_are_clamped() {
    assert_eq!(Fact::decode(&headroom(200, u32::MAX, 0).encode()), Some(headroom(4, GOSSIP_TASK_MS_MAX, 30)));
    assert_eq!(Fact::decode(&headroom(3, 1, u16::MAX).encode()), Some(headroom(3, 1, GOSSIP_VALID_S.1)));
}

#[test]
fn other_encodings_trailing_bytes_long_lists_and_control_codes_are_refused() {
    let good = headroom(2, 5, 90).encode();
    assert_eq!(good, [0, 2, 3, 5, 90]);
    assert_eq!((Fact::Update(Said::Wants).encode(), Fact::Update(Said::Updates).encode()), (vec![3, 0], vec![3, 1]));
    assert_eq!(Fact::decode(&[3, 3]), None, "a word that is none");
    assert_eq!(headroom(2, 5, 1_500).encode(), [0, 2, 3, 5, 0xdc, 0x0b]);
    assert_eq!(Fact::decode(&[0, 2, 3, 0x85, 0x00, 90]), None, "the number 5 in two bytes");
    assert_eq!(Fact::decode(&[&good[..], &[0]].concat()), None);
    assert_eq!(Fact::decode(&[1, 17]), None, "one collection above the cap");
    let mut collection = Collection { name: Text::new(), model: [0; 32], documents: 0, passages: 0 };
    let fact = |of: &Collection| Fact::Collections(Box::new(Bounded::from_slice(core::slice::from_ref(of)).unwrap()));
    assert_eq!(Fact::decode(&fact(&collection).encode()), None, "no name");
    collection.name.push_str("a\u{1b}[2J").unwrap();
    assert_eq!(Fact::decode(&fact(&collection).encode()), None);
}

#[test]
fn a_claim_has_origin_kind_and_order_and_other_messages_are_no_items() {
    let key = SigningKey::from_bytes(&[5; 32]);
    let peer = PeerId::from_public_key(key.verifying_key().as_bytes());
    let mut signer = Signer::new(key, 7);
    let message = signer.sign(TYPE, &[], &headroom(1, 1, 60).encode()).unwrap();
    let claim = Claim { origin: PeerKey(*peer.public_key()), kind: Kind::Headroom, order: (7, 1) };
    assert_eq!(Claim::with_fact(&message), Some((claim, headroom(1, 1, 60))));
    let mut verifier = Verifier::new();
    assert!(verifier.add_peer(peer) && verifier.verify_relayed(&message).is_ok());
    assert_eq!(Claim::of(&signer.sign("hello", &[], &headroom(1, 1, 60).encode()).unwrap()), None);
    assert_eq!(Claim::of(&signer.sign(TYPE, &[], &[4]).unwrap()), None, "a kind of a later version");
    assert_eq!(Claim::of(&signer.sign(TYPE, &[], &[]).unwrap()), None);
    assert_eq!(Claim::of(&unsigned(peer, TYPE, 1, 0, &[0])), None, "numbers begin at 1");
    assert_eq!(Claim::of(&signer.sign(TYPE, &[], &[0; GOSSIP_BYTES_MAX]).unwrap()), None, "too long");
}

#[test]
fn hops_and_lengths_are_bounded() {
    let push = |hops, length| {
        Gossip::Push(Box::new(Bounded::from_slice(&[Relayed { hops, age_s: 0, message: vec![1; length] }]).unwrap()))
    };
    assert!(push(1, 1).sound() && push(GOSSIP_HOPS_MAX, GOSSIP_BYTES_MAX).sound());
    assert!(!push(0, 1).sound() && !push(GOSSIP_HOPS_MAX + 1, 1).sound());
    assert!(!push(1, 0).sound() && !push(1, GOSSIP_BYTES_MAX + 1).sound());
}

#[test]
fn damaged_facts_and_gossip_messages_never_panic() {
    let mut rng = Rng::new(6);
    let entry = Entry { origin: [1; 8], kind: Kind::Removed, boot: 3, seq: 900 };
    let have = Gossip::IHave { ask: true, list: Box::new(Bounded::from_slice(&[entry; 3]).unwrap()) };
    let have = postcard::to_allocvec(&have).unwrap();
    for _ in 0..5_000 {
        let mut bytes = facts()[random_bytes::below(&mut rng, 4)].encode();
        random_bytes::damage(&mut rng, &mut bytes, 4);
        bytes.truncate(random_bytes::below(&mut rng, bytes.len() + 1));
        if let Some(Fact::Headroom(read)) = Fact::decode(&bytes) {
            assert_eq!(read, read.clamped());
        }
        let mut bytes = have.clone();
        random_bytes::damage(&mut rng, &mut bytes, 4);
        let _ = postcard::take_from_bytes::<Gossip>(&bytes);
    }
    assert!(postcard::take_from_bytes::<Gossip>(&[2, 65]).is_err(), "one identifier above the cap");
    assert!(postcard::take_from_bytes::<Gossip>(&[0, 33]).is_err(), "one item above the cap");
}
