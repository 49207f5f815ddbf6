//! The thread that samples: one wake-up a sample, no lock while it reads, nothing allocated.

use super::{Shared, keep};
use crate::base::time::{Duration, Instant};
use crate::energy::input::Sample;
use crate::energy::sample::fault::Reading;
use crate::energy::share::Share;
use crate::io::clock::{self, WallClock};
use crate::io::hints::{HintFiles, Which};
use crate::io::priority::process_cpu;
use crate::io::sysfs::others::Others;
use crate::io::sysfs::sensors::Sensors;
use crate::io::zone;
use crate::limits::SENSOR_LATE_MS;
use std::sync::PoisonError;

/// The condition's clock stops in suspend, ours does not: at most this long at once.
const NAP: Duration = Duration::from_secs(60);
/// The zone's changes are looked up again after this long.
const ZONE: Duration = Duration::from_secs(24 * 3600);

/// What the thread keeps from sample to sample.
struct Sampler<'a> {
    shared: &'a Shared,
    sensors: Sensors,
    clock: WallClock,
    hints: HintFiles,
    others: Others,
    sample: Sample,
    /// CPU time of our agents at the last sample.
    ran: Option<(Instant, Duration)>,
    slept: Duration,
    zoned: Option<Instant>,
}

/// Runs until the agent stops; then writes what was learned.
pub(super) fn run(shared: &Shared, sensors: Sensors, clock: WallClock, hints: HintFiles) {
    let mut sampler = Sampler {
        shared,
        sensors,
        clock,
        hints,
        others: Others::default(),
        sample: Sample::default(),
        ran: None,
        slept: clock::slept(),
        zoned: None,
    };
    while let Some(now) = sampler.wait() {
        sampler.once(now);
    }
    let kept = shared.lock().kept(clock::now());
    if let Err(error) = keep::save(&shared.home, &kept) {
        log::warn!("What the governor learned could not be kept in {}: {error}.", shared.home.display());
    }
}

impl Sampler<'_> {
    /// Waits for the next sample's time, and notes that the sensors are read from now on; `None`: stop.
    fn wait(&mut self) -> Option<Instant> {
        let mut core = self.shared.lock();
        loop {
            if core.stopped {
                return None;
            }
            let now = clock::now();
            core = match core.sample_at(now) {
                Some(at) if at <= now => {
                    core.begin_reading(now);
                    self.others.follow(core.pids());
                    return Some(now);
                }
                Some(at) => {
                    let time = at.since(now).min(NAP);
                    self.shared
                        .changed
                        .wait_timeout(core, time)
                        .map_or_else(|dead| dead.into_inner().0, |woken| woken.0)
                }
                None => self.shared.changed.wait(core).unwrap_or_else(PoisonError::into_inner),
            };
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
        self.sample.wall = self.clock.wall(now);
        self.sample.ran = self.ran(now, own, shared.lock().cores());
        let hints = self.hints.poll(now);
        self.renew_zone(now);

        let late = clock::now().since(now) > Duration::from_millis(SENSOR_LATE_MS);
        let kept = {
            let mut core = shared.lock();
            for (which, bytes) in &hints {
                let taken = core.file_hint(now, *which == Which::Hint, bytes);
                if let Err(error) = taken {
                    log::warn!(
                        "The energy {which:?} file was not taken: {error}. The hint before stays until it ends."
                    );
                }
            }
            self.sample.backlog = core.backlog(now);
            let news = core.end_reading(now, &self.sample, watts, late);
            shared.spread(news);
            core.due_to_keep(now)
        };
        if let Some(kept) = kept
            && let Err(error) = keep::save(&shared.home, &kept)
        {
            log::warn!("What the governor learned could not be kept in {}: {error}.", shared.home.display());
        }
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
            let mut core = self.shared.lock();
            core.sensors = self.sensors.findings().cpu.sensors().len();
            core.governor.found(self.sensors.findings());
            drop(core);
            log::info!("The sensors changed and were looked up again.");
        }
    }

    /// The share of the cores that our agents took since the last sample.
    fn ran(&mut self, now: Instant, own: Duration, cores: usize) -> Option<Share> {
        let (at, before) = self.ran.replace((now, own))?;
        let wall = now.since(at).as_secs_f64() * cores as f64;
        (wall > 0.0).then(|| Share::new(own.saturating_sub(before).as_secs_f64() / wall))
    }

    fn renew_zone(&mut self, now: Instant) {
        if let Some(wall) = self.sample.wall
            && self.zoned.is_none_or(|at| now.since(at) >= ZONE)
        {
            self.zoned = Some(now);
            let zone = zone::system(wall);
            self.shared.lock().set_zone(zone);
        }
    }
}
