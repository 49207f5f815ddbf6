//! What the governor decides, for the pool of workers and for status.

use super::mode::Mode;
use super::policy::hint::Energy;
use super::reason::Reason;
use super::share::Share;

/// What background workers may do now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The share of the device's cores that may be used.
    pub headroom: Share,
    /// Why not more.
    pub reason: Option<Reason>,
    /// How much the device works.
    pub mode: Mode,
    /// Workers.
    pub workers: usize,
    /// The share of its time that each of them may run.
    pub duty: Share,
    /// Chunks of a batch at most.
    pub chunks: usize,
    /// Percent to clamp the workers' threads to, where the kernel can.
    pub clamp_percent: Option<u8>,
    /// How much energy there is.
    pub energy: Energy,
    /// What feeds the device.
    pub on_battery: bool,
}
