//! libp2p's identify: which program an agent is, what it speaks and where it listens.
//!
//! Source: libp2p specs identify/README.md: one protobuf, led by its varint length: {1 publicKey, 2 listenAddrs,
//! 3 protocols, 4 observedAddr, 5 protocolVersion, 6 agentVersion}. All of it is only said, not proven.

use super::multiaddr::Multiaddr;
use super::peer_id::PeerId;
use super::protobuf::{self, Value};
use super::varint;
use crate::limits::{IDENTIFY_AGENT_MAX, IDENTIFY_BYTES_MAX, IDENTIFY_LIST_MAX};

/// The protocol's id.
pub const IDENTIFY: &str = "/ipfs/id/1.0.0";

/// What our own agents call themselves.
pub const AGENT: &str = concat!("wattle/", env!("CARGO_PKG_VERSION"));

const FAMILY: &str = "ipfs/0.1.0";

/// What an agent says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identify {
    /// The key, if it is one that we know.
    pub peer: Option<PeerId>,
    /// Where it listens; addresses that we do not understand are left out.
    pub listen: Vec<Multiaddr>,
    /// What it speaks.
    pub protocols: Vec<String>,
    /// Where it sees the asker.
    pub observed: Option<Multiaddr>,
    /// Program and version.
    pub agent: String,
}

impl Identify {
    /// The message with its length in front.
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

    /// Reads a message with its length in front; `None` if it is cut short, too long or no protobuf. Lists
    /// above `IDENTIFY_LIST_MAX` and names above `IDENTIFY_AGENT_MAX` bytes are cut.
    #[must_use]
    pub fn decode(framed: &[u8]) -> Option<Self> {
        let (length, head) = varint::read(framed).ok()??;
        let length = usize::try_from(length).ok().filter(|length| *length <= IDENTIFY_BYTES_MAX)?;
        let message = framed.get(head..)?.get(..length)?;
        let mut said = Self::default();
        protobuf::fields(message, |field, value| {
            let Value::Bytes(bytes) = value else { return };
            match field {
                1 => said.peer = PeerId::from_protobuf(bytes).ok(),
                2 if said.listen.len() < IDENTIFY_LIST_MAX => said.listen.extend(Multiaddr::from_bytes(bytes).ok()),
                3 if said.protocols.len() < IDENTIFY_LIST_MAX => said.protocols.push(name(bytes)),
                4 => said.observed = Multiaddr::from_bytes(bytes).ok(),
                6 => said.agent = name(bytes),
                _ => {}
            }
        })
        .ok()?;
        Some(said)
    }
}

/// Text for people: cut, and without what would steer a terminal. What stands for broken letters is longer than
/// they are, so it is counted as it comes out.
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
    fn what_is_said_comes_back() {
        assert_eq!(Identify::decode(&ours().encode()), Some(ours()));
    }

    #[test]
    fn long_lists_and_names_are_cut_and_control_codes_left_out() {
        let mut long = ours();
        long.protocols = vec!["/x".to_owned(); 1000];
        long.agent = format!("\u{1b}[2J{}", "a".repeat(2000));
        let back = Identify::decode(&long.encode()).unwrap();
        assert_eq!(back.protocols.len(), IDENTIFY_LIST_MAX);
        assert!(back.agent.len() <= IDENTIFY_AGENT_MAX && back.agent.starts_with("[2J"));
        assert!(name(&[0xff; 200]).len() <= IDENTIFY_AGENT_MAX, "what stands for broken bytes counts as well");
        long.agent = "a".repeat(IDENTIFY_BYTES_MAX);
        assert_eq!(Identify::decode(&long.encode()), None);
    }

    #[test]
    fn any_bytes_end_in_an_answer() {
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
