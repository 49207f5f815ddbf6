//! The store of records.

/// Bytes of one path under a watched folder (Linux `PATH_MAX`).
pub const PATH_BYTES_MAX: usize = 4096;

/// Bytes of a collection's name.
pub const COLLECTION_BYTES_MAX: usize = 64;

/// Watched folders and files of one agent.
pub const SOURCES_MAX: usize = 64;

/// Folders that were at the path of one watched place, of which each is known if it is private and comes to lie elsewhere.
pub const ROOTS_OF_PLACE_MAX: usize = 4;

/// Private collections without a folder whose names are remembered. Where there are as many, no private collection loses its
/// last folder or its name until its owner gives one of them up. A collection of a new name is private then unless its owner
/// says otherwise: earlier versions left out names that did not fit.
pub const PRIVATE_NAMES_MAX: usize = 64;

/// Faults that are spelt out.
pub const FAULTS_MAX: usize = 20;

/// Refused documents that are named.
pub const REFUSED_LISTED_MAX: usize = 100;

/// Failed attempts of a document's tasks until it is parked: enough that chance and heat are not the cause.
pub const ATTEMPTS_MAX: usize = 5;

/// Failed attempts of this device alone after which no other one is waited for, although one is to be had: it takes nothing.
pub const ATTEMPTS_ALONE_MAX: usize = 2 * ATTEMPTS_MAX;

/// Bytes that are kept of what happened in one attempt.
pub const ATTEMPT_TEXT_MAX: usize = 300;

/// Devices that made vectors of this store and are known by their number in it. Further ones have one number in common.
pub const MAKERS_MAX: usize = 250;

/// Vectors of one device that answer although only texts with known vectors have vouched for them, until some are computed here. Beyond, its
/// results wait for that. As ranges of rows they take some kilobytes; in the worst case, each with a gap behind it, 256 KiB.
pub const OWED_MAX: u64 = 65_536;

/// So many of them are settled at once, by computing some, or deleted at once.
pub const OWED_PORTION: usize = 512;

/// Attempts in a row to check some of a device that fail before the doctor names it: a task or two may meet a moment without memory.
pub const OWED_FAILS_TOLD: usize = 3;

/// Rows of one text that are looked at for copies of a false vector.
pub const MADE_COPIES_MAX: usize = 64;

/// Vectors without a good check that are looked at again at a start, of at most `LENDING_MAX` devices. What is beyond is done again.
pub const UNPROVEN_MAX: usize = 1024;

/// Parked documents. Beyond, a document is tried again every `ATTEMPT_PAUSE_MS_MAX` until its owner has decided on others: that many mean
/// a fault of the device or of the program, and not of the documents. With `ATTEMPTS_MAX` sentences of `ATTEMPT_TEXT_MAX` bytes and a path of 4 KiB each they take 1.4 MiB at most.
pub const PARKED_MAX: usize = 256;

/// Parked documents that a status names.
pub const PARKED_SHOWN: usize = 50;

/// Bytes of one block of a backup: some documents of `DOCUMENT_CHUNKS_MAX` chunks each.
pub const BACKUP_BLOCK_BYTES_MAX: usize = 16 << 20;

/// Small files in a backup.
pub const BACKUP_FILES_MAX: usize = 64;

/// Seconds after which the whole store is read again: 30 days.
pub const SCRUB_EVERY_S: u64 = 30 * 24 * 3600;

/// Milliseconds between two looks whether that is due.
pub const SCRUB_LOOK_MS: u64 = 600_000;

/// Rows that hold the vector of one text and are looked at where one of them leaves its document: the row itself, a retired one, and others.
pub const HOLDERS_LOOKED_MAX: usize = 8;

/// Seconds for which the vectors of a model are kept that a collection does not have any more.
pub const MODEL_KEPT_S: i64 = 7 * 24 * 60 * 60;

/// Bytes from which a text or a block of the index of words is packed: shorter ones hardly get shorter.
pub const PACKED_FROM: usize = 64;

/// How many times its bytes a DEFLATE stream can come to at most: two bits for 258 bytes.
pub const PACKED_RATIO_MAX: usize = 1032;

/// Bytes of the headings and the text of one chunk that are packed together. A chunk has far fewer (`CHUNK_BYTES_MAX`, and headings above
/// it); one of a hand-made backup may claim any number, and room is taken for it before it is seen to be false.
pub const CHUNK_UNPACKED_MAX: usize = 64 * 1024;
const _: () = assert!(CHUNK_UNPACKED_MAX >= 2 * (super::text::CHUNK_BYTES_MAX + super::query::HIT_HEADING_BYTES_MAX));

/// The same of one block of the index of words. Of the words of a bucket those that each chunk has take the most: some three bytes for each
/// chunk of the largest segment.
pub const WORD_BLOCK_UNPACKED_MAX: usize = 64 * 1024 * 1024;
