//! Whether a text is one canonical value, of whatever type: a body may be of a message that only newer agents know.

use super::field::{Field, Read};
use super::{NUMBER_MAX, Same};
use crate::limits::JSON_DEPTH_MAX;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Deserializer as Reader, to_writer};
use std::borrow::Cow;
use std::fmt;
use std::io::Write;

/// The value in canonical encoding with which the bytes begin, and what stands behind it. Non-empty lists and objects are
/// nested at most `JSON_DEPTH_MAX` deep; nothing is held but the last key of each object that is open.
pub(in crate::wire) fn first_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut expected, mut reader) = (Same(bytes), Reader::from_slice(bytes));
    Rewritten { expected: &mut expected, depth: JSON_DEPTH_MAX }.deserialize(&mut reader).ok()?;
    let Same(behind) = expected;
    bytes.split_at_checked(bytes.len() - behind.len())
}

/// Whether the bytes are one value in canonical encoding.
#[cfg(test)]
pub(super) fn is_canonical(bytes: &[u8]) -> bool {
    first_value(bytes).is_some_and(|(_, behind)| behind.is_empty())
}

/// The fields of an object in canonical encoding, taken one by one in their order. What serde reads of each value has one
/// encoding only, because the value is in canonical encoding and numbers, bytes and texts have one encoding each.
pub(in crate::wire) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(in crate::wire) const fn new(object: &'a [u8]) -> Self {
        Self(object)
    }

    /// The bytes of the value behind `mark`: a brace or a comma, the field's name, a colon.
    pub(in crate::wire) fn bytes(&mut self, mark: &[u8]) -> Option<&'a [u8]> {
        let (value, behind) = first_value(self.0.strip_prefix(mark)?)?;
        self.0 = behind;
        Some(value)
    }

    /// The value itself.
    pub(in crate::wire) fn value<T: Deserialize<'a>>(&mut self, mark: &[u8]) -> Option<T> {
        serde_json::from_slice(self.bytes(mark)?).ok()
    }

    /// That of a type with a encoding of its own in JSON.
    pub(in crate::wire) fn field<T: Field>(&mut self, mark: &[u8]) -> Option<T> {
        let Read(value) = self.value(mark)?;
        Some(value)
    }

    /// The object ends here, and with it the bytes.
    pub(in crate::wire) fn end(self) -> Option<()> {
        (self.0 == b"}").then_some(())
    }
}

/// Writes in canonical encoding what it reads, and fails at the first byte that differs from the expected ones.
struct Rewritten<'a, 'de> {
    expected: &'a mut Same<'de>,
    /// How many more lists and objects may be opened.
    depth: usize,
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Rewritten<'_, 'de> {
    fn scalar<E: Error>(self, value: impl Serialize) -> Result<(), E> {
        to_writer(self.expected, &value).map_err(E::custom)
    }

    fn mark<E: Error>(&mut self, mark: &[u8]) -> Result<(), E> {
        self.expected.write_all(mark).map_err(E::custom)
    }

    /// What reads a value within this one, behind `mark`.
    fn inner<E: Error>(&mut self, mark: &[u8]) -> Result<Rewritten<'_, 'de>, E> {
        self.mark(mark)?;
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("it is nested too deep"))?;
        Ok(Rewritten { expected: self.expected, depth })
    }
}

impl<'de> DeserializeSeed<'de> for Rewritten<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Floats, and with them numbers above 2^64 and the negative zero, have no method here: serde refuses them.
impl<'de> Visitor<'de> for Rewritten<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value in canonical form")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        if value > NUMBER_MAX { Err(E::custom("such a number is a string")) } else { self.scalar(value) }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        if value.unsigned_abs() > NUMBER_MAX { Err(E::custom("no number may be so small")) } else { self.scalar(value) }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.mark(b"[")?;
        // The comma is due only once there is another item: `Behind` is asked for no other.
        let mut before: &[u8] = b"";
        while let Some(()) = items.next_element_seed(Behind { list: &mut self, before })? {
            before = b",";
        }
        self.mark(b"]")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        self.mark(b"{")?;
        let mut last: Option<Cow<'de, str>> = None;
        while let Some(Key(key)) = fields.next_key::<Key<'de>>()? {
            if let Some(last) = &last {
                if !last.encode_utf16().lt(key.encode_utf16()) {
                    return Err(A::Error::custom("keys are not in order"));
                }
                self.mark(b",")?;
            }
            to_writer(&mut *self.expected, &key).map_err(A::Error::custom)?;
            fields.next_value_seed(self.inner(b":")?)?;
            last = Some(key);
        }
        self.mark(b"}")
    }
}

/// An item of a list behind its comma, if it has one.
struct Behind<'a, 'b, 'c> {
    list: &'a mut Rewritten<'b, 'c>,
    before: &'static [u8],
}

impl<'de> DeserializeSeed<'de> for Behind<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.list.inner(self.before)?.deserialize(deserializer)
    }
}
