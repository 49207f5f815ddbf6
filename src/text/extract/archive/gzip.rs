//! Streams of gzip: one file, without its folder.

use super::inflate::{Budget, End, Unpacked, entry_most, inflate};
use super::zip::crc32;

const MAGIC: &[u8] = b"\x1F\x8B\x08";

/// Streams behind each other that are read: programs that pack in parallel write many.
const MEMBERS_MAX: usize = 100_000;

/// Whether the bytes begin as such a stream does.
pub(crate) fn is_gzip(file: &[u8]) -> bool {
    file.starts_with(MAGIC)
}

/// Unpacks all streams of a file. Bytes behind them that are none are left out.
pub(crate) fn read(file: &[u8], budget: &mut Budget) -> Unpacked {
    let mut all = Unpacked { bytes: Vec::new(), end: End::Cut, consumed: 0 };
    for member in 0..MEMBERS_MAX {
        let rest = file.get(all.consumed..).unwrap_or_default();
        let Some(start) = header(rest) else { break };
        let most = entry_most().saturating_sub(all.bytes.len());
        if member > 0 && most == 0 {
            all.end = End::Full;
            break;
        }
        let unpacked = inflate(rest.get(start..).unwrap_or_default(), most, budget);
        all.end = unpacked.end;
        all.consumed += start + unpacked.consumed;
        // A checksum and a length follow.
        let stated = file.get(all.consumed..all.consumed + 4).and_then(|stated| stated.try_into().ok());
        let stated = stated.map(u32::from_le_bytes).filter(|crc| *crc != 0);
        if all.end == End::Whole && stated.is_some_and(|stated| stated != crc32(&unpacked.bytes)) {
            all.end = End::Altered;
            break;
        }
        all.bytes.extend(unpacked.bytes);
        all.consumed += 8;
        if all.end != End::Whole {
            return all;
        }
    }
    // More streams than are read.
    if all.end == End::Whole && file.get(all.consumed..).and_then(header).is_some() {
        all.end = End::Full;
    }
    all
}

/// The length of the header.
fn header(file: &[u8]) -> Option<usize> {
    if !is_gzip(file) {
        return None;
    }
    let flags = *file.get(3)?;
    let mut at = 10;
    if flags & 4 != 0 {
        let length = file.get(at..at + 2)?;
        at += 2 + usize::from(u16::from_le_bytes(length.try_into().ok()?));
    }
    // A name and a comment, which end with a NUL.
    for flag in [8, 16] {
        if flags & flag != 0 {
            at += file.get(at..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    at += if flags & 2 == 0 { 0 } else { 2 };
    (at <= file.len()).then_some(at)
}

/// The name without the ending of gzip.
pub(crate) fn inner_name(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".tgz") {
        return format!("{}.tar", &name[..name.len() - 4]);
    }
    if lower.ends_with(".gz") { name[..name.len() - 3].to_owned() } else { name.to_owned() }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Budget, End, inner_name, read};
    use miniz_oxide::deflate::compress_to_vec;

    /// A stream of these bytes.
    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut file = b"\x1F\x8B\x08\x08\0\0\0\0\0\x03name\0".to_vec();
        file.extend(compress_to_vec(bytes, 6));
        file.extend(super::crc32(bytes).to_le_bytes());
        file.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        file
    }

    #[test]
    fn streams_behind_each_other_are_one_file() {
        let file = [gzip(b"one "), gzip(b"two"), b"\0\0".to_vec()].concat();
        let mut budget = Budget::of(file.len());
        let all = read(&file, &mut budget);
        assert_eq!((all.bytes.as_slice(), all.end), (&b"one two"[..], End::Whole));
        for length in 0..file.len() {
            read(&file[..length], &mut budget);
        }
        let mut altered = gzip(b"one ");
        let at = altered.len() - 8;
        altered[at] ^= 1;
        let altered = read(&altered, &mut budget);
        assert_eq!((altered.bytes.as_slice(), altered.end), (&b""[..], End::Altered), "another checksum");
        assert_eq!(["a.txt.gz", "b.TGZ", "c"].map(inner_name), ["a.txt", "b.tar", "c"]);
    }
}
