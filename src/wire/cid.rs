//! CIDs: names of blocks by their hash, as IPFS writes them.
//!
//! Source: the multiformats specifications cid, multihash, multibase and multicodec. Ours are CIDv1, the codec raw
//! (0x55) or dag-pb (0x70), the hash SHA-256: `01 55 12 20` and 32 bytes, as text "b" and base32 of RFC 4648 in lower
//! case without padding. Those of version 0 ("Qm…", a bare SHA-256 multihash) are read as dag-pb of version 1. Other
//! codecs and hashes are refused by name: a block whose hash cannot be computed cannot be verified.

use sha2::{Digest as _, Sha256};
use std::fmt;
use std::str::FromStr;

const VERSION: u8 = 1;
const RAW: u8 = 0x55;
const DAG_PB: u8 = 0x70;
/// The multihash of SHA-256: its code and the length of the hash.
const SHA2_256: [u8; 2] = [0x12, 0x20];

/// Bytes of a CID of version 1 in binary.
const CID_BYTES: usize = 4 + 32;

/// Characters of a CID in text, in any base; longer ones are refused.
const TEXT_MAX: usize = 128;

const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// How a block's bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Bytes without a structure.
    Raw,
    /// A node with links to other blocks.
    DagPb,
}

impl Codec {
    const fn code(self) -> u8 {
        match self {
            Self::Raw => RAW,
            Self::DagPb => DAG_PB,
        }
    }
}

/// A block's name: its SHA-256 and how its bytes are read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cid {
    codec: Codec,
    hash: [u8; 32],
}

/// Why something is not a CID that is understood here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadCid {
    /// Characters that the base does not have, another base, or too many.
    Text,
    /// The bytes are no CID, are incomplete, or more follow.
    Bytes,
    /// A codec other than raw and dag-pb.
    Codec,
    /// A hash other than SHA-256 of 32 bytes.
    Hash,
}

impl fmt::Display for BadCid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "This is not a CID: one begins with \"b\" (base32), \"z\" (base58) or \"Qm\".",
            Self::Bytes => "This is not a CID: its bytes do not have the form of one.",
            Self::Codec => "This CID has another codec; only raw (0x55) and dag-pb (0x70) are understood here.",
            Self::Hash => "This CID has another hash; only SHA-256 is understood here.",
        })
    }
}

impl std::error::Error for BadCid {}

impl Cid {
    /// The CID of a block without a structure.
    #[must_use]
    pub fn of_raw(block: &[u8]) -> Self {
        Self { codec: Codec::Raw, hash: Sha256::digest(block).into() }
    }

    /// The CID of a dag-pb node.
    #[must_use]
    pub fn of_node(block: &[u8]) -> Self {
        Self { codec: Codec::DagPb, hash: Sha256::digest(block).into() }
    }

    /// How the block's bytes are read.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// Whether `block` is what this CID names.
    #[must_use]
    pub fn verifies(&self, block: &[u8]) -> bool {
        Sha256::digest(block)[..] == self.hash[..]
    }

    /// The binary encoding, version 1. Its first four bytes are what bitswap calls the prefix.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; CID_BYTES] {
        let mut bytes = [0; CID_BYTES];
        let (head, hash) = bytes.split_at_mut(CID_BYTES - 32);
        head.copy_from_slice(&[VERSION, self.codec.code(), SHA2_256[0], SHA2_256[1]]);
        hash.copy_from_slice(&self.hash);
        bytes
    }

    /// The CID at the beginning of `bytes`, and the bytes after it. A CID of version 0 becomes one of version 1.
    ///
    /// # Errors
    /// No CID that is understood here begins so, or it is incomplete.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), BadCid> {
        let (codec, rest) = match bytes {
            // A multihash alone: version 0.
            [0x12, 0x20, ..] => (Codec::DagPb, bytes),
            [VERSION, RAW, rest @ ..] => (Codec::Raw, rest),
            [VERSION, DAG_PB, rest @ ..] => (Codec::DagPb, rest),
            [VERSION, _, ..] => return Err(BadCid::Codec),
            _ => return Err(BadCid::Bytes),
        };
        let rest = rest.strip_prefix(&SHA2_256).ok_or(BadCid::Hash)?;
        let (hash, rest) = rest.split_first_chunk().ok_or(BadCid::Bytes)?;
        Ok((Self { codec, hash: *hash }, rest))
    }
}

impl fmt::Display for Cid {
    /// "b" and base32, as IPFS writes CIDs of version 1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(1 + CID_BYTES * 8 / 5 + 1);
        text.push('b');
        put_base32(&mut text, &self.to_bytes());
        f.write_str(&text)
    }
}

impl fmt::Debug for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cid({self})")
    }
}

impl FromStr for Cid {
    type Err = BadCid;

    /// Reads "bafk…" (base32), "z…" and "Qm…" (base58).
    fn from_str(text: &str) -> Result<Self, BadCid> {
        if text.len() > TEXT_MAX {
            return Err(BadCid::Text);
        }
        let base58 = |text: &str| bs58::decode(text).into_vec().map_err(|_| BadCid::Text);
        let bytes = if text.starts_with("Qm") {
            base58(text)?
        } else if let Some(letters) = text.strip_prefix('z') {
            base58(letters)?
        } else if let Some(letters) = text.strip_prefix('b') {
            from_base32(letters).ok_or(BadCid::Text)?
        } else {
            return Err(BadCid::Text);
        };
        // A CID of version 0 has no base in front, so one with "b" or "z" in front is another one.
        if text.starts_with("Qm") != bytes.starts_with(&SHA2_256) {
            return Err(BadCid::Bytes);
        }
        match Self::from_bytes(&bytes)? {
            (cid, []) => Ok(cid),
            _ => Err(BadCid::Bytes),
        }
    }
}

