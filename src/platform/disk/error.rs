//! What the errors of fjall mean: damage, or a disk that fails.

use crate::store::kv::KvError;
use fjall::LsmError;
use std::io::{self, ErrorKind};

pub(super) const WRONG_CHECKSUM: &str = "a checksum is wrong";

/// What a failure of fjall is.
pub(super) fn failed(error: &fjall::Error) -> KvError {
    match error {
        fjall::Error::Io(error) | fjall::Error::Storage(LsmError::Io(error)) => failed_io(error),
        fjall::Error::Poisoned => KvError::Io("an earlier write failed".to_owned()),
        fjall::Error::Locked => KvError::Io("another program has it open".to_owned()),
        fjall::Error::Storage(LsmError::ChecksumMismatch { .. }) => KvError::Damaged(WRONG_CHECKSUM.to_owned()),
        other => KvError::Damaged(format!("{other:?}")),
    }
}

/// A file that is missing, cut short or of another kind is damage, which a rebuild mends; what the disk refuses is not.
pub(super) fn failed_io(error: &io::Error) -> KvError {
    match error.kind() {
        ErrorKind::NotFound
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::UnexpectedEof
        | ErrorKind::InvalidInput
        | ErrorKind::InvalidData => KvError::Damaged(error.to_string()),
        _ => KvError::Io(error.to_string()),
    }
}
