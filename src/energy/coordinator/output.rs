//! What a coordinator wants done.

use super::shares::FollowerId;
use crate::base::outbox::Outbox;
use crate::energy::decision::Decision;
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage};
use crate::energy::policy::hint::HintError;

/// What one input may cause.
pub type Out = Outbox<Output>;

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Tell the node that this is allowed from now on.
    Power(Decision),
    /// Read all sensors and hand in a `Sample`.
    ReadSensors {
        /// List them anew before.
        relist: bool,
    },
    /// Write `HostCoordinator::persisted`, if it `is_new`, and say that it is `Saved`.
    Save,
    /// Connect to the leader: `LeaderFound` or `LeaderAbsent`.
    Connect,
    /// Try to take the host's lock: `Elected` or `NotElected`.
    Campaign,
    /// Send this to the leader; where that fails, `LeaderLost`.
    ToLeader(FollowerMessage),
    /// Send this to a follower; where that fails, `FollowerLeft`.
    ToFollower(FollowerId, LeaderMessage),
    /// End a follower's connection: there is no room for it.
    HangUp(FollowerId),
    /// The hint of this input was not taken; the one before it stays.
    HintRefused(HintError),
}
