//! Quiet hours as people write them.

use crate::energy::policy::hours::{QuietHours, Window};
use serde::{Deserialize, Serialize};

/// Hours with little or no background work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuietWindow {
    /// The days on which they begin, as "mon,tue"; "daily" is every day.
    pub days: String,
    /// When they begin, as 22:00 by the local time.
    pub from: String,
    /// When they end; not after `from`: on the next day.
    pub to: String,
    /// The share of the device that may be used.
    pub cap: f64,
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn days(window: &Window) -> String {
    if window.days & Window::DAILY == Window::DAILY {
        return "daily".to_owned();
    }
    let begins = |(at, _): &(usize, &&str)| window.days >> at & 1 == 1;
    DAYS.iter().enumerate().filter(begins).map(|(_, day)| *day).collect::<Vec<_>>().join(",")
}

/// All windows, in the order in which they were set.
pub(super) fn list(hours: &QuietHours) -> Vec<QuietWindow> {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let window = |(window, cap): (Window, crate::energy::fraction::Fraction)| QuietWindow {
        days: days(&window),
        from: time(window.from),
        to: time(window.to),
        cap: cap.value(),
    };
    hours.windows().map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::fraction::Fraction;

    #[test]
    fn quiet_hours_are_told_as_they_are_written() {
        let mut hours = QuietHours::default();
        assert!(hours.add(Window { days: Window::DAILY, from: 22 * 60, to: 7 * 60 + 5 }, Fraction::NONE));
        assert!(hours.add(Window { days: 0b110_0000, from: 0, to: 1440 }, Fraction::new(0.25)));
        let told = list(&hours);
        let texts = |at: usize| [told[at].days.as_str(), told[at].from.as_str(), told[at].to.as_str()];
        assert_eq!((texts(0), told[0].cap), (["daily", "22:00", "07:05"], 0.0));
        assert_eq!((texts(1), told[1].cap), (["sat,sun", "00:00", "24:00"], 0.25));
    }
}
