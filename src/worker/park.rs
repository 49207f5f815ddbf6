//! Parking a document whose tasks failed: the attempts with the time of each, or a refusal where no more can be parked.

use crate::base::id::DocId;
use crate::base::time::Duration;
use crate::limits::PARKED_MAX;
use crate::scheduler::attempt::FailedAttempt;
use crate::scheduler::task::Outcome;
use crate::store::change::Change;
use crate::store::record::{Attempt, Document, Parked};

/// What becomes of the document. `now`: seconds since 1970, the time of the last attempt.
#[must_use]
pub(super) fn park(doc: DocId, known: Document, now: i64, attempts: Vec<FailedAttempt>, is_full: bool) -> Outcome {
    let at = |before: Duration| now.saturating_sub_unsigned(before.as_secs());
    let attempt = |failed: FailedAttempt| Attempt { by: failed.by, why: failed.why, at: at(failed.before) };
    let (stamp, parked) = (known.stamp, Parked::new(attempts.into_iter().map(attempt).collect()));
    if !is_full {
        return Outcome::Parking(known.path, Box::new(Change::Parked { doc, stamp, parked }));
    }
    let why = parked.why();
    let reason =
        format!("{why} {PARKED_MAX} tasks are parked already, so this one is given up until its file changes.");
    Outcome::Changes(vec![Change::Refused { doc, stamp, reason, keep: true }])
}
