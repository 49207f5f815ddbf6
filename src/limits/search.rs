//! Scoring of chunks for a query.

/// Vectors picked by sign bits and scored exactly (200 lose nothing up to 100,000 chunks: docs/evidence.md).
pub const RESCORE: usize = 200;

/// Vectors that are looked at for another device where some folders are private, until `HITS_MAX` of them may answer; each time
/// `RESCORE_WIDER` times as many as before. The last look reads a record for each: some tens of milliseconds.
pub const RESCORE_SHARED_MAX: usize = 12_800;
/// See `RESCORE_SHARED_MAX`.
pub const RESCORE_WIDER: usize = 4;

/// Different words of a question that count; a pasted page has no more say than a long question.
pub const QUESTION_WORDS_MAX: usize = 64;

/// Names of files that one question may be: itself, and words of it with an ending.
pub const ASKED_NAMES_MAX: usize = 8;

/// Files of one name that are looked up; a folder each may have its `readme.md`.
pub const NAMED_FILES_MAX: usize = 16;

/// Chunks of a file with the asked name of which the nearest is chosen.
pub const NAMED_CHUNKS_MAX: usize = 256;

/// Places of one text that are told with a hit.
pub const PLACES_MAX: usize = 16;

/// Places of an answer that are shared out: of the first ten, or of all of a shorter answer, at most half (rounded up) are those
/// of one other device, where others have something for the rest that fits and is nearly as good.
pub const SHARED_PLACES: usize = 10;
