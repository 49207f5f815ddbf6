//! What an owner writes into `config.toml`: text to typed settings of the machines, or one sentence that says where it
//! is wrong.
//!
//! Duty: parse, check ranges, name the line. In/out: text in, `Config` or `ConfigError` out. Invariants: a file that is wrong
//! anywhere gives no settings at all; every key is known or an error; what is not written has the house's default.
//! Limits: `CONFIG_BYTES_MAX`, `QUIET_HOURS_MAX` windows. Not here: the file (`io::home`), the settings themselves
//! (the machines that use them), the command line (`io::cli`).

mod api;
mod energy;
mod window;

pub use api::open_address;
pub use energy::Energy;

use crate::base::time::Duration;
use crate::limits::CONFIG_BYTES_MAX;
use core::fmt;
use core::net::SocketAddr;
use serde::Deserialize;

/// All of a file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The governor's settings.
    pub energy: Energy,
    /// One more address where the API listens, not of this machine alone.
    pub open_api: Option<SocketAddr>,
}

/// What is wrong with a file, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    /// What, and what is allowed.
    pub what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    #[serde(default)]
    energy: energy::RawEnergy,
    #[serde(default)]
    api: api::RawApi,
}

impl Config {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The first thing that is wrong; nothing of the file counts then.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.len() > CONFIG_BYTES_MAX {
            return Err(wrong(format!("it is larger than {CONFIG_BYTES_MAX} bytes")));
        }
        let written: RawConfig = toml::from_str(text).map_err(|error| ConfigError {
            line: error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1),
            what: error.message().replace('\n', " "),
        })?;
        Ok(Self { energy: written.energy.checked()?, open_api: written.api.checked()? })
    }
}

fn wrong(what: impl Into<String>) -> ConfigError {
    ConfigError { line: None, what: what.into() }
}

/// "90s", "30m", "2h", "1d" as people write them; `None` for anything else, and for no time at all.
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

/// Ten years: longer times are a slip of the pen.
const LONGEST_S: u64 = 10 * 366 * 86_400;

#[cfg(test)]
mod tests;
