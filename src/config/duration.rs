//! Durations as people write them.

use crate::base::time::Duration;

/// Ten years. A longer time is taken for a typing error.
const LONGEST_S: u64 = 10 * 366 * 86_400;

/// Reads "90s", "30m", "2h" or "1d"; `None` for anything else, for zero, and for more than ten years.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (1..=LONGEST_S).contains(&seconds).then(|| Duration::from_secs(seconds))
}
