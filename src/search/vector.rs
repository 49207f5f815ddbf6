//! The vector index: an exhaustive scan over sign bits.
//!
//! Unlike a graph index it needs no rebuilding when rows come and go, misses nothing when some rows may not answer, and takes 56 bytes
//! a vector. `block` says how the bits lie, `kernel` which instructions compare them (`avx512`, `avx2`, `neon`; on other processors
//! those that all have), and `selection` keeps the nearest. What it costs: docs/evidence.md.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod block;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod selection;

use super::lexical::row_set::Taken;
use crate::base::id::Row;
use crate::base::vector::Signs;
use crate::limits::{PLACES_MAX, RESCORE, RESCORE_FEW_VECTORS, RESCORE_MANY_VECTORS, RESCORE_MOST};
use block::{Block, LANES};
use kernel::Kernel;
use selection::Selection;
use std::collections::{BTreeMap, BTreeSet};

/// Blocks that are compared before the distances are looked at: these stay in the fastest cache.
const AT_ONCE: usize = 64;

/// Rows of a block.
const STEP: u32 = 8;

const _: () = assert!(STEP as usize == LANES, "each block has its rows");

/// The list grows by this part of itself: doubling would leave up to half of the memory unused.
const GROWTH: usize = 8;

/// The sign bits of every vector that may answer.
#[derive(Debug, Default)]
pub struct Index {
    rows: Vec<Row>,
    /// The vectors of the rows in their order, eight in a block; the last block may not be full.
    blocks: Vec<Block>,
}

/// Rows that go and rows that come.
#[derive(Debug, Default)]
pub struct Moves {
    /// Where those are that go, in ascending order.
    gone: Vec<usize>,
    come: Vec<(Row, Signs)>,
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

    /// How many of the nearest are to be scored exactly.
    #[must_use]
    pub fn rescored(&self) -> usize {
        let more = self.len().clamp(RESCORE_FEW_VECTORS, RESCORE_MANY_VECTORS) - RESCORE_FEW_VECTORS;
        // Fits 32 bits in this order.
        RESCORE + more / ((RESCORE_MANY_VECTORS - RESCORE_FEW_VECTORS) / (RESCORE_MOST - RESCORE))
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub const fn memory(&self) -> usize {
        self.rows.capacity() * size_of::<Row>() + self.blocks.capacity() * size_of::<Block>()
    }

    /// Adds these rows, none of which may be in the index already.
    pub fn add(&mut self, entries: &[(Row, Signs)]) {
        let (rows, blocks) = (self.len() + entries.len(), (self.len() + entries.len()).div_ceil(LANES));
        if rows > self.rows.capacity() {
            self.rows.reserve_exact(rows + rows / GROWTH - self.len());
        }
        if blocks > self.blocks.capacity() {
            self.blocks.reserve_exact(blocks + blocks / GROWTH - self.blocks.len());
        }
        self.blocks.resize(blocks, Block::EMPTY);
        for (row, signs) in entries {
            let position = self.len();
            self.rows.push(*row);
            self.set(position, signs);
        }
    }

    /// Removes these rows; unknown rows are no error.
    pub fn remove(&mut self, rows: &[Row]) {
        let moves = self.find(&rows.iter().copied().collect(), BTreeMap::new());
        self.apply(moves);
    }

    /// Finds these rows that go, in one pass over all, before others come, some of them maybe with other signs. Whoever searches
    /// meanwhile need not wait.
    #[must_use]
    pub fn find(&self, go: &BTreeSet<Row>, come: BTreeMap<Row, Signs>) -> Moves {
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
        }
        self.blocks.truncate(self.len().div_ceil(LANES));
        self.add(&moves.come);
    }

