//! The parser process: reads one request, enters the sandbox, parses, writes one answer.

use super::frame::{self, Answer, Head, Parsed};
use super::sandbox;
use crate::limits::{DOCUMENT_BYTES_MAX, PARSER_ANSWER_BYTES_MAX, PARSER_HEAD_BYTES_MAX};
use crate::platform::stdout::note;
use crate::text::extract::section::Text;
use crate::text::extract::{Refusal, extract, holds_packed_secret};
use rustix::io::fcntl_dupfd_cloexec;
use rustix::stdio::{dup2_stdin, dup2_stdout, stdin, stdout};
use std::fs::{File, OpenOptions};
use std::io::{Error, IsTerminal, Read, Result, Write};
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

/// Extracts the text of a document by its name and bytes.
pub(super) type Parse = fn(&str, &[u8]) -> std::result::Result<Text, Refusal>;

/// Bytes of the largest request.
const REQUEST_BYTES_MAX: u64 = DOCUMENT_BYTES_MAX + PARSER_HEAD_BYTES_MAX as u64 + 4;

/// Where the last panic was.
static PLACE: Mutex<String> = Mutex::new(String::new());

/// The hidden command `parse` of the program: one document, from standard input to standard output.
#[must_use]
pub fn main() -> ExitCode {
    serve(extract)
}

pub(super) fn serve(parse: Parse) -> ExitCode {
    if std::io::stdin().is_terminal() {
        note("The agent starts this command by itself, for documents that it does not parse in its own process.");
        return ExitCode::from(2);
    }
    match answer_to_stdin(parse) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("The parser process has no request, or nobody takes its answer: {error}."));
            ExitCode::FAILURE
        }
    }
}

fn answer_to_stdin(parse: Parse) -> Result<()> {
    sandbox::leave_parent();
    set_hook(Box::new(|info| {
        let place = info.location().map(place).unwrap_or_default();
        *PLACE.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }));
    let mut bytes = Vec::new();
    File::from(fcntl_dupfd_cloexec(stdin(), 3)?).take(REQUEST_BYTES_MAX).read_to_end(&mut bytes)?;
    let (head, document) =
        frame::request(&bytes).ok_or_else(|| Error::other("the request is not one of this program"))?;
    let mut answers = outputs()?;
    let sandbox = sandbox::enter(head.bounds);
    let answer = Answer { sandbox, parsed: parsed(parse, &head, document) };
    let bytes = frame::answer(&answer).or_else(|| {
        let why = format!("its text has more than {PARSER_ANSWER_BYTES_MAX} bytes");
        frame::answer(&Answer { sandbox, parsed: Parsed::Refused(why) })
    });
    answers.write_all(&bytes.unwrap_or_default())
}

/// Where the answer goes. What a parser prints goes nowhere, and it has nothing to read.
fn outputs() -> Result<File> {
    let answers = fcntl_dupfd_cloexec(stdout(), 3)?;
    let nothing = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    dup2_stdin(&nothing)?;
    dup2_stdout(&nothing)?;
    Ok(answers.into())
}

fn parsed(parse: Parse, head: &Head, document: &[u8]) -> Parsed {
    let Some(name) = &head.name else { return Parsed::Nothing };
    let parsed = || match head.for_secret {
        true => Parsed::Secret(holds_packed_secret(name, document)),
        false => match parse(name, document) {
            Ok(text) => Parsed::Text(text),
            Err(refusal) => Parsed::Refused(refusal.to_string()),
        },
    };
    match catch_unwind(AssertUnwindSafe(parsed)) {
        Ok(parsed) => parsed,
        // The message may hold a part of the document; the place does not.
        Err(_) => Parsed::Panicked(std::mem::take(&mut PLACE.lock().unwrap_or_else(PoisonError::into_inner))),
    }
}

/// A place in the source as file and line, from the name of its crate on.
fn place(at: &Location<'_>) -> String {
    let file = at.file();
    let in_crate = file.split_once("/registry/src/").and_then(|(_, rest)| rest.split_once('/')).map(|(_, rest)| rest);
    format!("{}:{}", in_crate.unwrap_or(file), at.line())
}
