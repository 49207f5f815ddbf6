//! Search: which chunks are nearest to a question, and how each of them scores.
//!
//! [`vector`] keeps the sign bits of every stored vector in memory and finds the nearest by Hamming distance in one
//! exhaustive scan. The caller rescores those candidates with exact cosines. [`lexical`] counts the question's terms in
//! the candidates and scores them by BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and
//! Beyond", 2009). [`hit`] adds both to one score.
//!
//! The corpus of BM25 is the set of candidates: there is no inverted index yet, so that a chunk is found by its vector
//! only. Statistics of several devices add up, and `query` scores the merged list with their sum.
//!
//! Invariants: the same rows give the same result, in whatever order they were added; of equal rows the older comes
//! first. A vector takes 56 bytes of memory, and a question has at most `RESCORE` candidates. The store, the embedder
//! and the answers of other devices are not used here.

pub mod hit;
pub mod lexical;
mod stem;
pub mod vector;
