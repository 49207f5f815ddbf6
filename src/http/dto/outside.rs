//! How other devices reach the page.

use serde::{Deserialize, Serialize};

/// The address at which the agent that runs opens the page to other devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageOutside {
    /// As a browser takes it, without what lets it in.
    pub address: String,
    /// Whether what goes there is encrypted (TLS).
    pub tls: bool,
    /// Why no device reaches it now, in a sentence: this device does not have the address, or the agent does not listen there yet. Left out where
    /// neither is so; a firewall is not seen from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}
