//! The blocks of public documents that this agent gives to whoever names them: read where they are kept, and checked before they leave.

use crate::limits::BITSWAP_BLOCK_MAX;
use crate::wire::cid::Cid;
use log::debug;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// Finds the block with a name.
type Read = Box<dyn Fn(&Cid) -> Option<Vec<u8>> + Send + Sync>;

/// Reads blocks by their names. Clones read the same ones. There are none until it is told where they are: other devices can connect
/// before the store is open.
#[derive(Clone, Default)]
pub struct Blocks {
    read: Arc<OnceLock<Read>>,
}

impl Blocks {
    /// The blocks that `read` finds, see [`fill`](Self::fill).
    #[must_use]
    pub fn new(read: impl Fn(&Cid) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        let blocks = Self::default();
        blocks.fill(read);
        blocks
    }

    /// From now on there are the blocks that `read` finds: those of public documents and no others. It may wait for the disk, and runs on
    /// several threads at once. A second call changes nothing.
    pub fn fill(&self, read: impl Fn(&Cid) -> Option<Vec<u8>> + Send + Sync + 'static) {
        let _ = self.read.set(Box::new(read));
    }

    /// A block of at most `BITSWAP_BLOCK_MAX` bytes, if there is one with this name, and how many bytes were read to find that out. It is
    /// verified: a source that is mistaken, or whose document has changed, has no such block. Waits for the disk, so it is called through
    /// `platform::blocking`.
    #[must_use]
    pub fn look(&self, cid: &Cid) -> (Option<Vec<u8>>, usize) {
        let Some(block) = self.read.get().and_then(|read| read(cid)) else { return (None, 0) };
        let length = block.len();
        if length > BITSWAP_BLOCK_MAX {
            debug!("The block {cid} is not sent: it has {length} bytes.");
            return (None, length);
        }
        if !cid.verifies(&block) {
            debug!("The block {cid} is not sent: what was read is another one.");
            return (None, length);
        }
        (Some(block), length)
    }
}

impl fmt::Debug for Blocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocks")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_another_one_or_too_large_does_not_leave() {
        let large = vec![7; BITSWAP_BLOCK_MAX + 1];
        let (good, wrong, huge) = (Cid::of_raw(b"good"), Cid::of_raw(b"wrong"), Cid::of_raw(&large));
        let largest = Cid::of_node(&large[1..]);
        let blocks = Blocks::new(move |cid| match *cid {
            cid if cid == good => Some(b"good".to_vec()),
            cid if cid == wrong => Some(b"another".to_vec()),
            cid if cid == huge => Some(large.clone()),
            cid if cid == largest => Some(large[1..].to_vec()),
            _ => None,
        });
        assert_eq!(blocks.look(&good), (Some(b"good".to_vec()), 4));
        assert_eq!(blocks.look(&largest).0.map(|block| block.len()), Some(BITSWAP_BLOCK_MAX));
        // What was read counts though it is not given.
        for (gone, read) in [(wrong, 7), (huge, BITSWAP_BLOCK_MAX + 1), (Cid::of_raw(b"unknown"), 0)] {
            assert_eq!(blocks.look(&gone), (None, read), "{gone}");
        }
        let later = Blocks::default();
        let clone = later.clone();
        assert_eq!(clone.look(&good), (None, 0));
        later.fill(|_| Some(b"good".to_vec()));
        assert_eq!(clone.look(&good).0, Some(b"good".to_vec()));
    }
}
