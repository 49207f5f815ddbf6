//! What the node keeps for membership: when to exchange member lists, when to choose links, and what waits for the disk.

use super::output::Output;
use crate::base::outbox::Outbox;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{ROLL_RETRY_MS, UNSAVED_PACKETS_MAX};
use core::net::SocketAddr;

/// Milliseconds between two choices of the links that stand.
const CHOOSE_MS: u64 = 1_000;

/// The membership side of the node, beside `mesh::swim` and `mesh::peers`.
#[derive(Debug)]
pub(super) struct MeshState {
    pub(super) rng: Rng,
    /// When to exchange rolls with somebody.
    pub(super) roll_at: Instant,
    /// Milliseconds until the one after.
    pub(super) pause: u64,
    /// Whether somebody's whole roll came since this agent started or slept.
    pub(super) told: bool,
    /// When to choose the links that stand; `None`: nothing changed.
    pub(super) choose_at: Option<Instant>,
    pub(super) chosen: Instant,
    pub(super) joined: Vec<String>,
    pub(super) lost: Vec<String>,
    pub(super) back: Vec<String>,
    /// Where this agent can be dialled.
    pub(super) listen: Vec<SocketAddr>,
    /// A generation of this agent that is not on the disk yet.
    pub(super) unsaved: Option<Unsaved>,
}

/// A generation on its way to the disk, and what tells peers of it: sent once it is there. A start after a power cut
/// would else begin in a generation that peers have seen already.
#[derive(Debug)]
pub(super) struct Unsaved {
    pub(super) generation: u32,
    pub(super) held: Vec<Output>,
}

impl MeshState {
    pub(super) fn new(now: Instant, rng: Rng) -> Self {
        let (joined, lost, back) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            rng,
            roll_at: now,
            pause: ROLL_RETRY_MS,
            told: false,
            choose_at: Some(now),
            chosen: now,
            joined,
            lost,
            back,
            listen: Vec::new(),
            unsaved: None,
        }
    }

    /// Sends what carries this agent's generation, or holds it until that is on the disk. What is more than
    /// `UNSAVED_PACKETS_MAX` is lost, as any packet may be.
    pub(super) fn send(&mut self, output: Output, out: &mut Outbox<Output>) {
        match &mut self.unsaved {
            None => out.push(output),
            Some(unsaved) if unsaved.held.len() < UNSAVED_PACKETS_MAX => unsaved.held.push(output),
            Some(_) => {}
        }
    }

    pub(super) fn choose_soon(&mut self, now: Instant) {
        self.choose_at.get_or_insert(now.max(self.chosen + Duration::from_millis(CHOOSE_MS)));
    }
}
