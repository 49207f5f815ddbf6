//! Measured power shared out over CPU time: the joules of tasks, less what the device takes anyway (4.10).
//!
//! At each sample the energy above idle that fell to this process's share of the CPU goes into a pot; tasks that ended
//! draw from it by their CPU time when the next sample comes. Without a fresh measurement the model speaks.

use super::credit::{Credit, Draw};
use super::idle::Idle;
use super::task::{Attribution, Joules, METHODS, Method, Scope};
use crate::base::time::{Duration, Instant};

/// Watts that can be, both ends excluded (1.10): 0 is a sensor that does not measure.
const WATTS: (f64, f64) = (0.0, 500.0);
/// A battery's power counts after this long on it (4.10).
const BATTERY_FOR: Duration = Duration::from_secs(60);
/// Without a value for this long nothing is measured.
const STALE: Duration = Duration::from_secs(10);
/// Tasks wait for so long for power above idle to show; then the model speaks.
const WAIT: Duration = Duration::from_secs(60);

/// Watts as a source gave them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watts {
    /// The number.
    pub watts: f64,
    /// The mean since the value before (a counter's), and not of this moment.
    pub mean: bool,
    /// How they were measured.
    pub method: Method,
    /// Of what.
    pub scope: Scope,
}

/// CPU time since some beginning.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    /// Of this process.
    pub mine: Duration,
    /// Of everybody.
    pub busy: Duration,
}

/// CPU seconds times the watts of a core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// From the table or calibrated.
    pub method: Method,
    /// What the watts are of.
    pub scope: Scope,
    /// Watts of one busy core.
    pub core_watts: f64,
}

/// What the device takes without our work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// So much.
    pub watts: f64,
    /// How it was found.
    pub method: Method,
    /// What it is of.
    pub scope: Scope,
}

/// A task that ended.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    /// The day, counted from 1970.
    pub day: i64,
    /// CPU time of its thread.
    pub cpu: Duration,
    /// Chunks that it embedded.
    pub chunks: u64,
}

/// Tasks with their joules, for the ledger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recorded {
    /// The day, counted from 1970.
    pub day: i64,
    /// Of all of them.
    pub joules: Joules,
    /// How many.
    pub tasks: u64,
    /// Chunks that they embedded.
    pub chunks: u64,
}

/// Tasks that ended since the last sample.
#[derive(Clone, Copy, Debug)]
struct Ended {
    day: i64,
    since: Instant,
    cpu: f64,
    tasks: u64,
    chunks: u64,
}

/// Finds the joules of tasks.
#[derive(Clone, Debug)]
pub struct Meter {
    model: Option<Model>,
    calibrated: Option<Baseline>,
    /// By method: a device on its battery takes something else than on mains.
    idles: [Idle; METHODS.len()],
    last: Option<(Instant, Watts, Cpu)>,
    /// Since when values have come without a gap.
    since: Option<Instant>,
    pot: Credit,
    /// Joules of a CPU second, when tasks were last booked.
    rate: Option<f64>,
    ended: Option<Ended>,
    worked: bool,
}

impl Meter {
    /// A meter with what to say where nothing is measured, and the watts without work as they were calibrated.
    #[must_use]
    pub fn new(model: Option<Model>, idle: Option<(f64, Scope)>) -> Self {
        let mut idles = [Idle::default(); METHODS.len()];
        let calibrated = idle.map(|(watts, scope)| {
            let same = |method: &Method| scope_of(*method) == Some(scope);
            METHODS.into_iter().filter(same).for_each(|method| idles[method as usize] = Idle::known(watts));
            Baseline { watts, method: Method::ModelCalibrated, scope }
        });
        Self {
            model,
            calibrated,
            idles,
            last: None,
            since: None,
            pot: Credit::default(),
            rate: None,
            ended: None,
            worked: false,
        }
    }

    /// A task ended. Where its energy is being measured it is booked with the next sample, else at once.
    pub fn ended(&mut self, now: Instant, task: Task) -> Option<Recorded> {
        let before = self.ended.unwrap_or(Ended { day: task.day, since: now, cpu: 0.0, tasks: 0, chunks: 0 });
        self.ended = Some(Ended {
            cpu: before.cpu + task.cpu.as_secs_f64(),
            tasks: before.tasks + 1,
            chunks: before.chunks + task.chunks,
            ..before
        });
        if self.measures(now) { None } else { self.by_model() }
    }

    /// A sample: watts and CPU time, where they could be read, and whether there is work of ours. Books what ended.
    pub fn sample(&mut self, now: Instant, watts: Option<Watts>, cpu: Option<Cpu>, working: bool) -> Option<Recorded> {
        let sound = watts.filter(|watts| watts.watts.is_finite() && watts.watts > WATTS.0 && watts.watts < WATTS.1);
        let taken = sound.zip(cpu).is_some_and(|(watts, cpu)| self.integrate(now, watts, cpu));
        let booked = self.book(now, taken);
        // What no task of ours used, answers and gossip, is not kept for the next one.
        if !working && !self.worked && self.ended.is_none() {
            self.pot = Credit::default();
        }
        self.worked = working;
        booked
    }

