//! What people say: pause, resume, hints on energy.

use super::{Change, HostCoordinator};
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::host_protocol;
use crate::energy::host_protocol::{PauseChange, PauseVersion};
use crate::energy::policy::hint::{Hint, HintError, Origin};
use crate::energy::policy::hint_source::Received;
use crate::energy::policy::pause::Pause;
use crate::platform::hint_files::{ChangedHint, HintFile};
use crate::runtime::governor::report::Paused;

impl HostCoordinator {
    /// The owner says that the power supply is another one.
    pub(in crate::runtime::governor) fn forget_supply(&mut self) -> Change {
        self.governor.forget_supply();
        self.sample_now = true;
        Change { others: true, sampling: true }
    }

    /// What a person's pause is.
    pub(in crate::runtime::governor) fn pause_of(&self, now: Instant, wanted: Paused) -> Result<Option<Pause>, String> {
        wanted.pause(now, self.wall(now), self.governor.policy.zone()).map(Some)
    }

    pub(in crate::runtime::governor) const fn pause(&self) -> Option<Pause> {
        self.pause
    }

    /// A person here paused or resumed: the newest word of all.
    pub(in crate::runtime::governor) fn set_pause(&mut self, now: Instant, pause: Option<Pause>) -> Change {
        self.said = self.said.saturating_add(1);
        self.hold(now, pause)
    }

    /// The newest word on a pause that is known here.
    pub(in crate::runtime::governor) fn said(&self, now: Instant) -> PauseVersion {
        PauseVersion { number: self.said, pause: PauseChange::of(now, self.pause) }
    }

    /// What another agent knows of pauses; what is newer holds here as well, and is kept.
    pub(in crate::runtime::governor) fn hear_said(&mut self, now: Instant, heard: PauseVersion) -> Change {
        if heard <= self.said(now) {
            return Change::default();
        }
        self.said = heard.number;
        self.keep_soon();
        self.hold(now, heard.pause.pause(now))
    }

    fn hold(&mut self, now: Instant, pause: Option<Pause>) -> Change {
        self.pause = pause;
        self.apply_pause();
        self.whole = self.resample(now);
        self.push(now);
        Change { others: true, sampling: true }
    }

    pub(super) fn apply_pause(&mut self) {
        match self.pause {
            Some(pause) => self.governor.policy.pause(pause),
            None => self.governor.policy.resume(),
        }
    }

    pub(in crate::runtime::governor) fn put_hint(&mut self, now: Instant, bytes: &[u8]) -> Result<Change, HintError> {
        match self.puts.take(now, bytes, self.wall(now))? {
            Received::Hint(origin, hint) => {
                if !self.leads() {
                    // Full: eight hints in a moment that the leader has not heard; it hears the next one.
                    let _ = self.outgoing.push_back(host_protocol::Hint::of(origin, &hint));
                }
                self.hear_hint(now, origin, hint);
            }
            Received::Noted => {}
        }
        Ok(Change { others: true, sampling: true })
    }

    pub(in crate::runtime::governor) fn hear_hint(&mut self, now: Instant, origin: Origin, hint: Hint) {
        self.governor.policy.hint(now, origin, hint);
        self.whole = self.resample(now);
        self.push(now);
    }

    /// Policy anew, between two samples.
    fn resample(&mut self, now: Instant) -> Decision {
        let (wall, backlog) = (self.wall(now), self.backlog(now));
        self.governor.policy_changed(now, wall, backlog)
    }

    /// What a file holds. A hint that lay there for a while, because no agent ran, has lived for that while.
    pub(in crate::runtime::governor) fn file_hint(
        &mut self,
        now: Instant,
        file: &ChangedHint,
    ) -> Result<(), HintError> {
        let wall = self.wall(now);
        if file.which == HintFile::Hint {
            let mut hint = Hint::parse(&file.bytes, wall)?;
            let age = wall.map_or(0, |wall| wall.0.saturating_sub(file.written).max(0));
            hint.ttl = hint.ttl.saturating_sub(Duration::from_secs(u64::try_from(age).unwrap_or(0)));
            self.hear_hint(now, Origin::File, hint);
            return Ok(());
        }
        if let Received::Hint(origin, hint) = self.puts.take(now, &file.bytes, wall)? {
            self.hear_hint(now, origin, hint);
        }
        Ok(())
    }
}
