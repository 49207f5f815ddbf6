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
use std::mem;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
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
    listing: Listing,
    full: bool,
    /// Folders that the step before left open.
    known: Vec<OpenFolder>,
    /// Folders that this step leaves open, the innermost first.
    open: Vec<OpenFolder>,
}

impl Folders {
    /// `home`: the agent's own folder, never listed.
    #[must_use]
    pub fn new(home: PathBuf) -> Self {
        Self { home, open: Arc::default() }
    }

    /// The next batch of files at `scan.scope` or below it.
    #[must_use]
    pub fn list(&self, scan: &Scan) -> Listing {
        // Only one step of a scan runs at a time, so nobody waits for this lock.
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let known = mem::take(&mut *open);
        let mut walk = Walk {
            after: scan.after.as_deref(),
            home: self.home.as_os_str().as_bytes(),
            listing: Listing::default(),
            full: false,
            known: if scan.after.is_some() { known } else { Vec::new() },
            open: Vec::new(),
        };
        if let Some(why) = unavailable(&scan.source) {
            walk.remark(why);
            walk.listing.holes.push(scan.source.path.clone());
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
            self.visit_folder(path, stamp(&meta), depth);
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

    fn visit_folder(&mut self, path: &[u8], stamp: FileStamp, depth: usize) {
        if depth == 0 {
            return self.hole(path, &format!("it lies more than {FOLDER_DEPTH_MAX} folders deep"));
        }
        let known = self.known.iter().position(|folder| folder.path == path && folder.stamp == stamp);
        let names = match known {
            Some(at) => self.known.swap_remove(at).names,
            None => match names_in(path) {
                Ok(names) => names,
                Err(None) => return,
                Err(Some(why)) => return self.hole(path, &why),
            },
        };
        let separator: &[u8] = if path.ends_with(b"/") { b"" } else { b"/" };
        let done = self.after.and_then(|after| after.strip_prefix(path)?.strip_prefix(separator));
        for name in &names[done.map_or(0, |done| first_to_visit(&names, done))..] {
            let name = name.strip_suffix(b"/").unwrap_or(name);
            self.visit(&[path, separator, name].concat(), depth - 1);
            if self.full {
                break;
            }
        }
        let held: usize = self.open.iter().map(|folder| folder.names.len()).sum();
        if self.full && held + names.len() <= FOLDER_ENTRIES_MAX {
            self.open.push(OpenFolder { path: path.to_vec(), stamp, names });
        }
    }
}

/// The names in a folder, without hidden ones, sorted. Those of sub-folders end with a slash, so that they sort where
/// the paths of their files do. `Err(None)`: the folder is gone; otherwise why the names cannot be used.
fn names_in(path: &[u8]) -> Result<Vec<Vec<u8>>, Option<String>> {
    let entries = fs::read_dir(OsStr::from_bytes(path)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => None,
        _ => Some(plain(&error)),
    })?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|_| Some("its list of files broke off".to_owned()))?;
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let mut name = entry.file_name().into_vec();
        if name.first() == Some(&b'.') {
            continue;
        }
        if names.len() == FOLDER_ENTRIES_MAX {
            let max = FOLDER_ENTRIES_MAX;
            return Err(Some(format!("it holds more than {max} files directly; put them into sub-folders")));
        }
        if folder {
            name.push(b'/');
        }
        names.push(name);
    }
    names.sort_unstable();
    Ok(names)
}

/// The index of the first of these sorted names that is not wholly at or before `done`, a path in their folder.
fn first_to_visit(names: &[Vec<u8>], done: &[u8]) -> usize {
    let next = names.partition_point(|name| name.as_slice() <= done);
    // A sub-folder that `done` lies in sorts just before it, and may hold more.
    let inside = next > 0 && names[next - 1].ends_with(b"/") && done.starts_with(&names[next - 1]);
    next - usize::from(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use std::collections::BTreeSet;

    fn scan(root: &Path, after: Option<Vec<u8>>) -> Scan {
        let path = root.as_os_str().as_bytes().to_vec();
        let device = fs::metadata(root).unwrap().dev();
        let source = Source { path: path.clone(), collection: "home".to_owned(), ring: Ring::Mesh, device };
        Scan { source, scope: path, after }
    }

    fn paths(listing: &Listing) -> Vec<Vec<u8>> {
        listing.entries.iter().map(|entry| entry.path.clone()).collect()
    }

    /// Steps through a whole scan, with `between` called after each step.
    fn listed(folders: &Folders, root: &Path, mut between: impl FnMut(usize)) -> Vec<Vec<u8>> {
        let (mut found, mut after, mut steps) = (Vec::new(), None, 0);
        loop {
            let listing = folders.list(&scan(root, after));
            assert_eq!(listing.holes, Vec::<Vec<u8>>::new());
            found.extend(paths(&listing));
            after = listing.upto;
            if after.is_none() {
                return found;
            }
            between(steps);
            steps += 1;
        }
    }

    fn sorted(paths: &[Vec<u8>]) -> bool {
        paths.windows(2).all(|pair| pair[0] < pair[1])
    }

    #[test]
    fn a_scan_lists_each_file_once_in_the_order_of_paths_and_each_step_goes_on_with_the_names_of_the_last() {
        let root = tempfile::tempdir().unwrap();
        let mut made = BTreeSet::new();
        for folder in ["", "a", "a/b", "a.b", "b", "b/c/d"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            for n in 0..SCAN_BATCH / 2 {
                let path = root.path().join(folder).join(format!("{n}.txt"));
                fs::write(&path, "x").unwrap();
                made.insert(path.into_os_string().into_vec());
            }
        }
        let folders = Folders::new(root.path().join(".home"));
        let mut held = Vec::new();
        let found = listed(&folders, root.path(), |_| {
            held.push(folders.open.lock().unwrap().iter().map(|folder| folder.path.clone()).collect::<Vec<_>>());
        });
        assert!(sorted(&found));
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), made);
        let root = root.path().as_os_str().as_bytes();
        assert_eq!(held.len(), 3, "{held:?}");
        assert!(held.iter().all(|open| open.last().is_some_and(|outermost| outermost == root)), "{held:?}");
        assert!(folders.open.lock().unwrap().is_empty(), "a finished scan holds no names");
    }

    #[test]
    fn names_that_come_and_go_between_two_steps_are_seen() {
        let root = tempfile::tempdir().unwrap();
        let name = |n: usize| root.path().join(format!("{n:05}"));
        (0..SCAN_BATCH + 10).for_each(|n| fs::write(name(n), "x").unwrap());
        let folders = Folders::new(root.path().join(".home"));
        let late = root.path().join("zzz");
        let found = listed(&folders, root.path(), |_| {
            fs::remove_file(name(SCAN_BATCH + 5)).unwrap();
            fs::write(&late, "x").unwrap();
        });
        assert_eq!(found.len(), SCAN_BATCH + 10);
        assert!(sorted(&found) && found.last().unwrap() == late.as_os_str().as_bytes());
    }

    #[test]
    fn the_first_name_to_visit_is_the_folder_that_the_last_path_is_in_or_what_follows() {
        let names: Vec<Vec<u8>> = ["a", "a.b", "a/", "b/", "c"].map(|name| name.as_bytes().to_vec()).into();
        let first = |done: &str| first_to_visit(&names, done.as_bytes());
        assert_eq!([first(""), first("a"), first("a.b"), first("a.c")], [0, 1, 2, 2]);
        assert_eq!(
            [first("a/x"), first("a/"), first("b/y/z"), first("b0"), first("c"), first("d")],
            [2, 2, 3, 4, 5, 5]
        );
    }
}
