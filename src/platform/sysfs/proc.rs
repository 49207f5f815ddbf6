//! The files of /proc that are read with each sample: CPU time and pressure of the whole machine.

use super::file::{File, PreviousFiles};
use crate::base::time::{Duration, Instant};
use crate::energy::pressure::Counts;
use crate::energy::sample::text;
use crate::energy::user_activity::Ticks;
use crate::limits::SENSOR_BYTES_MAX;

/// Ticks of `/proc/stat` in a second: USER_HZ (proc(5)), 100 on x86, ARM and RISC-V.
const TICKS: u32 = 100;

/// The files.
#[derive(Debug)]
pub(super) struct ProcFiles {
    stat: File,
    memory_pressure: File,
    disk_pressure: File,
    meminfo: File,
    vmstat: File,
    /// Pressure on memory at the last sample, in microseconds.
    waited: Option<u64>,
}

impl ProcFiles {
    /// How many there are.
    pub(super) const COUNT: usize = 5;

    pub(super) fn new(previous: &mut PreviousFiles<'_>) -> Self {
        Self {
            stat: previous.file("proc/stat"),
            memory_pressure: previous.file("proc/pressure/memory"),
            disk_pressure: previous.file("proc/pressure/io"),
            meminfo: previous.file("proc/meminfo"),
            vmstat: previous.file("proc/vmstat"),
            waited: None,
        }
    }

    pub(super) fn take_files(&mut self) -> [File; Self::COUNT] {
        [&mut self.stat, &mut self.memory_pressure, &mut self.disk_pressure, &mut self.meminfo, &mut self.vmstat]
            .map(std::mem::take)
    }

    /// Busy time of the machine and the niced part of it, beside `own`, the CPU time of our agents.
    pub(super) fn ticks(&mut self, now: Instant, own: Duration) -> Option<Ticks> {
        let mut buffer = [0; SENSOR_BYTES_MAX];
        let text::BusyTicks { busy, nice } = self.stat.read(now, &mut buffer).and_then(text::busy_ticks).ok()?;
        let own = u64::try_from(own.as_millis()).unwrap_or(u64::MAX) / (1000 / u64::from(TICKS));
        Some(Ticks { busy, nice, own, per_second: TICKS })
    }

    /// Pressure stall information, and free memory and pages swapped in where the kernel has none, or where some task
    /// waited for memory since the last sample.
    pub(super) fn pressure(&mut self, now: Instant) -> Counts {
        let mut buffer = [0; SENSOR_BYTES_MAX];
        let mut stall = |file: &mut File| file.read(now, &mut buffer).map(text::pressure).unwrap_or_default();
        let (memory, disk) = (stall(&mut self.memory_pressure), stall(&mut self.disk_pressure));
        let mut counts = Counts { memory, disk, ..Counts::default() };
        if memory.some.is_none() || memory.some != self.waited {
            self.waited = memory.some;
            let field = |bytes: &[u8], key: &[u8]| text::field(bytes, key).ok();
            if let Ok(bytes) = self.meminfo.read(now, &mut buffer) {
                counts.available = field(bytes, b"MemAvailable").zip(field(bytes, b"MemTotal"));
            }
            counts.swapped_in = self.vmstat.read(now, &mut buffer).ok().and_then(|bytes| field(bytes, b"pswpin"));
        }
        counts
    }
}
