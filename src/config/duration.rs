//! Durations as people write them.

use crate::base::time::Duration;

/// Ten years. A longer time is taken for a typing error.
const LONGEST_S: u64 = 10 * 366 * 86_400;
/// The units, from the largest, with their seconds.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Reads "90s", "30m", "2h", "1d", or several of them from the largest unit to the smallest, as "1h30m"; `None` for anything
/// else, for zero, and for more than ten years.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let (mut rest, mut seconds, mut units) = (text, 0_u64, &UNITS[..]);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, after) = rest.split_at(digits);
        let unit = after.chars().next()?;
        let at = units.iter().position(|(name, _)| *name == unit)?;
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(units[at].1)?)?;
        // Each unit once, and the larger ones first.
        (rest, units) = (&after[unit.len_utf8()..], &units[at + 1..]);
    }
    (1..=LONGEST_S).contains(&seconds).then(|| Duration::from_secs(seconds))
}
