//! What the store knows of work that was not over when the agent ended.

use super::attempt::ParkedTask;
use super::offload::lendable::{Lendable, UnprovenResults};
use crate::base::id::{DocId, Row};
use crate::base::vector::Quantized;
use crate::limits::{FAILING_MAX, LENDING_MAX, PARKED_MAX, UNCHECKED_MAX, UNPROVEN_MAX};
use crate::store::keys;
use crate::store::kv::{KvError, KvRead, Space};
use crate::store::makers::Makers;
use crate::store::read;
use crate::store::record::{DocState, Failing, Record};
use crate::wire::work::LentText;

/// All of it, as the scheduler starts with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredWork {
    /// Parked documents.
    pub parked: Vec<(DocId, ParkedTask)>,
    /// Failed attempts of documents that are not parked.
    pub failing: Vec<(DocId, Failing)>,
    /// Results of other devices that no check has vouched for.
    pub unproven: Vec<UnprovenResults>,
    /// When it was read, in seconds since 1970; 0: that is not known.
    pub at: i64,
}

impl StoredWork {
    /// That of a store, at this time in seconds since 1970.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn read(kv: &impl KvRead, at: i64) -> Result<Self, KvError> {
        let parked = read::parked(kv, PARKED_MAX)?.into_iter();
        let parked = parked.map(|(doc, path, parked)| (doc, ParkedTask { path, parked })).collect();
        Ok(Self { parked, failing: failing(kv)?, unproven: unproven(kv, at)?, at })
    }
}

fn failing(kv: &impl KvRead) -> Result<Vec<(DocId, Failing)>, KvError> {
    let end = keys::after_prefix(keys::FAILING);
    let page = kv.page(Space::State, keys::FAILING, end.as_deref(), FAILING_MAX)?;
    let stored = page.into_iter().filter_map(|(key, value)| Some((keys::failing_doc(&key)?, value)));
    stored.map(|(doc, value)| Ok((doc, Failing::decode_stored(&value)?))).collect()
}

/// Results whose chunks wait to be embedded; of each device the last `UNCHECKED_MAX`, as no more of it ever wait. Before them devices that
/// get no work at this time.
fn unproven(kv: &impl KvRead, at: i64) -> Result<Vec<UnprovenResults>, KvError> {
    let (mut all, mut left) = (Vec::new(), UNPROVEN_MAX);
    for (by, maker) in Makers::read(kv)?.iter() {
        let mut results = Vec::new();
        let last = maker.unproven.len().saturating_sub(UNCHECKED_MAX.min(left));
        for row in &maker.unproven[last..] {
            results.extend(result(kv, *row)?);
        }
        let owed = maker.owed.len();
        // One that is over says nothing.
        let banned_until = if maker.banned_until > at { maker.banned_until } else { 0 };
        if maker.checks > 0 || !results.is_empty() || owed > 0 || banned_until > 0 {
            left -= results.len();
            all.push(UnprovenResults { by, checks: maker.checks, owed, results, banned_until });
        }
    }
    // What is cut off of those that get no work is that; of those with results, what they made; of the others only the checks are forgotten.
    all.sort_by_key(|of| (of.banned_until == 0, of.results.is_empty(), of.owed == 0));
    all.truncate(LENDING_MAX);
    Ok(all)
}

fn result(kv: &impl KvRead, row: Row) -> Result<Option<(Lendable, Quantized)>, KvError> {
    let (Some(chunk), Some(vector)) = (read::chunk(kv, row)?, read::made(kv, row)?) else { return Ok(None) };
    let waits = read::document(kv, chunk.doc)?.is_some_and(|doc| matches!(doc.state, DocState::Chunked { .. }));
    let text = LentText { heading: chunk.heading, text: chunk.text };
    Ok(waits.then_some((Lendable { doc: chunk.doc, row, key: chunk.key, text }, vector.values)))
}
