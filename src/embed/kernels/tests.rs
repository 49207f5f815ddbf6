//! All kernels against plain sums, and against each other.

#![expect(clippy::cast_possible_truncation, reason = "what is due is computed in f64")]

use super::attention::Buffers;
use super::kernel::Kernel;
use super::matrix::Matrix;
use super::normalize::Norm;
use super::quantize::{Rows, Step};
use super::tile::Activation;
use crate::base::rng::Rng;

fn codes(rng: &mut Rng, count: usize) -> Vec<i8> {
    (0..count)
        .map(|_| match rng.below(8) {
            0 => 127,
            1 => -127,
            _ => i8::try_from(i16::try_from(rng.below(255)).unwrap() - 127).unwrap(),
        })
        .collect()
}

/// Small ones, with a large one here and there, as trained models have them: most sums of two products fit 16 bits, some do not.
fn trained(rng: &mut Rng, count: usize) -> Vec<i8> {
    let mut codes = codes(rng, count);
    codes.iter_mut().for_each(|code| *code /= if rng.below(40) == 0 { 1 } else { 4 });
    codes
}

/// Of -1 to 1.
fn numbers(rng: &mut Rng, count: usize) -> Vec<f32> {
    (0..count).map(|_| f32::from(u16::try_from(rng.below(1 << 16)).unwrap()) / 32_768.0 - 1.0).collect()
}

/// The codes as `wide` has them, without the kernel's offset.
fn signed(kernel: Kernel, rows: &Rows) -> Vec<i8> {
    rows.parts().0.as_flattened().iter().map(|code| code.wrapping_sub(kernel.offset()).cast_signed()).collect()
}

#[test]
fn all_instructions_give_the_integers_of_the_plain_sums() {
    let mut rng = Rng::new(15);
    // Depths with and without whole blocks of every kernel's unrolling, and heights of every tile and of several.
    // Of tiles of AMX, which have 16 rows, one and two; three of 15 rows that share some; and four.
    let tiled = [(1, 64, 128), (16, 128, 64), (17, 64, 64), (43, 384, 64), (64, 64, 64)];
    let plain = [(1, 16, 64), (2, 48, 64), (3, 32, 128), (4, 16, 64), (5, 64, 64), (13, 1_536, 128)];
    let shapes = plain
        .into_iter()
        .chain(tiled)
        .flat_map(|shape| [(shape, codes as fn(&mut Rng, usize) -> Vec<i8>), (shape, trained)]);
    for ((rows, depth, outputs), weights) in shapes {
        let weights = weights(&mut rng, depth * outputs);
        let inputs = codes(&mut rng, rows * depth);
        let steps: Vec<Step> = (0..rows).map(|row| Step { scale: 1.0, zero: [0, -127, 127, 5][row % 4] }).collect();
        let matrix = Matrix::pack(&weights, &vec![1.0; outputs], &vec![0.0; outputs]).unwrap();
        let mut due = Vec::new();
        for (row, step) in inputs.chunks_exact(depth).zip(&steps) {
            for column in 0..outputs {
                let products = row.iter().zip(weights[column..].iter().step_by(outputs));
                let sum: i32 = products.map(|(code, weight)| (i32::from(*code) - step.zero) * i32::from(*weight)).sum();
                due.push((sum as f32).to_bits());
            }
        }
        for kernel in Kernel::all() {
            let rows = Rows::from_codes(kernel.offset(), depth, &inputs, &steps);
            // Of exactly the due length, so that a write beyond it is seen.
            let mut out = vec![f32::NAN; due.len()];
            kernel.multiply(&rows, &matrix, Activation::None, &mut out);
            let found: Vec<u32> = out.iter().map(|number| number.to_bits()).collect();
            assert!(found == due, "{}: {} rows of {depth}, {outputs} columns", kernel.name(), rows.count());
        }
    }
    println!("compared: {:?}", Kernel::all().map(Kernel::name).collect::<Vec<_>>());
}

