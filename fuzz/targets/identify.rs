//! identify: what is kept is bounded, fit for a terminal, and said again it is the same.

use wattle::limits::{IDENTIFY_AGENT_MAX, IDENTIFY_LIST_MAX};
use wattle::wire::identify::{AGENT, IDENTIFY, Identify};
use wattle::wire::peer_id::PeerId;

/// See the head of this file.
pub fn check(data: &[u8]) {
    let Some(said) = Identify::decode(data) else { return };
    assert!(said.listen.len() <= IDENTIFY_LIST_MAX && said.protocols.len() <= IDENTIFY_LIST_MAX);
    for name in said.protocols.iter().chain([&said.agent]) {
        assert!(name.len() <= IDENTIFY_AGENT_MAX, "{} bytes of a name", name.len());
        assert!(name.chars().all(|letter| !letter.is_control()));
    }
    let again = said.encode();
    // Names can be longer in UTF-8 than the bytes that they replace, so the whole may have grown beyond the cap.
    if let Some(back) = Identify::decode(&again) {
        assert_eq!(back, said);
    }
}

/// A full one and an empty one.
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
    let strange = Identify { agent: "é".repeat(70), ..Identify::default() };
    vec![full.encode(), Identify::default().encode(), strange.encode()]
}
