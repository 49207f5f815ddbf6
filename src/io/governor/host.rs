//! The agents of one user on this host: who is first leads, the others follow; and the kernel's events.

use super::{Shared, keep};
use crate::energy::words::{Down, Inbox, PauseWord, Stranger, Up, seal};
use crate::io::clock;
use crate::io::sysfs::uevent::Uevents;
use crate::limits::FOLLOWERS_MAX;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{FlockOperation, flock};
use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Nanoseconds between two tries to find a leader, or to become it.
const RETRY_NANOS: i64 = 250_000_000;

/// Wakes the thread.
#[derive(Clone, Debug)]
pub(super) struct Bell(Arc<OwnedFd>);

impl Bell {
    pub(super) fn ring(&self) {
        // Full: it rings already.
        let _ = rustix::io::write(&*self.0, &1_u64.to_ne_bytes());
    }

    fn silence(&self) {
        let _ = rustix::io::read(&*self.0, &mut [0; 8]);
    }
}

/// This agent's place among those of the host.
#[derive(Debug)]
pub(super) struct Host {
    place: Option<PathBuf>,
    /// The lock of the one that leads, and where the others come.
    lead: Option<(File, UnixListener)>,
    bell: Option<Bell>,
}

/// A follower's connection.
struct Follower {
    id: u64,
    stream: UnixStream,
    inbox: Inbox,
    told: Option<Down>,
}

impl Host {
    /// Leads if nobody does.
    pub(super) fn new(place: &Option<PathBuf>) -> Self {
        let lead = place.as_deref().and_then(take_lead);
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok().map(|fd| Bell(Arc::new(fd)));
        Self { place: place.clone(), lead, bell }
    }

    pub(super) fn bell(&self) -> io::Result<Bell> {
        self.bell.clone().ok_or_else(|| ErrorKind::OutOfMemory.into())
    }

    /// Without a meeting place everybody leads itself.
    pub(super) const fn leads(&self) -> bool {
        self.lead.is_some() || self.place.is_none()
    }

    /// The thread: until the agent stops.
    pub(super) fn run(mut self, shared: &Shared) {
        let mut uevents = Uevents::open()
            .inspect_err(|error| {
                log::info!("The kernel's events cannot be heard ({error}); changes are seen with the next sample.");
            })
            .ok();
        while !shared.lock().stopped {
            if self.leads() {
                return lead(shared, self.lead.as_ref().map(|(_, listener)| listener), uevents.as_mut());
            }
            let Some(place) = &self.place else { return };
            if let Ok(stream) = UnixStream::connect(place.join(SOCKET)) {
                follow(shared, stream);
                shared.lock().orphaned(clock::now());
            }
            self.lead = take_lead(place);
            if self.lead.is_some() {
                log::info!("This agent governs its host from now on.");
                let news = shared.lock().lead(clock::now(), true);
                shared.spread(news);
            } else {
                wait(&[shared.host.0.as_fd()], Some(RETRY_NANOS));
                shared.host.silence();
            }
        }
    }
}

const SOCKET: &str = "governor.sock";

/// The lock, and a socket to be found at; `None` if another holds it.
fn take_lead(place: &Path) -> Option<(File, UnixListener)> {
    let lock = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .mode(0o600)
        .open(place.join("governor.lock"))
        .ok()?;
    flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
    let socket = place.join(SOCKET);
    // Whoever held the lock before is gone.
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
    match listener {
        Ok(listener) => Some((lock, listener)),
        Err(error) => {
            log::warn!("Other agents of this host cannot meet at {}: {error}.", socket.display());
            None
        }
    }
}

