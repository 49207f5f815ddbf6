//! One pretend device: what it has, and what it sent.

use super::agent::Agent;
use super::files::Files;
use super::suspend::SuspendedAgent;
use crate::base::id::{PeerKey, ReplyId, TaskId};
use crate::base::time::Instant;
use crate::energy::decision::Decision;
use crate::mesh::trust::Rights;
use crate::node::output::Response;
use crate::store::memory::MemoryKv;
use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One pretend device. Its files and its disk outlive its agent.
#[derive(Debug)]
pub struct Device {
    /// The agent, unless it is down.
    pub agent: Option<Box<Agent>>,
    /// Its files; people change them whether it runs or not.
    pub files: Files,
    /// Its disk; outlives crashes, less what was not synced.
    pub disk: Rc<MemoryKv>,
    /// Replies that came.
    pub replies: BTreeMap<ReplyId, Response>,
    /// What it sent.
    pub sent: Sent,
    /// The number of its last start, on its disk; 0 for a new or an old, restored card.
    pub boots: u32,
    /// What its governor allows; `None`: nothing governs.
    pub(super) power: Option<Decision>,
    /// Background tasks under way: whether they embed.
    pub(super) tasks: BTreeMap<TaskId, bool>,
    /// What its owner decided that peers may do, on its disk; who is not in it may do all. Its sockets follow it.
    pub(super) rights: BTreeMap<PeerKey, Rights>,
    /// Where peers were reached, on its disk.
    pub(super) remembered: BTreeMap<PeerKey, Vec<SocketAddr>>,
    /// Whether it gets no time.
    pub(super) sleep: Option<SuspendedAgent>,
    /// Requests of its running agent that are not answered yet. A crash takes them with it.
    pub(super) open: BTreeSet<ReplyId>,
    /// Requests made.
    pub(super) replies_due: u64,
    pub(super) watching: bool,
    pub(super) wake: Option<Instant>,
}

/// What a device sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Datagrams, whether they arrived or not.
    pub datagrams: u64,
    /// Their bytes, with heads and seals.
    pub datagram_bytes: u64,
    /// Messages on links.
    pub messages: u64,
    /// Their bytes, with heads and seals.
    pub message_bytes: u64,
    /// Dials.
    pub dials: u64,
}

impl Device {
    /// A device with no files and a new disk, which is down.
    pub(super) fn new() -> Self {
        Self {
            agent: None,
            power: None,
            tasks: BTreeMap::new(),
            files: Files::default(),
            disk: Rc::new(MemoryKv::new()),
            replies: BTreeMap::new(),
            sent: Sent::default(),
            boots: 0,
            rights: BTreeMap::new(),
            remembered: BTreeMap::new(),
            sleep: None,
            open: BTreeSet::new(),
            replies_due: 0,
            watching: false,
            wake: None,
        }
    }
}
