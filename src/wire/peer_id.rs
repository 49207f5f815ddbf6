//! The PeerId: an agent's Ed25519 public key in libp2p's encoding.
//!
//! Source: libp2p specs peer-ids/peer-ids.md: the key in protobuf (`08 01 12 20` and the 32 bytes) inside an identity
//! multihash (`00 24`), as text in base58btc: "12D3KooW…". Keys of other types are refused by name: checking huge RSA
//! keys was a denial of service (CVE-2023-39533).

use crate::base::protobuf::{self, Value};
use ed25519_dalek::{Signature, VerifyingKey};
use std::fmt;
use std::str::FromStr;

const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// Bytes of a PeerId in binary.
pub const PEER_ID_BYTES: usize = PREFIX.len() + 32;

/// Characters of a PeerId in text, of any key type; longer ones are refused.
const TEXT_MAX: usize = 128;

/// A PeerId as text, without the heap.
pub type PeerText = heapless::String<PEER_TEXT_MAX>;

/// Characters of an Ed25519 PeerId in base58btc: 38 bytes, the first of them zero.
const PEER_TEXT_MAX: usize = 53;

/// An agent's identity: its Ed25519 public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId([u8; 32]);

/// Why something is not a PeerId of an Ed25519 key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadPeerId {
    /// Characters that base58btc does not have, or too many.
    NotBase58,
    /// The bytes are not a key in an identity multihash.
    NotAPeerId,
    /// A hash in place of a key, as the PeerIds of long (RSA) keys are.
    Hash,
    /// A key of another type, named as in libp2p's `KeyType`.
    Kind(&'static str),
    /// The 32 bytes are not a point of the curve.
    NotAKey,
}

impl fmt::Display for BadPeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBase58 => {
                f.write_str("This is not a PeerId: one begins with \"12D3KooW\" and is written in base58.")
            }
            Self::NotAPeerId => f.write_str("This is not a PeerId: the bytes do not hold a public key."),
            Self::Hash => f.write_str("This PeerId is the hash of a long key (RSA); only Ed25519 keys are accepted."),
            Self::Kind(name) => write!(f, "This is a key of type {name}; only Ed25519 keys are accepted."),
            Self::NotAKey => f.write_str("This is not an Ed25519 key: its bytes are not a point of the curve."),
        }
    }
}

impl std::error::Error for BadPeerId {}

impl PeerId {
    /// The PeerId of an Ed25519 public key.
    #[must_use]
    pub const fn from_public_key(key: &[u8; 32]) -> Self {
        Self(*key)
    }

    /// The 32 bytes of the public key.
    #[must_use]
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.0
    }

    /// The binary encoding: an identity multihash of the public key in protobuf.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; PEER_ID_BYTES] {
        let mut bytes = [0; PEER_ID_BYTES];
        bytes[..PREFIX.len()].copy_from_slice(&PREFIX);
        bytes[PREFIX.len()..].copy_from_slice(&self.0);
        bytes
    }

    /// "12D3KooW…", without the heap.
    #[must_use]
    pub fn to_text(&self) -> PeerText {
        let mut letters = [0; PEER_TEXT_MAX];
        // 38 bytes never need more characters; a test tries the largest key.
        let length = bs58::encode(self.to_bytes()).onto(&mut letters[..]).unwrap_or_default();
        letters.iter().take(length).map(|letter| char::from(*letter)).collect()
    }

    /// Decodes the binary encoding.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadPeerId> {
        match bytes {
            [0x12, 0x20, hash @ ..] if hash.len() == 32 => Err(BadPeerId::Hash),
            [0x00, length, key @ ..] if usize::from(*length) == key.len() => Self::from_protobuf(key),
            _ => Err(BadPeerId::NotAPeerId),
        }
    }

    /// The public key in protobuf, as Noise and identify carry it.
    #[must_use]
    pub fn to_protobuf(&self) -> [u8; PEER_ID_BYTES - 2] {
        let mut bytes = [0; PEER_ID_BYTES - 2];
        bytes.copy_from_slice(&self.to_bytes()[2..]);
        bytes
    }

    /// Decodes a public key in protobuf (libp2p specs, peer-ids.md: `PublicKey {1: Type, 2: Data}`).
    ///
    /// # Errors
    /// What is wrong with the bytes; keys of other types are named.
    pub fn from_protobuf(bytes: &[u8]) -> Result<Self, BadPeerId> {
        let (mut kind, mut data) = (None, None);
        protobuf::fields(bytes, |field, value| match (field, value) {
            (1, Value::Number(number)) => kind = Some(number),
            (2, Value::Bytes(key)) => data = Some(key),
            _ => {}
        })
        .map_err(|_| BadPeerId::NotAPeerId)?;
        match kind {
            Some(1) => {}
            Some(0) => return Err(BadPeerId::Kind("RSA")),
            Some(2) => return Err(BadPeerId::Kind("Secp256k1")),
            Some(3) => return Err(BadPeerId::Kind("ECDSA")),
            _ => return Err(BadPeerId::NotAPeerId),
        }
        let key: &[u8; 32] = data.and_then(|key| key.try_into().ok()).ok_or(BadPeerId::NotAPeerId)?;
        VerifyingKey::from_bytes(key).map_err(|_| BadPeerId::NotAKey)?;
        // The specification requires one encoding of a key, since PeerIds are compared and hashed as bytes.
        let peer = Self(*key);
        if peer.to_protobuf() == bytes { Ok(peer) } else { Err(BadPeerId::NotAPeerId) }
    }

    /// Whether `signature` is this agent's over `message`. Strict: no weak keys, no second encoding of a signature.
    #[must_use]
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(key) = VerifyingKey::from_bytes(&self.0) else { return false };
        let Ok(signature) = Signature::from_slice(signature) else { return false };
        key.verify_strict(message, &signature).is_ok()
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl fmt::Debug for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerId({self})")
    }
}

