//! The API's address for other devices, with TLS where config.toml says so; and the end of what listens.

use crate::cli::options::UpOptions;
use crate::http::Server;
use crate::http::keys::Keys;
use crate::http::lan_listener::LanListener;
use crate::http::tls::Tls;
use crate::platform::home::Home;
use crate::platform::host::host_name;
use crate::runtime::handle::NodeHandle;

/// Opens it, if the owner has. With TLS on it never speaks without: what is in the way of TLS is in the way of the start.
///
/// # Errors
/// One sentence: what is in the way.
pub(super) fn lan_listener(
    home: &Home,
    options: &UpOptions,
    (node_handle, keys): (&NodeHandle, &Keys),
) -> Result<Option<LanListener>, String> {
    let Some(address) = options.open_api else { return Ok(None) };
    let tls = if options.config.tls { Some(Tls::new(home.tls_root()?, &host_name(), address)?) } else { None };
    LanListener::at(address, node_handle.clone(), keys.clone(), tls).map(Some)
}

/// Ends what listens: what is being answered is answered first.
pub(super) async fn close(server: Server, lan: Option<LanListener>) {
    server.stop().await;
    if let Some(lan) = lan {
        lan.stop().await;
    }
}
