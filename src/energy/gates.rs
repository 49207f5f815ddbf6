//! All gates side by side, and the least of them.

use super::battery;
use super::board::source::Source;
use super::fraction::Fraction;
use super::pressure::Pressure;
use super::reason::{Gate, Reason};

/// The gates as they stand, for status and for tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gates {
    /// Heat. No hint lifts it.
    pub thermal: Gate,
    /// Voltage. No hint lifts it.
    pub supply: Gate,
    /// Battery. Surplus lifts it only where the battery is merely being charged.
    pub battery: battery::GateOutcome,
    /// Use. No hint lifts it.
    pub user_activity: Gate,
    /// What people and the sun want.
    pub policy: Gate,
    /// Surplus lifts what it may.
    pub lifts: bool,
    /// Memory and disk.
    pub pressure: Pressure,
}

impl Gates {
    /// All gates open.
    pub const OPEN: Self = Self {
        thermal: Gate::OPEN,
        supply: Gate::OPEN,
        battery: battery::GateOutcome { gate: Gate::OPEN, may_be_lifted: false, source: Source::Ac },
        user_activity: Gate::OPEN,
        policy: Gate::OPEN,
        lifts: false,
        pressure: Pressure::None,
    };

    /// The least of the gates that are not momentary; of equals the graver, then the first: safety is named before wishes,
    /// and who asks why a device rests hears of its pause, not that it would begin slowly.
    #[must_use]
    pub fn lasting(&self) -> Gate {
        let lifted = self.lifts && self.battery.may_be_lifted;
        let battery = if lifted { Gate::OPEN } else { self.battery.gate };
        let least = self.thermal.and(self.supply).and(battery).and(self.policy);
        let half = Gate::at(Fraction::new(least.at_most.value() / 2.0), Reason::Pressure);
        match self.pressure {
            Pressure::None => least,
            // Halved, whatever it was: a cap of a half would do nothing for a device that is warm besides.
            Pressure::Some => least.and(half),
            Pressure::High => least.and(half).and(Gate::at(Fraction::TRICKLE, Reason::Pressure)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(share: f64, reason: Reason) -> Gate {
        Gate::at(Fraction::new(share), reason)
    }

    #[test]
    fn the_least_gate_rules_and_safety_is_named_before_wishes() {
        let mut gates = Gates { policy: at(0.25, Reason::QuietHours), ..Gates::OPEN };
        assert_eq!(gates.lasting(), gates.policy);
        gates.thermal = at(0.25, Reason::Warm);
        assert_eq!(gates.lasting().reason, Reason::Warm);
        gates.supply = at(0.0, Reason::UnderVoltage);
        gates.pressure = Pressure::High;
        assert_eq!(gates.lasting(), gates.supply, "pressure does not hide why nothing runs");
    }

    #[test]
    fn of_gates_that_are_shut_the_one_that_holds_most_is_named() {
        let battery =
            |reason| battery::GateOutcome { gate: at(0.0, reason), may_be_lifted: false, source: Source::Battery };
        for (gates, named) in [
            (
                Gates { battery: battery(Reason::OnBattery), policy: at(0.0, Reason::Paused), ..Gates::OPEN },
                Reason::Paused,
            ),
            (
                Gates { supply: at(0.0, Reason::UnderVoltage), policy: at(0.0, Reason::Paused), ..Gates::OPEN },
                Reason::Paused,
            ),
            (
                Gates {
                    battery: battery(Reason::BatteryLow),
                    policy: at(0.0, Reason::WaitingForSurplus),
                    ..Gates::OPEN
                },
                Reason::BatteryLow,
            ),
            (
                Gates { thermal: at(0.0, Reason::Warm), supply: at(0.0, Reason::UnderVoltage), ..Gates::OPEN },
                Reason::UnderVoltage,
            ),
            (
                Gates { thermal: at(0.0, Reason::Rising), policy: at(0.0, Reason::QuietHours), ..Gates::OPEN },
                Reason::QuietHours,
            ),
        ] {
            assert_eq!(gates.lasting(), at(0.0, named));
            let asked = gates.lasting().and(at(0.0, Reason::Answering));
            assert!(asked.reason.holds_light_work(), "somebody waits: {asked:?}");
        }
    }

    #[test]
    fn short_memory_halves_what_is_left_and_high_pressure_trickles() {
        let mut gates = Gates { thermal: at(0.8, Reason::Warm), pressure: Pressure::Some, ..Gates::OPEN };
        assert_eq!(gates.lasting(), at(0.4, Reason::Pressure));
        gates.pressure = Pressure::High;
        assert_eq!(gates.lasting(), at(0.25, Reason::Pressure));
    }

    #[test]
    fn surplus_lifts_a_charging_battery_and_no_other() {
        let word = |may_be_lifted| battery::GateOutcome {
            gate: at(0.25, Reason::Charging),
            may_be_lifted,
            source: Source::Ac,
        };
        let gates = |lifts, may| Gates { lifts, battery: word(may), ..Gates::OPEN }.lasting();
        assert_eq!(gates(true, true), Gate::OPEN);
        assert_eq!(gates(true, false).reason, Reason::Charging);
        assert_eq!(gates(false, true).reason, Reason::Charging);
    }
}
