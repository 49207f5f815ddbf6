//! Everything that is sampled each second, with its files open.

use super::file::{File, PreviousFiles};
use super::heat::HeatFiles;
use super::list;
use super::power::OpenRail;
use super::proc::ProcFiles;
use super::root::Root;
use super::supplies::OpenSupplies;
use super::throttles::Throttles;
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::meter::Watts;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::board::quota;
use crate::energy::board::rail::{Rail, chip_of_owner};
use crate::energy::board::report::BoardReport;
use crate::energy::board::rise::Rise;
use crate::energy::board::source::{Flow, Supplies};
use crate::energy::input::Sample;
use crate::energy::sample::fault::Reading;
use crate::limits::{PACKAGES_MAX, SENSOR_FILES_MAX};
use std::path::Path;

/// Between two listings because a sensor is gone or missing.
const RESCAN: Duration = Duration::from_secs(60);
/// A rail that has given nothing for this long leaves its place to the battery.
const RAIL_SILENT: Duration = Duration::from_secs(60);

/// The sensors of one root.
#[derive(Debug)]
pub struct Sensors {
    root: Root,
    /// The hwmon chip that measures all that the device takes, as named by its owner.
    meter: Option<String>,
    board: BoardReport,
    quota: Option<f64>,
    heat: HeatFiles,
    alarm: Option<File>,
    supplies: OpenSupplies,
    rail: Option<OpenRail>,
    proc: ProcFiles,
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
    /// Lists what `root` has, and opens what is sampled.
    #[must_use]
    pub fn open(root: &Path) -> Self {
        Self::open_metered(root, None)
    }

    /// The same; `meter` is the hwmon chip that measures all that the device takes, as named by its owner.
    #[must_use]
    pub fn open_metered(root: &Path, meter: Option<&str>) -> Self {
        Self::list(&Root::new(root), meter, None)
    }

    fn list(root: &Root, meter: Option<&str>, before: Option<&mut Self>) -> Self {
        let tree = list::below(root, meter);
        let mut board = BoardReport::of(&tree);
        let mut old = PreviousSensors::default();
        if let Some(before) = before {
            board.keep_order(&before.board);
            old = before.hand_over();
        } else if let Some(chip) = meter.filter(|chip| chip_of_owner(&tree, chip).is_none()) {
            log::warn!(
                "No hwmon chip {chip} that measures power was found (energy.meter in config.toml); it counts once it is there."
            );
        }
        let mut previous = PreviousFiles::new(root, &tree, old.files);
        let mut opened = Self {
            quota: quota::cores(&tree),
            heat: HeatFiles::new(root, &tree, &board, &mut previous, old.throttles),
            alarm: board.under_voltage_path.as_deref().map(|path| previous.file(path)),
            supplies: OpenSupplies::new(&tree, &mut previous, old.rise),
            rail: Rail::find(&tree, meter).map(|found| OpenRail::new(found, &mut previous, old.rail)),
            proc: ProcFiles::new(&mut previous),
            seen: old.seen,
            listed: None,
            board,
            root: root.clone(),
            meter: meter.map(str::to_owned),
        };
        let counts = opened.counts();
        opened.seen.iter_mut().zip(counts).for_each(|(most, count)| *most = count.max(*most));
        debug_assert!(opened.files() <= SENSOR_FILES_MAX, "the caps of the parts add up to more");
        opened
    }

    /// Hands its files over to the next listing.
    fn hand_over(&mut self) -> PreviousSensors {
        let (mut files, throttles) = self.heat.take_files();
        files.extend(self.proc.take_files());
        files.extend(self.alarm.take());
        files.extend(self.supplies.take_files());
        PreviousSensors { files, throttles, rise: self.supplies.rise(), rail: self.rail.take(), seen: self.seen }
    }

    fn counts(&self) -> SensorCounts {
        let rails = usize::from(self.rail.is_some());
        [self.heat.count(), usize::from(self.alarm.is_some()), self.supplies.count(), rails]
    }

    /// The report of the last listing.
    #[must_use]
    pub const fn board(&self) -> &BoardReport {
        &self.board
    }

    /// Files that may be open at once.
    #[must_use]
    pub fn files(&self) -> usize {
        let lists = self.heat.files() + self.supplies.files();
        lists + usize::from(self.alarm.is_some()) + PACKAGES_MAX + ProcFiles::COUNT
    }

    /// Lists again, because something came or went; true if the board changed. What is still there goes on as it
    /// was: a denied file is not read again, and a counter counts on.
    pub fn rescan(&mut self, now: Instant) -> bool {
        let facts_before = facts(&self.board);
        let (root, meter) = (self.root.clone(), self.meter.take());
        *self = Self { listed: Some(now), ..Self::list(&root, meter.as_deref(), Some(self)) };
        facts_before != facts(&self.board)
    }

    /// Is a sensor gone, or one missing that was once seen, and is it time to list again?
    #[must_use]
    pub fn wants_rescan(&self, now: Instant) -> bool {
        let due = self.listed.is_none_or(|at| now.since(at) >= RESCAN);
        due && (self.is_gone() || self.counts().iter().zip(self.seen).any(|(count, most)| *count < most))
    }

    fn is_gone(&self) -> bool {
        self.heat.is_gone()
            || self.alarm.as_ref().is_some_and(File::is_gone)
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
        self.heat.read(now, doubts, sample);
        sample.under_voltage = self.under_voltage(now);
        sample.input_millivolts = self.rail.as_mut().and_then(|rail| rail.millivolts(now));
        sample.supplies = Some(self.supplies(now));
        sample.ticks = self.proc.ticks(now, own);
        sample.pressure = self.proc.pressure(now);
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

    /// Measured watts with their method and scope; `None`: nothing measures now. One failed read of a rail does not
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
}

/// The part of the board that does not change from second to second: limits, and the sensors by path, since their
/// order follows the heat.
fn facts(found: &BoardReport) -> (f64, Option<f64>, Vec<String>) {
    let mut paths: Vec<String> = found.cpu.sensors().iter().map(|sensor| sensor.path.clone()).collect();
    paths.sort_unstable();
    (found.t_lim, found.fan_trip, paths)
}

#[cfg(test)]
#[path = "sensors_test.rs"]
mod tests;
