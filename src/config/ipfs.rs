//! `[ipfs]`: what programs of IPFS may fetch of public collections. Nothing, unless the owner says so.

use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIpfs {
    bitswap: Option<bool>,
    gateway: Option<bool>,
}

/// Which ways lead to the documents of public collections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ipfs {
    /// Whether any program that reaches this device may fetch them by bitswap.
    pub bitswap: bool,
    /// Whether whoever reaches the API may fetch them over HTTP, without a token.
    pub gateway: bool,
}

impl RawIpfs {
    pub(super) fn checked(self) -> Ipfs {
        Ipfs { bitswap: self.bitswap.unwrap_or(false), gateway: self.gateway.unwrap_or(false) }
    }
}
