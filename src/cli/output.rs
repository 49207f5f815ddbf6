//! How a command ends, and how it writes its answer to standard output.
//!
//! What programs read with `--json` is described in docs/json.md: each object has a `version`, and errors have one shape. A key that is there
//! keeps its meaning as long as the version is the same; new ones may come.

use super::exit::Exit;
use super::text::one_line;
use crate::http::answer::escaped;
use crate::http::client::Failure;
use crate::platform::home::{CONTINUES, hints};
use serde_json::{Value, json};
use std::io::{ErrorKind, Write};

/// Why a command ends without having done what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// One sentence for stderr, exit code 1.
    NotDone(String),
    /// One sentence for stderr, exit code 3.
    NoAgent(String),
    /// One sentence for stderr, exit code 2: an option that this command has no meaning for.
    Misused(String),
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
            Failure::NotDone(why) | Failure::Busy(why) => Self::NotDone(why),
            // What lets it go on is said.
            Failure::Silent(why) if why.contains(CONTINUES) => Self::NotDone(why),
            // Whether it hangs is for the doctor to say, and what to do then.
            Failure::Silent(why) => Self::NotDone(format!("{why} If that lasts, `wattle doctor` says what to do.")),
        }
    }
}

/// The version of what `--json` prints.
const VERSION: u64 = 1;

/// The key that holds it.
const VERSION_KEY: &str = "version";

/// JSON for programs. No control character and no mark of direction is in it as such.
pub(super) fn pretty(json: &Value) -> String {
    printable(&format!("{:#}\n", versioned(json)))
}

/// JSON on one line, likewise.
pub(super) fn compact(json: &Value) -> String {
    printable(&format!("{}\n", versioned(json)))
}

/// A message of another protocol on one line, likewise: it has no version of ours.
pub(super) fn foreign(message: &impl std::fmt::Display) -> String {
    printable(&format!("{message}\n"))
}

/// The object with its version; of a list, each object of it. A list stays one: whoever reads it today reads it tomorrow.
fn versioned(json: &Value) -> Value {
    match json {
        Value::Object(fields) => {
            let mut fields = fields.clone();
            fields.insert(VERSION_KEY.to_owned(), VERSION.into());
            Value::Object(fields)
        }
        Value::Array(list) => Value::Array(list.iter().map(versioned).collect()),
        other => other.clone(),
    }
}

/// Why a command was not done, as programs read it: the last line on standard error.
pub(super) fn failed(why: &str, exit: Exit) -> String {
    let line = compact(&json!({ "error": one_line(&hints(why)), "exit_code": exit.code() }));
    line.trim_end().to_owned()
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
pub(super) fn show(as_json: bool, json: &Value, text: impl FnOnce() -> String) -> Result<(), Stop> {
    if as_json { print_as_is(&pretty(json)) } else { print(&text()) }
}

/// What was done: a text for people; for programs an object of these fields with the same words as `done`, on one line.
pub(super) fn show_done(as_json: bool, mut fields: Value, text: &str) -> Result<(), Stop> {
    if !as_json {
        return print(text);
    }
    fields["done"] = one_line(&hints(text)).into();
    print_as_is(&pretty(&fields))
}

/// Writes the next piece of what has no end of its own: a closed pipe ends the command.
pub(super) fn print_next(text: &str) -> Result<(), Stop> {
    if write(text)? { Ok(()) } else { Err(Stop::Reported(Exit::Done)) }
}

/// Whether somebody reads it.
fn write(text: &str) -> Result<bool, Stop> {
    let mut out = std::io::stdout().lock();
    is_read(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Whether somebody reads what was written to standard output: the one rule for answers, help and version. A closed pipe is no failure, as
/// its reader has read enough.
pub(super) fn is_read(written: std::io::Result<()>) -> Result<bool, Stop> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Stop::NotDone(format!("The answer cannot be written: {error}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_for_programs_has_a_version_and_a_list_stays_a_list() {
        let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
        assert_eq!(read(pretty(&json!({ "a": { "b": 1 } }))), json!({ "version": 1, "a": { "b": 1 } }));
        let line = compact(&json!([{ "a": 1 }, { "a": 2 }]));
        assert_eq!(read(line.clone()), json!([{ "version": 1, "a": 1 }, { "version": 1, "a": 2 }]));
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!((read(pretty(&json!([]))), read(foreign(&json!({ "id": 1 })))), (json!([]), json!({ "id": 1 })));
    }

    #[test]
    fn whoever_got_no_answer_reads_what_to_do() {
        let said = |why: &str| match Stop::from(Failure::Silent(why.to_owned())) {
            Stop::NotDone(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(said("It did not answer."), "It did not answer. If that lasts, `wattle doctor` says what to do.");
        let frozen = "Process 4711 holds the home /h, and is frozen: `kill -CONT 4711` lets it go on.";
        assert_eq!(said(frozen), frozen);
    }

    #[test]
    fn an_error_for_programs_is_one_line_with_its_code() {
        let line = failed("It failed:\nsee \u{1b}[2J there.", Exit::NoAgent);
        assert!(!line.chars().any(char::is_control), "{line}");
        let error: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(error, json!({ "version": 1, "error": "It failed: see \u{fffd}[2J there.", "exit_code": 3 }));
    }
}
