//! Self-attention of all heads of a layer (Vaswani et al., "Attention Is All You Need", 2017), without a mask, in f32.
//!
//! A head's keys and values are copied into panels first. Then six queries at a time meet all keys, their scores become shares, and
//! the values are added up by them: six rows of scores stay in the processor's first cache. Shares are divided by
//! their sum at the very end, on 32 numbers instead of on every score.

use super::compute::{Compute, Instructions, LANES, vectors, vectors_mut};
use super::kernel::Kernel;
use super::tile::tiles;

/// Queries at a time.
const ROWS: usize = 6;
/// The widest panel: what the numbers of a head and the padded keys are multiples of.
const WIDEST: usize = 32;

/// Buffers, used from text to text.
#[derive(Clone, Debug, Default)]
pub struct Buffers {
    keys: Vec<f32>,
    values: Vec<f32>,
    scores: Vec<f32>,
}

impl Buffers {
    /// Buffers for so many tokens and heads of this width, which then allocate nothing more.
    #[must_use]
    pub fn with_capacity(tokens: usize, width: usize) -> Self {
        let padded = tokens.next_multiple_of(WIDEST);
        Self {
            keys: Vec::with_capacity(padded * width),
            values: Vec::with_capacity(padded * width),
            scores: Vec::with_capacity(padded * ROWS),
        }
    }
}

impl Kernel {
    /// The heads' results for each token, one head after another, from its queries, keys and values, which stand in a row in
    /// this order. Queries are divided by the square root of a head's width before.
    ///
    /// # Panics
    /// If a head's width is no multiple of 32, or the lengths do not fit.
    pub fn attend(self, projected: &[f32], heads: usize, width: usize, out: &mut [f32], buffers: &mut Buffers) {
        let depth = heads * width;
        assert!(width > 0 && width.is_multiple_of(WIDEST) && depth > 0, "heads of whole panels");
        assert!(out.len().is_multiple_of(depth) && projected.len() == 3 * out.len(), "a query, a key and a value each");
        let tokens = out.len() / depth;
        let padded = tokens.next_multiple_of(WIDEST);
        buffers.keys.resize(padded * width, 0.0);
        buffers.values.resize(tokens * width, 0.0);
        buffers.scores.resize(padded * ROWS, 0.0);
        self.compute(Attend { projected, heads, width, out, buffers });
    }
}

struct Attend<'a> {
    projected: &'a [f32],
    heads: usize,
    width: usize,
    out: &'a mut [f32],
    buffers: &'a mut Buffers,
}

impl Compute for Attend<'_> {
    #[inline(always)]
    fn compute<I: Instructions, const N: usize>(self, with: I) {
        let Self { projected, heads, width, out, buffers } = self;
        let depth = heads * width;
        let tokens = out.len() / depth;
        for head in 0..heads {
            pack_keys::<N>(projected, depth, depth + head * width, width, &mut buffers.keys);
            pack_values::<N>(projected, depth, 2 * depth + head * width, width, &mut buffers.values);
            for (first, height) in tiles(tokens, ROWS) {
                let tile = Tile { queries: &projected[first * 3 * depth..], depth, at: head * width, width, tokens };
                let out = &mut out[first * depth..];
                match height {
                    1 => tile.attend::<I, N, 1>(with, buffers, out),
                    2 => tile.attend::<I, N, 2>(with, buffers, out),
                    3 => tile.attend::<I, N, 3>(with, buffers, out),
                    4 => tile.attend::<I, N, 4>(with, buffers, out),
                    5 => tile.attend::<I, N, 5>(with, buffers, out),
                    _ => tile.attend::<I, N, ROWS>(with, buffers, out),
                }
            }
        }
    }
}

/// Panels of `N` vectors of keys: in each, the keys' first numbers, then their second ones, and so on.
#[inline(always)]
fn pack_keys<const N: usize>(projected: &[f32], depth: usize, at: usize, width: usize, keys: &mut [f32]) {
    let mut tokens = projected.chunks_exact(3 * depth);
    for panel in keys.chunks_exact_mut(N * LANES * width) {
        for (lane, token) in tokens.by_ref().take(N * LANES).enumerate() {
            for (row, number) in panel.chunks_exact_mut(N * LANES).zip(&token[at..][..width]) {
                row[lane] = *number;
            }
        }
    }
}

