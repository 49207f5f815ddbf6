//! Why a change of what the agent keeps in its home was not made.

use std::fmt;
use std::io::{Error, ErrorKind};

/// Why, with one sentence for people. The callers of the API tell these apart by their status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// What was asked for can never be: another request is needed.
    Unfit(String),
    /// It does not go with what there is now.
    Conflict(String),
    /// The disk is full, or what its owner may use of it.
    DiskFull(String),
    /// The system has no thread or memory for it just now.
    Busy(String),
    /// A file cannot be read or written for another reason, or the system gives no random numbers.
    Broken(String),
}

impl Unchanged {
    /// A file that could not be written: `why` is the sentence that says which one.
    #[must_use]
    pub fn unwritten(error: &Error, why: String) -> Self {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::DiskFull(why),
            _ => Self::Broken(why),
        }
    }

    /// The sentence.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::Unfit(why) | Self::Conflict(why) | Self::DiskFull(why) | Self::Busy(why) | Self::Broken(why) => why,
        }
    }
}

impl fmt::Display for Unchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.why())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_file_that_cannot_be_written_for_another_reason() {
        let of = |kind: ErrorKind| Unchanged::unwritten(&Error::from(kind), "It is not kept.".to_owned());
        let why = || "It is not kept.".to_owned();
        assert_eq!(of(ErrorKind::StorageFull), Unchanged::DiskFull(why()));
        assert_eq!(of(ErrorKind::QuotaExceeded), Unchanged::DiskFull(why()));
        assert_eq!(of(ErrorKind::PermissionDenied), Unchanged::Broken(why()));
        assert_eq!(of(ErrorKind::StorageFull).to_string(), why());
    }
}
