//! The thread that talks with the other agents of this host, as the coordinator wants it, and hears the kernel's events.

use super::rendezvous::{Lead, SOCKET, take_lead};
use super::shared::Shared;
use crate::base::time::Duration;
use crate::energy::coordinator::{FollowerId, Input, Output};
use crate::energy::host_protocol::{BadFrame, FrameBuffer, encode_frame};
use crate::limits::FOLLOWERS_MAX;
use crate::platform::clock;
use crate::platform::sysfs::uevent::Uevents;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;

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
    leader: Option<Connection>,
    followers: Vec<(FollowerId, Connection)>,
    next_id: u64,
}

/// A connection to another agent.
#[derive(Debug)]
struct Connection {
    stream: UnixStream,
    buffer: FrameBuffer,
}

impl Host {
    /// Leads if nobody does.
    pub(super) fn new(place: Option<PathBuf>) -> Self {
        let waker = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).ok().map(|fd| Waker(Arc::new(fd)));
        let mut host = Self { place, lead: None, waker, leader: None, followers: Vec::new(), next_id: 0 };
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
        loop {
            while let Some(output) = shared.next_for_host() {
                self.carry_out(shared, output);
            }
            let now = clock::now();
            let Ok(due) = shared.host_due(now) else { return };
            if due.is_some_and(|due| due <= now) {
                shared.tell(now, Input::Wake);
                continue;
            }
            // Only who leads samples what changed.
            let leads = self.leads();
            self.wait(shared, uevents.as_mut().filter(|_| leads), due.map(|due| due.since(now)));
        }
    }

    fn carry_out(&mut self, shared: &Shared, output: Output) {
        match output {
            Output::Connect => {
                self.leader = self.place.as_ref().and_then(|place| Connection::open(&place.join(SOCKET)).ok());
                let found = if self.leader.is_some() { Input::LeaderFound } else { Input::LeaderAbsent };
                shared.tell(clock::now(), found);
            }
            Output::Campaign => {
                self.try_to_lead();
                let leads = self.leads();
                if leads {
                    log::info!("This agent governs its host from now on.");
                }
                shared.tell(clock::now(), if leads { Input::Elected } else { Input::NotElected });
            }
            Output::ToLeader(message) => {
                let failed = self.leader.as_mut().is_some_and(|leader| !leader.send(&message));
                if failed {
                    self.leader = None;
                    shared.tell(clock::now(), Input::LeaderLost);
                }
            }
            Output::ToFollower(id, message) => {
                let mut followers = self.followers.iter_mut();
                let failed = followers.any(|(other, connection)| *other == id && !connection.send(&message));
                if failed {
                    self.followers.retain(|(other, _)| *other != id);
                    shared.tell(clock::now(), Input::FollowerLeft(id));
                }
            }
            Output::HangUp(id) => self.followers.retain(|(other, _)| *other != id),
            // The others are no business of this thread.
            _ => {}
        }
    }

    /// Waits until somebody says something, the waker rings or the time is over, and hears all that speak.
    fn wait(&mut self, shared: &Shared, mut uevents: Option<&mut Uevents>, time: Option<Duration>) {
        let listener = self.lead.as_ref().map(Lead::listener);
        let ready = {
            let mut fds = vec![shared.host.0.as_fd()];
            fds.extend(self.followers.iter().map(|(_, connection)| connection.stream.as_fd()));
            fds.extend(self.leader.as_ref().map(|leader| leader.stream.as_fd()));
            fds.extend(listener.map(AsFd::as_fd));
            fds.extend(uevents.as_ref().map(|events| events.as_fd()));
            wait(&fds, time)
        };
        if ready[0] {
            shared.host.silence();
        }
        let mut spoke = ready[1..].iter();
        self.followers.retain_mut(|(id, connection)| {
            !spoke.next().copied().unwrap_or(true) || hear_follower(shared, *id, connection)
        });
        if self.leader.as_mut().is_some_and(|leader| spoke.next() == Some(&true) && !hear_leader(shared, leader)) {
            self.leader = None;
            shared.tell(clock::now(), Input::LeaderLost);
        }
        while let Some(Ok((stream, _))) = listener.map(UnixListener::accept) {
            self.next_id += 1;
            let id = FollowerId(self.next_id);
            if let Some((connection, process)) = admit(stream, self.followers.len()) {
                self.followers.push((id, connection));
                shared.tell(clock::now(), Input::FollowerJoined { id, process });
            }
        }
        if let Some(events) = &mut uevents {
            while let Some(event) = events.hear() {
                if event.concerns() {
                    shared.tell(clock::now(), Input::DeviceChanged { relist: event.relists() });
                }
            }
        }
    }
}

/// Which of the files can be read, after waiting for one so long; all might be after a signal.
fn wait(fds: &[BorrowedFd<'_>], time: Option<Duration>) -> Vec<bool> {
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match poll(&mut polled, time.as_ref()) {
        Ok(_) => polled.iter().map(|fd| !fd.revents().is_empty()).collect(),
        Err(_) => vec![true; fds.len()],
    }
}

/// Only programs of the same user; one more than there is room for is told to go by the coordinator, and the rest here.
fn admit(stream: UnixStream, already: usize) -> Option<(Connection, i32)> {
    let who = socket_peercred(&stream).ok()?;
    if who.uid != getuid() || already > FOLLOWERS_MAX || stream.set_nonblocking(true).is_err() {
        return None;
    }
    Some((Connection { stream, buffer: FrameBuffer::default() }, who.pid.as_raw_nonzero().get()))
}

/// Hears a follower; false when it is gone or does not speak this protocol.
fn hear_follower(shared: &Shared, id: FollowerId, connection: &mut Connection) -> bool {
    let goes_on = connection.read(|message| shared.tell(clock::now(), Input::FromFollower(id, message)));
    if !goes_on {
        shared.tell(clock::now(), Input::FollowerLeft(id));
    }
    goes_on
}

/// Hears the leader; false when it is gone or does not speak this protocol.
fn hear_leader(shared: &Shared, connection: &mut Connection) -> bool {
    connection.read(|message| shared.tell(clock::now(), Input::FromLeader(message)))
}

impl Connection {
    fn open(socket: &std::path::Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, buffer: FrameBuffer::default() })
    }

    /// False where it cannot be sent at once: an agent that does not read is as good as gone.
    fn send(&mut self, message: &impl serde::Serialize) -> bool {
        self.stream.write_all(&encode_frame(message)).is_ok()
    }

    /// Reads what is there and hands on each message; false at the end, or where the other does not speak this protocol.
    fn read<T: serde::de::DeserializeOwned>(&mut self, mut message: impl FnMut(T)) -> bool {
        let mut bytes = [0; 512];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return false,
                Ok(length) => {
                    if !self.buffer.take(&bytes[..length]) {
                        return false;
                    }
                    loop {
                        match self.buffer.next_message() {
                            Ok(Some(next)) => message(next),
                            Ok(None) => break,
                            Err(BadFrame) => return false,
                        }
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }
}
