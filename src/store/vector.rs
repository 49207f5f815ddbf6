//! The record of a vector.

use super::codec::Record;
use crate::base::id::Fingerprint;
use crate::base::vector::Quantized;
use crate::limits::DIMENSIONS;

/// A stored vector: version, 32 bytes of fingerprint, the scale as little-endian f32, one byte a dimension. Not
/// postcard, because its length is fixed. That of another device has version 2, and the number of that device behind the version.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector {
    /// The model that computed it.
    pub model: Fingerprint,
    /// Its values, quantized to int8.
    pub values: Quantized,
    /// The number of the device that made it, see `maker::Maker`; 0: this one.
    pub by: u8,
}

impl Vector {
    /// Whether these stored bytes are a vector that another device made.
    pub(super) fn is_made_elsewhere(bytes: &[u8]) -> bool {
        bytes.first() == Some(&2)
    }
}

impl Record for Vector {
    const NAME: &'static str = "vector";

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 + 32 + 4 + DIMENSIONS);
        match self.by {
            0 => bytes.push(1),
            by => bytes.extend([2, by]),
        }
        bytes.extend_from_slice(&self.model.0);
        bytes.extend_from_slice(&self.values.scale().to_le_bytes());
        bytes.extend(self.values.bytes());
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (by, body) = match bytes.split_first()? {
            (1, body) => (0, body),
            (2, body) => body.split_first().map(|(by, body)| (*by, body)).filter(|(by, _)| *by > 0)?,
            _ => return None,
        };
        let (model, body) = body.split_first_chunk::<32>()?;
        let (scale, codes) = body.split_first_chunk::<4>()?;
        let values = Quantized::from_parts(f32::from_le_bytes(*scale), codes)?;
        Some(Self { model: Fingerprint(*model), values, by })
    }
}
