//! One simulated device: its files, its disk, its agent, and what it sent.

use super::agent::Agent;
use super::clock::Clock;
use super::event::Event;
use super::files::Files;
use super::starts::Starts;
use super::tally::Tally;
use crate::base::id::{Fingerprint, PeerKey, ReplyId, TaskId};
use crate::base::time::Instant;
use crate::energy::decision::Decision;
use crate::mesh::trust::Rights;
use crate::node::output::Response;
use crate::store::memory::MemoryKv;
use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One simulated device. Its files and its disk outlive its agent.
#[derive(Debug)]
pub struct Device {
    /// The agent, unless it is down.
    pub agent: Option<Box<Agent>>,
    /// Its files; people change them whether it runs or not.
    pub files: Files,
    /// Its disk, which keeps through a crash what was synced.
    pub disk: Rc<MemoryKv>,
    /// Replies to its requests.
    pub replies: BTreeMap<ReplyId, Response>,
    /// What it sent.
    pub sent: Sent,
    /// Its boot counter, on its disk; 0 for a new card, and for one restored from an old copy.
    pub boots: u32,
    /// What its sockets know of starts.
    pub(super) starts: Starts,
    /// What its governor allows; `None`: it has no governor.
    pub(super) decision: Option<Decision>,
    /// What its disk holds about peers.
    pub(super) peers: PeerRecords,
    /// Set while it gets no time.
    pub(super) suspended: Option<Suspension>,
    /// Requests to its agent.
    pub(super) requests: Requests,
    /// What the world keeps about its running agent.
    pub(super) run: AgentRun,
}

/// What a device's disk holds about peers.
#[derive(Debug, Default)]
pub(super) struct PeerRecords {
    /// What peers may do here; a peer that is not in it may do all. The simulated sockets obey it.
    pub(super) rights: BTreeMap<PeerKey, Rights>,
    /// Addresses at which peers were reached.
    pub(super) addresses: BTreeMap<PeerKey, Vec<SocketAddr>>,
    /// The file of certificates and removals; `None`: the device trusts by grants alone.
    pub(super) records: Option<Vec<u8>>,
    /// Messages of members that were removed, by this device's own records, which reached its node all the same.
    pub(super) of_removed: u64,
}

/// Requests to a device's agent.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// Requests made so far; their numbers are 1 to this.
    pub(super) made: u64,
    /// Requests of the running agent that have no reply yet. A crash ends them.
    pub(super) open: BTreeSet<ReplyId>,
}

impl Requests {
    /// The number of a new request.
    pub(super) fn begin(&mut self) -> ReplyId {
        self.made += 1;
        ReplyId(self.made)
    }
}

/// What the world keeps about a running agent.
#[derive(Debug, Default)]
pub(super) struct AgentRun {
    /// Background tasks under way: whether they embed, and since when.
    pub(super) tasks: BTreeMap<TaskId, (bool, Instant)>,
    /// All tasks under way, with the lane of each.
    pub(super) lanes: BTreeMap<TaskId, &'static str>,
    /// Whether file changes are reported to it.
    pub(super) watching: bool,
    /// When a light task last started while somebody waited for an answer.
    pub(super) beside_question: Option<Instant>,
    /// When its node is to be woken.
    pub(super) wake: Option<Instant>,
    /// How much its engine differs from that of the others, see `World::set_engine_noise`.
    pub(super) engine_noise: f32,
    /// Its model, see `World::set_model`; `None`: that of all others.
    pub(super) model: Option<Fingerprint>,
    /// Milliseconds that it takes to embed a chunk, see `World::set_speed`.
    pub(super) ms_per_chunk: Option<u64>,
    /// Whether it can embed nothing for others.
    pub(super) is_broken: bool,
    /// Whether it can embed no text of its own.
    pub(super) is_beyond: bool,
    /// How its clock differs from the world's.
    pub(super) clock: Clock,
    /// Texts that were embedded by it, and its own that were embedded by anybody.
    pub(super) work: Tally,
}

/// How an agent or its device is stopped for a while.
#[derive(Debug)]
pub(super) struct Suspension {
    /// Whether packets that arrive meanwhile are lost; else they wait.
    pub(super) deaf: bool,
    pub(super) waiting: Vec<Event>,
}

/// What a device sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Datagrams, whether they arrived or not.
    pub datagrams: u64,
    /// Their bytes, with headers and encryption.
    pub datagram_bytes: u64,
    /// Messages on links.
    pub messages: u64,
    /// Their bytes, with headers and encryption.
    pub message_bytes: u64,
    /// The messages and bytes of each kind.
    pub kinds: BTreeMap<&'static str, (u64, u64)>,
    /// Dials.
    pub dials: u64,
}

impl Device {
    /// A device with no files and a new disk, which is down.
    pub(super) fn new() -> Self {
        Self {
            agent: None,
            files: Files::default(),
            disk: Rc::new(MemoryKv::new()),
            replies: BTreeMap::new(),
            sent: Sent::default(),
            boots: 0,
            starts: Starts::default(),
            decision: None,
            peers: PeerRecords::default(),
            suspended: None,
            requests: Requests::default(),
            run: AgentRun::default(),
        }
    }
}
