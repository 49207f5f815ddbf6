//! One token as it is kept, and whether it lets somebody in.

use crate::energy::policy::clock::RELEASE;
use crate::http::dto::{NamedToken, Role, TokenKind};
use crate::limits::SESSION_UNUSED_S;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicI64, Ordering};

/// A named token as the file has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) name: String,
    pub(super) role: Role,
    /// Seconds since 1970 by the system's clock when it was made.
    pub(super) created: i64,
    /// Of its digits, in hex.
    pub(super) sha256: String,
    /// Of a session: when it was last used, to a day. `None`: it is none, and stays until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<i64>,
}

/// What the file holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) tokens: Vec<Kept>,
}

/// One that lets somebody in.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kept: Kept,
    /// Seconds since 1970 when it last let somebody in; 0: not since the agent started, or of a session never.
    used: AtomicI64,
}

impl Entry {
    pub(super) fn new(kept: Kept) -> Self {
        let used = AtomicI64::new(kept.session.unwrap_or(0));
        Self { kept, used }
    }

    /// What its holder may do, and that it was used now; `None` where it is over.
    pub(super) fn lets_in(&self, now: i64) -> Option<Role> {
        if self.is_over(now) {
            return None;
        }
        self.was_used(now);
        Some(self.kept.role)
    }

    /// It was used then. A clock that was set back makes it no older.
    pub(super) fn was_used(&self, then: i64) {
        self.used.fetch_max(then, Ordering::Relaxed);
    }

    /// Whether it is a session that nobody has used for too long. What was used while the clock was not set yet, as on a board without a
    /// battery for it, is not over because it was set meanwhile: such a clock shows 1970, or when its system was made, which was before this program.
    pub(super) fn is_over(&self, now: i64) -> bool {
        let used = self.used();
        self.kept.session.is_some() && used >= RELEASE && now.saturating_sub(used) > SESSION_UNUSED_S
    }

    pub(super) fn used(&self) -> i64 {
        self.used.load(Ordering::Relaxed)
    }

    /// As people and programs are told it.
    pub(super) fn shown(&self) -> NamedToken {
        let (Kept { name, role, created, session, .. }, used) = (self.kept.clone(), self.used());
        let kind = if session.is_some() { TokenKind::Session } else { TokenKind::Token };
        let expires = session.map(|_| used.saturating_add(SESSION_UNUSED_S));
        NamedToken { name, role, kind, created, used: (used != 0).then_some(used), expires }
    }
}

/// What is kept of a token: its SHA-256 sum in hex.
pub(super) fn sum(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(session: Option<i64>) -> Entry {
        Entry::new(Kept { name: "x".to_owned(), role: Role::Read, created: 0, sha256: String::new(), session })
    }

    #[test]
    fn a_session_ends_when_nobody_used_it_for_thirty_days_and_a_token_does_not() {
        let (start, days) = (RELEASE + 7, |days: i64| days * 86_400);
        let session = entry(Some(start));
        assert_eq!(session.lets_in(start + days(30)), Some(Role::Read));
        assert_eq!(session.shown().expires, Some(start + days(60)));
        assert_eq!(session.lets_in(start + days(60)), Some(Role::Read), "each use gives it another thirty");
        assert_eq!(session.lets_in(start + days(90) + 1), None);
        assert!(session.is_over(start + days(90) + 1) && !session.is_over(start));
        let token = entry(None);
        assert_eq!(token.lets_in(start + days(900)), Some(Role::Read));
        assert_eq!((token.shown().expires, token.shown().kind), (None, TokenKind::Token));
    }

    #[test]
    fn a_clock_that_was_not_set_or_is_set_back_ends_no_session() {
        let session = entry(Some(40));
        assert_eq!(session.lets_in(RELEASE + 90 * 86_400), Some(Role::Read), "1970 was no use");
        assert_eq!(session.lets_in(50), Some(Role::Read));
        assert_eq!(session.used(), RELEASE + 90 * 86_400);
        // systemd sets a clock that shows less to the time at which it was built itself.
        assert!(!entry(Some(RELEASE - 86_400)).is_over(RELEASE + 90 * 86_400));
    }
}
