//! The file of a backup: what a store holds, and some small files, in one stream that is written and read in blocks.
//!
//! It begins with 16 bytes that name the format and its version, and goes on with blocks: a byte for the kind, four for the length (little
//! endian), and the content (postcard). The first is the head; files and pairs follow in any order; the last is the end: how
//! many pairs there are, and the SHA-256 of everything before it. So a file that was cut, or of which a bit is another one, is told from a whole
//! one before anything of it is used. It is not compressed: most of it are vectors, which do not get smaller.

use super::kv::{Pair, Space};
use crate::limits::{BACKUP_BLOCK_BYTES_MAX, BACKUP_FILES_MAX};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::{Error, ErrorKind, Read, Result, Write};

/// Version 2 may hold packed texts and blocks of words: an agent that knows version 1 alone would take such a file, and find a damaged store.
const MAGIC: &[u8; 16] = b"wattle-backup 2\n";
/// What was written before is read too: it is the same but for what it may hold.
const MAGIC_1: &[u8; 16] = b"wattle-backup 1\n";
/// Bytes of the magic that every version begins with.
const NAMED: usize = 14;

const HEAD: u8 = 1;
const FILE: u8 = 2;
const PAIRS: u8 = 3;
const END: u8 = 4;

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// When it was made by the clock of its device, in seconds since 1970.
    pub made_s: i64,
    /// The fingerprint of the model that its vectors are of; zeros if none are there.
    pub model: [u8; 32],
    /// Documents.
    pub documents: u64,
    /// Passages of them.
    pub chunks: u64,
    /// Vectors of these.
    pub vectors: u64,
}

/// What a backup has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A small file of the home, by its name there.
    File(String, Vec<u8>),
    /// Pairs of a space of the store.
    Pairs(Space, Vec<Pair>),
}

/// Why a file is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is no backup.
    Foreign,
    /// A later version of the program wrote it.
    Newer,
    /// It ends before its end.
    Cut,
    /// It is not what was written, or not what a backup can hold.
    Damaged,
    /// It could not be read.
    Io(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str("it is no backup of Wattle"),
            Self::Newer => f.write_str("a later version of Wattle made it"),
            Self::Cut => f.write_str("it is not complete: its end is missing"),
            Self::Damaged => f.write_str("it is damaged: its checksum is not that of what it holds"),
            Self::Io(why) => f.write_str(why),
        }
    }
}

impl From<Error> for Unusable {
    fn from(error: Error) -> Self {
        if error.kind() == ErrorKind::UnexpectedEof { Self::Cut } else { Self::Io(error.to_string()) }
    }
}

/// Writes a backup.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    hash: Sha256,
    pairs: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a backup.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(out: W, head: &Head) -> Result<Self> {
        let mut writer = Self { out, hash: Sha256::new(), pairs: 0 };
        writer.put(MAGIC)?;
        writer.block(HEAD, head)?;
        Ok(writer)
    }

    /// Adds a small file.
    ///
    /// # Errors
    /// Those of `out`; or it is too long.
    pub fn file(&mut self, name: &str, content: &[u8]) -> Result<()> {
        self.block(FILE, &(name, content))
    }

    /// Adds pairs of a space: few enough for a block of `BACKUP_BLOCK_BYTES_MAX`.
    ///
    /// # Errors
    /// Those of `out`; or they are too long.
    pub fn pairs(&mut self, space: Space, pairs: &[Pair]) -> Result<()> {
        self.pairs += pairs.len() as u64;
        self.block(PAIRS, &(space.name(), pairs))
    }

    /// Ends the backup; gives `out` back, of which nothing is flushed or synced.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn end(mut self) -> Result<W> {
        let sum: [u8; 32] = self.hash.clone().finalize().into();
        let pairs = self.pairs;
        self.block(END, &(pairs, sum))?;
        Ok(self.out)
    }

    fn block(&mut self, kind: u8, content: &impl Serialize) -> Result<()> {
        let content = postcard::to_allocvec(content).map_err(Error::other)?;
        if content.len() > BACKUP_BLOCK_BYTES_MAX {
            return Err(Error::other("a record is longer than any that is stored"));
        }
        let length = u32::try_from(content.len()).map_err(Error::other)?;
        self.put(&[kind])?;
        self.put(&length.to_le_bytes())?;
        self.put(&content)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }
}

/// Reads a backup. What it gives is only known to be whole once the end was read.
#[derive(Debug)]
pub struct Reader<R> {
    from: R,
    hash: Sha256,
    head: Head,
    pairs: u64,
    files: usize,
}

