//! What is mounted where, from /proc/self/mountinfo (proc_pid_mountinfo(5)). The kernel marks the open file as readable
//! out of band (POLLPRI) when that changes.

use crate::scheduler::path::covers;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};

/// The mounts of this process's namespace.
#[derive(Debug)]
pub(in crate::platform) struct Mounts {
    /// `None` where /proc is not mounted; changes are then found by the regular look at each source.
    pub(in crate::platform) file: Option<File>,
    known: BTreeSet<(u64, Vec<u8>)>,
}

impl Mounts {
    pub(in crate::platform) fn open() -> Self {
        let mut mounts = Self { file: File::open("/proc/self/mountinfo").ok(), known: BTreeSet::new() };
        mounts.changed();
        mounts
    }

    /// The places below this path at which something is mounted.
    pub(in crate::platform) fn below<'a>(&'a self, path: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.known.iter().map(|(_, place)| place.as_slice()).filter(move |place| covers(path, place))
    }

    /// The place of the mount that this path lies on, as far as its text says.
    pub(in crate::platform) fn of(&self, path: &[u8]) -> &[u8] {
        let around = self.known.iter().map(|(_, place)| place.as_slice()).filter(|place| covers(place, path));
        around.max_by_key(|place| place.len()).unwrap_or(b"/")
    }

    /// The places where something was mounted or unmounted since the last call.
    pub(in crate::platform) fn changed(&mut self) -> Vec<Vec<u8>> {
        let Some(file) = &mut self.file else { return Vec::new() };
        let mut text = Vec::new();
        if file.rewind().and_then(|()| file.read_to_end(&mut text)).is_err() {
            return Vec::new();
        }
        let now = parse(&text);
        let changed: BTreeSet<_> = now.symmetric_difference(&self.known).map(|(_, place)| place.clone()).collect();
        self.known = now;
        changed.into_iter().collect()
    }
}

/// The id and the place of each mount; a line that is none is left out.
fn parse(text: &[u8]) -> BTreeSet<(u64, Vec<u8>)> {
    let mount = |line: &[u8]| {
        let mut fields = line.split(|byte| *byte == b' ');
        let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        Some((id, unescaped(fields.nth(3)?)))
    };
    text.split(|byte| *byte == b'\n').filter_map(mount).collect()
}

/// The kernel writes space, tab, newline and backslash as a backslash and three octal digits.
pub(in crate::platform) fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        let octal =
            tail.get(..3).filter(|digits| *first == b'\\' && digits.iter().all(|digit| (b'0'..=b'7').contains(digit)));
        let byte = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        place.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[3..] } else { tail };
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_read_from_lines_as_the_kernel_writes_them() {
        let text = b"36 35 98:0 /mnt1 /media/my\\040stick rw,noatime master:1 - ext3 /dev/root rw\n\
            41 36 0:32 / /a\\134b rw - tmpfs tmpfs rw\nno mount\n\n7 1\n";
        let expected = [(36, b"/media/my stick".to_vec()), (41, b"/a\\b".to_vec())];
        assert_eq!(parse(text), expected.into_iter().collect());
        assert_eq!(unescaped(b"\\04\\9x\\"), b"\\04\\9x\\");
    }

    #[test]
    fn a_path_lies_on_the_innermost_mount_around_it() {
        let text = b"1 0 8:1 / / rw\n2 1 0:4 / /media/nas rw\n3 2 0:5 / /media/nas/inner rw\n";
        let mounts = Mounts { file: None, known: parse(text) };
        assert_eq!(mounts.of(b"/media/nas/docs/a"), b"/media/nas");
        assert_eq!((mounts.of(b"/media/nas/inner"), mounts.of(b"/media/nasty")), (&b"/media/nas/inner"[..], &b"/"[..]));
    }

    #[test]
    fn without_a_change_there_is_none() {
        let mut mounts = Mounts::open();
        assert!(mounts.file.is_some() && !mounts.known.is_empty(), "/proc is there");
        mounts.known.insert((u64::MAX, b"/gone".to_vec()));
        assert_eq!(mounts.below(b"/gone").count(), 1);
        assert!(mounts.changed().contains(&b"/gone".to_vec()));
    }
}
