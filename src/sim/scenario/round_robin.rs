//! A plain round robin, to compare with: each chunk goes to the next device in turn, and is embedded at once, whatever that
//! device's energy. No node runs; nothing goes wrong.

use super::plan::Scenario;
use super::report::{Checked, DeviceReport, Joules, Report, Traffic};
use crate::base::time::Duration;
use crate::sim::tally::Further;

pub(super) fn run(scenario: &Scenario, seed: u64) -> Report {
    let mut devices: Vec<DeviceReport> =
        scenario.devices.iter().map(|device| DeviceReport::new(&device.name)).collect();
    let mut free = vec![Duration::ZERO; devices.len()];
    let (mut next, mut chunks, mut paid) = (0, 0, 0.0);
    let mut arrivals: Vec<_> = scenario.documents.iter().map(|of| (of.at, of.count * of.chunks)).collect();
    arrivals.sort_by_key(|(at, _)| *at);
    for (at, count) in arrivals {
        for _ in 0..count {
            let of = &scenario.devices[next];
            let begin = free[next].max(at);
            free[next] = begin + Duration::from_millis(of.ms);
            let joules = of.watts * of.ms as f64 / 1000.0;
            let device = &mut devices[next];
            let sun = of.energy.sun.is_some_and(|window| window.holds(begin));
            device.embedded += 1;
            device.joules += joules;
            device.on_surplus += u64::from(sun);
            device.on_battery += u64::from(of.energy.unplugged.is_some_and(|window| window.holds(begin)));
            paid += if sun { 0.0 } else { joules };
            chunks += 1;
            next = (next + 1) % devices.len();
        }
    }
    let all: f64 = devices.iter().map(|device| device.joules).sum();
    let on_surplus: u64 = devices.iter().map(|device| device.on_surplus).sum();
    let thousands = chunks as f64 / 1000.0;
    Report {
        seed,
        policy: "round-robin",
        seconds: free.iter().max().copied().unwrap_or_default().as_secs_f64(),
        chunks,
        further: Further::default(),
        further_percent: 0.0,
        joules: Joules {
            all,
            per_1000: all / thousands,
            paid_per_1000: paid / thousands,
            surplus_percent: on_surplus as f64 * 100.0 / chunks.max(1) as f64,
        },
        network: Traffic::default(),
        devices,
        checked: Checked::default(),
        unmet: Vec::new(),
    }
}

impl DeviceReport {
    /// A device that has done nothing yet.
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), embedded: 0, on_surplus: 0, on_battery: 0, joules: 0.0, lies: 0, found: false }
    }
}
