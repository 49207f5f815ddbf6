//! Reading results of another device that are owed a check.

use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::limits::{CHECK_ONE_IN, OWED_PORTION, PROBATION};
use crate::scheduler::offload::lendable::{Lendable, OwedPart};
use crate::scheduler::task::Outcome;
use crate::store::kv::{Kv, KvError};
use crate::store::makers::Makers;
use crate::store::read;
use crate::wire::work::LentText;

/// A part of them, with the texts and vectors of some by chance: as many as are checked of so many results of a new device.
///
/// # Errors
/// Any `KvError`; the step can be done again.
pub(super) fn part(kv: &impl Kv, by: PeerKey, seed: u64) -> Result<Outcome, KvError> {
    let kv = &kv.snapshot();
    let (number, rows) = Makers::read(kv)?.owed_rows(by, OWED_PORTION);
    let (mut rng, mut left, mut texts) = (Rng::new(seed), rows.clone(), Vec::new());
    let wanted = (PROBATION as usize).max(rows.len().div_ceil(usize::try_from(CHECK_ONE_IN).unwrap_or(1)));
    while texts.len() < wanted && !left.is_empty() {
        let row = left.swap_remove(usize::try_from(rng.below(left.len() as u64)).unwrap_or(0));
        // A row whose chunk went, or that has another vector by now, says nothing.
        let (Some(chunk), Some(vector)) = (read::chunk(kv, row)?, read::made(kv, row)?) else { continue };
        if vector.by == number {
            let text = LentText { heading: chunk.heading, text: chunk.text };
            texts.push((Lendable { doc: chunk.doc, row, key: chunk.key, text }, vector.values));
        }
    }
    Ok(Outcome::Owed(OwedPart { by, rows, has_texts: !texts.is_empty(), texts }))
}
