//! Search: which chunks are nearest to a question, which hold its words, and how each of them scores.
//!
//! [`vector`] keeps two bits of each number of every stored vector in memory and finds the nearest by them in one
//! exhaustive scan. The caller rescores those candidates with exact cosines. [`lexical`] is the index of words, with BM25
//! (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009): a chunk is found by its words
//! before it has a vector, and in languages that the model does not know. [`fusion`] puts both lists in one order ([`scores`] has what changes it), and only
//! at the device that asks: statistics of several devices add up, and scores of one device alone mean nothing to another.
//!
//! Invariants: the same rows give the same result, in whatever order they were added; of equal rows the older comes
//! first. A vector takes 104 bytes of memory, the words of a chunk two once they are in the store, and a file its path and some 90 bytes. The store, the
//! embedder and the answers of other devices are not used here.

pub mod files;
pub mod fusion;
pub mod indexes;
pub mod lexical;
mod rows;
pub mod scores;
pub mod snippet;
pub mod vector;
