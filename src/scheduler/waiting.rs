//! A request that waits: for the end of a removal, for its turn, or for room.

use super::addition::Addition;
use crate::base::id::ReplyId;
use crate::base::time::Instant;
use crate::store::record::Mark;

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
    /// That what these marks are on is deleted; and the answer.
    Removed { done: String, marks: Vec<Mark> },
    /// That this place is watched, once nothing there is being removed and one more save may be under way.
    Added(Addition),
    /// That this place is watched, once the disk is measured anew and has room.
    Room(Addition),
}
