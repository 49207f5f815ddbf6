//! Chains by tables, test vectors of the signed bytes, and damage.

use super::exchange::{Buckets, Exchange, Page};
use super::*;
use crate::base::rng::Rng;
use crate::limits::{ADMINS_MAX, CERTIFICATE_BYTES_MAX, CHAIN_BYTES_MAX, FRAME_GOSSIP_MAX, TRUST_PAGE_MAX};
use crate::wire::message::Message;
use crate::wire::random_bytes;
use ed25519_dalek::SigningKey;
use sha2::{Digest, Sha256};

fn secret(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn key(n: u8) -> PeerKey {
    PeerKey(secret(n).verifying_key().to_bytes())
}

fn mesh() -> MeshId {
    MeshId(key(1).0)
}

/// A certificate of `holder` by `issuer`; key 1 is the root.
fn certificate(holder: u8, issuer: u8, caps: Caps) -> Certificate {
    let unsigned = Certificate {
        mesh: mesh(),
        holder: key(holder),
        caps,
        serial: 300,
        epoch: 7,
        issuer: key(issuer),
        signature: Signature::NONE,
    };
    let Record::Certificate(certificate) = Record::Certificate(unsigned).signed(&secret(issuer)) else { panic!() };
    certificate
}

fn admin() -> Certificate {
    certificate(2, 1, Caps::MEMBER | Caps::ADMIN)
}

fn chain() -> Chain {
    Chain { certificate: certificate(3, 2, Caps::MEMBER), issuer: Some(admin()) }
}

fn records() -> [Record; 3] {
    let (holder, issuer, signature) = (key(3), key(2), Signature::NONE);
    [
        Record::Certificate(certificate(3, 2, Caps::MEMBER | Caps::WORKER)),
        Record::Removal(Removal { mesh: mesh(), holder, epoch: 8, issuer, signature }).signed(&secret(2)),
        Record::InviteUse(InviteUse {
            mesh: mesh(),
            invite: [6; 16],
            holder,
            serial: 300,
            epoch: 7,
            issuer,
            signature,
        })
        .signed(&secret(2)),
    ]
}

#[test]
fn a_chain_from_the_root_proves_a_member_and_each_broken_one_names_its_cause() {
    let stranger = Chain { certificate: certificate(3, 9, Caps::MEMBER), issuer: Some(certificate(9, 9, Caps::ADMIN)) };
    let second = Chain { certificate: certificate(4, 3, Caps::MEMBER), issuer: Some(chain().certificate) };
    let of_member =
        Chain { certificate: certificate(4, 3, Caps::MEMBER), issuer: Some(certificate(3, 1, Caps::MEMBER)) };
    let other = MeshId(key(8).0);
    let mut forged = chain();
    forged.certificate.holder = key(5);
    let mut forged_issuer = chain();
    forged_issuer.issuer = Some(Certificate { serial: 301, ..admin() });
    let cases = [
        ("of the root", mesh(), Chain { certificate: admin(), issuer: None }, Ok(())),
        ("of an admin", mesh(), chain(), Ok(())),
        ("of another mesh", other, chain(), Err(Refusal::OtherMesh)),
        ("without the admin's", mesh(), Chain { issuer: None, ..chain() }, Err(Refusal::NoAdmin)),
        (
            "with another admin's",
            mesh(),
            Chain { issuer: Some(certificate(4, 1, Caps::ADMIN)), ..chain() },
            Err(Refusal::NoAdmin),
        ),
        ("by a member", mesh(), of_member, Err(Refusal::NoAdmin)),
        ("by itself", mesh(), stranger, Err(Refusal::ChainTooLong)),
        ("of three", mesh(), second, Err(Refusal::ChainTooLong)),
        (
            "an admin's admin",
            mesh(),
            Chain { certificate: certificate(3, 2, Caps::ADMIN), ..chain() },
            Err(Refusal::ChainTooLong),
        ),
        (
            "with an issuer too many",
            mesh(),
            Chain { certificate: admin(), issuer: Some(admin()) },
            Err(Refusal::ChainTooLong),
        ),
        ("forged", mesh(), forged, Err(Refusal::Signature)),
        ("with a forged admin", mesh(), forged_issuer, Err(Refusal::Signature)),
    ];
    for (name, mesh, chain, expected) in cases {
        assert_eq!(chain.verify(mesh), expected, "a chain {name}");
    }
}

#[test]
fn a_record_has_one_encoding_and_one_changed_bit_of_it_is_refused() {
    for record in records() {
        assert!(record.is_signed(), "{record:?}");
        let page = Exchange::Push(Box::new(Page { issuers: vec![admin()], records: vec![record] }));
        let bytes = Message::Trust(page).encode();
        for at in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[at / 8] ^= 1 << (at % 8);
            let Some(Message::Trust(Exchange::Push(page))) = Message::decode(&changed) else { continue };
            let all_signed = page.iter().all(|record| record.is_signed()) && page.count() == 2;
            assert!(!all_signed, "bit {at} of {record:?}");
        }
    }
}

