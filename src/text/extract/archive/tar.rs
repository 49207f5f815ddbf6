//! TAR files: headers of 512 bytes with the files between, and longer names in entries of their own.

use super::super::charset;
use crate::limits::{ARCHIVE_NAME_BYTES_MAX, UNPACKED_ENTRIES_MAX};

const BLOCK: usize = 512;

/// A file in a TAR file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) name: String,
    pub(crate) bytes: &'a [u8],
    /// Whether the archive ends before the file does.
    pub(crate) is_cut: bool,
}

/// Whether the bytes begin with a header: its checksum is right.
pub(crate) fn is_tar(file: &[u8]) -> bool {
    file.get(..BLOCK).is_some_and(is_header)
}

/// What is in a TAR file.
#[derive(Debug)]
pub(crate) struct List<'a> {
    /// The files, without links and folders.
    pub(crate) entries: Vec<Entry<'a>>,
    /// How many there are beyond `limits::UNPACKED_ENTRIES_MAX`.
    pub(crate) left_out: usize,
    /// Whether the archive breaks off: in a file, in a header, or before the blank block that stands behind the last file.
    pub(crate) is_cut: bool,
}

/// The files of a TAR file.
pub(crate) fn entries(file: &[u8]) -> List<'_> {
    let (mut found, mut next, mut long, mut left_out) = (Vec::new(), 0_usize, None, 0);
    while let Some(header) = file.get(next..next.saturating_add(BLOCK)).filter(|header| is_header(header)) {
        let Some(size) = number(header.get(124..136).unwrap_or_default()) else { break };
        let start = next + BLOCK;
        let there = file.get(start..).unwrap_or_default();
        let bytes = there.get(..size).unwrap_or(there);
        match header.get(156) {
            // The name of the next entry, of GNU and of POSIX.
            Some(b'L') => long = Some(text(bytes)),
            Some(b'x') => long = pax_path(bytes).or(long),
            Some(b'0' | b'7' | 0) => {
                let name = long.take().unwrap_or_else(|| short(header));
                if found.len() >= UNPACKED_ENTRIES_MAX {
                    left_out += usize::from(!name.ends_with('/'));
                } else if !name.ends_with('/') {
                    found.push(Entry { name, bytes, is_cut: there.len() < size });
                }
            }
            _ => long = None,
        }
        let Some(after) = size.checked_next_multiple_of(BLOCK).and_then(|size| start.checked_add(size)) else { break };
        next = after;
    }
    let is_cut = file.get(next..).is_none_or(|rest| rest.len() < BLOCK);
    List { entries: found, left_out, is_cut }
}

/// The sum of all bytes of a header, its own field as spaces.
fn is_header(header: &[u8]) -> bool {
    let field = |at: usize| (148..156).contains(&at);
    let sum: usize = header.iter().enumerate().map(|(at, byte)| if field(at) { 32 } else { usize::from(*byte) }).sum();
    header.first().is_some_and(|byte| *byte != 0) && number(header.get(148..156).unwrap_or_default()) == Some(sum)
}

/// A number in octal digits, or, with the first bit set, in binary.
fn number(field: &[u8]) -> Option<usize> {
    if field.first().is_some_and(|byte| byte & 0x80 != 0) {
        let bytes = field.get(field.len().checked_sub(8)?..)?;
        return usize::try_from(u64::from_be_bytes(bytes.try_into().ok()?)).ok();
    }
    let digits: Vec<u8> = field.iter().copied().filter(|byte| !matches!(byte, 0 | b' ')).collect();
    usize::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()
}

fn short(header: &[u8]) -> String {
    let name = text(header.get(..100).unwrap_or_default());
    let is_posix = header.get(257..262) == Some(b"ustar");
    let folder = if is_posix { text(header.get(345..500).unwrap_or_default()) } else { String::new() };
    if folder.is_empty() { name } else { format!("{folder}/{name}") }
}

/// Up to the first NUL.
fn text(bytes: &[u8]) -> String {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    charset::name(bytes.get(..ARCHIVE_NAME_BYTES_MAX).unwrap_or(bytes))
}

/// `path` of the lines `LENGTH KEY=VALUE`.
fn pax_path(bytes: &[u8]) -> Option<String> {
    let line = bytes.split(|byte| *byte == b'\n').find_map(|line| {
        let at = line.iter().position(|byte| *byte == b' ')?;
        line.get(at + 1..)?.strip_prefix(b"path=")
    })?;
    Some(text(line))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{BLOCK, List, entries, is_tar};

    fn header(name: &str, kind: u8, size: usize) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        header[156] = kind;
        header[148..156].fill(b' ');
        let sum: usize = header.iter().map(|byte| usize::from(*byte)).sum();
        header[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        header[154] = 0;
        header
    }

    /// A TAR file of these entries.
    pub(crate) fn tar(files: &[(&str, u8, &[u8])]) -> Vec<u8> {
        let mut file = Vec::new();
        for (name, kind, body) in files {
            file.extend(header(name, *kind, body.len()));
            file.extend(*body);
            file.resize(file.len().next_multiple_of(BLOCK), 0);
        }
        file.resize(file.len() + 2 * BLOCK, 0);
        file
    }

    #[test]
    fn files_have_their_long_names_and_folders_and_links_are_left_out() {
        let long = "very/long/".repeat(20);
        let pax = format!("22 mtime=1700000000.5\n{} path={long}b.txt\n", long.len() + 16);
        let file = tar(&[
            ("dir/", b'5', b""),
            ("dir/a.txt", b'0', b"one"),
            ("././@LongLink", b'L', format!("{long}c.txt\0").as_bytes()),
            ("c.txt", b'0', b"two"),
            ("link", b'2', b""),
            ("pax", b'x', pax.as_bytes()),
            ("b.txt", 0, &[b'3'; 700]),
        ]);
        assert!(is_tar(&file) && !is_tar(b"dir/") && !is_tar(&[0; 512]));
        let names: Vec<(String, usize)> =
            entries(&file).entries.into_iter().map(|it| (it.name, it.bytes.len())).collect();
        let expected = [("dir/a.txt".to_owned(), 3), (format!("{long}c.txt"), 3), (format!("{long}b.txt"), 700)];
        assert_eq!(names, expected);
    }

    #[test]
    fn of_a_file_that_was_cut_the_files_that_are_there_are_read() {
        let file = tar(&[("a.txt", b'0', b"one"), ("b.txt", b'0', &[b'3'; 700])]);
        let List { entries: found, is_cut, .. } = entries(&file[..4 * BLOCK]);
        assert!(is_cut && !entries(&file).is_cut);
        for end in [2 * BLOCK, 2 * BLOCK + 9, 5 * BLOCK, file.len() - 2 * BLOCK] {
            assert!(entries(&file[..end]).is_cut, "behind a file, in a header: {end}");
        }
        assert!(found[1].is_cut && found[1].bytes.len() == BLOCK && !found[0].is_cut);
        for length in 0..file.len() {
            entries(&file[..length]);
        }
    }
}
