//! The vectors of a model's words, which stay on the disk: 216 bytes a word, 54 MB for 250,002.
//!
//! A row is 384 codes of 4 bits, the even one of two in the low half of its byte, and a scale in half precision for each 32 of
//! them: a weight is (code - 8) * scale. Rows that were used are kept, one for each remainder of the word's id: ids are
//! in the order of frequency, so that a frequent one is soon back where a rare one took its place.

use super::model::ModelError;
use super::model_file::{BLOCK, ModelFile};
use crate::limits::{DIMENSIONS, TABLE_ROWS_KEPT, TABLE_WORDS_MAX};
use std::fmt;

/// Weights that share a scale.
const SCALED: usize = 32;
/// Bytes of a row's codes.
const CODES: usize = DIMENSIONS / 2;
/// Bytes of a row.
pub(super) const ROW: usize = CODES + 2 * (DIMENSIONS / SCALED);
/// The part of the file with the rows.
pub(super) const WORDS: &str = "words";

const NONE: u32 = u32::MAX;

/// The table. A clone keeps rows of its own.
#[derive(Clone)]
pub(super) struct WordTable {
    file: ModelFile,
    at: u64,
    words: usize,
    /// The ids of the rows that are kept, and the rows.
    kept: Vec<u32>,
    rows: Vec<u8>,
    /// Room for a block of the file that is checked.
    block: Box<[u8; BLOCK]>,
}

impl fmt::Debug for WordTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WordTable({})", self.words)
    }
}

impl WordTable {
    /// The table of a model's file.
    pub(super) fn open(file: ModelFile) -> Result<Self, ModelError> {
        let (at, words) = file.rows(WORDS, ROW)?;
        if words > TABLE_WORDS_MAX {
            return Err(ModelError::Part(WORDS, "has too many rows"));
        }
        // Zeros are no memory until something is written there.
        let (kept, rows) = (vec![NONE; TABLE_ROWS_KEPT], vec![0; TABLE_ROWS_KEPT * ROW]);
        Ok(Self { file, at, words, kept, rows, block: Box::new([0; BLOCK]) })
    }

    /// How many words it has.
    pub(super) const fn words(&self) -> usize {
        self.words
    }

    /// Writes the vectors of these words into `into`, one after another.
    ///
    /// # Errors
    /// The file cannot be read, or was changed since it was opened.
    pub(super) fn read(&mut self, ids: &[u32], into: &mut [f32]) -> Result<(), ModelError> {
        for (id, into) in ids.iter().zip(into.as_chunks_mut::<DIMENSIONS>().0) {
            decode(self.row(*id)?, into);
        }
        Ok(())
    }

    fn row(&mut self, id: u32) -> Result<&[u8; ROW], ModelError> {
        let missing = ModelError::Part(WORDS, "lacks a word");
        if id as usize >= self.words {
            return Err(missing);
        }
        let place = id as usize % TABLE_ROWS_KEPT;
        let (Some(kept), Some(row)) = (self.kept.get_mut(place), self.rows.as_chunks_mut::<ROW>().0.get_mut(place))
        else {
            return Err(missing);
        };
        if *kept != id {
            *kept = NONE;
            self.file.read(self.at + u64::from(id) * ROW as u64, row, &mut self.block)?;
            *kept = id;
        }
        Ok(row)
    }
}

fn decode(row: &[u8; ROW], into: &mut [f32; DIMENSIONS]) {
    let (codes, scales) = row.split_at(CODES);
    let parts = into.as_chunks_mut::<SCALED>().0.iter_mut().zip(codes.as_chunks::<{ SCALED / 2 }>().0);
    for ((into, codes), scale) in parts.zip(scales.as_chunks::<2>().0) {
        let scale = half(u16::from_le_bytes(*scale));
        for (into, code) in into.as_chunks_mut::<2>().0.iter_mut().zip(codes) {
            *into = [f32::from(code & 15) - 8.0, f32::from(code >> 4) - 8.0].map(|code| code * scale);
        }
    }
}

/// A number in half precision (IEEE 754 binary16). What is no number is 0: no scale is one.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (bits >> 10 & 0x1F, u32::from(bits & 0x3FF));
    let size = match exponent {
        // 2^-24, the least one.
        0 => fraction as f32 * 5.960_464_5e-8,
        0x1F => 0.0,
        _ => f32::from_bits((u32::from(exponent) + 112) << 23 | fraction << 13),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_half_precision_are_read() {
        for (bits, value) in
            [(0x3C00, 1.0), (0xC000, -2.0), (0x3555, 0.333_251_95), (1, 5.960_464_5e-8), (0x03FF, 6.097_555e-5)]
        {
            assert!((half(bits) - value).abs() <= value.abs() * 1e-6, "{bits:x}");
        }
        assert_eq!(half(0), 0.0);
        assert_eq!(half(0x7E00), 0.0);
    }

    #[test]
    fn a_row_has_the_even_code_in_the_low_half() {
        let mut row = [0x88; ROW];
        row[0] = 0xF9;
        row[CODES..].as_chunks_mut::<2>().0.fill([0x00, 0x38]);
        let mut values = [7.0; DIMENSIONS];
        decode(&row, &mut values);
        assert_eq!(values[..4], [0.5, 3.5, 0.0, 0.0]);
        assert!(values[4..].iter().all(|value| *value == 0.0));
    }
}
