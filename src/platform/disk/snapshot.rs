//! What a reader sees of the store, whatever is written meanwhile.

use super::error::failed;
use super::range::{bounds, pairs};
use super::{Disk, Inner, guarded};
use crate::store::kv::{KvError, KvRead, Pair, Space};
use fjall::Readable;
use std::sync::Arc;

/// All spaces as they were at one moment.
pub struct DiskSnapshot {
    /// Or why there is none.
    view: Result<(fjall::Snapshot, Arc<Inner>), KvError>,
    disk: Disk,
}

impl DiskSnapshot {
    pub(super) const fn new(view: Result<(fjall::Snapshot, Arc<Inner>), KvError>, disk: Disk) -> Self {
        Self { view, disk }
    }
}

impl std::fmt::Debug for DiskSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DiskSnapshot")
    }
}

impl KvRead for DiskSnapshot {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        let (view, inner) = self.view.as_ref().map_err(Clone::clone)?;
        self.disk.noted(guarded(|| {
            let value = view.get(inner.space(space), key).map_err(|error| failed(&error))?;
            Ok(value.map(|value| value.to_vec()))
        }))
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        let Some(bounds) = bounds(from, to) else { return Ok(Vec::new()) };
        let (view, inner) = self.view.as_ref().map_err(Clone::clone)?;
        self.disk.noted(guarded(|| pairs(view.range::<&[u8], _>(inner.space(space), bounds), max)))
    }

    fn note_damage(&self, error: &KvError) {
        self.disk.note_damage(error);
    }
}
