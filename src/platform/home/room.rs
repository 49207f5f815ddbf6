//! How much room the disk of a home has.

use crate::limits::DISK_FREE_MIN;
use std::path::Path;

/// Bytes free for this user on the disk that holds `path`. An unreadable figure counts as plenty: a full disk then
/// shows in the writes themselves.
#[must_use]
pub fn disk_free(path: &Path) -> u64 {
    rustix::fs::statvfs(path).map_or(DISK_FREE_MIN * 2, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}
