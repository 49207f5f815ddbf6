//! Whether files are there, and as they were read, for an answer: soon, or not at all.

use super::beneath;
use super::place::{Found, look_at, open_volume, stamp};
use crate::limits::{DOCUMENT_BYTES_MAX, MISSING_LOOKS_MAX, MISSING_MS};
use crate::platform::clock;
use crate::platform::file_system::FileSystem;
use crate::platform::mounts::Mounts;
use crate::scheduler::path::covers;
use crate::store::record::Source;
use crate::worker::extract::content_hash;
use crate::worker::look::{AsRead, Look as Seen, Looks, Sought};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// The looks that nobody waits for any more. Of a place in which one still is, nothing is asked meanwhile: its file system may
/// never answer, and the thread in it cannot be ended.
#[derive(Clone, Debug, Default)]
pub(super) struct LateLooks(Arc<Mutex<Vec<Look>>>);

/// Where a look is; no path once it has ended.
type Look = Arc<Mutex<Option<Vec<u8>>>>;

impl LateLooks {
    /// Where they are.
    fn places(&self) -> Vec<Vec<u8>> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|look| place(look).is_some());
        looks.iter().filter_map(place).collect()
    }

    fn add(&self, look: Look) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    /// Looks at these files. Whoever asks waits for `MISSING_MS` at most: of a file whose place does not answer nothing is known, and it is
    /// not among those that come. Nor is anything asked of the `silent` places.
    pub(super) fn look(&self, silent: &[Vec<u8>], mut paths: Sought, watched: Vec<Source>) -> Looks {
        let (mut looks, late) = (Looks::new(), self.places());
        if late.len() >= MISSING_LOOKS_MAX {
            return looks;
        }
        if !late.is_empty() {
            let mounts = Mounts::open();
            paths.retain(|path, _| late.iter().all(|late| mounts.of(late) != mounts.of(path)));
        }
        paths.retain(|path, _| !silent.iter().any(|place| covers(place, path)));
        if paths.is_empty() {
            return looks;
        }
        let look: Look = Arc::new(Mutex::new(paths.keys().next().cloned()));
        let (found, each) = sync_channel(paths.len());
        let own = Arc::clone(&look);
        let at = move |path| *own.lock().unwrap_or_else(PoisonError::into_inner) = path;
        let begun = Builder::new().name("missing".to_owned()).spawn(move || {
            for (path, file) in paths {
                at(Some(path.clone()));
                let seen = seen(&path, file.as_ref(), &watched);
                if seen.is_some_and(|seen| found.send((path, seen)).is_err()) {
                    break;
                }
            }
            at(None);
        });
        if let Err(error) = begun {
            log::warn!("The system gives no more threads: {error}.");
            return looks;
        }
        let began = clock::now();
        loop {
            match each.recv_timeout(Duration::from_millis(MISSING_MS).saturating_sub(clock::now().since(began))) {
                Ok((path, seen)) => _ = looks.insert(path, seen),
                Err(RecvTimeoutError::Disconnected) => return looks,
                Err(RecvTimeoutError::Timeout) => {
                    self.add(look);
                    return looks;
                }
            }
        }
    }
}

