//! The thread that samples: one wake-up a sample, no lock while it reads, nothing allocated.

use super::Shared;
use crate::base::time::{Duration, Instant};
use crate::energy::board::findings::BoardReport;
use crate::energy::fraction::Fraction;
use crate::energy::input::Sample;
use crate::energy::sample::fault::Reading;
use crate::limits::SENSOR_LATE_MS;
use crate::platform::clock;
use crate::platform::hint_files::HintFiles;
use crate::platform::panics::guard;
use crate::platform::sched::process_cpu;
use crate::platform::sysfs::others::OtherProcesses;
use crate::platform::sysfs::sensors::Sensors;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// Until the next sample after one that panicked: a defect that comes with each of them must not take a core.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// What the thread keeps from sample to sample.
struct Sampler<'a> {
    shared: &'a Shared,
    sensors: Sensors,
    hints: HintFiles,
    others: OtherProcesses,
    sample: Sample,
    /// CPU time of our agents at the last sample.
    ran: Option<(Instant, Duration)>,
    slept: Duration,
}

/// What is to be done.
enum Due {
    /// Sample, for this moment.
    Sample(Instant),
    /// Write what was learned.
    Keep,
}

/// Looks for the sensors, tells what was found, and samples what `shared` governs until the agent stops. A sensor that
/// hangs keeps this thread and nobody else.
pub(super) fn run(
    (root, meter): (&Path, Option<&str>),
    found: &SyncSender<BoardReport>,
    shared: &Receiver<Arc<Shared>>,
    hints: HintFiles,
) {
    let sensors = Sensors::open_metered(root, meter);
    // Nobody waits for it any more, if it took long.
    let _ = found.try_send(sensors.findings().clone());
    let Ok(shared) = shared.recv() else { return };
    let mut sampler = Sampler {
        shared: &shared,
        sensors,
        hints,
        others: OtherProcesses::default(),
        sample: Sample::default(),
        ran: None,
        slept: clock::slept(),
    };
    sampler.tell_late_findings();
    while let Some(due) = sampler.wait() {
        let done = guard(|| match due {
            Due::Sample(now) => sampler.once(now),
            Due::Keep => sampler.keep(),
        });
        if done.is_err() {
            // The sample did not end, so the sensors count as unknown until the next one does.
            drop(shared.changed.wait_timeout(shared.lock(), AFTER_PANIC));
        }
    }
}

impl Sampler<'_> {
    /// The listing took so long that the agent began without it.
    fn tell_late_findings(&mut self) {
        let mut core = self.shared.lock();
        if core.reading.take().is_some() {
            core.look_at(self.sensors.findings());
        }
    }

    /// Waits until something is due, and notes that the sensors are read from then on; `None`: stop. The condition's
    /// clock stops in suspend and ours does not: what was due meanwhile comes up to one sample late.
    fn wait(&mut self) -> Option<Due> {
        let mut core = self.shared.lock();
        loop {
            if core.stopped {
                return None;
            }
            let now = clock::now();
            let sample = core.sample_at(now);
            if sample.is_some_and(|at| at <= now) {
                core.begin_reading(now);
                self.others.follow(core.pids());
                return Some(Due::Sample(now));
            }
            if core.keep_at() <= now {
                return Some(Due::Keep);
            }
            let next = sample.map_or(core.keep_at(), |at| at.min(core.keep_at()));
            core = self
                .shared
                .changed
                .wait_timeout(core, next.since(now))
                .map_or_else(|dead| dead.into_inner().0, |woken| woken.0);
        }
    }

    /// Writes what was learned, if there is anything new. A disk that keeps it waiting is like a sensor that does.
    fn keep(&self) {
        let leads = {
            let mut core = self.shared.lock();
            let leads = core.leads();
            core.reading = leads.then(clock::now);
            leads
        };
        if let Err(error) = self.shared.keep(false) {
            log::warn!(
                "What the governor learned could not be kept in {}: {error}. It is tried again in a minute.",
                self.shared.home.display()
            );
        }
        if leads {
            self.shared.lock().reading = None;
        }
    }

    fn once(&mut self, now: Instant) {
        let shared = self.shared;
        self.notice_suspend();
        self.rescan(now);
        let mine = process_cpu();
        let own = mine + self.others.cpu(now);
        self.sample.mine = Some(mine);
        let doubts = |at: usize, reading: Reading| shared.lock().governor.doubts(now, at, reading);
        self.sensors.sample(now, own, &doubts, &mut self.sample);
        let watts = self.sensors.watts(now, self.sample.supplies);
        self.sample.wall = shared.tell_time(now);
        self.sample.ran = self.ran(now, own, shared.lock().cores());
        let late = clock::now().since(now) > Duration::from_millis(SENSOR_LATE_MS);
        let news = {
            let mut core = shared.lock();
            self.sample.backlog = core.backlog(now);
            core.end_reading(now, &self.sample, watts, late)
        };
        shared.spread(news);
        self.read_hints(now);
    }

    /// After the sensors, so that a slow disk makes no sensor late.
    fn read_hints(&mut self, now: Instant) {
        for file in self.hints.poll(now) {
            let taken = self.shared.lock().file_hint(now, &file);
            if let Err(error) = taken {
                let which = file.which.as_str();
                log::warn!("The {which} was not taken: {error}. The hint before it stays until its time is over.");
            }
        }
        let news = self.shared.lock().news();
        self.shared.spread(news);
    }

    /// What was measured before a suspend means nothing after it.
    fn notice_suspend(&mut self) {
        let slept = clock::slept();
        if slept.saturating_sub(self.slept) > Duration::from_secs(2) {
            self.shared.lock().governor.resumed();
        }
        self.slept = slept;
    }

    fn rescan(&mut self, now: Instant) {
        let asked = std::mem::take(&mut self.shared.lock().rescan);
        if (asked || self.sensors.wants_rescan(now)) && self.sensors.rescan(now) {
            self.shared.lock().look_at(self.sensors.findings());
            log::info!("The sensors changed and were looked up again.");
        }
    }

    /// The share of the cores that our agents took since the last sample.
    fn ran(&mut self, now: Instant, own: Duration, cores: usize) -> Option<Fraction> {
        let (at, before) = self.ran.replace((now, own))?;
        let wall = now.since(at).as_secs_f64() * cores as f64;
        (wall > 0.0).then(|| Fraction::new(own.saturating_sub(before).as_secs_f64() / wall))
    }
}
