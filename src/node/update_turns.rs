//! What the node keeps of updates: the turn of this device, what it said last, and which members are away.

use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::mesh::update::{Said, Turn};
use std::collections::BTreeMap;

/// Whose turn it is to update, as far as this agent was asked for that since it started.
#[derive(Debug, Default)]
pub(super) struct UpdateTurns {
    /// `None`: nobody asked yet; this device runs no image.
    pub(super) turn: Option<Turn>,
    /// What was published last, and when.
    pub(super) published: Option<(Said, Instant)>,
    /// Members that are not reached, and when each was found so first: it was seen until then at most.
    pub(super) away: BTreeMap<PeerKey, Instant>,
}