impl<R: Read> Reader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// Any `Unusable`.
    pub fn new(mut from: R) -> core::result::Result<Self, Unusable> {
        let mut magic = [0; MAGIC.len()];
        let mut read = 0;
        while let Some(rest) = magic.get_mut(read..).filter(|rest| !rest.is_empty()) {
            match from.read(rest) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(Unusable::Io(error.to_string())),
            }
        }
        if read < magic.len() {
            let is_begun = read > 0 && [MAGIC, MAGIC_1].iter().any(|known| known.get(..read) == magic.get(..read));
            return Err(if is_begun { Unusable::Cut } else { Unusable::Foreign });
        }
        if ![MAGIC, MAGIC_1].contains(&&magic) {
            let is_named = magic.get(..NAMED) == MAGIC.get(..NAMED);
            return Err(if is_named { Unusable::Newer } else { Unusable::Foreign });
        }
        let (kind, content, hash) = block(&mut from, Sha256::new_with_prefix(magic))?;
        let head = (kind == HEAD).then(|| decoded(&content)).flatten().ok_or(Unusable::Damaged)?;
        Ok(Self { from, hash, head, pairs: 0, files: 0 })
    }

    /// What it says of itself.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// The next item; `None` at the end, which says that all of it is whole. Nothing follows the end.
    ///
    /// # Errors
    /// Any `Unusable`.
    pub fn next_item(&mut self) -> core::result::Result<Option<Item>, Unusable> {
        let before: [u8; 32] = self.hash.clone().finalize().into();
        let (kind, content, hash) = block(&mut self.from, self.hash.clone())?;
        self.hash = hash;
        match kind {
            FILE => {
                self.files += 1;
                let item = decoded(&content).map(|(name, content)| Item::File(name, content));
                item.filter(|_| self.files <= BACKUP_FILES_MAX).map(Some).ok_or(Unusable::Damaged)
            }
            PAIRS => {
                let (name, pairs): (String, Vec<Pair>) = decoded(&content).ok_or(Unusable::Damaged)?;
                let space = Space::ALL.into_iter().find(|space| space.name() == name).ok_or(Unusable::Damaged)?;
                self.pairs += pairs.len() as u64;
                Ok(Some(Item::Pairs(space, pairs)))
            }
            END if decoded(&content) == Some((self.pairs, before)) => {
                let more = self.from.read(&mut [0])?;
                if more == 0 { Ok(None) } else { Err(Unusable::Damaged) }
            }
            _ => Err(Unusable::Damaged),
        }
    }
}

/// A block: its kind, its content, and the hash with it.
fn block(from: &mut impl Read, mut hash: Sha256) -> core::result::Result<(u8, Vec<u8>, Sha256), Unusable> {
    let mut start = [0; 5];
    from.read_exact(&mut start)?;
    let [kind, length @ ..] = start;
    let length = u32::from_le_bytes(length) as usize;
    if length > BACKUP_BLOCK_BYTES_MAX {
        return Err(Unusable::Damaged);
    }
    // Not made at once: what the length says may be more than is there.
    let mut content = Vec::new();
    from.take(length as u64).read_to_end(&mut content)?;
    if content.len() < length {
        return Err(Unusable::Cut);
    }
    hash.update(start);
    hash.update(&content);
    Ok((kind, content, hash))
}

fn decoded<T: serde::de::DeserializeOwned>(content: &[u8]) -> Option<T> {
    let (decoded, rest) = postcard::take_from_bytes(content).ok()?;
    rest.is_empty().then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        Head { made_s: 1_800_000_000, model: [7; 32], documents: 2, chunks: 3, vectors: 3 }
    }

    fn items() -> Vec<Item> {
        vec![
            Item::File("config.toml".to_owned(), b"[node]\n".to_vec()),
            Item::Pairs(Space::Chunk, vec![(vec![0], vec![1, 2]), (vec![1; 9], vec![3; 400])]),
            Item::Pairs(Space::State, vec![(b"commit".to_vec(), vec![9])]),
        ]
    }

    fn written() -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), &head()).unwrap();
        for item in items() {
            match item {
                Item::File(name, content) => writer.file(&name, &content).unwrap(),
                Item::Pairs(space, pairs) => writer.pairs(space, &pairs).unwrap(),
            }
        }
        writer.end().unwrap()
    }

    fn read(bytes: &[u8]) -> core::result::Result<(Head, Vec<Item>), Unusable> {
        let mut reader = Reader::new(bytes)?;
        let mut items = Vec::new();
        while let Some(item) = reader.next_item()? {
            items.push(item);
        }
        Ok((reader.head().clone(), items))
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&written()), Ok((head(), items())));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_not_used() {
        let bytes = written();
        assert_eq!(read(&[]), Err(Unusable::Foreign));
        for cut in 1..bytes.len() {
            assert_eq!(read(&bytes[..cut]), Err(Unusable::Cut), "{cut} of {}", bytes.len());
        }
    }

    #[test]
    fn a_file_with_any_flipped_bit_is_not_used() {
        let bytes = written();
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn other_files_and_longer_ones_are_not_used() {
        for foreign in [&b"PK\x03\x04 and so on, a long file"[..], b"wattle", &[0; 64]] {
            let expected = if foreign == b"wattle" { Unusable::Cut } else { Unusable::Foreign };
            assert_eq!(read(foreign), Err(expected));
        }
        assert!(written().starts_with(b"wattle-backup 2\n"), "an agent of before packed texts says that it is newer");
        assert_eq!(read(b"wattle-backup 3\n and more"), Err(Unusable::Newer));
        assert_eq!(read(b"wattle-backup 1\n"), Err(Unusable::Cut), "tests/fixtures/backup has a whole one");
        let mut longer = written();
        longer.push(0);
        assert_eq!(read(&longer), Err(Unusable::Damaged));
        // A block that says that it is as long as memory is.
        let mut huge = written()[..16].to_vec();
        huge.extend([HEAD, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!(read(&huge), Err(Unusable::Damaged));
    }
}
