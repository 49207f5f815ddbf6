//! Why headroom is what it is: a code for programs and a sentence for people. A `Gate` is a limit with its reason.

use super::fraction::Fraction;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why no more work is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing limits work.
    Free,
    /// The device is as warm as it may become.
    Warm,
    /// The device is so warm that nothing may run.
    TooHot,
    /// The kernel or the firmware throttles the CPU.
    Throttled,
    /// The temperature sensor does not answer now.
    SensorSilent,
    /// There is no temperature sensor.
    NoSensor,
    /// The device is as warm as it may become without starting its fan.
    Silence,
    /// The voltage of the power supply fell.
    UnderVoltage,
    /// The power supply was found too weak for all cores.
    WeakSupply,
    /// The device runs on battery.
    OnBattery,
    /// The charger gives less power than the device takes.
    WeakCharger,
    /// The battery is nearly empty.
    BatteryLow,
    /// The battery is being charged first.
    Charging,
    /// There is a battery, and it is unknown whether it is discharging.
    BatteryUnknown,
    /// A person or another program uses the device.
    InUse,
    /// A cgroup quota gives this process only part of the device.
    Quota,
    /// A query is being answered.
    Answering,
    /// Memory or the disk is under pressure.
    Pressure,
    /// A person paused the work.
    Paused,
    /// Quiet hours.
    QuietHours,
    /// Quiet hours are set and the time of day is unknown.
    TimeUnknown,
    /// Energy is scarce.
    Scarce,
    /// This work can wait for surplus energy.
    WaitingForSurplus,
    /// Work rises step by step.
    Rising,
    /// The agent that leads this host does not answer.
    LeaderSilent,
    /// The mode changed too often and is held low for a while.
    Flapping,
}

/// The reasons with their codes, as serde writes them.
const CODES: [(Reason, &str); 26] = [
    (Reason::Free, "free"),
    (Reason::Warm, "warm"),
    (Reason::TooHot, "too-hot"),
    (Reason::Throttled, "throttled"),
    (Reason::SensorSilent, "sensor-silent"),
    (Reason::NoSensor, "no-sensor"),
    (Reason::Silence, "silence"),
    (Reason::UnderVoltage, "under-voltage"),
    (Reason::WeakSupply, "weak-supply"),
    (Reason::OnBattery, "on-battery"),
    (Reason::WeakCharger, "weak-charger"),
    (Reason::BatteryLow, "battery-low"),
    (Reason::Charging, "charging"),
    (Reason::BatteryUnknown, "battery-unknown"),
    (Reason::InUse, "in-use"),
    (Reason::Quota, "quota"),
    (Reason::Answering, "answering"),
    (Reason::Pressure, "pressure"),
    (Reason::Paused, "paused"),
    (Reason::QuietHours, "quiet-hours"),
    (Reason::TimeUnknown, "time-unknown"),
    (Reason::Scarce, "scarce"),
    (Reason::WaitingForSurplus, "waiting-for-surplus"),
    (Reason::Rising, "rising"),
    (Reason::LeaderSilent, "leader-silent"),
    (Reason::Flapping, "flapping"),
];

