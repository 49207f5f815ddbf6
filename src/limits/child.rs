//! Parser processes.

/// Bytes of memory that a parser process may take beside what it has when it starts, which is mostly the program itself.
pub const PARSER_MEMORY_BYTES: u64 = 256 << 20;

/// The same where the whole device has no more than `SMALL_DEVICE_BYTES`.
pub const PARSER_MEMORY_BYTES_SMALL: u64 = 128 << 20;

/// Memory of a device that counts as small: a board with 512 MB reports less than this, one with 1 GB more.
pub const SMALL_DEVICE_BYTES: u64 = 768 << 20;

/// Seconds of CPU time of one document. The slowest board takes 20 times as long as a PC.
pub const PARSER_CPU_S: u64 = 120;

/// Milliseconds that one document may take in all. A parser behind other programs gets a part of a core only.
pub const PARSER_WALL_MS: u64 = 300_000;

/// Milliseconds from the start of a parser process for which the next document waits for its end. Then it is set aside, and its file read anew later.
pub const PARSER_TURN_MS: u64 = 2_000;

/// The same for a look at what a parser process may do, which parses nothing.
pub const PARSER_LOOK_MS: u64 = 5_000;

/// Bytes of an answer: a text of `DOCUMENT_BYTES_MAX`, and its headings.
pub const PARSER_ANSWER_BYTES_MAX: usize = 32 << 20;

/// Bytes that a parser may write to standard error, where nobody reads them but for the reason of a crash.
pub const PARSER_SAID_BYTES_MAX: usize = 64 << 10;

/// Bytes of the head of a request: the name of a file and the limits.
pub const PARSER_HEAD_BYTES_MAX: usize = 8 << 10;

const _: () = {
    use super::{DOCUMENT_BYTES_MAX, PATH_BYTES_MAX};
    assert!(PARSER_ANSWER_BYTES_MAX as u64 > DOCUMENT_BYTES_MAX, "the longest text fits");
    assert!(PARSER_HEAD_BYTES_MAX > PATH_BYTES_MAX, "the longest name fits");
    assert!(PARSER_WALL_MS > 2 * 1000 * PARSER_CPU_S, "a parser that gets half a core comes to its end");
    assert!(PARSER_MEMORY_BYTES_SMALL > 4 * DOCUMENT_BYTES_MAX, "a file, its text and a copy of each");
};
