//! Windows of the week: quiet hours with a cap, and hours of an energy schedule.

use super::wall::{DAY_MINUTES, Local};
use crate::energy::fraction::Fraction;
use crate::limits::QUIET_HOURS_MAX;
use heapless::Vec;

/// The minute of the day of "18:30"; `None` for anything else. "24:00" is the end of a day, not a time to wait for.
#[must_use]
pub fn minute_of_day(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    let (hours, minutes) = (number(hours)?, number(minutes).filter(|_| minutes.len() == 2)?);
    (hours < 24 && minutes < 60).then(|| hours * 60 + minutes)
}

/// A window on some days of the week, in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Bit 0 is Monday: the days on which it begins.
    pub days: u8,
    /// Minutes since midnight; belongs to the window.
    pub from: u16,
    /// Minutes since midnight; no longer belongs to it. Not after `from`: on the next day. Equal: a whole day.
    pub to: u16,
}

impl Window {
    /// Every day.
    pub const DAILY: u8 = 0x7f;

    /// Is it valid?
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.days & Self::DAILY != 0 && self.from < DAY_MINUTES && self.to <= DAY_MINUTES
    }

    /// Does it hold at this minute? Only the local time counts: a skipped minute never comes and a doubled one comes
    /// twice, so that no change of the clocks can leave it stuck.
    #[must_use]
    pub fn holds(&self, local: Local) -> bool {
        let begins_on = |weekday: u8| self.days >> weekday & 1 == 1;
        let today = begins_on(local.weekday);
        let yesterday = begins_on((local.weekday + 6) % 7);
        if self.from < self.to {
            today && self.from <= local.minute && local.minute < self.to
        } else {
            today && self.from <= local.minute || yesterday && local.minute < self.to
        }
    }
}

/// Quiet hours: windows, each with what may run in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietHours {
    windows: Vec<(Window, Fraction), QUIET_HOURS_MAX>,
}

impl QuietHours {
    /// Adds a window; false where it is invalid, or no more fit.
    pub fn add(&mut self, window: Window, cap: Fraction) -> bool {
        window.is_sound() && self.windows.push((window, cap)).is_ok()
    }

    /// What may run at this minute; `None`: no cap.
    #[must_use]
    pub fn cap(&self, local: Local) -> Option<Fraction> {
        self.windows.iter().filter(|(window, _)| window.holds(local)).map(|(_, cap)| *cap).min()
    }

    /// All windows, each with its cap.
    pub fn windows(&self) -> impl Iterator<Item = (Window, Fraction)> + '_ {
        self.windows.iter().copied()
    }

    /// The least of all caps: what holds while the time is unknown.
    #[must_use]
    pub fn strictest(&self) -> Option<Fraction> {
        self.windows.iter().map(|(_, cap)| *cap).min()
    }
}

#[cfg(test)]
mod tests {
    use super::super::wall::{Wall, zones};
    use super::*;

    #[test]
    fn quiet_hours_hold_exactly_the_listed_minutes_over_both_changes_in_three_zones() {
        let windows = [(22 * 60, 7 * 60), (2 * 60, 2 * 60 + 30), (90, 150), (0, 0), (1439, 1), (180, 180)];
        for (zone, changes) in zones::all() {
            for (from, to) in windows {
                let mut hours = QuietHours::default();
                assert!(hours.add(Window { days: Window::DAILY, from, to }, Fraction::NONE));
                // A day before to a day after each change, minute by minute, compared with every minute from `from` to
                // `to`.
                for at in changes.into_iter().flat_map(|change| (-1440..1440).map(move |m| change + m * 60)) {
                    let local = zone.local(Wall(at));
                    let mut minute = from;
                    let mut listed = false;
                    loop {
                        listed |= minute == local.minute;
                        minute = (minute + 1) % DAY_MINUTES;
                        if minute == to {
                            break;
                        }
                    }
                    assert_eq!(hours.cap(local).is_some(), listed, "{from}-{to} at {local:?}");
                }
            }
        }
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let friday = Window { days: 1 << 4, from: 1320, to: 420 };
        let holds = |weekday, minute| friday.holds(Local { weekday, minute });
        assert!(holds(4, 1320) && holds(4, 1439) && holds(5, 0) && holds(5, 419));
        assert!(!holds(5, 420) && !holds(4, 419) && !holds(5, 1320) && !holds(3, 1400));
        let sunday = Window { days: 1 << 6, ..friday };
        assert!(sunday.holds(Local { weekday: 0, minute: 10 }), "the week starts again");
    }

    #[test]
    fn the_strictest_of_several_holds_and_nonsense_is_refused() {
        let mut hours = QuietHours::default();
        let all_day = Window { days: Window::DAILY, from: 0, to: 1440 };
        assert!(hours.add(all_day, Fraction::new(0.5)) && hours.add(all_day, Fraction::TRICKLE));
        assert_eq!(hours.cap(Local { weekday: 2, minute: 700 }), Some(Fraction::TRICKLE));
        assert_eq!(hours.strictest(), Some(Fraction::TRICKLE));
        assert!(!hours.add(Window { days: 0, from: 0, to: 1 }, Fraction::NONE));
        assert!(!hours.add(Window { days: 1, from: 1440, to: 1 }, Fraction::NONE));
        assert!((2..QUIET_HOURS_MAX).all(|_| hours.add(all_day, Fraction::ALL)) && !hours.add(all_day, Fraction::ALL));
    }
}
