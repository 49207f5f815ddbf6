//! Scoring of chunks for a query.

/// Vectors picked by sign bits and scored exactly (200 lose nothing up to 100,000 chunks: docs/evidence.md).
pub const RESCORE: usize = 200;

/// Different words of a question that count; a pasted page has no more say than a long question.
pub const QUESTION_WORDS_MAX: usize = 64;
