//! What is sampled at once, as `io` or the simulator hands it in.

use super::board::source::Supplies;
use super::fraction::Fraction;
use super::policy::gate::Backlog;
use super::policy::wall::Wall;
use super::pressure::Counts;
use super::sample::group::Readings;
use super::user_activity::Ticks;
use crate::base::time::Duration;

/// What is sampled at once. All of it may be unknown.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The CPU's sensors, in the order of the findings.
    pub temperatures: Readings,
    /// The sum of the states of the CPU's cooling devices.
    pub cooling: Option<i64>,
    /// The sum of the counters of thermal throttling (1.4).
    pub throttle_count: Option<u64>,
    /// The supply's alarm.
    pub under_voltage: Option<bool>,
    /// The measured input of 5 V, in millivolts.
    pub input_millivolts: Option<u32>,
    /// The power supplies; `None` where they could not be read.
    pub supplies: Option<Supplies>,
    /// CPU time of everybody and of our own agents.
    pub ticks: Option<Ticks>,
    /// Pressure on memory and disk.
    pub pressure: Counts,
    /// The time, where it is known.
    pub wall: Option<Wall>,
    /// The work that waits.
    pub backlog: Backlog,
    /// The share of the cores that our background work took since the last sample, where it was measured.
    pub ran: Option<Fraction>,
    /// CPU time of this process, for its joules.
    pub mine: Option<Duration>,
    /// Cores that the cgroup's quota leaves to this process, fractions too; `None`: there is no quota.
    pub quota: Option<f64>,
}
