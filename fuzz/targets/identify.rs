//! identify: the decoded message is bounded, fit for a terminal, and survives encoding.

use wattle::limits::{IDENTIFY_AGENT_MAX, IDENTIFY_LIST_MAX};
use wattle::wire::identify::{AGENT, IDENTIFY, Identify};
use wattle::wire::peer_id::PeerId;

/// Asserts what the head of this file describes.
pub fn check(data: &[u8]) {
    let Some(identify) = Identify::decode(data) else { return };
    assert!(identify.listen.len() <= IDENTIFY_LIST_MAX && identify.protocols.len() <= IDENTIFY_LIST_MAX);
    for name in identify.protocols.iter().chain([&identify.agent]) {
        assert!(name.len() <= IDENTIFY_AGENT_MAX, "{} bytes of a name", name.len());
        assert!(name.chars().all(|letter| !letter.is_control()));
    }
    let again = identify.encode();
    // Replacement characters are longer than the broken bytes, so the whole may have grown beyond the cap.
    if let Some(back) = Identify::decode(&again) {
        assert_eq!(back, identify);
    }
}

/// A full message, an empty one, and one with a long name.
pub fn seeds() -> Vec<Vec<u8>> {
    let address = "/ip4/127.0.0.1/tcp/7781".parse().unwrap();
    let peer = PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().as_bytes());
    let full = Identify {
        peer: Some(peer),
        listen: vec![address, "/ip6/::1/tcp/1".parse().unwrap()],
        protocols: vec![IDENTIFY.to_owned(), "/ipfs/ping/1.0.0".to_owned()],
        observed: Some(address),
        agent: AGENT.to_owned(),
    };
    let long_name = Identify { agent: "é".repeat(70), ..Identify::default() };
    vec![full.encode(), Identify::default().encode(), long_name.encode()]
}
