//! The watched sources: the list on the disk, and the list in the newest save.

use super::addition::Addition;
use super::path::covers;
use crate::base::id::{ReplyId, Ring, SaveId};
use crate::limits::REPLIES_MAX;
use crate::store::record::{Source, Sources};

/// The watched folders and files.
#[derive(Debug)]
pub(super) struct WatchedSources {
    /// The list on the disk: only this one is scanned, shown and acknowledged.
    pub(super) saved: Sources,
    /// The newest save under way and the list in it. The next `Add` extends this list.
    unsaved: Option<(SaveId, Sources)>,
}

/// A list in a save, with the requests that wait for it. An `Add` of a place that the list covers waits for the same
/// save, because its reply promises that the place is watched after a power cut too.
#[derive(Debug)]
pub(super) struct UnsavedSources {
    pub(super) sources: Sources,
    /// The new place, if one is added.
    pub(super) added: Option<Vec<u8>>,
    /// The places that are watched no more.
    pub(super) removed: Vec<Vec<u8>>,
    /// The collection that one of the requests changes, by the name that it has then.
    pub(super) regrouped: Option<String>,
    /// The requests and the place that each of them adds, if it adds one.
    pub(super) replies: heapless::Vec<(ReplyId, Option<Vec<u8>>), REPLIES_MAX>,
}

impl WatchedSources {
    pub(super) const fn new(saved: Sources) -> Self {
        Self { saved, unsaved: None }
    }

    /// The list with `new` added; `None` if the list covers it already.
    ///
    /// # Errors
    /// A sentence for people: it cannot be added.
    pub(super) fn with(&self, new: &Addition) -> Result<Option<Sources>, String> {
        new.placed(self.newest())
    }

    /// The list in the newest save.
    pub(super) fn newest(&self) -> &Sources {
        self.unsaved.as_ref().map_or(&self.saved, |(_, sources)| sources)
    }

    /// The list without the sources at the path or below it, and those sources. Private collections that have no source
    /// any more stay private.
    ///
    /// # Errors
    /// A sentence for people: the name of one cannot be remembered.
    pub(super) fn without(&self, path: &[u8]) -> Result<(Sources, Vec<Source>), String> {
        let (places, removed): (Vec<Source>, Vec<Source>) =
            self.newest().places.iter().cloned().partition(|source| !covers(path, &source.path));
        let mut left = Sources { places, ..self.newest().clone() };
        for source in removed.iter().filter(|source| source.ring == Ring::Private) {
            left.remember(&source.collection)?;
        }
        Ok((left, removed))
    }

    /// Whether the newest list has this very place.
    pub(super) fn holds(&self, path: &[u8]) -> bool {
        self.newest().places.iter().any(|source| source.path == path)
    }

    /// The sources in this place, which is none itself.
    pub(super) fn below(&self, path: &[u8]) -> Vec<&[u8]> {
        self.newest()
            .places
            .iter()
            .map(|source| &*source.path)
            .filter(|source| covers(path, source) && *source != path)
            .collect()
    }

    /// A save of this list is under way.
    pub(super) fn begin_save(&mut self, save: SaveId, sources: Sources) {
        self.unsaved = Some((save, sources));
    }

    /// The newest save of the list, if one is under way.
    pub(super) fn save_under_way(&self) -> Option<SaveId> {
        self.unsaved.as_ref().map(|(save, _)| *save)
    }

    /// A save of the list is on the disk.
    pub(super) fn on_saved(&mut self, save: SaveId, sources: Sources) {
        self.saved = sources;
        if self.save_under_way() == Some(save) {
            self.unsaved = None;
        }
    }

    /// A save of the list failed: the unsaved list never takes effect.
    pub(super) fn on_save_failed(&mut self) {
        self.unsaved = None;
    }

    /// The deepest source that covers the path.
    pub(super) fn covering(&self, path: &[u8]) -> Option<&Source> {
        let covering = self.saved.places.iter().filter(|source| covers(&source.path, path));
        covering.max_by_key(|source| source.path.len())
    }
}
