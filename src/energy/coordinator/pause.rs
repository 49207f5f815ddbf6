//! A person's pause of the host: said at any agent, held at all, the newest word wins.

use super::persisted::PersistedState;
use super::{HostCoordinator, Out};
use crate::base::time::Instant;
use crate::energy::decision::Decision;
use crate::energy::host_protocol::{PauseState, PauseVersion};
use crate::energy::policy::pause::Pause;
use crate::energy::policy::wall::Wall;

/// The newest word of a person on a pause that this agent knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostPause {
    /// Its number: one more than the highest that was known where it was said.
    number: u64,
    /// What it said, if it may hold still.
    pause: Option<Pause>,
}

impl HostPause {
    pub(super) fn recall(now: Instant, wall: Option<Wall>, persisted: &PersistedState) -> Self {
        let pause = persisted.pause.map(|pause| Pause::recall(now, wall, pause));
        Self { number: persisted.said, pause }
    }

    pub(super) fn holds(&self, now: Instant) -> bool {
        self.pause.is_some_and(|pause| pause.holds(now))
    }

    /// As other agents are told it.
    pub(super) fn version(&self, now: Instant) -> PauseVersion {
        PauseVersion { number: self.number, pause: PauseState::of(now, self.pause) }
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}

impl HostCoordinator {
    /// The pause that was said last; it may be over.
    #[must_use]
    pub const fn pause(&self) -> Option<Pause> {
        self.pause.pause
    }

    /// The newest word on a pause that is known here.
    #[must_use]
    pub fn pause_version(&self, now: Instant) -> PauseVersion {
        self.pause.version(now)
    }

    /// A person here paused or resumed: the newest word of all.
    pub(super) fn on_pause(&mut self, now: Instant, pause: Option<Pause>, out: &mut Out) {
        self.pause.number = self.pause.number.saturating_add(1);
        self.hold(now, pause, out);
    }

    /// What another agent knows of pauses: what is newer holds here as well, and is saved at once, because whoever leads
    /// next must know of it.
    pub(super) fn hear_pause(&mut self, now: Instant, heard: PauseVersion, out: &mut Out) {
        if heard > self.pause.version(now) {
            self.pause.number = heard.number;
            self.saves.soon();
            self.hold(now, heard.pause.pause(now), out);
        }
    }

    fn hold(&mut self, now: Instant, pause: Option<Pause>, out: &mut Out) {
        self.pause.pause = pause;
        self.apply_pause();
        self.shares.whole = self.resample_policy(now);
        self.tell_node(now, out);
        self.tell_others(now, out);
    }

    pub(super) fn apply_pause(&mut self) {
        match self.pause.pause {
            Some(pause) => self.governor.policy.pause(pause),
            None => self.governor.policy.resume(),
        }
    }

    /// Policy anew, between two samples.
    pub(super) fn resample_policy(&mut self, now: Instant) -> Decision {
        let (wall, backlog) = (self.wall(now), self.backlog(now));
        self.governor.policy_changed(now, wall, backlog)
    }
}
