//! One step of a listing: a walk through a folder in the order of paths, which goes on where the step before ended.

use super::known::{Known, Noted, OpenFolder};
use super::names::{LeftOut, first_to_visit, is_done, is_hidden_in};
use super::place::{Found, is_folder, left_out_home, look_beside, open_folder, own_stamp, plain, stamp};
use super::roots::{identity, moved_here};
use super::said::{moved_private, silence};
use crate::base::path::{join, parent, prefix};
use crate::limits::{DEEP_MAX, FOLDER_DEPTH_MAX, FOLDER_ENTRIES_MAX, IGNORED_MAX, SCAN_BATCH, SCAN_NOTES_MAX};
use crate::platform::clock::wall_ns;
use crate::platform::file_system::FileSystem;
use crate::platform::home::is_agent_home;
use crate::platform::reach::Progress;
use crate::scheduler::key_files::KeyFiles;
use crate::scheduler::path::{counts_as_key_file, covers, holder, holds_secrets, leaves_out};
use crate::scheduler::task::Scan;
use crate::store::record::FileStamp;
use crate::store::roots::Identity;
use crate::worker::scan::{Entry, Listing};
use rustix::fs::{Dir, FileType, Mode, OFlags};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::mem;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The state of one listing.
struct Walk<'a> {
    after: Option<&'a [u8]>,
    /// The source of the scan.
    source: &'a [u8],
    before: &'a Known,
    progress: &'a Progress,
    listing: Listing,
    noted: Noted,
    full: bool,
    /// Folders that the step before left open.
    known: Vec<OpenFolder>,
    /// Folders that this step leaves open, the innermost first.
    open: Vec<OpenFolder>,
    /// Hidden files of keys and passwords in the folder whose names were just read.
    hidden_keys: KeyFiles,
    left_out: LeftOut,
    /// The file systems met, by their device number.
    systems: Vec<(u64, FileSystem)>,
}

/// Lists the next batch of files of the scan. Gives the folders that the next step goes on with, and what it found besides.
pub(super) fn list(scan: &Scan, mut before: Known, progress: &Progress) -> (Listing, Vec<OpenFolder>, Noted) {
    let known = mem::take(&mut before.open);
    let mut walk = Walk {
        after: scan.after.as_deref(),
        source: &scan.source.path,
        before: &before,
        progress,
        listing: Listing { at: wall_ns() / 1_000_000_000, ..Listing::default() },
        noted: Noted::default(),
        full: false,
        known: if scan.after.is_some() { known } else { Vec::new() },
        open: Vec::new(),
        hidden_keys: KeyFiles::default(),
        left_out: LeftOut::default(),
        systems: Vec::new(),
    };
    match look_beside(&before.home, &scan.source, &before.watched) {
        Found::Away(away) => {
            walk.remark(away.remark);
            walk.listing.holes.push(scan.source.path.clone());
            if let Some(folder) = &away.folder {
                walk.enter(folder);
            }
            walk.listing.why = away.why;
        }
        found => {
            if let Found::Other(kind) = found {
                walk.listing.instead = Some(kind);
            }
            if walk.root(&scan.source.path)
                && let Some(depth) = walk.reachable(&scan.source.path, &scan.scope)
            {
                walk.visit(&scan.scope, depth);
            }
        }
    }
    if !walk.full {
        return (walk.listing, Vec::new(), walk.noted);
    }
    walk.listing.upto = walk.listing.entries.last().map(|entry| entry.path.clone());
    (walk.listing, walk.open, walk.noted)
}

