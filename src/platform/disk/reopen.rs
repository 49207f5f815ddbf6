//! Opens a store anew that failed while it is in use.

use super::error::failed;
use super::{Disk, FLUSH_LOOK, Inner, guarded};
use crate::limits::REOPEN_WAIT_MS;
use crate::platform::home::try_writing;
use crate::store::kv::KvError;
use fjall::PersistMode;
use std::path::Path;
use std::sync::{Arc, PoisonError};

impl Disk {
    /// Opens the store anew if it failed, for all its handles: fjall writes nothing any more after a write that failed. What
    /// was never synced may be there afterwards, or not. Readers wait meanwhile, but not while it is tried whether the disk can be written.
    ///
    /// # Errors
    /// `Io` if it is in use just now, or the disk fails still: try again later. After a sync that failed this is never done:
    /// the system may count pages as written that are not (<https://lwn.net/Articles/752063>), so that what the store reads
    /// of them would be lost in a power cut, with everything written behind them.
    pub fn reopen(&self) -> Result<(), KvError> {
        self.reopen_with(try_writing)
    }

    /// The same; `try_writing` tells whether the folder can be written.
    pub(super) fn reopen_with(&self, try_writing: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), KvError> {
        if self.is_unconfirmed() {
            return Err(KvError::Io("the disk did not confirm what was written".to_owned()));
        }
        // It can be opened only where it can be written; until then what is open is read, of a disk that became read-only too. On a failing card
        // a sync may take many seconds: no reader waits for this one.
        match self.inner().map(|inner| writes_still(&inner)) {
            Ok(true) => return Ok(()),
            Ok(false) => try_writing(&self.shared.folder).map_err(|error| KvError::Io(error.to_string()))?,
            // It is closed.
            Err(_) => {}
        }
        let mut open = self.shared.open.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(inner) = open.as_ref() {
            // Another thread may have opened it anew meanwhile.
            if writes_still(inner) {
                return Ok(());
            }
            if !is_last(inner) {
                return Err(KvError::Io("it is being read just now".to_owned()));
            }
        }
        // Its lock goes with it.
        drop(open.take());
        *open = Some(Arc::new(guarded(|| Inner::open(&self.shared.folder))?));
        Ok(())
    }
}

/// Whether fjall writes still: after a write that failed it says at once that it does not.
fn writes_still(inner: &Inner) -> bool {
    guarded(|| inner.db.persist(PersistMode::Buffer).map_err(|error| failed(&error))).is_ok()
}

/// Whether nobody else reads this store, or soon nobody will. No new reader comes, because the caller holds the lock.
#[expect(clippy::disallowed_methods, reason = "only the writer's thread waits here, for reads of moments")]
fn is_last(inner: &Arc<Inner>) -> bool {
    for _ in 0..REOPEN_WAIT_MS / 5 {
        if Arc::strong_count(inner) == 1 {
            return true;
        }
        std::thread::sleep(FLUSH_LOOK);
    }
    false
}
