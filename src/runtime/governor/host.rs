//! The agents of one user on this host: who is first leads, the others follow; and the kernel's events.

use super::Shared;
use super::coordinator::RENEW;
use super::rendezvous::{Lead, SOCKET, take_lead};
use crate::base::time::{Duration, Instant};
use crate::energy::host_protocol::{FollowerMessage, Inbox, LeaderMessage, UnknownProcess, seal};
use crate::limits::FOLLOWERS_MAX;
use crate::platform::clock;
use crate::platform::sysfs::uevent::Uevents;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;

/// Between two tries to find a leader, or to become it, at first; twice as long each time that one is found and says
/// nothing, as one that has no room left or is of another version does.
const RETRY: Duration = Duration::from_millis(250);
/// And at most.
const RETRY_MOST: Duration = Duration::from_secs(60);

/// Wakes the thread.
#[derive(Clone, Debug)]
pub(super) struct Waker(Arc<OwnedFd>);

impl Waker {
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
    lead: Option<Lead>,
    waker: Option<Waker>,
}

/// A follower's connection.
struct Follower {
    id: u64,
    stream: UnixStream,
    inbox: Inbox,
    /// What it was told last, and when.
    told: Option<(LeaderMessage, Instant)>,
}

impl Host {
    /// Leads if nobody does.
    pub(super) fn new(place: Option<PathBuf>) -> Self {
        let waker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok().map(|fd| Waker(Arc::new(fd)));
        let mut host = Self { place, lead: None, waker };
        host.try_to_lead();
        host
    }

    /// Leads if nobody does; alone where the place cannot be used, because somebody must.
    fn try_to_lead(&mut self) {
        let Some(place) = &self.place else { return };
        match take_lead(place) {
            Ok(lead) => self.lead = lead,
            Err(error) => {
                log::warn!(
                    "The agents of this host cannot meet in {}: {error}. This one governs itself alone.",
                    place.display()
                );
                self.place = None;
            }
        }
    }

    pub(super) fn waker(&self) -> io::Result<Waker> {
        self.waker.clone().ok_or_else(|| ErrorKind::OutOfMemory.into())
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
        let mut retry = RETRY;
        while !shared.lock().stopped {
            if self.leads() {
                return lead(shared, self.lead.as_ref().map(Lead::listener), uevents.as_mut());
            }
            let Some(place) = &self.place else { return };
            if let Ok(stream) = UnixStream::connect(place.join(SOCKET)) {
                let heard = follow(shared, stream);
                shared.lock().orphaned(clock::now());
                retry = if heard { RETRY } else { (retry * 2).min(RETRY_MOST) };
            }
            self.try_to_lead();
            if self.leads() {
                log::info!("This agent governs its host from now on.");
                let news = shared.lock().lead(clock::now(), true);
                shared.spread(news);
            } else {
                wait(&[shared.host.0.as_fd()], Some(retry));
                shared.host.silence();
            }
        }
    }
}

