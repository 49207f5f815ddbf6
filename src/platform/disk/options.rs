//! The settings of each space. They hold for the spaces that are made from now on: a folder keeps those with which it was made.

use crate::store::kv::Space;
use fjall::compaction::Leveled;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, KeyspaceCreateOptions};
use std::sync::Arc;

/// Far above use, so that fjall never rotates by itself.
const MEMTABLE_NEVER_FULL: u64 = 1 << 30;

/// Tables that gather until they are merged with what they overlap. Where keys come in any order, that is all of a space; and where they come
/// nearly in order, as those of vectors that two threads make, it is all that gathered and the last table before it: with eight of
/// them each vector was written more than twice (docs/evidence.md). fjall lets nobody write to a space of 30, so that two may come during a
/// merge. A look into each of so many costs a question microseconds. Folders of before November 2026 have four in each space.
const TABLES: u8 = 28;

/// Bytes of a block that is compressed as one, of the texts: four of them to a block of 4 KiB, the default, compress badly. A reader of
/// one text unpacks all of its block, in some ten microseconds.
const TEXT_BLOCK: u32 = 16 * 1024;

const BLOCK: u32 = 4 * 1024;

/// The settings of a space that is made.
pub(super) fn options(space: Space) -> KeyspaceCreateOptions {
    let compression = match space {
        // int8 vectors do not compress.
        Space::Vector => CompressionType::None,
        _ => CompressionType::Lz4,
    };
    let block = if space == Space::Chunk { TEXT_BLOCK } else { BLOCK };
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_NEVER_FULL)
        .compaction_strategy(Arc::new(Leveled::default().with_l0_threshold(TABLES)))
        .data_block_compression_policy(CompressionPolicy::all(compression))
        .data_block_size_policy(BlockSizePolicy::all(block))
}
