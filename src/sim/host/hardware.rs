//! The hardware of a host: a board that warms up, its sensor, work of other programs, mains and battery.

use crate::base::time::{Duration, Instant};
use crate::energy::board::source::{Battery, Flow, Supplies};
use crate::energy::fraction::Fraction;
use crate::energy::input::Sample;
use crate::energy::sample::group::Readings;
use crate::energy::user_activity::Ticks;
use crate::sim::power::plant::{Heat, Plant};
use crate::sim::power::sensor::Sensor;

/// The longest step: the fastest die has a time constant of one second.
const STEP_MS: u64 = 200;
/// Ticks of a busy core in a second (`USER_HZ`).
const TICKS: f64 = 100.0;

/// A battery.
#[derive(Clone, Copy, Debug)]
pub struct Charge {
    /// Percent left.
    pub percent: f64,
    /// Its capacity in watt hours.
    pub full_wh: f64,
    /// Power of its charger in watts.
    pub charger_watts: f64,
}

/// The hardware.
#[derive(Clone, Debug)]
pub struct Hardware {
    /// The thermal model of the board.
    pub plant: Plant,
    /// Temperature of the air in °C.
    pub air: f64,
    /// Cores that other programs use.
    pub foreign: f64,
    /// Whether it is on mains.
    pub plugged: bool,
    /// Its battery; `None`: it has none.
    pub battery: Option<Charge>,
    heat: Heat,
    sensor: Sensor,
    at: Instant,
    /// CPU ticks of all processes, and of our agents.
    ticks: (f64, f64),
    /// When the last sample was taken, and our ticks then.
    sampled: Option<(Instant, f64)>,
}

impl Hardware {
    /// A board on mains that has been idle for hours in air of this temperature.
    #[must_use]
    pub fn new(plant: Plant, air: f64, seed: u64) -> Self {
        Self {
            plant,
            air,
            foreign: 0.0,
            plugged: true,
            battery: None,
            heat: plant.at_rest(air),
            sensor: Sensor::new(plant.quantum, seed, &[]),
            at: Instant::ZERO,
            ticks: (0.0, 0.0),
            sampled: None,
        }
    }

    /// True temperature of the die in °C.
    #[must_use]
    pub const fn die(&self) -> f64 {
        self.heat.die
    }

    /// Whether it has no power: not on mains and no charge left.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        !self.plugged && self.battery.is_none_or(|battery| battery.percent <= 0.0)
    }

    /// Lets time pass until `now` with so many cores busy with our work.
    pub(super) fn advance(&mut self, now: Instant, busy: f64) {
        if self.at == Instant::ZERO {
            self.at = now;
        }
        let cores = self.plant.cores as f64;
        // Background threads are idle class: foreign work takes its cores at once.
        let own = busy.min(cores - self.foreign).max(0.0);
        while self.at < now {
            let step = now.since(self.at).min(Duration::from_millis(STEP_MS));
            let seconds = step.as_secs_f64();
            let watts = self.plant.watts(self.heat, own + self.foreign);
            self.plant.step(&mut self.heat, self.air, own + self.foreign, seconds);
            self.ticks.0 += (own + self.foreign) * TICKS * seconds;
            self.ticks.1 += own * TICKS * seconds;
            if let Some(battery) = &mut self.battery {
                let flow = if self.plugged { battery.charger_watts } else { -watts };
                let more = flow * seconds / 3600.0 / battery.full_wh * 100.0;
                battery.percent = (battery.percent + more).clamp(0.0, 100.0);
            }
            self.at = self.at + step;
        }
    }

    /// A sample of its sensors.
    pub(super) fn sample(&mut self, now: Instant) -> Sample {
        let second = u32::try_from(now.millis() / 1000).unwrap_or(u32::MAX);
        let reading = self.sensor.read(second, self.heat.die);
        let ran = self.sampled.replace((now, self.ticks.1)).and_then(|(at, before)| {
            let all = now.since(at).as_secs_f64() * TICKS * self.plant.cores as f64;
            (all > 0.0).then(|| Fraction::new((self.ticks.1 - before) / all))
        });
        Sample {
            temperatures: Readings::from_slice(&[reading]).unwrap_or_default(),
            supplies: Some(self.supplies()),
            ticks: Some(Ticks { busy: whole(self.ticks.0), nice: 0, own: whole(self.ticks.1), per_second: 100 }),
            ran,
            ..Sample::default()
        }
    }

    fn supplies(&self) -> Supplies {
        let Some(charge) = self.battery else { return Supplies::default() };
        let flow = match self.plugged {
            false => Flow::Discharging,
            true if charge.percent < 100.0 => Flow::Charging,
            true => Flow::Resting,
        };
        let percent = u8::try_from(whole(charge.percent)).ok();
        Supplies { mains: Some(self.plugged), battery: Some(Battery { flow, percent, ..Battery::default() }) }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ticks of hours, percents")]
fn whole(number: f64) -> u64 {
    number as u64
}
