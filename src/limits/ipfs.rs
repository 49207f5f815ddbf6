//! Blocks that are named as IPFS names them, and archives of them.

/// Bytes of a leaf of a file: what `ipfs add` cuts a file into, so that the same file gets the same name.
pub const IPFS_LEAF_BYTES: usize = 256 * 1024;

/// Links of a node of a file, as `ipfs add` has it.
pub const IPFS_LINKS_MAX: usize = 174;

/// Bytes of a block: what bitswap carries, and other programs take.
pub const IPFS_BLOCK_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Roots of an archive that are read; ours have one.
pub const CAR_ROOTS_MAX: usize = 64;

/// Bytes of an archive's head: `CAR_ROOTS_MAX` roots of some 41 bytes.
pub const CAR_HEAD_BYTES_MAX: usize = 4096;

/// Blocks of an archive that is imported: 64 GiB of large files. Each has some 60 bytes in memory.
pub const CAR_BLOCKS_MAX: usize = 262_144;

/// Folders within each other, and levels of a file's nodes, in an archive that is imported. A file of 174^4 leaves has
/// four levels.
pub const IMPORT_DEPTH_MAX: usize = 32;

/// Nodes that an import visits: a small archive can name the same node many times.
pub const IMPORT_NODES_MAX: usize = 4 * CAR_BLOCKS_MAX;

/// Bytes that any archive may become as files; a larger one may become `IMPORT_GROWTH` times its own bytes.
pub const IMPORT_BYTES_FREE: u64 = 64 * 1024 * 1024;

/// Bytes on the disk that a file or folder of an archive is counted as, besides what it holds, where the archive names it again: a block
/// of a file system. The first time, it has a block of the archive of its own.
pub const IMPORT_ENTRY_BYTES: u64 = 4096;

/// How many times an archive's bytes the files may have that are made of it: files may share blocks.
pub const IMPORT_GROWTH: u64 = 8;

/// Blocks of public files, leaves and nodes, that are found by name: 16 GiB of files of 256 KiB and more, and as many files as this of smaller
/// ones, which are a block each. Each has some 150 bytes in memory.
pub const PUBLIC_FILE_BLOCKS_MAX: usize = 65_536;

/// Passages of public documents that are found by name, likewise. They have a number of their own, so that they take no place of files.
pub const PUBLIC_PASSAGES_MAX: usize = 131_072;

/// How often the new folder of an import is made, where the import beside it removes it as one that was left: that takes another
/// one that begins at the same moment, each time.
pub const IMPORT_FOLDER_TRIES: usize = 3;

/// Folders within each other in an export: they are made one within the other, and each takes some of a thread's stack.
pub const EXPORT_DEPTH_MAX: usize = 256;

/// The shortest time between two looks for changed public documents, in milliseconds: who asks for blocks that are not here
/// does not keep the disk busy.
pub const PUBLIC_LOOK_MS: u64 = 5_000;

/// The same where the store says of no document that it is new, and where a file could not be read: a file may be another one with the
/// same text, and may be there again.
pub const PUBLIC_RETRY_MS: u64 = 60_000;

/// For so long an owner's question waits for a look that is under way.
pub const PUBLIC_WAIT_MS: u64 = 60_000;

/// Packed public files, as PDF and office files, of which it is kept whether a secret stands in them: as many as there are blocks of files, with some 100
/// bytes each.
pub const PUBLIC_VERDICTS_MAX: usize = PUBLIC_FILE_BLOCKS_MAX;

/// How many of them a stranger's question has looked at, in the background: a parser takes seconds, and there is a look each `PUBLIC_LOOK_MS` at most. An
/// owner's question has all looked at.
pub const PUBLIC_LOOKED_AT_MAX: usize = 1;

/// After so many that cannot be looked at just now none is tried until the next question: no process can be started, or the agent stops.
pub const PUBLIC_LOOKS_FAILED_MAX: usize = 4;

/// Archives that are sent at once.
pub const CARS_SENT_MAX: usize = 2;

/// Milliseconds in which a stranger takes an archive of the gateway, from its first byte to its last: the largest file, 16 MiB, takes that at half
/// a megabit a second. Who is slower would hold one of `CARS_SENT_MAX` places for as long as it likes. An export has no such end: its reader is the owner.
pub const CAR_GIVEN_MS: u64 = 300_000;

/// Blocks read from the disk at once for the gateway: each has up to `IPFS_BLOCK_BYTES_MAX` bytes in memory.
pub const BLOCKS_SENT_MAX: usize = 4;

/// Sentences about what of an archive was left out; of more only the number is told.
pub const IMPORT_LEFT_OUT_MAX: usize = 20;
