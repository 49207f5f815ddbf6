//! All that is asked once a second, with its files open.

use super::file::{File, Pool};
use super::list;
use super::power::OpenRail;
use super::root::Root;
use super::supplies::OpenSupplies;
use super::throttles::Throttles;
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::meter::Watts;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::findings::BoardReport;
use crate::energy::board::quota;
use crate::energy::board::rail::{Rail, chip_of_owner};
use crate::energy::board::rise::Rise;
use crate::energy::board::source::{Flow, Supplies};
use crate::energy::input::Sample;
use crate::energy::pressure::Counts;
use crate::energy::sample::fault::Reading;
use crate::energy::sample::text;
use crate::energy::user_activity::Ticks;
use crate::limits::{CPU_SENSORS_MAX, PACKAGES_MAX, SENSOR_BYTES_MAX, SENSOR_FILES_MAX};
use std::path::Path;

/// Ticks of `/proc/stat` in a second: USER_HZ, the same on all Linux that people run.
const TICKS: u32 = 100;
/// Between two listings because something is gone or missing (1.10).
const RESCAN: Duration = Duration::from_secs(60);
/// A rail that has given nothing for this long leaves its place to the battery.
const RAIL_SILENT: Duration = Duration::from_secs(60);

/// The sensors of one root.
#[derive(Debug)]
pub struct Sensors {
    root: Root,
    /// The hwmon chip that measures all that the device takes, as its owner says.
    meter: Option<String>,
    findings: BoardReport,
    quota: Option<f64>,
    temperatures: Vec<File>,
    cooling: Vec<File>,
    throttles: Throttles,
    alarm: Option<File>,
    supplies: OpenSupplies,
    rail: Option<OpenRail>,
    stat: File,
    memory_pressure: File,
    disk_pressure: File,
    meminfo: File,
    vmstat: File,
    /// The most that was ever found of each kind.
    seen: SensorCounts,
    listed: Option<Instant>,
}

/// How many sensors of each kind there are: temperatures, alarms, supplies, rails.
type SensorCounts = [usize; 4];

/// What a listing takes over from the one before.
#[derive(Default)]
struct PreviousSensors {
    files: Vec<File>,
    throttles: Throttles,
    rise: Rise,
    rail: Option<OpenRail>,
    seen: SensorCounts,
}

impl Sensors {
    /// Lists what `root` has, and keeps what is sampled open.
    #[must_use]
    pub fn open(root: &Path) -> Self {
        Self::open_metered(root, None)
    }

    /// The same; `meter` is the hwmon chip that measures all that the device takes, as its owner says.
    #[must_use]
    pub fn open_metered(root: &Path, meter: Option<&str>) -> Self {
        Self::list(&Root::new(root), meter, None)
    }

    fn list(root: &Root, meter: Option<&str>, before: Option<&mut Self>) -> Self {
        let tree = list::below(root, meter);
        let mut findings = BoardReport::of(&tree);
        let mut old = PreviousSensors::default();
        if let Some(before) = before {
            findings.keep_order(&before.findings);
            old = before.give_up();
        } else if let Some(chip) = meter.filter(|chip| chip_of_owner(&tree, chip).is_none()) {
            log::warn!(
                "No hwmon chip {chip} that measures power was found (energy.meter in config.toml); it counts once it is there."
            );
        }
        let mut pool = Pool::new(root, &tree, old.files);
        let mut opened = Self {
            quota: quota::cores(&tree),
            temperatures: findings.cpu.sensors().iter().map(|sensor| pool.file(&sensor.path)).collect(),
            cooling: findings.throttle_paths.iter().take(CPU_SENSORS_MAX).map(|path| pool.file(path)).collect(),
            throttles: Throttles::new(root, &tree, old.throttles),
            alarm: findings.under_voltage_path.as_deref().map(|path| pool.file(path)),
            supplies: OpenSupplies::new(&tree, &mut pool, old.rise),
            rail: Rail::find(&tree, meter).map(|found| OpenRail::new(found, &mut pool, old.rail)),
            stat: pool.file("proc/stat"),
            memory_pressure: pool.file("proc/pressure/memory"),
            disk_pressure: pool.file("proc/pressure/io"),
            meminfo: pool.file("proc/meminfo"),
            vmstat: pool.file("proc/vmstat"),
            seen: old.seen,
            listed: None,
            findings,
            root: root.clone(),
            meter: meter.map(str::to_owned),
        };
        let here = opened.here();
        opened.seen.iter_mut().zip(here).for_each(|(most, here)| *most = here.max(*most));
        debug_assert!(opened.files() <= SENSOR_FILES_MAX, "the caps of the parts add up to more");
        opened
    }

