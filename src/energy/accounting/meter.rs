//! Attributes measured energy above idle to tasks, by CPU time.
//!
//! At each sample the energy above idle that falls to this process's share of the CPU time becomes credit; tasks that
//! ended are charged from it by their CPU time when the next sample comes. Without a fresh measurement the model
//! applies.

use super::credit::{Credit, Draw};
use super::idle::Idle;
use super::task::{Attribution, Joules, METHODS, Method, Scope};
use crate::base::time::{Duration, Instant};

/// Plausible watts, both ends excluded: 0 is a sensor that does not measure.
const WATTS: (f64, f64) = (0.0, 500.0);
/// A battery's power counts after this long on battery.
const BATTERY_FOR: Duration = Duration::from_secs(60);
/// Without a value for this long nothing is measured.
const STALE: Duration = Duration::from_secs(10);
/// Tasks wait this long for power above idle to show; then the model applies.
const WAIT: Duration = Duration::from_secs(60);

/// A measured power.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Watts {
    /// The number.
    pub watts: f64,
    /// It is the mean since the last value (of a counter), not a momentary value.
    pub mean: bool,
    /// How they were measured.
    pub method: Method,
    /// What it is of.
    pub scope: Scope,
}

/// CPU time since some beginning.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    /// Of this process.
    pub mine: Duration,
    /// Of all processes.
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

/// The idle power of the device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// Watts.
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

/// Measures the joules of tasks.
#[derive(Clone, Debug)]
pub struct Meter {
    model: Option<Model>,
    calibrated: Option<Baseline>,
    /// By method: a device takes another idle power on battery than on mains.
    idles: [Idle; METHODS.len()],
    last: Option<(Instant, Watts, Cpu)>,
    /// Since when values have come without a gap.
    since: Option<Instant>,
    credit: Credit,
    /// Joules of a CPU second, when tasks were last charged.
    rate: Option<f64>,
    ended: Option<Ended>,
    worked: bool,
}

impl Meter {
    /// A meter with the model for where nothing is measured, and a calibrated idle power.
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
            credit: Credit::default(),
            rate: None,
            ended: None,
            worked: false,
        }
    }

    /// A task ended. Where its energy is being measured it is recorded with the next sample, else at once.
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

    /// A sample: watts and CPU time, where they could be read, and whether we have work. Records tasks that ended.
    pub fn sample(&mut self, now: Instant, watts: Option<Watts>, cpu: Option<Cpu>, working: bool) -> Option<Recorded> {
        let sound = watts.filter(|watts| watts.watts.is_finite() && watts.watts > WATTS.0 && watts.watts < WATTS.1);
        let taken = sound.zip(cpu).is_some_and(|(watts, cpu)| self.integrate(now, watts, cpu));
        let recorded = self.record(now, taken);
        // Energy that no task used (queries and gossip) is not charged to the next one.
        if !working && !self.worked && self.ended.is_none() {
            self.credit = Credit::default();
        }
        self.worked = working;
        recorded
    }

    /// The agent stops: no sample will come for tasks that ended. Those being measured are charged at the last rate.
    pub fn close(&mut self) -> Option<Recorded> {
        let ended = self.ended?;
        match (self.rate.or_else(|| self.credit.rate()), self.last) {
            (Some(rate), Some((_, watts, _))) => {
                self.take(Joules::new(rate * ended.cpu, watts.method, watts.scope, Attribution::CpuShare))
            }
            _ => self.by_model(),
        }
    }

    /// The idle power: as measured now, or as it was calibrated.
    #[must_use]
    pub fn baseline(&self, now: Instant) -> Option<Baseline> {
        let fresh = self.last.filter(|(at, ..)| now.since(*at) < STALE).and_then(|(_, watts, _)| {
            let idle = self.idles[watts.method as usize].watts()?;
            Some(Baseline { watts: idle, method: watts.method, scope: watts.scope })
        });
        fresh.or(self.calibrated)
    }

    /// Adds the interval since the last value to the credit; false where there was none that can be attributed.
    fn integrate(&mut self, now: Instant, watts: Watts, cpu: Cpu) -> bool {
        let before = self.last.filter(|(at, last, _)| last.method == watts.method && now.since(*at) < STALE);
        let Some((at, last, then)) = before else {
            (self.since, self.credit, self.rate) = (Some(now), Credit::default(), None);
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
            self.credit.add((mean - idle).max(0.0) * seconds * share, mine, busy - mine);
        }
        true
    }

    fn record(&mut self, now: Instant, taken: bool) -> Option<Recorded> {
        let ended = self.ended?;
        if !self.measures(now) {
            return self.by_model();
        }
        let (_, watts, _) = self.last.filter(|_| taken)?;
        let rate = self.credit.rate();
        match self.credit.draw(ended.cpu) {
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

    /// Is there a fresh value, and is the idle power of its method known?
    fn measures(&self, now: Instant) -> bool {
        let Some((at, watts, _)) = self.last.filter(|(at, ..)| now.since(*at) < STALE) else { return false };
        let due = if watts.method == Method::BatteryMeasured { BATTERY_FOR } else { Duration::ZERO };
        let long = self.since.is_some_and(|since| at.since(since) >= due);
        long && self.idles[watts.method as usize].watts().is_some()
    }
}

/// The scope of a method: rails are used only where they feed the whole board.
const fn scope_of(method: Method) -> Option<Scope> {
    match method {
        Method::RailMeasured => Some(Scope::BoardInput),
        Method::PackageMeasured => Some(Scope::CpuPackage),
        Method::BatteryMeasured => Some(Scope::Battery),
        Method::ModelCalibrated | Method::ModelDefault | Method::Unknown => None,
    }
}

/// Watts of a core, and of the idle device, from a calibration: idle, one worker and all workers, each for a minute; by
/// least squares over (workers, watts). `None` where the work does not raise the power.
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