impl Walk<'_> {
    fn remark(&mut self, remark: String) {
        if self.listing.remarks.len() < SCAN_NOTES_MAX {
            self.listing.remarks.push(remark);
        }
    }

    /// How many folders deep the scope may be followed; `None` if something between the source and the scope is hidden, left out or
    /// a link, or the scope lies too deep itself.
    fn reachable(&mut self, source: &[u8], scope: &[u8]) -> Option<usize> {
        let below = scope.strip_prefix(source).unwrap_or_default();
        let (mut path, mut depth) = (source.to_vec(), FOLDER_DEPTH_MAX);
        self.enter(&path);
        self.enter_rules(&path);
        for name in below.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            if depth == 0 {
                self.too_deep(&path);
                return None;
            }
            depth -= 1;
            path = join(&path, name);
            self.progress.enter(&path);
            let meta = fs::symlink_metadata(OsStr::from_bytes(&path));
            if meta.as_ref().is_ok_and(|meta| self.is_private(&path, meta)) {
                return None;
            }
            let link = meta.is_ok_and(|meta| meta.is_symlink());
            if link {
                self.remark(format!("{} is a link and was left out.", String::from_utf8_lossy(&path)));
            }
            if name[0] == b'.' && path == scope && counts_as_key_file(source, scope) {
                let meta = fs::symlink_metadata(OsStr::from_bytes(&path));
                if meta.is_ok_and(|meta| meta.is_file()) {
                    self.listing.key_files.add(path.clone());
                }
            }
            if link || name[0] == b'.' {
                return None;
            }
            let has = |name: &str| fs::symlink_metadata(OsStr::from_bytes(&join(&path, name.as_bytes()))).is_ok();
            if path != self.before.home.as_os_str().as_bytes() && is_agent_home(has) {
                self.add_home(&path);
                return None;
            }
            self.enter(&path);
            let name = if is_folder(&path) { [name, b"/"].concat() } else { name.to_vec() };
            if self.is_ignored(parent(&path), &name) {
                return None;
            }
            self.enter_rules(&path);
        }
        Some(depth)
    }

    /// A folder on the way to the scope: notes the file system that begins there.
    fn enter(&mut self, path: &[u8]) {
        self.progress.enter(path);
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
        if self.full || path == self.before.home.as_os_str().as_bytes() || is_done(self.after, path) {
            return;
        }
        self.progress.step();
        let meta = match fs::symlink_metadata(OsStr::from_bytes(path)) {
            Ok(meta) => meta,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return,
            Err(error) => return self.hole(path, &plain(&error)),
        };
        if self.is_private(path, &meta) {
            return;
        }
        if meta.is_dir() {
            self.visit_folder(path, (own_stamp(&meta), meta.dev()), depth);
        } else if meta.is_symlink() {
            self.remark(format!("{} is a link and was left out.", String::from_utf8_lossy(path)));
        } else if leaves_out(holder(self.source, &self.before.named, path), path) {
            if meta.is_file() {
                self.listing.key_files.add(path.to_vec());
            }
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

    fn hole(&mut self, path: &[u8], why: &str) {
        self.remark(format!("{} was left out, {why}; what is known of it is kept.", String::from_utf8_lossy(path)));
        self.add_hole(path);
    }

    fn too_deep(&mut self, path: &[u8]) {
        self.hole(path, &format!("it lies more than {FOLDER_DEPTH_MAX} folders deep"));
        self.noted.deep.push(path.to_vec());
        self.noted.deep.truncate(DEEP_MAX);
    }

    fn add_hole(&mut self, path: &[u8]) {
        if self.listing.holes.len() < SCAN_NOTES_MAX {
            self.listing.holes.push(path.to_vec());
        } else {
            self.listing.has_more_holes = true;
        }
    }

    /// The home of another agent is left out, and nothing that was known in it counts as gone: it may be a folder of documents that became one.
    fn add_home(&mut self, path: &[u8]) {
        self.listing.key_files.add_home(path.to_vec());
        self.remark(left_out_home(path));
        self.add_hole(path);
    }

    /// Notes what is at the path of the source. Whether it may be looked at.
    fn root(&mut self, path: &[u8]) -> bool {
        fs::symlink_metadata(OsStr::from_bytes(path)).map_or(true, |meta| {
            self.listing.root = self.identity(path, &meta);
            !self.is_private(path, &meta)
        })
    }

    fn identity(&mut self, path: &[u8], meta: &Metadata) -> Option<Identity> {
        self.system(path, meta.dev()).filter(|system| system.inodes).map(|system| identity(meta, &system))
    }

    /// Whether this is a private place that was moved into the source, or to its path: nothing of it is for others there.
    fn is_private(&mut self, path: &[u8], meta: &Metadata) -> bool {
        let Some(place) = moved_here(&self.before.private, path, meta, || self.identity(path, meta)) else {
            return false;
        };
        self.remark(moved_private(path, &place));
        self.add_hole(path);
        let why = || format!("it is the private place {} now", String::from_utf8_lossy(&place));
        self.listing.why = (path == self.source).then(why).or_else(|| self.listing.why.take());
        self.noted.moved.push((path.to_vec(), place));
        self.noted.moved.truncate(DEEP_MAX);
        true
    }

    /// A folder with this stamp and device number.
    fn visit_folder(&mut self, path: &[u8], (stamp, device): (FileStamp, u64), depth: usize) {
        if depth == 0 {
            return self.too_deep(path);
        }
        let known = self.known.iter().position(|folder| folder.path == path && folder.stamp == stamp);
        let before = self.listing.ignored.len();
        let names = match known {
            Some(at) => {
                if let Some(system) = self.system(path, device) {
                    self.begin_volume(path, system);
                }
                self.enter_rules(path);
                let known = self.known.swap_remove(at);
                self.add_ignored(known.ignored);
                known.names
            }
            None => match self.names_in(path) {
                Ok(names) => names,
                Err(None) => return,
                Err(Some(why)) => return self.hole(path, &why),
            },
        };
        let ignored = self.listing.ignored.get(before..).unwrap_or_default().to_vec();
        let done = self.after.and_then(|after| after.strip_prefix(prefix(path).as_slice()));
        // Each folder is begun once: where a step goes on in it, its hidden names were counted before.
        let hidden = std::mem::take(&mut self.hidden_keys);
        if done.is_none() {
            self.listing.key_files.extend(hidden);
        }
        for name in &names[done.map_or(0, |done| first_to_visit(&names, done))..] {
            let place = join(path, name.strip_suffix(b"/").unwrap_or(name));
            if self.before.silent.contains(&place) {
                self.remark(silence(&place));
                self.add_hole(&place);
                continue;
            }
            if name.ends_with(b"/") {
                self.progress.enter(&place);
            }
            self.visit(&place, depth - 1);
            if self.full {
                break;
            }
        }
        let held: usize = self.open.iter().map(|folder| folder.names.len()).sum();
        if self.full && held + names.len() <= FOLDER_ENTRIES_MAX {
            self.open.push(OpenFolder { path: path.to_vec(), stamp, names, ignored });
        }
    }

    /// Goes into a folder: its files of patterns count from now on.
    fn enter_rules(&mut self, folder: &[u8]) {
        for (path, error) in self.left_out.enter(folder) {
            let (name, why) = (String::from_utf8_lossy(&path).into_owned(), plain(&error));
            self.remark(format!("{name} cannot be read ({why}): what it leaves out is listed."));
        }
    }

    /// Whether patterns leave a name in a folder out; that of a sub-folder ends in a slash. It is noted then.
    fn is_ignored(&mut self, folder: &[u8], name: &[u8]) -> bool {
        let (name, is_folder) = name.strip_suffix(b"/").map_or((name, false), |name| (name, true));
        let place = join(folder, name);
        let is_out = self.left_out.holds(self.source, &self.before.named, &place, is_folder);
        if is_out {
            self.add_ignored([place]);
        }
        is_out
    }

    /// Notes places that patterns leave out.
    fn add_ignored(&mut self, places: impl IntoIterator<Item = Vec<u8>>) {
        let room = IGNORED_MAX - self.listing.ignored.len();
        self.listing.ignored.extend(places.into_iter().take(room));
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
        self.hidden_keys = KeyFiles::default();
        let entries = Dir::new(folder).map_err(|error| Some(plain(&error.into())))?;
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|_| Some("its list of files broke off".to_owned()))?;
            let mut name = entry.file_name().to_bytes().to_vec();
            if is_hidden_in(path, &name, self.source, &self.before.named) {
                if entry.file_type() == FileType::RegularFile && holds_secrets(&name) {
                    self.hidden_keys.add(join(path, &name));
                }
                continue;
            }
            if names.len() == FOLDER_ENTRIES_MAX {
                let max = FOLDER_ENTRIES_MAX;
                return Err(Some(format!("it holds more than {max} files directly; put them into sub-folders")));
            }
            self.progress.step();
            let unknown = || entry.file_type() == FileType::Unknown && is_folder(&join(path, &name));
            if entry.file_type() == FileType::Directory || unknown() {
                name.push(b'/');
            }
            names.push(name);
        }
        names.sort_unstable();
        self.enter_rules(path);
        if is_agent_home(|own| names.binary_search_by(|name| name.as_slice().cmp(own.as_bytes())).is_ok()) {
            names.clear();
            self.hidden_keys = KeyFiles::default();
            self.add_home(path);
        }
        names.retain(|name| !self.is_ignored(path, name));
        Ok(names)
    }
}
