//! Measured power over the time of a task, less what the device takes anyway (4.10).

use super::task::{Attribution, Joules, Method, Scope};
use crate::base::time::{Duration, Instant};

/// Watts that can be (1.10).
const WATTS: std::ops::Range<f64> = 0.0..500.0;
/// A battery's power counts after this long on it (4.10).
const BATTERY_FOR: Duration = Duration::from_secs(60);
/// Without a value for this long the power is unknown.
const STALE: Duration = Duration::from_secs(10);

/// How a device's joules are found: the best source that it has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// A sensor gives watts; `idle` are the watts without our work.
    Measured {
        /// How.
        method: Method,
        /// Of what.
        scope: Scope,
        /// Watts without our work, as calibrated or last seen idle.
        idle: f64,
    },
    /// CPU seconds times the watts of a core.
    Model {
        /// From the table or calibrated.
        method: Method,
        /// Watts of one busy core.
        core_watts: f64,
    },
    /// Nothing is known of this device.
    Unknown,
}

/// A task's use of the CPU.
#[derive(Clone, Copy, Debug)]
pub struct Used {
    /// CPU seconds of the task's thread.
    pub cpu: Duration,
    /// CPU seconds of everybody while it ran; `None`: it ran alone.
    pub everybody: Option<Duration>,
}

/// Integrates power between the marks of tasks.
#[derive(Clone, Debug)]
pub struct Meter {
    way: Way,
    /// Above idle, since the start.
    joules: f64,
    last: Option<(Instant, f64)>,
    since: Option<Instant>,
}

/// Where the integral stood when a task began.
#[derive(Clone, Copy, Debug)]
pub struct Mark(f64, bool);

impl Meter {
    /// A meter.
    #[must_use]
    pub const fn new(way: Way) -> Self {
        Self { way, joules: 0.0, last: None, since: None }
    }

    /// How joules are found.
    #[must_use]
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Fewer watts were seen without our work than before: these are what the device takes anyway.
    pub const fn rebase(&mut self, watts: f64) {
        if let Way::Measured { idle, .. } = &mut self.way {
            *idle = watts;
        }
    }

    /// Takes measured watts; values that cannot be are unknown.
    pub fn power(&mut self, now: Instant, watts: f64) {
        let Way::Measured { idle, .. } = self.way else { return };
        if !watts.is_finite() || !WATTS.contains(&watts) {
            return;
        }
        match self.last {
            Some((at, before)) if now.since(at) < STALE => {
                self.joules += (f64::midpoint(before, watts) - idle).max(0.0) * now.since(at).as_secs_f64();
            }
            _ => self.since = Some(now),
        }
        self.last = Some((now, watts));
    }

    /// A task begins.
    #[must_use]
    pub fn mark(&self, now: Instant) -> Mark {
        Mark(self.joules, self.is_fresh(now))
    }

    /// A task ended: its joules.
    #[must_use]
    pub fn task(&self, now: Instant, mark: Mark, used: Used) -> Joules {
        let cpu = used.cpu.as_secs_f64();
        match self.way {
            Way::Measured { method, scope, .. } if mark.1 && self.is_fresh(now) => {
                let (share, attribution) = match used.everybody.map(|all| all.as_secs_f64()) {
                    Some(all) if all > cpu => (cpu / all, Attribution::CpuShare),
                    _ => (1.0, Attribution::Exclusive),
                };
                Joules::new((self.joules - mark.0) * share, method, scope, attribution)
            }
            Way::Model { method, core_watts } if core_watts > 0.0 => {
                Joules::new(cpu * core_watts, method, Scope::BoardInput, Attribution::CpuShare)
            }
            Way::Measured { .. } | Way::Model { .. } | Way::Unknown => Joules::UNKNOWN,
        }
    }

