//! The thread that samples and saves: one wake-up for a sample, no lock while it reads, no allocation.

use super::doubts::DoubtBoard;
use super::shared::Shared;
use crate::base::time::{Duration, Instant};
use crate::energy::board::report::BoardReport;
use crate::energy::coordinator::{HintFrom, Input};
use crate::energy::fraction::Fraction;
use crate::energy::input::Sample;
use crate::energy::sample::fault::Reading;
use crate::limits::SENSOR_LATE_MS;
use crate::platform::clock;
use crate::platform::hint_files::{HintFile, HintFiles};
use crate::platform::panics::guard;
use crate::platform::sched::process_cpu;
use crate::platform::sysfs::others::OtherProcesses;
use crate::platform::sysfs::sensors::Sensors;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};

/// The wait after a sample that panicked: a defect in every sample must not keep a core busy.
const AFTER_PANIC: Duration = Duration::from_secs(1);

/// The thread checks what is due at least this often.
const LONG: Duration = Duration::from_secs(3600);

/// What the thread holds between samples.
struct Sampler<'a> {
    shared: &'a Shared,
    sensors: Sensors,
    hints: HintFiles,
    others: OtherProcesses,
    sample: Sample,
    /// CPU time of this host's agents at the last sample.
    ran: Option<(Instant, Duration)>,
    /// How long the device was suspended since it booted, as of the last sample.
    slept: Duration,
    cores: usize,
    doubts: DoubtBoard,
}

/// What is due.
enum Due {
    /// A sample for this moment; true: list the sensors again before.
    Sample(Instant, bool),
    /// A save of the state.
    Save,
}

/// The body of the thread: lists the sensors and sends what was found, then samples for the governor that it receives
/// until the agent stops. A sensor that hangs blocks this thread and no other.
pub(super) fn run(
    (root, meter, cores): (&Path, Option<&str>, usize),
    found: &SyncSender<BoardReport>,
    shared: &Receiver<Arc<Shared>>,
    hints: HintFiles,
) {
    let sensors = Sensors::open_metered(root, meter);
    // The receiver has given up if this took long; `report_late_findings` makes up for it.
    let _ = found.try_send(sensors.board().clone());
    let Ok(shared) = shared.recv() else { return };
    let mut sampler = Sampler {
        shared: &shared,
        sensors,
        hints,
        others: OtherProcesses::default(),
        sample: Sample::default(),
        ran: None,
        slept: clock::slept(),
        cores,
        doubts: DoubtBoard::new(shared.findings.clone()),
    };
    sampler.report_late_findings();
    while let Some(due) = sampler.wait() {
        let done = guard(|| match due {
            Due::Sample(now, relist) => sampler.sample(now, relist),
            Due::Save => sampler.save(),
        });
        if done.is_err() {
            // The coordinator got no sample, so the sensors count as unknown until the next one.
            drop(shared.changed.wait_timeout(shared.lock(), AFTER_PANIC));
        }
    }
}

impl Sampler<'_> {
    /// Gives the coordinator its sensors if listing them took so long that it started without.
    fn report_late_findings(&mut self) {
        if std::mem::replace(&mut self.shared.lock().awaits_sensors, false) {
            self.shared.input(clock::now(), Input::SensorsFound(self.sensors.board()));
        }
    }

    /// Waits until something is due; `None`: the agent stops. The condition variable's clock stops during a suspend and
    /// `platform::clock` does not, so what was due meanwhile comes up to one sample late.
    fn wait(&mut self) -> Option<Due> {
        loop {
            let now = clock::now();
            let mut state = self.shared.lock();
            if state.stopped {
                return None;
            }
            if let Some(relist) = state.read.take() {
                self.others.follow(&state.coordinator.processes());
                return Some(Due::Sample(now, relist));
            }
            if std::mem::replace(&mut state.save, false) {
                return Some(Due::Save);
            }
            let due = state.coordinator.sampler_deadline(now);
            if due.is_some_and(|due| due <= now) {
                drop(state);
                self.shared.input(now, Input::Wake);
                continue;
            }
            state.sampler_wakes = due;
            let time = due.map_or(LONG, |due| due.since(now));
            drop(self.shared.changed.wait_timeout(state, time));
        }
    }

    /// Saves the state if there is anything new.
    fn save(&self) {
        if let Err(error) = self.shared.save(false) {
            log::warn!(
                "What the governor learned could not be saved in {}: {error}. It is tried again in a minute.",
                self.shared.home.display()
            );
        }
    }

    fn sample(&mut self, now: Instant, relist: bool) {
        let shared = self.shared;
        self.notice_suspend(now);
        self.rescan(now, relist);
        let mine = process_cpu();
        let own = mine + self.others.cpu(now);
        self.sample.process.cpu = Some(mine);
        let doubts = |at: usize, reading: Reading| shared.lock().coordinator.doubts(now, at, reading);
        self.sensors.sample(now, own, &doubts, &mut self.sample);
        let watts = self.sensors.watts(now, self.sample.supplies);
        self.sample.wall = shared.update_time(now);
        self.sample.ran = self.ran(now, own);
        let read = clock::now();
        if read.since(now) > Duration::from_millis(SENSOR_LATE_MS) {
            shared.input(read, Input::SampleLate);
        } else {
            shared.input(now, Input::Sample(&self.sample, watts));
            shared.see(now, watts.map(|watts| watts.watts), self.sample.ran);
        }
        let doubts = shared.lock().coordinator.doubted();
        self.doubts.show(now, doubts);
        self.read_hints(now);
    }

    /// Comes after the sensors, so that a slow disk does not make their sample late.
    fn read_hints(&mut self, now: Instant) {
        for file in self.hints.poll(now) {
            let from = match file.which {
                HintFile::Hint => HintFrom::HintFile { written: file.written },
                HintFile::Grid => HintFrom::GridFile,
            };
            if let Err(error) = self.shared.handle(now, Input::Hint(from, &file.bytes)) {
                let which = file.which.as_str();
                log::warn!("The {which} was not taken: {error}. The hint before it stays until its time is over.");
            }
        }
    }

    /// Measurements from before a suspend no longer apply after it.
    fn notice_suspend(&mut self, now: Instant) {
        let slept = clock::slept();
        if slept.saturating_sub(self.slept) > Duration::from_secs(2) {
            self.shared.input(now, Input::Resumed);
        }
        self.slept = slept;
    }

    fn rescan(&mut self, now: Instant, asked: bool) {
        if (asked || self.sensors.wants_rescan(now)) && self.sensors.rescan(now) {
            self.shared.input(now, Input::SensorsFound(self.sensors.board()));
            log::info!("The sensors changed and were listed again.");
        }
    }

    /// The share of the cores that the agents of this host took since the last sample.
    fn ran(&mut self, now: Instant, own: Duration) -> Option<Fraction> {
        let (at, before) = self.ran.replace((now, own))?;
        let wall = now.since(at).as_secs_f64() * self.cores as f64;
        (wall > 0.0).then(|| Fraction::new(own.saturating_sub(before).as_secs_f64() / wall))
    }
}
