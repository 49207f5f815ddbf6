//! What tells a folder or file from others wherever it is moved, as a real file system tells it.

use crate::platform::file_system::FileSystem;
use crate::store::roots::{Identity, Root, moved};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::UNIX_EPOCH;

/// That of a folder or file on this file system.
pub(super) fn identity(meta: &Metadata, system: &FileSystem) -> Identity {
    let born = meta.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born_ns = born.map_or(0, |born| i64::try_from(born.as_nanos()).unwrap_or(0));
    Identity { volume: system.tag, inode: meta.ino(), born_ns }
}

/// The private place that is at `path` now, if one is. `identity` is asked only where the number of one is met.
pub(super) fn moved_here(
    private: &[Root],
    path: &[u8],
    meta: &Metadata,
    identity: impl FnOnce() -> Option<Identity>,
) -> Option<Vec<u8>> {
    if !private.iter().any(|root| root.identity.inode == meta.ino()) {
        return None;
    }
    moved(private, path, identity()?).map(<[u8]>::to_vec)
}
