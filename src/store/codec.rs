//! How records are encoded: a version byte, then postcard for most of them.

use super::kv::KvError;
use serde::{Serialize, de::DeserializeOwned};

/// A kind of record.
pub trait Record: Sized {
    /// Its name in error messages and in the fixtures.
    const NAME: &'static str;
    /// The bytes to store.
    fn encode(&self) -> Vec<u8>;
    /// Decodes stored bytes of any version; `None` if they are damaged.
    fn decode(bytes: &[u8]) -> Option<Self>;
    /// As `decode`, with an error that names the record.
    ///
    /// # Errors
    /// `KvError::Damaged`.
    fn decode_stored(bytes: &[u8]) -> Result<Self, KvError> {
        Self::decode(bytes).ok_or_else(|| KvError::Damaged(format!("a {} record of {} bytes", Self::NAME, bytes.len())))
    }
}

pub(super) fn encode_postcard<T: Serialize>(version: u8, record: &T) -> Vec<u8> {
    // Plain data into a growing vector: this cannot fail.
    postcard::to_extend(record, vec![version]).unwrap_or_default()
}

pub(super) fn decode_postcard<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let (record, rest) = postcard::take_from_bytes(body).ok()?;
    rest.is_empty().then_some(record)
}

macro_rules! postcard_record {
    ($type:ty, $name:literal) => {
        impl Record for $type {
            const NAME: &'static str = $name;

            fn encode(&self) -> Vec<u8> {
                encode_postcard(1, self)
            }

            fn decode(bytes: &[u8]) -> Option<Self> {
                match bytes.split_first()? {
                    (1, body) => decode_postcard(body),
                    _ => None,
                }
            }
        }
    };
}

pub(super) use postcard_record;
