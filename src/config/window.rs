//! Windows of the week as people write them: days, from, to.

use super::error::{ConfigError, wrong};
use crate::energy::policy::hours::{Window, minute_of_day};
use crate::energy::policy::wall::DAY_MINUTES;
use serde::Deserialize;

/// The days of the week, as people write them.
pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days: one string or a list of strings. Each is a day ("mon") or a span of days ("mon-fri").
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Days {
    One(String),
    Many(Vec<String>),
}

/// The window from one time of day to another on these days; on every day if none are given. An error names `key`, and is
/// about one of the window's own keys.
pub(super) fn window(key: &str, days: Option<&Days>, from: &str, to: &str) -> Result<Window, ConfigError> {
    let spans: &[String] = match days {
        None => &[],
        Some(Days::One(span)) => std::slice::from_ref(span),
        Some(Days::Many(spans)) => spans,
    };
    let mut bits = if days.is_none() { Window::DAILY } else { 0 };
    for span in spans {
        bits |= day_bits(span).ok_or_else(|| {
            wrong(format!("{key}.days is a day as \"mon\", days as \"mon-fri\", or a list of them, not {span:?}"))
                .of("days")
        })?;
    }
    let time = |name: &str, text: &str| {
        let what = || wrong(format!("{key}.{name} is a time of day as \"22:00\", not {text:?}"));
        minute_of_day(text).ok_or_else(|| what().of(name))
    };
    let end = if to == "24:00" { DAY_MINUTES } else { time("to", to)? };
    let window = Window { days: bits, from: time("from", from)?, to: end };
    if window.is_sound() { Ok(window) } else { Err(wrong(format!("{key} needs at least one day"))) }
}

/// The bits of "mon" or "fri-mon"; a span may wrap around the end of the week.
fn day_bits(span: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name.trim());
    let (first, last) = match span.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(span)?, day(span)?),
    };
    let length = (last + 7 - first) % 7;
    Some((0..=length).fold(0, |bits, n| bits | 1 << ((first + n) % 7)))
}
