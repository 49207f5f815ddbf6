//! When the writer syncs, and until when it waits for its next save. What can be made again waits a while for more, so that it is synced together.

use super::Writer;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{SAVE_FREE_MIN, SYNC_TOGETHER_MS};
use crate::platform::clock;
use crate::platform::home::disk_free;
use crate::platform::panics::guard;
use crate::platform::store;
use crate::store::kv::{Kv, KvError};
use futures_lite::future::pending;
use smol::Timer;

impl Writer {
    /// Syncs what was saved, unless it `waits` for more. Full memory tables are written out at once, and nothing waits on a full disk.
    pub(super) fn sync_or_wait(&mut self, waits: bool) -> Result<(), KvError> {
        if waits && disk_free(&self.home) >= SAVE_FREE_MIN && !self.library.kv().is_full()? {
            self.unsynced = self.unsynced.or_else(|| Some(clock::now()));
            return Ok(());
        }
        self.sync()
    }

    fn sync(&mut self) -> Result<(), KvError> {
        let (kv, has_room) = (self.library.kv(), disk_free(&self.home) >= SAVE_FREE_MIN);
        if has_room { kv.sync() } else { kv.sync_journal() }?;
        self.unsynced = None;
        Ok(())
    }

    /// When what waits to be synced waits no longer.
    fn sync_at(&self) -> Option<Instant> {
        self.unsynced.filter(|_| self.broken.is_none()).map(|since| since + Duration::from_millis(SYNC_TOGETHER_MS))
    }

    /// Syncs what waits for that, if its time has come, or `now`. After a sync that failed nothing is saved, as after a save that did.
    pub(super) fn sync_due(&mut self, now: bool) {
        if self.sync_at().is_none_or(|at| !now && clock::now() < at) {
            return;
        }
        let synced = guard(|| self.sync()).unwrap_or_else(|why| Err(KvError::Io(why)));
        self.broken = synced.err().map(|error| self.not_written(&error));
        if let Some(broken) = &self.broken {
            log::warn!("What was saved last could not be synced. {}", broken.why);
            if broken.lasts {
                store::mark_suspect(&self.home);
            }
        }
    }

    /// Until what waits to be synced is due, or a line of the log; for ever, where nothing is.
    pub(super) async fn until_due(&self) {
        match earliest(self.sync_at(), self.unused.due()) {
            Some(at) => {
                Timer::after(at.since(clock::now())).await;
            }
            None => pending().await,
        }
    }
}
