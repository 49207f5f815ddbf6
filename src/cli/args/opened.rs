//! The arguments of `wattle up` about other devices at the API.

use crate::config::{OpenTo, open_to};

/// Whether other devices reach the API, and who chooses the page's password.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct OpenedArgs {
    /// Open the API to other devices at this one address of this device, for example 192.168.1.4:7780; `wattle link` names it.
    /// Callers need the token, and everybody on the network can read the traffic unless `wattle tls on` encrypts it. It holds for later starts too, until `off` in
    /// place of the address closes the API to other devices again.
    #[arg(long, value_name = "ADDRESS", value_parser = open_to)]
    pub open_api: Option<OpenTo>,

    /// Whoever opens the page first, on another device too, chooses its password and may do everything then: for a device without
    /// a screen. It holds for this run, in the first half hour after the home's first start, while no password was ever set.
    /// Without this, the first password is chosen on the device itself.
    #[arg(long, hide_short_help = true)]
    pub first_visitor: bool,
}
