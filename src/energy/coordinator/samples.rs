//! What the coordinator does with samples, and in place of samples that are late.

use super::machine::HostCoordinator;
use super::output::Out;
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::meter::{Cpu, Watts};
use crate::energy::input::Sample;
use crate::energy::sample::fault::{Fault, Reading};

impl HostCoordinator {
    /// When to sample next; `None`: a read is under way, or another agent samples.
    pub(super) fn sample_at(&self, now: Instant) -> Option<Instant> {
        if !self.leads() || self.sampling.is_busy() {
            return None;
        }
        if self.sampling.is_due() { Some(now) } else { self.governor.deadline(now) }
    }

    /// When to save next; `None`: a save or a read is under way.
    pub(super) fn save_at(&self) -> Option<Instant> {
        self.saves.due().filter(|_| !self.sampling.is_busy())
    }

    pub(super) fn on_sample(&mut self, now: Instant, sample: &Sample, watts: Option<Watts>, out: &mut Out) {
        self.sampling.read(sample.supplies);
        self.measure(now, sample, watts);
        let sample = Sample { backlog: self.backlog(now), ..sample.clone() };
        self.shares.whole = self.governor.sample(now, &sample);
        self.update_node(now, out);
        self.saves.notice(self.governor.learned());
        self.update_followers_if_moved(now, out);
    }

    pub(super) fn on_sample_late(&mut self, now: Instant, out: &mut Out) {
        self.replace_late_sample(now);
        self.sampling.read_late();
        self.update_followers_if_moved(now, out);
    }

    /// Attributes power and CPU time since the last sample to the tasks that ended meanwhile.
    fn measure(&mut self, now: Instant, sample: &Sample, watts: Option<Watts>) {
        let busy = sample
            .ticks
            .map(|ticks| Duration::from_millis(ticks.busy.saturating_mul(1000) / u64::from(ticks.per_second.max(1))));
        let cpu = sample.process.cpu.zip(busy).map(|(mine, busy)| Cpu { mine, busy });
        self.spending.sample(now, watts, cpu, self.shares.works_since().is_some());
    }

    /// Gives the governor a sample of unknown values if the one that is being read is late, once a second. Returns
    /// whether it did.
    pub(super) fn replace_late_sample(&mut self, now: Instant) -> bool {
        if !self.leads() || !self.sampling.replaces(now) {
            return false;
        }
        let unknown: Reading = Err(Fault::Later);
        let supplies = self.sampling.lasting_supplies();
        let mut sample = Sample { wall: self.wall(now), backlog: self.backlog(now), supplies, ..Sample::default() };
        for _ in 0..self.sampling.sensors() {
            // There is room: a report lists no more sensors than a sample holds.
            let _ = sample.temperatures.push(unknown);
        }
        self.shares.whole = self.governor.sample(now, &sample);
        true
    }
}