#[test]
fn no_signature_serves_for_a_record_of_another_kind() {
    let bytes = records().map(|record| record.signed_bytes());
    for (at, one) in bytes.iter().enumerate() {
        for other in &bytes[at + 1..] {
            assert!(!one.starts_with(&other[..14]) && one != other);
        }
    }
    assert!(
        !Record::Certificate(Certificate { signature: Signature::NONE, ..admin() }).is_signed(),
        "nobody signed it"
    );
}

#[test]
fn the_signed_bytes_are_those_of_docs_messages_md() {
    let hash = |record: &Record| Sha256::digest(record.signed_bytes())[..4].to_vec();
    // Built from the page's table, field by field.
    let [certificate, removal, used] = records();
    let (mesh, holder, issuer) = (mesh().0, key(3).0, key(2).0);
    let expected = [
        [&b"wattle-certificate-1"[..], &mesh, &holder, &[3], &[0, 0, 0, 0, 0, 0, 1, 44], &[0, 0, 0, 7], &issuer]
            .concat(),
        [&b"wattle-removal-1"[..], &mesh, &holder, &[0, 0, 0, 8], &issuer].concat(),
        [&b"wattle-invite-used-1"[..], &mesh, &[6; 16], &holder, &[0, 0, 0, 0, 0, 0, 1, 44], &[0, 0, 0, 7], &issuer]
            .concat(),
    ];
    for (record, bytes) in [certificate, removal, used].iter().zip(expected) {
        assert_eq!(record.signed_bytes(), bytes);
        assert_eq!(hash(record), Sha256::digest(&bytes)[..4]);
    }
}

#[test]
fn a_chain_survives_pairing_s_bytes_and_no_other_bytes_are_one() {
    let bytes = chain().encode();
    assert!(bytes.len() <= CHAIN_BYTES_MAX && Chain::decode(&bytes) == Some(chain()));
    assert_eq!(Chain::decode(&[&bytes[..], &[0]].concat()), None, "a byte too many");
    assert_eq!(Chain::decode(&[&[2], &bytes[1..]].concat()), None, "a later version");
    assert_eq!(Chain::decode(&[]), None);
    let mut rng = Rng::new(4);
    for _ in 0..5_000 {
        let mut damaged = bytes.clone();
        random_bytes::damage(&mut rng, &mut damaged, 4);
        damaged.truncate(random_bytes::below(&mut rng, damaged.len() + 1));
        if let Some(chain) = Chain::decode(&damaged) {
            assert_eq!(chain.encode(), damaged);
        }
    }
}

#[test]
fn a_page_keeps_its_caps_and_its_largest_form_is_one_frame() {
    let largest = Certificate { serial: u64::MAX, epoch: u32::MAX, ..admin() };
    let page = |issuers, count| {
        let records = vec![Record::Certificate(largest); count];
        Message::Trust(Exchange::Push(Box::new(Page { issuers: vec![largest; issuers], records })))
    };
    let bytes = page(ADMINS_MAX, TRUST_PAGE_MAX).encode();
    assert!(bytes.len() < FRAME_GOSSIP_MAX && Message::decode(&bytes).is_some(), "{} bytes", bytes.len());
    assert_eq!(Message::decode(&page(ADMINS_MAX + 1, 1).encode()), None);
    assert_eq!(Message::decode(&page(1, TRUST_PAGE_MAX + 1).encode()), None);
    assert!(page(0, 1).encode().len() - page(0, 0).encode().len() <= CERTIFICATE_BYTES_MAX);
    let digest = Message::Trust(Exchange::Digest { ask: false, buckets: Buckets::default() });
    assert_eq!(Message::decode(&digest.encode()), Some(digest));
}

#[test]
fn caps_that_this_version_does_not_know_are_refused() {
    assert_eq!(Caps::try_from(0b1_0000).ok(), None);
    assert_eq!(Caps::try_from(0b1001), Ok(Caps::MEMBER | Caps::KEEPER));
    assert_eq!(format!("{:?}", Caps::MEMBER | Caps::ADMIN), "{\"member\", \"admin\"}");
    for (number, refusal) in Refusal::ALL.into_iter().enumerate() {
        assert!(refusal as usize == number && refusal.to_string().ends_with('.'));
    }
}
