//! `GET /v1/tls/root`: the certificate that browsers of other devices install, so that they know this one's page.

use super::Api;
use crate::base::time::{Duration, Instant};
use crate::http::answer::refused_for_good;
use crate::limits::TLS_ROOT_AGAIN_MS;
use crate::platform::home::Home;
use crate::platform::{blocking, clock};
use crate::wire::x509::pem;
use trillium::{Conn, KnownHeaderName, Status};

/// What phones and desktops take for a root certificate to install, in DER and in PEM. PEM can be looked at.
const MEDIA: &str = "application/x-x509-ca-cert";

const NONE: &str = "This device has no root certificate: TLS was never on. `wattle tls on` makes one.";

const UNREAD: &str =
    "The root certificate of this device cannot be read; the log says why, and `wattle doctor` what helps.";

/// What is known of the root certificate: the answer is open to everybody, so strangers cause no more than a look once in a while.
#[derive(Debug, Default)]
pub(super) struct KnownRoot {
    /// In PEM; it is read once, and stays.
    certificate: Option<String>,
    /// Why there was none at the last look, and when the next one is due.
    missing: Option<(Missing, Instant)>,
    /// What the log says already.
    logged: Option<String>,
}

/// Why there is no root certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missing {
    /// None was made.
    Never,
    Unread,
}

impl KnownRoot {
    /// Whether somebody has to look now. If so the next look is due later, whatever this one finds.
    fn begins(&mut self, now: Instant) -> bool {
        let last = self.missing;
        let is_due = self.certificate.is_none() && last.is_none_or(|(_, due)| now >= due);
        if is_due {
            let why = last.map_or(Missing::Unread, |(why, _)| why);
            self.missing = Some((why, now + Duration::from_millis(TLS_ROOT_AGAIN_MS)));
        }
        is_due
    }

    /// Takes what was found; returns what the log does not say yet.
    fn take(&mut self, found: Result<Option<String>, String>) -> Option<String> {
        let (why, failure) = match found {
            Ok(Some(certificate)) => {
                self.certificate = Some(certificate);
                return None;
            }
            Ok(None) => (Missing::Never, None),
            Err(failure) => (Missing::Unread, Some(failure)),
        };
        self.missing = self.missing.map(|(_, due)| (why, due));
        let is_new = failure != self.logged;
        self.logged.clone_from(&failure);
        failure.filter(|_| is_new)
    }
}

impl Api {
    /// One asks the disk at a time, and the others wait for what it finds.
    pub(in crate::http) async fn tls_root(&self, conn: Conn) -> Conn {
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
            (None, Some((Missing::Never, _)) | None) => refused_for_good(conn, Status::NotFound, NONE),
            (None, Some((Missing::Unread, _))) => refused_for_good(conn, Status::InternalServerError, UNREAD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_a_root_that_is_missing_or_damaged_causes_one_look_in_ten_seconds_and_one_line_of_the_log() {
        let (mut known, at) = (KnownRoot::default(), |ms| Instant::from_millis(1_000 + ms));
        assert!(known.begins(at(0)) && !known.begins(at(1)), "one looks, the others wait");
        assert_eq!(known.take(Ok(None)), None);
        assert_eq!(known.missing.map(|(why, _)| why), Some(Missing::Never));
        assert!(!known.begins(at(TLS_ROOT_AGAIN_MS - 1)));
        assert!(known.begins(at(TLS_ROOT_AGAIN_MS)));
        assert_eq!(known.take(Err("damaged".to_owned())).as_deref(), Some("damaged"));
        assert!(!known.begins(at(TLS_ROOT_AGAIN_MS + 1)), "it is looked at no more for a while");
        assert!(known.begins(at(2 * TLS_ROOT_AGAIN_MS)));
        assert_eq!(known.take(Err("damaged".to_owned())), None, "the log says so already");
        assert_eq!(known.missing.map(|(why, _)| why), Some(Missing::Unread));
        assert!(known.begins(at(3 * TLS_ROOT_AGAIN_MS)));
        assert_eq!((known.take(Ok(Some("PEM".to_owned()))), known.certificate.as_deref()), (None, Some("PEM")));
        assert!(!known.begins(at(9 * TLS_ROOT_AGAIN_MS)), "it is read once");
    }
}
