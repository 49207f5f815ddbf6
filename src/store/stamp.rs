//! A file's stamp: what a look at the file, without reading it, gives, and what equal stamps are worth.

use serde::{Deserialize, Serialize};

/// Bits of `FileStamp::inode` that hold the inode number; those above hold the tag of the file system.
const INODE_BITS: u32 = 48;
/// `FileStamp::changed_ns` of a stamp that equals no file's: the file is read again at the next look.
const UNSETTLED: i64 = i64::MIN;
/// `FileStamp::changed_ns` of a document whose owner keeps it though its file is gone.
const KEPT: i64 = i64::MIN + 1;
/// Times in whole seconds, or in hundredths, are those of FAT, exFAT, ext2 and ext3: the coarsest counts in steps of two
/// seconds. So two saves within this time may have equal stamps.
const COARSE_NS: i64 = 2_000_000_000;
const COARSE_STEP_NS: i64 = 10_000_000;
/// Elsewhere the kernel takes the time from its timer tick: 10 ms at HZ=100, and some more where a file server does.
const FINE_NS: i64 = 50_000_000;

/// A file's metadata. The times are the file system's own.
///
/// Two equal stamps mean that the file did not change in between, if the first was settled when the file was read: if so
/// much time had passed since its last change that another change would have had another time (git's
/// Documentation/technical/racy-git.txt has the problem). A reader stores an unsettled stamp as one that equals none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStamp {
    /// Bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since 1970 by the file system.
    pub modified_ns: i64,
    /// Last change of content, name or permissions, likewise; 0 where the file system keeps none.
    pub changed_ns: i64,
    /// The inode number, 0 where it does not outlive a mount; its low 48 bits. The high 16 bits are a tag of the file
    /// system, 0 if that is not known (stamps of before have none).
    pub inode: u64,
}

impl FileStamp {
    /// The same stamp, of a file on the file system with this tag.
    #[must_use]
    pub const fn on_volume(self, tag: u16) -> Self {
        let number = (self.inode ^ (self.inode >> INODE_BITS)) & ((1 << INODE_BITS) - 1);
        Self { inode: number | ((tag as u64) << INODE_BITS), ..self }
    }

    /// The tag of the file system that the file was on; 0 if it is not known.
    #[must_use]
    pub const fn volume(&self) -> u16 {
        (self.inode >> INODE_BITS) as u16
    }

    /// Whether this is the stamp of the same unchanged file. The file system is not compared: its tag may change when the
    /// same disk is mounted again.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        let number = |stamp: &Self| stamp.inode & ((1 << INODE_BITS) - 1);
        (self.size, self.modified_ns, self.changed_ns) == (other.size, other.modified_ns, other.changed_ns)
            && number(self) == number(other)
    }

    /// Whether a change after `now_ns`, nanoseconds since 1970, would give the file another stamp. It would not if the
    /// file's last change is too fresh, lies in the future, or has no time.
    #[must_use]
    pub const fn is_settled(&self, now_ns: i64) -> bool {
        // The time of the last change of metadata cannot be set by programs; but some file systems only copy the other.
        let own = self.changed_ns > 0 && self.changed_ns != self.modified_ns;
        let last = if own { self.changed_ns } else { self.modified_ns };
        let coarse = last % COARSE_STEP_NS == 0;
        last > 0 && last.saturating_add(if coarse { COARSE_NS } else { FINE_NS }) <= now_ns
    }

    /// The same stamp, made to equal no file's.
    #[must_use]
    pub const fn unsettled(self) -> Self {
        Self { changed_ns: UNSETTLED, ..self }
    }

    /// The stamp of a document whose file was gone at this time, in seconds since 1970, and which its owner keeps.
    #[must_use]
    pub const fn kept(self, since: i64) -> Self {
        Self { modified_ns: since, changed_ns: KEPT, ..self }
    }

    /// Since when the document is kept without its file, in seconds since 1970.
    #[must_use]
    pub const fn kept_since(&self) -> Option<i64> {
        if self.changed_ns == KEPT { Some(self.modified_ns) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_793_000_000_123_456_789;

    fn stamp(modified_ns: i64, changed_ns: i64) -> FileStamp {
        FileStamp { size: 9, modified_ns, changed_ns, inode: 77 }
    }

    #[test]
    fn a_stamp_is_settled_once_another_change_would_have_another_time() {
        let settled = |modified, changed| stamp(modified, changed).is_settled(NOW);
        let ago = |ms: i64| NOW - ms * 1_000_000;
        assert!(settled(ago(60), ago(60)) && !settled(ago(10), ago(10)));
        let whole = |seconds: i64| (NOW / 1_000_000_000 - seconds) * 1_000_000_000;
        assert!(!settled(whole(1), whole(1)), "two saves within a second have equal times");
        assert!(settled(whole(3), whole(3)) && settled(whole(3), 0));
        assert!(!settled(ago(-5000), ago(-5000)) && !settled(0, 0) && !settled(-7, -7), "a time that is none");
        assert!(settled(ago(-5000), ago(60)) && settled(0, ago(60)), "the other time cannot be set by programs");
        assert!(!settled(0, ago(10)));
    }

    #[test]
    fn a_file_is_the_same_on_a_disk_that_came_back_under_another_number() {
        let (first, second) = (stamp(5, 6).on_volume(3), stamp(5, 6).on_volume(4));
        assert_eq!((first.volume(), second.volume(), stamp(5, 6).volume()), (3, 4, 0));
        assert!(first.is_same_file(&second) && first.is_same_file(&stamp(5, 6)) && first != second);
        assert!(!first.is_same_file(&stamp(5, 7).on_volume(3)));
        let huge = FileStamp { inode: u64::MAX - 5, ..stamp(5, 6) };
        assert!(huge.on_volume(9).volume() == 9 && huge.on_volume(9).is_same_file(&huge.on_volume(2)));
        assert!(!huge.on_volume(9).is_same_file(&FileStamp { inode: 77, ..huge }.on_volume(9)));
    }

    #[test]
    fn unsettled_and_kept_stamps_equal_no_file() {
        let file = stamp(5, 6).on_volume(3);
        assert!(!file.unsettled().is_same_file(&file) && file.unsettled().kept_since().is_none());
        assert_eq!((file.kept(1234).kept_since(), file.kept(1234).volume()), (Some(1234), 3));
        assert!(!file.kept(5).is_same_file(&file));
    }
}
