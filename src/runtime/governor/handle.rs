//! `GovernorHandle`: starts the governor and stops it, and is what the driver and the HTTP API call.

use super::host::Host;
use super::pause_request::BurstFrom;
use super::report::{self, Current};
use super::sentence::WaitingWork;
use super::shared::{Shared, State};
use super::time::Time;
use super::{kept_burst, quiet, rendezvous, sampler, sentence, state_file};
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::energy::board::report::BoardReport;
use crate::energy::board::tree::Tree;
use crate::energy::coordinator::{self, HintFrom, HostCoordinator, Input};
use crate::energy::decision::Decision;
use crate::energy::governor::Settings;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::hint::HintError;
use crate::energy::policy::hours::Window;
use crate::energy::reason::Reason;
use crate::platform::findings::Findings;
use crate::platform::hint_files::{HintFiles, HintPaths};
use crate::platform::panics::guard;
use crate::platform::{blocking, clock};
use futures_lite::future::or;
use smol::Timer;
use smol::channel::{Receiver, Sender, bounded};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// Reading all sensors may take this long, at the start and for a report. It takes milliseconds unless one hangs.
const READ_MAX: Duration = Duration::from_secs(1);
/// How often a report checks whether a read for another report is done.
const READ_POLL: Duration = Duration::from_millis(20);
/// The threads have this long to end; one that hangs in a sensor is not waited for any longer.
const END: Duration = Duration::from_secs(1);

/// What the governor is started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The agent's home, where `energy.json` is.
    pub home: PathBuf,
    /// The folder that holds the trees of /sys and /proc: `/` except in tests.
    pub sensors: PathBuf,
    /// The hwmon chip that measures the power of the whole device, as its owner configured it.
    pub meter: Option<String>,
    /// What the owner chose.
    pub settings: Settings,
    /// Hours with more or less energy than usual.
    pub plan: Vec<(Window, Energy)>,
    /// How long bulk work may wait for surplus energy.
    pub can_wait: Duration,
    /// The clock counts as right even if nothing is known to have set it.
    pub trusted_clock: bool,
    /// Files in which other programs leave hints on energy.
    pub hint_files: HintPaths,
    /// How long a burst lasts; zero: there is none unless a person asks for it.
    pub burst: Duration,
    /// The agent starts with a burst of this length; zero: without.
    pub burst_at_start: Duration,
    /// The board of findings.
    pub findings: Findings,
    /// The folder where the agents of this host meet; `None`: the usual one of the system.
    pub meeting: Option<PathBuf>,
}

/// A handle on the governor. Clones are handles on the same one.
#[derive(Clone, Debug)]
pub struct GovernorHandle {
    /// `None`: the agent runs without its governor.
    pub(super) shared: Option<Arc<Shared>>,
    /// Closed when the threads have ended.
    ended: Option<Receiver<()>>,
}

impl GovernorHandle {
    /// Starts the governor, which runs until `end`.
    ///
    /// # Errors
    /// One sentence, if a thread cannot be started.
    pub fn begin(setup: Setup, inputs: Sender<crate::node::input::Input>) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("The governor cannot start: {error}.");
        let (alive, ended) = bounded::<()>(1);
        let thread = |name, work| spawn(name, alive.clone(), work).map_err(failed);
        let (send_found, found) = sync_channel(1);
        let (send_shared, receive_shared) = sync_channel(1);
        let (root, meter) = (setup.sensors.clone(), setup.meter.clone());
        let hints = HintFiles::new(setup.hint_files.clone());
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let sampler = move || sampler::run((&root, meter.as_deref(), cores), &send_found, &receive_shared, hints);
        thread("sensors", Box::new(sampler))?;

