//! libp2p's identify protocol: an agent's program, protocols and addresses, as it states them itself.
//!
//! Source: libp2p specs identify/README.md: one protobuf message, preceded by its varint length: {1 publicKey, 2
//! listenAddrs, 3 protocols, 4 observedAddr, 5 protocolVersion, 6 agentVersion}. None of it is proven.

use super::multiaddr::Multiaddr;
use super::peer_id::PeerId;
use super::varint;
use crate::base::protobuf::{self, Value};
use crate::limits::{IDENTIFY_AGENT_MAX, IDENTIFY_BYTES_MAX, IDENTIFY_LIST_MAX};

/// The protocol id.
pub const IDENTIFY: &str = "/ipfs/id/1.0.0";

/// The agentVersion of our own agents.
pub const AGENT: &str = concat!("wattle/", env!("CARGO_PKG_VERSION"));

const FAMILY: &str = "ipfs/0.1.0";

/// What an agent states about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identify {
    /// Its public key, if that is a valid Ed25519 key.
    pub peer: Option<PeerId>,
    /// Where it listens; addresses of unsupported transports are left out.
    pub listen: Vec<Multiaddr>,
    /// The protocols that it supports.
    pub protocols: Vec<String>,
    /// The address at which it sees its peer.
    pub observed: Option<Multiaddr>,
    /// Its program and version.
    pub agent: String,
}

impl Identify {
    /// The message, preceded by its length.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut message = Vec::new();
        if let Some(peer) = self.peer {
            protobuf::put_bytes(&mut message, 1, &peer.to_protobuf());
        }
        for address in &self.listen {
            protobuf::put_bytes(&mut message, 2, &address.to_bytes());
        }
        for protocol in &self.protocols {
            protobuf::put_bytes(&mut message, 3, protocol.as_bytes());
        }
        if let Some(observed) = self.observed {
            protobuf::put_bytes(&mut message, 4, &observed.to_bytes());
        }
        protobuf::put_bytes(&mut message, 5, FAMILY.as_bytes());
        protobuf::put_bytes(&mut message, 6, self.agent.as_bytes());
        let mut framed = Vec::new();
        varint::put(&mut framed, message.len() as u64);
        framed.extend(message);
        framed
    }

    /// Decodes a message that is preceded by its length; `None` if it is incomplete, too long or malformed. Lists above
    /// `IDENTIFY_LIST_MAX` and names above `IDENTIFY_AGENT_MAX` bytes are truncated.
    #[must_use]
    pub fn decode(framed: &[u8]) -> Option<Self> {
        let (length, head) = varint::read(framed).ok()??;
        let length = usize::try_from(length).ok().filter(|length| *length <= IDENTIFY_BYTES_MAX)?;
        let message = framed.get(head..)?.get(..length)?;
        let mut identify = Self::default();
        protobuf::fields(message, |field, value| {
            let Value::Bytes(bytes) = value else { return };
            match field {
                1 => identify.peer = PeerId::from_protobuf(bytes).ok(),
                2 if identify.listen.len() < IDENTIFY_LIST_MAX => {
                    identify.listen.extend(Multiaddr::from_bytes(bytes).ok());
                }
                3 if identify.protocols.len() < IDENTIFY_LIST_MAX => identify.protocols.push(name(bytes)),
                4 => identify.observed = Multiaddr::from_bytes(bytes).ok(),
                6 => identify.agent = name(bytes),
                _ => {}
            }
        })
        .ok()?;
        Some(identify)
    }
}

/// Text for people: truncated, and without control codes, which could drive a terminal. The replacement character is
/// longer than a broken byte, so the length is checked while the text grows.
fn name(bytes: &[u8]) -> String {
    let cut = bytes.get(..IDENTIFY_AGENT_MAX).unwrap_or(bytes);
    let mut name = String::new();
    for letter in String::from_utf8_lossy(cut).chars().filter(|letter| !letter.is_control()) {
        if name.len() + letter.len_utf8() > IDENTIFY_AGENT_MAX {
            break;
        }
        name.push(letter);
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    fn ours() -> Identify {
        let address: Multiaddr = "/ip4/127.0.0.1/tcp/7781".parse().unwrap();
        Identify {
            peer: Some("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA".parse().unwrap()),
            listen: vec![address],
            protocols: vec![IDENTIFY.to_owned(), "/ipfs/ping/1.0.0".to_owned()],
            observed: Some(address),
            agent: AGENT.to_owned(),
        }
    }

    #[test]
    fn a_message_survives_encoding_and_decoding() {
        assert_eq!(Identify::decode(&ours().encode()), Some(ours()));
    }

    #[test]
    fn long_lists_and_names_are_truncated_and_control_codes_removed() {
        let mut long = ours();
        long.protocols = vec!["/x".to_owned(); 1000];
        long.agent = format!("\u{1b}[2J{}", "a".repeat(2000));
        let back = Identify::decode(&long.encode()).unwrap();
        assert_eq!(back.protocols.len(), IDENTIFY_LIST_MAX);
        assert!(back.agent.len() <= IDENTIFY_AGENT_MAX && back.agent.starts_with("[2J"));
        assert!(name(&[0xff; 200]).len() <= IDENTIFY_AGENT_MAX, "replacement characters count");
        long.agent = "a".repeat(IDENTIFY_BYTES_MAX);
        assert_eq!(Identify::decode(&long.encode()), None);
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let mut rng = Rng::new(8);
        let good = ours().encode();
        for _ in 0..10_000 {
            let mut bytes = good.clone();
            random_bytes::damage(&mut rng, &mut bytes, 5);
            bytes.truncate(random_bytes::below(&mut rng, good.len() + 1));
            let _ = Identify::decode(&bytes);
        }
    }
}