/// Which of the files can be read, after waiting for one so long; all might be after a signal.
fn wait(fds: &[rustix::fd::BorrowedFd<'_>], time: Option<Duration>) -> Vec<bool> {
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match poll(&mut polled, time.as_ref()) {
        Ok(_) => polled.iter().map(|fd| !fd.revents().is_empty()).collect(),
        Err(_) => vec![true; fds.len()],
    }
}

fn lead(shared: &Shared, listener: Option<&UnixListener>, mut uevents: Option<&mut Uevents>) {
    let mut followers: Vec<Follower> = Vec::new();
    let mut next = 0;
    while !shared.lock().stopped {
        let now = clock::now();
        // They hear here of sensors that keep the sampling thread waiting.
        shared.lock().notice_late(now);
        followers.retain_mut(|follower| tell(shared, follower, now));
        let renewal = renewal(shared, &followers, now);
        let ready = {
            let mut fds = vec![shared.host.0.as_fd()];
            fds.extend(followers.iter().map(|follower| follower.stream.as_fd()));
            fds.extend(listener.map(AsFd::as_fd));
            fds.extend(uevents.as_ref().map(|events| events.as_fd()));
            wait(&fds, renewal)
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

/// How long until a follower that works must be told again; `None`: no follower works.
fn renewal(shared: &Shared, followers: &[Follower], now: Instant) -> Option<Duration> {
    let core = shared.lock();
    let told =
        followers.iter().filter(|follower| core.works(follower.id)).filter_map(|follower| follower.told.as_ref());
    told.map(|(_, at)| (*at + RENEW).since(now)).min()
}

/// Tells a follower what is new for it, and one that works whatever holds now and then; false if it cannot be told.
fn tell(shared: &Shared, follower: &mut Follower, now: Instant) -> bool {
    let (word, works) = {
        let core = shared.lock();
        (LeaderMessage { decision: core.for_follower(follower.id), said: core.said(now) }, core.works(follower.id))
    };
    let known = |(told, at): &(LeaderMessage, Instant)| *told == word && !(works && now.since(*at) >= RENEW);
    if follower.told.as_ref().is_some_and(known) {
        return true;
    }
    follower.told = Some((word, now));
    let told = follower.stream.write_all(&seal(&word)).is_ok();
    if !told {
        shared.lock().left(now, follower.id);
    }
    told
}

/// Hears a follower; false when it is gone or does not speak this.
fn hear(shared: &Shared, follower: &mut Follower) -> bool {
    let mut renew = false;
    let heard = read(&mut follower.stream, &mut follower.inbox, |word: FollowerMessage| {
        let now = clock::now();
        let mut core = shared.lock();
        match word {
            FollowerMessage::State { oldest_ms, answering, said } => {
                let oldest = oldest_ms.map(Duration::from_millis);
                renew |= oldest.is_some();
                let _ = core.follower(now, follower.id, oldest, answering);
                core.hear_said(now, said);
            }
            FollowerMessage::Hint(hint) => {
                if let Some((origin, hint)) = hint.into_hint() {
                    core.hear_hint(now, origin, hint);
                }
            }
        }
        shared.changed.notify_all();
    });
    // One that begins to work counts the age of a word from then on.
    if renew {
        follower.told = None;
    }
    if !heard {
        shared.lock().left(clock::now(), follower.id);
    }
    heard
}

/// Follows until the leader is gone or the agent stops; says whether the leader said anything.
fn follow(shared: &Shared, mut stream: UnixStream) -> bool {
    let mut inbox = Inbox::default();
    if stream.set_nonblocking(true).is_err() {
        return false;
    }
    let (mut told, mut heard) = (None, false);
    loop {
        let (state, hints) = {
            let mut core = shared.lock();
            if core.stopped {
                return heard;
            }
            let hints: Vec<FollowerMessage> =
                std::iter::from_fn(|| core.outgoing.pop_front()).map(FollowerMessage::Hint).collect();
            (core.as_follower(clock::now()), hints)
        };
        // Its age alone is no news: the leader counts on.
        let FollowerMessage::State { oldest_ms, answering, said } = state else { return heard };
        let news = (oldest_ms.is_some(), answering, said);
        let state = (told != Some(news)).then_some(FollowerMessage::State { oldest_ms, answering, said });
        for word in hints.iter().chain(&state) {
            if stream.write_all(&seal(word)).is_err() {
                return heard;
            }
        }
        told = Some(news);
        let ready = wait(&[shared.host.0.as_fd(), stream.as_fd()], None);
        if ready[0] {
            shared.host.silence();
        }
        if !ready[1] {
            continue;
        }
        let goes_on = read(&mut stream, &mut inbox, |word: LeaderMessage| {
            let now = clock::now();
            let mut core = shared.lock();
            core.led(now, word.decision);
            // The sampling thread keeps what is new: whoever leads next must know of a pause.
            if core.hear_said(now, word.said).sampling {
                shared.changed.notify_all();
            }
            heard = true;
        });
        if !goes_on {
            return heard;
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
                        Err(UnknownProcess) => return false,
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return false,
        }
    }
}
