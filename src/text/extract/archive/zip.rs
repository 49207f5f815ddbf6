//! ZIP files, read by their central directory, or, where that is lost with the end of the file, entry by entry.
//!
//! A reader of its own, and not the crate `zip`: each entry is unpacked with a cap and within the budget of its file, the table of
//! entries is bounded before it is made, and of a file that was cut the part that is there can be read. Sizes that a file states
//! of itself reserve no memory.

use super::super::charset;
use super::inflate::{Budget, End, Unpacked, inflate, stored};
use crate::limits::{ARCHIVE_NAME_BYTES_MAX, UNPACKED_ENTRIES_MAX};
use std::ops::Range;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
const END64: &[u8] = b"PK\x06\x06";

/// Bytes of the record at the end, and of the comment behind it.
const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;
/// Bytes of ZIP64's own record at the end and of what says where that is; and, at most, of what tells the sizes of a stream behind it.
const END64_BYTES: usize = 76;
const DESCRIPTOR_BYTES: usize = 24;

/// A file in a ZIP file.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Its path, with `/` in between.
    pub(crate) name: String,
    /// Whether it needs a password.
    pub(crate) is_encrypted: bool,
    method: u16,
    /// Where its local header begins.
    at: usize,
    /// Packed bytes by the directory; `None` where the stream alone says where it ends.
    packed: Option<usize>,
    /// Its bytes unpacked, by the directory. They are only believed where they are too many.
    unpacked: Option<usize>,
    /// The checksum of its bytes; `None` where it stands behind the stream, or none is stated: some programs write 0.
    crc: Option<u32>,
}

impl Entry {
    /// Whether it is packed by DEFLATE, or not at all.
    pub(crate) fn can_unpack(&self) -> bool {
        matches!(self.method, 0 | 8)
    }

    /// Whether it says that it unpacks to more than this. Not unpacked, it takes nothing from what the others may.
    pub(crate) fn is_larger_than(&self, most: usize) -> bool {
        self.unpacked.is_some_and(|bytes| bytes > most)
    }
}

/// A ZIP file.
#[derive(Debug)]
pub(crate) struct Zip<'a> {
    file: &'a [u8],
    pub(crate) entries: Vec<Entry>,
    /// Whether the end of the file is missing, and with it the directory.
    pub(crate) is_cut: bool,
    /// Entries beyond `limits::UNPACKED_ENTRIES_MAX`, which are not in the list.
    pub(crate) left_out: usize,
    /// Where its directory and the record at its end are.
    frame: Vec<Range<usize>>,
}

impl<'a> Zip<'a> {
    /// The entries of a file; none if it is no ZIP file.
    pub(crate) fn open(file: &'a [u8]) -> Self {
        match directory(file) {
            Some((List { entries, left_out }, frame)) => Self { file, entries, is_cut: false, left_out, frame },
            None => {
                let List { entries, left_out } = scan(file);
                Self { file, entries, is_cut: true, left_out, frame: Vec::new() }
            }
        }
    }

    /// Whether it has bytes that belong to no entry, as a program leaves them that takes an entry out of the directory alone: nobody who reads by that
    /// sees them. What tells the sizes of a stream behind it, and zeros, are none. Of a file without a directory all entries are in the list.
    pub(crate) fn has_remains(&self) -> bool {
        if self.is_cut {
            return false;
        }
        let entries = self.entries.iter().map(|entry| entry.at..self.end_of(entry));
        let mut parts: Vec<Range<usize>> = entries.chain(self.frame.iter().cloned()).collect();
        parts.sort_unstable_by_key(|part| part.start);
        parts.push(self.file.len()..self.file.len());
        let mut end = 0;
        parts.iter().any(|part| {
            let between = self.file.get(end..part.start).unwrap_or_default();
            end = end.max(part.end);
            between.iter().rposition(|byte| *byte != 0).is_some_and(|last| last >= DESCRIPTOR_BYTES)
        })
    }

