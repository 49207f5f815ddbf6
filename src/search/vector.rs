//! The vector index: an exhaustive scan over sign bits, and an estimate of the cosine of those whose signs are nearest.
//!
//! Unlike a graph index it needs no rebuilding when rows come and go, misses nothing when some rows may not answer, and takes 104 bytes
//! a vector. `block` says how the sign bits lie, `kernel` which instructions compare them (`avx512`, `avx2`, `neon`; on other processors
//! those that all have), `selection` keeps the nearest, and `estimate` orders these by both bits of each dimension: so few are worth
//! reading from the store. What it costs: docs/evidence.md.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
mod estimate;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod selection;

use super::lexical::row_set::Taken;
use crate::base::id::Row;
use crate::base::vector::{Bits, Embedding, Sketch};
use crate::limits::{ESTIMATED_MORE, ESTIMATED_MORE_EACH, ESTIMATED_MORE_MAX, ESTIMATED_MORE_MIN, PLACES_MAX};
use block::{Block, Compared, LANES};
use estimate::Estimate;
use kernel::Kernel;
use selection::Selection;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Blocks that are compared before the distances are looked at: these stay in the fastest cache.
const AT_ONCE: usize = 64;

/// Rows of a block.
const STEP: u32 = 8;

const _: () = assert!(STEP as usize == LANES, "each block has its rows");

/// The list grows by this part of itself: doubling would leave up to half of the memory unused.
const GROWTH: usize = 8;

/// The sketch of every vector that may answer.
#[derive(Debug, Default)]
pub struct Index {
    rows: Vec<Row>,
    /// The signs of the rows in their order, eight vectors in a block; the last block may not be full.
    blocks: Vec<Block>,
    /// Which numbers of each row are large.
    large: Vec<Bits>,
}

/// A row that a scan found near: its distance, itself and where it is.
type Near = (u16, Row, u32);

/// Rows that go and rows that come.
#[derive(Debug, Default)]
pub struct Moves {
    /// Where those are that go, in ascending order.
    gone: Vec<usize>,
    come: Vec<(Row, Sketch)>,
}

