//! Which chunks and files may answer, by the folders that they lie in.

use crate::base::hit::Absence;
use crate::base::id::Ring;
use crate::base::path::shown;
use crate::store::kv::{Kv, KvError};
use crate::store::read;
use crate::store::record::{ChunkHead, Sources};

/// The watched folders, as far as the disk gives them, and whether only what their rings share with the members answers.
#[derive(Clone, Copy)]
pub(super) struct Folders<'a> {
    pub(super) sources: Option<&'a Sources>,
    pub(super) shared: bool,
}

impl Folders<'_> {
    /// Whether a chunk may answer; a record that the disk does not give counts as private.
    pub(super) fn let_see(&self, kv: &impl Kv, chunk: ChunkHead) -> bool {
        let seen = |sources| is_shared(kv, sources, chunk).unwrap_or(false);
        !self.shared || self.sources.is_some_and(seen)
    }

    /// Whether some chunks may not answer.
    pub(super) fn hide_any(&self) -> bool {
        self.shared
            && self.sources.is_some_and(|sources| sources.places.iter().any(|source| source.ring == Ring::Private))
    }

    /// Whether a document may answer of which this is known of its file: one that is not there may have been moved into a private folder,
    /// where there are such.
    pub(super) fn let_out(&self, absence: Option<Absence>) -> bool {
        match absence {
            None => true,
            // Its owner may have closed it to others, and did not say to whom.
            Some(Absence::Unreadable) => !self.shared,
            Some(Absence::Away(_) | Absence::Kept(_)) => !self.hide_any(),
        }
    }

    /// A path as another device is told it: from the name of the watched folder on, as far as folders are shared.
    pub(super) fn told<'p>(&self, path: &'p [u8]) -> &'p [u8] {
        let places = self.sources.map(|sources| &sources.places[..]).unwrap_or_default();
        let shared = places.iter().filter(|source| source.ring.is_shared());
        shown(path, shared.map(|source| source.path.as_slice()))
    }

    /// Whether a file lies in a watched folder. One that does not is left from a fault, and is about to be deleted.
    pub(super) fn hold(&self, path: &[u8]) -> bool {
        self.sources.is_none_or(|sources| sources.of(path).is_some())
    }
}

/// Whether members may see a chunk: the source that its file lies in says so. Where all records agree, no document is read.
fn is_shared(kv: &impl Kv, sources: &Sources, chunk: ChunkHead) -> Result<bool, KvError> {
    if chunk.ring.is_shared() && sources.places.iter().all(|source| source.ring.is_shared()) {
        return Ok(true);
    }
    let doc = read::document(kv, chunk.doc)?;
    Ok(doc.is_some_and(|doc| sources.of(&doc.path).is_some_and(|source| source.ring.is_shared())))
}
