//! A merge of segments in the store. Each step is one batch that also says how far the merge is, so that one which is cut off goes on
//! where it was.
//!
//! 1. `Joining`: the new segment's postings are written, bucket by bucket. Nobody reads them yet.
//! 2. The one commit point (`commit_merge`): one batch puts the new segment's record and deletes those of the old ones.
//! 3. `Groups`: the terms that no chunk has any more are taken out of the groups of letters, if there are any.
//! 4. `Sweeping`: the postings of the old segments, which nobody reads any more, are deleted.

use super::block::{Block, bucket_of, encode};
use super::{GRAM, POSTING, StoredSegment, all, block_key, lines, put_record, record_key, segment_of};
use crate::limits::{MERGE_STEP, UNUSED_TERMS_AT_ONCE};
use crate::store::keys::after_prefix;
use crate::store::kv::{Batch, KvError, KvRead, Pair, Space};
use std::collections::{BTreeMap, BTreeSet};

/// `Space::Word`: the merge that is under way.
const MERGE: [u8; 1] = [6];

/// `Space::Word`: the first byte of terms that no chunk has any more.
const UNUSED: u8 = 7;

/// The version of the record of a merge.
const VERSION: u8 = 1;

/// How far a merge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The new segment's postings are being written; the old ones are the store's.
    Joining,
    /// The new segment is the store's; the groups of letters follow.
    Groups,
    /// The old postings are being deleted.
    Sweeping,
}

/// A merge that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merging {
    /// The number of the new segment.
    pub output: u32,
    /// The numbers of the old ones, in the order of their rows.
    pub inputs: Vec<u32>,
    /// How far it is.
    pub phase: Phase,
    /// The key at which the phase goes on; empty: at its beginning.
    next: Vec<u8>,
}

impl Merging {
    /// A merge that begins.
    #[must_use]
    pub const fn new(output: u32, inputs: Vec<u32>) -> Self {
        Self { output, inputs, phase: Phase::Joining, next: Vec::new() }
    }

    /// Writes down how far it is.
    pub(in crate::store) fn put(&self, batch: &mut Batch) {
        let phase = match self.phase {
            Phase::Joining => 1,
            Phase::Groups => 2,
            Phase::Sweeping => 3,
        };
        let count = u16::try_from(self.inputs.len()).unwrap_or(u16::MAX);
        let mut record = [&[VERSION, phase][..], &self.output.to_be_bytes(), &count.to_be_bytes()].concat();
        self.inputs.iter().for_each(|number| record.extend(number.to_be_bytes()));
        record.extend(&self.next);
        batch.put(Space::Word, MERGE, record);
    }

    fn read(record: &[u8]) -> Option<Self> {
        let ([version, phase], rest) = record.split_first_chunk()?;
        let (output, rest) = rest.split_first_chunk()?;
        let (count, rest) = rest.split_first_chunk()?;
        let (numbers, next) = rest.split_at_checked(usize::from(u16::from_be_bytes(*count)) * 4)?;
        let phase = match phase {
            1 => Phase::Joining,
            2 => Phase::Groups,
            3 => Phase::Sweeping,
            _ => return None,
        };
        let inputs = numbers.chunks_exact(4).filter_map(segment_of).collect();
        let read = Self { output: u32::from_be_bytes(*output), inputs, phase, next: next.to_vec() };
        (*version == VERSION).then_some(read)
    }

    /// The next blocks of a kind, with all of the last one's bucket; and how far they go.
    fn page(&self, kv: &impl KvRead, kind: u8) -> Result<Page, KvError> {
        let from = if self.next.is_empty() { &[kind][..] } else { &self.next };
        let mut pairs = kv.page(Space::Word, from, after_prefix(&[kind]).as_deref(), MERGE_STEP)?;
        let is_last = pairs.len() < MERGE_STEP;
        if let Some((last, _)) = pairs.last().filter(|_| !is_last) {
            let (after, end) = ([last, &[0][..]].concat(), after_prefix(bucket_part(last)));
            pairs.extend(kv.page(Space::Word, &after, end.as_deref(), usize::MAX)?);
        }
        let next = pairs.last().map_or_else(Vec::new, |(last, _)| [last, &[0][..]].concat());
        Ok(Page { pairs, is_last, next })
    }
}

