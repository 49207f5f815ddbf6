//! A parser process from its start to its end, as the agent sees it.

use super::sys;
use crate::base::time::Duration;
use crate::limits::{PARSER_ANSWER_BYTES_MAX, PARSER_SAID_BYTES_MAX};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Error, Read, Result, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

/// The longest wait between two looks at a stop of the agent.
const TICK: Duration = Duration::from_millis(200);
/// Between two looks whether a process that closed its outputs, or was killed, is over.
const MOMENT: Duration = Duration::from_millis(1);
/// A killed process is over by then, unless it waits in the kernel for a disk that does not answer.
const KILLED_WAIT: Duration = Duration::from_millis(5_000);
/// Bytes that are read at a time: what a pipe holds.
const READ_BYTES: usize = 64 << 10;

/// The program that parses, and its arguments.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) path: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
}

/// How a parser process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, or by a signal that was not sent here.
    Exited(ExitStatus),
    /// Its time was over. Whether it waited for something then, and not for a core.
    TimeOver { waited: bool },
    /// Its answer was too long.
    AnsweredTooMuch,
    /// It wrote too much to standard error.
    SaidTooMuch,
    /// The agent is being stopped.
    AgentStops,
    /// Nobody knows: the system lost it.
    Lost,
}

/// What is left of a parser process.
#[derive(Clone, Debug)]
pub(super) struct Remains {
    pub(super) end: End,
    pub(super) answer: Vec<u8>,
    /// What it wrote to standard error.
    pub(super) said: Vec<u8>,
    /// CPU time that it took.
    pub(super) cpu: Duration,
}

/// Runs a parser process for this request, which has two parts, until it ends or must.
///
/// # Errors
/// It could not be started.
pub(super) fn run(program: &Program, request: [&[u8]; 2], wall: Duration, stop: &AtomicBool) -> Result<Remains> {
    let mut process = Running::start(program, sealed(request)?)?;
    let end = process.follow(wall, stop);
    Ok(process.remains(end))
}

/// The request as a file in memory that nobody can change any more, to be read from its beginning.
fn sealed(parts: [&[u8]; 2]) -> Result<OwnedFd> {
    let mut file = File::from(memfd_create("wattle-parse", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?);
    for part in parts {
        file.write_all(part)?;
    }
    file.rewind()?;
    fcntl_add_seals(&file, SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE)?;
    Ok(file.into())
}

/// An output of the process, as far as it was read; no file behind its end.
struct Output {
    file: Option<File>,
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl Output {
    fn new(file: Option<impl Into<OwnedFd>>, bytes_max: usize) -> Self {
        Self { file: file.map(|file| File::from(file.into())), bytes: Vec::new(), bytes_max }
    }

    /// Reads what is there. Whether it is not too much.
    fn read(&mut self) -> bool {
        let Some(file) = &mut self.file else { return true };
        let mut part = vec![0; READ_BYTES];
        match file.read(&mut part) {
            Ok(0) => self.file = None,
            Ok(count) => self.bytes.extend_from_slice(part.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => self.file = None,
        }
        self.bytes.len() <= self.bytes_max
    }
}

struct Running {
    pid: Pid,
    answer: Output,
    said: Output,
    /// How it ended and the CPU time it took, once it has; lost if nobody knows.
    over: Option<(End, Duration)>,
}

impl Running {
    #[expect(clippy::disallowed_methods, reason = "the one place that starts parser processes")]
    fn start(program: &Program, request: OwnedFd) -> Result<Self> {
        let mut command = Command::new(&program.path);
        command.arg0("wattle").args(&program.arguments).env_clear().envs(program.environment.iter().cloned());
        command.current_dir("/").stdin(Stdio::from(request)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let (answer, said) = (child.stdout.take(), child.stderr.take());
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        Ok(Self {
            pid: pid.ok_or_else(|| Error::other("the system gave it no number"))?,
            answer: Output::new(answer, PARSER_ANSWER_BYTES_MAX + 4),
            said: Output::new(said, PARSER_SAID_BYTES_MAX),
            over: None,
        })
    }

    /// Reads the outputs until the process is over. Gives why it must end, if it must.
    fn follow(&mut self, wall: Duration, stop: &AtomicBool) -> Option<End> {
        let deadline = monotonic().saturating_add(wall);
        while self.over.is_none() {
            let left = deadline.saturating_sub(monotonic());
            if left.is_zero() {
                return Some(End::TimeOver { waited: self.waits() });
            }
            if stop.load(Ordering::Relaxed) {
                return Some(End::AgentStops);
            }
            let outputs = [&self.answer, &self.said];
            let files: Vec<&File> = outputs.into_iter().filter_map(|output| output.file.as_ref()).collect();
            if files.is_empty() {
                self.look();
                wait(&mut [], MOMENT.min(left));
                continue;
            }
            let mut ready: Vec<PollFd<'_>> = files.iter().map(|file| PollFd::new(*file, PollFlags::IN)).collect();
            wait(&mut ready, TICK.min(left));
            let is_ready: Vec<bool> = ready.iter().map(|fd| !fd.revents().is_empty()).collect();
            let mut is_ready = is_ready.into_iter();
            let outputs = [(&mut self.answer, End::AnsweredTooMuch), (&mut self.said, End::SaidTooMuch)];
            for (output, too_much) in outputs {
                let is_open = output.file.is_some();
                if is_open && is_ready.next().unwrap_or(false) && !output.read() {
                    return Some(too_much);
                }
            }
        }
        None
    }

    /// Whether the process waits for something that is not a core, a disk or its owner.
    fn waits(&self) -> bool {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid.as_raw_nonzero()));
        let state = stat.ok().and_then(|stat| stat.rsplit_once(") ")?.1.chars().next());
        matches!(state, Some('S' | 'I'))
    }

    /// Takes its end from the system, if it has come.
    fn look(&mut self) {
        if self.over.is_some() {
            // Its number may be another's by now.
            return;
        }
        match sys::ended(self.pid) {
            Ok(None) => {}
            Ok(Some((status, cpu))) => self.over = Some((End::Exited(status), cpu)),
            Err(_) => self.over = Some((End::Lost, Duration::ZERO)),
        }
    }

    /// Ends it and waits for that. It stays a zombie only if it waits in the kernel for ever.
    fn kill(&mut self) {
        let deadline = monotonic().saturating_add(KILLED_WAIT);
        self.look();
        // While it is not taken from the table of processes, its number is nobody else's.
        while self.over.is_none() && monotonic() < deadline {
            // Its group is its own once it has a session.
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = kill_process(self.pid, Signal::KILL);
            wait(&mut [], MOMENT);
            self.look();
        }
    }

    fn remains(mut self, must: Option<End>) -> Remains {
        self.kill();
        let (end, cpu) = self.over.unwrap_or((End::Lost, Duration::ZERO));
        let (answer, said) = (std::mem::take(&mut self.answer.bytes), std::mem::take(&mut self.said.bytes));
        Remains { end: must.unwrap_or(end), answer, said, cpu }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until one of these is ready, or so long.
fn wait(fds: &mut [PollFd<'_>], time: Duration) {
    let nanos = i64::from(time.subsec_nanos());
    let time = Timespec { tv_sec: i64::try_from(time.as_secs()).unwrap_or(0), tv_nsec: nanos };
    match poll(fds, Some(&time)) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(error) => log::debug!("The outputs of a parser process cannot be waited for: {error}."),
    }
}

/// Time that this device was not suspended.
pub(super) fn monotonic() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
