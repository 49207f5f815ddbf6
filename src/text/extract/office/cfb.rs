//! Compound files, which old Office writes: a file system of sectors within a file.
//!
//! Chains of sectors are followed for no more steps than the file has sectors, so that a circle ends and nothing is reserved by a
//! number that the file states.

use super::bytes::{u16_at, u32_at};

const MAGIC: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
const LAST_SECTOR: u32 = 0xFFFF_FFFA;
const ENTRY: usize = 128;

/// Whether the bytes begin as such a file does.
pub(super) fn is_compound(file: &[u8]) -> bool {
    file.starts_with(MAGIC)
}

/// Whether the head of a file that begins so states sizes that none has: what follows is something else, or damaged.
pub(super) fn is_damaged(file: &[u8]) -> bool {
    u16_at(file, 0x1E).zip(u16_at(file, 0x20)).is_some_and(|shifts| !has_sizes(shifts))
}

/// Whether a file may have such sectors, and small ones: powers of two.
fn has_sizes((sector, small): (u16, u16)) -> bool {
    (7..=16).contains(&sector) && (4..=12).contains(&small)
}

/// A compound file.
pub(super) struct Compound<'a> {
    file: &'a [u8],
    /// Bytes of a sector, and of a small one.
    sector: usize,
    small: usize,
    /// Streams shorter than this lie in small sectors.
    small_below: usize,
    fat: Vec<u32>,
    small_fat: Vec<u32>,
    /// The stream that small sectors lie in.
    small_stream: Vec<u8>,
    directory: Vec<u8>,
}

impl<'a> Compound<'a> {
    /// Opens a file; `None` if it is none, or its head is missing.
    pub(super) fn open(file: &'a [u8]) -> Option<Self> {
        if !is_compound(file) {
            return None;
        }
        let shifts = (u16_at(file, 0x1E)?, u16_at(file, 0x20)?);
        if !has_sizes(shifts) {
            return None;
        }
        let mut opened = Self {
            file,
            sector: 1 << shifts.0,
            small: 1 << shifts.1,
            small_below: to_usize(u32_at(file, 0x38)?),
            fat: Vec::new(),
            small_fat: Vec::new(),
            small_stream: Vec::new(),
            directory: Vec::new(),
        };
        opened.fat = opened.table();
        opened.directory = opened.chain(u32_at(file, 0x30)?);
        let small_fat = opened.chain(u32_at(file, 0x3C)?);
        opened.small_fat = numbers(&small_fat);
        let root = opened.directory.get(..ENTRY)?;
        opened.small_stream = opened.chain(u32_at(root, 116)?);
        Some(opened)
    }

    /// The names of the streams and storages that lie in the root.
    pub(super) fn names(&self) -> Vec<String> {
        self.entries().into_iter().map(|(name, _)| name).collect()
    }

    /// The bytes of a stream of the root, as far as they are there.
    pub(super) fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let (_, entry) = self.entries().into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        let (start, size) = (u32_at(entry, 116)?, to_usize(u32_at(entry, 120)?));
        let mut bytes = if size >= self.small_below {
            self.chain(start)
        } else {
            let small = |at: u32| {
                let start = to_usize(at).checked_mul(self.small)?;
                self.small_stream.get(start..)?.chunks(self.small).next()
            };
            follow(start, &self.small_fat, small)
        };
        bytes.truncate(size);
        Some(bytes)
    }

    /// The entries of the root, which is a tree of siblings.
    fn entries(&self) -> Vec<(String, &[u8])> {
        let entry = |at: u32| self.directory.get(to_usize(at).checked_mul(ENTRY)?..)?.get(..ENTRY);
        let mut open: Vec<u32> = entry(0).and_then(|root| u32_at(root, 76)).into_iter().collect();
        let mut found: Vec<(String, &[u8])> = Vec::new();
        let most = self.directory.len() / ENTRY;
        for _ in 0..2 * most {
            let Some(at) = open.pop() else { break };
            let Some(entry) = entry(at) else { continue };
            let length = usize::from(u16_at(entry, 64).unwrap_or(0)).saturating_sub(2).min(62);
            let (units, _) = entry.get(..length).unwrap_or_default().as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
            found.push((String::from_utf16_lossy(&units), entry));
            open.extend(u32_at(entry, 68).into_iter().chain(u32_at(entry, 72)).filter(|at| *at < LAST_SECTOR));
        }
        found
    }

    /// The table of the next sectors.
    fn table(&self) -> Vec<u32> {
        let most = self.file.len() / self.sector;
        let mut sectors: Vec<u32> = (0..109).filter_map(|at| u32_at(self.file, 0x4C + 4 * at)).collect();
        let mut next = u32_at(self.file, 0x44).unwrap_or(u32::MAX);
        for _ in 0..most {
            let Some(body) = self.at(next) else { break };
            let mut more = numbers(body);
            next = more.pop().unwrap_or(u32::MAX);
            sectors.extend(more);
        }
        sectors.truncate(most + 1);
        let bodies = sectors.iter().take_while(|at| **at < LAST_SECTOR).filter_map(|at| self.at(*at));
        bodies.flat_map(numbers).collect()
    }

    fn chain(&self, start: u32) -> Vec<u8> {
        follow(start, &self.fat, |at| self.at(at))
    }

    fn at(&self, sector: u32) -> Option<&'a [u8]> {
        let start = to_usize(sector).checked_add(1)?.checked_mul(self.sector)?;
        self.file.get(start..)?.chunks(self.sector).next()
    }
}

