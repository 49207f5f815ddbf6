//! Windows of the week as people write them: days, from, to.

use super::{ConfigError, wrong};
use crate::energy::policy::hours::{Window, minute_of_day};
use crate::energy::policy::wall::DAY_MINUTES;
use serde::Deserialize;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days: one word, or a list of words. A word is a day or a span of days.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Days {
    One(String),
    Many(Vec<String>),
}

/// The window of these words; `key` is named where they are wrong. Without days it is every day's.
pub(super) fn window(key: &str, days: Option<&Days>, from: &str, to: &str) -> Result<Window, ConfigError> {
    let words: &[String] = match days {
        None => &[],
        Some(Days::One(word)) => std::slice::from_ref(word),
        Some(Days::Many(words)) => words,
    };
    let mut bits = if days.is_none() { Window::DAILY } else { 0 };
    for word in words {
        bits |= span(word).ok_or_else(|| {
            wrong(format!("{key}.days is a day as \"mon\", days as \"mon-fri\", or a list of them, not {word:?}"))
        })?;
    }
    let time = |name: &str, text: &str| {
        minute_of_day(text).ok_or_else(|| wrong(format!("{key}.{name} is a time of day as \"22:00\", not {text:?}")))
    };
    let end = if to == "24:00" { DAY_MINUTES } else { time("to", to)? };
    let window = Window { days: bits, from: time("from", from)?, to: end };
    if window.is_sound() { Ok(window) } else { Err(wrong(format!("{key} needs at least one day"))) }
}

/// The bits of "mon" or "fri-mon"; a span may go over the end of the week.
fn span(word: &str) -> Option<u8> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name.trim());
    let (first, last) = match word.split_once('-') {
        Some((first, last)) => (day(first)?, day(last)?),
        None => (day(word)?, day(word)?),
    };
    let length = (last + 7 - first) % 7;
    Some((0..=length).fold(0, |bits, n| bits | 1 << ((first + n) % 7)))
}
