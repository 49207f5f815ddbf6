//! A model in one file, most of which stays on the disk: `models/wattle-e5-s6/FORMAT.md` describes the format.
//!
//! The manifest has the hash of the file's sums, and the sums have that of every block of 4096 bytes. A block is checked when
//! it is read first, so that loading reads 15 MB of 70. What is changed under a running agent after that is read as it is.

use super::model::{FileHash, MODEL_FILE, ModelError};
use crate::limits::{MODEL_FILE_BYTES_MAX, MODEL_PART_BYTES_MAX, MODEL_PARTS_MAX};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that are checked at a time.
pub(super) const BLOCK: usize = 4096;
/// Bytes of a block's hash that are kept: damage is found, and nobody profits from a second file with the same.
const SUM: usize = 8;
const MAGIC: &[u8; 4] = b"WME2";

/// Where the file's bytes come from: from the disk in an agent, from memory in tests.
pub trait Bytes: Send + Sync {
    /// How many there are.
    ///
    /// # Errors
    /// Why that is not known.
    fn length(&self) -> Result<u64, String>;

    /// Fills `into` with those from here on.
    ///
    /// # Errors
    /// Why they cannot be read; `into` may have some of them.
    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String>;
}

impl Bytes for Vec<u8> {
    fn length(&self) -> Result<u64, String> {
        Ok(self.len() as u64)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Result<(), String> {
        let range = usize::try_from(at).ok().and_then(|at| self.get(at..at.checked_add(into.len())?));
        into.copy_from_slice(range.ok_or("it ends before")?);
        Ok(())
    }
}

/// What the numbers of a part are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    F32 = 0,
    U8 = 2,
    U32 = 3,
}

impl Kind {
    const fn width(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::F32 | Self::U32 => 4,
        }
    }
}

/// Where a part lies in the file, and its form.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    name: String,
    kind: u8,
    shape: Vec<u32>,
    at: u64,
}

/// An open file. Clones share it and what they know to be whole.
#[derive(Clone)]
pub struct ModelFile {
    bytes: Arc<dyn Bytes>,
    /// The hash of each block.
    sums: Arc<[u64]>,
    /// A bit for each block that was whole when it was read.
    whole: Arc<[AtomicU64]>,
    parts: Arc<[Part]>,
}

impl fmt::Debug for ModelFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModelFile({} blocks)", self.sums.len())
    }
}

