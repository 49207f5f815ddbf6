//! CPU time of the other agents of this host, those that follow its leader.

use super::file::File;
use crate::base::time::{Duration, Instant};
use crate::energy::sample::text;
use crate::limits::{FOLLOWERS_MAX, SENSOR_BYTES_MAX};
use std::path::Path;

/// Milliseconds of a tick of `/proc/PID/stat`: USER_HZ is 100.
const TICK_MS: u64 = 10;

/// The processes, and the CPU time that all of them together spent since each was first seen. It never falls, also when
/// one ends.
#[derive(Debug, Default)]
pub struct OtherProcesses {
    open: Vec<(i32, File, Option<u64>)>,
    spent: Duration,
}

impl OtherProcesses {
    /// Counts these processes from now on. Allocates only when they changed.
    pub fn follow(&mut self, pids: &[i32]) {
        let same = pids.len() == self.open.len() && pids.iter().zip(&self.open).all(|(pid, (open, ..))| pid == open);
        if !same {
            let path = |pid: i32| File::new(Path::new("/proc").join(format!("{pid}/stat")));
            let last = |pid: i32, open: &[(i32, File, Option<u64>)]| {
                open.iter().find(|(other, ..)| *other == pid).and_then(|(.., last)| *last)
            };
            self.open = pids.iter().take(FOLLOWERS_MAX).map(|pid| (*pid, path(*pid), last(*pid, &self.open))).collect();
        }
    }

    /// The CPU time that they spent.
    pub fn cpu(&mut self, now: Instant) -> Duration {
        let mut buffer = [0; SENSOR_BYTES_MAX];
        for (_, file, last) in &mut self.open {
            if let Ok(ticks) = file.read(now, &mut buffer).and_then(text::process_ticks) {
                let before = last.replace(ticks).unwrap_or(ticks);
                self.spent += Duration::from_millis(ticks.saturating_sub(before) * TICK_MS);
            }
        }
        self.spent
    }
}
