//! What a run of a scenario gave.

use crate::sim::tally::Further;
use serde::Serialize;

/// The report of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// How work was placed: "wattle" or "round-robin".
    pub policy: &'static str,
    /// Seconds until everything was embedded, or until the run was given up.
    pub seconds: f64,
    /// Different texts that were embedded.
    pub chunks: u64,
    /// Texts that were embedded once more, by cause.
    pub further: Further,
    /// The same in percent of the chunks.
    pub further_percent: f64,
    /// Joules of embedding.
    pub joules: Joules,
    /// What went over the network.
    pub network: Traffic,
    /// Each device.
    pub devices: Vec<DeviceReport>,
    /// How often the invariants of safety were checked beside those of each save and message, and inputs handled.
    pub checked: Checked,
    /// What was expected and is not so; empty: all of it is.
    pub unmet: Vec<String>,
}

/// Joules of embedding, without what the devices take when idle.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Joules {
    /// All of them.
    pub all: f64,
    /// For a thousand chunks.
    pub per_1000: f64,
    /// For a thousand chunks, those that were no surplus.
    pub paid_per_1000: f64,
    /// Percent of the embeddings that were done on surplus.
    pub surplus_percent: f64,
}

/// What went over the network, with headers and encryption.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Traffic {
    /// Bytes.
    pub bytes: u64,
    /// Messages on links.
    pub messages: u64,
}

/// What was checked.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Checked {
    /// Steps.
    pub steps: u64,
    /// Inputs of all nodes.
    pub inputs: u64,
    /// Faults that began.
    pub faults: u64,
    /// Results that waited for a check when a pause ended, at most.
    pub unchecked: u64,
}

/// One device.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceReport {
    /// Its name.
    pub name: String,
    /// Texts that it embedded, for itself and for others.
    pub embedded: u64,
    /// Of these, on surplus.
    pub on_surplus: u64,
    /// Of these, on its battery.
    pub on_battery: u64,
    /// Joules for that.
    pub joules: f64,
    /// False results that it sent.
    pub lies: u64,
    /// Whether they were found.
    pub found: bool,
}

impl Report {
    /// Whether all is as expected.
    #[must_use]
    pub const fn well(&self) -> bool {
        self.unmet.is_empty()
    }
}
