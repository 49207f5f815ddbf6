//! Who embedded what in a simulated world, and why a text was embedded more than once.
//!
//! Every start of a task that embeds is counted. The first time that a text of a device is embedded is its due; each further
//! time has one cause, decided by who embedded it before and what became of that device.

use super::agent::MODEL;
use super::world::World;
use crate::base::id::EmbedKey;
use crate::base::time::Instant;
use crate::embed::model::key;
use crate::scheduler::task::{Outcome, Task};
use crate::store::change::Change;
use crate::store::read;
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
struct Last {
    by: usize,
    at: Instant,
    /// Starts of whoever embedded it, and of its owner.
    boots: (u32, u32),
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
    last: BTreeMap<EmbedKey, Last>,
}

impl Tally {
    /// Different texts of this device that anybody embedded.
    pub(super) fn texts(&self) -> u64 {
        self.last.len() as u64
    }
}

impl World {
    /// Counts what a task embeds that starts on a device and takes so many milliseconds.
    pub(super) fn count_embedded(&mut self, at: usize, task: &Task, outcome: &Outcome, ms: u64) {
        let (owner, keys) = match (task, outcome) {
            (Task::Embed { .. }, Outcome::Changes(changes)) => (at, self.without_stored(at, changes)),
            (Task::EmbedLent(chunks), _) => (at, chunks.iter().map(|chunk| chunk.key).collect()),
            (Task::EmbedBorrowed(borrowed), _) => {
                let texts = borrowed.texts.iter();
                let keys = texts.map(|text| key(&MODEL, &text.heading, &text.text)).collect();
                (self.holder(at, borrowed.owner), keys)
            }
            (Task::EmbedHit { .. }, _) => {
                self.devices[at].run.work.further.check += 1;
                return self.count_made(at, 1, ms);
            }
            _ => return,
        };
        self.count_made(at, keys.len() as u64, ms);
        let is_tail = matches!(task, Task::EmbedLent(_));
        keys.into_iter().for_each(|key| self.count_text(owner, at, key, is_tail));
    }

    fn count_made(&mut self, at: usize, texts: u64, ms: u64) {
        let work = &mut self.devices[at].run.work;
        work.embedded += texts;
        work.busy_ms += ms;
        work.surplus_ms += if work.has_surplus { ms } else { 0 };
        work.on_surplus += if work.has_surplus { texts } else { 0 };
        work.on_battery += if work.on_battery_now { texts } else { 0 };
    }

    fn count_text(&mut self, owner: usize, by: usize, key: EmbedKey, is_tail: bool) {
        let boots = |at: usize| self.devices[at].boots;
        let last = Last { by, at: self.now, boots: (boots(by), boots(owner)) };
        let is_stored = read::vector_of(&self.devices[owner].disk, &key).is_ok_and(|vector| vector.is_some());
        let before = self.devices[owner].run.work.last.get(&key).copied();
        let lied = |before: &Last| self.net.false_workers.get(&before.by).is_some_and(|worker| worker.lies > 0);
        let unlinked = |before: &Last| {
            let broke = self.devices[owner].run.work.unlinked.get(&before.by);
            broke.is_some_and(|at| *at >= before.at)
        };
        let died =
            |before: &Last| before.by != owner && boots(before.by) != before.boots.0 || self.is_down(before.by, by);
        let mut further = Further::default();
        match before {
            None if is_stored => further.known = 1,
            None => {}
            Some(_) if is_stored && by != owner => further.known = 1,
            Some(before) if lied(&before) => further.lie = 1,
            Some(before) if boots(owner) != before.boots.1 => further.restart = 1,
            Some(before) if died(&before) => further.death = 1,
            Some(before) if unlinked(&before) => further.link = 1,
            Some(_) if is_tail => further.tail = 1,
            Some(_) => further.late = 1,
        }
        let work = &mut self.devices[owner].run.work;
        work.further.add(&further);
        // A text whose vector was stored before the run is none of its work.
        if further.known == 0 {
            work.last.insert(key, last);
        }
    }

    fn is_down(&self, at: usize, by: usize) -> bool {
        // The event loop has the agent whose task this is.
        at != by && (self.devices[at].agent.is_none() || self.devices[at].suspended.is_some())
    }

    /// The keys of the vectors that a task of the own queue made: those of stored texts are taken from the store.
    fn without_stored(&self, at: usize, changes: &[Change]) -> Vec<EmbedKey> {
        let made = changes.iter().filter_map(|change| match change {
            Change::Embedded { vectors, .. } => Some(vectors.iter().map(|(_, key, _)| *key)),
            _ => None,
        });
        let is_new = |key: &EmbedKey| read::vector_of(&self.devices[at].disk, key).is_ok_and(|vector| vector.is_none());
        let mut keys: Vec<EmbedKey> = made.flatten().filter(is_new).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}
