//! Reads lists that end at their cap: an item beyond it is never held in memory.
//!
//! Postcard alone would first build the whole list: a body of one mebibyte that consists of the shortest hits became 25
//! MiB before anything counted them.

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Reads a list of at most `MAX` items; a longer one is an error. For `#[serde(deserialize_with)]`.
///
/// # Errors
/// The list is too long, or the value is not a list.
pub(crate) fn list<'de, D, T, const MAX: usize>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let mut list = Vec::new();
    each(deserializer, MAX, |item| list.push(item))?;
    Ok(list)
}

/// Reads a list of at most `max` items and calls `take` with each.
///
/// # Errors
/// The list is too long, or the value is not a list. The items taken before must be discarded.
pub(crate) fn each<'de, D, T>(deserializer: D, max: usize, take: impl FnMut(T)) -> Result<(), D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(AtMost { max, take, item: PhantomData })
}

struct AtMost<T, F> {
    max: usize,
    take: F,
    item: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for AtMost<T, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of at most {}", self.max)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let announced = items.size_hint().unwrap_or(0);
        if announced > self.max {
            return Err(A::Error::invalid_length(announced, &self));
        }
        let mut taken = 0;
        while let Some(item) = items.next_element()? {
            if taken >= self.max {
                return Err(A::Error::invalid_length(taken + 1, &self));
            }
            (self.take)(item);
            taken += 1;
        }
        Ok(())
    }
}
