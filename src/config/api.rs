//! `[api]`: the address at which other devices may reach the API, whether it speaks TLS there, whether callers within this machine need no token, and whether
//! texts of programs may go to members.

use super::error::{ConfigError, wrong};
use core::net::{IpAddr, SocketAddr};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawApi {
    open: Option<String>,
    open_here: Option<bool>,
    tls: Option<Tls>,
    spread: Option<bool>,
}

/// Whether the address for other devices speaks TLS.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Tls {
    On,
    Off,
}

/// How the API is opened.
#[derive(Clone, Copy, Debug)]
pub(super) struct ApiSettings {
    pub(super) open: Option<SocketAddr>,
    pub(super) open_here: bool,
    pub(super) tls: bool,
    /// Whether texts of programs stay on this device.
    pub(super) texts_stay: bool,
}

impl RawApi {
    /// The settings, if they go together.
    pub(super) fn checked(self) -> Result<ApiSettings, ConfigError> {
        let open = self.open.map(|text| open_to(&text).map_err(|why| wrong(why).of("api.open"))).transpose()?;
        let open = open.and_then(OpenTo::address);
        let open_here = self.open_here.unwrap_or(false);
        if open_here && open.is_some() {
            return Err(wrong(OPEN_HERE_AND_THERE.to_owned()).of("api.open_here"));
        }
        let texts_stay = self.spread == Some(false);
        Ok(ApiSettings { open, open_here, tls: matches!(self.tls, Some(Tls::On)), texts_stay })
    }
}

/// Why the two are not set together. A device that others reach is no machine that one person has for herself.
pub const OPEN_HERE_AND_THERE: &str = "api.open_here is for a machine that nobody else uses, and cannot be true while the API is open to other devices (api.open, \
                                       --open-api): remove one of the two";

/// Whether other devices reach the API, as its owner says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenTo {
    /// None does: the word `off`.
    Nobody,
    /// At this address.
    At(SocketAddr),
}

impl OpenTo {
    /// The address, if there is one.
    #[must_use]
    pub const fn address(self) -> Option<SocketAddr> {
        match self {
            Self::Nobody => None,
            Self::At(address) => Some(address),
        }
    }
}

/// Reads an address of this device at which the API may listen for other devices, or that it shall not.
///
/// # Errors
/// One sentence: what is wrong with it.
pub fn open_to(text: &str) -> Result<OpenTo, String> {
    if text == "off" {
        return Ok(OpenTo::Nobody);
    }
    let Ok(address) = text.parse::<SocketAddr>() else {
        return Err(format!(
            "api.open is one address of this device with a port, as 192.168.1.4:7780, or \"off\", not {text:?}"
        ));
    };
    if matches!(address.ip(), IpAddr::V6(six) if six.is_unicast_link_local()) {
        return Err("api.open cannot begin with fe80: such an address holds on one link alone, and no browser opens it; `wattle link` names another".to_owned());
    }
    if address.ip().is_unspecified() {
        return Err("api.open names one address of this device; all of them at once is not possible".to_owned());
    }
    if address.ip().is_loopback() {
        return Err("api.open is an address that other devices reach; this machine itself has --api".to_owned());
    }
    if address.ip().is_multicast() || address.port() == 0 {
        return Err(format!("api.open cannot be {address}: it needs one address of this device, and a port"));
    }
    Ok(OpenTo::At(address))
}
