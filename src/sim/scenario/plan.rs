//! A scenario, checked.

use super::time::{Span, Window};
use crate::base::time::Duration;
use crate::sim::false_worker::FalseVectors;
use crate::sim::power::plant::Plant;

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it shows, in a sentence.
    pub about: String,
    /// With so many seeds the tests run it.
    pub seeds: u64,
    pub(super) devices: Vec<Device>,
    pub(super) documents: Vec<Documents>,
    pub(super) network: Network,
    pub(super) faults: Vec<Fault>,
    pub(super) expected: Expected,
    /// How work is placed.
    pub(super) policy: Policy,
}

/// How work is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Policy {
    /// As the agents do it.
    Wattle,
    /// Each chunk to the next device in turn, at once, whatever its energy: to compare with.
    RoundRobin,
}

/// A device.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) name: String,
    /// Milliseconds that one task takes for a chunk.
    pub(super) ms: u64,
    /// Watts of a task while it runs.
    pub(super) watts: f64,
    /// Its board; `None`: it has no governor, and always may work.
    pub(super) board: Option<Plant>,
    pub(super) energy: Energy,
}

/// Where a device's energy comes from, and what its owner set.
#[derive(Clone, Debug, Default)]
pub(super) struct Energy {
    /// Hours with more sun than the home needs.
    pub(super) sun: Option<Window>,
    /// Hours on the battery.
    pub(super) unplugged: Option<Window>,
    /// Percent, and watt hours when it is full.
    pub(super) battery: Option<(f64, f64)>,
    /// How long its work can wait for surplus.
    pub(super) can_wait: Duration,
}

/// Documents that lie on a device, or come to it.
#[derive(Clone, Debug)]
pub(super) struct Documents {
    pub(super) device: usize,
    pub(super) count: usize,
    /// Chunks of each.
    pub(super) chunks: usize,
    pub(super) at: Duration,
    pub(super) private: bool,
    /// Whether they were embedded before the run begins.
    pub(super) embedded: bool,
}

/// The network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    pub(super) loss_permille: u64,
    pub(super) datagram_loss_permille: u64,
    pub(super) delay_ms: u64,
}

/// Something that goes wrong.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) at: Duration,
    /// Again after each of these times, until then.
    pub(super) again: Option<(Span, Duration)>,
    /// One of them by chance, each time.
    pub(super) devices: Vec<usize>,
    /// One of them by chance, each time.
    pub(super) kinds: Vec<Kind>,
    pub(super) lasts: Span,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Its power is cut, and it starts again after a while.
    Kill,
    /// It sleeps: nothing reaches it.
    Sleep,
    /// Its agent gets no time; what is sent to it waits.
    Stall,
    /// It reaches no other device.
    Partition,
    /// Its owner pauses it.
    Pause,
    /// All messages and datagrams are lost, so many of a thousand.
    Loss(u64),
    /// Its clock jumps ahead.
    Clock,
    /// It lies from now on, after so many honest results.
    Lie(FalseVectors, u64),
    /// Likewise, and it asks a question before it sends false results.
    LieAsking(FalseVectors, u64),
    /// Some of its documents change.
    Edit(usize),
    /// From now on it can embed nothing for others.
    Break,
}

/// What is expected.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    /// Everything is embedded so long after the last fault and the last documents.
    pub(super) within: Duration,
    /// Further embeddings at most, in percent of the chunks.
    pub(super) further_percent: Option<f64>,
    /// Likewise those after a death, a restart of the owner, a broken link or a late lease.
    pub(super) lost_percent: Option<f64>,
    /// Every device that lies is found within so many false results.
    pub(super) lies: Option<u64>,
    /// So many results wait for a check when a pause ends, at most.
    pub(super) unchecked: Option<u64>,
    /// Percent of the chunks that are embedded on surplus, at least.
    pub(super) surplus_percent: Option<f64>,
    /// So many devices have embedded something, at least.
    pub(super) workers: usize,
    /// Fewer joules that are no surplus for each chunk than a plain round robin takes.
    pub(super) beats_round_robin: bool,
}
