//! Sets inotify watches (inotify(7)) folder by folder. A folder that cannot be watched is noted, and its neighbours are
//! watched all the same.

use super::table::Table;
use crate::base::path::join;
use crate::limits::{FOLDER_DEPTH_MAX, WATCH_FAILURES_MAX};
use crate::platform::file_system::is_pseudo;
use crate::platform::folder::names::LeftOut;
use crate::platform::home::is_agent_home;
use crate::platform::reach::{Calls, Progress};
use crate::scheduler::path::covers;
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is asked of each folder: its entries' changes, and its own end.
const CHANGES: WatchFlags = WatchFlags::ATTRIB
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::MOVE)
    .union(ENDS);
/// What is asked of a folder above a source.
const ENDS: WatchFlags = WatchFlags::DELETE_SELF.union(WatchFlags::MOVE_SELF).union(WatchFlags::ONLYDIR);

/// Tries of one walk, each without the places that fell silent in the one before.
const TRIES: usize = 4;

/// Bytes of events that are read at once: some hundred of them.
const EVENT_BYTES: usize = 16 * 1024;

/// Why a folder is not watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unwatched {
    /// The system's limit of watches is reached (ENOSPC).
    Limit,
    /// Its owner lets nobody read it (EACCES).
    Locked,
    /// Its file system does not answer.
    Silent,
    /// Another error of the system.
    Failed(Errno),
}

/// One event, with the path of the folder or the entry that it is about.
#[derive(Debug)]
pub(super) enum Event {
    /// The queue of the system was full: anything may have changed.
    Overflow,
    /// The folder is gone, moved or unmounted, or its watch has ended.
    Ended(Vec<u8>),
    /// A folder appeared here, or its permissions changed.
    FolderCame(Vec<u8>),
    /// A folder left this place.
    FolderWent(Vec<u8>),
    /// Something else changed here.
    Changed(Vec<u8>),
}

/// The watches.
#[derive(Debug)]
pub(super) struct Tree {
    inotify: Arc<OwnedFd>,
    table: Table,
    home: PathBuf,
    calls: Calls,
    /// Folders without a watch, `WATCH_FAILURES_MAX` at most.
    failures: BTreeMap<Vec<u8>, Unwatched>,
}

impl Tree {
    /// No watches yet. `home`: the agent's own folder, never watched.
    ///
    /// # Errors
    /// The system's: EMFILE where the user has too many inotify instances.
    pub(super) fn new(home: PathBuf, calls: Calls) -> Result<Self, Errno> {
        let inotify = Arc::new(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?);
        Ok(Self { inotify, table: Table::default(), home, calls, failures: BTreeMap::new() })
    }

