//! `GET /v1/tls/root`: the certificate that browsers of other devices install, so that they know this one's page.

use super::Api;
use crate::http::answer::refused_for_good;
use crate::platform::blocking;
use crate::platform::home::Home;
use crate::wire::x509::pem;
use trillium::{Conn, KnownHeaderName, Status};

/// What phones and desktops take for a root certificate to install, in DER and in PEM. PEM can be looked at.
const MEDIA: &str = "application/x-x509-ca-cert";

const NONE: &str = "This device has no root certificate: TLS was never on. `wattle tls on` makes one.";

const UNREAD: &str =
    "The root certificate of this device cannot be read; the log says why, and `wattle doctor` what helps.";

impl Api {
    /// It is read once: the answer is open to everybody, and costs as little as a file of the page.
    pub(in crate::http) async fn tls_root(&self, conn: Conn) -> Conn {
        if self.tls_root.get().is_none() {
            let home = self.keys.home().to_owned();
            let root = blocking::run(move || Home::at(&home).existing_tls_root()).await;
            match root.unwrap_or_else(|| Err("the system gives no more threads".to_owned())) {
                Ok(Some(root)) => drop(self.tls_root.set(pem(root.certificate()))),
                Ok(None) => {}
                Err(why) => {
                    log::warn!("{why}");
                    return refused_for_good(conn, Status::InternalServerError, UNREAD);
                }
            }
        }
        match self.tls_root.get() {
            Some(certificate) => conn.with_response_header(KnownHeaderName::ContentType, MEDIA).ok(certificate.clone()),
            None => refused_for_good(conn, Status::NotFound, NONE),
        }
    }
}
