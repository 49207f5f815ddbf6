//! Extracts documents in parser processes, one at a time.

use super::frame::{self, Head};
use super::running::{Program, Remains, monotonic, run};
use super::sandbox::{Bounds, Sandbox};
use super::verdict::{self, Verdict, verdict};
use crate::base::time::Duration;
use crate::limits::{
    PARSER_CPU_S, PARSER_LOOK_MS, PARSER_MEMORY_BYTES, PARSER_MEMORY_BYTES_SMALL, PARSER_TURN_MS, PARSER_WALL_MS,
    SMALL_DEVICE_BYTES,
};
use crate::text::extract::needs_parser;
use crate::worker::extract::{Content, content_hash};
use rustix::system::sysinfo;
use std::ffi::OsStr;
use std::io::{Error, Result};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// See [`PARSER_TURN_MS`].
const TURN: Duration = Duration::from_millis(PARSER_TURN_MS);

/// Starts parser processes. Clones take turns.
#[derive(Clone, Debug)]
pub struct Parsers {
    program: Program,
    bounds: Bounds,
    wall: Duration,
    turn: Arc<Turn>,
    stop: Arc<AtomicBool>,
}

/// Whose turn it is: several processes at once could take the memory of a small board.
#[derive(Debug, Default)]
struct Turn {
    /// Since when a process runs.
    since: Mutex<Option<Duration>>,
    over: Condvar,
}

/// For how long the turn is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// Until it comes.
    Always,
    /// Until the process that has it runs for `PARSER_TURN_MS`.
    Short,
}

/// A process may run while this is there.
struct Taken<'a>(&'a Turn);

impl Turn {
    /// Takes the turn, once it is free; `None` if that takes too long.
    fn take(&self, patience: Patience) -> Option<Taken<'_>> {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(began) = *since {
            let left = TURN.saturating_sub(monotonic().saturating_sub(began));
            if patience == Patience::Short && left.is_zero() {
                return None;
            }
            let wait = if patience == Patience::Short { left } else { TURN };
            since = self.over.wait_timeout(since, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        *since = Some(monotonic());
        Some(Taken(self))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        *self.0.since.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.0.over.notify_all();
    }
}

impl Default for Parsers {
    fn default() -> Self {
        // Of this very program, also after an update has replaced its file.
        let program =
            Program { path: "/proc/self/exe".into(), arguments: vec!["parse".into()], environment: Vec::new() };
        let info = sysinfo();
        let is_small = u128::from(info.totalram) * u128::from(info.mem_unit) <= u128::from(SMALL_DEVICE_BYTES);
        let memory = if is_small { PARSER_MEMORY_BYTES_SMALL } else { PARSER_MEMORY_BYTES };
        Self::new(program, Bounds { memory, cpu_s: PARSER_CPU_S }, Duration::from_millis(PARSER_WALL_MS))
    }
}

impl Parsers {
    pub(super) fn new(program: Program, bounds: Bounds, wall: Duration) -> Self {
        Self { program, bounds, wall, turn: Arc::default(), stop: Arc::default() }
    }

    /// The content of a file that was read, with its text if a parser process has to extract that; and the CPU time that the process
    /// took. Where the process of another document takes long it is [`Content::NoTurn`].
    #[must_use]
    pub fn content(&self, path: &[u8], content: Content) -> (Content, Duration) {
        let Content::Bytes(bytes, stamp) = content else { return (content, Duration::ZERO) };
        let name = Path::new(OsStr::from_bytes(path)).file_name().unwrap_or_default().to_string_lossy();
        if !needs_parser(&name, &bytes) {
            return (Content::Bytes(bytes, stamp), Duration::ZERO);
        }
        let Some(_turn) = self.turn.take(Patience::Short) else { return (Content::NoTurn, Duration::ZERO) };
        match self.ask(Some(name.into_owned()), false, &bytes, self.wall) {
            Err(error) => {
                (Content::Failed(format!("no process can be started for its parser: {error}")), Duration::ZERO)
            }
            Ok(remains) => {
                let content = match verdict(&remains, self.bounds, self.wall) {
                    Verdict::Document(text) => Content::Extracted { text, content: content_hash(&bytes), stamp },
                    Verdict::Device(why) => Content::Interrupted(why),
                };
                (content, remains.cpu)
            }
        }
    }

    /// Whether a secret stands in what a parser reads of this file; never in one that needs none. A file at which the parsers fail counts as one that
    /// has a secret.
    ///
    /// # Errors
    /// Why nobody can look just now, as a phrase.
    pub fn finds_secret(&self, path: &[u8], bytes: &[u8]) -> std::result::Result<bool, String> {
        let name = Path::new(OsStr::from_bytes(path)).file_name().unwrap_or_default().to_string_lossy();
        if !needs_parser(&name, bytes) {
            return Ok(false);
        }
        let _turn = self.turn.take(Patience::Always);
        match self.ask(Some(name.into_owned()), true, bytes, self.wall) {
            Ok(remains) => verdict::secret(&remains, self.bounds, self.wall),
            Err(error) => Err(format!("no process can be started for its parser: {error}")),
        }
    }

    /// Starts a process that parses nothing, and gives what holds it. Blocks for moments.
    ///
    /// # Errors
    /// What went wrong, as a phrase: no process can be started, or it did not answer.
    pub(super) fn look(&self) -> std::result::Result<Sandbox, String> {
        let _turn = self.turn.take(Patience::Always);
        let remains = self.ask(None, false, &[], Duration::from_millis(PARSER_LOOK_MS));
        remains.map_err(|error| error.to_string()).and_then(|remains| verdict::sandbox(&remains))
    }

    /// The same as a sentence for people.
    ///
    /// # Errors
    /// A sentence that says what cannot be read.
    pub fn say(&self) -> std::result::Result<String, String> {
        let Bounds { memory, cpu_s } = self.bounds;
        match self.look() {
            Ok(sandbox) => Ok(format!(
                "Documents that are more than plain text are parsed in a process of their own each, with {} MiB of memory \
                 and {cpu_s} s of computing time: {sandbox}.",
                memory >> 20
            )),
            Err(why) => Err(not_started(&why)),
        }
    }

    /// The agent is being stopped: ends the process that runs, and starts none any more.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Runs a process; the caller has the turn.
    fn ask(&self, name: Option<String>, for_secret: bool, bytes: &[u8], wall: Duration) -> Result<Remains> {
        let head = frame::head(&Head { name, for_secret, bounds: self.bounds });
        let head = head.ok_or_else(|| Error::other("the name of the file is too long"))?;
        run(&self.program, [&head, bytes], wall, &self.stop)
    }
}

/// What it means that no process can be started, for this reason.
#[must_use]
pub fn not_started(why: &str) -> String {
    format!(
        "No process can be started to parse documents ({why}): of those that are more than plain text, such as PDF, nothing \
         new can be read. Does a limit of processes or memory hold Wattle back?"
    )
}
