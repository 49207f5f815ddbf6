//! The whole file: its tables and their settings.

use super::api::RawApi;
use super::energy::{Energy, RawEnergy};
use super::error::{ConfigError, wrong};
use crate::limits::CONFIG_BYTES_MAX;
use core::net::SocketAddr;
use serde::Deserialize;

/// The settings of a file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The governor's settings.
    pub energy: Energy,
    /// An address for other devices at which the API listens as well.
    pub open_api: Option<SocketAddr>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    #[serde(default)]
    energy: RawEnergy,
    #[serde(default)]
    api: RawApi,
}

impl Config {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first thing that is wrong; no setting of the file is used then.
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
