//! All that is asked once a second, with its files open.

use super::file::File;
use super::list;
use super::power::OpenRail;
use super::supplies::OpenSupplies;
use crate::base::time::{Duration, Instant};
use crate::energy::account::task::{Method, Scope};
use crate::energy::board::findings::Findings;
use crate::energy::board::rail::Rail;
use crate::energy::board::source::{Flow, Supplies};
use crate::energy::foreground::Ticks;
use crate::energy::input::Sample;
use crate::energy::pressure::Counts;
use crate::energy::sample::fault::{Fault, Reading};
use crate::energy::sample::text;
use crate::limits::{CPU_SENSORS_MAX, SENSOR_BYTES_MAX, SENSOR_FILES_MAX, THROTTLE_COUNTERS_MAX};
use std::path::{Path, PathBuf};

/// Ticks of `/proc/stat` in a second: USER_HZ, the same on all Linux that people run.
const TICKS: u32 = 100;
/// Between two listings because a file was gone (1.10).
const RESCAN: Duration = Duration::from_secs(60);

/// The sensors of one root.
#[derive(Debug)]
pub struct Sensors {
    root: PathBuf,
    findings: Findings,
    temperatures: Vec<File>,
    cooling: Vec<File>,
    throttles: Vec<File>,
    alarm: Option<File>,
    supplies: OpenSupplies,
    rail: Option<OpenRail>,
    stat: File,
    memory_pressure: File,
    disk_pressure: File,
    meminfo: File,
    vmstat: File,
    gone: bool,
    listed: Option<Instant>,
}

impl Sensors {
    /// Lists what `root` has, and keeps what is sampled open.
    #[must_use]
    pub fn open(root: &Path) -> Self {
        let tree = list::tree(root);
        let findings = Findings::of(&tree);
        let file = |path: &str| File::new(root, path);
        let files = |paths: &[String], most: usize| paths.iter().take(most).map(|path| file(path)).collect();
        let counters: Vec<String> =
            tree.paths().filter(|path| path.ends_with("/package_throttle_count")).map(str::to_owned).collect();
        let opened = Self {
            root: root.to_owned(),
            temperatures: findings.cpu.sensors().iter().map(|sensor| file(&sensor.path)).collect(),
            cooling: files(&findings.throttle_paths, CPU_SENSORS_MAX),
            throttles: files(&counters, THROTTLE_COUNTERS_MAX),
            alarm: findings.under_voltage_path.as_deref().map(file),
            supplies: OpenSupplies::new(root, &tree),
            rail: Rail::find(&tree).map(|rail| OpenRail::new(root, &rail)),
            stat: file("proc/stat"),
            memory_pressure: file("proc/pressure/memory"),
            disk_pressure: file("proc/pressure/io"),
            meminfo: file("proc/meminfo"),
            vmstat: file("proc/vmstat"),
            gone: false,
            listed: None,
            findings,
        };
        debug_assert!(opened.files() <= SENSOR_FILES_MAX, "the caps of the parts add up to more");
        opened
    }

    /// What was found at the last listing.
    #[must_use]
    pub const fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Files that may be open at once.
    #[must_use]
    pub fn files(&self) -> usize {
        let lists = self.temperatures.len() + self.cooling.len() + self.throttles.len() + self.supplies.files();
        // The rail has two at most; the last five are of /proc.
        lists + usize::from(self.alarm.is_some()) + 2 + 5
    }

    /// Lists anew, because something came or went; says whether the findings are others now.
    pub fn rescan(&mut self, now: Instant) -> bool {
        let before = self.findings.clone();
        *self = Self { listed: Some(now), ..Self::open(&self.root) };
        facts(&before) != facts(&self.findings)
    }

    /// Was a file gone, and is it time to list anew?
    #[must_use]
    pub fn wants_rescan(&self, now: Instant) -> bool {
        self.gone && self.listed.is_none_or(|at| now.since(at) >= RESCAN)
    }