        let (persisted, lost) = state_file::load_told(&setup.home);
        lost.into_iter().for_each(|found| setup.findings.set("energy-state", found));
        let host = Host::new(rendezvous::meeting(setup.meeting.as_deref()));
        let waker = host.waker().map_err(failed)?;
        let kept = persisted.burst.clone();
        let mut time = Time::new(setup.trusted_clock);
        let found = found.recv_timeout(READ_MAX);
        let now = clock::now();
        let (wall, zone) = time.read(now);
        let report = found.clone().unwrap_or_else(|_| BoardReport::of(&Tree::default()));
        let (settings, can_wait, boot) = (setup.settings, setup.can_wait, clock::boot());
        let started = coordinator::Setup { cores, found: &report, settings, can_wait, boot, persisted };
        let mut coordinator = HostCoordinator::new(now, wall, started);
        for (window, energy) in &setup.plan {
            if !coordinator.plan(*window, *energy) {
                log::warn!("Part of the energy schedule does not fit and is left out.");
            }
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(now, coordinator, inputs)),
            changed: Condvar::new(),
            host: waker,
            time: Mutex::new(time),
            home: setup.home,
            saving: Mutex::new(()),
            sensors: setup.sensors,
            found: Mutex::new(report),
            reading: AtomicBool::new(false),
            burst: setup.burst,
            burst_from: Mutex::default(),
            findings: setup.findings,
        });
        shared.input(now, Input::Time(wall, zone.as_ref()));
        if host.leads() {
            shared.input(now, Input::Elected);
        }
        if setup.burst_at_start > Duration::ZERO {
            shared.begin_burst(now, setup.burst_at_start, BurstFrom::Arrived);
        }
        kept_burst::restore(&shared, now, wall, kept.as_ref());
        if found.is_err() {
            log::warn!("A sensor does not answer; the governor starts without sensors until it does.");
            shared.lock().awaits_sensors = true;
            shared.input(now, Input::SensorsAwaited);
        }
        let host_shared = Arc::clone(&shared);
        let run_host = move || {
            if let Err(why) = guard(|| host.run(&host_shared)) {
                log::error!(
                    "This agent does not meet the others of this host any more, after a defect of the program ({why}). It \
                     governs itself alone until it is started again."
                );
                host_shared.input(clock::now(), Input::Elected);
            }
        };
        thread("host", Box::new(run_host))?;
        // This fails if the sampler panicked: then its sensors stay unknown, as those of one that hangs.
        let _ = send_shared.send(Arc::clone(&shared));
        Ok(Self { shared: Some(shared), ended: Some(ended) })
    }

    /// The handle of an agent without a governor: everything is allowed.
    #[must_use]
    pub const fn off() -> Self {
        Self { shared: None, ended: None }
    }

    /// What is allowed now; `None`: there is no governor. A read of the sensors that is late counts as unknown from this
    /// call on.
    #[must_use]
    pub fn decision(&self, now: Instant) -> Option<Decision> {
        Some(self.shared.as_ref()?.decision(now))
    }

    /// The work that waits at this agent changed.
    pub fn demand(&self, now: Instant, backlog: Backlog) {
        self.input(now, Input::Demand(backlog));
    }

    /// People began (true) or ceased (false) to wait for answers of this agent. Gives what is allowed then.
    #[must_use]
    pub fn answering(&self, now: Instant, yes: bool) -> Option<Decision> {
        self.input(now, Input::Answering(yes));
        self.decision(now)
    }

    /// A background task ended, which took this CPU time and embedded so many chunks.
    pub fn spent(&self, now: Instant, cpu: Duration, chunks: usize) {
        self.input(now, Input::TaskEnded { cpu, chunks });
    }

    /// Stops the threads and saves the state. Called when no request can come any more.
    pub fn end(&self) {
        let (Some(shared), Some(ended)) = (&self.shared, &self.ended) else { return };
        shared.stop(clock::now());
        smol::block_on(or(async { _ = ended.recv().await }, async { _ = Timer::after(END).await }));
        if let Err(error) = shared.save(true) {
            log::warn!("What the governor learned could not be saved in {}: {error}.", shared.home.display());
        }
    }

    /// Takes a hint on energy.
    ///
    /// # Errors
    /// What is wrong with it; the hint before it stays in force. `Ok(false)`: there is no governor.
    pub fn hint(&self, bytes: &[u8]) -> Result<bool, HintError> {
        let Some(shared) = &self.shared else { return Ok(false) };
        let now = clock::now();
        shared.update_time(now);
        shared.handle(now, Input::Hint(HintFrom::Api, bytes)).map(|()| true)
    }

    /// The state of the governor, with the sensors read for it; a read that takes too long leaves them unknown. `None`:
    /// there is no governor.
    pub async fn current(&self) -> Option<Current> {
        let shared = self.shared.clone()?;
        // One read at a time: a sensor that hangs blocks one thread, however many requests come.
        let is_read = if shared.reading.swap(true, Ordering::Relaxed) {
            or(
                async {
                    while shared.reading.load(Ordering::Relaxed) {
                        Timer::after(READ_POLL).await;
                    }
                    true
                },
                async {
                    Timer::after(READ_MAX).await;
                    false
                },
            )
            .await
        } else {
            let ours = Arc::clone(&shared);
            let done = Arc::clone(&shared);
            let read = async move {
                let is_read = blocking::run(move || ours.read_sensors()).await.is_some();
                // Needed if no thread could be started for it.
                done.reading.store(false, Ordering::Relaxed);
                is_read
            };
            or(read, async {
                Timer::after(READ_MAX).await;
                false
            })
            .await
        };
        let mut found = shared.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !is_read {
            found.forget_readings();
        }
        let now = clock::now();
        shared.update_time(now);
        Some(shared.with(now, |coordinator, out| {
            let ends = coordinator.hold_ends(now);
            let burst_from = shared.burst_from(coordinator.burst(now));
            let quiet = quiet::list(coordinator.quiet_hours());
            Current::new(&coordinator.status(now, out), ends, &found, now).with_wishes(burst_from, quiet)
        }))
    }
}

/// What people are told.
impl GovernorHandle {
    /// Why background work may not do more, as `sentence` tells it; `None`: nothing limits it, or there is no governor.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.decision(clock::now())?.told()
    }

    /// One sentence that says what background work may do, and why not more, to a person who sees what waits.
    #[must_use]
    pub fn sentence(&self, work: WaitingWork) -> Option<String> {
        let now = clock::now();
        let decision = self.decision(now)?;
        let ends = self.shared.as_ref()?.lock().coordinator.hold_ends(now);
        Some(sentence::beside_work(&decision, ends, work))
    }

    /// The pause that holds: the seconds until its end where it has one, and the rest of a sentence about this device.
    #[must_use]
    pub fn paused(&self) -> Option<(Option<u64>, String)> {
        let now = clock::now();
        let state = self.shared.as_ref()?.lock();
        let left = report::left(now, state.coordinator.pause())?;
        Some((left, sentence::because(Reason::Paused, state.coordinator.hold_ends(now))))
    }

    pub(super) fn input(&self, now: Instant, input: Input<'_>) {
        if let Some(shared) = &self.shared {
            shared.input(now, input);
        }
    }
}

/// Starts a thread that drops `alive` when it ends, also after a panic.
fn spawn(name: &'static str, alive: Sender<()>, work: Box<dyn FnOnce() + Send>) -> std::io::Result<JoinHandle<()>> {
    let work = move || {
        if let Err(why) = guard(work) {
            log::error!(
                "The thread {name} of the governor ended after a defect of the program ({why}). Without samples the \
                 sensors count as unknown until the agent is started again."
            );
        }
        drop(alive);
    };
    Builder::new().name(name.to_owned()).spawn(work)
}