#[test]
fn the_largest_codes_overflow_nothing() {
    let (depth, outputs) = (1_536, 64);
    // Two weights of 64 are the largest whose sum of products fits 16 bits with any code.
    let weights = [127, 65, 64, -64, -65, -127];
    for (code, weight) in weights.into_iter().flat_map(|weight| [(127, weight), (-127, weight)]) {
        let matrix = Matrix::pack(&vec![weight; depth * outputs], &vec![1.0; outputs], &vec![0.0; outputs]).unwrap();
        for kernel in Kernel::all() {
            let rows = Rows::from_codes(
                kernel.offset(),
                depth,
                &vec![code; depth],
                &[Step { scale: 1.0, zero: -i32::from(code) }],
            );
            let mut out = vec![0.0; outputs];
            kernel.multiply(&rows, &matrix, Activation::None, &mut out);
            let due = 2.0 * f32::from(code) * f32::from(weight) * 1_536.0;
            assert!(out.iter().all(|number| number.to_bits() == due.to_bits()), "{}", kernel.name());
        }
    }
}

#[test]
fn a_constant_input_of_the_biases_adds_what_it_would_as_codes() {
    let mut rng = Rng::new(18);
    let (depth, outputs) = (32, 128);
    let scales: Vec<f32> = numbers(&mut rng, outputs).iter().map(|number| number.abs() + 0.1).collect();
    let (weights, inputs) = (codes(&mut rng, depth * outputs), codes(&mut rng, depth));
    let matrix = |biases: &[f32]| Matrix::pack(&weights, &scales, biases).unwrap();
    let kernel = Kernel::best();
    let product = |matrix: &Matrix, codes: &[i8]| {
        let rows = Rows::from_codes(kernel.offset(), depth, codes, &[Step { scale: 0.5, zero: 0 }]);
        let mut out = vec![0.0; outputs];
        kernel.multiply(&rows, matrix, Activation::None, &mut out);
        out
    };
    let due = product(&matrix(&vec![0.25; outputs]), &inputs);
    let mut shifted = matrix(&vec![0.25; outputs]);
    assert!(shifted.add_input(&inputs.iter().map(|code| 0.5 * f32::from(*code)).collect::<Vec<_>>()));
    assert!(!shifted.add_input(&[1.0; 31]));
    let mut halved = matrix(&vec![0.25; outputs]).with_factors(vec![2.0; depth]).unwrap();
    assert!(halved.add_input(&inputs.iter().map(|code| 0.25 * f32::from(*code)).collect::<Vec<_>>()));
    assert!(!halved.append(&shifted), "other factors");
    assert_eq!(product(&halved, &vec![0; depth]), product(&shifted, &vec![0; depth]));
    for (found, due) in product(&shifted, &vec![0; depth]).iter().zip(due) {
        assert!((found - due).abs() <= 1e-6 * due.abs().max(1.0), "{found} is not {due}");
    }
}

#[test]
fn a_code_of_minus_128_or_a_matrix_that_is_no_whole_panels_is_refused() {
    let pack = |codes: &[i8], outputs| Matrix::pack(codes, &vec![1.0; outputs], &vec![0.0; outputs]).is_some();
    assert!(pack(&[-127; 16 * 64], 64));
    let mut least = [1; 16 * 64];
    least[999] = -128;
    assert!(!pack(&least, 64));
    for (codes, outputs) in [(16 * 64 + 1, 64), (16 * 32, 32), (8 * 64, 64), (0, 64), (64, 0)] {
        assert!(!pack(&vec![1; codes], outputs), "{codes} codes of {outputs} outputs");
    }
}

