//! A request that waits for the end of a removal.

use super::addition::Addition;
use crate::base::id::ReplyId;
use crate::base::time::Instant;

/// A request that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) reply: ReplyId,
    pub(super) wanted: Wanted,
    /// When it is answered at the latest.
    pub(super) until: Instant,
}

/// What it waits for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// That everything is deleted which is being forgotten; and the answer.
    Removed(String),
    /// That this place is watched.
    Added(Addition),
}
