//! Hints on energy, as programs put them and files hold them: they hold at the leader, wherever they were said.

use super::{HostCoordinator, Out, Output};
use crate::base::time::{Duration, Instant};
use crate::energy::host_protocol::{FollowerMessage, HintMessage};
use crate::energy::policy::hint::{Hint, HintError, Origin};
use crate::energy::policy::hint_source::Received;

/// Where a hint comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintFrom {
    /// A program put it.
    Api,
    /// It lay in the hint's file.
    HintFile {
        /// Seconds since 1970 when it was written, by the clock of that moment.
        written: i64,
    },
    /// It lay in the file of the grid's carbon intensity.
    GridFile,
}

impl HostCoordinator {
    pub(super) fn on_hint(&mut self, now: Instant, from: HintFrom, bytes: &[u8], out: &mut Out) {
        match self.read_hint(now, from, bytes) {
            Ok(Received::Hint(origin, hint)) => {
                if from == HintFrom::Api && !self.leads() {
                    self.pass_on(HintMessage::of(origin, &hint), out);
                }
                self.apply_hint(now, origin, hint, out);
            }
            Ok(Received::Noted) => {}
            Err(error) => return out.push(Output::HintRefused(error)),
        }
        match from {
            HintFrom::Api => self.tell_others(now, out),
            HintFrom::HintFile { .. } | HintFrom::GridFile => self.tell_if_moved(now, out),
        }
    }

    /// A hint that lay in its file for a while, because no agent ran, has lived for that while.
    fn read_hint(&mut self, now: Instant, from: HintFrom, bytes: &[u8]) -> Result<Received, HintError> {
        let wall = self.wall(now);
        let HintFrom::HintFile { written } = from else { return self.puts.take(now, bytes, wall) };
        let mut hint = Hint::parse(bytes, wall)?;
        let age = wall.map_or(0, |wall| wall.0.saturating_sub(written).max(0));
        hint.ttl = hint.ttl.saturating_sub(Duration::from_secs(u64::try_from(age).unwrap_or(0)));
        Ok(Received::Hint(Origin::File, hint))
    }

    /// To the leader; while none is known, to the next one.
    fn pass_on(&mut self, hint: HintMessage, out: &mut Out) {
        if self.role.is_linked() {
            out.push(Output::ToLeader(FollowerMessage::Hint(hint)));
        } else {
            // Full: eight hints that no leader has heard; the next leader hears those.
            let _ = self.hints.push_back(hint);
        }
    }

    pub(super) fn apply_hint(&mut self, now: Instant, origin: Origin, hint: Hint, out: &mut Out) {
        self.governor.policy.hint(now, origin, hint);
        self.shares.whole = self.resample_policy(now);
        self.tell_node(now, out);
    }
}
