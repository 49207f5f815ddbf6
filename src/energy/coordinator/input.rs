//! What a coordinator can be told.

use super::hints::HintFrom;
use super::persisted::PersistedState;
use super::shares::FollowerId;
use crate::base::time::Duration;
use crate::energy::accounting::meter::Watts;
use crate::energy::board::findings::BoardReport;
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage};
use crate::energy::input::Sample;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::pause::Pause;
use crate::energy::policy::wall::{Wall, Zone};

/// One input.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The deadline came.
    Wake,
    /// The work that waits at this agent, whenever that changes.
    Demand(Backlog),
    /// People began (true) or ceased (false) to wait for answers of this agent.
    Answering(bool),
    /// A background task of this agent ended.
    TaskEnded {
        /// CPU time of its thread.
        cpu: Duration,
        /// Chunks that it embedded.
        chunks: usize,
    },
    /// The agent stops: no sample will come for what ended.
    Stop,
    /// The node could not be told what `Power` said; it is told with the next occasion.
    NodeFull,
    /// The time of day, where it is known, and the zone, where that may have changed.
    Time(Option<Wall>, Option<&'a Zone>),
    /// The first listing of the sensors takes long; work begins without them.
    SensorsAwaited,
    /// The sensors were listed: others may be there than before.
    SensorsFound(&'a BoardReport),
    /// The kernel says that a supply or a sensor changed; or came or went, then they are to be listed anew.
    DeviceChanged {
        /// Whether they are.
        relist: bool,
    },
    /// The device slept: what was measured before means nothing now.
    Resumed,
    /// What `ReadSensors` read, and the watts that were measured with it.
    Sample(&'a Sample, Option<Watts>),
    /// What `ReadSensors` read came later than `SENSOR_LATE_MS`: it is unknown.
    SampleLate,
    /// This state is on the disk, or is there already; `None`: it could not be written.
    Saved(Option<&'a PersistedState>),
    /// This agent holds the host's lock.
    Elected,
    /// Another agent holds the lock.
    NotElected,
    /// A connection to the leader stands.
    LeaderFound,
    /// No leader can be reached.
    LeaderAbsent,
    /// The connection to the leader ended.
    LeaderLost,
    /// A follower connected.
    FollowerJoined {
        /// Its connection.
        id: FollowerId,
        /// Its process: what that spends is work of this host's agents.
        process: i32,
    },
    /// A follower's connection ended.
    FollowerLeft(FollowerId),
    /// A follower's message.
    FromFollower(FollowerId, FollowerMessage),
    /// The leader's message.
    FromLeader(LeaderMessage),
    /// A person here paused, or ended a pause: the newest word of all.
    Pause(Option<Pause>),
    /// The owner says that the power supply is another one.
    NewSupply,
    /// Somebody says how much energy there is.
    Hint(HintFrom, &'a [u8]),
}
