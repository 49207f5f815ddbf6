//! Folders and files of the owner: lists them in the order of paths, reads them whole.
//!
//! Symbolic links are left out, so that no loop and nothing outside the folder is ever followed. Hidden files and
//! folders (a leading dot) are left out, and so is the agent's own home.

use crate::limits::{DOCUMENT_BYTES_MAX, FOLDER_DEPTH_MAX, FOLDER_ENTRIES_MAX, SCAN_BATCH, SCAN_NOTES_MAX};
use crate::scheduler::task::Scan;
use crate::store::record::{FileStamp, Source};
use crate::worker::extract::Content;
use crate::worker::scan::{Entry, Listing};
use rustix::fs::{Mode, OFlags};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Lists and reads what the owner watches.
#[derive(Clone, Debug)]
pub struct Folders {
    home: PathBuf,
}

/// The state of one listing.
struct Walk<'a> {
    after: Option<&'a [u8]>,
    home: &'a [u8],
    listing: Listing,
    full: bool,
}

impl Folders {
    /// `home`: the agent's own folder, never listed.
    #[must_use]
    pub const fn new(home: PathBuf) -> Self {
        Self { home }
    }

    /// The next batch of files at `scan.scope` or below it.
    #[must_use]
    pub fn list(&self, scan: &Scan) -> Listing {
        let mut walk = Walk {
            after: scan.after.as_deref(),
            home: self.home.as_os_str().as_bytes(),
            listing: Listing::default(),
            full: false,
        };
        if let Some(why) = unavailable(&scan.source) {
            walk.remark(why);
            walk.listing.holes.push(scan.source.path.clone());
        } else if walk.reachable(&scan.source.path, &scan.scope) {
            walk.visit(&scan.scope, FOLDER_DEPTH_MAX);
        }
        if walk.full {
            walk.listing.upto = walk.listing.entries.last().map(|entry| entry.path.clone());
        }
        walk.listing
    }

    /// A whole file. Never follows a link, never waits on a pipe, never reads more than the limit.
    #[must_use]
    pub fn read(&self, path: &[u8]) -> Content {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::open(Path::new(OsStr::from_bytes(path)), flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR | rustix::io::Errno::LOOP) => {
                return Content::Missing;
            }
            Err(error) => return Content::Unreadable(plain(&error.into())),
        };
        match read_open(file) {
            Ok(content) => content,
            Err(error) => Content::Unreadable(plain(&error)),
        }
    }
}

fn read_open(file: File) -> std::io::Result<Content> {
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Ok(Content::Missing);
    }
    let stamp = stamp(&meta);
    if stamp.size > DOCUMENT_BYTES_MAX {
        return Ok(Content::TooLarge(stamp));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).unwrap_or(0) + 1);
    file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > DOCUMENT_BYTES_MAX {
        return Ok(Content::TooLarge(stamp));
    }
    Ok(Content::Bytes(bytes, stamp))
}

/// The system's reason, without its error number.
fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_lowercase()
}

fn stamp(meta: &Metadata) -> FileStamp {
    FileStamp {
        size: meta.size(),
        modified_ns: meta.mtime().saturating_mul(1_000_000_000).saturating_add(meta.mtime_nsec()),
        changed_ns: meta.ctime().saturating_mul(1_000_000_000).saturating_add(meta.ctime_nsec()),
        inode: meta.ino(),
    }
}

/// Why the source is not deleted but out of reach (an unplugged disk, a server that is off): then nothing in it counts
/// as deleted. The number of the file system tells the two apart.
fn unavailable(source: &Source) -> Option<String> {
    let path = Path::new(OsStr::from_bytes(&source.path));
    let name = path.display();
    match fs::metadata(path) {
        Ok(meta) if meta.dev() == source.device => None,
        Ok(meta) if meta.is_dir() && fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none()) => {
            Some(format!(
                "{name} is empty and on another disk than when it was added: its disk is taken to be away, and what is known of it is kept."
            ))
        }
        Ok(_) => None,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let nearest = path.ancestors().find_map(|ancestor| fs::metadata(ancestor).ok());
            let same_disk = nearest.is_some_and(|meta| meta.dev() == source.device);
            (!same_disk).then(|| format!("{name} is not there, and neither is its disk: what is known of it is kept."))
        }
        Err(error) => Some(format!("{name} cannot be looked at ({}): what is known of it is kept.", plain(&error))),
    }
}

