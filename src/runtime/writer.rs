//! The only thread that writes the store. All saves that arrived during a sync share the next one (group commit).
//!
//! After a save that failed, or a panic, the library no longer knows what is on the disk: every later save is refused until
//! the agent is started again.

use crate::base::id::SaveId;
use crate::limits::SAVES_MAX;
use crate::node::input::{Input, Saved};
use crate::platform::disk::Disk;
use crate::platform::home::{Home, HomeFile, disk_free};
use crate::platform::panics::guard;
use crate::search::vector::Index;
use crate::store::change::{Applied, Change};
use crate::store::kv::Kv;
use crate::store::library::Library;
use crate::store::read;
use crate::store::record::Record;
use smol::channel::{Receiver, Sender};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// One batch of changes of the node.
pub type Save = (SaveId, Vec<Change>);

/// What the writer owns.
pub struct Writer {
    /// The store.
    pub library: Library<Disk>,
    /// The vector index that queries scan.
    pub index: Arc<RwLock<Index>>,
    /// The agent's home.
    pub home: PathBuf,
    /// To the driver.
    pub inputs: Sender<Input>,
    /// Why nothing can be written any more.
    pub broken: Option<String>,
}

impl Writer {
    /// Saves until the driver drops the queue; then flushes the memory tables, so that the next start is quick.
    pub fn run(mut self, saves: &Receiver<Save>) {
        while let Ok(first) = saves.recv_blocking() {
            let mut group = vec![first];
            while group.len() < SAVES_MAX
                && let Ok(next) = saves.try_recv()
            {
                group.push(next);
            }
            let ids: Vec<SaveId> = group.iter().map(|(id, _)| *id).collect();
            let results = match self.save_guarded(group) {
                Ok(results) => results.into_iter().map(Ok).collect(),
                Err(why) => vec![Err(why); ids.len()],
            };
            for (id, result) in ids.into_iter().zip(results) {
                if self.inputs.send_blocking(Input::Saved(id, result)).is_err() {
                    return;
                }
            }
        }
        if self.broken.is_some() {
            return;
        }
        if let Err(error) = self.library.kv().rotate() {
            log::warn!("The store's memory could not be written out; the next start replays it instead: {error}.");
        }
    }

    /// Saves a group, unless an earlier one failed. A panic counts as a failure.
    fn save_guarded(&mut self, group: Vec<Save>) -> Result<Vec<Saved>, String> {
        if let Some(why) = &self.broken {
            return Err(why.clone());
        }
        let saved = guard(|| self.save(group)).unwrap_or_else(|why| {
            Err(format!("Nothing can be saved any more, because a defect of the program stopped the writer ({why})."))
        });
        self.broken = saved.as_ref().err().cloned();
        saved
    }

    fn save(&mut self, group: Vec<Save>) -> Result<Vec<Saved>, String> {
        let broken = |error| format!("The store cannot be written any more: {error}.");
        let mut results: Vec<Saved> = Vec::with_capacity(group.len());
        for (_, changes) in group {
            let mut applied = Vec::with_capacity(changes.len());
            for change in &changes {
                if let Change::Sources(sources) = change {
                    Home::at(&self.home)
                        .write(HomeFile::Sources, &sources.encode())
                        .map_err(|error| format!("The list of watched folders cannot be written: {error}."))?;
                }
                applied.push(self.library.apply(change).map_err(broken)?);
                self.log_refusal(change);
            }
            let commit = self.library.commit();
            results.push(Saved { applied, counts: commit.counts, number: commit.number, disk_free: 0 });
        }
        self.library.kv().sync().map_err(broken)?;
        self.update_index(results.iter().flat_map(|saved| &saved.applied));
        let free = disk_free(&self.home);
        results.iter_mut().for_each(|saved| saved.disk_free = free);
        Ok(results)
    }

    /// Says which file cannot be used. Only here is its path at hand: the node knows documents by number.
    fn log_refusal(&self, change: &Change) {
        if let Change::Refused { doc, reason, .. } = change
            && let Ok(Some(doc)) = read::document(self.library.kv(), *doc)
        {
            log::info!("{} is not used. {reason}", String::from_utf8_lossy(&doc.path));
        }
    }

    fn update_index<'a>(&self, applied: impl Iterator<Item = &'a Applied>) {
        let changed: Vec<&Applied> = applied.filter(|a| !(a.added.is_empty() && a.removed.is_empty())).collect();
        if changed.is_empty() {
            return;
        }
        // Held for a few appends: a question waits microseconds.
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        // A removal is a pass over all rows, however many it removes: collect them until something is added.
        let mut removed = Vec::new();
        for applied in changed {
            removed.extend_from_slice(&applied.removed);
            if !applied.added.is_empty() {
                index.remove(&std::mem::take(&mut removed));
                index.add(&applied.added);
            }
        }
        index.remove(&removed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Ring;
    use crate::platform::disk::Sync;
    use crate::store::record::{FileStamp, Sources};
    use smol::channel::bounded;

    #[test]
    fn after_a_save_that_failed_no_later_one_is_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::open(Disk::open(folder.path(), Sync::Buffer).unwrap()).unwrap();
        let (inputs, _inbox) = bounded(1);
        let home = folder.path().join("a home that is gone");
        let mut writer = Writer { library, index: Arc::default(), home, inputs, broken: None };
        let seen = Change::Seen {
            path: b"/a".to_vec(),
            stamp: FileStamp::default(),
            collection: "home".to_owned(),
            ring: Ring::Mesh,
        };
        let mut save = |change: Change| writer.save_guarded(vec![(SaveId(1), vec![change])]);
        assert_eq!(save(seen.clone()).map(|saved| saved.len()), Ok(1));
        let why = save(Change::Sources(Sources(Vec::new()))).unwrap_err();
        assert!(why.contains("watched folders"), "{why}");
        assert_eq!(save(seen), Err(why));
    }
}
