//! PeerIds and addresses: one encoding in bytes, and text and bytes carry the same.

use wattle::wire::multiaddr::Multiaddr;
use wattle::wire::peer_id::PeerId;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    if let Ok(address) = Multiaddr::from_bytes(data) {
        assert_eq!(address.to_bytes(), data, "an address has one encoding");
        assert_eq!(address.to_string().parse(), Ok(address));
    }
    if let Ok(peer) = PeerId::from_bytes(data) {
        assert_eq!(peer.to_bytes(), data, "a PeerId has one encoding");
        assert_eq!(peer.to_string().parse(), Ok(peer));
    }
    if let Ok(peer) = PeerId::from_protobuf(data) {
        assert_eq!(peer.to_protobuf(), data, "a key has one encoding");
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(address) = text.parse::<Multiaddr>() {
        assert_eq!(address.to_string().parse(), Ok(address));
        assert_eq!(Multiaddr::from_bytes(&address.to_bytes()), Ok(address));
    }
    if let Ok(peer) = text.parse::<PeerId>() {
        assert_eq!(peer.to_string(), text, "a PeerId has one encoding");
    }
}

/// Addresses in both encodings, a PeerId and a key.
pub fn seeds() -> Vec<Vec<u8>> {
    let peer = PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes());
    let texts = [
        format!("/ip4/192.168.1.7/tcp/7781/p2p/{peer}"),
        format!("/p2p/{peer}"),
        "/ip6/fe80::1/tcp/65535".to_owned(),
        "/ip6/::ffff:10.0.0.1/tcp/1".to_owned(),
    ];
    let mut seeds = Vec::new();
    for text in texts {
        seeds.push(text.parse::<Multiaddr>().unwrap().to_bytes());
        seeds.push(text.into_bytes());
    }
    seeds.extend([peer.to_string().into_bytes(), peer.to_bytes().to_vec(), peer.to_protobuf().to_vec()]);
    seeds
}
