//! One sample of a device: all that the governor reads of it at once. `platform::sysfs` or the simulator fills it in.

use super::board::source::Supplies;
use super::fraction::Fraction;
use super::policy::gate::Backlog;
use super::policy::wall::Wall;
use super::pressure::Counts;
use super::sample::group::Readings;
use super::user_activity::Ticks;
use crate::base::time::Duration;

/// One sample. Every value may be unknown.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The CPU's sensors, in the order of the `BoardReport`.
    pub temperatures: Readings,
    /// The sum of the states of the CPU's cooling devices.
    pub cooling: Option<i64>,
    /// The sum of the kernel's counters of thermal throttling.
    pub throttle_count: Option<u64>,
    /// The supply's undervoltage alarm.
    pub under_voltage: Option<bool>,
    /// The measured voltage of the 5 V input, in millivolts.
    pub input_millivolts: Option<u32>,
    /// The power supplies; `None` if they could not be read.
    pub supplies: Option<Supplies>,
    /// CPU time of all processes and of the host's agents.
    pub ticks: Option<Ticks>,
    /// Pressure on memory and disk.
    pub pressure: Counts,
    /// The time of day, if it is known.
    pub wall: Option<Wall>,
    /// The work that waits.
    pub backlog: Backlog,
    /// The share of the cores that the background work of the host's agents took since the last sample, if measured.
    pub ran: Option<Fraction>,
    /// The process that samples.
    pub process: ProcessSample,
}

/// One sample of the process itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessSample {
    /// Its CPU time, by which measured joules are attributed to it.
    pub cpu: Option<Duration>,
    /// Cores that the quota of its cgroup allows it, a fraction too; `None`: no quota.
    pub quota: Option<f64>,
}