    /// Where the packed bytes of an entry end; where it begins if it is not there.
    fn end_of(&self, entry: &Entry) -> usize {
        let header = self.file.get(entry.at..).filter(|header| header.starts_with(LOCAL));
        let names = header.and_then(|header| Some([u16_at(header, 26)?, u16_at(header, 28)?]));
        let head = names.map_or(0, |names| names.into_iter().map(usize::from).fold(30, usize::saturating_add));
        let packed = if head > 0 { entry.packed.unwrap_or(0) } else { 0 };
        entry.at.saturating_add(head).saturating_add(packed)
    }

    /// The entry of a name, whatever its case is.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        let name = name.trim_start_matches('/');
        let same = |entry: &&Entry| entry.name == name;
        let alike = |entry: &&Entry| entry.name.eq_ignore_ascii_case(name);
        self.entries.iter().find(same).or_else(|| self.entries.iter().find(alike))
    }

    /// The bytes of an entry, at most so many. `None` if it is encrypted, packed by another method than DEFLATE, or not there.
    pub(crate) fn read(&self, entry: &Entry, most: usize, budget: &mut Budget) -> Option<Unpacked> {
        if entry.is_encrypted || !budget.enter() {
            return None;
        }
        let header = self.file.get(entry.at..).filter(|header| header.starts_with(LOCAL))?;
        let start = 30 + usize::from(u16_at(header, 26)?) + usize::from(u16_at(header, 28)?);
        let body = header.get(start..)?;
        let (body, is_cut) = match entry.packed {
            Some(packed) => (body.get(..packed).unwrap_or(body), packed > body.len()),
            None => (body, false),
        };
        let mut unpacked = match entry.method {
            0 => stored(body, most, budget),
            8 => inflate(body, most, budget),
            _ => return None,
        };
        if is_cut && unpacked.end == End::Whole {
            unpacked.end = End::Cut;
        }
        if unpacked.end == End::Whole && entry.crc.is_some_and(|stated| crc32(&unpacked.bytes) != stated) {
            unpacked = Unpacked { bytes: Vec::new(), end: End::Altered, ..unpacked };
        }
        Some(unpacked)
    }
}

/// Entries as far as they are kept, and how many files there are beyond.
#[derive(Default)]
struct List {
    entries: Vec<Entry>,
    left_out: usize,
}

impl List {
    fn add(&mut self, entry: Entry) {
        if self.entries.len() < UNPACKED_ENTRIES_MAX {
            self.entries.push(entry);
        } else {
            self.left_out += usize::from(!entry.name.ends_with('/'));
        }
    }
}

/// The entries that the central directory lists, and where it and the record at the end are.
fn directory(file: &[u8]) -> Option<(List, Vec<Range<usize>>)> {
    let first = file.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let last = file.len().checked_sub(END_BYTES)?;
    let at = (first..=last).rev().find(|at| file.get(*at..).is_some_and(|rest| rest.starts_with(END)))?;
    let end = file.get(at..)?;
    let record = at..at + END_BYTES + usize::from(u16_at(end, 20)?);
    if u16_at(end, 10)? == 0 {
        return Some((List::default(), vec![record]));
    }
    let (size, offset) = (to_usize(u32_at(end, 12)?), to_usize(u32_at(end, 16)?));
    // Offsets count from the first local header, and something may stand before it.
    let directory = at.checked_sub(size).filter(|start| file.get(*start..).is_some_and(|d| d.starts_with(CENTRAL)));
    let (mut next, shift) = match directory {
        Some(start) => (start, start.saturating_sub(offset)),
        // ZIP64: its own end records stand between.
        None => (first_central(file)?, 0),
    };
    let (mut list, first) = (List::default(), next);
    while let Some(record) = file.get(next..).filter(|record| record.starts_with(CENTRAL)) {
        let Some((entry, length)) = central(record, shift) else { break };
        list.add(entry);
        next += length;
    }
    if file.get(next..).is_some_and(|rest| rest.starts_with(END64)) {
        next += END64_BYTES;
    }
    (!list.entries.is_empty()).then_some((list, vec![first..next, record]))
}

