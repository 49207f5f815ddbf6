//! What a failing disk still gives.

use crate::store::kv::KvError;

/// What was read; the first error is kept.
pub(super) fn given<T>(read: Result<Option<T>, KvError>, unread: &mut Option<KvError>) -> Option<T> {
    read.unwrap_or_else(|error| {
        unread.get_or_insert(error);
        None
    })
}
