//! Probes beside those of foca: of one that did not answer, by every transport, and of a suspect.

use super::packet::{self, Id, KeyPrefix, Purpose, name_of};
use super::timers::Due;
use super::{Effect, Membership};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{SUSPECT_PROBE_MS, SUSPECTS_PROBED_MAX};
use foca::{Header, Member as Claim, Message, State};

impl Membership {
    /// A probe was not answered in time: it is sent again by every transport, beside the indirect probes.
    pub(super) fn ping_again(&mut self, name: KeyPrefix) {
        let Some((to, packet, at)) = self.ping.take_if(|(to, ..)| *to == name) else { return };
        if let Some(known) = self.known.get(&to).filter(|known| known.contact < Some(at)) {
            let send = Effect::Send { to: known.key, packet, purpose: Purpose::Probe, all_transports: true };
            self.effects.push(send);
        }
    }

    /// A link is up to a peer that this probe waited for. Its handshake has proven that the peer is up, so the probe is answered and need
    /// not be sent: in a large mesh most pairs meet so for the first time. False if it is to be sent all the same: it is no probe of this
    /// member in the generation that is known, it carries claims, or the member is a suspect and must learn that.
    pub fn answered_by_link(&mut self, now: Instant, key: PeerKey, packet: &[u8]) -> bool {
        let name = name_of(key);
        let Some((Header { dst, message: Message::Ping(number), .. }, claims)) = packet::parse(packet) else {
            return false;
        };
        let entry = self.entry(name).filter(|entry| *entry.id() == dst && entry.state() == State::Alive);
        let Some(entry) = entry.filter(|_| claims.is_empty()) else { return false };
        let (src_incarnation, own) = (entry.incarnation(), *self.foca.identity());
        let answer = packet::build(&Header { src: dst, src_incarnation, dst: own, message: Message::Ack(number) }, &[]);
        self.record_contact(now, key);
        self.call(now, |foca, runtime| foca.handle_data(&answer, runtime));
        true
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
