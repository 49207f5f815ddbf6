//! Whether files are there, for an answer that leaves the device: soon, or not at all.

use super::beneath;
use crate::limits::{MISSING_LOOKS_MAX, MISSING_MS};
use crate::platform::clock;
use crate::platform::mounts::Mounts;
use crate::scheduler::path::covers;
use crate::store::record::Source;
use rustix::fs::{FileType, OFlags, fstat};
use rustix::io::Errno;
use std::collections::BTreeSet;
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

    /// Those of these files that are not there. Whoever asks waits for `MISSING_MS` at most: of a file whose place does not answer
    /// nothing is known, and it is not among them. Nor is anything asked of the `silent` places.
    pub(super) fn missing(
        &self,
        silent: &[Vec<u8>],
        mut paths: BTreeSet<Vec<u8>>,
        watched: Vec<Source>,
    ) -> BTreeSet<Vec<u8>> {
        let (mut missing, late) = (BTreeSet::new(), self.places());
        if late.len() >= MISSING_LOOKS_MAX {
            return missing;
        }
        if !late.is_empty() {
            let mounts = Mounts::open();
            paths.retain(|path| late.iter().all(|late| mounts.of(late) != mounts.of(path)));
        }
        paths.retain(|path| !silent.iter().any(|place| covers(place, path)));
        if paths.is_empty() {
            return missing;
        }
        let look: Look = Arc::new(Mutex::new(paths.first().cloned()));
        let (found, each) = sync_channel(paths.len());
        let own = Arc::clone(&look);
        let at = move |path| *own.lock().unwrap_or_else(PoisonError::into_inner) = path;
        let begun = Builder::new().name("missing".to_owned()).spawn(move || {
            for path in paths {
                at(Some(path.clone()));
                if is_missing(&path, &watched) && found.send(path).is_err() {
                    break;
                }
            }
            at(None);
        });
        if let Err(error) = begun {
            log::warn!("The system gives no more threads: {error}.");
            return missing;
        }
        let began = clock::now();
        loop {
            match each.recv_timeout(Duration::from_millis(MISSING_MS).saturating_sub(clock::now().since(began))) {
                Ok(path) => _ = missing.insert(path),
                Err(RecvTimeoutError::Disconnected) => return missing,
                Err(RecvTimeoutError::Timeout) => {
                    self.add(look);
                    return missing;
                }
            }
        }
    }
}

fn place(look: &Look) -> Option<Vec<u8>> {
    look.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Whether nothing is there that would be read as a file: also where a link leads to one, which may be in a private folder.
fn is_missing(path: &[u8], watched: &[Source]) -> bool {
    match beneath::open(path, watched, OFlags::PATH) {
        Ok(file) => fstat(file).is_ok_and(|stat| !FileType::from_raw_mode(stat.st_mode).is_file()),
        Err(error) => matches!(error, Errno::NOENT | Errno::NOTDIR | Errno::LOOP),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;

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
