//! Readings that contradict each other. One bad number does not outweigh better evidence: each gate asks which other
//! reading contradicts the one that would stop the work, believes the better of the two, and says so here.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is doubted, and what is believed instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A battery is nearly empty and is not charged, although mains is connected.
    DeadBattery,
    /// A battery says that it feeds the device, and gives no current.
    NoCurrent,
    /// A battery has been empty for long, and the device still runs on it.
    EmptyGauge,
    /// A battery's percentage contradicts its level, or what it says that it holds.
    Percentage,
    /// One temperature is far above those of all other sensors of the CPU.
    HotAlone,
    /// One temperature stands still while the others move.
    Constant,
    /// The kernel reports throttling of a cool CPU.
    CoolThrottling,
    /// The alarm of the supply's voltage stands while a good voltage is measured.
    Alarm,
    /// The measured input is so low that the alarm would have to stand, and it does not.
    Input,
    /// Tasks wait for memory while most of it is free.
    FreeMemory,
    /// A number for the fan is not the temperature of the die.
    FanValue,
    /// No sensor is known to be the CPU's; one was taken that may be.
    Candidate,
}

impl Doubt {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::DeadBattery,
        Self::NoCurrent,
        Self::EmptyGauge,
        Self::Percentage,
        Self::HotAlone,
        Self::Constant,
        Self::CoolThrottling,
        Self::Alarm,
        Self::Input,
        Self::FreeMemory,
        Self::FanValue,
        Self::Candidate,
    ];

    /// Is something wrong with the device? The others are notes on a healthy one.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        !matches!(self, Self::FanValue | Self::Candidate | Self::FreeMemory)
    }

    /// A short name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::DeadBattery => "dead-battery",
            Self::NoCurrent => "no-current",
            Self::EmptyGauge => "empty-gauge",
            Self::Percentage => "percentage",
            Self::HotAlone => "hot-alone",
            Self::Constant => "constant",
            Self::CoolThrottling => "cool-throttling",
            Self::Alarm => "alarm",
            Self::Input => "input",
            Self::FreeMemory => "free-memory",
            Self::FanValue => "fan-value",
            Self::Candidate => "candidate",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeadBattery => {
                "A battery says that it is nearly empty, and it is not charged although mains is connected. It counts as \
                 broken, and the device as running on mains."
            }
            Self::NoCurrent => {
                "A battery is said to feed the device, and no current leaves it. The device counts as running on mains."
            }
            Self::EmptyGauge => {
                "A battery has said for half an hour that it is empty, and the device still runs. Its gauge is not believed, \
                 and work is held low."
            }
            Self::Percentage => {
                "A battery's percentage contradicts its level, or the charge that it says it holds. The two that agree are \
                 believed."
            }
            Self::HotAlone => {
                "One temperature sensor is more than 30 °C above all others of the CPU. It is not believed."
            }
            Self::Constant => {
                "One temperature sensor has given the same number for minutes while others of the CPU moved. It is not \
                 believed."
            }
            Self::CoolThrottling => {
                "The kernel says that it throttles the CPU, and every sensor is far below the temperature at which it would. \
                 The throttling does not count as heat."
            }
            Self::Alarm => {
                "The alarm for too low a voltage has stood for ten minutes while at least 4.9 V are measured. The measurement \
                 is believed."
            }
            Self::Input => {
                "The meter shows less than 4.6 V, at which the alarm for too low a voltage stands, and it does not. The meter \
                 measures something else than the supply."
            }
            Self::FreeMemory => {
                "A program on this device (perhaps in a container or a service) has reached a memory limit of its own and waits, \
                 while at least half of the memory is free. The device is not short of memory, nothing need be done, and \
                 background work goes on."
            }
            Self::FanValue => {
                "The CPU's chip gives a number for its fan (Tctl), which lies above the temperature of the die. The die's is \
                 used."
            }
            Self::Candidate => {
                "No sensor is known to be the CPU's. The one that the kernel throttles by, or that its chip calls the CPU's, is \
                 taken for it."
            }
        })
    }
}

/// A set of doubts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doubts(u16);

impl Doubts {
    /// No doubt.
    pub const NONE: Self = Self(0);

    /// With one more doubt if `holds`.
    #[must_use]
    pub const fn with(self, doubt: Doubt, holds: bool) -> Self {
        if holds { Self(self.0 | doubt.bit()) } else { self }
    }

    /// Is it in the set?
    #[must_use]
    pub const fn has(self, doubt: Doubt) -> bool {
        self.0 & doubt.bit() != 0
    }

    /// Those of both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that say that something is wrong with the device.
    #[must_use]
    pub fn faults(self) -> Self {
        self.iter().filter(|doubt| doubt.is_fault()).fold(Self::NONE, |faults, doubt| faults.with(doubt, true))
    }

    /// Each doubt of the set.
    pub fn iter(self) -> impl Iterator<Item = Doubt> {
        Doubt::ALL.into_iter().filter(move |doubt| self.has(*doubt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_holds_what_was_put_in_and_every_doubt_has_a_code_and_a_sentence_of_its_own() {
        let set = Doubts::NONE.with(Doubt::Input, true).with(Doubt::Alarm, false);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Doubt::Input]);
        assert_eq!(set.and(set), set);
        let codes: BTreeSet<&str> = Doubt::ALL.iter().map(|doubt| doubt.code()).collect();
        let sentences: BTreeSet<String> = Doubt::ALL.iter().map(ToString::to_string).collect();
        assert_eq!((codes.len(), sentences.len()), (Doubt::ALL.len(), Doubt::ALL.len()));
        assert!(sentences.iter().all(|sentence| sentence.ends_with('.') && sentence.len() > 40));
    }
}
