//! A trial: one board under one control, second by second.

use super::burst::{Burst, busy};
use super::control::{Control, Kind, MARGIN, Seen};
use super::paced::Paced;
use super::plant::Plant;
use super::sensor::{Failing, Sensor};
use crate::energy::mode::Mode;
use crate::energy::sample::fault::Reading;
use crate::energy::user_activity::Ticks;

/// Steps in a second: the fastest die has a time constant of one second.
const STEPS: u32 = 5;
/// Ticks of a busy core in a second (`USER_HZ`).
const TICKS: f64 = 100.0;

/// A trial.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The board.
    pub plant: Plant,
    /// The control.
    pub kind: Kind,
    /// Degrees between the limit and the target.
    pub margin: f64,
    /// Temperature of the air in °C.
    pub air: f64,
    /// From this second on the air is so much warmer.
    pub step: Option<(u32, f64)>,
    /// Work of other programs.
    pub bursts: Vec<Burst>,
    /// Faults of the sensor.
    pub failing: Vec<Failing>,
    /// How many agents run whole tasks by credit; `None`: the load is the headroom exactly.
    pub agents: Option<usize>,
    /// Its length.
    pub seconds: u32,
    /// Seed of the sensor's noise.
    pub seed: u64,
}

/// One second of a trace.
#[derive(Clone, Copy, Debug)]
pub struct Second {
    /// True temperature of the die at its end, in °C.
    pub die: f64,
    /// The reading at its beginning.
    pub reading: Reading,
    /// The fraction of all cores that the control allowed.
    pub allowed: f64,
    /// The fraction that background work took.
    pub ran: f64,
    /// Background work done, in seconds of a core at full clock.
    pub work: f64,
    /// The control's mode.
    pub mode: Mode,
    /// Cores busy with other programs.
    pub foreign: f64,
    /// Energy of the whole board in joules.
    pub joules: f64,
}

impl Trial {
    /// An hour of this board in air of this temperature.
    #[must_use]
    pub const fn hour(plant: Plant, kind: Kind, air: f64, seed: u64) -> Self {
        Self {
            plant,
            kind,
            margin: MARGIN,
            air,
            step: None,
            bursts: Vec::new(),
            failing: Vec::new(),
            agents: None,
            seconds: 3600,
            seed,
        }
    }

    /// The same under another control.
    #[must_use]
    pub fn with(&self, kind: Kind) -> Self {
        Self { kind, ..self.clone() }
    }

    /// Runs it.
    #[must_use]
    pub fn run(&self) -> Vec<Second> {
        let plant = &self.plant;
        let mut heat = plant.at_rest(self.air);
        let mut sensor = Sensor::new(plant.quantum, self.seed, &self.failing);
        let mut control = Control::new(self.kind, plant, self.margin);
        let mut paced = self.agents.map(|agents| Paced::new(plant.cores, agents));
        let (mut own_ticks, mut all_ticks, mut ran) = (0.0, 0.0, 0.0);
        let cores = plant.cores as f64;
        let dt = 1.0 / f64::from(STEPS);
        let mut trace = Vec::with_capacity(self.seconds as usize);
        for second in 0..self.seconds {
            let reading = sensor.read(second, heat.die);
            let ticks = Ticks { busy: whole(all_ticks), nice: 0, own: whole(own_ticks), per_second: 100 };
            let decision = control.decide(second, plant, Seen { reading, ticks, ran });
            let foreign = busy(&self.bursts, second).min(cores);
            let air = self.air + self.step.filter(|(from, _)| second >= *from).map_or(0.0, |(_, more)| more);
            let allowed = decision.headroom.value();
            let (mut work, mut joules, mut taken) = (0.0, 0.0, 0.0);
            for step in 0..STEPS {
                let from_ms = u64::from(second) * 1000 + u64::from(step * 1000 / STEPS);
                let wanted = match (self.kind, &mut paced) {
                    (Kind::Oracle, _) => plant.busy_for(heat, plant.limit - self.margin, dt) - foreign,
                    (_, Some(paced)) => paced.run(from_ms, from_ms + u64::from(1000 / STEPS), &decision),
                    (_, None) => allowed * cores,
                };
                // Background threads are idle class: foreign work takes its cores at once.
                let own = wanted.clamp(0.0, cores - foreign);
                work += own * plant.clock(heat) * dt;
                joules += plant.watts(heat, own + foreign) * dt;
                taken += own * dt;
                plant.step(&mut heat, air, own + foreign, dt);
            }
            ran = taken / cores;
            own_ticks += taken * TICKS;
            all_ticks += (taken + foreign) * TICKS;
            trace.push(Second { die: heat.die, reading, allowed, ran, work, mode: decision.mode, foreign, joules });
        }
        trace
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ticks of an hour")]
fn whole(ticks: f64) -> u64 {
    ticks.round() as u64
}
