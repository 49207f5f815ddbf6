//! The record of the last commit: the counters, and by what each space shows that it has all of it.

use super::codec::{Record, decode_postcard, encode_postcard};
use super::counts::{CountsBefore, StoreCounts};
use super::keys;
use super::kv::{Batch, KvError, KvRead, SPACES, Space, Write};
use crate::base::id::{DocId, Row};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The spaces that have an anchor in place of a stamp: their keys are rows, in the order in which they are written, so that what is written out
/// together is a range of its own and never merged with what is there. A stamp would be a key of every such range: each would
/// overlap all others, and all would be rewritten again and again (docs/evidence.md, "What is written to the disk").
const ANCHORED: [Space; 2] = [Space::Chunk, Space::Vector];

/// The store's counters, written with every batch. Each space also stores the number of the last commit that wrote to
/// it, or has an anchor; one that differs has lost a part of its journal that the others have not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// This commit's number, from 1.
    pub number: u64,
    /// The number of the next new document.
    pub next_doc: DocId,
    /// The row of the next new chunk.
    pub next_row: Row,
    /// For each space, the number of the last commit that wrote to it; of no meaning for one that has an anchor.
    pub stamps: [u64; SPACES],
    /// The counts after this commit.
    pub counts: StoreCounts,
    /// What was written last to each space that has an anchor.
    pub anchors: [Option<Anchor>; ANCHORED.len()],
    /// What was put last before that, and is still there.
    pub standing: [Option<Anchor>; ANCHORED.len()],
}

/// The last write to a space: as it is, the space has lost none of those before it. Where that is a deletion, what it deleted is also not there if its
/// put was lost with all that came after it; so the put before must be there too. Not noticed is the loss of what came after that put, if it was
/// nothing but deletions, and puts that were deleted again; nor, where that put was deleted as well, of what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    row: Row,
    /// A hash of the value; `None`: it was deleted.
    sum: Option<u64>,
}

impl Anchor {
    fn of(key: &[u8], value: Option<&[u8]>) -> Option<Self> {
        // FNV-1a: a value of before must not have the same, and nobody chooses values for that.
        let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        let sum = |value: &[u8]| value.iter().fold(0xcbf2_9ce4_8422_2325, step);
        keys::number(key).map(|row| Self { row: Row(row), sum: value.map(sum) })
    }

    fn is_in(self, kv: &impl KvRead, space: Space) -> Result<bool, KvError> {
        let key = keys::row(self.row);
        let found = kv.get(space, &key)?;
        Ok(Self::of(&key, found.as_deref()) == Some(self))
    }
}

/// The anchors of a space after writes to it, which come from the last one to the first.
fn follow<'a>(last: &mut Option<Anchor>, standing: &mut Option<Anchor>, mut writes: impl Iterator<Item = &'a Write>) {
    let of = |(_, key, value): &Write| Anchor::of(key, value.as_deref());
    let Some(newest) = writes.find_map(of) else { return };
    let before = [last.replace(newest).filter(|anchor| anchor.sum.is_some()), standing.take()];
    let mut gone = BTreeSet::from([newest.row]);
    for (_, key, value) in writes {
        let Some(row) = keys::number(key).map(Row).filter(|row| !gone.contains(row)) else { continue };
        if value.is_some() {
            *standing = Anchor::of(key, value.as_deref());
            return;
        }
        gone.insert(row);
    }
    *standing = before.into_iter().flatten().find(|anchor| !gone.contains(&anchor.row));
}

impl Commit {
    /// The commit has this batch too: notes the stamps and anchors of the spaces that it writes to, and adds to it what they store of that.
    pub fn stamp(&mut self, batch: &mut Batch) {
        for space in Space::ALL {
            let place = ANCHORED.iter().position(|anchored| *anchored == space);
            let places = place.and_then(|at| Some((self.anchors.get_mut(at)?, self.standing.get_mut(at)?)));
            if let Some((last, standing)) = places {
                follow(last, standing, batch.ops().iter().rev().filter(|(written, ..)| *written == space));
            } else if space == Space::State || batch.ops().iter().any(|(written, ..)| *written == space) {
                if let Some(stamp) = self.stamps.get_mut(space.index()) {
                    *stamp = self.number;
                }
                batch.put(space, keys::STAMP, self.number.to_be_bytes());
            }
        }
    }