    /// Hands its files over to the next listing.
    fn give_up(&mut self) -> PreviousSensors {
        let fixed =
            [&mut self.stat, &mut self.memory_pressure, &mut self.disk_pressure, &mut self.meminfo, &mut self.vmstat];
        let mut files: Vec<File> = fixed.into_iter().map(std::mem::take).collect();
        files.append(&mut self.temperatures);
        files.append(&mut self.cooling);
        files.extend(self.alarm.take());
        files.extend(self.supplies.take_files());
        let throttles = std::mem::take(&mut self.throttles);
        PreviousSensors { files, throttles, rise: self.supplies.rise(), rail: self.rail.take(), seen: self.seen }
    }

    fn here(&self) -> SensorCounts {
        let rails = usize::from(self.rail.is_some());
        [self.temperatures.len(), usize::from(self.alarm.is_some()), self.supplies.count(), rails]
    }

    /// What was found at the last listing.
    #[must_use]
    pub const fn findings(&self) -> &BoardReport {
        &self.findings
    }

    /// Files that may be open at once.
    #[must_use]
    pub fn files(&self) -> usize {
        let lists = self.temperatures.len() + self.cooling.len() + self.throttles.files() + self.supplies.files();
        // The last five are of /proc.
        lists + usize::from(self.alarm.is_some()) + PACKAGES_MAX + 5
    }

    /// Lists anew, because something came or went; says whether the findings are others now. What is still there goes
    /// on as it was: a denied file is not asked again, and a counter counts on.
    pub fn rescan(&mut self, now: Instant) -> bool {
        let facts_before = facts(&self.findings);
        let (root, meter) = (self.root.clone(), self.meter.take());
        *self = Self { listed: Some(now), ..Self::list(&root, meter.as_deref(), Some(self)) };
        facts_before != facts(&self.findings)
    }

    /// Is something gone, or missing that was once seen, and is it time to list anew?
    #[must_use]
    pub fn wants_rescan(&self, now: Instant) -> bool {
        let due = self.listed.is_none_or(|at| now.since(at) >= RESCAN);
        due && (self.is_gone() || self.here().iter().zip(self.seen).any(|(here, most)| *here < most))
    }

    fn is_gone(&self) -> bool {
        self.temperatures.iter().chain(&self.alarm).any(File::is_gone)
            || self.supplies.is_gone()
            || self.rail.as_ref().is_some_and(OpenRail::is_gone)
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
            // The findings hold no more than there is room for.
            let _ = sample.temperatures.push(reading);
        }
        sample.cooling = sum(&mut self.cooling, now);
        sample.throttle_count = self.throttles.read(now);
        sample.under_voltage = self.under_voltage(now);
        sample.input_millivolts = self.rail.as_mut().and_then(|rail| rail.millivolts(now));
        sample.supplies = Some(self.supplies(now));
        sample.ticks = self.ticks(now, own);
        sample.pressure = self.pressure(now);
        sample.process.quota = self.quota;
    }

    /// The alarm of the supply's voltage.
    pub fn under_voltage(&mut self, now: Instant) -> Option<bool> {
        self.alarm.as_mut()?.integer(now).ok().map(|alarm| alarm != 0)
    }

    /// The power supplies.
    pub fn supplies(&mut self, now: Instant) -> Supplies {
        self.supplies.read(now)
    }

    /// Watts that were measured, with how and of what; `None`: nothing measures now. One failed read of a rail does not
    /// change the source.
    pub fn watts(&mut self, now: Instant, supplies: Option<Supplies>) -> Option<Watts> {
        if let Some(rail) = &mut self.rail {
            let watts = rail.watts(now);
            if watts.is_some() || rail.silent(now).is_some_and(|time| time < RAIL_SILENT) {
                return watts;
            }
        }
        let battery = supplies?.battery.filter(|battery| battery.flow == Flow::Discharging)?;
        let watts = battery.power_uw? as f64 / 1e6;
        Some(Watts { watts, mean: false, method: Method::BatteryMeasured, scope: Scope::Battery })
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

/// What of the findings does not change from second to second, in an order that heat does not change either.
fn facts(found: &BoardReport) -> (f64, Option<f64>, Vec<String>) {
    let mut paths: Vec<String> = found.cpu.sensors().iter().map(|sensor| sensor.path.clone()).collect();
    paths.sort_unstable();
    (found.t_lim, found.fan_trip, paths)
}

#[cfg(test)]
#[path = "sensors_test.rs"]
mod tests;
