//! From a question's vector to the passages nearest to it.
//!
//! Duty: which rows to look at, in which order. In/out: sign bits in, rows out.
//! Invariants: the same rows give the same answer, whatever order they came in; ties go to the older row.
//! Limits: 56 bytes of memory a vector; at most `RESCORE` candidates a question.
//! Not here: the store, the embedder, other devices' answers. Words (BM25) and their fusion join here later.

pub mod hit;
pub mod vector;