fn place(look: &Look) -> Option<Vec<u8>> {
    look.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Looks at one file; `None`: nothing is known of it. What would not be read as a file is missing: also where a link leads to one, which
/// may be in a private folder.
fn seen(path: &[u8], file: Option<&AsRead>, watched: &[Source]) -> Option<Seen> {
    let missing = || Some(Seen::Missing(file.and_then(|file| volume_here(path, file, watched))));
    let there = match beneath::open(path, watched, OFlags::PATH) {
        Ok(there) => File::from(there),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return missing(),
        Err(_) => return None,
    };
    let meta = there.metadata().ok()?;
    if !meta.is_file() {
        return missing();
    }
    let Some(file) = file else { return Some(Seen::There) };
    let now = stamp(&meta, &FileSystem::of(&there, meta.dev()));
    let is_same = file.stamp.is_same_file(&now) && !file.is_unread;
    // A change of rights, or a stamp that was not settled, leaves the content as it is.
    let has_text = is_same || (file.is_unread || file.stamp.size == now.size) && has_content(path, file, watched);
    Some(if has_text { Seen::There } else { Seen::Changed })
}

/// Whether a file has the content that was read.
fn has_content(path: &[u8], file: &AsRead, watched: &[Source]) -> bool {
    let Ok(opened) = beneath::open(path, watched, OFlags::RDONLY | OFlags::NONBLOCK) else { return false };
    let mut bytes = Vec::new();
    let read = File::from(opened).take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes);
    read.is_ok() && bytes.len() as u64 <= DOCUMENT_BYTES_MAX && content_hash(&bytes) == file.content
}

/// The tag of the file system that is there where a file is missing. `None` where the file may be away: its watched place is, or a folder
/// around it cannot be read. A place that is empty and on another disk has lost only what was learnt on that one.
fn volume_here(path: &[u8], file: &AsRead, watched: &[Source]) -> Option<u16> {
    let source = watched.iter().filter(|source| covers(&source.path, path)).max_by_key(|source| source.path.len())?;
    let tag = folders_around(path)?;
    match look_at(source, watched) {
        Found::Folder => Some(tag),
        Found::Other(_) => (path == source.path).then_some(tag),
        Found::Away(away) => {
            let is_listed = away.folder.is_some_and(|folder| folder == source.path || path == source.path);
            (is_listed && tag == file.stamp.volume()).then_some(tag)
        }
    }
}