impl FromStr for PeerId {
    type Err = BadPeerId;

    /// Reads "12D3KooW…".
    fn from_str(text: &str) -> Result<Self, BadPeerId> {
        if text.len() > TEXT_MAX {
            return Err(BadPeerId::NotBase58);
        }
        let bytes = bs58::decode(text).into_vec().map_err(|_| BadPeerId::NotBase58)?;
        Self::from_bytes(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;
    use ed25519_dalek::{Signer as _, SigningKey};

    // libp2p specs peer-ids.md, test vectors: the Ed25519 public key
    // 080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e.
    const KEY: [u8; 32] = [
        0x1e, 0xd1, 0xe8, 0xfa, 0xe2, 0xc4, 0xa1, 0x44, 0xb8, 0xbe, 0x8f, 0xd4, 0xb4, 0x7b, 0xf3, 0xd3, 0xb3, 0x4b,
        0x87, 0x1c, 0x3c, 0xac, 0xf6, 0x01, 0x0f, 0x0e, 0x42, 0xd4, 0x74, 0xfc, 0xe2, 0x7e,
    ];

    #[test]
    fn the_text_of_the_largest_and_the_smallest_key_fits() {
        for key in [[0; 32], [0xff; 32]] {
            let peer = PeerId::from_public_key(&key);
            assert_eq!(peer.to_text().as_str(), bs58::encode(peer.to_bytes()).into_string());
        }
    }

    #[test]
    fn the_peer_id_of_the_specification_is_encoded_and_decoded() {
        let peer = PeerId::from_public_key(&KEY);
        let name = peer.to_string();
        assert!(name.starts_with("12D3KooW") && name.len() == 52, "{name}");
        assert_eq!(name.parse(), Ok(peer));
        assert_eq!(PeerId::from_bytes(&peer.to_bytes()), Ok(peer));
        assert_eq!(PeerId::from_protobuf(&peer.to_protobuf()), Ok(peer));
    }

    #[test]
    fn keys_of_other_types_are_refused_by_name() {
        let mut rsa = vec![0x08, 0x00];
        protobuf::put_bytes(&mut rsa, 2, &[1; 3000]);
        assert_eq!(PeerId::from_protobuf(&rsa), Err(BadPeerId::Kind("RSA")));
        // The RSA PeerId of the specification's test vectors.
        let name = "QmcgpsyWgH8Y8ajJz1Cu72KnS5uo2Aa2LpzU7kinSupNKC";
        assert_eq!(name.parse::<PeerId>(), Err(BadPeerId::Hash));
        assert_eq!("12D3KooW0OIl".parse::<PeerId>(), Err(BadPeerId::NotBase58));
        assert_eq!("".parse::<PeerId>(), Err(BadPeerId::NotAPeerId));
    }

    #[test]
    fn a_key_has_one_encoding() {
        let key = PeerId::from_public_key(&KEY).to_protobuf();
        let (kind, data) = key.split_at(2);
        let unknown = [&key[..], &[0x18, 0x01]].concat();
        let twice = [kind, kind, data].concat();
        let swapped = [data, kind].concat();
        let longer = [&[0x08, 0x81, 0x00], data].concat();
        for encoding in [unknown, twice, swapped, longer] {
            assert_eq!(PeerId::from_protobuf(&encoding), Err(BadPeerId::NotAPeerId), "{encoding:02x?}");
        }
    }

    #[test]
    fn only_the_owner_signs() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let peer = PeerId::from_public_key(key.verifying_key().as_bytes());
        let signature = key.sign(b"message").to_bytes();
        assert!(peer.signed(b"message", &signature));
        assert!(!peer.signed(b"other", &signature));
        assert!(!peer.signed(b"message", &signature[..63]));
        // Without the strict check this signature by the neutral element is valid for any message.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut forged = [0; 64];
        forged[0] = 1;
        assert!(!PeerId::from_public_key(&neutral).signed(b"message", &forged));
    }

    #[test]
    fn damaged_bytes_and_random_texts_never_panic() {
        let mut rng = Rng::new(2);
        let good = PeerId::from_public_key(&KEY).to_bytes();
        for _ in 0..5_000 {
            let mut bytes = good.to_vec();
            random_bytes::damage(&mut rng, &mut bytes, 3);
            bytes.truncate(random_bytes::below(&mut rng, 60));
            let _ = PeerId::from_bytes(&bytes);
            let text: String = random_bytes::bytes(&mut rng, 60).into_iter().map(char::from).collect();
            let _ = text.parse::<PeerId>();
        }
    }
}