impl ModelFile {
    /// Opens the file that the manifest describes.
    ///
    /// # Errors
    /// It is another one, damaged, or cannot be read.
    pub(super) fn open(bytes: Arc<dyn Bytes>, described: &FileHash) -> Result<Self, ModelError> {
        let length = bytes.length().map_err(ModelError::Unread)?;
        let blocks = length / (BLOCK + SUM) as u64;
        if length != described.bytes {
            return Err(ModelError::Length(MODEL_FILE, length, described.bytes));
        }
        if !length.is_multiple_of((BLOCK + SUM) as u64) || blocks == 0 || length > MODEL_FILE_BYTES_MAX {
            return Err(ModelError::Damaged(MODEL_FILE));
        }
        let blocks = usize::try_from(blocks).map_err(|_| ModelError::Damaged(MODEL_FILE))?;
        let mut sums = vec![0; blocks * SUM];
        bytes.read((blocks * BLOCK) as u64, &mut sums).map_err(ModelError::Unread)?;
        if Some(Sha256::digest(&sums).into()) != described.sums_sha256 {
            return Err(ModelError::Damaged(MODEL_FILE));
        }
        let sums: Arc<[u64]> = sums.as_chunks::<SUM>().0.iter().map(|sum| u64::from_le_bytes(*sum)).collect();
        let whole = (0..blocks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let mut file = Self { bytes, sums, whole, parts: Arc::new([]) };
        let (mut head, mut block) = (vec![0; BLOCK], [0; BLOCK]);
        file.read(0, &mut head, &mut block)?;
        file.parts = parts(&head).ok_or(ModelError::Part("head", "cannot be read"))?.into();
        Ok(file)
    }

    /// Fills `into` with the bytes from `at` on, checked. `block` is room for one that is checked.
    ///
    /// # Errors
    /// They are not those that the manifest describes, or cannot be read.
    pub(super) fn read(&self, mut at: u64, mut into: &mut [u8], block: &mut [u8; BLOCK]) -> Result<(), ModelError> {
        while !into.is_empty() {
            // What lies beyond a usize lies beyond the file.
            let from = usize::try_from(at).unwrap_or(usize::MAX);
            let (number, within) = (from / BLOCK, from % BLOCK);
            let sum = *self.sums.get(number).ok_or(ModelError::Part("end", "lies before a part's"))?;
            let (now, later) = into.split_at_mut(into.len().min(BLOCK - within));
            if self.is_whole(number) {
                self.bytes.read(at, now).map_err(ModelError::Unread)?;
            } else {
                self.bytes.read((number * BLOCK) as u64, block).map_err(ModelError::Unread)?;
                if Sha256::digest(block.as_slice())
                    .first_chunk::<SUM>()
                    .is_none_or(|found| u64::from_le_bytes(*found) != sum)
                {
                    return Err(ModelError::Damaged(MODEL_FILE));
                }
                let found = block.get(within..within + now.len()).unwrap_or_default();
                now.copy_from_slice(found);
                self.whole.get(number / 64).map(|bits| bits.fetch_or(1 << (number % 64), Ordering::Relaxed));
            }
            at += now.len() as u64;
            into = later;
        }
        Ok(())
    }

    fn is_whole(&self, block: usize) -> bool {
        self.whole.get(block / 64).is_some_and(|bits| bits.load(Ordering::Relaxed) >> (block % 64) & 1 == 1)
    }

    /// Where the rows of a part begin, and how many there are: all of them lie within the file.
    pub(super) fn rows(&self, name: &'static str, width: usize) -> Result<(u64, usize), ModelError> {
        let part = self.part(name, Kind::U8)?;
        match *part.shape {
            [rows, of] if of as usize == width => {
                let end = part.at.checked_add(u64::from(rows) * u64::from(of));
                let lies_within = end.is_some_and(|end| end <= (self.sums.len() * BLOCK) as u64);
                lies_within.then_some((part.at, rows as usize)).ok_or(ModelError::Part(name, "is too long"))
            }
            _ => Err(ModelError::Part(name, "has another shape")),
        }
    }

    /// A part's bytes.
    pub(super) fn bytes(&self, name: &'static str, kind: Kind) -> Result<Vec<u8>, ModelError> {
        let part = self.part(name, kind)?;
        let [count] = *part.shape else { return Err(ModelError::Part(name, "has another shape")) };
        let length = (count as usize).checked_mul(kind.width()).filter(|length| *length <= MODEL_PART_BYTES_MAX);
        let length = length.filter(|length| *length <= self.sums.len() * BLOCK);
        let mut found = vec![0; length.ok_or(ModelError::Part(name, "is too long"))?];
        self.read(part.at, &mut found, &mut [0; BLOCK])?;
        Ok(found)
    }

    /// A part of whole numbers.
    pub(super) fn u32s(&self, name: &'static str) -> Result<Vec<u32>, ModelError> {
        Ok(self.bytes(name, Kind::U32)?.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number)).collect())
    }

    /// A part of numbers.
    pub(super) fn f32s(&self, name: &'static str) -> Result<Vec<f32>, ModelError> {
        Ok(self.bytes(name, Kind::F32)?.as_chunks().0.iter().map(|number| f32::from_le_bytes(*number)).collect())
    }

    fn part(&self, name: &'static str, kind: Kind) -> Result<&Part, ModelError> {
        let found = self.parts.iter().find(|part| part.name == name).ok_or(ModelError::Part(name, "is missing"))?;
        if found.kind == kind as u8 { Ok(found) } else { Err(ModelError::Part(name, "has other numbers")) }
    }
}

/// The parts that the head of a file lists; `None` if it is no such head.
fn parts(head: &[u8]) -> Option<Vec<Part>> {
    let mut rest = head.strip_prefix(MAGIC)?;
    let count = u32::from_le_bytes(take(&mut rest)?);
    let one = |_| {
        let length = u16::from_le_bytes(take(&mut rest)?);
        let (name, after) = rest.split_at_checked(usize::from(length))?;
        rest = after;
        let [kind, dimensions] = take(&mut rest)?;
        let shape = (0..dimensions).map(|_| take(&mut rest).map(u32::from_le_bytes)).collect::<Option<_>>()?;
        let name = String::from_utf8(name.to_vec()).ok()?;
        Some(Part { name, kind, shape, at: u64::from_le_bytes(take(&mut rest)?) })
    };
    (count as usize <= MODEL_PARTS_MAX).then(|| (0..count).map(one).collect())?
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (found, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*found)
}
