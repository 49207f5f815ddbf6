//! Counting what is embedded in a simulated world, and why a text is embedded more than once.

use super::agent::MODEL;
use super::tally::{Further, Last};
use super::world::World;
use crate::base::id::EmbedKey;
use crate::embed::model::key;
use crate::scheduler::task::{Outcome, Task};
use crate::store::change::Change;
use crate::store::read;

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
