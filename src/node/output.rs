//! Everything that a node wants done.
//!
//! Signing and verifying are ports (`Tell` and `Verify`, and the messages of `Send`), though both are pure: with true
//! Ed25519 signatures in the node the simulator would be much slower. Measured in November 2026 on an x86-64 server,
//! release build, user CPU of ten simulated minutes of 100 agents, median of three: 5.5 s with ports; 13.8 s with every
//! gossip item signed and verified (1,100 and 110,504 of them); 52.3 s with every message on a link as well. The
//! simulator stands in for the port by messages of the same shape without a signature (`wire::message::unsigned`).
//! Which messages are taken (sender, signature, replay window) is decided by `wire::message::Opener` alone.

use super::status::Status;
use crate::base::id::{DocId, PeerKey, ReplyId, SaveId, TaskId};
use crate::base::time::Duration;
use crate::energy::policy::gate::Backlog;
use crate::limits::GOSSIP_BATCH_MAX;
use crate::mesh::gossip::ItemRef;
use crate::mesh::trust::{Refused, Rights};
use crate::scheduler::task::Task;
use crate::store::audit::Audit;
use crate::store::change::Change;
use crate::wire::gossip::{Fact, Relayed};
use crate::wire::message::Message;
use core::net::SocketAddr;

/// Rumours that leave in one frame.
pub type ItemRefs = heapless::Vec<ItemRef, GOSSIP_BATCH_MAX>;

/// One order to the driver, to be carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A peer may do this from now on, and nothing else: links, the opening of messages, datagrams and notes follow.
    Admit(PeerKey, Rights),
    /// A peer may do nothing any more: its link ends, what it sends is refused, its addresses are forgotten.
    Expel(PeerKey),
    /// Link up with a peer; an `Up` or a `NotDialled` follows.
    Dial(PeerKey, SocketAddr),
    /// Say something to a linked peer. If the link is full or gone, it is as if the peer had not heard.
    Send(PeerKey, Message),
    /// Send a packet of the membership machine to a known peer, as a sealed datagram; it may be lost.
    Member(PeerKey, Vec<u8>),
    /// End the link to a peer: nobody here needs it. A `Down` follows.
    HangUp(PeerKey),
    /// The next start must count above this number: keep that on the disk. A `BootKept` follows once it is there.
    BootAtLeast(u32),
    /// Seal this as a gossip item of this agent's own; one `Told` follows.
    Tell(Fact),
    /// Check whether a gossip item that this peer handed on was signed by its origin: `Proven` or `Forged` follows, or nothing if the origin
    /// is not listened to yet.
    Verify(PeerKey, Relayed),
    /// Hand items on to a linked peer, as [`Node::passed`](super::Node::passed) makes them at this moment.
    Pass {
        /// To whom.
        to: PeerKey,
        /// Which.
        slots: ItemRefs,
        /// Whether it asked for them.
        asked: bool,
    },
    /// Keep on the disk where a peer was reached, for the next start; the newest first,
    /// at most `ADDRESSES_MAX`.
    Remember(PeerKey, Vec<SocketAddr>),
    /// Run a task; exactly one `Done` follows. `EmbedQuery` and `Retrieve` serve a person and never wait behind the others;
    /// `Audit`, which takes minutes, waits for nobody and nobody waits behind it.
    Start(TaskId, Task),
    /// Apply the changes in order and sync; exactly one `Saved` follows.
    Save(SaveId, Vec<Change>),
    /// Answer.
    Reply(ReplyId, Response),
    /// Tell of every change at this place or below it, from now on.
    Watch(Vec<u8>),
    /// For the governor: the work that waits here, whenever that changes.
    Demand(Backlog),
    /// For the governor: people began (true) or ceased (false) to wait for answers here.
    Answering(bool),
    /// For the governor: a background task took this.
    Spent {
        /// CPU time of its thread.
        cpu: Duration,
        /// Passages that it embedded.
        chunks: usize,
    },
    /// Measure the home's disk; one `Disk` follows.
    MeasureDisk,
    /// Tell people.
    Notice(Notice),
    /// All is at rest; the process may end.
    Stopped,
}

/// A fact for logs and counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was left out of a look, with the reason.
    LeftOut(String),
    /// Background work is held, with the reason.
    Held(String),
    /// Background work goes on.
    Resumed,
    /// A document cannot be used: which, and why.
    Refused(DocId, String),
    /// The store is broken; nothing is saved any more.
    Broken(String),
    /// Devices joined the mesh.
    Joined(Vec<String>),
    /// Devices are down: they did not answer, and nobody else reached them either.
    Lost(Vec<String>),
    /// Devices that were down, or began anew, are back.
    Back(Vec<String>),
    /// A device kept saying that others are down which are not; it is not listened to for a while.
    Liar(String),
    /// This device slept for so long; what it knew of others is asked anew.
    Slept(Duration),
    /// A device is linked.
    Linked(String),
    /// The link to a device is gone, with the reason.
    Unlinked(String, String),
    /// A device may do more or less than before: which.
    Admitted(String),
    /// A device may do nothing here any more.
    Expelled(String),
    /// A device was not admitted: which, and why.
    NotAdmitted(String, Refused),
    /// What a device did with items: its name, and what follows it in a sentence.
    Hearsay(String, &'static str),
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// It is watched, and that is on the disk.
    Added,
    /// The store was walked.
    Audit(Audit),
    /// Passages, best first.
    Hits {
        /// The passages.
        hits: Vec<RankedHit>,
        /// Devices asked, this one among them.
        asked: usize,
        /// Devices that answered in time.
        answered: usize,
        /// The names of those that did not, at most `SILENT_NAMED_MAX`.
        silent: Vec<String>,
        /// Devices that are up and were not asked: a large mesh does not link everybody with everybody.
        not_asked: usize,
    },
    /// It was not done.
    Refused(Problem, String),
    /// How things stand.
    Status(Box<Status>),
}

impl Response {
    /// A refusal in a plain sentence.
    pub fn refused(problem: Problem, why: impl Into<String>) -> Self {
        Self::Refused(problem, why.into())
    }
}

/// A passage of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedHit {
    /// The name of the device that holds it.
    pub device: String,
    /// Its score, see `search::hit::score`.
    pub score: f32,
    /// The document's path there.
    pub path: Vec<u8>,
    /// Headings above it.
    pub heading: String,
    /// The exact excerpt.
    pub text: String,
}

/// Whose turn it is after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The asker's: ask for something else.
    Conflict,
    /// Nobody's: try again later.
    Busy,
    /// The owner's: free some disk.
    DiskFull,
    /// The owner's: the store or the engine failed.
    Broken,
}
