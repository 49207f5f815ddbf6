//! Each time that the memory is written out, every space gets a table. fjall merges them by itself once `options::TABLES` are there, which is right for
//! large spaces, whose merges write much; each table is an open file, though, and takes memory for its index and its filter. So in a small space few
//! are let gather, and the more the larger it is: what a merge writes again stays below `STORE_MERGED_PER_TABLE` for each table.

use super::error::failed;
use super::{Disk, Inner, guarded};
use crate::limits::{STORE_MERGED_PER_TABLE, STORE_SMALL_SPACE, STORE_TABLES_MIN};
use crate::store::kv::KvError;
use fjall::compaction::Leveled;
use fjall::{AbstractTree, Keyspace};
use std::sync::Arc;

impl Disk {
    /// Merges what has gathered in one space, if that is enough for the space's size; whether there may be more to merge. It writes
    /// what has gathered, and `STORE_SMALL_SPACE` bytes at most again: for the writer's thread, when it has nothing else to do.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn merge_gathered(&self) -> Result<bool, KvError> {
        let inner = self.inner()?;
        self.noted(guarded(|| inner.merge_gathered()))
    }
}

impl Inner {
    fn merge_gathered(&self) -> Result<bool, KvError> {
        let due = |space| Some((space, gather(space).filter(|let_gather| gathered(space) >= *let_gather)?));
        let Some((space, let_gather)) = self.spaces.iter().find_map(due) else { return Ok(false) };
        let before = gathered(space);
        let strategy = Arc::new(Leveled::default().with_l0_threshold(let_gather));
        // What a snapshot still sees stays.
        let seen = self.db.supervisor.snapshot_tracker.get_seqno_safe_to_gc();
        space.tree.compact(strategy, seen).map_err(|error| failed(&error.into()))?;
        // None are fewer where fjall merges them just now.
        Ok(gathered(space) < before)
    }
}

/// Tables of a space that were written out and not merged since.
fn gathered(space: &Keyspace) -> u8 {
    u8::try_from(space.l0_table_count()).unwrap_or(u8::MAX)
}

/// So many tables may gather in a space, by what was merged before and would be written again; `None` where that is left to fjall.
fn gather(space: &Keyspace) -> Option<u8> {
    let levels = space.tree.current_version();
    let merged = levels.iter_levels().skip(1).fold(0, |sum, level| sum + level.size());
    let again = Some(merged).filter(|merged| *merged <= STORE_SMALL_SPACE)?.div_ceil(STORE_MERGED_PER_TABLE);
    u8::try_from(again).ok().map(|tables| tables.max(STORE_TABLES_MIN))
}

#[cfg(test)]
#[path = "gathered_test.rs"]
mod tests;
