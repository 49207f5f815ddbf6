//! How a field stands in JSON where that is not what serde derives for its type: `#[serde(with = "field")]`.

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

/// A type of field with a encoding of its own in JSON.
pub(in crate::wire) trait Field: Sized {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

/// Types whose fields another struct declares for JSON, by serde's `remote` derive.
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

/// For serde's derive.
pub(in crate::wire) fn serialize<T: Field, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.write(to)
}

/// For serde's derive.
pub(in crate::wire) fn deserialize<'de, T: Field, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(from)
}

/// A value in its encoding for JSON.
pub(in crate::wire) struct Written<'a, T>(pub(in crate::wire) &'a T);

impl<T: Field> Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }
}

/// A value that is read from its encoding in JSON.
pub(in crate::wire) struct Read<T>(pub(in crate::wire) T);

impl<'de, T: Field> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::read(from).map(Self)
    }
}

/// Up to 2^53 - 1 as a number, above as a string of its digits.
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
        if number > NUMBER_MAX { Err(E::custom("such a number is a string")) } else { Ok(number) }
    }

    fn visit_str<E: Error>(self, digits: &str) -> Result<u64, E> {
        // Neither a sign nor a zero stands before the digits.
        let number = digits.parse().ok().filter(|_| digits.starts_with(|first| matches!(first, '1'..='9')));
        number.filter(|number| *number > NUMBER_MAX).ok_or_else(|| E::custom("no number that is to be a string"))
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
        Self::ALL.get(number).copied().ok_or_else(|| D::Error::custom("there is no such kind"))
    }
}

/// The base64 of its four bytes, the lowest first.
impl Field for f32 {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        base64::serialize(&self.to_le_bytes(), to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Field::read(from).map(Self::from_le_bytes)
    }
}

/// Bytes are base64.
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

/// `null` for none.
impl<T: Field> Field for Option<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(Written).serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Option::<Read<T>>::deserialize(from)?.map(|Read(value)| value))
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
        // `each` takes no more than have room.
        bounded::each(from, N, |Read(item)| drop(items.push(item)))?;
        Ok(items)
    }
}

/// Writes a list, for `#[serde(serialize_with)]`.
///
/// # Errors
/// Those of the serializer.
pub(in crate::wire) fn list<T: Field, S: Serializer>(items: &[T], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(items.iter().map(Written))
}

/// Reads a list of at most `MAX` items, for `#[serde(deserialize_with)]`.
///
/// # Errors
/// The list is too long, or no list.
pub(in crate::wire) fn list_of<'de, D, T, const MAX: usize>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Field,
{
    let mut items = Vec::new();
    bounded::each(from, MAX, |Read(item)| items.push(item))?;
    Ok(items)
}
