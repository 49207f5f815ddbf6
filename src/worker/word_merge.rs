//! Merges of the index of words' segments, in steps between which questions are answered and files saved.

use crate::base::term_postings::TermPostings;
use crate::search::lexical::index::{Index, Merge, Segment};
use crate::search::lexical::postings::{decode, encode};
use crate::store::kv::{Kv, KvError};
use crate::store::library::Library;
use crate::store::words::{self, Merging, Phase, StoredSegment};
use std::collections::BTreeSet;

/// A merge that is under way.
#[derive(Debug)]
pub struct WordMerge {
    /// What becomes what; `None` once that is in the store.
    plan: Option<Merge>,
    stored: Merging,
    /// Words that no chunk has any more.
    unused: Option<BTreeSet<String>>,
}

/// What a step came to.
#[derive(Debug)]
pub enum Stepped {
    /// There is more to do.
    More,
    /// The new segment is in the store: it is to be put into the index before the next step.
    Committed(Merge),
    /// It is over.
    Done,
}

impl WordMerge {
    /// The merge that is under way in the store, or else the next one, if any is due. Not synced.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn begin<K: Kv>(library: &mut Library<K>, index: &Index) -> Result<Option<Self>, KvError> {
        if let Some(stored) = words::merging(library.kv())? {
            let is_joining = stored.phase == Phase::Joining;
            let plan = is_joining.then(|| index.begun_merge(stored.output, &stored.inputs)).flatten();
            if is_joining && plan.is_none() {
                return Err(KvError::Damaged("a merge of segments that are not there".to_owned()));
            }
            return Ok(Some(Self { plan, stored, unused: None }));
        }
        let Some(plan) = index.to_merge() else { return Ok(None) };
        let stored = Merging::new(plan.output.number, plan.inputs());
        library.begin_merge(&stored)?;
        Ok(Some(Self { plan: Some(plan), stored, unused: None }))
    }

    /// The number of the new segment, which no other one may be given from the beginning of the merge on.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.stored.output
    }

    /// One step. Not synced: what a power cut takes of a merge is done again.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn step<K: Kv>(&mut self, library: &mut Library<K>) -> Result<Stepped, KvError> {
        let Some(plan) = &self.plan else {
            if self.stored.phase == Phase::Groups {
                library.regroup_words(&mut self.stored, &mut self.unused)?;
                return Ok(Stepped::More);
            }
            let is_over = library.sweep_words(&mut self.stored)?;
            return Ok(if is_over { Stepped::Done } else { Stepped::More });
        };
        let damaged = || KvError::Damaged("postings of the index of words".to_owned());
        let is_joined = library.join_words(&mut self.stored, |old| {
            let decoded = old.into_iter().map(|(number, bytes)| Ok((number, decode(bytes).ok_or_else(damaged)?)));
            let joined = plan.join(&decoded.collect::<Result<_, KvError>>()?);
            Ok((!joined.is_empty()).then(|| encode(&joined)))
        })?;
        if !is_joined {
            return Ok(Stepped::More);
        }
        let Segment { number, first, lengths, languages, .. } = plan.output.clone();
        let has_any = lengths.iter().any(|length| *length > 0);
        let segment = StoredSegment { number, first, lengths, languages, postings: TermPostings::default() };
        library.commit_merge(&mut self.stored, has_any.then_some(&segment))?;
        Ok(self.plan.take().map_or(Stepped::More, Stepped::Committed))
    }
}

#[cfg(test)]
#[path = "word_merge_test.rs"]
mod tests;
