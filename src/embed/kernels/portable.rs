//! The products without special instructions: the twin that says what the others must give.

use super::block::{Block, COLUMNS, DEPTH};
use super::compute::Portable;
use super::gelu::gelu;
use super::matrix::Matrix;
use super::quantize::Rows;
use super::tile::Activation;

pub(super) fn multiply(rows: &Rows, matrix: &Matrix, activation: Activation, out: &mut [f32]) {
    let (codes, steps) = rows.parts();
    let outputs = matrix.outputs();
    for (panel, (blocks, columns)) in matrix.panels().enumerate() {
        let (scales, biases) = (columns.scales.as_flattened(), columns.biases.as_flattened());
        let column_sums = columns.sums.as_flattened();
        let rows = codes.chunks_exact(blocks.len()).zip(steps);
        for ((codes, step), out) in rows.zip(out.chunks_exact_mut(outputs)) {
            let sums = sums(codes, blocks);
            let out = &mut out[panel * COLUMNS..][..COLUMNS];
            let columns = sums.iter().zip(column_sums).zip(scales.iter().zip(biases));
            for (out, ((sum, column_sum), (scale, bias))) in out.iter_mut().zip(columns) {
                let exact = (sum - step.zero * column_sum) as f32;
                *out = exact.mul_add(scale * step.scale, *bias);
            }
            if activation == Activation::Gelu {
                gelu(Portable, out);
            }
        }
    }
}

fn sums(codes: &[[u8; DEPTH]], blocks: &[Block]) -> [i32; COLUMNS] {
    let mut sums = [0; COLUMNS];
    for (codes, block) in codes.iter().zip(blocks) {
        let codes = codes.map(|code| i32::from(code.cast_signed()));
        for (sum, weights) in sums.iter_mut().zip(block.0.as_flattened().as_chunks::<DEPTH>().0) {
            for (code, weight) in codes.iter().zip(weights) {
                *sum += code * i32::from(*weight);
            }
        }
    }
    sums
}
