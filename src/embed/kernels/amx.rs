//! AMX: a register is a tile of 16 rows of 64 bytes, and an instruction adds 64 products of bytes to each of 256 sums. Two tiles of
//! codes meet two of weights at a time: four tiles of sums, for four tiles that are loaded.
//!
//! The compiler has no stable names for the instructions, and does not use the registers itself. Each piece of assembly sets the tiles
//! that it computes with, and what one leaves to the next is only the tiles' shape: set at the beginning of a product, and given back
//! at its end, after which the system has no tiles to keep when another thread runs.
//!
//! An [`Amx`] exists only where the processor has the instructions and the system lets us use them, which makes the calls below sound.
//! The tests are here, at the end of a page, and in `tests`, against the portable form.

#![expect(unsafe_code, reason = "assembly, and functions for AVX-512 are called from ones for any processor")]

use super::amx_permission;
use super::avx512::{Avx512, Finish};
use super::block::{Block, COLUMNS, DEPTH as BLOCK_DEPTH, GROUP};
use super::compute::Compute;
use super::matrix::Matrix;
use super::quantize::Rows;
use super::tile::Activation;
use core::arch::asm;
use core::marker::PhantomData;

/// Rows of a tile.
const MOST: u8 = 16;
const ROWS: usize = MOST as usize;
/// A row of a tile of codes, and the products that an instruction adds to a sum.
const ROW_BYTES: u16 = 64;
const DEPTH: usize = ROW_BYTES as usize;
/// Blocks of weights that are a tile for each of their groups.
const BLOCKS: usize = DEPTH / BLOCK_DEPTH;
const _: () = assert!(size_of::<Block>() == COLUMNS * BLOCK_DEPTH && BLOCKS == ROWS && GROUP * BLOCK_DEPTH == DEPTH);

/// What becomes of a tile's sums, of four tiles.
#[repr(C, align(64))]
struct Sums([[[i32; GROUP]; ROWS]; 4]);

/// What LDTILECFG reads.
#[repr(C, align(64))]
struct Shape {
    palette: u8,
    zeros: [u8; 15],
    row_bytes: [u16; 16],
    heights: [u8; 16],
}
const _: () = assert!(size_of::<Shape>() == 64);

/// Shows that the processor has the instructions and that the process may use them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Amx(Avx512);

impl Amx {
    pub(super) fn detect() -> Option<Self> {
        Avx512::detect().filter(|_| amx_permission::granted()).map(Self)
    }

    pub(super) fn multiply(self, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
        if rows.count() == 0 || !matrix.depth().is_multiple_of(DEPTH) {
            return self.0.multiply(rows, matrix, activation, out);
        }
        // SAFETY: the processor has the instructions, as `self` shows.
        unsafe { multiply(self, rows, matrix, activation, out) }
    }

    pub(super) fn multiply_in_registers(self, rounds: u32) -> u64 {
        let rounds = rounds.max(1);
        u64::from(rounds) * Tiles::new(self, ROWS).multiply_in_registers(rounds)
    }

