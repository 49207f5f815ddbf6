//! Lines for whoever reads a program's standard output or standard error.

use super::home::hints;
use std::io::Write as _;

/// Writes a line. Where nobody reads it any more (`wattle up | head -1`), or the disk below it is full, the program goes on:
/// `println!` would panic. Its commands name the agent's home.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{}", hints(line));
}

/// Writes a line to standard error, likewise.
pub fn note(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", hints(line));
}

/// Asks on standard error, whose line stays open for the answer.
pub fn ask(question: &str) {
    let _ = write!(std::io::stderr().lock(), "{} ", hints(question));
}
