//! Devices of different speeds, and the work that travels between them.

use super::agent::MODEL;
use super::world::World;
use crate::base::id::Row;
use crate::base::time::Duration;
use crate::embed::Embedder;
use crate::embed::model::prefixed;
use crate::embed::stand_in::StandIn;
use crate::node::output::Notice;
use crate::scheduler::offload::lender::again::Again;
use crate::scheduler::task::Task;
use crate::store::kv::Space;
use crate::store::read;
use crate::store::record::{Record, Vector};

impl World {
    /// From now on a device takes this many milliseconds to embed a chunk; else a task takes 1 to 300 ms, whatever its size.
    pub fn set_speed(&mut self, at: usize, ms_per_chunk: u64) {
        self.devices[at].run.ms_per_chunk = Some(ms_per_chunk);
    }

    /// Milliseconds that a task takes for which so many texts were embedded.
    pub(super) fn cost_ms(&mut self, at: usize, task: &Task, texts: u64) -> u64 {
        match self.devices[at].run.ms_per_chunk {
            Some(ms)
                if matches!(
                    task,
                    Task::Embed { .. } | Task::EmbedLent(_) | Task::EmbedBorrowed(_) | Task::EmbedHit { .. }
                ) =>
            {
                1 + texts * ms
            }
            Some(_) => 1 + self.rng.below(3),
            None => 1 + self.rng.below(300),
        }
    }

    /// Runs until a device has no document to read or embed any more. Gives how long that took.
    ///
    /// # Panics
    /// If it takes longer than `limit`.
    pub fn run_until_embedded(&mut self, at: usize, limit: Duration) -> Duration {
        let begin = self.now;
        while self.now < begin + limit {
            self.run_until(self.now + Duration::from_millis(100));
            let Some(agent) = &self.devices[at].agent else { continue };
            let status = agent.node.status(self.clock(at));
            if !status.sources.is_empty()
                && status.work.to_do == 0
                && !status.work.scanning
                && status.counts.live_chunks() > 0
            {
                return self.now.since(begin);
            }
        }
        panic!("device {at} has work left after {limit:?}");
    }

    /// Checks that every vector on a device's disk is that of its text, whoever made it. Gives how many there are.
    ///
    /// # Panics
    /// If one is not.
    #[must_use]
    pub fn check_vectors(&self, at: usize) -> usize {
        let disk = &self.devices[at].disk;
        let (mut embedder, mut count) = (StandIn::new(MODEL), 0);
        let walked = read::walk(disk, Space::Vector, |key, value| {
            let vector = Vector::decode_stored(value)?;
            let row = Row(key.try_into().map_or(0, u64::from_be_bytes));
            let Some(chunk) = read::chunk(disk, row)? else { return Ok(()) };
            assert_eq!(vector.model, MODEL.into());
            let own = embedder.embed(&prefixed(&chunk.heading, &chunk.text));
            let own = own.unwrap_or_else(|error| panic!("{error}"));
            let cosine = vector.values.exact(MODEL).and_then(|stored| stored.cosine(&own));
            assert!(cosine.is_ok_and(|cosine| cosine > 0.98), "row {} of device {at} has a false vector", row.0);
            count += 1;
            Ok(())
        });
        assert_eq!(walked, Ok(()));
        count
    }

    /// Who has what of a device's work: chunks in leases, results that wait for a check, and those that were good.
    #[must_use]
    pub fn lent(&self, at: usize) -> Vec<(usize, usize, u64)> {
        let agent = self.devices[at].agent.as_ref();
        let lent = agent.map(|agent| {
            agent.node.lent(self.clock(at)).map(|lent| (lent.chunks, lent.unchecked, lent.done)).collect()
        });
        lent.unwrap_or_default()
    }

    /// Texts of which others made something else than a third device, and of which a device waits to hear which is false.
    #[must_use]
    pub fn undecided(&self, at: usize) -> usize {
        let agent = self.devices[at].agent.iter();
        agent.flat_map(|agent| agent.node.lent(self.clock(at)).map(|lent| lent.undecided)).sum()
    }

    /// Milliseconds that each device takes for a chunk of this one's, as this one has measured.
    #[must_use]
    pub fn measured_speeds(&self, at: usize) -> Vec<f64> {
        let agent = self.devices[at].agent.iter();
        agent.flat_map(|agent| agent.node.lent(self.clock(at)).filter_map(|lent| lent.ms_per_chunk)).collect()
    }

    /// What of a device's chunks was embedded more than once, by cause.
    ///
    /// # Panics
    /// If the device does not run.
    #[must_use]
    pub fn embedded_again(&self, at: usize) -> Again {
        let agent = self.devices[at].agent.as_ref();
        agent.map_or_else(|| panic!("device {at} does not run"), |agent| agent.node.embedded_again())
    }

    /// When a device first found that another one sends false vectors of what was lent to it.
    #[must_use]
    pub fn found_false_results(&self, at: usize) -> bool {
        let tells = |notice: &Notice| matches!(notice, Notice::Offence(_, what) if what.contains("lent to it"));
        self.notices.iter().any(|(_, device, notice)| *device == at && tells(notice))
    }
}
