//! Days, months and years, as they are typed: `2024-01-15`, `2024-01`, `2024`.

use crate::base::time::utc;

const DAY_S: u64 = 86_400;

/// A day, a month or a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    year: u64,
    month: u64,
    day: u64,
}

impl Period {
    /// Reads one from 1970 to 9999; `None` if the text is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = figures(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(1), |part| figures(part, 2))?;
        let day = parts.next().map_or(Some(1), |part| figures(part, 2))?;
        let last = match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_one = year >= 1970 && (1..=12).contains(&month) && (1..=last).contains(&day) && parts.next().is_none();
        is_one.then_some(Self { year, month, day })
    }

    /// Its first second, since 1970 in UTC.
    pub(super) const fn begins(self) -> u64 {
        // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil: years that begin in March.
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let (period, of_period) = (year / 400, year % 400);
        let month = (self.month + 9) % 12;
        let of_year = (153 * month + 2) / 5 + self.day - 1;
        let days = period * 146_097 + of_period * 365 + of_period / 4 - of_period / 100 + of_year;
        (days - 719_468) * DAY_S
    }
}

/// So many figures at most, and one at least; a year has all.
fn figures(part: &str, most: usize) -> Option<u64> {
    let fits = (1..=most).contains(&part.len()) && (most < 4 || part.len() == most);
    (fits && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?
}

/// The day of this second.
pub(super) fn written(second: u64) -> String {
    let time = utc(i64::try_from(second).unwrap_or(i64::MAX));
    time.split(' ').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_months_and_years_begin_when_the_calendar_says() {
        for (text, day) in [
            ("1970", "1970-01-01"),
            ("2024-02-29", "2024-02-29"),
            ("2024-3", "2024-03-01"),
            ("2000-12-31", "2000-12-31"),
            ("9999", "9999-01-01"),
        ] {
            assert_eq!(written(Period::read(text).unwrap().begins()), day);
        }
        assert_eq!(Period::read("1970-01-02").unwrap().begins(), DAY_S);
        for bad in [
            "",
            "24",
            "1969",
            "2023-02-29",
            "2024-13",
            "2024-00",
            "2024-01-32",
            "2024-01-01-01",
            "2024-",
            "+024",
            "12024",
        ] {
            assert_eq!(Period::read(bad), None, "{bad}");
        }
    }
}