/// Where the run of directory records before the end begins.
fn first_central(file: &[u8]) -> Option<usize> {
    let mut records = file.windows(4).enumerate().filter(|(_, window)| *window == CENTRAL).map(|(at, _)| at);
    records.find(|at| {
        file.get(*at..)
            .and_then(|record| central(record, 0))
            .is_some_and(|(entry, _)| file.get(entry.at..).is_some_and(|local| local.starts_with(LOCAL)))
    })
}

/// One record of the directory, and its length.
fn central(record: &[u8], shift: usize) -> Option<(Entry, usize)> {
    let flags = u16_at(record, 8)?;
    let (name, extra, comment) = (u16_at(record, 28)?, u16_at(record, 30)?, u16_at(record, 32)?);
    let (name, extra, comment) = (usize::from(name), usize::from(extra), usize::from(comment));
    let bytes = record.get(46..46 + name)?;
    let extras = record.get(46 + name..46 + name + extra)?;
    let wide = [u32_at(record, 24)?, u32_at(record, 20)?, u32_at(record, 42)?];
    let [unpacked, packed, at] = zip64(extras, wide)?;
    let entry = Entry {
        name: name_of(bytes),
        is_encrypted: flags & 1 == 1,
        method: u16_at(record, 10)?,
        at: at.checked_add(shift)?,
        packed: Some(packed),
        unpacked: Some(unpacked),
        crc: u32_at(record, 16).filter(|crc| *crc != 0),
    };
    Some((entry, 46 + name + extra + comment))
}

/// Numbers that are too large for 32 bits stand in an extra field of type 1, in this order.
fn zip64(extras: &[u8], fields: [u32; 3]) -> Option<[usize; 3]> {
    let mut wide: &[u8] = &[];
    let mut rest = extras;
    while let (Some(kind), Some(size)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let body = rest.get(4..4 + usize::from(size))?;
        if kind == 1 {
            wide = body;
            break;
        }
        rest = rest.get(4 + usize::from(size)..)?;
    }
    let mut all = [0; 3];
    for (to, field) in all.iter_mut().zip(fields) {
        *to = to_usize(field);
        if field == u32::MAX && wide.len() >= 8 {
            let (number, after) = wide.split_at(8);
            *to = usize::try_from(u64::from_le_bytes(number.try_into().ok()?)).ok()?;
            wide = after;
        }
    }
    Some(all)
}

/// The entries whose local headers are there.
fn scan(file: &[u8]) -> List {
    let mut list = List::default();
    let mut next = 0;
    loop {
        let rest = file.get(next..).unwrap_or_default();
        let Some(found) = rest.windows(4).position(|window| window == LOCAL) else { break };
        let at = next + found;
        let Some(header) = rest.get(found..) else { break };
        let (Some(flags), Some(method), Some(size)) = (u16_at(header, 6), u16_at(header, 8), u32_at(header, 18)) else {
            break;
        };
        let (Some(name), Some(extra)) = (u16_at(header, 26), u16_at(header, 28)) else { break };
        let Some(bytes) = header.get(30..30 + usize::from(name)) else { break };
        let start = 30 + usize::from(name) + usize::from(extra);
        let packed = (flags & 8 == 0 && size != u32::MAX).then_some(to_usize(size));
        let crc = u32_at(header, 14).filter(|crc| packed.is_some() && *crc != 0);
        list.add(Entry { name: name_of(bytes), is_encrypted: flags & 1 == 1, method, at, packed, unpacked: None, crc });
        next = at.saturating_add(start).saturating_add(packed.unwrap_or(0));
    }
    list
}

/// A name, with slashes between its folders.
fn name_of(bytes: &[u8]) -> String {
    let bytes = bytes.get(..ARCHIVE_NAME_BYTES_MAX).unwrap_or(bytes);
    charset::name(bytes).replace('\\', "/")
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

/// The checksum of ZIP and gzip.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| CRC_TABLE[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ (crc >> 8);
    !bytes.iter().fold(!0, step)
}

const CRC_TABLE: [u32; 256] = {
    let (mut table, mut byte) = ([0; 256], 0_u32);
    while byte < 256 {
        let (mut crc, mut bit) = (byte, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
};

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "zip_test.rs"]
pub(crate) mod tests;