/// Which of the files can be read, after waiting for one; all might be after a signal.
fn wait(fds: &[rustix::fd::BorrowedFd<'_>], nanos: Option<i64>) -> Vec<bool> {
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let time = nanos.map(|nanos| Timespec { tv_sec: 0, tv_nsec: nanos });
    match poll(&mut polled, time.as_ref()) {
        Ok(_) => polled.iter().map(|fd| !fd.revents().is_empty()).collect(),
        Err(_) => vec![true; fds.len()],
    }
}

fn lead(shared: &Shared, listener: Option<&UnixListener>, mut uevents: Option<&mut Uevents>) {
    let mut followers: Vec<Follower> = Vec::new();
    let mut next = 0;
    while !shared.lock().stopped {
        followers.retain_mut(|follower| tell(shared, follower));
        let ready = {
            let mut fds = vec![shared.host.0.as_fd()];
            fds.extend(followers.iter().map(|follower| follower.stream.as_fd()));
            fds.extend(listener.map(AsFd::as_fd));
            fds.extend(uevents.as_ref().map(|events| events.as_fd()));
            wait(&fds, None)
        };
        if ready[0] {
            shared.host.silence();
        }
        let mut spoke = ready[1..].iter();
        followers.retain_mut(|follower| !spoke.next().copied().unwrap_or(true) || hear(shared, follower));
        while let Some(Ok((stream, _))) = listener.map(UnixListener::accept) {
            next += 1;
            followers.extend(admit(shared, stream, next, followers.len()));
        }
        if let Some(events) = &mut uevents {
            while let Some(event) = events.hear() {
                if event.concerns() {
                    shared.lock().something_changed(event.relists());
                    shared.changed.notify_all();
                }
            }
        }
    }
}

/// Only programs of the same user, and no more than there is room for.
fn admit(shared: &Shared, stream: UnixStream, id: u64, already: usize) -> Option<Follower> {
    let who = socket_peercred(&stream).ok()?;
    if who.uid != getuid() || already >= FOLLOWERS_MAX || stream.set_nonblocking(true).is_err() {
        return None;
    }
    shared.lock().works_for(id, who.pid.as_raw_nonzero().get());
    Some(Follower { id, stream, inbox: Inbox::default(), told: None })
}

/// Tells a follower what is new for it; false if it cannot be told.
fn tell(shared: &Shared, follower: &mut Follower) -> bool {
    let now = clock::now();
    let word = {
        let core = shared.lock();
        Down { decision: core.for_follower(follower.id), pause: PauseWord::of(now, core.pause()) }
    };
    if follower.told.as_ref() == Some(&word) {
        return true;
    }
    follower.told = Some(word);
    let told = follower.stream.write_all(&seal(&word)).is_ok();
    if !told {
        shared.lock().left(now, follower.id);
    }
    told
}

/// Hears a follower; false when it is gone or does not speak this.
fn hear(shared: &Shared, follower: &mut Follower) -> bool {
    let heard = read(&mut follower.stream, &mut follower.inbox, |word: Up| {
        let now = clock::now();
        let mut core = shared.lock();
        match word {
            Up::State { oldest_ms, answering } => {
                let oldest = oldest_ms.map(crate::base::time::Duration::from_millis);
                let _ = core.follower(now, follower.id, oldest, answering);
            }
            Up::Pause(pause) => {
                core.hear_pause(now, pause.pause(now));
                core.keep_soon();
            }
            Up::Hint(hint) => {
                if let Some((origin, hint)) = hint.into_hint() {
                    core.hear_hint(now, origin, hint);
                }
            }
        }
        shared.changed.notify_all();
    });
    if !heard {
        shared.lock().left(clock::now(), follower.id);
    }
    heard
}

/// Follows until the leader is gone or the agent stops.
fn follow(shared: &Shared, mut stream: UnixStream) {
    let mut inbox = Inbox::default();
    if stream.set_nonblocking(true).is_err() {
        return;
    }
    // Who comes with a pause brings it: only its owner ends one.
    shared.lock().bring_pause(clock::now());
    let mut said = None;
    loop {
        let (state, words) = {
            let mut core = shared.lock();
            if core.stopped {
                return;
            }
            let words: Vec<Up> = std::iter::from_fn(|| core.outgoing.pop_front()).collect();
            (core.as_follower(clock::now()), words)
        };
        // Its age alone is no news: the leader counts on.
        let known = matches!((&said, &state), (Some(Up::State { oldest_ms: a, answering: b }), Up::State { oldest_ms: c, answering: d })
            if a.is_some() == c.is_some() && b == d);
        let news = (!known).then(|| state.clone());
        for word in words.iter().chain(&news) {
            if stream.write_all(&seal(word)).is_err() {
                return;
            }
        }
        said = Some(state);
        let ready = wait(&[shared.host.0.as_fd(), stream.as_fd()], None);
        if ready[0] {
            shared.host.silence();
        }
        if !ready[1] {
            continue;
        }
        let mut kept = None;
        let heard = read(&mut stream, &mut inbox, |word: Down| {
            let now = clock::now();
            let mut core = shared.lock();
            core.led(now, word.decision);
            if core.hear_pause(now, word.pause.pause(now)) {
                kept = Some(core.kept(now));
            }
        });
        // Whoever leads next must know of a pause.
        if let Some(Err(error)) = kept.map(|kept| keep::save(&shared.home, &kept)) {
            log::warn!("A pause could not be kept in {}: {error}.", shared.home.display());
        }
        if !heard {
            return;
        }
    }
}

/// Reads what is there and hands on each word; false at the end, or where the other does not speak this.
fn read<T: serde::de::DeserializeOwned>(stream: &mut UnixStream, inbox: &mut Inbox, mut word: impl FnMut(T)) -> bool {
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return false,
            Ok(length) => {
                if !inbox.take(&buffer[..length]) {
                    return false;
                }
                loop {
                    match inbox.word() {
                        Ok(Some(said)) => word(said),
                        Ok(None) => break,
                        Err(Stranger) => return false,
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}
