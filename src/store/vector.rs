//! The record of a vector.

use super::codec::Record;
use crate::base::id::{Fingerprint, ModelMark};
use crate::base::vector::Quantized;
use crate::limits::DIMENSIONS;

/// A stored vector: version, the model's mark, the scale as little-endian f32, one byte a dimension. Not postcard, because its
/// length is fixed. Version 3; that of another device has version 4, and the number of that device behind the version. A vector that is to be
/// made anew with another model has version 5 or 6 in their place. Versions 1 and 2, of before December 2026, are as 3 and 4 with the whole
/// fingerprint of 32 bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// The model that computed it.
    pub model: ModelMark,
    /// Its values, quantized to int8.
    pub values: Quantized,
    /// The number of the device that made it, see `maker::Maker`; 0: this one.
    pub by: u8,
    /// Whether it is to be made anew with another model: it answers on as long as its own model is there, and counts as none.
    pub is_stale: bool,
}

impl Vector {
    /// Whether these stored bytes are a vector that another device made.
    pub(super) fn is_made_elsewhere(bytes: &[u8]) -> bool {
        matches!(bytes.first(), Some(2 | 4 | 6))
    }

    /// Whether these stored bytes are one that is to be made anew.
    pub(super) fn is_stale(bytes: &[u8]) -> bool {
        matches!(bytes.first(), Some(5 | 6))
    }
}

impl Record for Vector {
    const NAME: &'static str = "vector";

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 + 4 + 4 + DIMENSIONS);
        match (self.by, self.is_stale) {
            (0, false) => bytes.push(3),
            (by, false) => bytes.extend([4, by]),
            (0, true) => bytes.push(5),
            (by, true) => bytes.extend([6, by]),
        }
        bytes.extend_from_slice(&self.model.0);
        bytes.extend_from_slice(&self.values.scale().to_le_bytes());
        bytes.extend(self.values.bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (version, body) = bytes.split_first()?;
        let (by, body) = match version {
            1 | 3 | 5 => (0, body),
            2 | 4 | 6 => body.split_first().map(|(by, body)| (*by, body)).filter(|(by, _)| *by > 0)?,
            _ => return None,
        };
        let (model, body) = if *version < 3 {
            body.split_first_chunk::<32>().map(|(model, body)| (ModelMark::from(Fingerprint(*model)), body))?
        } else {
            body.split_first_chunk::<4>().map(|(mark, body)| (ModelMark(*mark), body))?
        };
        let (scale, codes) = body.split_first_chunk::<4>()?;
        let values = Quantized::from_parts(f32::from_le_bytes(*scale), codes)?;
        Some(Self { model, values, by, is_stale: *version > 4 })
    }
}