    /// Whether a space has what this commit last wrote to it.
    ///
    /// # Errors
    /// Any `KvError`.
    pub fn is_in(&self, kv: &impl KvRead, space: Space) -> Result<bool, KvError> {
        let place = ANCHORED.iter().position(|anchored| *anchored == space);
        if let Some(anchor) = place.and_then(|place| self.anchors.get(place).copied().flatten()) {
            let standing = place.and_then(|place| self.standing.get(place).copied().flatten());
            return Ok(anchor.is_in(kv, space)? && standing.map_or(Ok(true), |standing| standing.is_in(kv, space))?);
        }
        let stamp = kv.get(space, &keys::STAMP)?.as_deref().and_then(keys::number).unwrap_or(0);
        Ok(self.stamps.get(space.index()) == Some(&stamp))
    }
}

/// The counters before there were parked documents.
#[derive(Deserialize)]
struct CommitBefore {
    number: u64,
    next_doc: DocId,
    next_row: Row,
    stamps: [u64; 7],
    counts: CountsBefore,
}

/// The counters before there was an index of words.
#[derive(Deserialize)]
struct CommitV2 {
    number: u64,
    next_doc: DocId,
    next_row: Row,
    stamps: [u64; 7],
    counts: StoreCounts,
}

/// The counters before there were anchors.
#[derive(Deserialize)]
struct CommitV3 {
    number: u64,
    next_doc: DocId,
    next_row: Row,
    stamps: [u64; SPACES],
    counts: StoreCounts,
}

/// The counters before a second put was kept beside an anchor.
#[derive(Serialize, Deserialize)]
struct CommitV4 {
    number: u64,
    next_doc: DocId,
    next_row: Row,
    stamps: [u64; SPACES],
    counts: StoreCounts,
    anchors: [Option<Anchor>; ANCHORED.len()],
}

/// The stamps of today's spaces; the space of words was never written to.
fn stamps([a, b, c, d, e, f, g]: [u64; 7]) -> [u64; SPACES] {
    [a, b, c, d, e, f, g, 0]
}

impl Record for Commit {
    const NAME: &'static str = "commit";

