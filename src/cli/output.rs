//! How a command ends, and how it writes its answer to standard output.

use crate::http::answer::escaped;
use crate::http::client::Failure;
use std::io::{ErrorKind, Write};

/// Why a command ends without having done what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// One sentence for stderr, exit code 1.
    NotDone(String),
    /// One sentence for stderr, exit code 3.
    NoAgent(String),
    /// The answer on stdout already says what is wrong; with the exit code.
    Reported(u8),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoAgent(why) => Self::NoAgent(why),
            Failure::NotDone(why) | Failure::Silent(why) | Failure::Busy(why) => Self::NotDone(why),
        }
    }
}

/// JSON for programs. No control character and no mark of direction is in it as such.
pub(super) fn pretty(json: &serde_json::Value) -> String {
    printable(&format!("{json:#}\n"))
}

/// JSON on one line, likewise.
pub(super) fn compact(json: &serde_json::Value) -> String {
    printable(&format!("{json}\n"))
}

/// What stands between the values is ASCII, so that the whole text can be treated as one.
fn printable(json: &str) -> String {
    escaped(json).into_owned()
}

/// Writes to standard output. A closed pipe is no failure: `wattle search .. | head` has read enough.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Stop::NotDone(format!("The answer cannot be written: {error}.")))
        }
        _ => Ok(()),
    }
}
