//! The watching thread's state, and what it does about orders, events and looks that are due.

use super::source::{Identity, Step, WatchedSource, finding, no_inotify};
use super::tree::{Event, Tree, Unwatched};
use crate::base::ignore::is_ignore_file;
use crate::base::path::parent;
use crate::base::time::Duration;
use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::file_system::is_network;
use crate::platform::findings::Findings;
use crate::platform::mounts::Mounts;
use crate::platform::reach::{Calls, Reach};
use crate::platform::source::{elsewhere, led_into};
use crate::scheduler::path::{counts_as_key_file, covers, leaves_out};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smol::channel::{Receiver, Sender, TryRecvError};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// The thread waits this long at most.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// The key of the finding that nothing can be watched.
const NOTHING: &str = "watch";

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Order {
    Watch(Vec<u8>),
    Unwatch(Vec<u8>),
}

/// The state of the thread.
pub(super) struct Watching<'a> {
    inputs: &'a Sender<Input>,
    findings: &'a Findings,
    home: &'a PathBuf,
    pub(super) sources: BTreeMap<Vec<u8>, WatchedSource>,
    /// `None` where the system gives no inotify instance.
    tree: Option<Tree>,
    mounts: Mounts,
    calls: Calls,
    /// The places that the node was told to look at on a schedule.
    unwatched: Vec<Vec<u8>>,
    /// Those of which it was told that they have all their watches.
    followed: Vec<Vec<u8>>,
    /// Those of which it was told that this user may not read them.
    locked: Vec<Vec<u8>>,
    /// Whether something may have changed that `report` tells.
    stale: bool,
}

impl<'a> Watching<'a> {
    pub(super) fn new(
        inputs: &'a Sender<Input>,
        findings: &'a Findings,
        home: &'a PathBuf,
        reach: &Reach,
        sources: BTreeMap<Vec<u8>, WatchedSource>,
    ) -> Self {
        let (mounts, calls) = (Mounts::open(), Calls::new(reach.clone()));
        let (unwatched, followed, locked) = (Vec::new(), Vec::new(), Vec::new());
        let (tree, stale) = (None, true);
        let mut watching =
            Self { inputs, findings, home, sources, tree, mounts, calls, unwatched, followed, locked, stale };
        watching.open();
        watching
    }

    /// Opens inotify, unless it is open.
    fn open(&mut self) {
        if self.tree.is_some() {
            return;
        }
        match Tree::new(self.home.clone(), self.calls.clone()) {
            Ok(tree) => {
                self.tree = Some(tree);
                self.findings.clear(NOTHING);
                self.look_again_at(|_| true, true);
            }
            Err(error) => self.findings.set(NOTHING, no_inotify(error)),
        }
    }

    fn send(&self, input: Input) {
        // A full channel makes this thread wait; the system then drops events and says so. A closed one ends it below.
        let _ = self.inputs.send_blocking(input);
    }