    /// The rows whose signs differ least from the query's, nearest first, with up to `max` different signs, of the rows that are
    /// `taken`. Rows of one text have equal signs: of those the oldest `PLACES_MAX` are given, so that a text of which there are
    /// hundreds of copies leaves room for others.
    #[must_use]
    pub fn nearest<'a>(&self, query: &Signs, max: usize, taken: impl Into<Taken<'a>>) -> Vec<Row> {
        let (mut wanted, taken) = (max, taken.into());
        loop {
            let near = self.within(query, wanted, taken, Kernel::best());
            let complete = near.len() < wanted || wanted >= self.len();
            let (rows, different) = without_copies(near, max);
            if complete || different >= max {
                return rows;
            }
            wanted = wanted.saturating_mul(4);
        }
    }

    /// Up to `max` entries, nearest first; of equally near ones the oldest.
    fn within(&self, query: &Signs, max: usize, taken: Taken<'_>, kernel: Kernel) -> Vec<(u16, Row, Signs)> {
        let (mut selection, mut is_taken) = (Selection::new(max), taken.cursor());
        let mut distances = [[0; LANES]; AT_ONCE];
        let mut next = 0_u32;
        for (blocks, rows) in self.blocks.chunks(AT_ONCE).zip(self.rows.chunks(AT_ONCE * LANES)) {
            kernel.distances(query.words(), blocks, &mut distances);
            // Lanes without a row end the last block.
            for (rows, distances) in rows.chunks(LANES).zip(&distances) {
                let first = next;
                next += STEP;
                let limit = selection.limit();
                if distances.iter().all(|distance| *distance > limit) {
                    continue;
                }
                for ((position, row), distance) in (first..).zip(rows).zip(distances) {
                    if *distance <= selection.limit() && is_taken(*row) {
                        selection.take(*distance, position);
                    }
                }
            }
        }
        let entry = |(distance, position): (u16, u32)| {
            Some((distance, self.rows.get(position as usize).copied()?, self.signs(position as usize)?))
        };
        let mut near: Vec<_> = selection.nearest().into_iter().filter_map(entry).collect();
        near.sort_unstable_by_key(|(distance, row, _)| (*distance, *row));
        near.truncate(max);
        near
    }

    fn signs(&self, position: usize) -> Option<Signs> {
        self.blocks.get(position / LANES).map(|block| block.get(position % LANES))
    }

    fn set(&mut self, position: usize, signs: &Signs) {
        if let Some(block) = self.blocks.get_mut(position / LANES) {
            block.set(position % LANES, signs);
        }
    }
}