    /// Fills a sample in place. A reading that `doubts` names is read once more. `own` is the CPU time of our agents.
    pub fn sample(
        &mut self,
        now: Instant,
        own: Duration,
        doubts: &dyn Fn(usize, Reading) -> bool,
        sample: &mut Sample,
    ) {
        sample.temperatures.clear();
        for (at, file) in self.temperatures.iter_mut().enumerate() {
            let first = file.integer(now);
            let reading = if doubts(at, first) { file.integer(now) } else { first };
            self.gone |= reading == Err(Fault::Gone);
            // The findings hold no more than there is room for.
            let _ = sample.temperatures.push(reading);
        }
        sample.cooling = sum(&mut self.cooling, now);
        sample.throttle_count = sum(&mut self.throttles, now).and_then(|sum| u64::try_from(sum).ok());
        sample.under_voltage = self.under_voltage(now);
        sample.input_millivolts = self.rail.as_mut().and_then(|rail| rail.millivolts(now));
        sample.supplies = Some(self.supplies(now));
        sample.ticks = self.ticks(now, own);
        sample.pressure = self.pressure(now);
    }

    /// The alarm of the supply's voltage.
    pub fn under_voltage(&mut self, now: Instant) -> Option<bool> {
        self.alarm.as_mut()?.integer(now).ok().map(|alarm| alarm != 0)
    }

    /// The power supplies.
    pub fn supplies(&mut self, now: Instant) -> Supplies {
        self.supplies.read(now)
    }

    /// Watts that were measured, with how and of what; `None`: nothing measures now.
    pub fn watts(&mut self, now: Instant, supplies: Option<Supplies>) -> Option<(f64, Method, Scope)> {
        if let Some(rail) = &mut self.rail
            && let Some(watts) = rail.watts(now)
        {
            let (method, scope) = rail.kind();
            return Some((watts, method, scope));
        }
        let battery = supplies?.battery.filter(|battery| battery.flow == Flow::Discharging)?;
        Some((battery.power_uw? as f64 / 1e6, Method::BatteryMeasured, Scope::Battery))
    }

    /// Is there something that measures power on mains as well?
    #[must_use]
    pub fn measures(&self) -> Option<(Method, Scope)> {
        self.rail.as_ref().map(OpenRail::kind)
    }

    fn ticks(&mut self, now: Instant, own: Duration) -> Option<Ticks> {
        let mut buffer = [0; SENSOR_BYTES_MAX];
        let busy = self.stat.read(now, &mut buffer).and_then(text::busy_ticks).ok()?;
        let own = u64::try_from(own.as_millis()).unwrap_or(u64::MAX) / (1000 / u64::from(TICKS));
        Some(Ticks { busy, own, per_second: TICKS })
    }

    fn pressure(&mut self, now: Instant) -> Counts {
        let mut buffer = [0; SENSOR_BYTES_MAX];
        let mut stall = |file: &mut File| file.read(now, &mut buffer).map(text::pressure).unwrap_or_default();
        let (memory, disk) = (stall(&mut self.memory_pressure), stall(&mut self.disk_pressure));
        let mut counts = Counts { memory, disk, ..Counts::default() };
        if memory.some.is_none() {
            let field = |bytes: &[u8], key: &[u8]| text::field(bytes, key).ok();
            if let Ok(bytes) = self.meminfo.read(now, &mut buffer) {
                counts.available = field(bytes, b"MemAvailable").zip(field(bytes, b"MemTotal"));
            }
            counts.swapped_in = self.vmstat.read(now, &mut buffer).ok().and_then(|bytes| field(bytes, b"pswpin"));
        }
        counts
    }
}

/// The sum of what could be read; `None` where nothing could. A state below 0 is idle (`intel_powerclamp`).
fn sum(files: &mut [File], now: Instant) -> Option<i64> {
    let values = files.iter_mut().filter_map(|file| file.integer(now).ok());
    values.map(|value| value.max(0)).reduce(i64::saturating_add)
}

/// What of the findings does not change from second to second.
fn facts(found: &Findings) -> (f64, Option<f64>, Vec<&str>) {
    (found.t_lim, found.fan_trip, found.cpu.sensors().iter().map(|sensor| sensor.path.as_str()).collect())
}
