//! Devices take turns, whatever their keys.

use crate::base::id::PeerKey;
use std::collections::BTreeMap;
use std::ops::Bound;

/// All of them, those behind this device first.
pub(super) fn in_turn<V>(of: &BTreeMap<PeerKey, V>, last: Option<PeerKey>) -> impl Iterator<Item = (&PeerKey, &V)> {
    let behind = last.map_or(Bound::Unbounded, Bound::Excluded);
    of.range((behind, Bound::Unbounded)).chain(of)
}
