//! The sensors of a device and the decision: the part of `wattle energy` and `GET /v1/energy` that needs no running agent.

use super::board::limit::LimitFrom;
use super::board::report::BoardReport;
use super::board::sensor::Choice;
use super::board::source::{Source, Supplies};
use super::decision::Decision;
use super::doubt::Doubts;
use super::governor::{Governor, Settings};
use super::input::Sample;
use super::reason::Reason;
use super::sample::group::Readings;
use crate::base::time::Instant;
use serde::{Deserialize, Serialize};

/// The figures; an unknown one is null in JSON, never 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The name of the board.
    pub board: Option<String>,
    /// The name of the sensor that leads.
    pub cpu_sensor: Option<String>,
    /// Its temperature in degrees Celsius.
    pub cpu_temp_c: Option<f64>,
    /// The limit in degrees Celsius that the device must stay below.
    pub t_lim_c: f64,
    /// Where that limit comes from.
    pub t_lim_from: LimitFrom,
    /// What feeds the device.
    pub power_source: Source,
    /// The charge of its battery in percent.
    pub battery_pct: Option<u8>,
    /// Does the kernel throttle its CPU?
    pub throttling: Option<bool>,
    /// All sensors of the CPU.
    pub sensors: Vec<Line>,
    /// The share of the cores that background work may use.
    pub headroom: f64,
    /// Why not more.
    pub reason: Option<Reason>,
    /// Readings that contradict each other, each with what is believed, in a sentence.
    #[serde(default)]
    pub doubts: Vec<String>,
}

/// One sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Its kind, as the kernel names it.
    pub kind: String,
    /// What its driver says that it measures, for instance "Tdie".
    #[serde(default)]
    pub label: Option<String>,
    /// Its temperature in degrees Celsius.
    pub temp_c: Option<f64>,
}

impl Report {
    /// From what was found and decided.
    #[must_use]
    pub fn new(found: &BoardReport, decision: &Decision) -> Self {
        let sensors = found.cpu.sensors().iter();
        let believed = !matches!(found.cpu, Choice::Doubtful(_));
        Self {
            board: found.board.as_ref().map(|board| board.name.clone()),
            cpu_sensor: found.cpu_sensor().map(str::to_owned),
            cpu_temp_c: found.cpu_degrees(),
            t_lim_c: found.t_lim,
            t_lim_from: found.t_lim_from,
            power_source: found.source(),
            battery_pct: found.supplies.battery.and_then(|battery| battery.percent),
            throttling: found.throttling,
            sensors: sensors
                .map(|sensor| Line {
                    name: sensor.name.clone(),
                    kind: sensor.kind.clone(),
                    label: sensor.label.clone(),
                    temp_c: if believed { sensor.degrees() } else { None },
                })
                .collect(),
            headroom: decision.headroom.value(),
            reason: decision.told(),
            doubts: sentences(found.doubts),
        }
    }

    /// Adds what a governor doubts, which sees more than one reading.
    pub fn doubt(&mut self, found: &BoardReport, doubts: Doubts) {
        self.doubts = sentences(found.doubts.and(doubts));
    }

    /// The only sensor was doubted and has been seen to vary since: it leads.
    pub fn prove(&mut self, found: &BoardReport) {
        if let Choice::Doubtful(sensor) = &found.cpu {
            (self.cpu_sensor, self.cpu_temp_c) = (Some(sensor.name.clone()), sensor.degrees());
            self.sensors.iter_mut().for_each(|line| line.temp_c = sensor.degrees());
        }
    }

    /// The report of a tree that is read only once (`wattle energy --root`): what a governor would allow after a minute in
    /// this state. What needs several readings is left unknown: user activity, pressure, hints.
    #[must_use]
    pub fn glance(found: &BoardReport, cores: usize) -> Self {
        let mut governor = Governor::new(cores, found, Settings::default(), None);
        let mut temperatures = Readings::new();
        for sensor in found.cpu.sensors() {
            // There is room: a report lists no more sensors than a sample holds.
            let _ = temperatures.push(sensor.reading);
        }
        let supplies: Supplies = found.supplies;
        let mut sample = Sample {
            temperatures,
            cooling: found.throttling.map(i64::from),
            under_voltage: found.under_voltage,
            supplies: Some(supplies),
            ..Sample::default()
        };
        sample.backlog.oldest = Some(crate::base::time::Duration::ZERO);
        let mut decision = Decision::default();
        for second in 0..60 {
            decision = governor.sample(Instant::from_millis(second * 1000), &sample);
        }
        let mut report = Self::new(found, &decision);
        report.doubt(found, governor.status().doubts);
        report
    }
}

fn sentences(doubts: Doubts) -> Vec<String> {
    doubts.iter().map(|doubt| doubt.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::board::tree::Tree;
    use super::*;

    #[test]
    fn an_acpi_zone_has_no_temperature_until_it_was_seen_to_vary() {
        let mut tree = Tree::default();
        tree.insert("sys/class/thermal/thermal_zone0/type", Ok(b"acpitz\n"));
        tree.insert("sys/class/thermal/thermal_zone0/temp", Ok(b"26000\n"));
        let found = BoardReport::of(&tree);
        let mut report = Report::glance(&found, 4);
        assert_eq!((&report.cpu_sensor, report.cpu_temp_c, report.sensors[0].temp_c), (&None, None, None));
        assert_eq!(report.reason, Some(Reason::NoSensor));
        report.prove(&found);
        assert_eq!((report.cpu_sensor.as_deref(), report.cpu_temp_c), (Some("thermal_zone0"), Some(26.0)));
    }

    #[test]
    fn a_sensor_with_an_impossible_value_has_no_temperature_in_the_report() {
        let mut tree = Tree::default();
        for (zone, temp) in [("thermal_zone0", "228000"), ("thermal_zone1", "45000")] {
            tree.insert(&format!("sys/class/thermal/{zone}/type"), Ok(b"cpu-thermal\n"));
            tree.insert(&format!("sys/class/thermal/{zone}/temp"), Ok(temp.as_bytes()));
        }
        let report = Report::glance(&BoardReport::of(&tree), 4);
        assert_eq!((report.cpu_sensor.as_deref(), report.cpu_temp_c), (Some("thermal_zone1"), Some(45.0)));
        assert_eq!(report.sensors.iter().map(|line| line.temp_c).collect::<Vec<_>>(), [Some(45.0), None]);
    }
}
