//! Probes beside those of foca: of one that did not answer, by every transport, and of a suspect.

use super::packet::Id;
use super::packet::{KeyPrefix, Purpose};
use super::timers::Due;
use super::{Effect, Membership};
use crate::base::time::{Duration, Instant};
use crate::limits::{SUSPECT_PROBE_MS, SUSPECTS_PROBED_MAX};
use foca::{Member as Claim, Message};

impl Membership {
    /// A probe was not answered in time: it is sent again by every transport, beside the indirect probes.
    pub(super) fn ping_again(&mut self, name: KeyPrefix) {
        let Some((to, packet, at)) = self.ping.take_if(|(to, ..)| *to == name) else { return };
        if let Some(known) = self.known.get(&to).filter(|known| known.contact < Some(at)) {
            let send = Effect::Send { to: known.key, packet, purpose: Purpose::Probe, all_transports: true };
            self.effects.push(send);
        }
    }

    /// Probes a suspect, and tells it that it is one so that it can refute.
    pub(super) fn probe_suspect(&mut self, now: Instant, suspect: Claim<Id>) {
        let name = suspect.id().name;
        if self.entry(name).is_none_or(|entry| *entry != suspect) {
            return;
        }
        if self.suspects_probed >= SUSPECTS_PROBED_MAX {
            return self.timers.set(now + Duration::from_millis(SUSPECT_PROBE_MS / 10), Due::ProbeSuspect(suspect));
        }
        self.suspects_probed += 1;
        let packet = self.packet_to(*suspect.id(), Message::Ping(0), core::slice::from_ref(&suspect));
        if let Some(known) = self.known.get(&name) {
            self.effects.push(Effect::Send { to: known.key, packet, purpose: Purpose::Probe, all_transports: true });
        }
        self.timers.set(now + Duration::from_millis(SUSPECT_PROBE_MS), Due::ProbeSuspect(suspect));
    }
}
