//! Bytes as text: RFC 4648 section 4 (`+` and `/`), with padding, and one encoding for each value.

use base64ct::{Base64, Encoding};
use heapless::Vec as Bounded;
use serde::de::{Deserializer, Error, Visitor};
use serde::ser::Serializer;
use std::fmt;

/// Bytes that are encoded at once: a multiple of three, so that only the last block is padded.
const BLOCK: usize = 48;

/// Writes bytes as a string.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&InBase64(bytes))
}

struct InBase64<'a>(&'a [u8]);

impl fmt::Display for InBase64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; BLOCK / 3 * 4];
        for block in self.0.chunks(BLOCK) {
            f.write_str(Base64::encode(block, &mut text).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

/// Reads a string as at most `MAX` bytes.
///
/// # Errors
/// There are more, or the text is not base64.
pub fn bytes<'de, D: Deserializer<'de>, const MAX: usize>(from: D) -> Result<Vec<u8>, D::Error> {
    read(from, |text| {
        // Longer than the text of `MAX` bytes: refused before anything is allocated.
        if text.len() / 4 > MAX.div_ceil(3) {
            return None;
        }
        let mut bytes = vec![0; text.len() / 4 * 3];
        let length = Base64::decode(text, &mut bytes).ok()?.len();
        bytes.truncate(length);
        (length <= MAX).then_some(bytes)
    })
}

/// Reads a string as at most `MAX` bytes, without the heap.
///
/// # Errors
/// There are more, or the text is not base64.
pub fn bounded<'de, D: Deserializer<'de>, const MAX: usize>(from: D) -> Result<Bounded<u8, MAX>, D::Error> {
    read(from, |text| {
        let mut bytes = [0; MAX];
        Bounded::from_slice(Base64::decode(text, &mut bytes).ok()?).ok()
    })
}

/// Reads a string as exactly `N` bytes.
///
/// # Errors
/// There are more or fewer, or the text is not base64.
pub fn array<'de, D: Deserializer<'de>, const N: usize>(from: D) -> Result<[u8; N], D::Error> {
    read(from, |text| {
        let mut bytes = [0; N];
        let length = Base64::decode(text, &mut bytes).ok()?.len();
        (length == N).then_some(bytes)
    })
}

fn read<'de, D: Deserializer<'de>, T>(from: D, decode: impl FnOnce(&str) -> Option<T>) -> Result<T, D::Error> {
    from.deserialize_str(Text(decode))
}

struct Text<F>(F);

impl<T, F: FnOnce(&str) -> Option<T>> Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("base64 of as many bytes as this field has")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::custom("not base64, or not of as many bytes as this field has"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error as Bad, StrDeserializer};

    fn text(bytes: &[u8]) -> String {
        InBase64(bytes).to_string()
    }

    fn source(text: &str) -> StrDeserializer<'_, Bad> {
        text.into_deserializer()
    }

    #[test]
    fn the_examples_of_the_rfc_are_encoded_and_decoded() {
        let examples =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (bytes_of, encoded) in examples {
            assert_eq!(text(bytes_of.as_bytes()), encoded);
            assert_eq!(bytes::<_, 6>(source(encoded)).as_deref(), Ok(bytes_of.as_bytes()));
            assert_eq!(bounded::<_, 6>(source(encoded)).as_deref(), Ok(bytes_of.as_bytes()));
        }
    }

    #[test]
    fn another_encoding_is_refused() {
        for wrong in ["Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "====", "Z===", "Zm-_", "Zm9v\n", "Z g=", "é==="] {
            assert!(bytes::<_, 100>(source(wrong)).is_err(), "{wrong:?}");
            assert!(bounded::<_, 100>(source(wrong)).is_err(), "{wrong:?}");
        }
        for above in ["Zm9vYmFy", "Zm9vYmFyZm9vYmFy"] {
            assert!(bytes::<_, 5>(source(above)).is_err() && bounded::<_, 5>(source(above)).is_err(), "above the cap");
        }
        assert_eq!(array(source("Zm9v")), Ok(*b"foo"));
        assert!(array::<_, 2>(source("Zm9v")).is_err() && array::<_, 4>(source("Zm9v")).is_err());
    }

    #[test]
    fn bytes_survive_encoding_and_decoding() {
        let mut rng = Rng::new(4);
        for _ in 0..2_000 {
            let sent = random_bytes::bytes(&mut rng, 200);
            assert_eq!(bytes::<_, 200>(source(&text(&sent))), Ok(sent));
        }
    }
}
