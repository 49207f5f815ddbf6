//! The governor in the agent: threads, files and sockets around `energy::coordinator`.
//!
//! Duty: carries out what the coordinator decides: one thread reads the sensors and writes what was learned when that is
//! due, one talks with the other agents of the host and holds the lock that makes one of them lead; the node is told
//! what is allowed. In/out: words of the driver and of the API in; `Decision`s out. Invariants: nothing is read or
//! written while the lock is held, so that nobody waits for a sensor, at the start and at the end neither; one wake-up a
//! sample; a pause is on the disk before it is acknowledged. Limits: those of `energy::coordinator`.
//! Not here: deciding (`energy`), reading (`io::sysfs`), admission of tasks (`node`).

mod host;
mod rendezvous;
mod report;
mod sampler;
mod shared;
pub(crate) mod state_file;
mod time;

pub use report::{Current, More, Paused, Spent};

use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::energy::board::findings::BoardReport;
use crate::energy::board::tree::Tree;
use crate::energy::coordinator::{self, HintFrom, HostCoordinator, Input};
use crate::energy::decision::Decision;
use crate::energy::governor::Settings;
use crate::energy::policy::gate::Backlog;
use crate::energy::policy::hint::HintError;
use crate::energy::policy::hours::Window;
use crate::energy::policy::pause::Pause;
use crate::platform::panics::guard;
use crate::platform::{blocking, clock};
use futures_lite::future::or;
use host::Host;
use shared::{Shared, State};
use smol::Timer;
use smol::channel::{Receiver, Sender, bounded};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Builder;
use time::Time;

/// A look at all sensors may take this long, for somebody who asks and at the start; a whole tree is read in
/// milliseconds.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks whether somebody else's look is done.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The threads have this long to end; one that hangs in a sensor is left behind.
const END: Duration = Duration::from_secs(1);

/// What the governor is begun with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The agent's home: what was learned is kept there.
    pub home: PathBuf,
    /// Where the trees of /sys and /proc begin.
    pub sensors: PathBuf,
    /// The hwmon chip that measures all that the device takes, as its owner says.
    pub meter: Option<String>,
    /// What the owner chose.
    pub settings: Settings,
    /// Hours with more or less energy than usual.
    pub plan: Vec<(Window, Energy)>,
    /// How long bulk work may wait for surplus.
    pub can_wait: Duration,
    /// The owner says that the clock is right.
    pub trusted_clock: bool,
    /// Files in which others leave hints.
    pub hint_files: crate::platform::hint_files::HintPaths,
    /// Where the agents of this host meet; `None`: where the system says.
    pub meeting: Option<PathBuf>,
}

/// The governor, as everybody in the agent holds it. Clones are the same one.
#[derive(Clone, Debug)]
pub struct GovernorHandle {
    shared: Option<Arc<Shared>>,
    /// Closed when the threads have ended.
    ended: Option<Receiver<()>>,
}

impl GovernorHandle {
    /// Begins to govern, until `end`.
    ///
    /// # Errors
    /// One sentence, if the system gives no threads.
    pub fn begin(setup: Setup, inputs: Sender<crate::node::input::Input>) -> Result<Self, String> {
        let failed = |error: std::io::Error| format!("The governor cannot begin: {error}.");
        let (alive, ended) = bounded::<()>(1);
        let thread = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let alive = alive.clone();
            let told = name.to_owned();
            let work = move || {
                if let Err(why) = guard(work) {
                    log::error!(
                        "The thread {told} of the governor ended after a defect of the program ({why}). Without samples the \
                         sensors count as unknown until the agent is started again."
                    );
                }
                drop(alive);
            };
            Builder::new().name(name.to_owned()).spawn(work).map_err(failed)
        };
        let (tell_found, found) = sync_channel(1);
        let (tell_shared, waits) = sync_channel(1);
        let (root, hints) =
            (setup.sensors.clone(), crate::platform::hint_files::HintFiles::new(setup.hint_files.clone()));
        let meter = setup.meter.clone();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let sampler = move || sampler::run((&root, meter.as_deref(), cores), &tell_found, &waits, hints);
        thread("sensors", Box::new(sampler))?;