    pub(super) fn run(&mut self, orders: &Receiver<Order>, wake: &OwnedFd) {
        loop {
            loop {
                match orders.try_recv() {
                    Ok(Order::Watch(path)) => self.watch(path),
                    Ok(Order::Unwatch(path)) => self.unwatch(&path),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Closed) => return,
                }
            }
            self.look_at_sources();
            if std::mem::take(&mut self.stale) {
                self.report();
            }
            if self.inputs.is_closed() {
                return;
            }
            let (events, mounts) = self.wait(wake);
            if mounts {
                self.on_mounts();
            }
            if events && let Some(tree) = &mut self.tree {
                let events = tree.events();
                events.into_iter().for_each(|event| self.on_event(event));
            }
        }
    }

    /// Waits for an event, an order or the next look. Gives whether events of folders and of mounts wait.
    fn wait(&self, wake: &OwnedFd) -> (bool, bool) {
        let now = clock::now();
        let due = self.sources.values().map(WatchedSource::next_look).min();
        let wait = due.map_or(WAIT_MAX, |due| due.since(now)).min(WAIT_MAX);
        let timeout = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(0),
            tv_nsec: i64::from(wait.subsec_nanos()) as _,
        };
        let mut fds = vec![PollFd::new(wake, PollFlags::IN)];
        let tree = self.tree.as_ref().map(Tree::as_fd);
        let mounts = self.mounts.file.as_ref();
        fds.extend(tree.as_ref().map(|tree| PollFd::new(tree, PollFlags::IN)));
        fds.extend(mounts.map(|file| PollFd::new(file, PollFlags::PRI)));
        // An interrupted wait is one without events.
        let _ = poll(&mut fds, Some(&timeout));
        let _ = rustix::io::read(wake, &mut [0; 8]);
        let ready = |at: usize, flags| fds.get(at).is_some_and(|fd| fd.revents().intersects(flags));
        let at = usize::from(tree.is_some());
        (tree.is_some() && ready(1, PollFlags::IN), mounts.is_some() && ready(at + 1, PollFlags::PRI | PollFlags::ERR))
    }

    fn watch(&mut self, path: Vec<u8>) {
        self.open();
        self.sources.insert(path, WatchedSource::new(clock::now()));
        // One of them may lead into it.
        self.look_again_at(|_| true, false);
    }

    fn unwatch(&mut self, path: &[u8]) {
        self.sources.remove(path);
        self.stale = true;
        self.findings.clear(&key(path));
        if let Some(tree) = &mut self.tree {
            tree.end_below(path);
        }
        // Sources below it or around it had watches there too.
        self.look_again_at(|source| covers(path, source) || covers(source, path), true);
    }

    /// Looks at these sources in the next round; their watches are set anew, if `anew`.
    fn look_again_at(&mut self, which: impl Fn(&[u8]) -> bool, anew: bool) {
        let now = clock::now();
        for (_, source) in self.sources.iter_mut().filter(|(path, _)| which(path)) {
            source.look_now(now);
            if anew {
                source.identity = None;
            }
        }
    }

    /// The watches of a folder are set anew: so are those of the sources within, which its owner named.
    fn look_again_within(&mut self, folder: &[u8]) {
        self.look_again_at(|source| covers(folder, source) && source != folder, true);
    }

    /// Looks at each source whose time has come.
    fn look_at_sources(&mut self) {
        let now = clock::now();
        let due = self.sources.iter().filter(|(_, source)| source.next_look() <= now);
        for path in due.map(|(path, _)| path.clone()).collect::<Vec<_>>() {
            let (found, network, locked) = self.look_at(&path);
            self.open();
            self.stale = true;
            let unwatched = self.tree.as_ref().is_none_or(|tree| tree.failures(&path).next().is_some());
            let Some(source) = self.sources.get_mut(&path) else { continue };
            source.network = network;
            match source.look(now, found, unwatched) {
                Step::Nothing if found.is_some() && unwatched => self.try_again(&path),
                Step::Nothing => {}
                Step::WatchAnew => {
                    self.set(&path);
                    self.send(Input::PathChanged(path.clone()));
                }
                Step::WentAway => self.send(Input::PathChanged(path.clone())),
            }
            if let Some(tree) = self.tree.as_mut().filter(|_| found.is_none()) {
                tree.end_below(&path);
                if locked {
                    tree.lock(&path);
                }
            }
        }
    }

    /// What is at the path of a source, if it can be reached, whether any file system in the source is one that others change
    /// without an event here, and whether this user may not look at the path.
    fn look_at(&self, source: &[u8]) -> (Option<Identity>, bool, bool) {
        let silent = self.calls.reach().silent();
        let places =
            self.mounts.below(source).chain([source]).filter(|place| !silent.iter().any(|at| covers(at, place)));
        let (places, path): (Vec<_>, _) = (places.map(<[u8]>::to_vec).collect(), source.to_vec());
        let others = self.sources.keys().filter(|other| !silent.iter().any(|at| covers(at, other)));
        let others: Vec<Vec<u8>> = others.cloned().collect();
        let look = self.calls.call(source, move |progress| {
            let found = identity(&path, &others);
            let is_network = |place: &Vec<u8>| {
                progress.enter(place);
                is_network(OsStr::from_bytes(place))
            };
            let is_closed = |error: std::io::Error| error.kind() == ErrorKind::PermissionDenied;
            let locked = found.is_none() && fs::symlink_metadata(OsStr::from_bytes(&path)).is_err_and(is_closed);
            (found, found.is_some() && places.iter().any(is_network), locked)
        });
        // Where a place in it fell silent, the next look is without it.
        look.unwrap_or_default()
    }

    /// Sets all watches of a source.
    fn set(&mut self, path: &[u8]) {
        self.look_again_within(path);
        let Some(tree) = &mut self.tree else { return };
        tree.end_below(path);
        tree.watch_above(path);
        let own = path.to_vec();
        let is_folder = move || fs::symlink_metadata(OsStr::from_bytes(&own)).is_ok_and(|meta| meta.is_dir());
        if self.calls.call(path, move |_| is_folder()).unwrap_or(false) {
            tree.watch_below(path, path);
        } else if let Some(slash) = path.iter().rposition(|byte| *byte == b'/') {
            // Editors replace a file by another one: the folder has the events.
            tree.watch_one(&path[..slash.max(1)], path);
        }
    }

    /// Tries the folders again that could not be watched.
    fn try_again(&mut self, source: &[u8]) {
        let Some(tree) = &mut self.tree else { return };
        let failed: Vec<_> = tree.failures(source).map(|(path, why)| (path.to_vec(), why)).collect();
        let mut done = Vec::new();
        for (path, why) in failed {
            if tree.watch_one(&path, &path) {
                tree.watch_below(source, &path);
                done.push(path);
            } else if why == Unwatched::Limit {
                break;
            }
            // After a limit nothing is known of the folders behind it.
            if why == Unwatched::Limit {
                done = vec![source.to_vec()];
                tree.watch_below(source, source);
                break;
            }
        }
        done.into_iter().for_each(|path| self.send(Input::PathChanged(path)));
    }

    /// The deepest source that holds a place.
    fn covering(&self, path: &[u8]) -> Option<&[u8]> {
        let covering = self.sources.keys().filter(|source| covers(source, path));
        covering.max_by_key(|source| source.len()).map(Vec::as_slice)
    }

    fn on_event(&mut self, event: Event) {
        let covered = |path: &[u8]| self.covering(path).is_some_and(|source| !leaves_out(source, path));
        let is_counted = |path: &[u8]| self.covering(path).is_some_and(|source| counts_as_key_file(source, path));
        match event {
            Event::Overflow => {
                self.look_again_at(|_| true, true);
                self.send(Input::EventsLost);
            }
            Event::Ended(path) => {
                if covered(&path) && !self.sources.contains_key(&path) {
                    self.watch_folder(&path);
                    self.send(Input::PathChanged(path.clone()));
                } else if let Some(tree) = &mut self.tree {
                    tree.end_below(&path);
                }
                self.look_again_at(|source| covers(&path, source), true);
            }
            // What it leaves out, or takes back, lies in its folder.
            Event::Changed(path) if is_ignore_file(&path) && covered(parent(&path)) => {
                self.watch_folder(parent(&path));
                self.send(Input::PathChanged(parent(&path).to_vec()));
            }
            // It is not indexed, and people are told that it is there.
            Event::Changed(path) if is_counted(&path) => self.send(Input::PathChanged(path)),
            Event::FolderCame(path) | Event::FolderWent(path) | Event::Changed(path) if !covered(&path) => {
                // A folder above a source, or beside a watched file.
                self.look_again_at(|source| covers(&path, source), false);
            }
            Event::FolderCame(path) => {
                if !self.tree.as_mut().is_some_and(|tree| tree.holds(&path) && !tree.is_locked_now(&path)) {
                    self.watch_folder(&path);
                }
                self.send(Input::PathChanged(path));
            }
            Event::FolderWent(path) => {
                if let Some(tree) = &mut self.tree {
                    tree.end_below(&path);
                }
                self.send(Input::PathChanged(path));
            }
            Event::Changed(path) => {
                if self.tree.as_mut().is_some_and(|tree| tree.holds(&path) && tree.is_locked_now(&path)) {
                    self.watch_folder(&path);
                }
                if !covers(self.home.as_os_str().as_bytes(), &path) {
                    self.send(Input::PathChanged(path));
                }
            }
        }
    }

    /// Sets the watches of a folder within a source anew, if it is there.
    fn watch_folder(&mut self, path: &[u8]) {
        self.stale = true;
        self.look_again_within(path);
        let source = self.covering(path).map_or_else(|| path.to_vec(), <[u8]>::to_vec);
        if let Some(tree) = &mut self.tree {
            tree.end_below(path);
            tree.watch_below(&source, path);
        }
    }

    /// Something was mounted or unmounted: what lies there is watched anew and looked at.
    fn on_mounts(&mut self) {
        for place in self.mounts.changed() {
            if self.sources.keys().any(|source| covers(source, &place) && *source != place) {
                self.watch_folder(&place);
                self.send(Input::PathChanged(place.clone()));
            }
            self.look_again_at(|source| covers(&place, source), true);
        }
    }

    /// Tells people what is not watched, and the node what to look at on a schedule.
    fn report(&mut self) {
        let (mut unwatched, mut followed, mut locked) = (Vec::new(), Vec::new(), Vec::new());
        for (path, source) in &self.sources {
            let failures: Vec<_> = self.tree.iter().flat_map(|tree| tree.failures(path)).collect();
            match finding(path, &failures) {
                Some(found) => self.findings.set(&key(path), found),
                None => self.findings.clear(&key(path)),
            }
            let of_locked = failures.iter().filter(|(_, why)| *why == Unwatched::Locked);
            locked.extend(of_locked.map(|(place, _)| place.to_vec()));
            // What its owner locked cannot be looked at either.
            let partly = failures.iter().any(|(_, why)| !matches!(why, Unwatched::Locked | Unwatched::Silent));
            if source.identity.is_some() && (self.tree.is_none() || partly || source.network) {
                unwatched.push(path.clone());
            } else if source.identity.is_some() {
                followed.push(path.clone());
            }
        }
        if unwatched != self.unwatched {
            self.send(Input::Unwatched(unwatched.clone()));
            self.unwatched = unwatched;
        }
        if followed != self.followed {
            self.send(Input::Followed(followed.clone()));
            self.followed = followed;
        }
        if locked != self.locked {
            self.send(Input::Locked(locked.clone()));
            self.locked = locked;
        }
    }
}

/// The key of a source's finding.
fn key(path: &[u8]) -> String {
    format!("watch:{}", String::from_utf8_lossy(path))
}

/// What is at the path of a source; `None` if nothing is, if it cannot be reached, if it is a link, which no scan follows, or if its path
/// leads through a link into one of the others: that one has its watches.
fn identity(path: &[u8], others: &[Vec<u8>]) -> Option<Identity> {
    let meta = fs::symlink_metadata(OsStr::from_bytes(path)).ok().filter(|meta| !meta.is_symlink())?;
    let led = elsewhere(path).is_some_and(|real| led_into(path, &real, others.iter().map(Vec::as_slice)).is_some());
    (!led).then(|| (meta.dev(), meta.ino()))
}
