//! The settings of each space. They hold for the spaces that are made from now on: a folder keeps those with which it was made.

use crate::store::kv::Space;
use fjall::compaction::Leveled;
use fjall::config::{BlockSizePolicy, CompressionPolicy};
use fjall::{CompressionType, KeyspaceCreateOptions};
use std::sync::Arc;

/// Far above use, so that fjall never rotates by itself.
const MEMTABLE_NEVER_FULL: u64 = 1 << 30;

/// Tables that gather until they are merged with what they overlap, of a space whose keys come in order: only edits and deletions make
/// them overlap. Folders of before November 2026 have four in each space.
const IN_ORDER: u8 = 8;

/// The same of a space whose keys come in any order, so that all of it is rewritten. A look into each of so many costs a question
/// microseconds.
const ANYWHERE: u8 = 24;

/// The same of the index of words, of which each segment of 8,000 chunks is a table, and a merge of all of them writes some 300 bytes a chunk.
/// fjall lets nobody write to a space of 30: two of them may come while others are merged.
const OF_WORDS: u8 = 28;

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
    let tables = match space {
        Space::Chunk | Space::Vector => IN_ORDER,
        Space::Word => OF_WORDS,
        _ => ANYWHERE,
    };
    let block = if space == Space::Chunk { TEXT_BLOCK } else { BLOCK };
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_NEVER_FULL)
        .compaction_strategy(Arc::new(Leveled::default().with_l0_threshold(tables)))
        .data_block_compression_policy(CompressionPolicy::all(compression))
        .data_block_size_policy(BlockSizePolicy::all(block))
}
