//! Quiet hours: as `[[energy.quiet]]` has them, as people set them on the page and the command line, and back into the file.

use super::error::{ConfigError, within, wrong};
use super::window::{DAYS, Days, window};
use crate::energy::fraction::Fraction;
use crate::energy::policy::hours::{QuietHours, Window};
use crate::limits::QUIET_HOURS_MAX;
use serde::Deserialize;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

/// One window of the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quiet {
    days: Option<Days>,
    from: String,
    to: String,
    #[serde(default)]
    cap: f64,
}

impl Quiet {
    /// It, as the governor takes it. `key` is what an error calls it.
    fn read(&self, key: &str) -> Result<(Window, Fraction), ConfigError> {
        let cap = within(&format!("{key}.cap"), self.cap, 0.0, 1.0)?;
        Ok((window(key, self.days.as_ref(), &self.from, &self.to)?, Fraction::new(cap)))
    }
}

/// The windows of a file.
pub(super) fn hours_of(written: &[Quiet]) -> Result<QuietHours, ConfigError> {
    let mut quiet = QuietHours::default();
    for (place, hours) in written.iter().enumerate() {
        let key = format!("energy.quiet.{place}");
        let cap = within("energy.quiet.cap", hours.cap, 0.0, 1.0).map_err(|error| error.of(&format!("{key}.cap")))?;
        let window = window("energy.quiet", hours.days.as_ref(), &hours.from, &hours.to);
        if !quiet.add(window.map_err(|error| error.below(&key))?, Fraction::new(cap)) {
            return Err(wrong(too_many()).of(&key));
        }
    }
    Ok(quiet)
}

fn too_many() -> String {
    format!("more than {QUIET_HOURS_MAX} quiet hours are written; that many are kept")
}

/// One window as somebody asks for it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WantedQuiet {
    /// The days on which it begins: "sat,sun", "mon-fri" or "daily", which it is if nothing is said.
    pub days: Option<String>,
    /// When it begins, as 22:00.
    pub from: String,
    /// When it ends; not after `from`: on the next day.
    pub to: String,
    /// The share of the device that may be used.
    #[serde(default)]
    pub cap: f64,
}

/// Quiet hours as somebody asks for them.
///
/// # Errors
/// One sentence: what is wrong with which window, and what is allowed.
pub fn quiet_hours(wanted: &[WantedQuiet]) -> Result<QuietHours, String> {
    if wanted.len() > QUIET_HOURS_MAX {
        return Err(format!(
            "There may be {QUIET_HOURS_MAX} quiet hours, and not {}. Nothing was changed.",
            wanted.len()
        ));
    }
    let mut hours = QuietHours::default();
    for (place, one) in wanted.iter().enumerate() {
        let WantedQuiet { days, from, to, cap } = one.clone();
        let days = days.filter(|days| days.trim() != "daily");
        let days = days.map(|days| Days::Many(days.split(',').map(|day| day.trim().to_lowercase()).collect()));
        let (window, cap) = Quiet { days, from, to, cap }.read("quiet").map_err(|error| {
            format!("Of the quiet hours number {} is wrong: {}. Nothing was changed.", place + 1, error.what)
        })?;
        // It is sound, and there is room.
        let _ = hours.add(window, cap);
    }
    Ok(hours)
}

/// Writes quiet hours into a file's text in place of those that it has. A window that stays is left as it is written, with its comments.
pub(super) fn write(document: &mut DocumentMut, hours: &QuietHours) {
    let energy = document.entry("energy").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    // A table whose keys stand elsewhere (`energy.silent = true`), or on one line, takes a list.
    let takes_tables = energy.as_table().is_some_and(|table| !table.is_dotted());
    let Some(energy) = energy.as_table_like_mut() else { return };
    let mut new: Vec<(Window, Fraction)> = hours.windows().collect();
    if let Some(tables) = energy.get_mut("quiet").and_then(Item::as_array_of_tables_mut) {
        tables.retain(|table| {
            let read = toml::from_str::<Quiet>(&table.to_string()).ok().and_then(|quiet| quiet.read("quiet").ok());
            let place = new.iter().position(|window| Some(window) == read.as_ref());
            place.map(|place| new.remove(place)).is_some()
        });
        for window in new {
            tables.push(fields(window).into_table());
        }
        if tables.is_empty() {
            energy.remove("quiet");
        }
        return;
    }
    energy.remove("quiet");
    if new.is_empty() {
        return;
    }
    let item = if takes_tables {
        Item::ArrayOfTables(new.into_iter().map(|window| fields(window).into_table()).collect::<ArrayOfTables>())
    } else {
        Item::Value(new.into_iter().map(fields).collect::<Array>().into())
    };
    energy.insert("quiet", item);
}

/// A window as it is written.
fn fields((window, cap): (Window, Fraction)) -> InlineTable {
    let mut fields = InlineTable::new();
    if let Some(days) = days(window.days & Window::DAILY) {
        fields.insert("days", days);
    }
    fields.insert("from", time(window.from).into());
    fields.insert("to", time(window.to).into());
    if cap > Fraction::NONE {
        fields.insert("cap", cap.value().into());
    }
    fields
}

fn time(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Days as people write them: three or more in a row as a span; nothing for every day.
fn days(bits: u8) -> Option<Value> {
    if bits == Window::DAILY {
        return None;
    }
    let name = |day: usize| DAYS.get(day % 7).copied().unwrap_or_default();
    let row = |first: usize, length: usize| (first..first + length).fold(0_u8, |bits, day| bits | 1 << (day % 7));
    let mut rows = (0..7).flat_map(|first| (3..7).map(move |length| (first, length)));
    if let Some((first, length)) = rows.find(|(first, length)| row(*first, *length) == bits) {
        return Some(format!("{}-{}", name(first), name(first + length - 1)).into());
    }
    Some((0..7).filter(|day| bits >> day & 1 == 1).map(name).collect::<Array>().into())
}

#[cfg(test)]
#[path = "quiet_test.rs"]
mod test;
