//! What people and programs ask of the host: pauses, bursts, and hints on energy, which hold at the leader, whichever agent
//! they were given to; and quiet hours, which are each agent's own, so that those of the leader hold.

use super::input::HintFrom;
use super::machine::HostCoordinator;
use super::output::{Out, Output};
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::host_protocol::{FollowerMessage, HintMessage, PauseVersion};
use crate::energy::policy::hint::{Hint, HintError, Origin};
use crate::energy::policy::hint_source::Received;
use crate::energy::policy::hours::QuietHours;
use crate::energy::policy::pause::Pause;

impl HostCoordinator {
    // ---- pauses ---------------------------------------------------------------------------------------------------

    /// The newest pause; it may be over.
    #[must_use]
    pub const fn pause(&self) -> Option<Pause> {
        self.pause.pause()
    }

    /// The newest pause, or end of one, that this agent knows.
    #[must_use]
    pub fn pause_version(&self, now: Instant) -> PauseVersion {
        self.pause.version(now)
    }

    pub(super) fn on_pause(&mut self, now: Instant, pause: Option<Pause>, out: &mut Out) {
        self.pause.set(pause);
        if pause.is_some() {
            // The newer wish counts.
            self.set_burst(now, None, out);
        }
        self.pause_changed(now, out);
    }

    /// Takes a newer pause of another agent, and saves it at once, because this agent may lead next.
    pub(super) fn merge_pause(&mut self, now: Instant, other: PauseVersion, out: &mut Out) {
        if self.pause.merge(now, other) {
            self.saves.soon();
            if self.pause.holds(now) {
                self.set_burst(now, None, out);
            }
            self.pause_changed(now, out);
        }
    }

    fn pause_changed(&mut self, now: Instant, out: &mut Out) {
        self.apply_pause();
        self.shares.whole = self.evaluate_policy(now);
        self.update_node(now, out);
        self.update_others(now, out);
    }

    pub(super) fn apply_pause(&mut self) {
        match self.pause.pause() {
            Some(pause) => self.governor.policy.pause(pause),
            None => self.governor.policy.resume(),
        }
    }

    /// Other quiet hours hold from now on.
    pub(super) fn on_quiet(&mut self, now: Instant, quiet: &QuietHours, out: &mut Out) {
        self.governor.policy.set_quiet(quiet.clone());
        self.shares.whole = self.evaluate_policy(now);
        self.update_node(now, out);
        self.update_others(now, out);
    }

    /// Evaluates the policy gate between two samples.
    fn evaluate_policy(&mut self, now: Instant) -> Decision {
        let (wall, backlog) = (self.wall(now), self.backlog(now));
        self.governor.policy_changed(now, wall, backlog)
    }

    // ---- bursts ---------------------------------------------------------------------------------------------------

    /// When the burst ends, if one holds.
    #[must_use]
    pub fn burst(&self, now: Instant) -> Option<Instant> {
        self.shares.burst.until(now)
    }

    /// A person here asked for a burst.
    pub(super) fn on_burst(&mut self, now: Instant, time: Duration, out: &mut Out) {
        self.shares.burst.untold = !self.leads();
        self.extend_burst(now, Some(now + time), out);
        self.tell_burst(now, out);
    }

    /// Work goes on beside other programs until then at least.
    pub(super) fn extend_burst(&mut self, now: Instant, until: Option<Instant>, out: &mut Out) {
        self.set_burst(now, self.shares.burst.until(now).max(until), out);
    }

    /// The leader's burst is that of the host.
    pub(super) fn set_burst(&mut self, now: Instant, until: Option<Instant>, out: &mut Out) {
        self.shares.burst.until = until;
        if !self.leads() {
            return;
        }
        self.shares.whole = self.governor.burst(now, until);
        // The mode rises with the samples.
        self.sampling.changed(false);
        self.update_node(now, out);
        self.update_others(now, out);
    }

    /// Tells the leader of a burst that it does not know yet.
    pub(super) fn tell_burst(&mut self, now: Instant, out: &mut Out) {
        if self.shares.burst.untold && self.role.is_linked() {
            self.shares.burst.untold = false;
            out.push(Output::ToLeader(FollowerMessage::Burst(self.shares.burst.millis(now))));
        }
    }

    /// What the leader's message says of it, unless it was asked for here a moment ago.
    pub(super) fn learn_burst(&mut self, now: Instant, millis: u64) {
        if !self.shares.burst.untold {
            self.shares.burst.until = (millis > 0).then(|| Instant::from_millis(millis)).filter(|until| now < *until);
        }
    }

    // ---- hints on energy ------------------------------------------------------------------------------------------

    pub(super) fn on_hint(&mut self, now: Instant, from: HintFrom, bytes: &[u8], out: &mut Out) {
        match self.read_hint(now, from, bytes) {
            Ok(Received::Hint(origin, hint)) => {
                if from == HintFrom::Api && !self.leads() {
                    self.forward_hint(HintMessage::of(origin, &hint), out);
                }
                self.apply_hint(now, origin, hint, out);
            }
            Ok(Received::Noted) => {}
            Err(error) => return out.push(Output::HintRefused(error)),
        }
        match from {
            HintFrom::Api => self.update_others(now, out),
            HintFrom::HintFile { .. } | HintFrom::GridFile => self.update_followers_if_moved(now, out),
        }
    }

    /// A hint from the hint file counts from when the file was written, which may be before this agent started.
    fn read_hint(&mut self, now: Instant, from: HintFrom, bytes: &[u8]) -> Result<Received, HintError> {
        let wall = self.wall(now);
        let HintFrom::HintFile { written } = from else { return self.hint_source.take(now, bytes, wall) };
        let mut hint = Hint::parse(bytes, wall)?;
        let age = wall.map_or(0, |wall| wall.0.saturating_sub(written).max(0));
        hint.ttl = hint.ttl.saturating_sub(Duration::from_secs(u64::try_from(age).unwrap_or(0)));
        Ok(Received::Hint(Origin::File, hint))
    }

    /// Sends a hint to the leader, or queues it for the next one.
    fn forward_hint(&mut self, hint: HintMessage, out: &mut Out) {
        if self.role.is_linked() {
            out.push(Output::ToLeader(FollowerMessage::Hint(hint)));
        } else {
            // When it is full, the next leader gets the eight oldest hints and not this one.
            let _ = self.hints.push_back(hint);
        }
    }

    pub(super) fn apply_hint(&mut self, now: Instant, origin: Origin, hint: Hint, out: &mut Out) {
        self.governor.policy.hint(now, origin, hint);
        self.shares.whole = self.evaluate_policy(now);
        self.update_node(now, out);
    }
}
