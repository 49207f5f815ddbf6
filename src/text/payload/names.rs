//! The words of rows of numbers that are left out: what such a row is about is looked for by them.
//!
//! A log may have many thousands of rows with the same words, so they stay once, and within a bound for the file.

use super::mark::MARK;
use crate::limits::WIDE_NAMES_BYTES;
use std::collections::BTreeSet;

/// The words that stay of one file.
pub(super) struct Names {
    shown: BTreeSet<String>,
    /// Bytes of lines of such words that may still stay.
    left: usize,
}

impl Names {
    pub(super) const fn new() -> Self {
        Self { shown: BTreeSet::new(), left: WIDE_NAMES_BYTES }
    }

    /// The words of a row with a mark behind them, unless it has none, they stay for another row, or the file has no room for more.
    pub(super) fn line(&mut self, row: &str) -> Option<String> {
        let is_name = |word: &&str| {
            word.chars().filter(|c| c.is_alphabetic()).nth(1).is_some() && !word.contains(|c: char| c.is_numeric())
        };
        let mut names = String::new();
        for name in row.split_whitespace().filter(is_name) {
            if names.len() + name.len() >= self.left {
                break;
            }
            names.push_str(name);
            names.push(' ');
        }
        if names.is_empty() || self.shown.contains(&names) {
            return None;
        }
        // With the mark and the line end.
        self.left = self.left.saturating_sub(names.len() + MARK.len_utf8() + 1);
        let line = format!("{names}{MARK}");
        self.shown.insert(names);
        Some(line)
    }
}
