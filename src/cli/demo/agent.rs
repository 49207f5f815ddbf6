//! An agent of the demo, and what the demo says.

use crate::cli::output::{Stop, print_next};
use crate::http::client::Client;
use rustix::process::{Pid, Signal, kill_process};
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Child;

/// One agent of the demo. Dropping it kills the process if it still runs.
pub(super) struct Agent {
    pub(super) device: &'static str,
    pub(super) home: PathBuf,
    pub(super) child: Child,
    pub(super) client: Client,
}

impl Agent {
    pub(super) fn signal(&self, signal: Signal) -> std::io::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        pid.map_or_else(|| Err(ErrorKind::NotFound.into()), |pid| Ok(kill_process(pid, signal)?))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where nobody reads it any more (`wattle demo | head -1`), the demo is over.
pub(super) fn tell(line: &str) -> Result<(), Stop> {
    print_next(&format!("{line}\n"))
}