/// Pairs of one step.
struct Page {
    pairs: Vec<Pair>,
    /// Whether there are no more of the kind.
    is_last: bool,
    /// Where the next step goes on.
    next: Vec<u8>,
}

/// What a key has before the number of its segment.
fn bucket_part(key: &[u8]) -> &[u8] {
    key.split_last_chunk::<4>().map_or(key, |(bucket, _)| bucket)
}

/// The merge that is under way, if one is.
///
/// # Errors
/// Any `KvError`.
pub fn merging(kv: &impl KvRead) -> Result<Option<Merging>, KvError> {
    let Some(record) = kv.get(Space::Word, &MERGE)? else { return Ok(None) };
    let read = Merging::read(&record);
    read.map(Some).ok_or_else(|| KvError::Damaged("the merge of the index of words".to_owned()))
}

/// A step of `Joining`: `join` makes the postings of the new segment of those that the old ones have of a term, each with its segment's number.
/// True once all are joined.
pub(in crate::store) fn join_step(
    kv: &impl KvRead,
    batch: &mut Batch,
    merging: &mut Merging,
    mut join: impl FnMut(Vec<(u32, &[u8])>) -> Result<Option<Vec<u8>>, KvError>,
) -> Result<bool, KvError> {
    let page = merging.page(kv, POSTING)?;
    for blocks in page.pairs.chunk_by(|(a, _), (b, _)| bucket_part(a) == bucket_part(b)) {
        let Some((first, _)) = blocks.first() else { continue };
        let blocks = blocks.iter().filter_map(|(key, block)| segment_of(key).zip(Some(block)));
        let blocks = blocks.map(|(number, block)| Ok((number, Block::read(block)?)));
        let blocks: Vec<(u32, Block<'_>)> = blocks.collect::<Result<_, KvError>>()?;
        let (mut old, mut elsewhere) = (BTreeMap::<&str, Vec<(u32, &[u8])>>::new(), BTreeSet::new());
        for (number, block) in &blocks {
            for (term, postings) in block.entries()? {
                if merging.inputs.contains(number) {
                    old.entry(term).or_default().push((*number, postings));
                } else if *number != merging.output {
                    elsewhere.insert(term);
                }
            }
        }
        let mut joined = Vec::new();
        for (term, old) in old {
            match join(old)? {
                Some(postings) => joined.push((term, postings)),
                None if elsewhere.contains(term) => {}
                None => batch.put(Space::Word, [&[UNUSED][..], term.as_bytes()].concat(), []),
            }
        }
        if !joined.is_empty() {
            let block = encode(joined.iter().map(|(term, postings)| (*term, postings.as_slice())));
            let output = [bucket_part(first), &merging.output.to_be_bytes()].concat();
            batch.put(Space::Word, output, block);
        }
    }
    merging.next = page.next;
    merging.put(batch);
    Ok(page.is_last)
}

/// The new segment is the store's in place of the old ones; `None`: nothing is left of them.
pub(in crate::store) fn commit_merge(batch: &mut Batch, merging: &mut Merging, segment: Option<&StoredSegment>) {
    merging.inputs.iter().for_each(|number| batch.delete(Space::Word, record_key(*number)));
    if let Some(segment) = segment {
        put_record(batch, segment);
    }
    (merging.phase, merging.next) = (Phase::Groups, Vec::new());
    merging.put(batch);
}

/// Terms that the merge found to be in no chunk any more, as many as are taken out of the groups of letters together.
pub(in crate::store) fn unused(kv: &impl KvRead) -> Result<BTreeSet<String>, KvError> {
    let terms = all(kv, Space::Word, &[UNUSED], UNUSED_TERMS_AT_ONCE)?.into_iter();
    Ok(terms.filter_map(|(key, _)| String::from_utf8(key.get(1..)?.to_vec()).ok()).collect())
}

/// A step of `Groups`, after which the merge may be in the phase `Sweeping`. True if the next step needs other terms of `unused`. Entries stay
/// where they are: whoever looks a group up reads those of all numbers.
pub(in crate::store) fn groups_step(
    kv: &impl KvRead,
    batch: &mut Batch,
    merging: &mut Merging,
    unused: &BTreeSet<String>,
) -> Result<bool, KvError> {
    if unused.is_empty() {
        (merging.phase, merging.next) = (Phase::Sweeping, Vec::new());
        merging.put(batch);
        return Ok(true);
    }
    let page = merging.page(kv, GRAM)?;
    for (key, block) in &page.pairs {
        let (mut left, mut is_changed) = (Vec::new(), false);
        let block = Block::read(block)?;
        for (gram, value) in block.entries()? {
            let mut terms = String::new();
            for term in lines(value)? {
                // It may be in a chunk that came since.
                if unused.contains(term) && !is_used(kv, term, &merging.inputs)? {
                    is_changed = true;
                } else {
                    terms.extend([term, "\n"]);
                }
            }
            if !terms.is_empty() {
                left.push((gram, terms));
            }
        }
        if left.is_empty() {
            batch.delete(Space::Word, key.as_slice());
        } else if is_changed {
            let block = encode(left.iter().map(|(gram, terms)| (*gram, terms.as_bytes())));
            batch.put(Space::Word, key.as_slice(), block);
        }
    }
    merging.next = page.next;
    if page.is_last {
        unused.iter().for_each(|term| batch.delete(Space::Word, [&[UNUSED][..], term.as_bytes()].concat()));
        merging.next.clear();
    }
    merging.put(batch);
    Ok(page.is_last)
}

/// Whether a segment has the term that is none of these.
fn is_used(kv: &impl KvRead, term: &str, but: &[u32]) -> Result<bool, KvError> {
    for (key, block) in all(kv, Space::Word, &block_key(POSTING, bucket_of(term), &[]), usize::MAX)? {
        let is_other = segment_of(&key).is_some_and(|number| !but.contains(&number));
        if is_other && Block::read(&block)?.entries()?.iter().any(|(known, _)| *known == term) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A step of `Sweeping`. True once the merge is over.
pub(in crate::store) fn sweep_step(
    kv: &impl KvRead,
    batch: &mut Batch,
    merging: &mut Merging,
) -> Result<bool, KvError> {
    let page = merging.page(kv, POSTING)?;
    for (key, _) in &page.pairs {
        if segment_of(key).is_some_and(|number| merging.inputs.contains(&number)) {
            batch.delete(Space::Word, key.as_slice());
        }
    }
    merging.next = page.next;
    if page.is_last {
        batch.delete(Space::Word, MERGE);
    } else {
        merging.put(batch);
    }
    Ok(page.is_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_merge_is_is_read_again() {
        for phase in [Phase::Joining, Phase::Groups, Phase::Sweeping] {
            for next in [vec![], b"\x01word\0\0\0\0\x07\0".to_vec()] {
                let merging = Merging { phase, next, ..Merging::new(70_000, vec![3, 9, 1]) };
                let mut batch = Batch::new();
                merging.put(&mut batch);
                let (_, _, record) = &batch.ops()[0];
                let record = record.clone().unwrap();
                assert_eq!(Merging::read(&record), Some(merging.clone()));
                let least = 8 + 4 * merging.inputs.len();
                assert!((0..least).all(|cut| Merging::read(&record[..cut]).is_none()));
            }
        }
        assert_eq!(Merging::read(&[2, 1, 0, 0, 0, 0, 0, 0]), None, "another version");
        assert_eq!(Merging::read(&[1, 4, 0, 0, 0, 0, 0, 0]), None, "another phase");
    }
}
