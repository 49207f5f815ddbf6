//! The one thread that writes the store. Groups what has come in since the last sync into the next one.

use crate::base::id::SaveId;
use crate::limits::SAVES_MAX;
use crate::node::input::{Input, Saved};
use crate::platform::disk::Disk;
use crate::platform::home::{Home, HomeFile, disk_free};
use crate::search::vector::Index;
use crate::store::change::{Applied, Change};
use crate::store::kv::Kv;
use crate::store::library::Library;
use crate::store::record::Record;
use smol::channel::{Receiver, Sender};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

/// One batch of the node's.
pub type Save = (SaveId, Vec<Change>);

/// What the writer owns.
pub struct Writer {
    /// The store.
    pub library: Library<Disk>,
    /// The sign bits that people's questions scan.
    pub index: Arc<RwLock<Index>>,
    /// The agent's home.
    pub home: PathBuf,
    /// To the driver.
    pub inputs: Sender<Input>,
}

impl Writer {
    /// Works until the driver hangs up; then writes the memory tables out, so that the next start is quick.
    pub fn run(mut self, saves: &Receiver<Save>) {
        while let Ok(first) = saves.recv_blocking() {
            let mut group = vec![first];
            while group.len() < SAVES_MAX
                && let Ok(next) = saves.try_recv()
            {
                group.push(next);
            }
            let ids: Vec<SaveId> = group.iter().map(|(id, _)| *id).collect();
            let results = match self.save(group) {
                Ok(results) => results.into_iter().map(Ok).collect(),
                Err(why) => vec![Err(why); ids.len()],
            };
            for (id, result) in ids.into_iter().zip(results) {
                if self.inputs.send_blocking(Input::Saved(id, result)).is_err() {
                    return;
                }
            }
        }
        if let Err(error) = self.library.kv().rotate() {
            log::warn!("The store's memory could not be written out; the next start replays it instead: {error}.");
        }
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
            }
            results.push(Saved { applied, ledger: self.library.commit().ledger, disk_free: 0 });
        }
        self.library.kv().sync().map_err(broken)?;
        self.update_index(results.iter().flat_map(|saved| &saved.applied));
        let free = disk_free(&self.home);
        results.iter_mut().for_each(|saved| saved.disk_free = free);
        Ok(results)
    }

    fn update_index<'a>(&self, applied: impl Iterator<Item = &'a Applied>) {
        let changed: Vec<&Applied> = applied.filter(|a| !(a.added.is_empty() && a.removed.is_empty())).collect();
        if changed.is_empty() {
            return;
        }
        // Held for a few appends; a question waits microseconds, and never for a background thread.
        let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
        // Removing is a pass over all rows, however many go: gather until something is added.
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