/// The bytes of a chain of sectors, each sector once at most.
fn follow<'a>(start: u32, table: &[u32], sector: impl Fn(u32) -> Option<&'a [u8]>) -> Vec<u8> {
    let (mut bytes, mut at) = (Vec::new(), start);
    for _ in 0..=table.len() {
        let Some(body) = sector(at) else { break };
        bytes.extend(body);
        let Some(next) = table.get(to_usize(at)) else { break };
        at = *next;
    }
    bytes
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    let (numbers, _) = bytes.as_chunks::<4>();
    numbers.iter().map(|number| u32::from_le_bytes(*number)).collect()
}

fn to_usize(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::Compound;

    /// A compound file of these streams, in sectors of 512 bytes, without small ones.
    pub(crate) fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut table: Vec<u32> = vec![0xFFFF_FFFD, 0xFFFF_FFFE];
        let (mut body, mut entries) = (Vec::new(), Vec::new());
        let mut entry = |name: &str, kind: u8, child: u32, next: u32, start: u32, size: u32| {
            let mut bytes: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            bytes.resize(64, 0);
            bytes.extend(u16::try_from(2 * name.len() + 2).unwrap().to_le_bytes());
            bytes.extend([kind, 0]);
            for number in [u32::MAX, next, child] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.resize(116, 0);
            bytes.extend(start.to_le_bytes());
            bytes.extend(size.to_le_bytes());
            bytes.resize(128, 0);
            entries.extend(bytes);
        };
        entry("Root Entry", 5, 1, u32::MAX, 0xFFFF_FFFE, 0);
        for (at, (name, bytes)) in streams.iter().enumerate() {
            let next = if at + 1 < streams.len() { u32::try_from(at + 2).unwrap() } else { u32::MAX };
            let start = u32::try_from(table.len()).unwrap();
            entry(name, 2, u32::MAX, next, start, u32::try_from(bytes.len()).unwrap());
            for sector in bytes.chunks(512) {
                body.extend(sector);
                body.resize(body.len().next_multiple_of(512), 0);
                table.push(u32::try_from(table.len() + 1).unwrap());
            }
            *table.last_mut().unwrap() = 0xFFFF_FFFE;
        }
        assert!(table.len() <= 128 && entries.len() <= 512, "one sector for the table, one for the directory");
        entries.resize(512, 0);
        table.resize(128, u32::MAX);
        let mut file = super::MAGIC.to_vec();
        file.resize(0x1E, 0);
        file.extend([9, 0, 6, 0]);
        file.resize(0x2C, 0);
        for number in [1, 1, 0, 0, 0xFFFF_FFFE, 0, 0xFFFF_FFFE, 0, 0_u32] {
            file.extend(number.to_le_bytes());
        }
        file.extend([0xFF; 108 * 4]);
        file.extend(table.iter().flat_map(|number| number.to_le_bytes()));
        file.extend(entries);
        file.extend(body);
        file
    }

    #[test]
    fn streams_are_read_and_circles_and_cuts_end() {
        let long: Vec<u8> = (0..2000).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let file = compound(&[("Workbook", &long), ("Other", b"x")]);
        let opened = Compound::open(&file).unwrap();
        assert_eq!(opened.names(), ["Workbook", "Other"]);
        assert!(opened.stream("Workbook").unwrap() == long && opened.stream("None").is_none());
        let mut circle = file.clone();
        circle[512 + 4 * 3..512 + 4 * 4].copy_from_slice(&2_u32.to_le_bytes());
        let bytes = Compound::open(&circle).unwrap().stream("Workbook").unwrap();
        assert!(bytes.len() <= 2000);
        for length in (0..file.len()).step_by(7) {
            let opened = Compound::open(&file[..length]);
            opened.into_iter().for_each(|opened| drop(opened.stream("Workbook")));
        }
        assert!(Compound::open(b"").is_none());
    }
}
