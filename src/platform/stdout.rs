//! Lines for whoever reads an agent's standard output.

use std::io::Write as _;

/// Writes a line. Where nobody reads it any more (`wattle up | head -1`), or the disk below it is full, the program goes on:
/// `println!` would panic.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
