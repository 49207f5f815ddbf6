//! Certificates, removals and used invites: chains, the messages that carry records, and the file of all records.
//!
//! The first byte selects: a chain as pairing hands it over; the body of a `trust` message; the file. Whatever is decoded has one
//! encoding, and no set of records comes to hold what nothing proves.

use ed25519_dalek::SigningKey;
use wattle::base::id::{MeshId, PeerKey};
use wattle::limits::{ADMINS_MAX, CHAIN_BYTES_MAX, TRUST_BUCKETS, TRUST_PAGE_MAX};
use wattle::limits::{INVITES_MAX, INVITES_VOID_MAX};
use wattle::mesh::pairing::invites;
use wattle::mesh::trust::records::Records;
use wattle::wire::certificate::exchange::{Buckets, Exchange, Page};
use wattle::wire::certificate::{Caps, Certificate, Chain, InviteUse, Record, Refusal, Removal, Signature};
use wattle::wire::envelope::Encoding;
use wattle::wire::message::Message;
use wattle::wire::pairing::InviteId;
use wattle::wire::pairing::invite::InviteRecord;
use wattle::wire::pairing::secret::LongSecret;

/// The variant number of `Message::Trust`.
const TRUST: u8 = 11;

fn secret(n: u8) -> SigningKey {
    SigningKey::from_bytes(&[n; 32])
}

fn key(n: u8) -> PeerKey {
    PeerKey(secret(n).verifying_key().to_bytes())
}

fn mesh() -> MeshId {
    MeshId(key(1).0)
}

fn check_chain(bytes: &[u8]) {
    let Some(chain) = Chain::decode(bytes) else { return };
    assert!(chain.encode() == bytes && bytes.len() <= CHAIN_BYTES_MAX);
    let verified = chain.verify(mesh());
    if verified.is_ok() {
        let of_root = chain.certificate.issuer == mesh().root();
        assert!(chain.check(mesh()).is_ok() && chain.issuer.is_none() == of_root);
        assert!(of_root || !chain.certificate.caps.contains(Caps::ADMIN), "only the root makes admins");
    }
}

/// A `trust` message, in both encodings; what it pushes is taken by a set as the set's own pages would be.
pub(super) fn check_message(message: &Message) {
    let mut line = Vec::new();
    message.put(Encoding::Json, &mut line);
    assert_eq!(Message::read(Encoding::Json, message.kind(), &line).as_ref(), Some(message));
    let Message::Trust(Exchange::Push(page)) = message else { return };
    assert!(page.issuers.len() <= ADMINS_MAX && page.records.len() <= TRUST_PAGE_MAX && page.is_sound());
    let mut records = Records::default();
    let first = page.iter().next().map_or(mesh(), |record| record.mesh());
    assert_eq!(records.adopt(first), Ok(()));
    // Whatever the signatures are: their check comes before.
    let _ = records.take(page);
    assert_eq!(Records::decode(&records.encode()).as_ref(), Some(&records));
    let again = records.take(page);
    assert!(again.new.is_empty(), "a page changes nothing when it comes again");
    let mut other = Records::default();
    assert_eq!(other.adopt(first), Ok(()));
    for page in records.pages(|_| true) {
        assert!(page.is_sound() && other.take(&page).refused.is_empty(), "a set takes the pages of another one");
    }
    assert!(other.buckets() == records.buckets() && other == records);
}

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some((way, bytes)) = data.split_first() else { return };
    match way % 4 {
        0 => check_chain(bytes),
        1 => {
            let Some(message) = Message::decode(&[&[TRUST][..], bytes].concat()) else { return };
            check_message(&message);
        }
        2 => {
            let Some(records) = Records::decode(bytes) else { return };
            let encoded = records.encode();
            assert_eq!(Records::decode(&encoded), Some(records), "what was read is written the same");
        }
        _ => {
            let Some(saved) = invites::decode(bytes) else { return };
            let (records, void) = (saved.records.len(), saved.void.len());
            assert!(records <= INVITES_MAX && void <= INVITES_VOID_MAX, "within the caps");
            let encoded = invites::encode(&saved);
            assert_eq!(invites::decode(&encoded).as_ref(), Some(&saved), "what was read is written the same");
            // A file of the first version is written as one of this version.
            assert!(bytes.first() == Some(&1) || encoded == bytes, "one encoding");
        }
    }
}

fn certificate(holder: u8, issuer: u8, caps: Caps) -> Certificate {
    let (mesh, holder, signature) = (mesh(), key(holder), Signature::NONE);
    let unsigned = Certificate { mesh, holder, caps, serial: 300, epoch: 7, issuer: key(issuer), signature };
    let Record::Certificate(signed) = Record::Certificate(unsigned).signed(&secret(issuer)) else { return unsigned };
    signed
}

fn page() -> Page {
    let (mesh, holder, issuer, signature) = (mesh(), key(4), key(2), Signature::NONE);
    let records = [
        Record::Certificate(certificate(3, 2, Caps::MEMBER | Caps::WORKER)),
        Record::Removal(Removal { mesh, holder, epoch: 8, issuer, signature }).signed(&secret(2)),
        Record::InviteUse(InviteUse { mesh, invite: [6; 16], holder, serial: 300, epoch: 7, issuer, signature })
            .signed(&secret(2)),
    ];
    Page { issuers: vec![certificate(2, 1, Caps::MEMBER | Caps::ADMIN)], records: records.to_vec() }
}

/// One message of each variant.
pub(super) fn messages() -> Vec<Message> {
    let chain = Chain { certificate: certificate(3, 2, Caps::MEMBER), issuer: Some(certificate(2, 1, Caps::ADMIN)) };
    let id = InviteId([6; 16]);
    let verifier = LongSecret::new([7; 16]).verifier(id);
    let invite = InviteRecord { id, verifier, caps: 3, left_ms: 86_400_000, removed_admins: 2, holder: Some(key(4)) };
    [
        Exchange::Show(Box::new(chain)),
        Exchange::Digest { ask: true, buckets: Buckets([[7; 8]; TRUST_BUCKETS]) },
        Exchange::Push(Box::new(page())),
        Exchange::Refused(Refusal::Removed),
        Exchange::Invite(Box::new(invite)),
        Exchange::Leave,
    ]
    .map(Message::Trust)
    .to_vec()
}

/// Chains, `trust` messages, and a file.
pub fn seeds() -> Vec<Vec<u8>> {
    let root = Chain { certificate: certificate(2, 1, Caps::ADMIN), issuer: None };
    let member = Chain { certificate: certificate(3, 2, Caps::MEMBER), issuer: Some(certificate(2, 1, Caps::ADMIN)) };
    let mut seeds = vec![[&[0][..], &root.encode()].concat(), [&[0][..], &member.encode()].concat()];
    seeds.extend(messages().iter().map(|message| [&[1][..], &message.encode()[1..]].concat()));
    let mut records = Records::default();
    if records.adopt(mesh()).is_ok() {
        let _ = records.take(&page());
    }
    seeds.push([&[2][..], &records.encode()].concat());
    let invite = messages().into_iter().find_map(|message| match message {
        Message::Trust(Exchange::Invite(record)) => Some(*record),
        _ => None,
    });
    let saved = invites::Saved { records: invite.into_iter().collect(), void: vec![(InviteId([5; 16]), 3_600_000)] };
    seeds.push([&[3][..], &invites::encode(&saved)].concat());
    seeds
}
