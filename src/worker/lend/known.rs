//! Texts whose vectors are stored: those that tell an honest device from others, and those of which nobody knows yet whether their vectors are right.

use super::leaving::{Paths, may_leave};
use crate::base::id::{Fingerprint, Row};
use crate::base::rng::Rng;
use crate::limits::{GRANT_BYTES_MAX, KNOWN_LOOKED_MAX, KNOWN_MAX};
use crate::scheduler::offload::lendable::{Known, Lendable};
use crate::store::keys;
use crate::store::kv::{KvError, KvRead, Pair, Space};
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{DocState, Document, Record, Vector};
use crate::wire::work::LentText;
use std::collections::BTreeSet;

/// The vectors of a store, and which texts others may see.
pub(super) struct Lookup<'a, K, S> {
    kv: &'a K,
    model: Fingerprint,
    is_shared: S,
    makers: Makers,
    /// One that nobody has vouched for tells nothing about others.
    unproven: BTreeSet<Row>,
}

impl<'a, K: KvRead, S: Fn(&Document) -> bool> Lookup<'a, K, S> {
    /// # Errors
    /// Any `KvError`.
    pub(super) fn new(kv: &'a K, model: Fingerprint, is_shared: S) -> Result<Self, KvError> {
        let makers = Makers::read(kv)?;
        let unproven = makers.unproven();
        Ok(Self { kv, model, is_shared, makers, unproven })
    }

    /// Some chunks with vectors that others may see, by chance: each row may be the first that is looked at, and each of those one of them.
    pub(super) fn by_chance(&self, seed: u64, paths: &mut Paths) -> Result<Vec<Known>, KvError> {
        let (mut rng, mut found) = (Rng::new(seed), Vec::new());
        let mut page = self.looked_at(Row(rng.below(read::commit(self.kv)?.next_row.0.max(1))))?;
        while found.len() < KNOWN_MAX && !page.is_empty() {
            let (key, value) = page.swap_remove(usize::try_from(rng.below(page.len() as u64)).unwrap_or(0));
            let Some(row) = keys::number(&key).map(Row) else { continue };
            found.extend(self.usable(row, &value, paths)?);
        }
        Ok(found)
    }

    /// Those of these rows that others may see, also where they are owed a check.
    pub(super) fn of_rows(&self, rows: &[Row], paths: &mut Paths) -> Result<Vec<Known>, KvError> {
        let mut found = Vec::new();
        for row in rows {
            if let Some(value) = self.kv.get(Space::Vector, &keys::row(*row))? {
                found.extend(self.usable(*row, &value, paths)?);
            }
        }
        Ok(found)
    }

    fn usable(&self, row: Row, value: &[u8], paths: &mut Paths) -> Result<Option<Known>, KvError> {
        if self.unproven.contains(&row) {
            return Ok(None);
        }
        let vector = Vector::decode_stored(value)?;
        let by = self.makers.named(vector.by);
        if vector.by != 0 && by.is_none() || vector.model != self.model.into() || vector.is_stale {
            // Whoever made it may be the one whom it would vouch for; and others embed with this model.
            return Ok(None);
        }
        let Some(chunk) = read::chunk(self.kv, row)? else { return Ok(None) };
        let Some(doc) = read::document(self.kv, chunk.doc)?.filter(&self.is_shared) else { return Ok(None) };
        let text = LentText { heading: chunk.heading, text: chunk.text };
        if doc.state == DocState::Tombstoned
            || !may_leave([&text.heading, &text.text])
            || text.bytes() > GRANT_BYTES_MAX
        {
            return Ok(None);
        }
        paths.insert(chunk.doc, doc.path);
        let chunk = Lendable { doc: chunk.doc, row, key: chunk.key, text };
        Ok(Some(Known { chunk, vector: vector.values, by }))
    }

    /// Vectors from this row on, and then from the first one on; none that is itself owed a check.
    fn looked_at(&self, from: Row) -> Result<Vec<Pair>, KvError> {
        let mut page = Vec::new();
        for (mut at, end) in [(from, Row(u64::MAX)), (Row(0), from)] {
            // Each range that is passed over costs a look, as each vector does.
            for _ in 0..KNOWN_LOOKED_MAX {
                let owed = self.makers.owed_from(at);
                let stop = owed.map_or(end, |(first, _)| first.min(end));
                if at < stop {
                    let most = KNOWN_LOOKED_MAX - page.len();
                    page.extend(self.kv.page(Space::Vector, &keys::row(at), Some(&keys::row(stop)), most)?);
                }
                match owed {
                    Some((_, behind)) if page.len() < KNOWN_LOOKED_MAX && behind < end => at = behind,
                    _ => break,
                }
            }
        }
        Ok(page)
    }
}
