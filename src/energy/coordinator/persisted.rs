//! What outlives a restart of an agent (its `energy.json`), and when it is written.

use super::{HostCoordinator, millis};
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::ledger::Ledger;
use crate::energy::accounting::meter::Model;
use crate::energy::accounting::task::{Method, Scope};
use crate::energy::governor::Learned;
use crate::energy::policy::pause::PersistedPause;
use serde::{Deserialize, Serialize};

/// Between two writes of what is learned, where nothing urgent is: an SD card lives long.
const SAVE: Duration = Duration::from_secs(3600);
/// After a write that failed.
const SAVE_AGAIN: Duration = Duration::from_secs(60);

/// What is kept. The names of the fields are those of the file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersistedState {
    /// The version of this form.
    pub v: u32,
    /// What the governor learned.
    pub learned: Option<Learned>,
    /// The pause that holds.
    pub pause: Option<PersistedPause>,
    /// The number of the newest word of a person on a pause (`PauseVersion`).
    #[serde(default)]
    pub said: u64,
    /// Milliseconds that the work has waited.
    pub waited_ms: u64,
    /// Watts, as they were calibrated here.
    pub calibration: Option<Calibration>,
    /// Joules of the last days.
    pub ledger: Ledger,
}

impl PersistedState {
    /// The version that this program writes.
    pub const VERSION: u32 = 1;
}

/// What `wattle energy calibrate` found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Watts of the device without our work.
    pub idle_watts: f64,
    /// Watts of one busy core above that.
    pub core_watts: f64,
    /// What both are of. Files of before do not say it, and were used as this.
    #[serde(default = "whole_board")]
    pub scope: Scope,
}

const fn whole_board() -> Scope {
    Scope::BoardInput
}

impl Calibration {
    /// Joules by it.
    #[must_use]
    pub const fn model(self) -> Model {
        Model { method: Method::ModelCalibrated, scope: self.scope, core_watts: self.core_watts }
    }
}

/// When to write, and what was written last.
#[derive(Clone, Debug)]
pub(super) struct SaveSchedule {
    due: Instant,
    under_way: bool,
    /// The cap of a weak supply and the falls towards the next one.
    supply: (Option<usize>, u8),
    last: PersistedState,
}

impl SaveSchedule {
    pub(super) fn new(now: Instant, last: PersistedState) -> Self {
        let supply = last.learned.map_or((None, 0), of_supply);
        Self { due: now + SAVE, under_way: false, supply, last }
    }

    /// When the state is to be written; `None`: it is being written.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.under_way).then_some(self.due)
    }

    /// A fall of the voltage is kept at once: the next may switch the device off.
    pub(super) fn notice(&mut self, learned: Learned) {
        if of_supply(learned) != self.supply {
            self.supply = of_supply(learned);
            self.soon();
        }
    }

    /// Something that must not be lost was learned.
    pub(super) const fn soon(&mut self) {
        self.due = Instant::ZERO;
    }

    pub(super) const fn begin(&mut self) {
        self.under_way = true;
    }

    /// It was written, or there was no need; or it could not be, and is tried again in a minute.
    pub(super) fn saved(&mut self, now: Instant, state: Option<&PersistedState>) {
        self.under_way = false;
        self.due = now + if state.is_some() { SAVE } else { SAVE_AGAIN };
        if let Some(state) = state {
            self.last = state.clone();
        }
    }
}

const fn of_supply(learned: Learned) -> (Option<usize>, u8) {
    (learned.workers, learned.falls.count)
}

impl HostCoordinator {
    /// What is to be written.
    #[must_use]
    pub fn persisted(&self, now: Instant) -> PersistedState {
        let pause = self.pause().filter(|pause| pause.holds(now)).map(|pause| pause.persist(now, self.wall(now)));
        PersistedState {
            v: PersistedState::VERSION,
            learned: Some(self.governor.learned()),
            pause,
            said: self.pause.number(),
            waited_ms: self.shares.own_age(now).map_or(0, millis),
            calibration: self.spending.calibration(),
            ledger: self.spending.ledger().clone(),
        }
    }

    /// Is it more than what was written last? An agent that did nothing writes nothing.
    #[must_use]
    pub fn is_new(&self, state: &PersistedState) -> bool {
        let last = &self.saves.last;
        PersistedState { pause: last.pause, ..state.clone() } != *last
    }
}
