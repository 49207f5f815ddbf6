//! What is wrong with a configuration file.

use core::fmt;
use toml::de::{DeTable, DeValue};

/// What is wrong with a file, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, and what is allowed.
    pub what: String,
    /// The keys that lead to the value: `["energy", "quiet", "0", "cap"]`. Empty where a line or the whole file is wrong.
    key: Vec<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// An error without a place: the value was well-formed, and out of range.
pub(super) fn wrong(what: impl Into<String>) -> ConfigError {
    ConfigError { line: None, what: what.into(), key: Vec::new() }
}

/// A number that has a least and a most value.
pub(super) fn within(key: &str, value: f64, least: f64, most: f64) -> Result<f64, ConfigError> {
    if value >= least && value <= most {
        return Ok(value);
    }
    Err(wrong(format!("{key} is a number from {least} to {most}, not {value}")).of(key))
}

/// An error of the parser, at this byte of the text.
pub(super) fn malformed(text: &str, at: Option<usize>, what: &str) -> ConfigError {
    let what =
        truth_value(text, at, what).unwrap_or_else(|| what.replace('\n', " ").replace("a boolean", "true or false"));
    ConfigError { line: at.map(|at| line_of(text, at)), ..wrong(what) }
}

/// The words of other programs for true and false, which TOML does not have.
fn truth_value(text: &str, at: Option<usize>, what: &str) -> Option<String> {
    let line = text.lines().nth(line_of(text, at?) - 1)?;
    let (key, value) = line.split_once('=')?;
    let value = value.split('#').next()?.trim();
    let quoted = value.starts_with(['"', '\'']);
    if quoted && !what.contains("a boolean") {
        return None;
    }
    let meant = match value.trim_matches(['"', '\'']).to_lowercase().as_str() {
        "yes" | "on" | "true" => "true, without quotes",
        "no" | "false" => "false, without quotes",
        "off" if quoted => "false, without quotes",
        "off" => "false, or \"off\" where a word is meant",
        _ => return None,
    };
    Some(format!("{} cannot be {value}: write {meant}", key.trim()))
}

impl ConfigError {
    /// The same error about the value of this key, with a dot between keys and a number for a place in a list:
    /// "energy.quiet.0.cap".
    pub(super) fn of(self, key: &str) -> Self {
        Self { key: key.split('.').map(str::to_owned).collect(), ..self }
    }

    /// The same error about a key of the table or list entry at `key`.
    pub(super) fn below(self, key: &str) -> Self {
        let Self { line, what, key: inner } = self;
        Self { line, what, key: key.split('.').map(str::to_owned).chain(inner).collect() }
    }

    /// The same error with the line of its key in this text, if it has none yet.
    pub(super) fn located(self, text: &str) -> Self {
        let line = self.line.or_else(|| {
            let table = DeTable::parse(text).ok()?;
            let mut at = None;
            let mut value: Option<&DeValue<'_>> = None;
            for (depth, key) in self.key.iter().enumerate() {
                // A key that the file does not have: the error is about the value that lacks it.
                let next = match (depth, value) {
                    (0, _) => table.get_ref().get(key.as_str()),
                    (_, Some(DeValue::Table(table))) => table.get(key.as_str()),
                    (_, Some(DeValue::Array(list))) => key.parse::<usize>().ok().and_then(|place| list.get(place)),
                    _ => None,
                };
                let Some(next) = next else { break };
                at = Some(next.span().start);
                value = Some(next.get_ref());
            }
            at.map(|at| line_of(text, at))
        });
        Self { line, ..self }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
