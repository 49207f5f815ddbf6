//! The `Kv` of tests and of the simulator: maps in memory that lose unsynced commits when the power is cut.

use super::kv::{Batch, Kv, KvError, KvRead, Pair, SPACES, Space};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

type Maps = [BTreeMap<Vec<u8>, Vec<u8>>; SPACES];

/// A store in memory. Single-threaded, like the simulator.
#[derive(Debug, Default)]
pub struct MemoryKv {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    /// With every commit. Copied by the first commit after a snapshot, while that is there.
    current: Arc<Maps>,
    /// As a power cut would leave them.
    synced: Maps,
    unsynced: Vec<Batch>,
}

impl MemoryKv {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts the power: the first `written` unsynced commits happened to reach the disk, the others are lost, as a
    /// journal loses its tail.
    pub fn cut_power(&self, written: usize) {
        let state = &mut *self.state.borrow_mut();
        for batch in state.unsynced.drain(..).take(written) {
            apply(&mut state.synced, &batch);
        }
        state.current = Arc::new(state.synced.clone());
    }

    /// Commits since the last sync.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.state.borrow().unsynced.len()
    }
}

fn apply(maps: &mut Maps, batch: &Batch) {
    for (space, key, value) in batch.ops() {
        let map = &mut maps[space.index()];
        match value {
            Some(value) => drop(map.insert(key.clone(), value.clone())),
            None => drop(map.remove(key)),
        }
    }
}

fn page(maps: &Maps, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Vec<Pair> {
    if to.is_some_and(|to| to <= from) {
        return Vec::new();
    }
    let bounds = (Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded));
    let pairs = maps[space.index()].range::<[u8], _>(bounds);
    pairs.take(max).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// All maps as of one moment.
#[derive(Clone, Debug)]
pub struct MemorySnapshot(Arc<Maps>);

impl KvRead for MemorySnapshot {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.0[space.index()].get(key).cloned())
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        Ok(page(&self.0, space, from, to, max))
    }
}

impl KvRead for MemoryKv {
    fn get(&self, space: Space, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        Ok(self.state.borrow().current[space.index()].get(key).cloned())
    }

    fn page(&self, space: Space, from: &[u8], to: Option<&[u8]>, max: usize) -> Result<Vec<Pair>, KvError> {
        Ok(page(&self.state.borrow().current, space, from, to, max))
    }
}

impl Kv for MemoryKv {
    type Snapshot = MemorySnapshot;

    fn snapshot(&self) -> MemorySnapshot {
        MemorySnapshot(Arc::clone(&self.state.borrow().current))
    }

    fn commit(&self, batch: Batch) -> Result<(), KvError> {
        let state = &mut *self.state.borrow_mut();
        apply(Arc::make_mut(&mut state.current), &batch);
        state.unsynced.push(batch);
        Ok(())
    }

    fn sync(&self) -> Result<(), KvError> {
        let state = &mut *self.state.borrow_mut();
        for batch in state.unsynced.drain(..) {
            apply(&mut state.synced, &batch);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_store_fulfils_the_contract_of_the_port() {
        super::super::kv::suite(&MemoryKv::new());
    }

    #[test]
    fn a_power_cut_loses_what_was_not_synced_and_nothing_else() {
        let kv = MemoryKv::new();
        let put = |key: &str| {
            let mut batch = Batch::new();
            batch.put(Space::State, key, "x");
            kv.commit(batch).unwrap();
        };
        put("synced");
        kv.sync().unwrap();
        put("lucky");
        put("lost");
        kv.cut_power(1);
        let found = |key: &str| kv.get(Space::State, key.as_bytes()).unwrap().is_some();
        assert!(found("synced") && found("lucky") && !found("lost"));
    }
}
