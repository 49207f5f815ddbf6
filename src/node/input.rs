//! Everything that can happen to a node.

use crate::base::id::{PeerKey, ReplyId, SaveId, TaskId};
use crate::base::time::Duration;
use crate::energy::decision::Decision;
use crate::mesh::trust;
use crate::scheduler::task::Outcome;
use crate::store::record::Source;
use crate::wire::gossip::Relayed;
use crate::wire::message::Message;
use core::net::SocketAddr;

pub use crate::scheduler::saves::Saved;

/// One event, in the order in which the driver saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The deadline has come, or the machine woke from sleep.
    Wake,
    /// A person, or a program of theirs, wants something. Exactly one `Reply` follows.
    Api(ReplyId, Request),
    /// A task is done, after so much CPU time of its thread.
    Done(TaskId, Outcome, Duration),
    /// A save is on the disk, synced; or the store is broken.
    Saved(SaveId, Result<Saved, String>),
    /// The next start of this agent will count above this number: it is on the disk, synced.
    BootKept(u32),
    /// Something may have changed at this absolute path.
    Touched(Vec<u8>),
    /// More changed than could be told: everything must be looked at.
    EventsLost,
    /// Something happened on the link to a known peer.
    Link(PeerKey, LinkInput),
    /// A packet of a known peer's membership machine came as a datagram; its seal proved the sender.
    Member(PeerKey, Vec<u8>),
    /// A fact of this agent's own is sealed: the whole message.
    Told(Vec<u8>),
    /// A gossip item that this peer handed on was signed by its origin.
    Proven(PeerKey, Relayed),
    /// A gossip item that this peer handed on was not.
    Forged(PeerKey),
    /// What a peer may do was decided. Nothing follows where it may do that already.
    Trust(trust::Input),
    /// Discovery heard that a peer can be dialled here: a hint of anybody's, proven by a dial only.
    Seen(PeerKey, SocketAddr),
    /// Where this agent can be dialled, from now on; at most `ADDRESSES_MAX` places.
    Here(Vec<SocketAddr>),
    /// What the governor allows from now on.
    Power(Decision),
    /// Bytes free on the home's disk.
    Disk {
        /// Bytes.
        free: u64,
    },
    /// Finish what is under way and begin nothing.
    Stop,
}

/// What happens on a link.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkInput {
    /// It stands, to or from this address; whoever dialled.
    Up(SocketAddr),
    /// It is gone, for the reason given.
    Down(String),
    /// A dial failed.
    NotDialled,
    /// The peer said something: signed by it, and here for the first time.
    Said(Box<Message>),
}

/// A request, checked for encoding by the driver.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Watch this folder or file from now on. The driver has made the path absolute and seen it.
    Add(Source),
    /// Walk the store and see whether it adds up.
    Audit,
    /// Find passages.
    Search {
        /// As asked, at most `QUESTION_BYTES_MAX` bytes.
        question: String,
        /// Answers wanted, 1 to `HITS_MAX`.
        count: usize,
    },
    /// How things stand.
    Status,
}
