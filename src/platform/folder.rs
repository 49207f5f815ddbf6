//! Folders and files of the owner: lists them in the order of paths, reads them whole.
//!
//! Symbolic links are left out, so that no loop and nothing outside the folder is ever followed. Hidden files and
//! folders (a leading dot) are left out, and so are files of keys and passwords that are not a source themselves, and the
//! agent's own home, and file systems that show the kernel's own state (/proc, /sys).

mod place;

use super::clock::wall_ns;
use super::file_system::FileSystem;
use crate::base::path::{join, prefix};
use crate::limits::{DOCUMENT_BYTES_MAX, FOLDER_DEPTH_MAX, FOLDER_ENTRIES_MAX, SCAN_BATCH, SCAN_NOTES_MAX};
use crate::scheduler::path::{covers, holder, is_hidden, leaves_out};
use crate::scheduler::task::Scan;
use crate::store::record::FileStamp;
use crate::worker::extract::Content;
use crate::worker::scan::{Entry, Listing};
use place::{is_folder, open_folder, plain, unavailable};
use rustix::fs::{Dir, FileType, Mode, OFlags};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Lists and reads what the owner watches. Clones share the lists of names that a scan under way needs again.
#[derive(Clone, Debug)]
pub struct Folders {
    home: PathBuf,
    open: Arc<Mutex<Vec<OpenFolder>>>,
}

/// A folder that a step of a scan did not finish. The next step goes on with the same names; to read and sort them once
/// more in each step would cost the square of their number.
#[derive(Debug)]
struct OpenFolder {
    path: Vec<u8>,
    /// The folder's stamp before its names were read: each name that comes or goes changes it.
    stamp: FileStamp,
    names: Vec<Vec<u8>>,
}

/// The state of one listing.
struct Walk<'a> {
    after: Option<&'a [u8]>,
    home: &'a [u8],
    /// The source of the scan, and the places in it that its owner named: they are read whatever their names are.
    source: &'a [u8],
    named: &'a [Vec<u8>],
    listing: Listing,
    full: bool,
    /// Folders that the step before left open.
    known: Vec<OpenFolder>,
    /// Folders that this step leaves open, the innermost first.
    open: Vec<OpenFolder>,
    /// The file systems met, by their device number.
    systems: Vec<(u64, FileSystem)>,
}

impl Folders {
    /// `home`: the agent's own folder, never listed.
    #[must_use]
    pub fn new(home: PathBuf) -> Self {
        Self { home, open: Arc::default() }
    }

    /// The next batch of files at `scan.scope` or below it. `named`: the places in its source that its owner named.
    #[must_use]
    pub fn list(&self, scan: &Scan, named: &[Vec<u8>]) -> Listing {
        // Only one step of a scan runs at a time, so nobody waits for this lock.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = mem::take(&mut *open);
        let mut walk = Walk {
            after: scan.after.as_deref(),
            home: self.home.as_os_str().as_bytes(),
            source: &scan.source.path,
            named,
            listing: Listing { at: wall_ns() / 1_000_000_000, ..Listing::default() },
            full: false,
            known: if scan.after.is_some() { known } else { Vec::new() },
            open: Vec::new(),
            systems: Vec::new(),
        };
        if let Some(why) = unavailable(&scan.source) {
            walk.remark(why);
            walk.listing.holes.push(scan.source.path.clone());
            // A source that is a file may be deleted, and its folder be there.
            walk.enter(parent(&scan.source.path));
        } else if walk.reachable(&scan.source.path, &scan.scope) {
            walk.visit(&scan.scope, FOLDER_DEPTH_MAX);
        }
        if walk.full {
            walk.listing.upto = walk.listing.entries.last().map(|entry| entry.path.clone());
            *open = walk.open;
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
            Err(error) => return unreadable(&error.into()),
        };
        read_open(&file).unwrap_or_else(|error| unreadable(&error))
    }
}