/// Panels of `N` vectors of each value.
#[inline(always)]
fn pack_values<const N: usize>(projected: &[f32], depth: usize, at: usize, width: usize, values: &mut [f32]) {
    let tokens = values.len() / width;
    for (panel, values) in values.chunks_exact_mut(N * LANES * tokens).enumerate() {
        for (value, token) in values.chunks_exact_mut(N * LANES).zip(projected.chunks_exact(3 * depth)) {
            value.copy_from_slice(&token[at + panel * N * LANES..][..N * LANES]);
        }
    }
}

/// Some queries of a head, and where they stand: `queries` begins with the row of the first.
struct Tile<'a> {
    queries: &'a [f32],
    /// Numbers of all heads.
    depth: usize,
    /// The head's first number.
    at: usize,
    /// The head's numbers.
    width: usize,
    tokens: usize,
}

impl Tile<'_> {
    #[inline(always)]
    fn attend<I: Instructions, const N: usize, const M: usize>(&self, with: I, buffers: &mut Buffers, out: &mut [f32]) {
        let Buffers { keys, values, scores } = buffers;
        let padded = scores.len() / ROWS;
        let queries: [&[f32]; M] =
            core::array::from_fn(|row| &self.queries[row * 3 * self.depth + self.at..][..self.width]);
        for (panel, keys) in keys.chunks_exact(N * LANES * self.width).enumerate() {
            let tile = product::<I, N, M>(with, queries, keys);
            for (row, tile) in tile.into_iter().enumerate() {
                let scores = vectors_mut(&mut scores[row * padded + panel * N * LANES..][..N * LANES]);
                scores.iter_mut().zip(tile).for_each(|(scores, lanes)| with.store(lanes, scores));
            }
        }
        let mut inverses = [0.0; M];
        for (row, inverse) in inverses.iter_mut().enumerate() {
            *inverse = 1.0 / exponentials(with, &mut scores[row * padded..][..padded], self.tokens);
        }
        let shares: [&[f32]; M] = core::array::from_fn(|row| &scores[row * padded..][..self.tokens]);
        for (panel, values) in values.chunks_exact(N * LANES * self.tokens).enumerate() {
            let tile = product::<I, N, M>(with, shares, values);
            for (row, (tile, inverse)) in tile.into_iter().zip(inverses).enumerate() {
                let inverse = with.splat(inverse);
                let out = &mut out[row * self.depth + self.at + panel * N * LANES..][..N * LANES];
                for (out, lanes) in vectors_mut(out).iter_mut().zip(tile) {
                    with.store(with.multiply(lanes, inverse), out);
                }
            }
        }
    }
}

/// `M` rows times a panel of `N` vectors of columns.
#[inline(always)]
fn product<I: Instructions, const N: usize, const M: usize>(
    with: I,
    rows: [&[f32]; M],
    panel: &[f32],
) -> [[I::Lanes; N]; M] {
    let (panel, _) = vectors(panel).as_chunks::<N>();
    let rows = rows.map(|row| &row[..panel.len()]);
    let mut sums = [[with.splat(0.0); N]; M];
    for (place, columns) in panel.iter().enumerate() {
        let columns = columns.each_ref().map(|column| with.load(column));
        for (row, sums) in rows.iter().zip(&mut sums) {
            let factor = with.splat(row[place]);
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = with.multiply_add(factor, column, *sum);
            }
        }
    }
    sums
}

/// The exponentials of a row of scores, less the largest of the first `count`, and their sum. What is beyond becomes 0, nearly.
#[inline(always)]
fn exponentials<I: Instructions>(with: I, scores: &mut [f32], count: usize) -> f32 {
    scores[count..].fill(f32::MIN);
    let scores = vectors_mut(scores);
    let mut high = with.splat(f32::MIN);
    for scores in scores.iter() {
        high = with.greatest(with.load(scores), high);
    }
    let high = with.splat(with.greatest_lane(high, f32::MIN));
    let mut sums = with.splat(0.0);
    for scores in scores {
        let exponentials = with.exp(with.subtract(with.load(scores), high));
        with.store(exponentials, scores);
        sums = with.add(sums, exponentials);
    }
    with.sum(sums)
}
