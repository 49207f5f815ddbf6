//! How long something lasts, in words: one way for all sentences, so that no two commands round alike times differently.

use super::count::count;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A span of time as it was asked for, to the nearest minute beyond two: "67 seconds", "9 minutes", "2 hours and 30 minutes".
#[must_use]
pub fn span(seconds: u64) -> String {
    if seconds < 2 * MINUTE && seconds != MINUTE {
        // Of what is timed, its last moment is still there.
        return count(seconds.max(1), "second");
    }
    let minutes = seconds.saturating_add(MINUTE / 2) / MINUTE;
    let (large, small) = match minutes {
        0..120 => return count(minutes, "minute"),
        120..2880 => (count(minutes / 60, "hour"), (minutes % 60, "minute")),
        _ => (count(minutes / 1440, "day"), (minutes % 1440 / 60, "hour")),
    };
    match small {
        (0, _) => large,
        (number, of) => format!("{large} and {}", count(number, of)),
    }
}

/// The same of what lasts no longer than that: up to the next minute.
#[must_use]
pub fn at_most(seconds: u64) -> String {
    span(if seconds > 2 * MINUTE { seconds.div_ceil(MINUTE).saturating_mul(MINUTE) } else { seconds })
}

/// One figure and its unit, to the nearest, as the page writes it too: "40 seconds", "9 minutes", "3 hours", "2 days".
fn rough(seconds: u64) -> String {
    let in_units = |unit: u64, name| count(seconds.saturating_add(unit / 2) / unit, name);
    match seconds {
        0..MINUTE => count(seconds.max(1), "second"),
        MINUTE..5_400 => in_units(MINUTE, "minute"),
        5_400..129_600 => in_units(HOUR, "hour"),
        _ => in_units(DAY, "day"),
    }
}

/// What is estimated: "less than a minute", "about a minute", "about 6 minutes".
#[must_use]
pub fn about(seconds: u64) -> String {
    match seconds {
        0..MINUTE => "less than a minute".to_owned(),
        // Nearer to one minute than to two.
        MINUTE..90 => "about a minute".to_owned(),
        _ => format!("about {}", rough(seconds)),
    }
}

/// How long something is past: "just now", "40 seconds ago".
#[must_use]
pub fn ago(seconds: u64) -> String {
    if seconds < 10 { "just now".to_owned() } else { format!("{} ago", rough(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_in_words_to_the_nearest_minute() {
        let written = [0, 1, 30, 60, 61, 90, 149, 150, 7_140, 7_200, 7_260, 9_000, 172_800, 216_000].map(span);
        let due = [
            "1 second",
            "1 second",
            "30 seconds",
            "1 minute",
            "61 seconds",
            "90 seconds",
            "2 minutes",
            "3 minutes",
            "119 minutes",
            "2 hours",
            "2 hours and 1 minute",
            "2 hours and 30 minutes",
            "2 days",
            "2 days and 12 hours",
        ];
        assert_eq!(written, due);
        assert_eq!([130, 7_201].map(at_most), ["3 minutes", "2 hours and 1 minute"]);
        assert!(!span(u64::MAX).is_empty() && !at_most(u64::MAX).is_empty() && !rough(u64::MAX).is_empty());
    }

    #[test]
    fn what_is_estimated_is_rounded_to_the_nearest_and_not_up() {
        let written = [0, 59, 67, 89, 90, 340, 5_399, 5_400, 7_201, 129_600].map(about);
        let due = [
            "less than a minute",
            "less than a minute",
            "about a minute",
            "about a minute",
            "about 2 minutes",
            "about 6 minutes",
            "about 90 minutes",
            "about 2 hours",
            "about 2 hours",
            "about 2 days",
        ];
        assert_eq!(written, due);
        assert_eq!([0, 9, 10, 90].map(ago), ["just now", "just now", "10 seconds ago", "2 minutes ago"]);
    }
}
