//! Whether the disk of a home can be written. A disk with errors may become read-only under a running agent, and permissions say
//! nothing of it: access(2) of an ext4 that was shut off for writing says that all is well.

use crate::base::finding::{Area, Finding, quoted_bytes};
use crate::base::path::covers;
use crate::platform::mounts::unescaped;
use crate::platform::regular;
use rustix::fs::StatVfsMountFlags;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Result, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file that is written to try it.
const TRIAL: &str = "write-trial";
/// What an option of a mount, or of its file system, begins with if nothing can be written: `ro`, and what ext4 and XFS say after errors.
const READ_ONLY: [&[u8]; 3] = [b"ro", b"emergency_ro", b"shutdown"];

/// Writes a small file, synced, and deletes it.
///
/// # Errors
/// The system's: the home cannot be written.
pub fn try_writing(home: &Path) -> Result<()> {
    let trial = home.join(TRIAL);
    let mut options = OpenOptions::new();
    let mut file = regular::open(&trial, options.write(true).create(true).truncate(true).mode(0o600))?;
    let written = file.write_all(b"Wattle tries whether this folder can be written.\n").and_then(|()| file.sync_all());
    match fs::remove_file(&trial) {
        // Another doctor has just deleted it.
        Err(error) if error.kind() != ErrorKind::NotFound => written.and(Err(error)),
        _ => written,
    }
}

/// The finding that the system lets nobody write to the disk of the home; `None` if it says nothing of the kind. Nothing is written.
#[must_use]
pub fn read_only(home: &Path) -> Option<Finding> {
    let by_mount = rustix::fs::statvfs(home).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY));
    let by_table =
        || fs::read("/proc/self/mountinfo").is_ok_and(|table| is_read_only(&table, home.as_os_str().as_bytes()));
    (by_mount || by_table()).then(|| {
        let what = format!(
            "The disk of the agent's home {} is read-only: it was mounted so, or the system found errors on it and writes nothing to it any \
             more. Nothing new can be indexed or remembered; answers go on. Look at the system's log before you mount it for writing again: \
             the disk or card may be failing.",
            home.display()
        );
        let command = format!("findmnt -T {}", quoted_bytes(home.as_os_str().as_encoded_bytes()));
        Finding { area: Area::State, what, command: Some(command) }
    })
}

/// Whether the table of mounts (proc_pid_mountinfo(5)) says that the file system of a path is read-only. Of two mounts at one place the
/// later one is seen.
fn is_read_only(table: &[u8], path: &[u8]) -> bool {
    let mut around: Option<(usize, bool)> = None;
    for line in table.split(|byte| *byte == b'\n') {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        let (Some(place), Some(options), Some(of_disk)) = (fields.get(4), fields.get(5), fields.last()) else {
            continue;
        };
        let place = unescaped(place);
        if covers(&place, path) && around.is_none_or(|(length, _)| length <= place.len()) {
            let mut all = options.split(|byte| *byte == b',').chain(of_disk.split(|byte| *byte == b','));
            around = Some((place.len(), all.any(|option| READ_ONLY.contains(&option))));
        }
    }
    around.is_some_and(|(_, is_read_only)| is_read_only)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_can_be_written_is_tried_and_nothing_is_left_in_it() {
        let home = tempfile::tempdir().unwrap();
        try_writing(home.path()).unwrap();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
        assert_eq!(read_only(home.path()), None);
        fs::create_dir(home.path().join(TRIAL)).unwrap();
        assert!(try_writing(home.path()).is_err());
        assert!(try_writing(&home.path().join("none")).is_err());
    }

    #[test]
    fn a_disk_that_became_read_only_after_errors_is_told_from_the_table_of_mounts() {
        // As Linux 6.18 writes it after an error of an ext4 with errors=remount-ro: the mount itself says rw still.
        let table = b"28 1 8:1 / / rw,relatime - ext4 /dev/sda rw,discard\n\
            100 28 7:0 / /home/my\\040disk rw,relatime - ext4 /dev/loop0 rw,errors=remount-ro,emergency_ro\n\
            101 28 0:9 / /srv ro,relatime - tmpfs tmpfs rw\n\
            102 28 0:8 / /srv/x rw - xfs /dev/b rw,attr2,shutdown\n\
            103 28 0:8 / /old ro - xfs /dev/b ro\n104 28 0:8 / /old rw - xfs /dev/c rw\n\nno mount\n";
        for (path, expected) in [
            ("/home/my disk/wattle", true),
            ("/home/my disk", true),
            ("/home/my", false),
            ("/srv/wattle", true),
            ("/srv/x/y", true),
            ("/old/wattle", false),
            ("/root", false),
        ] {
            assert_eq!(is_read_only(table, path.as_bytes()), expected, "{path}");
        }
        assert!(!is_read_only(b"", b"/root"));
    }
}
