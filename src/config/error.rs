//! What is wrong with a configuration file.

use core::fmt;

/// What is wrong with a file, in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The line, counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, and what is allowed.
    pub what: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// An error without a line: the value was well-formed, and out of range.
pub(super) fn wrong(what: impl Into<String>) -> ConfigError {
    ConfigError { line: None, what: what.into() }
}