    /// The agent stops: no sample will come for what ended. It was being measured then, and is booked as the last was.
    pub fn close(&mut self) -> Option<Recorded> {
        let ended = self.ended?;
        match (self.rate.or_else(|| self.pot.rate()), self.last) {
            (Some(rate), Some((_, watts, _))) => {
                self.take(Joules::new(rate * ended.cpu, watts.method, watts.scope, Attribution::CpuShare))
            }
            _ => self.by_model(),
        }
    }

    /// What the device takes without our work: as measured now, or as it was calibrated.
    #[must_use]
    pub fn baseline(&self, now: Instant) -> Option<Baseline> {
        let fresh = self.last.filter(|(at, ..)| now.since(*at) < STALE).and_then(|(_, watts, _)| {
            let idle = self.idles[watts.method as usize].watts()?;
            Some(Baseline { watts: idle, method: watts.method, scope: watts.scope })
        });
        fresh.or(self.calibrated)
    }

    /// Adds the interval since the last value to the pot; false where there was none that can be shared out.
    fn integrate(&mut self, now: Instant, watts: Watts, cpu: Cpu) -> bool {
        let before = self.last.filter(|(at, last, _)| last.method == watts.method && now.since(*at) < STALE);
        let Some((at, last, then)) = before else {
            (self.since, self.pot, self.rate) = (Some(now), Credit::default(), None);
            self.last = Some((now, watts, cpu));
            return false;
        };
        let passed = now.since(at);
        if passed.is_zero() {
            return false;
        }
        self.last = Some((now, watts, cpu));
        let seconds = passed.as_secs_f64();
        let mine = cpu.mine.saturating_sub(then.mine).as_secs_f64();
        let busy = cpu.busy.saturating_sub(then.busy).as_secs_f64().max(mine);
        let mean = if watts.mean { watts.watts } else { f64::midpoint(last.watts, watts.watts) };
        let idle = &mut self.idles[watts.method as usize];
        idle.take(mean, passed, mine / seconds, (busy - mine) / seconds);
        let idle = idle.watts();
        if let Some(idle) = idle.filter(|_| self.measures(now)) {
            let share = if busy > 0.0 { mine / busy } else { 0.0 };
            self.pot.add((mean - idle).max(0.0) * seconds * share, mine, busy - mine);
        }
        true
    }

    fn book(&mut self, now: Instant, taken: bool) -> Option<Recorded> {
        let ended = self.ended?;
        if !self.measures(now) {
            return self.by_model();
        }
        let (_, watts, _) = self.last.filter(|_| taken)?;
        let rate = self.pot.rate();
        match self.pot.draw(ended.cpu) {
            Draw::Joules(joules, attribution) => {
                self.rate = rate;
                self.take(Joules::new(joules, watts.method, watts.scope, attribution))
            }
            Draw::Nothing if now.since(ended.since) < WAIT => None,
            Draw::Nothing | Draw::Uncovered => self.by_model(),
        }
    }

    fn by_model(&mut self) -> Option<Recorded> {
        let cpu = self.ended?.cpu;
        let joules = self.model.filter(|model| model.core_watts > 0.0).map_or(Joules::UNKNOWN, |model| {
            Joules::new(cpu * model.core_watts, model.method, model.scope, Attribution::CpuShare)
        });
        self.take(joules)
    }

    fn take(&mut self, joules: Joules) -> Option<Recorded> {
        let ended = self.ended.take()?;
        Some(Recorded { day: ended.day, joules, tasks: ended.tasks, chunks: ended.chunks })
    }

    /// Is there a fresh value, and is it known what the device takes anyway?
    fn measures(&self, now: Instant) -> bool {
        let Some((at, watts, _)) = self.last.filter(|(at, ..)| now.since(*at) < STALE) else { return false };
        let due = if watts.method == Method::BatteryMeasured { BATTERY_FOR } else { Duration::ZERO };
        let long = self.since.is_some_and(|since| at.since(since) >= due);
        long && self.idles[watts.method as usize].watts().is_some()
    }
}

/// What a method measures: rails are used only where they feed the whole board.
const fn scope_of(method: Method) -> Option<Scope> {
    match method {
        Method::RailMeasured => Some(Scope::BoardInput),
        Method::PackageMeasured => Some(Scope::CpuPackage),
        Method::BatteryMeasured => Some(Scope::Battery),
        Method::ModelCalibrated | Method::ModelDefault | Method::Unknown => None,
    }
}

/// Watts of a core from a calibration (4.10): idle, one worker and all workers, each for a minute; by least squares
/// over (workers, watts). `None` where the work does not raise the power.
#[must_use]
pub fn calibrate(points: &[(usize, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), (workers, watts)| (x + *workers as f64 / n, y + watts / n));
    let (xy, xx) = points.iter().fold((0.0, 0.0), |(xy, xx), (workers, watts)| {
        let dx = *workers as f64 - x;
        (xy + dx * (watts - y), xx + dx * dx)
    });
    let core = xy / xx;
    (core.is_finite() && core > 0.0).then(|| (core, core.mul_add(-x, y)))
}

#[cfg(test)]
#[path = "meter_test.rs"]
mod tests;
