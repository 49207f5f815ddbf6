//! The whole file: its tables and their settings.

use super::api::{ApiSettings, RawApi};
use super::energy::{Energy, RawEnergy};
use super::error::{ConfigError, malformed, wrong};
use super::ipfs::{Ipfs, RawIpfs};
use super::node::{NodeSettings, RawNode};
use crate::limits::CONFIG_BYTES_MAX;
use core::net::SocketAddr;
use serde::Deserialize;

/// The settings of a file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// How the agent is started: its name, addresses, peers and folders.
    pub node: NodeSettings,
    /// The governor's settings.
    pub energy: Energy,
    /// An address for other devices at which the API listens as well.
    pub open_api: Option<SocketAddr>,
    /// Whether callers within this machine need no token. Never with `open_api`.
    pub open_here: bool,
    /// Whether the address for other devices speaks TLS.
    pub tls: bool,
    /// What programs of IPFS may fetch.
    pub ipfs: Ipfs,
    /// Whether the texts that programs have embedded stay on this device (`api.spread = false`).
    pub texts_stay: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    #[serde(default)]
    node: RawNode,
    #[serde(default)]
    energy: RawEnergy,
    #[serde(default)]
    api: RawApi,
    #[serde(default)]
    ipfs: RawIpfs,
}

impl Config {
    /// Reads a file's text.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line; no setting of the file is used then.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.len() > CONFIG_BYTES_MAX {
            return Err(wrong(format!("it is larger than {CONFIG_BYTES_MAX} bytes")));
        }
        let written: RawConfig = toml::from_str(text)
            .map_err(|error| malformed(text, error.span().map(|span| span.start), error.message()))?;
        written.checked().map_err(|error| error.located(text))
    }
}

impl RawConfig {
    fn checked(self) -> Result<Config, ConfigError> {
        let ApiSettings { open, open_here, tls, texts_stay } = self.api.checked()?;
        let (node, energy) = (self.node.checked()?, self.energy.checked()?);
        Ok(Config { node, energy, open_api: open, open_here, tls, ipfs: self.ipfs.checked(), texts_stay })
    }
}