/// Five bits a letter, the highest first; the last letter is filled up with zeros.
fn put_base32(text: &mut String, bytes: &[u8]) {
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
}

fn letter(five_bits: u32) -> char {
    BASE32.get(five_bits as usize & 31).map_or('a', |letter| char::from(*letter))
}

/// `None` for a letter that the base does not have, and for bits of the last letter that are not zero: a CID has one
/// text in each base.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut held, mut bits) = (0_u32, 0);
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    for letter in text.bytes() {
        let value = match letter {
            b'a'..=b'z' => letter - b'a',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        held = (held << 5 | u32::from(value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits & 0xff) as u8);
        }
    }
    let filled = held & ((1 << bits) - 1);
    (bits < 5 && filled == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    const EMPTY: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
    const HELLO_WORLD: &str = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
    const EMPTY_FOLDER: &str = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354";

    #[test]
    fn well_known_blocks_have_their_well_known_names() {
        assert_eq!(Cid::of_raw(b"").to_string(), EMPTY);
        assert_eq!(Cid::of_raw(b"hello world").to_string(), HELLO_WORLD);
        // UnixFS's empty folder: {Data: {Type: Directory}}.
        assert_eq!(Cid::of_node(&[0x0a, 0x02, 0x08, 0x01]).to_string(), EMPTY_FOLDER);
        let zero: Cid = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn".parse().unwrap();
        assert_eq!(zero, EMPTY_FOLDER.parse().unwrap());
        assert_eq!((zero.codec(), Cid::of_raw(b"").codec()), (Codec::DagPb, Codec::Raw));
    }

    #[test]
    fn a_cid_survives_each_encoding() {
        let cid = Cid::of_raw(b"hello world");
        assert_eq!(cid.to_string().parse(), Ok(cid));
        assert_eq!(format!("z{}", bs58::encode(cid.to_bytes()).into_string()).parse(), Ok(cid));
        let more = [&cid.to_bytes()[..], b"block"].concat();
        assert_eq!(Cid::from_bytes(&more), Ok((cid, &b"block"[..])));
        assert!(cid.verifies(b"hello world") && !cid.verifies(b"hello worle"));
    }

    #[test]
    fn another_codec_hash_or_text_is_refused() {
        let good = Cid::of_raw(b"x").to_bytes();
        let with = |at: usize, byte: u8| {
            let mut bytes = good;
            bytes[at] = byte;
            Cid::from_bytes(&bytes).map(|(cid, _)| cid)
        };
        assert_eq!(with(0, 2), Err(BadCid::Bytes));
        assert_eq!(with(1, 0x71), Err(BadCid::Codec), "dag-cbor");
        assert_eq!(with(2, 0x00), Err(BadCid::Hash), "identity");
        assert_eq!(with(3, 0x14), Err(BadCid::Hash), "a hash of 20 bytes");
        assert_eq!(Cid::from_bytes(&good[..35]), Err(BadCid::Bytes));
        let text = Cid::of_raw(b"x").to_string();
        assert_eq!(format!("{text}a").parse::<Cid>(), Err(BadCid::Text), "a letter of no use");
        assert_eq!(format!("{text}aaaaaaaa").parse::<Cid>(), Err(BadCid::Bytes), "bytes after the hash");
        assert_eq!(text.to_uppercase().parse::<Cid>(), Err(BadCid::Text));
        for bad in ["", "b", "z", "Qm", "zQmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn", "../../etc/passwd"] {
            assert!(bad.parse::<Cid>().is_err(), "{bad}");
        }
        assert!("b".repeat(1000).parse::<Cid>().is_err());
    }

    #[test]
    fn a_cid_has_one_text() {
        // Two bits of the last letter are of no use.
        let text = Cid::of_raw(b"x").to_string();
        let (head, last) = text.split_at(text.len() - 1);
        let others = BASE32.iter().filter(|letter| last.as_bytes() != [**letter]);
        for letter in others {
            let other = format!("{head}{}", char::from(*letter));
            assert!(other.parse::<Cid>().map_or(true, |cid| cid != Cid::of_raw(b"x")), "{other}");
        }
    }

    #[test]
    fn damaged_bytes_and_random_texts_never_panic() {
        let mut rng = Rng::new(5);
        let good = Cid::of_node(b"node");
        for _ in 0..5_000 {
            let mut bytes = good.to_bytes().to_vec();
            random_bytes::damage(&mut rng, &mut bytes, 3);
            bytes.truncate(random_bytes::below(&mut rng, 40));
            let _ = Cid::from_bytes(&bytes);
            let text: String = random_bytes::bytes(&mut rng, 60).into_iter().map(char::from).collect();
            let _ = text.parse::<Cid>();
            let _ = format!("b{text}").parse::<Cid>();
        }
    }
}