impl Reason {
    /// Its code, for programs and other devices.
    #[must_use]
    pub fn code(self) -> &'static str {
        CODES.into_iter().find(|(reason, _)| *reason == self).map_or("free", |(_, code)| code)
    }

    /// The reason of a code; `None`: a later version has it.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        CODES.into_iter().find(|(_, known)| *known == code).map(|(reason, _)| reason)
    }

    /// Is light work (scans, removals, reading of changed files) held to its least share as well? It is if the device is in
    /// danger, a person paused the work, or one waits for an answer. It never stops: what is gone from the disk must
    /// leave the answers.
    #[must_use]
    pub const fn slows_light_work(self) -> bool {
        matches!(self, Self::TooHot | Self::UnderVoltage | Self::BatteryLow | Self::Paused | Self::Answering)
    }

    /// Is work held as well that is charged to no account, such as reading texts that others embed? It goes on under a person's pause: it
    /// costs little.
    #[must_use]
    pub const fn holds_uncharged_work(self) -> bool {
        self.slows_light_work() && !matches!(self, Self::Paused)
    }

    /// Which of two equally tight gates gives the reason, the higher rank first: a pause, then danger to the device, then
    /// a query that is being answered (these slow light work too), work that can wait, whoever else might do it now; last what passes
    /// by itself.
    const fn rank(self) -> u8 {
        match self {
            Self::Paused => 5,
            Self::TooHot | Self::UnderVoltage | Self::BatteryLow => 4,
            Self::Answering => 3,
            Self::WaitingForSurplus => 2,
            Self::Free | Self::Rising | Self::Flapping | Self::Pressure => 0,
            _ => 1,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Free => "nothing is in the way",
            Self::Warm => "the device is as warm as it may become; work is held to that",
            Self::TooHot => "the device is too hot; work stops until it has cooled",
            Self::Throttled => "the device throttles itself; work is held low for a minute",
            Self::SensorSilent => "the temperature sensor does not answer; work is not raised until it does",
            Self::NoSensor => "no temperature sensor was found; at most half of the device is used",
            Self::Silence => "silent mode: the device stays below the temperature that starts its fan",
            Self::UnderVoltage => "the supply's voltage fell; work stops and comes back slowly",
            Self::WeakSupply => {
                "the power supply was found too weak for all cores; one rests until its owner says `wattle energy new-supply`"
            }
            Self::OnBattery => "the device runs on battery; work waits for mains",
            Self::WeakCharger => "the charger gives less than the device takes; work waits",
            Self::BatteryLow => "the battery is nearly empty; work waits until it is charged",
            Self::Charging => "the battery is charged first; work rises with it",
            Self::BatteryUnknown => "the battery does not say whether it is emptied; work is held low",
            Self::InUse => "the device is in use; work gives way",
            Self::Quota => "the system gives this program only part of the device, and a quarter of that is kept for questions",
            Self::Answering => {
                "background work gives way to a question, for a moment; while questions go on, it is done one short task at a time"
            }
            Self::Pressure => "memory or the disk is short; work is halved",
            Self::Paused => "paused by its owner; `wattle resume` ends it",
            Self::QuietHours => "quiet hours",
            Self::TimeUnknown => "quiet hours are set and the time is not known yet; the strictest of them holds",
            Self::Scarce => "energy is scarce now; work is held low",
            Self::WaitingForSurplus => "this work can wait, and waits for surplus energy",
            Self::Rising => "work rises in steps",
            Self::LeaderSilent => "the agent that governs this host does not answer; work is held low",
            Self::Flapping => "conditions change too often; the lower mode holds for some minutes",
        })
    }
}

/// What a gate allows: at most this much, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// At most this share of the cores.
    pub at_most: Fraction,
    /// Why not more.
    pub reason: Reason,
}

impl Gate {
    /// An open gate: no limit.
    pub const OPEN: Self = Self { at_most: Fraction::ALL, reason: Reason::Free };

    /// A gate that allows this share. If that is everything, `reason` is dropped.
    #[must_use]
    pub fn at(share: Fraction, reason: Reason) -> Self {
        if share == Fraction::ALL { Self::OPEN } else { Self { at_most: share, reason } }
    }

    /// The tighter of two gates; of equally tight ones that of the higher rank, then `self`.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let outranks = other.at_most == self.at_most && other.reason.rank() > self.reason.rank();
        if other.at_most < self.at_most || outranks { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_the_code_that_json_has() {
        for (reason, code) in CODES {
            assert_eq!(serde_json::to_value(reason).unwrap(), code);
            assert_eq!((reason.code(), Reason::of_code(code)), (code, Some(reason)));
        }
        // The last one: a further reason has a place in the table too.
        assert_eq!(Reason::Flapping as usize + 1, CODES.len());
        assert_eq!(Reason::of_code("moonlight"), None);
    }
}
