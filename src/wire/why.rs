//! Why a device does as little background work as it does, told to another one that asks: `wattle why` there shows it.
//!
//! One thing is told unasked: that a result of the receiver was false (`FALSE_RESULT`), for which it gets no work. The fields stand in the order of their names, so that one description serves both encodings.

use crate::limits::REASON_BYTES_MAX;
use heapless::String as Text;
use serde::{Deserialize, Serialize};

/// The code of the reason that the sender gives the receiver no work: a vector that the receiver made for it was false. An agent of before that is told this
/// shows it, for some seconds, as what limits the sender.
pub const FALSE_RESULT: &str = "false-result";

/// A question, or the answer to one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Whether the receiver is to tell the same of itself.
    pub ask: bool,
    /// What limits the sender's background work; `None`: nothing, or this is only a question.
    pub hold: Option<Hold>,
}

/// What limits the background work of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// What was measured, where the reason is a figure.
    pub figure: Option<Figure>,
    /// Within how many seconds it is looked at again; 0: not before somebody ends it.
    pub next_s: u32,
    /// The reason's code, lower case letters and hyphens. Later versions have more of them.
    pub reason: Text<REASON_BYTES_MAX>,
    /// Percent of the device that may work all the same, 0 to 100.
    pub share: u8,
    /// For how many seconds the reason has held.
    pub since_s: u32,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// From where on more work is allowed, in tenths.
    pub threshold: u32,
    /// What both are: 0 degrees Celsius, 1 percent of a battery, 2 cores that other programs use.
    pub unit: u8,
    /// The last value, in tenths; 0 is below zero too.
    pub value: u32,
}

impl Why {
    /// Tells the receiver that a vector which it made for the sender was false: so many seconds ago, and for how many more it gets no work.
    #[must_use]
    pub fn of_false_result(since_s: u32, next_s: u32) -> Self {
        let hold =
            Hold { figure: None, next_s, reason: FALSE_RESULT.try_into().unwrap_or_default(), share: 0, since_s };
        Self { ask: false, hold: Some(hold) }
    }

    /// If the sender says that a vector which this device made for it was false: how many seconds ago that was found, and for how many more this device gets
    /// no work.
    #[must_use]
    pub fn false_result(&self) -> Option<(u32, u32)> {
        let hold = self.hold.as_ref().filter(|hold| !self.ask && hold.reason.as_str() == FALSE_RESULT)?;
        Some((hold.since_s, hold.next_s))
    }

    /// Checks what the types do not express.
    pub(super) fn is_sound(&self) -> bool {
        self.hold.as_ref().is_none_or(|hold| {
            let is_code = |c: char| c.is_ascii_lowercase() || c == '-';
            hold.share <= 100 && !hold.reason.is_empty() && hold.reason.chars().all(is_code)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_a_result_was_false_is_read_as_it_was_told_and_no_other_reason_says_so() {
        let why = Why::of_false_result(60, 3_540);
        assert!(why.is_sound());
        assert_eq!(why.false_result(), Some((60, 3_540)));
        assert_eq!(Why { ask: true, ..why.clone() }.false_result(), None);
        assert_eq!(Why { ask: false, hold: None }.false_result(), None);
        let hold = why.hold.map(|hold| Hold { reason: "disk-full".try_into().unwrap(), ..hold });
        assert_eq!(Why { ask: false, hold }.false_result(), None);
    }

    #[test]
    fn a_reason_is_a_word_and_nothing_that_a_terminal_obeys() {
        let why = |reason: &str, share| {
            let hold = Hold { figure: None, next_s: 5, reason: reason.try_into().unwrap(), share, since_s: 60 };
            Why { ask: false, hold: Some(hold) }
        };
        assert!(why("battery-low", 100).is_sound() && Why { ask: true, hold: None }.is_sound());
        for (wrong, share) in [("", 0), ("In use", 0), ("\u{1b}[2J", 0), ("warm", 101)] {
            assert!(!why(wrong, share).is_sound(), "{wrong:?}");
        }
    }
}
