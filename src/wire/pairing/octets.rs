//! Bytes in the messages of pairing: base64 in JSON, plain in postcard.

use crate::wire::json::base64;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// The `serialize` of `#[serde(with = "octets")]`: an array without its length.
pub(super) fn serialize<S: Serializer, const N: usize>(bytes: &[u8; N], to: S) -> Result<S::Ok, S::Error> {
    if to.is_human_readable() {
        return base64::serialize(bytes, to);
    }
    use serde::ser::SerializeTuple as _;
    let mut tuple = to.serialize_tuple(N)?;
    bytes.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
    tuple.end()
}

/// The `deserialize` of `#[serde(with = "octets")]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(from: D) -> Result<[u8; N], D::Error> {
    if from.is_human_readable() { base64::array(from) } else { from.deserialize_tuple(N, Array::<N>) }
}

struct Array<const N: usize>;

impl<'de, const N: usize> serde::de::Visitor<'de> for Array<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<[u8; N], A::Error> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = items.next_element()?.ok_or_else(|| A::Error::custom("too few bytes"))?;
        }
        Ok(bytes)
    }
}

/// Bytes of any number up to `PAIR_CERTIFICATE_MAX`.
pub(super) mod bounded {
    use super::{Deserialize, Deserializer, Error, Serializer, base64};
    use crate::limits::PAIR_CERTIFICATE_MAX;

    pub(in super::super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { base64::serialize(bytes, to) } else { to.serialize_bytes(bytes) }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        if from.is_human_readable() {
            return base64::bytes::<_, PAIR_CERTIFICATE_MAX>(from);
        }
        // Borrowed from the frame, and copied only if it is within the cap.
        let bytes = <&[u8]>::deserialize(from)?;
        let within = (bytes.len() <= PAIR_CERTIFICATE_MAX).then(|| bytes.to_vec());
        within.ok_or_else(|| D::Error::custom("a certificate above the cap"))
    }
}

/// An array that is wiped when it is dropped.
pub(super) mod wiped {
    use super::{Deserializer, Serializer};
    use zeroize::Zeroizing;

    pub(in super::super) fn serialize<S: Serializer>(bytes: &Zeroizing<[u8; 32]>, to: S) -> Result<S::Ok, S::Error> {
        super::serialize::<_, 32>(bytes, to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Zeroizing<[u8; 32]>, D::Error> {
        super::deserialize(from).map(Zeroizing::new)
    }
}
