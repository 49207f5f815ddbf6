//! The inputs of a coordinator.

use super::persisted::PersistedState;
use super::shares::FollowerId;
use crate::base::time::Duration;
use crate::energy::accounting::meter::Watts;
use crate::energy::board::report::BoardReport;
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage};
use crate::energy::input::Sample;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::hours::QuietHours;
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
    /// The agent stops: no sample comes any more for the tasks that ended.
    Stop,
    /// The node's queue had no room for the last `Power`; it is sent again with the next occasion.
    NodeFull,
    /// The time of day, if it is known, and the zone, if it may have changed.
    Time(Option<Wall>, Option<&'a Zone>),
    /// The first listing of the sensors takes long; work begins without them.
    SensorsAwaited,
    /// The sensors were listed: they may differ from those before.
    SensorsFound(&'a BoardReport),
    /// The kernel reports that a power supply or a sensor changed.
    DeviceChanged {
        /// One came or went: list the sensors again.
        relist: bool,
    },
    /// The device was suspended: earlier measurements no longer apply.
    Resumed,
    /// What `ReadSensors` read, and the watts that were measured with it.
    Sample(&'a Sample, Option<Watts>),
    /// What `ReadSensors` read came later than `SENSOR_LATE_MS`: it is unknown.
    SampleLate,
    /// This state is on the disk, written now or before; `None`: it could not be written.
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
        /// Its process: the CPU time that it uses is work of this host's agents.
        process: i32,
    },
    /// A follower's connection ended.
    FollowerLeft(FollowerId),
    /// A follower's message.
    FromFollower(FollowerId, FollowerMessage),
    /// The leader's message.
    FromLeader(LeaderMessage),
    /// A person here paused, or ended a pause. It is newer than any pause that is known.
    Pause(Option<Pause>),
    /// A person here wants the work done beside what they do, for this long.
    Burst(Duration),
    /// The owner of this agent chose other quiet hours. They hold while it leads.
    Quiet(&'a QuietHours),
    /// The owner connected another power supply.
    NewSupply,
    /// A hint on how much energy there is, not yet parsed.
    Hint(HintFrom, &'a [u8]),
}

/// Where a hint comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintFrom {
    /// A program sent it to the API.
    Api,
    /// The hint file.
    HintFile {
        /// Seconds since 1970 when it was written, by the clock of that moment.
        written: i64,
    },
    /// The file with the grid's carbon intensity.
    GridFile,
}
