//! Parking a document whose tasks failed: the attempts with the time of each.

use crate::base::id::DocId;
use crate::scheduler::attempt::FailedAttempt;
use crate::scheduler::task::Outcome;
use crate::store::change::Change;
use crate::store::record::{Attempt, Document, Parked};

/// Parks the document. `now`: seconds since 1970, the time of the last attempt.
#[must_use]
pub(super) fn park(doc: DocId, known: Document, now: i64, attempts: Vec<FailedAttempt>) -> Outcome {
    let at = |failed: &FailedAttempt| failed.at.unwrap_or_else(|| now.saturating_sub_unsigned(failed.before.as_secs()));
    let attempt = |failed: FailedAttempt| Attempt { by: failed.by, at: at(&failed), why: failed.why };
    let (stamp, parked) = (known.stamp, Parked::new(attempts.into_iter().map(attempt).collect()));
    Outcome::Parking(known.path, Box::new(Change::Parked { doc, stamp, parked }))
}
