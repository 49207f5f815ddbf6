//! The outputs of a coordinator.

use super::shares::FollowerId;
use crate::base::outbox::Outbox;
use crate::energy::decision::Decision;
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage};
use crate::energy::policy::hint::HintError;

/// The outputs of one input.
pub type Out = Outbox<Output>;

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send the node this decision: it holds from now on.
    Power(Decision),
    /// Read all sensors, then give a `Sample` or `SampleLate`.
    ReadSensors {
        /// List them again before.
        relist: bool,
    },
    /// Write `HostCoordinator::persisted` to the disk if it `is_new`, then give `Saved`.
    Save,
    /// Connect to the leader, then give `LeaderFound` or `LeaderAbsent`.
    Connect,
    /// Try to take the host's lock, then give `Elected` or `NotElected`.
    Campaign,
    /// Send this to the leader; if that fails, give `LeaderLost`.
    ToLeader(FollowerMessage),
    /// Send this to a follower; if that fails, give `FollowerLeft`.
    ToFollower(FollowerId, LeaderMessage),
    /// Close a follower's connection: there is no room for it.
    HangUp(FollowerId),
    /// The hint of this input is invalid; the hint before it stays in force.
    HintRefused(HintError),
}
