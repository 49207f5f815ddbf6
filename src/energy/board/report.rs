//! The report on a device: for the governor to start with, and for people to read.

use super::limit::{LimitFrom, limit};
use super::model::{Board, name_board};
use super::sensor::{Choice, choose};
use super::source::{Source, Supplies};
use super::temperature::Sensor;
use super::tree::Tree;
use super::zone::{Zone, cooling_paths, throttling};
use crate::energy::doubt::{Doubt, Doubts};
use crate::energy::sample::fault::Fault;
use crate::energy::sample::group::hottest;
use crate::limits::CPU_SENSORS_MAX;

/// Degrees below its limit at which the kernel has no reason to throttle a CPU.
pub const COOL: f64 = 25.0;

/// What is known of a device from one listing of its sensors.
#[derive(Clone, Debug, PartialEq)]
pub struct BoardReport {
    /// Which board, where it is known.
    pub board: Option<Board>,
    /// The CPU's sensors.
    pub cpu: Choice,
    /// Degrees that the device must stay below.
    pub t_lim: f64,
    /// Where that limit comes from.
    pub t_lim_from: LimitFrom,
    /// Degrees at which its fan starts, where it has one that the kernel runs.
    pub fan_trip: Option<f64>,
    /// The power supplies.
    pub supplies: Supplies,
    /// Does the kernel throttle the CPU now? `None`: unknown, since there is no cooling device of the CPU.
    pub throttling: Option<bool>,
    /// The alarm file for too low a voltage (of the `rpi_volt` driver), below the root.
    pub under_voltage_path: Option<String>,
    /// Its value now.
    pub under_voltage: Option<bool>,
    /// The files with the states of the CPU's cooling devices, below the root.
    pub throttle_paths: Vec<String>,
    /// What one listing shows to be in doubt.
    pub doubts: Doubts,
}

impl BoardReport {
    /// The report of a tree.
    #[must_use]
    pub fn of(tree: &Tree) -> Self {
        let zones = Zone::all(tree);
        let board = name_board(tree, &zones);
        let chosen = choose(tree, &zones);
        let (t_lim, t_lim_from) = limit(tree, &chosen.zones, board.as_ref());
        let fan_trip = chosen.zones.iter().filter_map(|zone| zone.first_fan_trip()).min();
        let under_voltage_path = under_voltage_path(tree);
        let under_voltage = under_voltage_path.as_ref().and_then(|path| tree.integer(path).ok());
        let mut report = Self {
            cpu: chosen.cpu,
            t_lim,
            t_lim_from,
            fan_trip: fan_trip.map(|at| at as f64 / 1000.0),
            supplies: Supplies::read(tree),
            throttling: throttling(tree).map(|state| state > 0),
            under_voltage_path,
            under_voltage: under_voltage.map(|alarm| alarm != 0),
            throttle_paths: cooling_paths(tree),
            board,
            doubts: chosen.doubts,
        };
        let cool = report.cpu_degrees().is_some_and(|degrees| degrees < t_lim - COOL)
            && zones.iter().all(Zone::is_below_its_trip);
        report.doubts = report
            .doubts
            .and(report.supplies.doubts())
            .with(Doubt::HotAlone, report.hottest().is_some_and(|(_, alone)| alone))
            .with(Doubt::CoolThrottling, report.throttling == Some(true) && cool);
        report
    }

    /// Marks every temperature as unknown, for when the sensors cannot be read now.
    pub fn forget_readings(&mut self) {
        let sensors = match &mut self.cpu {
            Choice::Group(group) => group.as_mut_slice(),
            Choice::Doubtful(one) => std::slice::from_mut(one),
            Choice::None => &mut [],
        };
        sensors.iter_mut().for_each(|sensor| sensor.reading = Err(Fault::Later));
    }

    /// Puts the sensors into the order that they had before, so that their indices stay valid. New ones come last.
    pub fn keep_order(&mut self, before: &Self) {
        let order = |path: &str| before.cpu.sensors().iter().position(|sensor| sensor.path == path);
        if let Choice::Group(group) = &mut self.cpu {
            group.sort_by_key(|sensor| order(&sensor.path).unwrap_or(usize::MAX));
        }
    }

    /// The name of the sensor that leads; `None` where no sensor is known to be the CPU's.
    #[must_use]
    pub fn cpu_sensor(&self) -> Option<&str> {
        self.leading().map(|sensor| sensor.name.as_str())
    }

    /// Degrees, where the sensor that leads could be read.
    #[must_use]
    pub fn cpu_degrees(&self) -> Option<f64> {
        self.leading().and_then(Sensor::degrees)
    }

    /// A sensor that may be a constant (`Choice::Doubtful`) never leads here; the governor tracks whether it varies.
    fn leading(&self) -> Option<&Sensor> {
        match &self.cpu {
            Choice::Group(group) => match self.hottest() {
                Some((at, _)) => group.get(at),
                // None answers: the first one stands for all.
                None => group.first(),
            },
            Choice::Doubtful(_) | Choice::None => None,
        }
    }

    /// The sensor of the group that leads, and whether a hotter one is not believed.
    fn hottest(&self) -> Option<(usize, bool)> {
        let sensors = self.cpu.sensors().iter().enumerate();
        let answers: heapless::Vec<(usize, f64), CPU_SENSORS_MAX> =
            sensors.filter_map(|(at, sensor)| Some((at, sensor.degrees()?))).collect();
        hottest(&answers)
    }

    /// What feeds the device.
    #[must_use]
    pub fn source(&self) -> Source {
        self.supplies.source()
    }
}

/// Only the alarm is read: on newer kernels reading a voltage of `rpi_volt` is a transaction with the firmware.
fn under_voltage_path(tree: &Tree) -> Option<String> {
    let folder = "sys/class/hwmon";
    let chips = tree.names(folder);
    let chip = chips.iter().find(|chip| tree.word(&format!("{folder}/{chip}/name")) == Some("rpi_volt"))?;
    Some(format!("{folder}/{chip}/in0_lcrit_alarm")).filter(|path| tree.has(path))
}
