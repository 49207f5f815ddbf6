//! What is known of the root certificate, for the call by which browsers fetch it.

use crate::base::time::{Duration, Instant};
use crate::limits::TLS_ROOT_AGAIN_MS;

/// What is known of the root certificate: the answer is open to everybody, so strangers cause no more than a look once in a while.
#[derive(Debug, Default)]
pub(crate) struct KnownRoot {
    /// In PEM; it is read once, and stays.
    pub(crate) certificate: Option<String>,
    /// Why there was none at the last look, and when the next one is due.
    pub(crate) missing: Option<(Missing, Instant)>,
    /// What the log says already.
    logged: Option<String>,
}

/// Why there is no root certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// None was made.
    Never,
    /// It cannot be read.
    Unread,
}

impl KnownRoot {
    /// Whether somebody has to look now. If so the next look is due later, whatever this one finds.
    pub(crate) fn begins(&mut self, now: Instant) -> bool {
        let last = self.missing;
        let is_due = self.certificate.is_none() && last.is_none_or(|(_, due)| now >= due);
        if is_due {
            let why = last.map_or(Missing::Unread, |(why, _)| why);
            self.missing = Some((why, now + Duration::from_millis(TLS_ROOT_AGAIN_MS)));
        }
        is_due
    }

    /// Takes what was found; returns what the log does not say yet.
    pub(crate) fn take(&mut self, found: Result<Option<String>, String>) -> Option<String> {
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