    /// For `poll`.
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.inotify.as_fd()
    }

    /// Folders below the source that could not be watched, and why.
    pub(super) fn failures<'a>(&'a self, source: &'a [u8]) -> impl Iterator<Item = (&'a [u8], Unwatched)> {
        let below = self.failures.iter().filter(move |(path, _)| covers(source, path));
        below.map(|(path, why)| (path.as_slice(), *why))
    }

    pub(super) fn holds(&self, folder: &[u8]) -> bool {
        self.table.holds(folder)
    }

    /// Watches a folder of a source and every folder below it; hidden ones, links, and what patterns leave out are left out, as scans
    /// do. A watch is set before its folder is listed, so no folder that comes meanwhile is missed.
    pub(super) fn watch_below(&mut self, source: &[u8], top: &[u8]) {
        self.failures.retain(|path, _| !covers(top, path));
        for _ in 0..TRIES {
            let silent = self.calls.reach().silent();
            let (inotify, home, own) = (Arc::clone(&self.inotify), self.home.clone(), (source.to_vec(), top.to_vec()));
            let skipped: Vec<_> = silent.iter().filter(|place| covers(top, place)).cloned().collect();
            let set = self.calls.call(top, move |progress| set_below(&inotify, &home, own, &silent, progress));
            if let Ok(set) = set {
                for (folder, watch) in set {
                    self.note(&folder, &folder, watch);
                }
                skipped.iter().for_each(|place| self.fail(place, Unwatched::Silent));
                return;
            }
            // Where only a place in it fell silent, the rest is watched without it.
        }
        self.fail(top, Unwatched::Silent);
    }

    /// Watches one folder, for the sake of what lies at `place`, where a failure is noted. False if it is not watched, or is
    /// none.
    pub(super) fn watch_one(&mut self, folder: &[u8], place: &[u8]) -> bool {
        let (inotify, own) = (Arc::clone(&self.inotify), folder.to_vec());
        match self.calls.call(place, move |_| watch(&inotify, &own)) {
            Ok(watch) => self.note(folder, place, watch),
            Err(_) => {
                self.fail(place, Unwatched::Silent);
                false
            }
        }
    }

    /// Whether a folder that is watched may be read no more: its watch outlives that, and tells nothing of it.
    pub(super) fn is_locked_now(&mut self, folder: &[u8]) -> bool {
        let (inotify, own) = (Arc::clone(&self.inotify), folder.to_vec());
        let watch = self.calls.call(folder, move |_| watch(&inotify, &own));
        matches!(watch, Ok(Err(Errno::ACCESS | Errno::PERM)))
    }

    /// This user may not look at the path of a source.
    pub(super) fn lock(&mut self, source: &[u8]) {
        self.fail(source, Unwatched::Locked);
    }

    /// Notes what became of a watch; true if the folder is watched.
    fn note(&mut self, folder: &[u8], place: &[u8], watch: Result<i32, Errno>) -> bool {
        match watch {
            Ok(watch) => {
                self.failures.remove(place);
                if let Some(old) = self.table.insert(folder, watch) {
                    let _ = inotify::remove_watch(&self.inotify, old);
                }
                return true;
            }
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
            Err(Errno::NOSPC) => self.fail(place, Unwatched::Limit),
            Err(Errno::ACCESS | Errno::PERM) => self.fail(place, Unwatched::Locked),
            Err(other) => self.fail(place, Unwatched::Failed(other)),
        }
        false
    }

    fn fail(&mut self, place: &[u8], why: Unwatched) {
        if self.failures.len() < WATCH_FAILURES_MAX {
            self.failures.insert(place.to_vec(), why);
        }
    }

    /// Asks for the end of each folder above `path`, so that a source that is carried away with its parent is noticed.
    pub(super) fn watch_above(&mut self, path: &[u8]) {
        let above = path.iter().enumerate().skip(1).filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at]);
        let above = above.filter(|folder| !folder.is_empty() && !self.table.holds(folder));
        let (inotify, above): (_, Vec<_>) = (Arc::clone(&self.inotify), above.map(<[u8]>::to_vec).collect());
        let set = move |progress: &Progress| {
            let set = above.into_iter().map(|folder| {
                progress.step();
                let flags = ENDS | WatchFlags::MASK_ADD;
                let watch = inotify::add_watch(&inotify, OsStr::from_bytes(&folder), flags);
                (folder, watch)
            });
            set.collect::<Vec<_>>()
        };
        for (folder, watch) in self.calls.call(path, set).unwrap_or_default() {
            if let Ok(watch) = watch {
                self.table.insert(&folder, watch);
            }
        }
    }

    /// Ends the watches of a folder and of all below it.
    pub(super) fn end_below(&mut self, folder: &[u8]) {
        self.failures.retain(|path, _| !covers(folder, path));
        for watch in self.table.remove_below(folder) {
            // The system has ended it already where the folder is gone.
            let _ = inotify::remove_watch(&self.inotify, watch);
        }
    }

    /// The events that wait, `None` at their end.
    pub(super) fn events(&mut self) -> Vec<Event> {
        let mut buffer = [MaybeUninit::uninit(); EVENT_BYTES];
        let mut reader = inotify::Reader::new(&self.inotify, &mut buffer);
        let mut events = Vec::new();
        let mut ended = Vec::new();
        while let Ok(event) = reader.next() {
            let (flags, watch) = (event.events(), event.wd());
            if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
                events.push(Event::Overflow);
            }
            let name = event.file_name().map(std::ffi::CStr::to_bytes);
            for folder in self.table.folders(watch) {
                let event = told(folder, name, flags);
                if !matches!((events.last(), &event), (Some(Event::Changed(last)), Event::Changed(path)) if last == path)
                {
                    events.push(event);
                }
            }
            ended.extend(flags.contains(ReadFlags::IGNORED).then_some(watch));
            if reader.is_buffer_empty() {
                break;
            }
        }
        for watch in ended {
            self.table.remove(watch);
        }
        events
    }
}