#[test]
fn all_instructions_give_the_same_codes() {
    let mut rng = Rng::new(16);
    let depth = 48;
    let mut inputs = numbers(&mut rng, depth * 7);
    inputs[..depth].fill(0.0);
    inputs[depth..2 * depth].fill(3.0);
    inputs[2 * depth..3 * depth].fill(-1e-30);
    inputs[3 * depth] = 1e30;
    inputs[4 * depth] = f32::INFINITY;
    inputs[5 * depth] = f32::NAN;
    let factors: Vec<f32> = (0..depth).map(|place| [1.0, 0.5, 2.0][place % 3]).collect();
    let of = |kernel: Kernel| {
        let mut rows = Rows::default();
        kernel.quantize(&inputs, &factors, &mut rows);
        let steps: Vec<(u32, i32)> = rows.parts().1.iter().map(|step| (step.scale.to_bits(), step.zero)).collect();
        (signed(kernel, &rows), steps)
    };
    let portable = Kernel::all().next().unwrap();
    let due = of(portable);
    for kernel in Kernel::all() {
        assert_eq!(of(kernel), due, "{}", kernel.name());
    }
    assert!(!due.0.contains(&-128));
    assert!(due.1.iter().all(|(_, zero)| (-127..=127).contains(zero)), "{:?}", due.1);
    // The last row is an ordinary one: its numbers come back within half a step.
    let (scale, zero) = due.1[6];
    let scale = f32::from_bits(scale);
    for ((number, code), factor) in inputs[6 * depth..].iter().zip(&due.0[6 * depth..]).zip(&factors) {
        assert!(((i32::from(*code) - zero) as f32 * scale - number * factor).abs() <= 0.501 * scale);
    }
}

#[test]
fn all_instructions_normalize_and_attend_alike() {
    let mut rng = Rng::new(17);
    let factors: Vec<f32> = numbers(&mut rng, 384).iter().map(|number| number + 1.5).collect();
    let norm = Norm::new(numbers(&mut rng, 384), numbers(&mut rng, 384), 1e-12).unwrap();
    for tokens in [1, 2, 5, 6, 7, 31, 32, 33, 77] {
        let (first, more) = (numbers(&mut rng, tokens * 384), numbers(&mut rng, tokens * 384));
        let projected: Vec<f32> = numbers(&mut rng, tokens * 3 * 384).iter().map(|number| 2.0 * number).collect();
        let due = (plain_norm(&first, &more), plain_attention(&projected, 12, 32));
        let mut portable = None;
        for kernel in Kernel::all() {
            let (mut numbers, mut rows) = (first.clone(), Rows::default());
            kernel.add_normalize(&mut numbers, &more, (&norm, &factors), &mut rows);
            let gains = |row: &[f32]| norm.scaled(row);
            let due_norm: Vec<f32> = due.0.chunks_exact(384).flat_map(gains).collect();
            close(&numbers, &due_norm, kernel, tokens);
            let codes = signed(kernel, &rows);
            let of_rows = numbers.chunks_exact(384).zip(codes.chunks_exact(384)).zip(rows.parts().1);
            for ((numbers, codes), step) in of_rows {
                for (place, (number, code)) in numbers.iter().zip(codes).enumerate() {
                    let size = step.scale / factors[place];
                    let read = (i32::from(*code) - step.zero) as f32 * size + norm.shift()[place];
                    assert!((read - number).abs() < 0.502 * size, "{}: {read} is not {number}", kernel.name());
                }
            }
            let mut out = vec![f32::NAN; tokens * 384];
            // Buffers in which a longer text was.
            let mut buffers = Buffers::default();
            kernel.attend(&vec![f32::NAN; 90 * 3 * 384], 12, 32, &mut vec![0.0; 90 * 384], &mut buffers);
            kernel.attend(&projected, 12, 32, &mut out, &mut buffers);
            close(&out, &due.1, kernel, tokens);
            let bits = |of: &[f32]| of.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
            let found = (bits(&numbers), bits(&out));
            assert!(*portable.get_or_insert(found.clone()) == found, "{} of {tokens} tokens", kernel.name());
        }
    }
}

