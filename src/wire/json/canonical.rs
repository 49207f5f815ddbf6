//! Checks that a text is one value in canonical form, whatever its type: a body may be of a type that only newer agents
//! know.

use super::field::{Decoded, Field};
use super::{Expected, NUMBER_MAX};
use crate::limits::JSON_DEPTH_MAX;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Deserializer as Reader, to_writer};
use std::borrow::Cow;
use std::fmt;
use std::io::Write;

/// The value in canonical form at the beginning of `bytes`, and the bytes after it. Non-empty lists and objects may be
/// nested `JSON_DEPTH_MAX` deep; nothing is held in memory but the last key of each object that is open.
pub(in crate::wire) fn first_value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut expected, mut reader) = (Expected(bytes), Reader::from_slice(bytes));
    Canonical { expected: &mut expected, depth: JSON_DEPTH_MAX }.deserialize(&mut reader).ok()?;
    let Expected(rest) = expected;
    bytes.split_at_checked(bytes.len() - rest.len())
}

/// Whether the bytes are one value in canonical form.
#[cfg(test)]
pub(super) fn is_canonical(bytes: &[u8]) -> bool {
    first_value(bytes).is_some_and(|(_, rest)| rest.is_empty())
}

/// The fields of an object in canonical form, read one by one in their order. Each value is checked to be in canonical
/// form; since numbers, bytes and texts have one form each, what serde reads has no second encoding.
pub(in crate::wire) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(in crate::wire) const fn new(object: &'a [u8]) -> Self {
        Self(object)
    }

    /// The bytes of the value after `mark`, which is a brace or a comma, the field's name and a colon.
    pub(in crate::wire) fn bytes(&mut self, mark: &[u8]) -> Option<&'a [u8]> {
        let (value, rest) = first_value(self.0.strip_prefix(mark)?)?;
        self.0 = rest;
        Some(value)
    }

    /// The value after `mark`, by serde.
    pub(in crate::wire) fn value<T: Deserialize<'a>>(&mut self, mark: &[u8]) -> Option<T> {
        serde_json::from_slice(self.bytes(mark)?).ok()
    }

    /// The value after `mark`, by [`Field`].
    pub(in crate::wire) fn field<T: Field>(&mut self, mark: &[u8]) -> Option<T> {
        let Decoded(value) = self.value(mark)?;
        Some(value)
    }

    /// Checks that the object and the bytes end here.
    pub(in crate::wire) fn end(self) -> Option<()> {
        (self.0 == b"}").then_some(())
    }
}

/// Reads a value, writes it in canonical form, and fails at the first byte that differs from the input.
struct Canonical<'a, 'de> {
    expected: &'a mut Expected<'de>,
    /// How many more levels of lists and objects may follow.
    depth: usize,
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Canonical<'_, 'de> {
    fn scalar<E: Error>(self, value: impl Serialize) -> Result<(), E> {
        to_writer(self.expected, &value).map_err(E::custom)
    }

    fn mark<E: Error>(&mut self, mark: &[u8]) -> Result<(), E> {
        self.expected.write_all(mark).map_err(E::custom)
    }

    /// Writes `mark` and returns the reader of a value inside this one.
    fn inner<E: Error>(&mut self, mark: &[u8]) -> Result<Canonical<'_, 'de>, E> {
        self.mark(mark)?;
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("the value is nested too deep"))?;
        Ok(Canonical { expected: self.expected, depth })
    }
}

impl<'de> DeserializeSeed<'de> for Canonical<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// There is no method for floats, which numbers above 2^64 and negative zero are as well: serde refuses them.
impl<'de> Visitor<'de> for Canonical<'_, '_> {
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
        if value > NUMBER_MAX { Err(E::custom("a number above 2^53 - 1 must be a string")) } else { self.scalar(value) }
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        if value.unsigned_abs() > NUMBER_MAX {
            Err(E::custom("a number below -(2^53 - 1) is not allowed"))
        } else {
            self.scalar(value)
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.mark(b"[")?;
        // The comma may be written only if there is another item: serde calls `ListItem` only then.
        let mut before: &[u8] = b"";
        while let Some(()) = items.next_element_seed(ListItem { list: &mut self, before })? {
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

/// Reads an item of a list, after its comma if it is not the first.
struct ListItem<'a, 'b, 'c> {
    list: &'a mut Canonical<'b, 'c>,
    before: &'static [u8],
}

impl<'de> DeserializeSeed<'de> for ListItem<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.list.inner(self.before)?.deserialize(deserializer)
    }
}
