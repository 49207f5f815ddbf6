//! How a command ends, and how it writes its answer to standard output.

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
            Failure::NotDone(why) => Self::NotDone(why),
        }
    }
}

/// JSON for programs. Control characters stay escaped, as JSON demands.
pub(super) fn pretty(json: &serde_json::Value) -> String {
    format!("{json:#}\n")
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
