//! Whether a thread waits for its turn at a CPU, or for something else: proc_pid_stat(5) tells the state of each thread.
//!
//! A look at a file takes long where its disk or its server does not answer, and where other programs keep all cores busy. Both look alike to whoever
//! waits for the thread that makes it, and only the first is a fault of the file system.

use rustix::thread::gettid;
use std::fs;
use std::sync::atomic::{AtomicI32, Ordering};

/// The thread that does a piece of work, once it has begun.
#[derive(Debug, Default)]
pub(super) struct Turn(AtomicI32);

impl Turn {
    /// The calling thread does it.
    pub(super) fn begin(&self) {
        self.0.store(gettid().as_raw_pid(), Ordering::Release);
    }

    /// Whether the work has only not got a core so far, or runs on one: then nothing else is waited for. False where that is not known.
    pub(super) fn is_awaited(&self) -> bool {
        match self.0.load(Ordering::Acquire) {
            0 => true,
            thread => fs::read(format!("/proc/self/task/{thread}/stat")).is_ok_and(|stat| wants_core(&stat)),
        }
    }
}

/// Whether the thread of a line of `stat` runs, or would if it had a core. Its name, in parentheses, may have any bytes in it.
fn wants_core(stat: &[u8]) -> bool {
    let behind = stat.iter().rposition(|byte| *byte == b')').and_then(|at| stat.get(at + 1..)).unwrap_or_default();
    behind.trim_ascii_start().starts_with(b"R")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_runs_or_would_is_told_from_one_that_waits_for_something() {
        for (line, wants) in [
            (&b"7 (files) R 1 7 7 0 -1"[..], true),
            (b"7 (a) D (b) R 1 7", true),
            (b"7 (R) D 1 7", false),
            (b"7 (files) S 1 R", false),
            (b"7 (files) T 1", false),
            (b"7 (files", false),
            (b"", false),
        ] {
            assert_eq!(wants_core(line), wants, "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn work_that_has_not_begun_waits_for_a_core_and_a_thread_that_asks_has_one() {
        let turn = Turn::default();
        assert!(turn.is_awaited());
        turn.begin();
        assert!(turn.is_awaited(), "the thread that asks runs");
        let gone = Turn(AtomicI32::new(i32::MAX));
        assert!(!gone.is_awaited(), "not known");
    }
}
