//! A block of weights: four rows of 64 columns.

/// Columns of a panel.
pub(super) const COLUMNS: usize = 64;
/// Rows of a block.
pub(super) const DEPTH: usize = 4;
/// Columns of a group: a vector of 64 bytes.
pub(super) const GROUP: usize = 16;
/// Groups of a panel, and so of a block.
pub(super) const GROUPS: usize = COLUMNS / GROUP;
/// Added to a signed code, makes it an unsigned one.
#[cfg(target_arch = "x86_64")]
pub(super) const OFFSET: u8 = 128;

/// Four rows of a panel.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Block(pub(super) [[i8; GROUP * DEPTH]; GROUPS]);