#[test]
fn finer_codes_are_a_hundred_times_finer_and_all_instructions_give_the_same() {
    let mut rng = Rng::new(19);
    let (depth, outputs) = (48, 64);
    let factors: Vec<f32> = numbers(&mut rng, depth).iter().map(|number| number + 1.5).collect();
    let shift = numbers(&mut rng, depth);
    let scales: Vec<f32> = numbers(&mut rng, outputs).iter().map(|number| number / 127.0).collect();
    let (weights, biases) = (codes(&mut rng, depth * outputs), numbers(&mut rng, outputs));
    let matrix = Matrix::pack(&weights, &scales, &biases).unwrap().with_factors(factors.clone()).unwrap();
    for (count, activation) in [(1, Activation::None), (3, Activation::Gelu), (8, Activation::None)] {
        let bare: Vec<f32> = numbers(&mut rng, count * depth);
        let shifted: Vec<f32> = bare.iter().zip(shift.iter().cycle()).map(|(number, shift)| number + shift).collect();
        let due = bare.chunks_exact(depth).flat_map(|row| {
            let (weights, biases, factors) = (&weights, &biases, &factors);
            scales.iter().enumerate().map(move |(column, scale)| {
                let products = row.iter().zip(factors).zip(weights[column..].iter().step_by(outputs));
                let sum: f64 = products.map(|((a, b), w)| f64::from(*a) * f64::from(*b) * f64::from(*w)).sum();
                (sum * f64::from(*scale) + f64::from(biases[column])) as f32
            })
        });
        let mut due: Vec<f32> = due.collect();
        if activation == Activation::Gelu {
            super::gelu::gelu(super::compute::Portable, &mut due);
        }
        let error = |found: &[f32]| found.iter().zip(&due).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let mut portable = None;
        for kernel in Kernel::all() {
            let mut rows = Rows::default();
            kernel.quantize(&bare, &factors, &mut rows);
            let mut coarse = vec![f32::NAN; count * outputs];
            kernel.multiply(&rows, &matrix, activation, &mut coarse);
            kernel.refine(&shifted, Some(&shift), &factors, &mut rows);
            assert_eq!((rows.count(), rows.depth()), (2 * count, depth));
            let mut fine = vec![f32::NAN; 2 * count * outputs];
            kernel.multiply(&rows, &matrix, Activation::None, &mut fine);
            kernel.join(&matrix, activation, &mut fine);
            let fine = &fine[..count * outputs];
            let (coarse, fine_error) = (error(&coarse), error(fine));
            assert!(fine_error * 100.0 < coarse, "{}: {fine_error}, {coarse}", kernel.name());
            let bits: Vec<u32> = fine.iter().map(|number| number.to_bits()).collect();
            assert!(*portable.get_or_insert(bits.clone()) == bits, "{}", kernel.name());
        }
    }
}

fn close(found: &[f32], due: &[f32], kernel: Kernel, tokens: usize) {
    assert_eq!(found.len(), due.len());
    for (found, due) in found.iter().zip(due) {
        assert!((found - due).abs() < 2e-5, "{} of {tokens} tokens: {found} is not {due}", kernel.name());
    }
}

fn plain_norm(first: &[f32], more: &[f32]) -> Vec<f32> {
    let sums: Vec<f64> = first.iter().zip(more).map(|(a, b)| f64::from(a + b)).collect();
    let row = |row: &[f64]| {
        let mean = row.iter().sum::<f64>() / 384.0;
        let variance = row.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / 384.0;
        row.iter().map(|number| ((number - mean) / (variance + 1e-12).sqrt()) as f32).collect::<Vec<_>>()
    };
    sums.chunks_exact(384).flat_map(row).collect()
}

fn plain_attention(projected: &[f32], heads: usize, width: usize) -> Vec<f32> {
    let depth = heads * width;
    let rows: Vec<&[f32]> = projected.chunks_exact(3 * depth).collect();
    let mut out = Vec::new();
    for query in &rows {
        for head in 0..heads {
            let part = |row: &[f32], third: usize| row[third * depth + head * width..][..width].to_vec();
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let shares: Vec<f64> = rows.iter().map(|key| dot(&part(query, 0), &part(key, 1)).exp()).collect();
            let total: f64 = shares.iter().sum();
            for at in 0..width {
                let mixed = rows.iter().zip(&shares).map(|(value, share)| share * f64::from(part(value, 2)[at]));
                out.push((mixed.sum::<f64>() / total) as f32);
            }
        }
    }
    out
}
