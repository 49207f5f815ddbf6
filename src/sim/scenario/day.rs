//! The energy of a scenario's devices: sun and plugs by the time of day, told to the governors as a home-automation system does.

use super::plan::Scenario;
use crate::base::time::Duration;
use crate::energy::coordinator::{HintFrom, Input};
use crate::energy::governor::Settings;
use crate::energy::policy::gate;
use crate::sim::host::{Charge, Hardware, HostSettings};
use crate::sim::world::World;

/// Temperature of the air in °C.
const AIR: f64 = 21.0;
/// Seconds between two hints on energy.
const HINT_EVERY_S: u64 = 300;
/// Power of a charger in watts.
const CHARGER: f64 = 45.0;

/// Gives each device that has a board its governor.
pub(super) fn add_hosts(world: &mut World, scenario: &Scenario, seed: u64) {
    for (at, device) in scenario.devices.iter().enumerate() {
        let Some(board) = device.board else { continue };
        let mut hardware = Hardware::new(board, AIR, seed.wrapping_add(at as u64));
        let charge = |(percent, full_wh)| Charge { percent, full_wh, charger_watts: CHARGER };
        hardware.battery = device.energy.battery.map(charge);
        let host = world.add_host(hardware, &[at]);
        let expects_surplus = !device.energy.can_wait.is_zero();
        let policy = gate::Settings { expects_surplus, ..gate::Settings::default() };
        world.hosts[host].settings =
            HostSettings { governor: Settings { policy, ..Settings::default() }, can_wait: device.energy.can_wait };
    }
}

/// What is so by now, so long after midnight; `before`: at the last call.
pub(super) fn follow(world: &mut World, scenario: &Scenario, since_midnight: Duration, before: Option<Duration>) {
    for (at, device) in scenario.devices.iter().enumerate() {
        let energy = &device.energy;
        let out = energy.unplugged.is_some_and(|window| window.holds(since_midnight));
        let sun = energy.sun.is_some_and(|window| window.holds(since_midnight));
        world.set_energy(at, sun, out);
        let due = before.is_none_or(|before| since_midnight.as_secs() / HINT_EVERY_S > before.as_secs() / HINT_EVERY_S);
        let began = before.is_some_and(|before| !energy.sun.is_some_and(|window| window.holds(before)));
        if sun && (due || began) {
            let json = br#"{"v":1,"state":"surplus","ttl_s":600,"source":"sun"}"#;
            world.tell_coordinator(at, world.now, &Input::Hint(HintFrom::Api, json));
        }
        let ended = before.is_some_and(|before| energy.sun.is_some_and(|window| window.holds(before)));
        if !sun && ended {
            let json = br#"{"v":1,"state":"normal","ttl_s":600,"source":"sun"}"#;
            world.tell_coordinator(at, world.now, &Input::Hint(HintFrom::Api, json));
        }
    }
}
