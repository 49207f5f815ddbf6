//! From a question's vector to the passages nearest to it.
//!
//! Duty: which rows to look at, in which order. In/out: sign bits and words in, rows and scores out.
//! Invariants: the same rows give the same answer, whatever order they came in; ties go to the older row.
//! Limits: 56 bytes of memory a vector; at most `RESCORE` candidates a question.
//! Not here: the store, the embedder, other devices' answers. An index of words joins here with the library.

pub mod hit;
pub mod lexical;
pub mod vector;