    pub(super) fn compute(self, work: impl Compute) {
        self.0.compute(work);
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma")]
fn multiply(with: Amx, rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
    let (depth, outputs) = (matrix.depth(), matrix.outputs());
    let (codes, steps) = rows.parts();
    let codes = codes.as_flattened();
    // Tiles of one height, so that one shape is enough: some share rows, which become the same twice.
    let count = steps.len().div_ceil(ROWS);
    let height = steps.len().div_ceil(count);
    let first = |tile: usize| tile * (steps.len() - height) / (count - 1).max(1);
    let rows = |first: usize| &codes[first * depth..][..height * depth];
    let tiles = Tiles::new(with, height);
    let mut sums = Sums([[[0; GROUP]; ROWS]; 4]);
    for (panel, (blocks, columns)) in matrix.panels().enumerate() {
        let mut finish = |sums: &[[i32; GROUP]; ROWS], first: usize, group: usize| {
            let out = &mut out[first * outputs..][..height * outputs];
            let rows = (&sums[..height], &steps[first..][..height]);
            Finish::new(columns, group).tile(with.0, rows, activation, out, panel * COLUMNS + group * GROUP);
        };
        // Half of a panel stays in the first cache while all pairs of tiles meet it.
        for group in [0, 2] {
            for at in 0..count / 2 {
                let (above, below) = (first(2 * at), first(2 * at + 1));
                tiles.sum_two([rows(above), rows(below)], blocks, group, &mut sums);
                for (at, sums) in sums.0.iter().enumerate() {
                    finish(sums, [above, below][at / 2], group + at % 2);
                }
            }
        }
        if !count.is_multiple_of(2) {
            let last = first(count - 1);
            tiles.sum_one(rows(last), blocks, &mut sums);
            sums.0.iter().enumerate().for_each(|(group, sums)| finish(sums, last, group));
        }
    }
}

/// The calling thread's tiles, which have a shape as long as this is there: 0 to 3 for sums, 4 and 5 for codes, both of so many rows, and
/// 6 and 7 for weights, of 16 rows.
struct Tiles {
    height: usize,
    /// No other thread's tiles have this shape.
    here: PhantomData<*const ()>,
}

impl Tiles {
    fn new(_: Amx, height: usize) -> Self {
        let rows = u8::try_from(height).ok().filter(|rows| (1..=MOST).contains(rows));
        assert!(rows.is_some(), "a tile has 1 to 16 rows");
        let mut shape = Shape { palette: 1, zeros: [0; 15], row_bytes: [0; 16], heights: [0; 16] };
        shape.row_bytes[..8].fill(ROW_BYTES);
        shape.heights[..6].fill(rows.unwrap_or(MOST));
        shape.heights[6..8].fill(MOST);
        // SAFETY: the processor has the instruction and the system lets us use it, as an `Amx` shows; 64 bytes are read, which describe a
        // shape of palette 1.
        unsafe {
            asm!(
                "ldtilecfg [{shape}]",
                shape = in(reg) &raw const shape,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, readonly, preserves_flags),
            );
        }
        Self { height, here: PhantomData }
    }

    /// The depth of these rows of codes, in tiles, if it is that of these blocks.
    fn depth(&self, rows: &[u8], blocks: &[Block]) -> usize {
        let depth = blocks.len() / BLOCKS;
        let fits = depth > 0 && blocks.len().is_multiple_of(BLOCKS) && rows.len() == self.height * depth * DEPTH;
        assert!(fits, "whole tiles of codes and of weights");
        depth
    }

    /// The sums of a tile's rows and the four groups of a panel.
    fn sum_one(&self, rows: &[u8], blocks: &[Block], sums: &mut Sums) {
        let depth = self.depth(rows, blocks);
        // SAFETY: the tiles have their shape. In each round a tile of codes is read, 64 bytes of each of `height` rows that are `depth * 64`
        // bytes apart, and four of weights, 64 bytes of each of 16 blocks: after `depth` rounds all of `rows` and `blocks`, and nothing
        // else. `sums` has the four tiles of at most 16 rows of 64 bytes that are written.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{rows} + {row} * 1]",
                "tileloadd tmm6, [{blocks} + {block} * 1]",
                "tdpbusd tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{blocks} + {block} * 1 + 64]",
                "tdpbusd tmm1, tmm4, tmm7",
                "tileloadd tmm6, [{blocks} + {block} * 1 + 128]",
                "tdpbusd tmm2, tmm4, tmm6",
                "tileloadd tmm7, [{blocks} + {block} * 1 + 192]",
                "tdpbusd tmm3, tmm4, tmm7",
                "add {rows}, 64",
                "add {blocks}, 4096",
                "dec {rounds}",
                "jnz 2b",
                "tilestored [{sums} + {sum} * 1], tmm0",
                "tilestored [{sums} + {sum} * 1 + 1024], tmm1",
                "tilestored [{sums} + {sum} * 1 + 2048], tmm2",
                "tilestored [{sums} + {sum} * 1 + 3072], tmm3",
                rows = inout(reg) rows.as_ptr() => _,
                row = in(reg) depth * DEPTH,
                blocks = inout(reg) blocks.as_ptr() => _,
                block = in(reg) size_of::<Block>(),
                rounds = inout(reg) depth => _,
                sums = in(reg) sums,
                sum = in(reg) GROUP * 4,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// The sums of two tiles' rows and the groups `group` and `group + 1` of a panel: both of the first tile, then both of the second.
    fn sum_two(&self, rows: [&[u8]; 2], blocks: &[Block], group: usize, sums: &mut Sums) {
        let depth = self.depth(rows[0], blocks);
        assert!(
            self.depth(rows[1], blocks) == depth && group + 1 < COLUMNS / GROUP,
            "two tiles, and two groups of four"
        );
        // SAFETY: as for `sum_one`; of each block the 128 bytes of two groups are read.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{above} + {row} * 1]",
                "tileloadd tmm6, [{blocks} + {block} * 1]",
                "tdpbusd tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{blocks} + {block} * 1 + 64]",
                "tdpbusd tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{below} + {row} * 1]",
                "tdpbusd tmm2, tmm5, tmm6",
                "tdpbusd tmm3, tmm5, tmm7",
                "add {above}, 64",
                "add {below}, 64",
                "add {blocks}, 4096",
                "dec {rounds}",
                "jnz 2b",
                "tilestored [{sums} + {sum} * 1], tmm0",
                "tilestored [{sums} + {sum} * 1 + 1024], tmm1",
                "tilestored [{sums} + {sum} * 1 + 2048], tmm2",
                "tilestored [{sums} + {sum} * 1 + 3072], tmm3",
                above = inout(reg) rows[0].as_ptr() => _,
                below = inout(reg) rows[1].as_ptr() => _,
                row = in(reg) depth * DEPTH,
                blocks = inout(reg) blocks.as_ptr().cast::<u8>().wrapping_add(group * DEPTH) => _,
                block = in(reg) size_of::<Block>(),
                rounds = inout(reg) depth => _,
                sums = in(reg) sums,
                sum = in(reg) GROUP * 4,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// As many products as these tiles have room for, in each of these rounds, at least one: how many in a round.
    fn multiply_in_registers(&self, rounds: u32) -> u64 {
        // SAFETY: the tiles have their shape; no memory is read or written.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "tilezero tmm4",
                "tilezero tmm5",
                "tilezero tmm6",
                "tilezero tmm7",
                "2:",
                "tdpbusd tmm0, tmm4, tmm6",
                "tdpbusd tmm1, tmm4, tmm7",
                "tdpbusd tmm2, tmm5, tmm6",
                "tdpbusd tmm3, tmm5, tmm7",
                "dec {rounds:e}",
                "jnz 2b",
                rounds = inout(reg) rounds => _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, nomem),
            );
        }
        4 * (self.height * GROUP * DEPTH) as u64
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        // SAFETY: the processor has the instruction and the system lets us use it, as an `Amx` showed.
        unsafe {
            asm!(
                "tilerelease",
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack, nomem, preserves_flags),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    /// So many zeros, which end where a page begins that may not be touched. They are never freed.
    fn before_a_guard<T>(count: usize) -> &'static mut [T] {
        const PAGE: usize = 4_096;
        let bytes = count * size_of::<T>();
        let whole = bytes.next_multiple_of(PAGE);
        // SAFETY: new memory, of which the last page is closed; what stands before it has room for the values, whose size is a multiple of
        // their alignment, at most a page. All zeros are a value of the integers and arrays that the tests ask for.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let begin =
                libc::mmap(core::ptr::null_mut(), whole + PAGE, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
            assert!(begin != libc::MAP_FAILED && libc::mprotect(begin.byte_add(whole), PAGE, libc::PROT_NONE) == 0);
            core::slice::from_raw_parts_mut(begin.byte_add(whole - bytes).cast(), count)
        }
    }

    #[test]
    fn tiles_read_and_write_nothing_beyond_their_ends() {
        let Some(amx) = Amx::detect() else { return println!("no AMX here") };
        let mut rng = Rng::new(19);
        let mut byte = || u8::try_from(rng.below(256)).unwrap();
        for (height, depth) in [(1, 1), (7, 2), (16, 6)] {
            let mut rows: [&mut [u8]; 2] = core::array::from_fn(|_| before_a_guard(height * depth * DEPTH));
            let blocks: &mut [Block] = before_a_guard(depth * BLOCKS);
            rows.iter_mut().flat_map(|rows| rows.iter_mut()).for_each(|code| *code = byte());
            blocks.iter_mut().for_each(|block| block.0.as_flattened_mut().fill_with(|| byte().cast_signed()));
            let due = |of: usize, row: usize, group: usize, column: usize| -> i32 {
                let codes = rows[of][row * depth * DEPTH..][..depth * DEPTH].chunks_exact(BLOCK_DEPTH);
                let weights = blocks.iter().map(|block| &block.0[group][column * BLOCK_DEPTH..][..BLOCK_DEPTH]);
                let fours = codes.zip(weights).flat_map(|(codes, weights)| codes.iter().zip(weights));
                fours.map(|(code, weight)| i32::from(*code) * i32::from(*weight)).sum()
            };
            let sums = &mut before_a_guard::<Sums>(1)[0];
            let tiles = Tiles::new(amx, height);
            let each = |sums: &Sums, place: &dyn Fn(usize) -> (usize, usize)| {
                for (tile, row, column) in
                    (0..4 * height * GROUP).map(|at| (at / height / GROUP, at / GROUP % height, at % GROUP))
                {
                    let (of, group) = place(tile);
                    assert_eq!(
                        sums.0[tile][row][column],
                        due(of, row, group, column),
                        "{height} rows of {depth} tiles"
                    );
                }
                assert!(
                    sums.0.iter().all(|tile| tile[height..].iter().flatten().all(|sum| *sum == 0)),
                    "rows that are not there"
                );
            };
            tiles.sum_one(rows[0], blocks, sums);
            each(sums, &|tile| (0, tile));
            for first in [0, 2] {
                tiles.sum_two([rows[0], rows[1]], blocks, first, sums);
                each(sums, &|tile| (tile / 2, first + tile % 2));
            }
        }
    }
}