fn read_open(file: &File) -> std::io::Result<Content> {
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Ok(Content::Missing);
    }
    let system = FileSystem::of(file, meta.dev());
    if system.pseudo {
        return Ok(Content::Missing);
    }
    let stamp = stamp(&meta, &system);
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size.min(DOCUMENT_BYTES_MAX)).unwrap_or(0) + 1);
    if stamp.size <= DOCUMENT_BYTES_MAX {
        file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    }
    // A change that the stamp cannot show, during the reading or soon after, is found at the next look.
    let settled = stamp.is_settled(wall_ns()) && self::stamp(&file.metadata()?, &system) == stamp;
    let stamp = if settled { stamp } else { stamp.unsettled() };
    if stamp.size.max(bytes.len() as u64) > DOCUMENT_BYTES_MAX {
        return Ok(Content::TooLarge(stamp));
    }
    Ok(Content::Bytes(bytes, stamp))
}

/// A file that is there and cannot be read: until its owner changes that, or for now.
fn unreadable(error: &std::io::Error) -> Content {
    let why = plain(error);
    if error.kind() == ErrorKind::PermissionDenied { Content::Unreadable(why) } else { Content::Failed(why) }
}

fn stamp(meta: &Metadata, system: &FileSystem) -> FileStamp {
    let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
    let stamp = FileStamp {
        size: meta.size(),
        modified_ns: ns(meta.mtime(), meta.mtime_nsec()),
        changed_ns: if system.change_times { ns(meta.ctime(), meta.ctime_nsec()) } else { 0 },
        inode: if system.inodes { meta.ino() } else { 0 },
    };
    stamp.on_volume(system.tag)
}

/// As it is, for comparison within one scan.
fn own_stamp(meta: &Metadata) -> FileStamp {
    stamp(meta, &FileSystem { tag: 0, inodes: true, change_times: true, pseudo: false })
}

