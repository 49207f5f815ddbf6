//! The outcome of all gates for one sample, and the tightest of them.

use super::battery;
use super::board::source::Source;
use super::fraction::Fraction;
use super::pressure::Pressure;
use super::reason::{Gate, Reason};

/// The outcome of each gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gates {
    /// Heat. No hint lifts this gate.
    pub thermal: Gate,
    /// Supply voltage. No hint lifts this gate.
    pub supply: Gate,
    /// Battery. Surplus energy lifts this gate only while the battery is being charged.
    pub battery: battery::GateOutcome,
    /// Use by people and other programs. No hint lifts this gate.
    pub user_activity: Gate,
    /// Pause, quiet hours and hints on energy.
    pub policy: Gate,
    /// There is surplus energy, which lifts the gates that may be lifted.
    pub lifts: bool,
    /// Pressure on memory and disk.
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

    /// The tightest of the gates but user activity, which is momentary. Of equally tight ones `Gate::and` takes that of the
    /// higher rank, then the first: safety before wishes.
    #[must_use]
    pub fn lasting(&self) -> Gate {
        let lifted = self.lifts && self.battery.may_be_lifted;
        let battery = if lifted { Gate::OPEN } else { self.battery.gate };
        let least = self.thermal.and(self.supply).and(battery).and(self.policy);
        let halved = Gate::at(Fraction::new(least.at_most.value() / 2.0), Reason::Pressure);
        match self.pressure {
            Pressure::None => least,
            // Half of what the other gates allow: a cap at one half would change nothing on a device that is warm too.
            Pressure::Some => least.and(halved),
            Pressure::High => least.and(halved).and(Gate::at(Fraction::TRICKLE, Reason::Pressure)),
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
    fn the_tightest_gate_limits_and_safety_is_named_before_wishes() {
        let mut gates = Gates { policy: at(0.25, Reason::QuietHours), ..Gates::OPEN };
        assert_eq!(gates.lasting(), gates.policy);
        gates.thermal = at(0.25, Reason::Warm);
        assert_eq!(gates.lasting().reason, Reason::Warm);
        gates.supply = at(0.0, Reason::UnderVoltage);
        gates.pressure = Pressure::High;
        assert_eq!(gates.lasting(), gates.supply, "pressure does not hide why nothing runs");
    }

    #[test]
    fn of_closed_gates_the_one_that_holds_most_work_is_named() {
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
            let answering = gates.lasting().and(at(0.0, Reason::Answering));
            assert!(answering.reason.slows_light_work(), "a person waits for an answer: {answering:?}");
        }
    }

    #[test]
    fn pressure_halves_what_is_left_and_high_pressure_allows_a_trickle() {
        let mut gates = Gates { thermal: at(0.8, Reason::Warm), pressure: Pressure::Some, ..Gates::OPEN };
        assert_eq!(gates.lasting(), at(0.4, Reason::Pressure));
        gates.pressure = Pressure::High;
        assert_eq!(gates.lasting(), at(0.25, Reason::Pressure));
    }

    #[test]
    fn surplus_lifts_a_charging_battery_and_no_other() {
        let charging = |may_be_lifted| battery::GateOutcome {
            gate: at(0.25, Reason::Charging),
            may_be_lifted,
            source: Source::Ac,
        };
        let gates = |lifts, may| Gates { lifts, battery: charging(may), ..Gates::OPEN }.lasting();
        assert_eq!(gates(true, true), Gate::OPEN);
        assert_eq!(gates(true, false).reason, Reason::Charging);
        assert_eq!(gates(false, true).reason, Reason::Charging);
    }
}
