//! The settings of each space. They hold for the spaces that are made from now on: a folder keeps those with which it was made.

use crate::store::kv::Space;
use fjall::compaction::Leveled;
use fjall::config::CompressionPolicy;
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

/// The settings of a space that is made.
pub(super) fn options(space: Space) -> KeyspaceCreateOptions {
    let compression = match space {
        // int8 vectors do not compress.
        Space::Vector => CompressionType::None,
        _ => CompressionType::Lz4,
    };
    let tables = if matches!(space, Space::Chunk | Space::Vector) { IN_ORDER } else { ANYWHERE };
    KeyspaceCreateOptions::default()
        .max_memtable_size(MEMTABLE_NEVER_FULL)
        .compaction_strategy(Arc::new(Leveled::default().with_l0_threshold(tables)))
        .data_block_compression_policy(CompressionPolicy::all(compression))
}