        let persisted = state_file::load(&setup.home);
        let host = Host::new(rendezvous::meeting(setup.meeting.as_deref()));
        let waker = host.waker().map_err(failed)?;
        let mut time = Time::new(setup.trusted_clock);
        let found = found.recv_timeout(LOOK);
        let now = clock::now();
        let (wall, zone) = time.look(now);
        let seen = found.clone().unwrap_or_else(|_| BoardReport::of(&Tree::default()));
        let begins =
            coordinator::Setup { cores, found: &seen, settings: setup.settings, can_wait: setup.can_wait, persisted };
        let mut coordinator = HostCoordinator::new(now, wall, begins);
        for (window, energy) in &setup.plan {
            if !coordinator.plan(*window, *energy) {
                log::warn!("Part of the energy schedule does not fit and is left out.");
            }
        }
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(coordinator, inputs)),
            changed: Condvar::new(),
            host: waker,
            time: Mutex::new(time),
            home: setup.home,
            saving: Mutex::new(()),
            sensors: setup.sensors,
            found: Mutex::new(seen),
            looking: AtomicBool::new(false),
        });
        shared.tell(now, Input::Time(wall, zone.as_ref()));
        if host.leads() {
            shared.tell(now, Input::Elected);
        }
        if found.is_err() {
            log::warn!("A sensor keeps its reader waiting; the governor begins without sensors until it answers.");
            shared.lock().awaits_sensors = true;
            shared.tell(now, Input::SensorsAwaited);
        }
        let theirs = Arc::clone(&shared);
        let meet = move || {
            if let Err(why) = guard(|| host.run(&theirs)) {
                log::error!(
                    "This agent does not meet the others of this host any more, after a defect of the program ({why}). It \
                     governs itself alone until it is started again."
                );
                theirs.tell(clock::now(), Input::Elected);
            }
        };
        thread("host", Box::new(meet))?;
        // It waits for this, or has died: then all is as with a sensor that never answers.
        let _ = tell_shared.send(Arc::clone(&shared));
        Ok(Self { shared: Some(shared), ended: Some(ended) })
    }

    /// Nothing governs: all is allowed, for ever.
    #[must_use]
    pub const fn off() -> Self {
        Self { shared: None, ended: None }
    }

    /// What is allowed now; `None`: nothing governs. A sensor that keeps its reader waiting is unknown from here on.
    #[must_use]
    pub fn decision(&self, now: Instant) -> Option<Decision> {
        Some(self.shared.as_ref()?.decision(now))
    }

    /// Work waits here, or does not any more.
    pub fn demand(&self, now: Instant, backlog: Backlog) {
        self.tell(now, Input::Demand(backlog));
    }

    /// People wait for answers here, or do not any more; what is allowed now.
    #[must_use]
    pub fn answering(&self, now: Instant, yes: bool) -> Option<Decision> {
        self.tell(now, Input::Answering(yes));
        self.decision(now)
    }

    /// A background task took this.
    pub fn spent(&self, now: Instant, cpu: Duration, chunks: usize) {
        self.tell(now, Input::TaskEnded { cpu, chunks });
    }

    /// Ends it, when nobody can ask for anything any more, and writes what was learned.
    pub fn end(&self) {
        let (Some(shared), Some(ended)) = (&self.shared, &self.ended) else { return };
        shared.stop(clock::now());
        smol::block_on(or(async { _ = ended.recv().await }, async { _ = Timer::after(END).await }));
        if let Err(error) = shared.save(true) {
            log::warn!("What the governor learned could not be kept in {}: {error}.", shared.home.display());
        }
    }

    /// Pauses, for the host; on the disk when it returns.
    ///
    /// # Errors
    /// One sentence; nothing was changed.
    pub async fn pause(&self, wanted: Paused) -> Result<(), String> {
        let now = clock::now();
        let shared = self.shared.clone().ok_or(OFF)?;
        shared.tell_time(now);
        let (pause, before) = {
            let coordinator = &shared.lock().coordinator;
            (wanted.pause(now, coordinator.wall(now), coordinator.zone())?, coordinator.pause())
        };
        self.settle(Some(pause), before).await
    }

    /// Ends a pause, for the host.
    ///
    /// # Errors
    /// One sentence; nothing was changed.
    pub async fn resume(&self) -> Result<(), String> {
        let shared = self.shared.clone().ok_or(OFF)?;
        let before = shared.lock().coordinator.pause();
        self.settle(None, before).await
    }

    /// The owner says that the power supply is another one; on the disk when it returns.
    ///
    /// # Errors
    /// One sentence: nothing was changed, or it holds until the next start only.
    pub async fn new_supply(&self) -> Result<(), String> {
        let shared = self.shared.clone().ok_or(OFF)?;
        if !shared.lock().coordinator.leads() {
            return Err("Another agent of this host governs it, and knows its power supply: say it there.".to_owned());
        }
        self.tell(clock::now(), Input::NewSupply);
        match blocking::run(move || shared.save(true)).await {
            Some(Ok(())) => Ok(()),
            _ => Err("It holds until the next start only: the agent's home cannot be written.".to_owned()),
        }
    }

    /// On the disk first; then it holds. What cannot be kept is taken back.
    async fn settle(&self, pause: Option<Pause>, before: Option<Pause>) -> Result<(), String> {
        let shared = self.shared.clone().ok_or(OFF)?;
        let now = clock::now();
        self.tell(now, Input::Pause(pause));
        let saved = blocking::run(move || shared.save(true)).await;
        match saved {
            Some(Ok(())) => Ok(()),
            failed => {
                self.tell(now, Input::Pause(before));
                let why =
                    failed.and_then(Result::err).map_or_else(|| "no thread".to_owned(), |error| error.to_string());
                Err(format!(
                    "That cannot be kept, because the agent's home cannot be written ({why}). Nothing was changed."
                ))
            }
        }
    }

    /// Takes a hint on energy.
    ///
    /// # Errors
    /// What is wrong with it; the one before stays. `Ok(false)`: nothing governs here.
    pub fn hint(&self, bytes: &[u8]) -> Result<bool, HintError> {
        let Some(shared) = &self.shared else { return Ok(false) };
        let now = clock::now();
        shared.tell_time(now);
        shared.handle(now, Input::Hint(HintFrom::Api, bytes)).map(|()| true)
    }

    /// All that can be told, with the sensors read once for it; those that keep their reader waiting are unknown. `None`:
    /// nothing governs.
    pub async fn current(&self) -> Option<Current> {
        let shared = self.shared.clone()?;
        // One look at a time: a sensor that hangs keeps one thread, however many ask.
        let looked = if shared.looking.swap(true, Ordering::Relaxed) {
            or(
                async {
                    while shared.looking.load(Ordering::Relaxed) {
                        Timer::after(LOOK_AGAIN).await;
                    }
                    true
                },
                async {
                    Timer::after(LOOK).await;
                    false
                },
            )
            .await
        } else {
            let ours = Arc::clone(&shared);
            let done = Arc::clone(&shared);
            let look = async move {
                let looked = blocking::run(move || ours.look()).await.is_some();
                // Also where there was no thread for it.
                done.looking.store(false, Ordering::Relaxed);
                looked
            };
            or(look, async {
                Timer::after(LOOK).await;
                false
            })
            .await
        };
        let mut found = shared.found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if !looked {
            found.forget_readings();
        }
        let now = clock::now();
        shared.tell_time(now);
        Some(shared.ask(now, |coordinator, out| Current::new(&coordinator.status(now, out), &found, now)))
    }

    /// One sentence: what background work may do, and why not more.
    #[must_use]
    pub fn sentence(&self) -> Option<String> {
        let decision = self.decision(clock::now())?;
        Some(report::sentence(&decision))
    }

    fn tell(&self, now: Instant, input: Input<'_>) {
        if let Some(shared) = &self.shared {
            shared.tell(now, input);
        }
    }
}

const OFF: &str = "This agent runs without its governor (`--governor off`): nothing is held or paused.";
