//! Failed attempts of documents that are not parked, as the store keeps them.

use super::{Failing, Failure, Parking};
use crate::base::id::DocId;
use crate::base::time::Instant;
use crate::store::record::{Attempt, Failed, Failing as StoredFailing};

/// Of an attempt that was stored before the time of day was known. After a start it is told with the time of that.
const UNKNOWN: i64 = 0;

impl Failing {
    pub(super) fn restored(now: Instant, stored: StoredFailing) -> Self {
        let failure = |Failed { attempt, key }: Failed| Failure {
            by: attempt.by.zip(key),
            why: attempt.why,
            at: now,
            before: Some(attempt.at).filter(|at| *at != UNKNOWN),
        };
        Self {
            failures: stored.attempts.into_iter().map(failure).collect(),
            here: usize::try_from(stored.here).unwrap_or(usize::MAX),
            is_only_here: stored.is_only_here,
            is_stored: true,
        }
    }
}

impl Parking {
    /// What the store is to keep of a document that failed here; `clock`: the time of day of an instant, in seconds since 1970, if that
    /// is known.
    pub(in crate::scheduler) fn keep(
        &mut self,
        doc: DocId,
        clock: impl Fn(Instant) -> Option<i64>,
    ) -> Option<StoredFailing> {
        let failing = self.failing.get_mut(&doc).filter(|failing| failing.here > 0)?;
        failing.is_stored = true;
        let attempt = |failure: &Failure| Failed {
            attempt: Attempt {
                by: failure.by.map(|(peer, _)| peer),
                why: failure.why.clone(),
                at: failure.before.or_else(|| clock(failure.at)).unwrap_or(UNKNOWN),
            },
            key: failure.by.map(|(_, key)| key),
        };
        Some(StoredFailing {
            attempts: failing.failures.iter().map(attempt).collect(),
            here: u32::try_from(failing.here).unwrap_or(u32::MAX),
            is_only_here: failing.is_only_here,
        })
    }
}
