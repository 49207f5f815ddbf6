//! A person's pause of the host: set or ended at any agent, it holds at all, and the newest one wins.

use super::persisted::PersistedState;
use crate::base::time::Instant;
use crate::energy::host_protocol::{PauseState, PauseVersion};
use crate::energy::policy::pause::{Pause, PersistedPause};
use crate::energy::policy::wall::Wall;

/// The newest pause, or end of one, that this agent knows.
#[derive(Clone, Debug)]
pub(super) struct HostPause {
    /// Its version: one more than the highest that the agent knew where it was set.
    number: u64,
    /// `None`: the pause was ended. A pause may have expired.
    pause: Option<Pause>,
    /// Names this start of the system, where it is known: in it the pause ends by the clock that counts since then.
    boot: Option<String>,
}

impl HostPause {
    pub(super) fn restore(now: Instant, wall: Option<Wall>, boot: Option<String>, persisted: &PersistedState) -> Self {
        let pause = persisted.pause.as_ref().map(|pause| Pause::restore(now, wall, boot.as_deref(), pause));
        Self { number: persisted.said, pause, boot }
    }

    /// The pause that holds, as it is stored.
    pub(super) fn persist(&self, now: Instant, wall: Option<Wall>) -> Option<PersistedPause> {
        let pause = self.pause.filter(|pause| pause.holds(now))?;
        Some(pause.persist(now, wall, self.boot.clone()))
    }

    /// A person here paused or resumed, which is newer than everything known.
    pub(super) const fn set(&mut self, pause: Option<Pause>) {
        self.number = self.number.saturating_add(1);
        self.pause = pause;
    }

    /// Takes another agent's version if it is newer; returns whether it was.
    pub(super) fn merge(&mut self, now: Instant, other: PauseVersion) -> bool {
        let newer = other > self.version(now);
        if newer {
            (self.number, self.pause) = (other.number, other.pause.pause(now));
        }
        newer
    }

    pub(super) fn holds(&self, now: Instant) -> bool {
        self.pause.is_some_and(|pause| pause.holds(now))
    }

    pub(super) const fn pause(&self) -> Option<Pause> {
        self.pause
    }

    /// As other agents are sent it.
    pub(super) fn version(&self, now: Instant) -> PauseVersion {
        PauseVersion { number: self.number, pause: PauseState::of(now, self.pause) }
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}
