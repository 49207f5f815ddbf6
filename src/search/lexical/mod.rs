//! The lexical half of search: which chunks hold a question's words, and how much that tells.
//!
//! `token` divides a text into units and [`language`] tells its language from itself; [`analysis`] makes the terms by which
//! a chunk is found: the stems of its words in its language. [`terms`] makes those of a question and counts them in texts that
//! were found, here or elsewhere: every device comes to the same counts. [`index`] finds the chunks that hold a term, those
//! in memory and those in segments of the store ([`postings`]). [`similar`] finds what is nearly a word that nobody has.
//! `date`, `compound` and `spelling` know the ways in which one thing is written. [`bm25`] scores. [`numbers`] tells which numbers of a
//! question no passage has (`signs` has the letters and figures of one in a row, `grouped` what is one number with signs between its groups, `figures` which passage has such a number, [`typed`] how it is typed), [`absent`] which of its
//! words, [`lacking`] which hits lack them, and [`own_form`] which passages have a rare word in another form only. [`near`] tells which texts are nearly the same, and [`spans`] where the words of a question stand in one.
//! [`conditions`] holds rows of tables against the month that is asked for (`period`) and against what the question denies (`negation`); `inflection` tells forms of a
//! word where no language is known.
//!
//! Left out: positions ([`phrase`] compares the texts of the chunks that have all the words of a phrase).

pub mod absent;
pub mod analysis;
pub mod audience;
mod beginnings;
pub mod bm25;
mod compound;
pub mod conditions;
mod date;
pub mod detection;
mod figures;
mod grouped;
#[cfg(test)]
pub(super) mod hits_test;
pub mod index;
mod inflection;
pub mod lacking;
pub mod language;
pub mod near;
mod negation;
pub mod numbers;
pub mod own_form;
mod period;
pub mod phrase;
pub mod postings;
pub mod row_set;
mod signs;
pub mod similar;
pub mod spans;
mod spelling;
pub mod stems;
mod stop_word;
pub mod terms;
mod token;
pub mod typed;
