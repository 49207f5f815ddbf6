//! How a command ends, and how it writes its answer to standard output.

use super::exit::Exit;
use crate::http::answer::escaped;
use crate::http::client::Failure;
use crate::platform::home::hints;
use std::io::{ErrorKind, Write};

/// Why a command ends without having done what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// One sentence for stderr, exit code 1.
    NotDone(String),
    /// One sentence for stderr, exit code 3.
    NoAgent(String),
    /// The answer on stdout already says what is wrong; with how the program ends.
    Reported(Exit),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::NotDone(why)
    }
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

/// Writes to standard output what people read: its commands name the agent's home. A closed pipe is no failure:
/// `wattle search .. | head` has read enough.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    print_as_is(&hints(text))
}

/// Writes to standard output what has words of documents in it, or is JSON.
pub(super) fn print_as_is(text: &str) -> Result<(), Stop> {
    write(text).map(|_| ())
}

/// An answer: as JSON for programs, as the agent sent it, or as text for people.
pub(super) fn show(as_json: bool, json: &serde_json::Value, text: impl FnOnce() -> String) -> Result<(), Stop> {
    if as_json { print_as_is(&pretty(json)) } else { print(&text()) }
}

/// Writes the next piece of what has no end of its own: a closed pipe ends the command.
pub(super) fn print_next(text: &str) -> Result<(), Stop> {
    if write(text)? { Ok(()) } else { Err(Stop::Reported(Exit::Done)) }
}

/// Whether somebody reads it.
fn write(text: &str) -> Result<bool, Stop> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Stop::NotDone(format!("The answer cannot be written: {error}."))),
    }
}