fn parent(path: &[u8]) -> &[u8] {
    let slash = path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    &path[..slash.max(1).min(path.len())]
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
        self.enter(&path);
        for name in below.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            path = join(&path, name);
            let link = fs::symlink_metadata(OsStr::from_bytes(&path)).is_ok_and(|meta| meta.is_symlink());
            if link {
                self.remark(format!("{} is a link and was left out.", String::from_utf8_lossy(&path)));
            }
            if link || name[0] == b'.' {
                return false;
            }
            self.enter(&path);
        }
        true
    }

    /// A folder on the way to the scope: notes the file system that begins there.
    fn enter(&mut self, path: &[u8]) {
        if let Ok((meta, folder)) = open_folder(path) {
            let system = self.open_system(&meta, &folder);
            self.begin_volume(path, system);
        }
    }

    /// The file system of an open folder.
    fn open_system(&mut self, meta: &Metadata, folder: &OwnedFd) -> FileSystem {
        let known = self.systems.iter().find(|(device, _)| *device == meta.dev()).map(|(_, system)| *system);
        known.unwrap_or_else(|| {
            let system = FileSystem::of(folder, meta.dev());
            self.systems.push((meta.dev(), system));
            system
        })
    }

    /// Notes the file system of a folder, unless it is that of the folder around it.
    fn begin_volume(&mut self, path: &[u8], system: FileSystem) {
        let around = self.listing.volumes.iter().filter(|(place, _)| covers(place, path));
        let around = around.max_by_key(|(place, _)| place.len());
        if around.is_none_or(|(_, tag)| *tag != system.tag) {
            self.listing.volumes.push((path.to_vec(), system.tag));
        }
    }

    /// The file system with this device number, on which the file lies.
    fn system(&mut self, file: &[u8], device: u64) -> Option<FileSystem> {
        if let Some((_, system)) = self.systems.iter().find(|(known, _)| *known == device) {
            return Some(*system);
        }
        // A single file can be mounted over another one.
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::open(Path::new(OsStr::from_bytes(file)), flags, Mode::empty()).ok()?;
        let system = FileSystem::of(&opened, device);
        self.systems.push((device, system));
        Some(system)
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
            self.visit_folder(path, (own_stamp(&meta), meta.dev()), depth);
        } else if meta.is_symlink() {
            self.remark(format!("{} is a link and was left out.", String::from_utf8_lossy(path)));
        } else if leaves_out(holder(self.source, self.named, path), path) {
            self.remark(format!(
                "{} holds keys or passwords by its name and was left out; add it by its own name to have it.",
                String::from_utf8_lossy(path)
            ));
        } else if meta.is_file() && self.after.is_none_or(|after| path > after) {
            let Some(system) = self.system(path, meta.dev()).filter(|system| !system.pseudo) else { return };
            let (stamp, has_other_names) = (stamp(&meta, &system), meta.nlink() > 1);
            self.listing.entries.push(Entry { path: path.to_vec(), stamp, has_other_names });
            self.full = self.listing.entries.len() == SCAN_BATCH;
        }
    }

    /// Whether everything at the path and below it was listed in an earlier step.
    fn is_done(&self, path: &[u8]) -> bool {
        let Some(after) = self.after else { return false };
        let below = prefix(path);
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

    /// A folder with this stamp and device number.
    fn visit_folder(&mut self, path: &[u8], (stamp, device): (FileStamp, u64), depth: usize) {
        if depth == 0 {
            return self.hole(path, &format!("it lies more than {FOLDER_DEPTH_MAX} folders deep"));
        }
        let known = self.known.iter().position(|folder| folder.path == path && folder.stamp == stamp);
        let names = match known {
            Some(at) => {
                if let Some(system) = self.system(path, device) {
                    self.begin_volume(path, system);
                }
                self.known.swap_remove(at).names
            }
            None => match self.names_in(path) {
                Ok(names) => names,
                Err(None) => return,
                Err(Some(why)) => return self.hole(path, &why),
            },
        };
        let done = self.after.and_then(|after| after.strip_prefix(prefix(path).as_slice()));
        for name in &names[done.map_or(0, |done| first_to_visit(&names, done))..] {
            let name = name.strip_suffix(b"/").unwrap_or(name);
            self.visit(&join(path, name), depth - 1);
            if self.full {
                break;
            }
        }
        let held: usize = self.open.iter().map(|folder| folder.names.len()).sum();
        if self.full && held + names.len() <= FOLDER_ENTRIES_MAX {
            self.open.push(OpenFolder { path: path.to_vec(), stamp, names });
        }
    }

    /// Whether a name in a folder is hidden, and nothing in it was named.
    fn is_hidden(&self, folder: &[u8], name: &[u8]) -> bool {
        if self.named.is_empty() {
            return name.first() == Some(&b'.');
        }
        let place = join(folder, name);
        let leads = self.named.iter().any(|named| covers(&place, named));
        !leads && is_hidden(holder(self.source, self.named, &place), &place)
    }

    /// The names in a folder, without hidden ones, sorted. Those of sub-folders end with a slash, so that they sort where
    /// the paths of their files do. `Err(None)`: the folder is gone; otherwise why the names cannot be used.
    fn names_in(&mut self, path: &[u8]) -> Result<Vec<Vec<u8>>, Option<String>> {
        let (meta, folder) = open_folder(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => None,
            _ => Some(plain(&error)),
        })?;
        let system = self.open_system(&meta, &folder);
        self.begin_volume(path, system);
        if system.pseudo {
            let name = String::from_utf8_lossy(path);
            self.remark(format!("{name} shows the system's own state and no documents, and was left out."));
            return Ok(Vec::new());
        }
        let entries = Dir::new(folder).map_err(|error| Some(plain(&error.into())))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|_| Some("its list of files broke off".to_owned()))?;
            let mut name = entry.file_name().to_bytes().to_vec();
            if self.is_hidden(path, &name) {
                continue;
            }
            if names.len() == FOLDER_ENTRIES_MAX {
                let max = FOLDER_ENTRIES_MAX;
                return Err(Some(format!("it holds more than {max} files directly; put them into sub-folders")));
            }
            let unknown = || entry.file_type() == FileType::Unknown && is_folder(&join(path, &name));
            if entry.file_type() == FileType::Directory || unknown() {
                name.push(b'/');
            }
            names.push(name);
        }
        names.sort_unstable();
        Ok(names)
    }
}

/// The index of the first of these sorted names that is not wholly at or before `done`, a path in their folder.
fn first_to_visit(names: &[Vec<u8>], done: &[u8]) -> usize {
    let next = names.partition_point(|name| name.as_slice() <= done);
    // A sub-folder that `done` lies in sorts just before it, and may hold more.
    let inside = next > 0 && names[next - 1].ends_with(b"/") && done.starts_with(&names[next - 1]);
    next - usize::from(inside)
}

#[cfg(test)]
mod tests;
