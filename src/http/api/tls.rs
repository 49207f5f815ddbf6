//! `GET /v1/tls/root`: the certificate that browsers of other devices install, so that they know this one's page.

use super::Api;
use crate::http::answer::refused;
use crate::http::known_root::Missing;
use crate::platform::home::Home;
use crate::platform::{blocking, clock};
use crate::wire::x509::pem;
use trillium::{Conn, KnownHeaderName, Status};

/// What phones and desktops take for a root certificate to install, in DER and in PEM. PEM can be looked at.
const MEDIA: &str = "application/x-x509-ca-cert";

const NONE: &str = "This device has no root certificate: TLS was never on. `wattle tls on` makes one.";

const UNREAD: &str =
    "The root certificate of this device cannot be read; the log says why, and `wattle doctor` what helps.";

impl Api {
    /// One asks the disk at a time, and the others wait for what it finds.
    pub(crate) async fn tls_root(&self, conn: Conn) -> Conn {
        let mut known = self.tls_root.lock_arc().await;
        if known.begins(clock::now()) {
            let home = self.keys.home().to_owned();
            // A task of its own: whoever hangs up ends no look for which others wait.
            let look = async move {
                let root = blocking::run(move || Home::at(&home).existing_tls_root()).await;
                let root = root.unwrap_or_else(|| Err("the system gives no more threads".to_owned()));
                if let Some(why) = known.take(root.map(|root| root.map(|root| pem(root.certificate())))) {
                    log::warn!("{why}");
                }
            };
            smol::spawn(look).detach();
        } else {
            drop(known);
        }
        let known = self.tls_root.lock().await;
        match (&known.certificate, known.missing) {
            (Some(certificate), _) => {
                conn.with_response_header(KnownHeaderName::ContentType, MEDIA).ok(certificate.clone())
            }
            (None, Some((Missing::Never, _)) | None) => refused(conn, Status::NotFound, NONE),
            (None, Some((Missing::Unread, _))) => refused(conn, Status::InternalServerError, UNREAD),
        }
    }
}