/// The rows of up to `max` different signs, at most `PLACES_MAX` of each, and how many different ones there are.
fn without_copies(near: Vec<(u16, Row, Signs)>, max: usize) -> (Vec<Row>, usize) {
    let mut copies: BTreeMap<Signs, usize> = BTreeMap::new();
    let mut rows = Vec::with_capacity(near.len());
    for (_, row, signs) in near {
        let full = copies.len() >= max;
        match copies.get_mut(&signs) {
            Some(count) => {
                *count += 1;
                if *count <= PLACES_MAX {
                    rows.push(row);
                }
            }
            None if full => {}
            None => {
                copies.insert(signs, 1);
                rows.push(row);
            }
        }
    }
    (rows, copies.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;
    use crate::base::vector::Embedding;
    use crate::limits::DIMENSIONS;
    use crate::search::lexical::row_set::RowSet;

    fn signs(seed: u64) -> Signs {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let raw: Vec<f32> = (0..DIMENSIONS)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                if state & 1 == 0 { 1.0 } else { -1.0 }
            })
            .collect();
        Embedding::new(Fingerprint([0; 32]), &raw).unwrap().signs()
    }

    #[test]
    fn the_nearest_rows_come_first_in_whatever_order_they_were_added() {
        let entries: Vec<_> = (0..500).map(|row| (Row(row), signs(row))).collect();
        let (mut forward, mut reversed) = (Index::new(), Index::new());
        forward.add(&entries);
        entries.iter().rev().for_each(|entry| reversed.add(&[*entry]));
        let query = signs(77);
        let mut brute: Vec<_> = entries.iter().map(|(row, s)| (s.distance(&query), *row)).collect();
        brute.sort_unstable();
        let brute: Vec<_> = brute.into_iter().take(10).map(|(_, row)| row).collect();
        assert_eq!(forward.nearest(&query, 10, &RowSet::default()), brute);
        assert_eq!(reversed.nearest(&query, 10, &RowSet::default()), brute);
        assert_eq!(brute[0], Row(77));
    }

    #[test]
    fn copies_of_one_text_leave_room_for_others() {
        let mut index = Index::new();
        index.add(&(0..1000).map(|row| (Row(row), signs(7))).collect::<Vec<_>>());
        index.add(&(1000..1050).map(|row| (Row(row), signs(row))).collect::<Vec<_>>());
        let near = index.nearest(&signs(7), 10, &RowSet::default());
        let copies = near.iter().filter(|row| row.0 < 1000).count();
        assert_eq!((copies, near.len()), (PLACES_MAX, PLACES_MAX + 9));
    }

    #[test]
    fn a_removed_row_is_not_found() {
        let mut index = Index::new();
        index.add(&[(Row(1), signs(1)), (Row(2), signs(2))]);
        index.remove(&[Row(1), Row(99)]);
        assert_eq!(index.nearest(&signs(1), 5, &RowSet::default()), [Row(2)]);
        assert_eq!(index.len(), 1);
    }

    #[test]
    fn what_is_found_and_then_moved_leaves_each_row_once_with_its_last_signs() {
        let mut index = Index::new();
        let mut there: BTreeMap<Row, Signs> = BTreeMap::new();
        for step in 0..200_u64 {
            let row = |n: u64| Row((step * 7 + n * n) % 97);
            let go: BTreeSet<Row> = (0..step % 9).map(row).collect();
            let come: BTreeMap<Row, Signs> =
                go.iter().filter(|row| row.0 % 3 > 0).map(|row| (*row, signs(step * 100 + row.0))).collect();
            there.retain(|row, _| !go.contains(row));
            there.extend(&come);
            let moves = index.find(&go, come);
            index.apply(moves);
            let entries: Vec<_> = there.iter().map(|(row, signs)| (*row, *signs)).collect();
            assert_eq!(index.len(), entries.len(), "step {step}");
            assert_eq!(index.nearest(&signs(step), 999, &RowSet::default()), brute(&entries, &signs(step), |_| false));
        }
    }

    /// All entries by their distance, without those that `leave` says.
    fn brute(entries: &[(Row, Signs)], query: &Signs, leave: impl Fn(Row) -> bool) -> Vec<Row> {
        let allowed = entries.iter().filter(|(row, _)| !leave(*row));
        let mut all: Vec<_> = allowed.map(|(row, signs)| (signs.distance(query), *row)).collect();
        all.sort_unstable();
        all.into_iter().map(|(_, row)| row).collect()
    }

    #[test]
    fn every_kernel_finds_the_same_whatever_the_number_of_rows() {
        for count in [0, 1, 7, 8, 9, 511, 512, 513, 3_000] {
            let entries: Vec<_> = (0..count).map(|row| (Row(row * 3), signs(row))).collect();
            let mut index = Index::new();
            index.add(&entries);
            for (kernel, max) in Kernel::all().flat_map(|kernel| [1, 3, 200, 5_000].map(|max| (kernel, max))) {
                let near = index.within(&signs(5), max, Taken::from(&RowSet::default()), kernel);
                let rows: Vec<Row> = near.iter().map(|(_, row, _)| *row).collect();
                let expected = brute(&entries, &signs(5), |_| false);
                assert_eq!(rows, expected[..max.min(expected.len())], "{count} rows, {max} wanted, {kernel:?}");
            }
        }
    }

    #[test]
    fn rows_that_are_left_out_take_no_place_of_others() {
        let entries: Vec<_> = (0..2_000).map(|row| (Row(row), signs(row))).collect();
        let mut index = Index::new();
        index.add(&entries);
        let query = signs(77);
        let order = brute(&entries, &query, |_| false);
        // The nearest 500, and every other row.
        let out: RowSet = order.iter().take(500).copied().chain((0..2_000).step_by(2).map(Row)).collect();
        let expected = brute(&entries, &query, |row| out.contains(row));
        assert_eq!(index.nearest(&query, 50, &out), expected[..50]);
        assert_eq!(index.nearest(&query, 5_000, &out), expected);
        let all: RowSet = (0..2_000).map(Row).collect();
        assert_eq!(index.nearest(&query, 5, &all), []);
        // The farthest alone, and of those no other ones.
        let only: RowSet = order.iter().rev().take(100).copied().collect();
        let expected = brute(&entries, &query, |row| out.contains(row) || !only.contains(row));
        let taken = Taken { left_out: &out, only: Some(&only) };
        assert!(!expected.is_empty());
        assert_eq!(index.nearest(&query, 5, taken), expected[..5]);
        assert_eq!(index.nearest(&query, 5_000, taken), expected);
    }

    #[test]
    fn rows_come_and_go_and_memory_is_little_more_than_that_of_the_signs() {
        let mut index = Index::new();
        let mut entries: Vec<_> = (0..4_003).map(|row| (Row(row), signs(row))).collect();
        entries.chunks(10).for_each(|some| index.add(some));
        assert!(index.memory() <= 4_003 * 56 * 9 / 8 + 1_000, "{}", index.memory());
        let gone: Vec<Row> = (0..4_003).filter(|row| row % 3 == 0).map(Row).collect();
        index.remove(&gone);
        entries.retain(|(row, _)| row.0 % 3 != 0);
        assert_eq!(index.len(), entries.len());
        assert_eq!(index.nearest(&signs(7), 9_999, &RowSet::default()), brute(&entries, &signs(7), |_| false));
        index.add(&[(Row(9_000), signs(7))]);
        assert_eq!(index.nearest(&signs(7), 2, &RowSet::default())[..2], [Row(7), Row(9_000)]);
    }

    #[test]
    fn many_equally_near_rows_are_cut_at_the_oldest() {
        let mut index = Index::new();
        let entries: Vec<_> = (0..5_000).rev().map(|row| (Row(row), signs(3))).collect();
        index.add(&entries);
        let near = index.within(&signs(3), 20, Taken::from(&RowSet::default()), Kernel::best());
        assert_eq!(near.iter().map(|(_, row, _)| row.0).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    }
}
