//! CAR archives: blocks in a row, each with its CID.
//!
//! Source: the specification CARv1 of IPLD. A section is a varint of its length, a CID and the block; the first section is
//! the head instead, a map in dag-cbor: the roots, which are the blocks to begin with, and the version. Archives of version
//! 2, which wrap one of version 1 with an index, are refused by name.
//!
//! What is read is not verified here: `Cid::verifies` says whether a block is what its name promises.

use super::cid::{BadCid, Cid};
use super::varint;
use crate::limits::{CAR_HEAD_BYTES_MAX, CAR_ROOTS_MAX, IPFS_BLOCK_BYTES_MAX};
use std::fmt;

/// Bytes of a CID that is not read, before its block: those of other hashes have up to some 70.
const OTHER_CID_MAX: usize = 128;

/// The map's keys as dag-cbor orders them, and what stands between their values.
const ROOTS: &[u8] = b"\xa2\x65roots";
const VERSION: &[u8] = b"\x67version";
/// Tag 42, and a byte string that begins with the zero of a CID in binary.
const LINK: &[u8] = &[0xd8, 0x2a, 0x58];

/// Why an archive is not read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadCar {
    /// The head is none of an archive of version 1, or has too many roots.
    Head,
    /// An archive of version 2.
    Version,
    /// A section has no CID, or a block that is too large.
    Section,
}

impl fmt::Display for BadCar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Head => "It does not begin as an archive of version 1 does.",
            Self::Version => {
                "It is an archive of version 2; only version 1 is read. `car extract` of go-car makes one of it."
            }
            Self::Section => "A part of it is no block, or a block of more than 2 MiB.",
        })
    }
}

impl std::error::Error for BadCar {}

/// The beginning of an archive with these roots, at most `CAR_ROOTS_MAX` of them.
#[must_use]
pub fn head(roots: &[Cid]) -> Vec<u8> {
    let roots = roots.get(..CAR_ROOTS_MAX).unwrap_or(roots);
    let mut map = ROOTS.to_vec();
    match u8::try_from(roots.len()).unwrap_or(u8::MAX) {
        few @ ..=23 => map.push(0x80 | few),
        many => map.extend([0x98, many]),
    }
    for root in roots {
        let bytes = root.to_bytes();
        map.extend(LINK);
        map.push(u8::try_from(bytes.len() + 1).unwrap_or(u8::MAX));
        map.push(0);
        map.extend(bytes);
    }
    map.extend(VERSION);
    map.push(1);
    let mut head = Vec::new();
    varint::put(&mut head, map.len() as u64);
    head.extend(map);
    head
}

/// Appends a block.
pub fn put(out: &mut Vec<u8>, cid: &Cid, block: &[u8]) {
    let name = cid.to_bytes();
    varint::put(out, (name.len() + block.len()) as u64);
    out.extend(name);
    out.extend(block);
}

/// One part of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// The head: the roots that are understood here.
    Roots(Vec<Cid>),
    /// A block, as it is named; nobody verified it yet.
    Block(Cid, &'a [u8]),
    /// A block of another codec or hash.
    Other,
}

/// Reads an archive part by part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader {
    is_past_head: bool,
}

impl Reader {
    /// The part at the beginning of `bytes`, and how many bytes it takes; `None` if it is incomplete. `SECTION_BYTES_MAX`
    /// bytes hold any part.
    ///
    /// # Errors
    /// No archive goes on like this.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<(Part<'a>, usize)>, BadCar> {
        let (bad, most) = if self.is_past_head {
            (BadCar::Section, IPFS_BLOCK_BYTES_MAX + OTHER_CID_MAX)
        } else {
            (BadCar::Head, CAR_HEAD_BYTES_MAX)
        };
        let Some((length, before)) = varint::read(bytes).map_err(|_| bad)? else { return Ok(None) };
        let length = usize::try_from(length).ok().filter(|length| *length <= most).ok_or(bad)?;
        let Some(section) = bytes.get(before..before + length) else { return Ok(None) };
        let part = if self.is_past_head { block(section)? } else { Part::Roots(roots(section)?) };
        self.is_past_head = true;
        Ok(Some((part, before + length)))
    }
}

/// Bytes that hold any section.
pub const SECTION_BYTES_MAX: usize = varint::BYTES_MAX + IPFS_BLOCK_BYTES_MAX + OTHER_CID_MAX;

fn block(section: &[u8]) -> Result<Part<'_>, BadCar> {
    match Cid::from_bytes(section) {
        Ok((cid, block)) if block.len() <= IPFS_BLOCK_BYTES_MAX => Ok(Part::Block(cid, block)),
        Err(BadCid::Codec | BadCid::Hash) => Ok(Part::Other),
        _ => Err(BadCar::Section),
    }
}