impl Walk<'_> {
    fn remark(&mut self, remark: String) {
        if self.listing.remarks.len() < SCAN_NOTES_MAX {
            self.listing.remarks.push(remark);
        }
    }

    /// Whether nothing between the source and the scope is hidden or a link.
    fn reachable(&mut self, source: &[u8], scope: &[u8]) -> bool {
        let below = scope.strip_prefix(source).unwrap_or_default();
        let mut path = source.to_vec();
        for name in below.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            path.push(b'/');
            path.extend_from_slice(name);
            let link = fs::symlink_metadata(OsStr::from_bytes(&path)).is_ok_and(|meta| meta.is_symlink());
            if link {
                self.remark(format!("{} is a link and was left out.", String::from_utf8_lossy(&path)));
            }
            if link || name[0] == b'.' {
                return false;
            }
        }
        true
    }

    fn visit(&mut self, path: &[u8], depth: usize) {
        if self.full || path == self.home || self.is_done(path) {
            return;
        }
        let name = OsStr::from_bytes(path);
        let meta = match fs::symlink_metadata(name) {
            Ok(meta) => meta,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
            Err(error) => return self.hole(path, &plain(&error)),
        };
        if meta.is_dir() {
            self.visit_folder(path, depth);
        } else if meta.is_symlink() {
            self.remark(format!("{} is a link and was left out.", String::from_utf8_lossy(path)));
        } else if meta.is_file() && self.after.is_none_or(|after| path > after) {
            self.listing.entries.push(Entry { path: path.to_vec(), stamp: stamp(&meta) });
            self.full = self.listing.entries.len() == SCAN_BATCH;
        }
    }

    /// Whether everything at the path and below it was listed in an earlier step.
    fn is_done(&self, path: &[u8]) -> bool {
        let Some(after) = self.after else { return false };
        let below = [path, b"/"].concat();
        after > below.as_slice() && !after.starts_with(&below)
    }

    fn hole(&mut self, path: &[u8], why: &str) {
        let name = String::from_utf8_lossy(path).into_owned();
        self.remark(format!("{name} was left out, {why}; what is known of it is kept."));
        if self.listing.holes.len() < SCAN_NOTES_MAX {
            self.listing.holes.push(path.to_vec());
        } else {
            // With so many unread places, nothing of this batch counts as deleted.
            self.listing.holes = vec![b"/".to_vec()];
        }
    }

    fn visit_folder(&mut self, path: &[u8], depth: usize) {
        if depth == 0 {
            return self.hole(path, &format!("it lies more than {FOLDER_DEPTH_MAX} folders deep"));
        }
        let entries = match fs::read_dir(OsStr::from_bytes(path)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return,
            Err(error) => return self.hole(path, &plain(&error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let Ok(entry) = entry else { return self.hole(path, "its list of files broke off") };
            let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let mut name = entry.file_name().into_vec();
            if name.first() == Some(&b'.') {
                continue;
            }
            if names.len() == FOLDER_ENTRIES_MAX {
                return self.hole(
                    path,
                    &format!("it holds more than {FOLDER_ENTRIES_MAX} files directly; put them into sub-folders"),
                );
            }
            // With a slash a folder sorts where the paths of its files do.
            if folder {
                name.push(b'/');
            }
            names.push(name);
        }
        names.sort_unstable();
        for name in names {
            let name = name.strip_suffix(b"/").unwrap_or(&name);
            let separator: &[u8] = if path.ends_with(b"/") { b"" } else { b"/" };
            self.visit(&[path, separator, name].concat(), depth - 1);
            if self.full {
                return;
            }
        }
    }
}
