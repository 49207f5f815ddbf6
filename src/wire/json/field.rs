//! The JSON form of fields for which serde would derive another one: `#[serde(with = "field")]`.

use super::{NUMBER_MAX, base64};
use crate::base::bounded;
use crate::base::id::{PeerKey, Row};
use crate::wire::gossip::Kind;
use core::net::{SocketAddr, SocketAddrV6};
use heapless::Vec as Bounded;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;

/// A type with its own form in JSON.
pub(in crate::wire) trait Field: Sized {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// Implements [`Field`] for types whose JSON fields another struct declares, by serde's `remote` derive.
macro_rules! by_fields {
    ($($type:ty => $fields:ty,)*) => {$(
        impl $crate::wire::json::field::Field for $type {
            fn write<S: ::serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                <$fields>::serialize(self, to)
            }

            fn read<'de, D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                <$fields>::deserialize(from)
            }
        }
    )*};
}
pub(in crate::wire) use by_fields;

/// The `serialize` of `#[serde(with = "field")]`.
pub(in crate::wire) fn serialize<T: Field, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.write(to)
}

/// The `deserialize` of `#[serde(with = "field")]`.
pub(in crate::wire) fn deserialize<'de, T: Field, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from)
}

/// Serializes a value by its [`Field`] form.
pub(in crate::wire) struct Encoded<'a, T>(pub(in crate::wire) &'a T);

impl<T: Field> Serialize for Encoded<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }
}

/// Deserializes a value by its [`Field`] form.
pub(in crate::wire) struct Decoded<T>(pub(in crate::wire) T);

impl<'de, T: Field> Deserialize<'de> for Decoded<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self)
    }
}

/// A number up to 2^53 - 1, a string of decimal digits above.
impl Field for u64 {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if *self > NUMBER_MAX { to.collect_str(self) } else { to.serialize_u64(*self) }
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Number)
    }
}

struct Number;

impl Visitor<'_> for Number {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a whole number up to {NUMBER_MAX}, or a larger one as a string of its digits")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        if number > NUMBER_MAX { Err(E::custom("a number above 2^53 - 1 must be a string")) } else { Ok(number) }
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<u64, E> {
        // `parse` would accept a sign and leading zeros.
        let number = digits.parse().ok().filter(|_| digits.starts_with(|first| matches!(first, '1'..='9')));
        number
            .filter(|number| *number > NUMBER_MAX)
            .ok_or_else(|| E::custom("only a number above 2^53 - 1 may be a string"))
    }
}

impl Field for Row {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Field::read(from).map(Self)
    }
}

/// Its number on the wire.
impl Field for Kind {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(*self as u8)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = usize::deserialize(from)?;
        Self::ALL.get(number).copied().ok_or_else(|| D::Error::custom("unknown kind"))
    }
}

/// The base64 of its four bytes, little-endian.
impl Field for f32 {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        base64::serialize(&self.to_le_bytes(), to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Field::read(from).map(Self::from_le_bytes)
    }
}

/// Base64.
impl<const N: usize> Field for [u8; N] {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        base64::serialize(self, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        base64::array(from)
    }
}

impl Field for PeerKey {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Field::read(from).map(Self)
    }
}

/// Text without a scope id. Postcard carries none either, and it names an interface of the sender alone. A text with
/// one is refused, because encoding it again gives other bytes.
impl Field for SocketAddr {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::V4(address) => to.collect_str(address),
            Self::V6(address) => to.collect_str(&SocketAddrV6::new(*address.ip(), address.port(), 0, 0)),
        }
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::deserialize(from)
    }
}

/// `null` for `None`.
impl<T: Field> Field for Option<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Encoded).serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<Decoded<T>>::deserialize(from)?.map(|Decoded(value)| value))
    }
}

impl<T: Field> Field for Box<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        T::write(self, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self::new)
    }
}

/// Borrowed where it is written, owned where it was read.
impl<T: Field + Clone> Field for Cow<'_, T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        T::write(self, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Cow::Owned)
    }
}

impl<T: Field, const N: usize> Field for Bounded<T, N> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        list(self, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut items = Self::new();
        // `each` yields at most `N` items, so every push has room.
        bounded::each(from, N, |Decoded(item)| drop(items.push(item)))?;
        Ok(items)
    }
}

/// Writes a list, for `#[serde(serialize_with)]`.
///
/// # Errors
/// Those of the serializer.
pub(in crate::wire) fn list<T: Field, S: Serializer>(items: &[T], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(items.iter().map(Encoded))
}

/// Reads a list of at most `MAX` items, for `#[serde(deserialize_with)]`.
///
/// # Errors
/// The list is too long, or the value is not a list.
pub(in crate::wire) fn list_of<'de, D, T, const MAX: usize>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Field,
{
    let mut items = Vec::new();
    bounded::each(from, MAX, |Decoded(item)| items.push(item))?;
    Ok(items)
}
