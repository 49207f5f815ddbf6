//! The thread that exchanges messages with the other agents of this host and receives the kernel's device events.

use super::rendezvous::{Lead, SOCKET, take_lead};
use super::shared::Shared;
use super::waker::Waker;
use crate::base::time::Duration;
use crate::energy::coordinator::{FollowerId, Input, Output};
use crate::energy::host_protocol::{BadFrame, FrameBuffer, encode_frame};
use crate::limits::FOLLOWERS_MAX;
use crate::platform::clock;
use crate::platform::sysfs::uevent::Uevents;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::net::sockopt::socket_peercred;
use rustix::process::getuid;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;

/// This agent's connections to the other agents of the host.
#[derive(Debug)]
pub(super) struct Host {
    /// The folder where they meet; `None`: this agent governs itself alone.
    folder: Option<PathBuf>,
    /// Held while this agent leads.
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
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        let waker = Waker::new();
        let mut host = Self { folder, lead: None, waker, leader: None, followers: Vec::new(), next_id: 0 };
        host.try_to_lead();
        host
    }

    /// Leads if nobody does. Where the folder cannot be used, this agent governs itself alone.
    fn try_to_lead(&mut self) {
        let Some(folder) = &self.folder else { return };
        match take_lead(folder) {
            Ok(lead) => self.lead = lead,
            Err(error) => {
                log::warn!(
                    "The agents of this host cannot meet in {}: {error}. This one governs itself alone.",
                    folder.display()
                );
                self.folder = None;
            }
        }
    }

    pub(super) fn waker(&self) -> io::Result<Waker> {
        self.waker.clone().ok_or_else(|| ErrorKind::OutOfMemory.into())
    }

    /// Without a folder to meet in, each agent leads itself.
    pub(super) const fn leads(&self) -> bool {
        self.lead.is_some() || self.folder.is_none()
    }

    /// The body of the thread: runs until the agent stops.
    pub(super) fn run(mut self, shared: &Shared) {
        let mut uevents = Uevents::open()
            .inspect_err(|error| {
                log::info!(
                    "The kernel's device events cannot be received ({error}); changes are seen with the next sample."
                );
            })
            .ok();
        loop {
            while let Some(output) = shared.next_for_host() {
                self.carry_out(shared, output);
            }
            let now = clock::now();
            let Ok(due) = shared.host_due(now) else { return };
            if due.is_some_and(|due| due <= now) {
                shared.input(now, Input::Wake);
                continue;
            }
            // Only the leader samples, so only it needs to know of changes.
            let leads = self.leads();
            self.wait(shared, uevents.as_mut().filter(|_| leads), due.map(|due| due.since(now)));
        }
    }

    fn carry_out(&mut self, shared: &Shared, output: Output) {
        match output {
            Output::Connect => {
                self.leader = self.folder.as_ref().and_then(|folder| Connection::open(&folder.join(SOCKET)).ok());
                let found = if self.leader.is_some() { Input::LeaderFound } else { Input::LeaderAbsent };
                shared.input(clock::now(), found);
            }
            Output::Campaign => {
                self.try_to_lead();
                let leads = self.leads();
                if leads {
                    log::info!("This agent governs its host from now on.");
                }
                shared.input(clock::now(), if leads { Input::Elected } else { Input::NotElected });
            }
            Output::ToLeader(message) => {
                let failed = self.leader.as_mut().is_some_and(|leader| !leader.send(&message));
                if failed {
                    self.leader = None;
                    shared.input(clock::now(), Input::LeaderLost);
                }
            }
            Output::ToFollower(id, message) => {
                let mut followers = self.followers.iter_mut();
                let failed = followers.any(|(other, connection)| *other == id && !connection.send(&message));
                if failed {
                    self.followers.retain(|(other, _)| *other != id);
                    shared.input(clock::now(), Input::FollowerLeft(id));
                }
            }
            Output::HangUp(id) => self.followers.retain(|(other, _)| *other != id),
            // The other outputs are carried out elsewhere.
            _ => {}
        }
    }

    /// Waits until a message or an event comes, the thread is woken or `time` is over, then takes in all that came.
    fn wait(&mut self, shared: &Shared, mut uevents: Option<&mut Uevents>, time: Option<Duration>) {
        let listener = self.lead.as_ref().map(Lead::listener);
        let ready = {
            let mut fds = vec![shared.host.as_fd()];
            fds.extend(self.followers.iter().map(|(_, connection)| connection.stream.as_fd()));
            fds.extend(self.leader.as_ref().map(|leader| leader.stream.as_fd()));
            fds.extend(listener.map(AsFd::as_fd));
            fds.extend(uevents.as_ref().map(|events| events.as_fd()));
            wait(&fds, time)
        };
        if ready[0] {
            shared.host.reset();
        }
        let mut ready = ready[1..].iter();
        self.followers.retain_mut(|(id, connection)| {
            !ready.next().copied().unwrap_or(true) || read_follower(shared, *id, connection)
        });
        if self.leader.as_mut().is_some_and(|leader| ready.next() == Some(&true) && !read_leader(shared, leader)) {
            self.leader = None;
            shared.input(clock::now(), Input::LeaderLost);
        }
        while let Some(Ok((stream, _))) = listener.map(UnixListener::accept) {
            self.next_id += 1;
            let id = FollowerId(self.next_id);
            if let Some((connection, process)) = accept_follower(stream, self.followers.len()) {
                self.followers.push((id, connection));
                shared.input(clock::now(), Input::FollowerJoined { id, process });
            }
        }
        if let Some(events) = &mut uevents {
            while let Some(event) = events.next_event() {
                if event.concerns() {
                    shared.input(clock::now(), Input::DeviceChanged { relist: event.relists() });
                }
            }
        }
    }
}

