//! Weights of eight bits, in the order in which the kernels read them.
//!
//! A panel is `COLUMNS` columns of the matrix. Its blocks go down the rows, four at a time: a block has four groups of sixteen columns,
//! and a group's 64 bytes are four rows of one column after another, as instructions for sums of four products want them.

use super::block::{Block, COLUMNS, DEPTH, GROUP, GROUPS};
#[cfg(target_arch = "x86_64")]
use super::pairs::Order;
#[cfg(target_arch = "x86_64")]
use std::sync::OnceLock;

/// A sum of so many products of an unsigned and a signed byte, and what the zero points take off, fit 32 bits together.
const DEPTH_MAX: usize = 1 << 14;
const _: () = assert!(DEPTH_MAX * (255 * 127 + 255 * 127) < 1 << 31);

/// What belongs to the columns of a panel, in groups.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Columns {
    pub(super) scales: [[f32; GROUP]; GROUPS],
    pub(super) biases: [[f32; GROUP]; GROUPS],
    /// The sum of a column's codes.
    pub(super) sums: [[i32; GROUP]; GROUPS],
}

/// Packed weights with their scales and biases.
#[derive(Clone, Debug)]
pub struct Matrix {
    depth: usize,
    /// Made when AVX2 first multiplies by it; other instructions need none.
    #[cfg(target_arch = "x86_64")]
    orders: OnceLock<Box<[Order]>>,
    /// What a number is multiplied by before it becomes a code.
    factors: Vec<f32>,
    blocks: Vec<Block>,
    columns: Vec<Columns>,
}

impl Matrix {
    /// Packs codes of -127 to 127, row after row, of which each has a code for every output; `weight = scale * code`. `None` if the
    /// lengths do not fit, outputs are no multiple of 64, rows no multiple of 16, a code is -128, or a number is not finite.
    #[must_use]
    pub fn pack(codes: &[i8], scales: &[f32], biases: &[f32]) -> Option<Self> {
        let outputs = scales.len();
        let depth = codes.len().checked_div(outputs)?;
        let whole = outputs.is_multiple_of(COLUMNS) && depth.is_multiple_of(16) && codes.len() == depth * outputs;
        if !whole || biases.len() != outputs || !(16..=DEPTH_MAX).contains(&depth) || codes.contains(&i8::MIN) {
            return None;
        }
        if !scales.iter().chain(biases).all(|number| number.is_finite()) {
            return None;
        }
        let mut packed = Self {
            depth,
            #[cfg(target_arch = "x86_64")]
            orders: OnceLock::new(),
            factors: vec![1.0; depth],
            blocks: Vec::with_capacity(outputs / COLUMNS * depth / DEPTH),
            columns: Vec::with_capacity(outputs / COLUMNS),
        };
        for panel in 0..outputs / COLUMNS {
            packed.push_panel(codes, scales, biases, panel * COLUMNS);
        }
        Some(packed)
    }

    fn push_panel(&mut self, codes: &[i8], scales: &[f32], biases: &[f32], first: usize) {
        let mut columns =
            Columns { scales: [[0.0; GROUP]; GROUPS], biases: [[0.0; GROUP]; GROUPS], sums: [[0; GROUP]; GROUPS] };
        columns.scales.as_flattened_mut().copy_from_slice(&scales[first..first + COLUMNS]);
        columns.biases.as_flattened_mut().copy_from_slice(&biases[first..first + COLUMNS]);
        let sums = columns.sums.as_flattened_mut();
        for rows in codes.chunks_exact(DEPTH * scales.len()) {
            let mut block = Block([[0; GROUP * DEPTH]; GROUPS]);
            let groups = block.0.as_flattened_mut();
            for (at, row) in rows.chunks_exact(scales.len()).enumerate() {
                for (column, code) in row[first..first + COLUMNS].iter().enumerate() {
                    groups[column * DEPTH + at] = *code;
                    sums[column] += i32::from(*code);
                }
            }
            self.blocks.push(block);
        }
        self.columns.push(columns);
    }

    /// The same matrix for numbers that are multiplied by these factors first; `None` if there is not a finite one for each row.
    #[must_use]
    pub fn with_factors(self, factors: Vec<f32>) -> Option<Self> {
        let fits = factors.len() == self.depth && factors.iter().all(|factor| factor.is_finite());
        fits.then_some(Self { factors, ..self })
    }

    /// What a number is multiplied by before it becomes a code; one for each row.
    #[must_use]
    pub fn factors(&self) -> &[f32] {
        &self.factors
    }

    /// Appends the columns of another matrix; false, and nothing is changed, if it has another number of rows or other factors.
    #[must_use]
    pub fn append(&mut self, more: &Self) -> bool {
        let fits = self.factors == more.factors;
        if fits {
            self.blocks.extend_from_slice(&more.blocks);
            self.columns.extend_from_slice(&more.columns);
            #[cfg(target_arch = "x86_64")]
            self.orders.take();
        }
        fits
    }

    /// Multiplies the first `outputs` results by a factor.
    pub fn scale(&mut self, outputs: usize, factor: f32) {
        for columns in self.columns.iter_mut().take(outputs / COLUMNS) {
            columns.scales.as_flattened_mut().iter_mut().for_each(|scale| *scale *= factor);
            columns.biases.as_flattened_mut().iter_mut().for_each(|bias| *bias *= factor);
        }
    }

    /// Adds to the biases what a constant input adds to the results. False, and nothing is changed, if it has not a number for each row.
    #[must_use]
    pub fn add_input(&mut self, input: &[f32]) -> bool {
        if input.len() != self.depth {
            return false;
        }
        let input: Vec<f32> = input.iter().zip(&self.factors).map(|(number, factor)| number * factor).collect();
        let (input, _) = input.as_chunks::<DEPTH>();
        for (blocks, columns) in self.blocks.chunks_exact(self.depth / DEPTH).zip(&mut self.columns) {
            let mut sums = [0.0; COLUMNS];
            for (block, input) in blocks.iter().zip(input) {
                for (sum, weights) in sums.iter_mut().zip(block.0.as_flattened().as_chunks::<DEPTH>().0) {
                    *sum += weights.iter().zip(input).map(|(weight, number)| f32::from(*weight) * number).sum::<f32>();
                }
            }
            let biases = columns.biases.as_flattened_mut().iter_mut();
            for ((bias, scale), sum) in biases.zip(columns.scales.as_flattened()).zip(sums) {
                *bias += scale * sum;
            }
        }
        true
    }

    /// Rows: the numbers that a product takes for each result.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Columns: the results.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.columns.len() * COLUMNS
    }

    /// The biases of all columns, in groups.
    pub(super) fn biases(&self) -> impl Iterator<Item = &[f32; GROUP]> {
        self.columns.iter().flat_map(|columns| &columns.biases)
    }

    /// The orders in which AVX2 multiplies the blocks of each group, panel after panel.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn orders(&self) -> &[Order] {
        let of_panel = |(blocks, _)| (0..GROUPS).map(move |group| Order::new(blocks, group));
        self.orders.get_or_init(|| self.panels().flat_map(of_panel).collect())
    }

    /// The panels: the blocks of each, of which there are `depth / 4`, and its columns.
    pub(super) fn panels(&self) -> impl Iterator<Item = (&[Block], &Columns)> {
        self.blocks.chunks_exact(self.depth / DEPTH).zip(&self.columns)
    }
}
