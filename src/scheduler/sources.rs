//! What is watched: as it is on the disk, and as it will be once the newest save of it is there.

use super::path::covers;
use crate::base::id::{ReplyId, SaveId};
use crate::limits::{REPLIES_MAX, SOURCES_MAX};
use crate::store::record::Source;

/// The watched folders and files.
#[derive(Debug)]
pub(super) struct WatchedSources {
    /// Those that are on the disk: only these are scanned, shown and promised.
    pub(super) saved: Vec<Source>,
    /// The list in the newest save under way, and that save. The next `Add` builds on it.
    ordered: Option<(SaveId, Vec<Source>)>,
}

/// A list on its way to the disk, with the promises that rest on it. Whoever adds a place that the list covers waits for the
/// same save: the reply says that the place is watched after a power cut as well.
#[derive(Debug)]
pub(super) struct Promised {
    pub(super) sources: Vec<Source>,
    /// The place that is new, to be watched.
    pub(super) place: Vec<u8>,
    /// Who asked, for which place.
    pub(super) replies: heapless::Vec<(ReplyId, Vec<u8>), REPLIES_MAX>,
}

impl WatchedSources {
    pub(super) const fn new(saved: Vec<Source>) -> Self {
        Self { saved, ordered: None }
    }

    /// The list with `new` in it; `None` if it is covered already; a sentence if it cannot be added.
    pub(super) fn with(&self, new: &Source) -> Result<Option<Vec<Source>>, String> {
        place_source(self.ordered.as_ref().map_or(&self.saved, |(_, sources)| sources), new)
    }

    /// This list is being saved.
    pub(super) fn order(&mut self, save: SaveId, sources: Vec<Source>) {
        self.ordered = Some((save, sources));
    }

    /// The newest save of the list that is under way.
    pub(super) fn under_way(&self) -> Option<SaveId> {
        self.ordered.as_ref().map(|(save, _)| *save)
    }

    /// A save of the list is on the disk.
    pub(super) fn settle(&mut self, save: SaveId, sources: Vec<Source>) {
        self.saved = sources;
        if self.under_way() == Some(save) {
            self.ordered = None;
        }
    }

    /// A save of the list failed: what was ordered never holds.
    pub(super) fn give_up(&mut self) {
        self.ordered = None;
    }

    /// The innermost source that covers the path.
    pub(super) fn covering(&self, path: &[u8]) -> Option<&Source> {
        let covering = self.saved.iter().filter(|source| covers(&source.path, path));
        covering.max_by_key(|source| source.path.len())
    }
}

fn place_source(sources: &[Source], new: &Source) -> Result<Option<Vec<Source>>, String> {
    let name = |source: &Source| String::from_utf8_lossy(&source.path).into_owned();
    let alike = |source: &Source| source.collection == new.collection && source.ring == new.ring;
    for source in sources {
        let (outer, inner) = (covers(&source.path, &new.path), covers(&new.path, &source.path));
        if (outer || inner) && !alike(source) {
            return Err(format!(
                "{} belongs to the collection {:?} (ring {}) already, and a file can be in only one. Nothing was changed.",
                name(source),
                source.collection,
                source.ring.as_str()
            ));
        }
        if outer && (source.path != new.path || source.device == new.device) {
            return Ok(None);
        }
    }
    let mut placed: Vec<_> = sources.iter().filter(|source| !covers(&new.path, &source.path)).cloned().collect();
    if placed.len() >= SOURCES_MAX {
        return Err(format!(
            "{SOURCES_MAX} folders are watched already, and no more can be. Add a folder that holds several. Nothing was changed."
        ));
    }
    placed.push(new.clone());
    Ok(Some(placed))
}
