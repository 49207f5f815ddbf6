//! Which documents answer with what was read of them before, because their files changed and could not be read anew.

use super::keys;
use super::kv::{KvError, KvRead, Space};
use super::record::{DocState, Document};
use crate::base::id::DocId;

/// The value of a parked document's key that was parked before its present content was read. Of others it is empty.
pub(in crate::store) const PARKED_UNREAD: [u8; 1] = [1];

/// How the reason begins why a document is not used whose owner dropped the task to read it.
pub(in crate::store) const DROPPED_UNREAD: &str = "Its tasks failed before it was read";

/// Whether a parked document was parked before its present content was read.
pub(in crate::store) fn was_parked_unread(kv: &impl KvRead, id: DocId) -> Result<bool, KvError> {
    Ok(kv.get(Space::Todo, &keys::parked(id))?.as_deref() == Some(&PARKED_UNREAD[..]))
}

/// Whether the chunks of a document are those of an earlier reading, because its file could not be read anew: attempts at it failed, are given
/// up, or were dropped by its owner.
///
/// # Errors
/// Any `KvError`.
pub fn is_earlier(kv: &impl KvRead, id: DocId, doc: &Document) -> Result<bool, KvError> {
    if doc.chunks.is_empty() {
        return Ok(false);
    }
    Ok(match &doc.state {
        DocState::Waiting => kv.get(Space::State, &keys::failing(id))?.is_some(),
        DocState::Parked(_) => was_parked_unread(kv, id)?,
        DocState::Refused(reason) => reason.starts_with(DROPPED_UNREAD),
        DocState::Chunked { .. } | DocState::Ready | DocState::Tombstoned => false,
    })
}
