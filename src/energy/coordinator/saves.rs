//! When the state is saved, and what was saved last.

use super::persisted::PersistedState;
use crate::base::time::{Duration, Instant};
use crate::energy::governor::Learned;
use crate::limits::SPENT_SAVE_MS;

/// Between two saves if nothing is urgent and nothing was spent: writes wear an SD card.
const SAVE: Duration = Duration::from_secs(3600);
/// From what was spent to its save.
const SAVE_SPENT: Duration = Duration::from_millis(SPENT_SAVE_MS);
/// After a save that failed.
const SAVE_AGAIN: Duration = Duration::from_secs(60);

/// The schedule of saves.
#[derive(Clone, Debug)]
pub(super) struct SaveSchedule {
    due: Instant,
    under_way: bool,
    /// Whether something was spent that no save has, or the one under way may not have.
    is_spent: bool,
    /// The cap of a weak supply, and the falls of its voltage towards the next one.
    supply: (Option<usize>, u8),
    last: PersistedState,
}

impl SaveSchedule {
    pub(super) fn new(now: Instant, last: PersistedState) -> Self {
        let supply = last.learned.map_or((None, 0), of_supply);
        Self { due: now + SAVE, under_way: false, is_spent: false, supply, last }
    }

    /// When to save next; `None`: a save is under way.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.under_way).then_some(self.due)
    }

    /// Saves a fall of the supply's voltage at once: the next one may switch the device off.
    pub(super) fn notice(&mut self, learned: Learned) {
        if of_supply(learned) != self.supply {
            self.supply = of_supply(learned);
            self.soon();
        }
    }

    /// There is something that must not be lost.
    pub(super) const fn soon(&mut self) {
        self.due = Instant::ZERO;
    }

    /// Background work took something, which is not to be lost by whatever ends the agent without warning, but for the last minutes.
    pub(super) fn spent(&mut self, now: Instant) {
        if !std::mem::replace(&mut self.is_spent, true) {
            self.due = self.due.min(now + SAVE_SPENT);
        }
    }

    pub(super) const fn begin(&mut self) {
        self.under_way = true;
        self.is_spent = false;
    }

    /// This state was saved, or is the same as the last one; `None`: it could not be written.
    pub(super) fn saved(&mut self, now: Instant, state: Option<&PersistedState>) {
        self.under_way = false;
        let pause = match state {
            None => SAVE_AGAIN,
            Some(_) if self.is_spent => SAVE_SPENT,
            Some(_) => SAVE,
        };
        self.due = now + pause;
        if let Some(state) = state {
            self.last = state.clone();
        }
    }

    /// Does it differ from what was saved last? The pause and an order for work are not compared: they are saved when they are set.
    pub(super) fn is_new(&self, state: &PersistedState) -> bool {
        PersistedState { pause: self.last.pause.clone(), burst: self.last.burst.clone(), ..state.clone() } != self.last
    }
}

const fn of_supply(learned: Learned) -> (Option<usize>, u8) {
    (learned.workers, learned.falls.count)
}