/// What an event at a folder tells, or at the entry of a name in it.
fn told(folder: &[u8], name: Option<&[u8]>, flags: ReadFlags) -> Event {
    if flags.intersects(ReadFlags::IGNORED | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT) {
        return Event::Ended(folder.to_vec());
    }
    let Some(name) = name else { return Event::Changed(folder.to_vec()) };
    let (path, is_folder) = (join(folder, name), flags.contains(ReadFlags::ISDIR));
    if is_folder && flags.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO | ReadFlags::ATTRIB) {
        Event::FolderCame(path)
    } else if is_folder && flags.intersects(ReadFlags::DELETE | ReadFlags::MOVED_FROM) {
        Event::FolderWent(path)
    } else {
        Event::Changed(path)
    }
}

fn watch(inotify: &OwnedFd, folder: &[u8]) -> Result<i32, Errno> {
    inotify::add_watch(inotify, OsStr::from_bytes(folder), CHANGES | WatchFlags::DONT_FOLLOW)
}

/// Sets the watches of a folder of a source and of those below it, without the silent places; gives what became of each.
fn set_below(
    inotify: &OwnedFd,
    home: &Path,
    (source, top): (Vec<u8>, Vec<u8>),
    silent: &[Vec<u8>],
    progress: &Progress,
) -> Vec<(Vec<u8>, Result<i32, Errno>)> {
    // Places in it that its owner named have watches of their own.
    let mut left_out = LeftOut::default();
    let is_way = |folder: &Vec<u8>| covers(&source, folder) && *folder != source;
    let above = Path::new(OsStr::from_bytes(&top)).ancestors().map(|folder| folder.as_os_str().as_bytes().to_vec());
    let mut ways: Vec<Vec<u8>> = above.filter(is_way).collect();
    ways.push(source.clone());
    for way in ways.iter().rev() {
        if left_out.holds(&source, &[], way, true) {
            return Vec::new();
        }
        progress.enter(way);
        left_out.enter(way);
    }
    let (mut set, mut folders) = (Vec::new(), vec![(top, FOLDER_DEPTH_MAX)]);
    while let Some((folder, depth)) = folders.pop() {
        let name = OsStr::from_bytes(&folder);
        if silent.contains(&folder) {
            continue;
        }
        progress.enter(&folder);
        if name == home.as_os_str() || is_pseudo(name) {
            continue;
        }
        // The scan leaves it out as well.
        if is_agent_home(|file| Path::new(name).join(file).symlink_metadata().is_ok()) {
            continue;
        }
        let watch = watch(inotify, &folder);
        // What cannot be listed is reported by the scan, which lists it too.
        if watch.is_ok()
            && depth > 0
            && let Ok(entries) = fs::read_dir(name)
        {
            left_out.enter(&folder);
            for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
                let path = entry.path().into_os_string().into_vec();
                if entry.file_name().as_bytes().first() != Some(&b'.') && !left_out.holds(&source, &[], &path, true) {
                    folders.push((path, depth - 1));
                }
            }
        }
        set.push((folder, watch));
    }
    set
}
