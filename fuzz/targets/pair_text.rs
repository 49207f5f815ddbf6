//! What a person scans, types or copies to join: the text of a QR code, a code, an invite's file. What is read is written
//! back as a text that means the same; the text of a QR code and a code have one form.

use wattle::base::id::PeerKey;
use wattle::limits::{INVITE_ADDRESSES_MAX, INVITE_ISSUERS_MAX, PAIR_LINK_BYTES_MAX};
use wattle::wire::pairing::InviteId;
use wattle::wire::pairing::invite::Invite;
use wattle::wire::pairing::link::PairLink;
use wattle::wire::pairing::secret::{Code, LongSecret};

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(link) = PairLink::parse(text) {
        assert!(text.len() <= PAIR_LINK_BYTES_MAX);
        assert_eq!(*link.text(), text);
    }
    if let Ok(invite) = Invite::parse(text) {
        assert!((1..=INVITE_ISSUERS_MAX).contains(&invite.issuers.len()));
        assert!(invite.addresses.len() <= INVITE_ADDRESSES_MAX);
        assert_eq!(Invite::parse(&invite.text()), Ok(invite));
    }
    if let Some(code) = Code::parse(text) {
        assert!(Code::parse(&code.shown()) == Some(code));
    }
}

/// A link with and without addresses, an invite, codes.
pub fn seeds() -> Vec<Vec<u8>> {
    let key = |seed| PeerKey(*ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes());
    let addresses = || vec!["192.168.1.5:7781".parse().unwrap(), "[fd00::5]:7781".parse().unwrap()];
    let secret = LongSecret::new([0xa7; 16]);
    let link = |addresses| PairLink { addresses, secret: secret.clone(), admin: key(1), mesh: [0x5b; 32] };
    let invite = Invite {
        mesh: [0x5b; 32],
        id: InviteId([7; 16]),
        secret: secret.clone(),
        issuers: vec![key(1), key(2)],
        addresses: addresses(),
        caps: 3,
        hours: 24,
    };
    let texts = [link(Vec::new()).text(), link(addresses()).text(), invite.text()];
    let mut seeds: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    seeds.extend([b"1234 5678".to_vec(), b"12-34-56-78".to_vec()]);
    seeds
}
