//! What the node keeps for membership: when to exchange member lists, when to choose links, and what waits for the
//! disk.

use super::member_news::MemberNews;
use super::output::Output;
use super::trust_state::TrustState;
use super::update_turns::UpdateTurns;
use crate::base::id::PeerKey;
use crate::base::outbox::Outbox;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{ADDRESSES_MAX, LINKS_CHOOSE_MS, MEMBER_LIST_RETRY_MS, UNSAVED_PACKETS_MAX};
use crate::mesh::conduct::Conduct;
use crate::mesh::disputes::Disputes;
use crate::mesh::duplicates::Duplicates;
use crate::mesh::refusals::Refusals;
use core::net::{IpAddr, SocketAddr};
use heapless::Vec as Bounded;
use std::collections::{BTreeMap, BTreeSet};

/// The membership side of the node, beside `mesh::swim` and `mesh::peers`.
#[derive(Debug)]
pub(super) struct MeshState {
    pub(super) rng: Rng,
    /// When to exchange member lists with a linked peer.
    pub(super) exchange_at: Instant,
    /// Milliseconds from that exchange to the next.
    pub(super) pause: u64,
    /// Whether a peer's full member list came since this agent started or was suspended.
    pub(super) list_received: bool,
    /// When to choose the links to keep; `None`: nothing changed.
    pub(super) choose_at: Option<Instant>,
    /// When they were chosen last.
    pub(super) chosen_at: Instant,
    /// What is told of members.
    pub(super) news: MemberNews,
    /// What is doubtful about peers, and which of them update.
    pub(super) records: PeerRecords,
    /// This agent's count of starts.
    pub(super) boot: BootCount,
    /// Where this agent can be dialled.
    pub(super) listen: Vec<SocketAddr>,
    /// The members that said that they stop, and when; each until it is back.
    pub(super) stopped: BTreeMap<PeerKey, Instant>,
    /// Certificates and removals.
    pub(super) trust: TrustState,
}

/// What is doubtful about peers, and which of them update.
#[derive(Debug, Default)]
pub(super) struct PeerRecords {
    pub(super) duplicates: Duplicates,
    /// Addresses at which this agent's own key was looked for, and when.
    pub(super) own_key_dialled: Bounded<(IpAddr, Instant), ADDRESSES_MAX>,
    pub(super) refusals: Refusals,
    pub(super) conduct: Conduct,
    /// Who says that a result of this device was false.
    pub(super) disputes: Disputes,
    /// Devices that asked, or offered work, with another model than this one's: `PEERS_MAX` at most.
    pub(super) other_models: BTreeSet<PeerKey>,
    /// Whose turn it is to update.
    pub(super) updates: UpdateTurns,
    /// The certificates and removals here are those of a backup, and no member had the same since.
    pub(super) are_of_backup: bool,
}

/// This agent's count of starts.
#[derive(Debug)]
pub(super) struct BootCount {
    /// The one that its messages are signed with.
    pub(super) signing: u32,
    /// A higher one that peers' refusals call for, until it is on the disk.
    pub(super) raising: Option<u32>,
    /// A new generation of this agent that is not on the disk yet.
    pub(super) unsaved: Option<Unsaved>,
}

/// A generation that is being saved, and the packets that carry it, which are sent once it is saved. Otherwise a power
/// cut could make the next start use a generation that peers have seen already.
#[derive(Debug)]
pub(super) struct Unsaved {
    pub(super) generation: u32,
    pub(super) held: Vec<Output>,
}

impl MeshState {
    /// `boot` is this agent's count of starts.
    pub(super) fn new(now: Instant, rng: Rng, boot: u32) -> Self {
        Self {
            rng,
            exchange_at: now,
            pause: MEMBER_LIST_RETRY_MS,
            list_received: false,
            choose_at: Some(now),
            chosen_at: now,
            news: MemberNews::default(),
            records: PeerRecords::default(),
            boot: BootCount { signing: boot, raising: None, unsaved: None },
            listen: Vec::new(),
            stopped: BTreeMap::new(),
            trust: TrustState::new(now),
        }
    }

    /// Sends what carries this agent's generation, or holds it until the generation is on the disk. Packets beyond
    /// `UNSAVED_PACKETS_MAX` are dropped, as any packet may be.
    pub(super) fn send(&mut self, output: Output, out: &mut Outbox<Output>) {
        match &mut self.boot.unsaved {
            None => out.push(output),
            Some(unsaved) if unsaved.held.len() < UNSAVED_PACKETS_MAX => unsaved.held.push(output),
            Some(_) => {}
        }
    }

    /// Something changed: the links to keep are chosen at the next moment that the pause between two choices allows.
    pub(super) fn choose_links_soon(&mut self, now: Instant) {
        self.choose_at.get_or_insert(now.max(self.chosen_at + Duration::from_millis(LINKS_CHOOSE_MS)));
    }
}