impl Index {
    /// An empty index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many vectors it holds.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub const fn memory(&self) -> usize {
        let lists = self.rows.capacity() * size_of::<Row>() + self.large.capacity() * size_of::<Bits>();
        lists + self.blocks.capacity() * size_of::<Block>()
    }

    /// Adds these rows, none of which may be in the index already.
    pub fn add(&mut self, entries: &[(Row, Sketch)]) {
        let count = self.len() + entries.len();
        let blocks = count.div_ceil(LANES);
        make_room(&mut self.rows, count);
        make_room(&mut self.large, count);
        make_room(&mut self.blocks, blocks);
        self.blocks.resize(blocks, Block::EMPTY);
        for (row, sketch) in entries {
            let position = self.len();
            self.rows.push(*row);
            self.large.push(sketch.large);
            self.set(position, &sketch.signs);
        }
    }

    /// Removes these rows; unknown rows are no error.
    pub fn remove(&mut self, rows: &[Row]) {
        let moves = self.find(&rows.iter().copied().collect(), BTreeMap::new());
        self.apply(moves);
    }

    /// Finds these rows that go, in one pass over all, before others come, some of them maybe with other sketches. Whoever searches
    /// meanwhile need not wait.
    #[must_use]
    pub fn find(&self, go: &BTreeSet<Row>, come: BTreeMap<Row, Sketch>) -> Moves {
        let goes = |(_, row): &(usize, &Row)| go.contains(row);
        let gone =
            if go.is_empty() { Vec::new() } else { (0..).zip(&self.rows).filter(goes).map(|(at, _)| at).collect() };
        Moves { gone, come: come.into_iter().collect() }
    }

    /// Makes these moves, which were found since the last change: as many steps as rows move.
    pub fn apply(&mut self, moves: Moves) {
        for position in moves.gone.into_iter().rev() {
            let last = self.len() - 1;
            if let (true, Some(signs)) = (position < last, self.signs(last)) {
                self.set(position, &signs);
            }
            self.rows.swap_remove(position);
            self.large.swap_remove(position);
        }
        self.blocks.truncate(self.len().div_ceil(LANES));
        self.add(&moves.come);
    }

    /// The rows with the highest estimated cosine, highest first, with up to `max` different sketches, of the rows that are `taken`: of
    /// those whose signs differ least from the question's. Rows of one text have equal sketches: of those the oldest `PLACES_MAX` are
    /// given, so that a text of which there are hundreds of copies leaves room for others.
    #[must_use]
    pub fn nearest<'a>(&self, question: &Embedding, max: usize, taken: impl Into<Taken<'a>>) -> Vec<Row> {
        if self.is_empty() {
            return Vec::new();
        }
        let (signs, estimate, taken) = (question.signs(), Estimate::of(question), taken.into());
        let more = max.saturating_mul(ESTIMATED_MORE).clamp(ESTIMATED_MORE_MIN, ESTIMATED_MORE_MAX);
        let mut wanted = max.saturating_add(more + self.len() / ESTIMATED_MORE_EACH);
        loop {
            let near = self.within(&signs, wanted, taken, Kernel::best());
            let complete = near.len() < wanted || wanted >= self.len();
            let (rows, different) = self.without_copies(&self.estimated(&near, &estimate), max);
            if complete || different >= max {
                return rows;
            }
            wanted = wanted.saturating_mul(4);
        }
    }

    /// Up to `max` entries, those with the nearest signs, in no order; of equally near ones the oldest.
    fn within(&self, signs: &Bits, max: usize, taken: Taken<'_>, kernel: Kernel) -> Vec<Near> {
        let (mut selection, mut is_taken) = (Selection::new(max), taken.cursor());
        let mut compared = [Compared::default(); AT_ONCE];
        let mut first = 0_u32;
        for (blocks, rows) in self.blocks.chunks(AT_ONCE).zip(self.rows.chunks(AT_ONCE * LANES)) {
            kernel.compare(signs.words(), blocks, selection.limit(), &mut compared);
            // Lanes without a row end the last block.
            for (compared, rows) in compared.iter().zip(rows.chunks(LANES)) {
                if compared.is_near {
                    for ((position, row), distance) in (first..).zip(rows).zip(compared.distances) {
                        if distance <= selection.limit() && is_taken(*row) {
                            selection.take(distance, position);
                        }
                    }
                }
                first += STEP;
            }
        }
        let entry =
            |(distance, position): (u16, u32)| self.rows.get(position as usize).map(|row| (distance, *row, position));
        let mut near: Vec<Near> = selection.nearest().into_iter().filter_map(entry).collect();
        if near.len() > max {
            near.select_nth_unstable_by_key(max, |(distance, row, _)| (*distance, *row));
            near.truncate(max);
        }
        near
    }

    /// These by their estimated cosine, the highest first; of equal ones the oldest.
    fn estimated(&self, near: &[Near], estimate: &Estimate) -> Vec<Estimated> {
        // All are fetched before one is looked at: so the processor waits for the memory of many at a time.
        let sketches: Vec<Option<Sketch>> = near.iter().map(|(.., position)| self.sketch(*position as usize)).collect();
        let one = |((_, row, position), sketch): (&Near, &Option<Sketch>)| {
            let Sketch { signs, large } = sketch.as_ref()?;
            Some((Reverse(estimate.with(signs, large)), *row, *position))
        };
        let mut estimated: Vec<Estimated> = near.iter().zip(&sketches).filter_map(one).collect();
        estimated.sort_unstable();
        estimated
    }

    /// The rows of up to `max` different sketches, at most `PLACES_MAX` of each, and how many different ones there are. Equal sketches have
    /// equal estimates.
    fn without_copies(&self, estimated: &[Estimated], max: usize) -> (Vec<Row>, usize) {
        let (mut rows, mut different) = (Vec::with_capacity(estimated.len().min(max)), 0);
        for equal in estimated.chunk_by(|(one, ..), (other, ..)| one == other) {
            let mut copies: BTreeMap<Option<Sketch>, usize> = BTreeMap::new();
            for (_, row, position) in equal {
                // What is alone is no copy.
                let sketch = if equal.len() > 1 { self.sketch(*position as usize) } else { None };
                match copies.get_mut(&sketch) {
                    Some(count) => {
                        *count += 1;
                        if *count <= PLACES_MAX {
                            rows.push(*row);
                        }
                    }
                    None if different >= max => {}
                    None => {
                        copies.insert(sketch, 1);
                        different += 1;
                        rows.push(*row);
                    }
                }
            }
        }
        (rows, different)
    }

    fn sketch(&self, position: usize) -> Option<Sketch> {
        Some(Sketch { signs: self.signs(position)?, large: *self.large.get(position)? })
    }

    fn signs(&self, position: usize) -> Option<Bits> {
        self.blocks.get(position / LANES).map(|block| block.get(position % LANES))
    }

    fn set(&mut self, position: usize, signs: &Bits) {
        if let Some(block) = self.blocks.get_mut(position / LANES) {
            block.set(position % LANES, signs);
        }
    }
}

/// A row by its estimate, and where it is.
type Estimated = (Reverse<i32>, Row, u32);

/// Room for so many, and for a part more if there has to be new room.
fn make_room<T>(list: &mut Vec<T>, count: usize) {
    if count > list.capacity() {
        list.reserve_exact(count + count / GROWTH - list.len());
    }
}

#[cfg(test)]
#[path = "vector/test.rs"]
mod tests;
