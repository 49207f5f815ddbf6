//! The thread that checks the whole store.

use super::spot_check::spot_check;
use crate::base::id::TaskId;
use crate::node::input::Input;
use crate::platform::clock;
use crate::platform::disk::Disk;
use crate::platform::folder::Folders;
use crate::platform::panics::guard;
use crate::platform::store::mark_suspect;
use crate::scheduler::task::Outcome;
use crate::store::kv::{Kv, KvError, KvRead, Pair, Space};
use crate::worker::run::check_store;
use log::warn;
use smol::channel::{Receiver, Sender};
use std::path::PathBuf;

/// The audit thread's state.
#[derive(Debug)]
pub struct Auditor {
    /// The store, for reading.
    pub disk: Disk,
    /// The watched files, which are held against the store.
    pub folders: Folders,
    /// The agent's home.
    pub home: PathBuf,
    /// To the driver.
    pub inputs: Sender<Input>,
}

impl Auditor {
    /// Runs audits until the driver drops the queue, which also ends an audit under way.
    pub fn run(self, tasks: &Receiver<TaskId>) {
        while let Ok(id) = tasks.recv_blocking() {
            let began = clock::thread_cpu();
            let view = UntilClosed { view: self.disk.snapshot(), tasks };
            let outcome = guard(|| check_store(&view)).unwrap_or_else(Outcome::Panicked);
            drop(view);
            let outcome = guard(|| self.with_files(outcome, id, tasks)).unwrap_or_else(Outcome::Panicked);
            let spent = clock::thread_cpu().saturating_sub(began);
            if self.inputs.send_blocking(Input::Done(id, outcome, spent)).is_err() {
                return;
            }
        }
    }
}

impl Auditor {
    /// The outcome of an audit, with a sample of the files held against the store.
    fn with_files(&self, outcome: Outcome, id: TaskId, tasks: &Receiver<TaskId>) -> Outcome {
        let Outcome::Audited(mut audit) = outcome else { return outcome };
        if !audit.clean() {
            // A start compares stamps alone, which may agree all the same.
            mark_suspect(&self.home);
        }
        // What the audit read may be from memory.
        if let Err(error) = self.disk.verify_unless(|| tasks.is_closed()) {
            self.disk.note_damage(&error);
            return Outcome::StoreFailed(format!("The store cannot be read: {error}."));
        }
        // Another stretch at each audit: the golden ratio's bits spread the numbers of tasks.
        let chance = id.0.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
        match spot_check(&self.disk, &self.folders, chance, || tasks.is_closed()) {
            Ok(spot) => audit.spot = Some(spot),
            Err(error) => {
                self.disk.note_damage(&error);
                warn!("The files could not be held against the index: {error}.");
            }
        }
        Outcome::Audited(audit)
    }
}

/// A view whose reads fail once the queue is closed, so that a stop does not wait for an audit.
struct UntilClosed<'a, K> {
    view: K,
    tasks: &'a Receiver<TaskId>,
}

impl<K: KvRead> KvRead for UntilClosed<'_, K> {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        self.view.get(space, key)
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        if self.tasks.is_closed() {
            return Err(KvError::Io("the agent is stopping".to_owned()));
        }
        self.view.page(space, from, to, max)
    }

    fn note_damage(&self, error: &KvError) {
        self.view.note_damage(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::disk::Sync;
    use crate::platform::store::is_suspect;
    use crate::store::kv::Batch;
    use smol::channel::bounded;

    #[test]
    fn a_store_that_does_not_add_up_is_checked_by_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(&folder.path().join("store-1"), Sync::Buffer).unwrap();
        let ((inputs, _inbox), (_queue, tasks)) = (bounded(1), bounded(1));
        let (folders, home) = (Folders::new(folder.path().to_owned()), folder.path().to_owned());
        let auditor = Auditor { disk: disk.clone(), folders, home, inputs };
        let faults = || match auditor.with_files(check_store(&disk), TaskId(1), &tasks) {
            Outcome::Audited(audit) => audit.fault_count,
            other => panic!("{other:?}"),
        };
        assert!(faults() == 0 && !is_suspect(folder.path()));
        let mut batch = Batch::new();
        batch.put(Space::Key, [1_u8; 24], []);
        disk.commit(batch).unwrap();
        assert!(faults() == 1 && is_suspect(folder.path()));
    }

    #[test]
    fn a_stop_ends_an_audit_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(folder.path(), Sync::Buffer).unwrap();
        let (queue, tasks) = bounded(1);
        let view = UntilClosed { view: disk.snapshot(), tasks: &tasks };
        assert!(view.page(Space::Chunk, &[], None, 1).is_ok());
        drop(queue);
        assert!(matches!(check_store(&view), Outcome::StoreFailed(why) if why.contains("stopping")));
    }
}
