//! Who embedded what in a simulated world, and why a text was embedded more than once.
//!
//! Every start of a task that embeds is counted. The first time that a text of a device is embedded is its due; each further
//! time has one cause, decided by who embedded it before and what became of that device.

use crate::base::id::EmbedKey;
use crate::base::time::Instant;
use serde::Serialize;
use std::collections::BTreeMap;

/// Why texts were embedded once more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Further {
    /// To check a result of another device.
    pub check: u64,
    /// With a vector that was known, to see whether a device is honest.
    pub known: u64,
    /// At the end, while another device had them, so that nobody waits for the slowest.
    pub tail: u64,
    /// Whoever had embedded them had sent what is false.
    pub lie: u64,
    /// Whoever embedded them before went down.
    pub death: u64,
    /// Their owner started anew.
    pub restart: u64,
    /// The link to whoever embedded them broke.
    pub link: u64,
    /// Their lease was over before their vectors came.
    pub late: u64,
}

impl Further {
    /// All of them.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.check + self.known + self.tail + self.lie + self.death + self.restart + self.link + self.late
    }

    /// Those whose vectors had been made and did not come.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.death + self.restart + self.link + self.late
    }

    /// The same with those of another device.
    pub(super) const fn add(&mut self, other: &Self) {
        self.check += other.check;
        self.known += other.known;
        self.tail += other.tail;
        self.lie += other.lie;
        self.death += other.death;
        self.restart += other.restart;
        self.link += other.link;
        self.late += other.late;
    }
}

/// The last time that a text was embedded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Last {
    pub(super) by: usize,
    pub(super) at: Instant,
    /// Starts of whoever embedded it, and of its owner.
    pub(super) boots: (u32, u32),
}

/// What is counted of one device.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Texts that it embedded.
    pub(super) embedded: u64,
    /// Of these, while it had surplus energy.
    pub(super) on_surplus: u64,
    /// Of these, on its battery.
    pub(super) on_battery: u64,
    /// Milliseconds that its tasks took for that.
    pub(super) busy_ms: u64,
    /// Of these, while it had surplus energy.
    pub(super) surplus_ms: u64,
    /// Its own texts that were embedded more than once.
    pub(super) further: Further,
    /// Whether it has surplus energy now.
    pub(super) has_surplus: bool,
    /// Whether it runs on its battery now.
    pub(super) on_battery_now: bool,
    /// Whether some of its texts have `PRIVATE_WORD` in them.
    pub(super) keeps_private: bool,
    /// When its links to others broke last.
    pub(super) unlinked: BTreeMap<usize, Instant>,
    /// Its own texts, by who embedded them last.
    pub(super) last: BTreeMap<EmbedKey, Last>,
}

impl Tally {
    /// Different texts of this device that anybody embedded.
    pub(super) fn texts(&self) -> u64 {
        self.last.len() as u64
    }
}
