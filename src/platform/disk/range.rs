//! Ranges of keys of fjall.

use super::error::failed;
use crate::store::kv::{KvError, Pair};
use std::ops::Bound;

/// Where a range of keys begins and ends.
pub(super) type Keys<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// The range of a page; `None` if nothing can be in it.
pub(super) fn bounds<'a>(from: &'a [u8], to: Option<&'a [u8]>) -> Option<Keys<'a>> {
    if to.is_some_and(|to| to <= from) {
        return None;
    }
    Some((Bound::Included(from), to.map_or(Bound::Unbounded, Bound::Excluded)))
}

/// The pairs of a page.
///
/// # Errors
/// Any `KvError`.
pub(super) fn pairs(items: fjall::Iter, max: usize) -> Result<Vec<Pair>, KvError> {
    let pair = |item: fjall::Guard| item.into_inner().map(|(k, v)| (k.to_vec(), v.to_vec()));
    items.take(max).map(|item| pair(item).map_err(|error| failed(&error))).collect()
}