fn roots(head: &[u8]) -> Result<Vec<Cid>, BadCar> {
    if head == b"\xa1\x67version\x02" {
        return Err(BadCar::Version);
    }
    let rest = head.strip_prefix(ROOTS).ok_or(BadCar::Head)?;
    let (count, mut rest) = match rest {
        [few @ 0x80..=0x97, rest @ ..] => (few & 0x1f, rest),
        [0x98, many, rest @ ..] => (*many, rest),
        _ => return Err(BadCar::Head),
    };
    if usize::from(count) > CAR_ROOTS_MAX {
        return Err(BadCar::Head);
    }
    let mut roots = Vec::new();
    for _ in 0..count {
        let (length, after) = rest.strip_prefix(LINK).and_then(<[u8]>::split_first).ok_or(BadCar::Head)?;
        let (link, after) = after.split_at_checked(usize::from(*length)).ok_or(BadCar::Head)?;
        let name = link.strip_prefix(&[0]).ok_or(BadCar::Head)?;
        match Cid::from_bytes(name) {
            Ok((cid, [])) => roots.push(cid),
            Err(BadCid::Codec | BadCid::Hash) => {}
            _ => return Err(BadCar::Head),
        }
        rest = after;
    }
    if rest.strip_prefix(VERSION) == Some(&[1][..]) { Ok(roots) } else { Err(BadCar::Head) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    fn archive(roots: &[Cid], blocks: &[(Cid, &[u8])]) -> Vec<u8> {
        let mut bytes = head(roots);
        blocks.iter().for_each(|(cid, block)| put(&mut bytes, cid, block));
        bytes
    }

    fn parts(mut bytes: &[u8]) -> Result<Vec<Part<'_>>, BadCar> {
        let (mut reader, mut parts) = (Reader::default(), Vec::new());
        while let Some((part, used)) = reader.next(bytes)? {
            parts.push(part);
            bytes = &bytes[used..];
        }
        Ok(parts)
    }

    #[test]
    fn the_head_is_what_the_specification_writes() {
        let cid = Cid::of_raw(b"hello world");
        let bytes = head(&[cid]);
        assert_eq!(bytes[..9], *b"\x3a\xa2\x65roots\x81");
        assert_eq!(bytes[9..14], [0xd8, 0x2a, 0x58, 0x25, 0x00]);
        assert_eq!(bytes[14..50], cid.to_bytes());
        assert_eq!(bytes[50..], *b"\x67version\x01");
        assert_eq!(bytes.len(), 59);
    }

    #[test]
    fn an_archive_survives_writing_and_reading() {
        let cids = [Cid::of_raw(b"hello world"), Cid::of_node(b""), Cid::of_raw(b"")];
        let blocks: [(Cid, &[u8]); 3] = [(cids[0], b"hello world"), (cids[1], b""), (cids[2], b"")];
        for count in [0, 1, 23, 24, CAR_ROOTS_MAX] {
            let roots: Vec<Cid> = (0..count).map(|number| Cid::of_raw(&number.to_be_bytes())).collect();
            let bytes = archive(&roots, &blocks);
            let back = parts(&bytes).unwrap();
            assert_eq!(back[0], Part::Roots(roots));
            assert_eq!(back[1..], blocks.map(|(cid, block)| Part::Block(cid, block)));
        }
    }

    #[test]
    fn a_part_that_is_not_whole_waits_and_blocks_of_other_kinds_are_passed() {
        let cid = Cid::of_raw(b"hello world");
        let mut bytes = archive(&[cid], &[]);
        for cut in 0..bytes.len() {
            assert_eq!(Reader::default().next(&bytes[..cut]), Ok(None), "{cut}");
        }
        // dag-cbor, and an identity hash.
        bytes.extend([5, 1, 0x71, 0x12, 0x20, 0]);
        bytes.extend([5, 1, 0x55, 0x00, 1, b'x']);
        put(&mut bytes, &cid, b"other");
        let parts = parts(&bytes).unwrap();
        assert_eq!(parts[1..], [Part::Other, Part::Other, Part::Block(cid, b"other")], "nothing is verified here");
    }

    #[test]
    fn what_is_no_archive_or_too_large_is_refused() {
        assert_eq!(parts(b"\x0a\xa1\x67version\x02"), Err(BadCar::Version));
        assert_eq!(parts(b"hello world"), Ok(Vec::new()), "it waits for 104 bytes");
        assert_eq!(parts(&[b'h'; 200]), Err(BadCar::Head));
        assert_eq!(parts(&[0xff; 20]), Err(BadCar::Head));
        let mut bytes = head(&[]);
        varint::put(&mut bytes, (IPFS_BLOCK_BYTES_MAX + OTHER_CID_MAX + 1) as u64);
        assert_eq!(parts(&bytes), Err(BadCar::Section));
        let mut bytes = head(&[]);
        bytes.push(0);
        assert_eq!(parts(&bytes), Err(BadCar::Section), "no CID");
        let mut late = head(&[]);
        let last = late.len() - 1;
        late[last] = 2;
        assert_eq!(parts(&late), Err(BadCar::Head), "another version");
    }

    #[test]
    fn damaged_bytes_never_panic() {
        let mut rng = Rng::new(7);
        let cid = Cid::of_raw(b"hello world");
        let good = archive(&[cid, cid], &[(cid, b"hello world"), (cid, b"x")]);
        for _ in 0..10_000 {
            let mut bytes = good.clone();
            random_bytes::damage(&mut rng, &mut bytes, 5);
            bytes.truncate(random_bytes::below(&mut rng, good.len() + 1));
            let _ = parts(&bytes);
        }
    }
}
