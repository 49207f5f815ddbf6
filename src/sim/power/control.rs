//! The controls of a trial: the shipped governor, and others to compare it with.

use super::plant::Plant;
use crate::base::time::Duration;
use crate::base::time::Instant;
use crate::energy::board::limit::LimitFrom;
use crate::energy::board::report::BoardReport;
use crate::energy::board::sensor::Choice;
use crate::energy::board::source::Supplies;
use crate::energy::board::temperature::Sensor;
use crate::energy::decision::Decision;
use crate::energy::doubt::Doubts;
use crate::energy::fraction::Fraction;
use crate::energy::governor::{Governor, Settings};
use crate::energy::input::Sample;
use crate::energy::mode::Mode;
use crate::energy::policy::gate::Backlog;
use crate::energy::sample::fault::{Fault, Reading};
use crate::energy::sample::group::Readings;
use crate::energy::thermal;
use crate::energy::user_activity::Ticks;

/// The kinds of control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The shipped governor.
    Governor,
    /// Knows the board, its temperature and the other programs exactly: the upper bound of what a control can do.
    Oracle,
    /// All cores until the target is reached, then none until it is 5 °C cooler.
    BangBang,
    /// All cores always; the firmware throttles.
    Ungoverned,
    /// No background work.
    Nothing,
}

/// Degrees between the limit and the target, unless a trial sets another margin.
pub const MARGIN: f64 = 4.0;
/// Degrees of the bang-bang control's hysteresis (75 °C off, 70 °C on).
const BANG: f64 = 5.0;

/// A control.
#[derive(Debug)]
pub enum Control {
    /// The shipped governor, and whether its sensor was missing when sensors were listed last.
    Governor(Box<Governor>, bool),
    /// Whether it is on, and the target in °C.
    BangBang(bool, f64),
    /// The same duty always.
    Fixed(f64),
    /// See `Kind::Oracle`; the trial computes it in each step.
    Oracle,
}

/// What a control sees each second.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The reading of the sensor.
    pub reading: Reading,
    /// CPU time so far.
    pub ticks: Ticks,
    /// The fraction of all cores that background work took in the second before.
    pub ran: f64,
}

/// A device with one sensor and this limit, on mains.
#[must_use]
pub fn board_report(limit: f64) -> BoardReport {
    let sensor = Sensor {
        name: "thermal_zone0".to_owned(),
        kind: "cpu-thermal".to_owned(),
        label: None,
        path: String::new(),
        offset: 0,
        reading: Ok(40_000),
    };
    BoardReport {
        board: None,
        cpu: Choice::Group(vec![sensor]),
        t_lim: limit,
        t_lim_from: LimitFrom::Board,
        fan_trip: None,
        supplies: Supplies::default(),
        throttling: None,
        under_voltage_path: None,
        under_voltage: None,
        throttle_paths: Vec::new(),
        doubts: Doubts::NONE,
    }
}

impl Control {
    /// A control that aims at `margin` degrees below the board's limit.
    #[must_use]
    pub fn new(kind: Kind, plant: &Plant, margin: f64) -> Self {
        match kind {
            Kind::Governor => {
                let found = board_report(plant.limit);
                let thermal = thermal::Settings { margin, ..thermal::Settings::default() };
                let settings = Settings { thermal, ..Settings::default() };
                Self::Governor(Box::new(Governor::new(plant.cores, &found, settings, None)), false)
            }
            Kind::Oracle => Self::Oracle,
            Kind::BangBang => Self::BangBang(true, plant.limit - margin),
            Kind::Ungoverned => Self::Fixed(1.0),
            Kind::Nothing => Self::Fixed(0.0),
        }
    }

    /// The decision for the next second. The oracle's is made in each step, by the trial.
    pub fn decide(&mut self, second: u32, plant: &Plant, seen: Seen) -> Decision {
        let now = Instant::from_millis(u64::from(second) * 1000);
        let fixed = |duty: f64| {
            let headroom = Fraction::new(duty);
            let workers = headroom.cores(plant.cores);
            Decision { headroom, workers, mode: Mode::of(headroom), ..Decision::default() }
        };
        match self {
            Self::Governor(governor, gone) => {
                let readings = [seen.reading];
                let sample = Sample {
                    temperatures: Readings::from_slice(if *gone { &[] } else { &readings }).unwrap_or_default(),
                    supplies: Some(Supplies::default()),
                    ticks: Some(seen.ticks),
                    backlog: Backlog { oldest: Some(Duration::ZERO), can_wait: Duration::ZERO },
                    ran: Some(Fraction::new(seen.ran)),
                    ..Sample::default()
                };
                let decision = governor.sample(now, &sample);
                // As the agent does: when the file vanishes or is back, the sensors are listed again.
                let vanished = seen.reading == Err(Fault::Gone);
                if vanished != *gone {
                    let found = board_report(plant.limit);
                    governor.found(&if vanished { BoardReport { cpu: Choice::None, ..found } } else { found });
                    *gone = vanished;
                }
                decision
            }
            Self::BangBang(on, target) => {
                let degrees = seen.reading.unwrap_or(i64::MAX) as f64 / 1000.0;
                *on = degrees < if *on { *target } else { *target - BANG };
                fixed(if *on { 1.0 } else { 0.0 })
            }
            Self::Fixed(duty) => fixed(*duty),
            Self::Oracle => fixed(1.0),
        }
    }
}
