//! What kind of file system a folder lies on, and a tag that tells one from another.

use rustix::fs::{StatFs, fstatfs, fstatvfs, statfs};
use std::os::fd::AsFd;
use std::path::Path;

/// File systems that other machines write to without an event here: NFS, SMB (three names), 9P, Ceph, AFS, Coda, and FUSE
/// (sshfs, rclone). The numbers are those of statfs(2).
const NETWORK: [u64; 9] =
    [0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x0102_1997, 0x00C3_6400, 0x5346_414F, 0x7375_7245, 0x6573_5546];
/// File systems without inodes of their own: FAT and exFAT number files anew at each mount, and keep no time of the last
/// change of a file's metadata.
const NO_INODES: [u64; 2] = [0x4D44, 0x2011_BAB0];
/// File systems of the kernel's own state, in which nobody keeps documents: proc, sysfs, cgroup (two), devpts, debugfs, tracefs,
/// securityfs, selinuxfs, smackfs, apparmorfs, bpf, pstore, efivarfs, configfs, binfmt_misc, fusectl, mqueue, hugetlbfs, nsfs,
/// rpc_pipefs, nfsd, resctrl, openprom, usbdevfs and xenfs. The numbers are those of statfs(2) and linux/magic.h. devtmpfs has
/// the number of tmpfs, and holds no regular files.
const PSEUDO: [u64; 26] = [
    0x9FA0,
    0x6265_6572,
    0x0027_E0EB,
    0x6367_7270,
    0x1CD1,
    0x6462_6720,
    0x7472_6163,
    0x7363_6673,
    0xF97C_FF8C,
    0x4341_5D53,
    0x5A3C_69F0,
    0xCAFE_4A11,
    0x6165_676C,
    0xDE5E_81E4,
    0x6265_6570,
    0x4249_4E4D,
    0x6573_5543,
    0x1980_0202,
    0x9584_58F6,
    0x6E73_6673,
    0x6759_6969,
    0x6E66_7364,
    0x0765_5821,
    0x9FA1,
    0x9FA2,
    0xABBA_1974,
];
/// FUSE keeps times, but may number files anew.
const FUSE: u64 = 0x6573_5546;

/// What is known of a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileSystem {
    /// Tells it from others, with a chance of one in 65,535 to err; never 0. Where the file system has an id (ext4, btrfs,
    /// f2fs, ZFS), it is the same at every mount; elsewhere it follows from the device number.
    pub(super) tag: u16,
    /// Whether its inode numbers outlive a mount.
    pub(super) inodes: bool,
    /// Whether its time of the last change of metadata means anything.
    pub(super) change_times: bool,
    /// Whether it shows the kernel's own state: nothing in it is a document, and reading may never end.
    pub(super) pseudo: bool,
}

impl FileSystem {
    /// That of an open file or folder, whose device number is `device`.
    pub(super) fn of(file: impl AsFd, device: u64) -> Self {
        let kind = fstatfs(&file).map_or(0, |found| kind(&found));
        let id = fstatvfs(&file).map_or(0, |found| found.f_fsid);
        let fat = NO_INODES.contains(&kind);
        Self {
            tag: tag(kind, if id == 0 { device } else { id }),
            inodes: !fat && kind != FUSE,
            change_times: !fat,
            pseudo: PSEUDO.contains(&kind),
        }
    }
}

/// Whether other machines, or a program behind FUSE, may change files on the path's file system without an event.
pub(super) fn is_network(path: impl AsRef<Path>) -> bool {
    statfs(path.as_ref()).is_ok_and(|found| NETWORK.contains(&kind(&found)))
}

/// Whether the path is on a file system that shows the kernel's own state.
pub(super) fn is_pseudo(path: impl AsRef<Path>) -> bool {
    statfs(path.as_ref()).is_ok_and(|found| PSEUDO.contains(&kind(&found)))
}

/// The field has 32 bits on some machines, with a sign on others.
fn kind(found: &StatFs) -> u64 {
    u64::try_from(i128::from(found.f_type) & 0xFFFF_FFFF).unwrap_or(0)
}

/// FNV-1a, folded to 16 bits; 0 is not used, because it means "unknown".
fn tag(kind: u64, id: u64) -> u16 {
    let bytes = kind.to_le_bytes().into_iter().chain(id.to_le_bytes());
    let hash =
        bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3));
    let folded = hash ^ (hash >> 32);
    let folded = (folded ^ (folded >> 16)) & 0xFFFF;
    u16::try_from(folded).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn file_systems_are_told_apart_and_a_local_one_is_none_of_the_network() {
        let (proc, root) = (File::open("/proc").unwrap(), File::open("/").unwrap());
        let (proc, root) = (FileSystem::of(&proc, 5), FileSystem::of(&root, 6));
        assert_ne!(proc.tag, root.tag);
        assert_eq!(FileSystem::of(File::open("/").unwrap(), 6), root);
        assert!(root.inodes && root.change_times && !is_network("/proc"));
        assert!(proc.pseudo && is_pseudo("/proc/self") && is_pseudo("/sys") && !root.pseudo && !is_pseudo("/tmp"));
        assert_ne!(tag(1, 2), tag(1, 3));
    }
}