/// The tag of the file system of the deepest folder above a path that is there, if that can be read.
fn folders_around(path: &[u8]) -> Option<u16> {
    for folder in Path::new(OsStr::from_bytes(path)).ancestors().skip(1) {
        match open_volume(folder) {
            Ok(tag) => return Some(tag),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(_) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::worker::look::plainly;
    use std::collections::BTreeSet;
    use std::fs;

    impl LateLooks {
        fn missing(&self, silent: &[Vec<u8>], paths: BTreeSet<Vec<u8>>, watched: Vec<Source>) -> BTreeSet<Vec<u8>> {
            let looks = self.look(silent, plainly(paths), watched);
            looks.into_iter().filter(|(_, look)| matches!(look, Seen::Missing(_))).map(|(path, _)| path).collect()
        }
    }

    #[test]
    fn a_file_is_as_it_was_read_if_its_stamp_says_so_or_its_content_and_one_that_is_gone_is_told_with_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(root.join("docs/sub")).unwrap();
        let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
        let device = fs::metadata(&root).unwrap().dev();
        let source = |device| Source { path: path("docs"), collection: "home".into(), ring: Ring::Mesh, device };
        let record = |name: &str, text: &[u8]| {
            fs::write(root.join(name), text).unwrap();
            let file = File::open(root.join(name)).unwrap();
            let meta = file.metadata().unwrap();
            let stamp = stamp(&meta, &FileSystem::of(&file, meta.dev()));
            AsRead { stamp, content: content_hash(text), is_unread: false }
        };
        let look = |name: &str, file: AsRead, device| seen(&path(name), Some(&file), &[source(device)]);
        let file = record("docs/sub/a.md", b"old text");
        let here = file.stamp.volume();
        assert_eq!(look("docs/sub/a.md", file, device), Some(Seen::There));
        let touched = AsRead { stamp: file.stamp.unsettled(), ..file };
        assert_eq!(look("docs/sub/a.md", touched, device), Some(Seen::There), "its content is the same");
        let newer = record("docs/sub/a.md", b"new text");
        assert_eq!(look("docs/sub/a.md", touched, device), Some(Seen::Changed));
        let unread = AsRead { content: file.content, is_unread: true, ..newer };
        assert_eq!(
            look("docs/sub/a.md", unread, device),
            Some(Seen::Changed),
            "a look has seen it, and nobody read it"
        );
        assert_eq!(look("docs/sub/a.md", AsRead { content: newer.content, ..unread }, device), Some(Seen::There));
        fs::remove_dir_all(root.join("docs/sub")).unwrap();
        assert_eq!(look("docs/sub/a.md", file, device), Some(Seen::Missing(Some(here))));
        // The place is empty, and was on another disk when it was added.
        assert_eq!(look("docs/sub/a.md", file, device + 1), Some(Seen::Missing(Some(here))), "it was learnt here");
        let elsewhere = AsRead { stamp: file.stamp.on_volume(here ^ 1), ..file };
        assert_eq!(look("docs/sub/a.md", elsewhere, device + 1), Some(Seen::Missing(None)));
        fs::remove_dir(root.join("docs")).unwrap();
        assert_eq!(look("docs/sub/a.md", file, device), Some(Seen::Missing(None)), "the place is away");
    }

    #[test]
    fn files_that_were_deleted_or_replaced_by_a_link_or_a_folder_are_missing_and_all_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let name = |name: &str| folder.path().join(name);
        ["a", "b"].iter().for_each(|file| fs::write(name(file), "text").unwrap());
        fs::create_dir(name("folder")).unwrap();
        std::os::unix::fs::symlink(name("a"), name("link")).unwrap();
        let paths = ["a", "b", "folder", "link", "gone", "a/below"];
        let paths = paths.map(|file| name(file).as_os_str().as_bytes().to_vec());
        let missing = LateLooks::default().missing(&[], paths.iter().cloned().collect(), Vec::new());
        assert_eq!(missing, paths[2..].iter().cloned().collect());
    }

    #[test]
    fn a_file_in_a_folder_that_became_a_link_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        for name in ["docs", "diary/deep"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        fs::write(root.join("diary/deep/a.md"), "text").unwrap();
        std::os::unix::fs::symlink(root.join("diary"), root.join("docs/notes")).unwrap();
        let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
        let source = |name: &str, ring| Source { path: path(name), collection: "home".into(), ring, device: 1 };
        let watched = vec![source("docs", Ring::Mesh), source("diary", Ring::Private)];
        let paths = BTreeSet::from([path("docs/notes/deep/a.md")]);
        assert_eq!(LateLooks::default().missing(&[], paths.clone(), watched.clone()), paths);
        let paths = BTreeSet::from([path("diary/deep/a.md")]);
        assert!(LateLooks::default().missing(&[], paths, watched).is_empty());
    }

    #[test]
    fn of_a_file_system_in_which_a_look_is_late_nothing_is_known_until_that_has_ended() {
        let looks = LateLooks::default();
        let gone = || BTreeSet::from([b"/nonexistent/a.md".to_vec()]);
        assert_eq!(looks.missing(&[], gone(), Vec::new()), gone());
        assert_eq!(
            looks.missing(&[b"/nonexistent".to_vec()], gone(), Vec::new()),
            BTreeSet::new(),
            "that does not answer"
        );
        let (here, elsewhere) = (Look::default(), Look::default());
        let at = |look: &Look, path: Option<&[u8]>| *look.lock().unwrap() = path.map(<[u8]>::to_vec);
        at(&here, Some(b"/nonexistent/b.md"));
        at(&elsewhere, Some(b"/proc/c.md"));
        looks.add(Arc::clone(&here));
        assert_eq!(looks.missing(&[], gone(), Vec::new()), BTreeSet::new());
        looks.add(elsewhere);
        at(&here, None);
        assert_eq!(looks.missing(&[], gone(), Vec::new()), gone(), "that is in another file system");
        (1..MISSING_LOOKS_MAX).for_each(|_| {
            let look = Look::default();
            at(&look, Some(b"/proc/d.md"));
            looks.add(look);
        });
        assert_eq!(looks.missing(&[], gone(), Vec::new()), BTreeSet::new(), "few threads are left behind");
    }
}
