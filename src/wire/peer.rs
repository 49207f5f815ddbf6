//! The PeerId: an agent's public key as libp2p spells it.
//!
//! Source: libp2p specs, peer-ids/peer-ids.md: an Ed25519 key is its protobuf form (`08 01 12 20` and the
//! 32 bytes) in an identity multihash (`00 24`), shown in base58btc: "12D3KooW…".

use std::fmt;

const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// An agent's public name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId([u8; 32]);

impl PeerId {
    /// The PeerId of an Ed25519 public key.
    #[must_use]
    pub const fn from_public_key(key: &[u8; 32]) -> Self {
        Self(*key)
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; PREFIX.len() + 32];
        bytes[..PREFIX.len()].copy_from_slice(&PREFIX);
        bytes[PREFIX.len()..].copy_from_slice(&self.0);
        f.write_str(&bs58::encode(bytes).into_string())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_id_of_the_specification_comes_out() {
        // libp2p specs peer-ids.md, test vectors: the Ed25519 public key
        // 080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e.
        let key = [
            0x1e, 0xd1, 0xe8, 0xfa, 0xe2, 0xc4, 0xa1, 0x44, 0xb8, 0xbe, 0x8f, 0xd4, 0xb4, 0x7b, 0xf3, 0xd3, 0xb3, 0x4b,
            0x87, 0x1c, 0x3c, 0xac, 0xf6, 0x01, 0x0f, 0x0e, 0x42, 0xd4, 0x74, 0xfc, 0xe2, 0x7e,
        ];
        let name = PeerId::from_public_key(&key).to_string();
        assert!(name.starts_with("12D3KooW") && name.len() == 52, "{name}");
    }
}
