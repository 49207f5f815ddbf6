//! What a device shares, so that nobody asks it who has all of that. Agents of before do not send it, and are always asked.

use super::gossip::is_name;
use crate::limits::{COLLECTION_BYTES_MAX, GOSSIP_COLLECTIONS_MAX};
use heapless::{String as Text, Vec as Bounded};
use serde::{Deserialize, Serialize};

/// All that the sender shares with the members, as it is now, or that this is not known: it is changing, was not counted, or there are too
/// many collections. Holds until the next one on the same link, and no longer than the link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holdings {
    /// Each collection, or none where it is not known.
    pub collections: Option<HoldingList>,
}

/// The collections of a device.
pub type HoldingList = Box<Bounded<Holding, GOSSIP_COLLECTIONS_MAX>>;

/// A collection that a device shares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Its name.
    pub name: Text<COLLECTION_BYTES_MAX>,
    /// Its files.
    pub files: u32,
    /// The same for the same files, in whichever folders they are: the sum, modulo 2^128 and little-endian, of the first 16 bytes of the SHA-256
    /// of each one's name, a byte 0, and the first 16 bytes of the SHA-256 of its content.
    pub content: [u8; 16],
}

/// How many of the files that the sender shares with the members cannot be read, or are set aside after failing again and again: nothing of
/// them is searched, and they are in no `message::Coverage`. Holds until the next one on the same link, and no longer than the link; who says nothing
/// has none. Agents of before do not read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unusable {
    /// Those files.
    pub files: u64,
}

impl Holdings {
    /// Checks what the types do not express.
    pub(super) fn is_sound(&self) -> bool {
        self.collections.iter().flat_map(|list| list.iter()).all(|holding| is_name(&holding.name))
    }
}