/// Waits until one of the files can be read, at most for `time`. Says which can be; after a signal, all might be.
fn wait(fds: &[BorrowedFd<'_>], time: Option<Duration>) -> Vec<bool> {
    let mut polled: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    match poll(&mut polled, time.as_ref()) {
        Ok(_) => polled.iter().map(|fd| !fd.revents().is_empty()).collect(),
        Err(_) => vec![true; fds.len()],
    }
}

/// Accepts programs of the same user only. The coordinator hangs up on the first agent that there is no room for; more
/// than that are refused here.
fn accept_follower(stream: UnixStream, already: usize) -> Option<(Connection, i32)> {
    let who = socket_peercred(&stream).ok()?;
    if who.uid != getuid() || already > FOLLOWERS_MAX || stream.set_nonblocking(true).is_err() {
        return None;
    }
    Some((Connection { stream, buffer: FrameBuffer::default() }, who.pid.as_raw_nonzero().get()))
}

/// Takes in the messages of a follower; false when it is gone or does not keep to the protocol.
fn read_follower(shared: &Shared, id: FollowerId, connection: &mut Connection) -> bool {
    let open = connection.read(|message| shared.input(clock::now(), Input::FromFollower(id, message)));
    if !open {
        shared.input(clock::now(), Input::FollowerLeft(id));
    }
    open
}

/// Takes in the messages of the leader; false when it is gone or does not keep to the protocol.
fn read_leader(shared: &Shared, connection: &mut Connection) -> bool {
    connection.read(|message| shared.input(clock::now(), Input::FromLeader(message)))
}

impl Connection {
    fn open(socket: &std::path::Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_nonblocking(true)?;
        Ok(Self { stream, buffer: FrameBuffer::default() })
    }

    /// False if it cannot be sent at once: an agent that does not read counts as gone.
    fn send(&mut self, message: &impl serde::Serialize) -> bool {
        self.stream.write_all(&encode_frame(message)).is_ok()
    }

    /// Reads what is there and passes on each message; false at the end, or where the other does not keep to the protocol.
    fn read<T: serde::de::DeserializeOwned>(&mut self, mut handle: impl FnMut(T)) -> bool {
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
                            Ok(Some(message)) => handle(message),
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