    fn is_fresh(&self, now: Instant) -> bool {
        let battery = matches!(self.way, Way::Measured { method: Method::BatteryMeasured, .. });
        let due = if battery { BATTERY_FOR } else { Duration::ZERO };
        let value = self.last.is_some_and(|(at, _)| now.since(at) < STALE);
        value && self.since.is_some_and(|since| now.since(since) >= due)
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
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn unit(rng: &mut Rng) -> f64 {
        rng.below(1_000_001) as f64 / 1e6
    }

    #[test]
    fn what_the_device_takes_anyway_is_never_inside_a_task() {
        let way = Way::Measured { method: Method::RailMeasured, scope: Scope::BoardInput, idle: 2.6 };
        let mut meter = Meter::new(way);
        meter.power(at(0), 2.6);
        let mark = meter.mark(at(0));
        (1..=4).for_each(|s| meter.power(at(s * 1000), 2.6));
        let second = |n| Duration::from_secs(n);
        let idle = meter.task(at(4000), mark, Used { cpu: second(0), everybody: None });
        assert_eq!(idle.joules, Some(0.0));
        let mark = meter.mark(at(4000));
        (5..=8).for_each(|s| meter.power(at(s * 1000), 5.6));
        let half = meter.task(at(8000), mark, Used { cpu: second(4), everybody: Some(second(8)) });
        // 3 W above idle for 3 s and a rising second of half that; we used half of the CPU time.
        assert!((half.joules.unwrap() - (9.0 + 1.5) / 2.0).abs() < 1e-9);
        assert_eq!((half.attribution, half.err_pct), (Attribution::CpuShare, 10));
        let lost = meter.task(at(30_000), mark, Used { cpu: second(4), everybody: None });
        assert_eq!(lost, Joules::UNKNOWN, "the sensor fell silent");
    }

    #[test]
    fn a_battery_s_power_counts_after_a_minute_and_lies_do_not_count() {
        let way = Way::Measured { method: Method::BatteryMeasured, scope: Scope::Battery, idle: 5.0 };
        let mut meter = Meter::new(way);
        let used = Used { cpu: Duration::from_secs(1), everybody: None };
        for s in 0..120 {
            meter.power(at(s * 1000), if s % 7 == 0 { f64::NAN } else { 9.0 });
            meter.power(at(s * 1000), -3.0);
            meter.power(at(s * 1000), 6553.5);
            let joules = meter.task(at(s * 1000), meter.mark(at(s * 1000)), used);
            assert_eq!(joules.joules.is_some(), s >= 61, "second {s}");
        }
    }

    #[test]
    fn the_model_lies_within_its_printed_error_of_a_measured_rail_for_most_tasks() {
        // Boards of one kind differ by up to a third, their work by a little; the rail has its own error.
        let mut rng = Rng::new(7);
        let (mut within, mut all) = (0, 0);
        for _ in 0..200 {
            let truth = 0.75 * (0.7 + 0.6 * unit(&mut rng));
            let near = calibrate(&[(0, 2.6), (1, 2.6 + truth), (4, 2.6 + 4.0 * truth)]).unwrap().0;
            for (method, core_watts) in [(Method::ModelDefault, 0.75), (Method::ModelCalibrated, near)] {
                let rail = Way::Measured { method: Method::RailMeasured, scope: Scope::BoardInput, idle: 2.6 };
                let (mut rail, model) = (Meter::new(rail), Meter::new(Way::Model { method, core_watts }));
                rail.power(at(0), 2.6 + truth);
                let mark = rail.mark(at(0));
                let seconds = 1 + rng.below(20);
                for s in 1..=seconds {
                    rail.power(at(s * 1000), 2.6 + truth * (0.95 + 0.1 * unit(&mut rng)));
                }
                let used = Used { cpu: Duration::from_secs(seconds), everybody: None };
                let (measured, model) = (rail.task(at(seconds * 1000), mark, used), model.task(at(0), mark, used));
                let (measured, modelled) = (measured.joules.unwrap(), model.joules.unwrap());
                let off = (modelled - measured).abs() / measured.max(modelled) * 100.0;
                within += u32::from(off <= f64::from(model.err_pct));
                all += 1;
            }
        }
        assert!(within * 100 >= all * 95, "{within} of {all}");
    }

    #[test]
    fn a_calibration_needs_power_that_rises_with_the_work() {
        let (core, idle) = calibrate(&[(0, 2.6), (1, 3.35), (4, 5.6)]).unwrap();
        assert!((core - 0.75).abs() < 1e-9 && (idle - 2.6).abs() < 1e-9);
        assert_eq!(calibrate(&[(0, 3.0), (4, 2.0)]), None);
        assert_eq!(calibrate(&[(1, 3.0)]), None);
        assert_eq!(calibrate(&[]), None);
    }
}