    /// In the form of the earliest version that can hold it.
    fn encode(&self) -> Vec<u8> {
        if self.counts.media > 0 {
            return encode_postcard(6, &(self, self.counts.media));
        }
        if self.standing.iter().any(Option::is_some) {
            return encode_postcard(5, self);
        }
        let Self { number, next_doc, next_row, stamps, counts, anchors, .. } = *self;
        encode_postcard(4, &CommitV4 { number, next_doc, next_row, stamps, counts, anchors })
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let before = |number, next_doc, next_row, stamps, counts| Self {
            number,
            next_doc,
            next_row,
            stamps,
            counts,
            anchors: Default::default(),
            standing: Default::default(),
        };
        match bytes.split_first()? {
            (1, body) => decode_postcard(body)
                .map(|c: CommitBefore| before(c.number, c.next_doc, c.next_row, stamps(c.stamps), c.counts.into())),
            (2, body) => decode_postcard(body)
                .map(|c: CommitV2| before(c.number, c.next_doc, c.next_row, stamps(c.stamps), c.counts)),
            (3, body) => {
                decode_postcard(body).map(|c: CommitV3| before(c.number, c.next_doc, c.next_row, c.stamps, c.counts))
            }
            (4, body) => decode_postcard(body).map(|c: CommitV4| Self {
                anchors: c.anchors,
                ..before(c.number, c.next_doc, c.next_row, c.stamps, c.counts)
            }),
            (5, body) => decode_postcard(body),
            // With the number of pictures among the files to be read.
            (6, body) => decode_postcard(body).map(|(mut commit, media): (Self, u64)| {
                commit.counts.media = media;
                commit
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::kv::Kv;
    use crate::store::memory::MemoryKv;

    type Op<'a> = (Space, u64, Option<&'a [u8]>);

    fn batch(ops: &[Op<'_>]) -> Batch {
        let mut batch = Batch::new();
        for (space, row, value) in ops {
            match value {
                Some(value) => batch.put(*space, keys::row(Row(*row)), *value),
                None => batch.delete(*space, keys::row(Row(*row))),
            }
        }
        batch
    }

    /// Writes as the library does, and gives the commit.
    fn write(kv: &MemoryKv, commit: &mut Commit, ops: &[Op<'_>]) {
        let mut batch = batch(ops);
        commit.number += 1;
        commit.stamp(&mut batch);
        kv.commit(batch).unwrap();
    }

    #[test]
    fn a_space_that_lost_its_last_writes_is_told_whatever_they_were() {
        let steps: [&[Op<'_>]; 5] = [
            &[(Space::Chunk, 1, Some(b"a")), (Space::Vector, 1, Some(b"v"))],
            &[(Space::Chunk, 2, Some(b"b")), (Space::Key, 7, Some(b""))],
            &[(Space::Vector, 2, Some(b"w"))],
            &[(Space::Chunk, 1, None), (Space::Chunk, 2, Some(b"c"))],
            &[(Space::Chunk, 3, Some(b"d")), (Space::Vector, 1, None)],
        ];
        let (whole, mut commit) = (MemoryKv::new(), Commit::default());
        for ops in steps {
            write(&whole, &mut commit, ops);
            assert!(Space::ALL.iter().all(|space| commit.is_in(&whole, *space).unwrap()));
            assert_eq!(whole.get(Space::Chunk, &keys::STAMP).unwrap(), None, "a stamp would overlap all ranges");
        }
        for space in [Space::Chunk, Space::Vector, Space::Key] {
            let last = steps.iter().rposition(|ops| ops.iter().any(|(written, ..)| *written == space)).unwrap();
            let (lossy, mut commit) = (MemoryKv::new(), Commit::default());
            for (step, ops) in steps.iter().enumerate() {
                let mut batch = batch(ops);
                commit.number += 1;
                commit.stamp(&mut batch);
                let mut left = Batch::new();
                for (written, key, value) in batch.ops().iter().filter(|(written, ..)| *written != space || step < last)
                {
                    match value {
                        Some(value) => left.put(*written, key.clone(), value.clone()),
                        None => left.delete(*written, key.clone()),
                    }
                }
                lossy.commit(left).unwrap();
            }
            assert!(!commit.is_in(&lossy, space).unwrap(), "{space:?}");
        }
    }

    #[test]
    fn a_deletion_that_is_last_does_not_hide_what_was_lost_before_it() {
        let put = |row| (Space::Chunk, row, Some(&b"text"[..]));
        let delete = |row| (Space::Chunk, row, None);
        let histories: [&[&[Op<'_>]]; 5] = [
            // The last deletion is of what was put in the part that is lost.
            &[&[put(1)], &[put(2)], &[put(3)], &[delete(3)]],
            &[&[put(1)], &[put(2), put(3)], &[delete(3)], &[delete(1)]],
            &[&[put(1)], &[put(2), put(3), delete(3), delete(1)]],
            &[&[put(1)], &[put(2)], &[put(4), delete(4)], &[delete(1)]],
            &[&[put(1)], &[put(2)], &[put(2)], &[delete(7)], &[put(9)], &[delete(9)]],
        ];
        for (at, steps) in histories.iter().enumerate() {
            let (whole, mut commit) = (MemoryKv::new(), Commit::default());
            for (step, ops) in steps.iter().enumerate() {
                write(&whole, &mut commit, ops);
                assert_eq!(commit.is_in(&whole, Space::Chunk), Ok(true), "{at}: {step}");
                assert_eq!(Commit::decode(&commit.encode()).as_ref(), Some(&commit));
            }
            assert_eq!(commit.is_in(&MemoryKv::new(), Space::Chunk), Ok(false), "{at}: all of the space is lost");
        }
    }

    #[test]
    fn a_store_with_stamps_in_all_spaces_is_known_by_them_until_it_is_written_to() {
        let (kv, mut commit) = (MemoryKv::new(), Commit { number: 5, stamps: [5; SPACES], ..Commit::default() });
        let mut batch = Batch::new();
        Space::ALL.iter().for_each(|space| batch.put(*space, keys::STAMP, 5_u64.to_be_bytes()));
        kv.commit(batch).unwrap();
        assert!(Space::ALL.iter().all(|space| commit.is_in(&kv, *space).unwrap()));
        write(&kv, &mut commit, &[(Space::Chunk, 9, Some(b"x"))]);
        assert!(Space::ALL.iter().all(|space| commit.is_in(&kv, *space).unwrap()));
        commit.stamps = [4; SPACES];
        assert!(commit.is_in(&kv, Space::Chunk).unwrap() && !commit.is_in(&kv, Space::Vector).unwrap());
    }
}
