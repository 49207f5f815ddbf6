//! The timers of the membership machine: at most one of each kind, or one of each kind for each member.

use super::packet::{Id, KeyPrefix};
use crate::base::time::{Duration, Instant};
use crate::limits::MEMBER_TIMERS_MAX;
use foca::{Member, State, Timer};
use std::collections::BTreeMap;

/// What a timer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// A timer of foca.
    Foca(Timer<Id>),
    /// Probe a suspect again.
    ProbeSuspect(Member<Id>),
    /// The time to refute a claim that this member is down is over.
    DownClaim(Member<Id>),
}

/// Of two timers that are due together, the lower goes first: a probe's indirect stage precedes the next probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Indirect,
    Probe,
    ProbeSuspect(KeyPrefix),
    Suspect(KeyPrefix),
    DownClaim(KeyPrefix),
    Announce,
    AnnounceDown,
    Gossip,
    Remove(KeyPrefix),
}

impl Due {
    fn slot(&self) -> Slot {
        match self {
            Self::ProbeSuspect(member) => Slot::ProbeSuspect(member.id().name),
            Self::DownClaim(member) => Slot::DownClaim(member.id().name),
            Self::Foca(timer) => match timer {
                Timer::ProbeRandomMember(_) => Slot::Probe,
                Timer::SendIndirectProbe { .. } => Slot::Indirect,
                Timer::ChangeSuspectToDown { member_id, .. } => Slot::Suspect(member_id.name),
                Timer::PeriodicAnnounce(_) => Slot::Announce,
                Timer::PeriodicAnnounceDown(_) => Slot::AnnounceDown,
                Timer::PeriodicGossip(_) => Slot::Gossip,
                Timer::RemoveDown(id) => Slot::Remove(id.name),
            },
        }
    }
}

/// All timers. A new one replaces the one before: foca sets a periodic timer again only when it has fired or is void.
#[derive(Debug, Default)]
pub(super) struct Timers {
    due: BTreeMap<(Instant, Slot), Due>,
    at: BTreeMap<Slot, Instant>,
    /// The next round of gossip, which waits until there is something to send.
    gossip: Option<(Instant, Due)>,
}

impl Timers {
    pub(super) fn set(&mut self, at: Instant, due: Due) {
        let slot = due.slot();
        if slot == Slot::Gossip {
            self.gossip = Some((at, due));
            return;
        }
        if let Some(before) = self.at.get(&slot).copied() {
            self.due.remove(&(before, slot));
        } else if self.at.len() >= MEMBER_TIMERS_MAX {
            // Cannot happen: members are known peers, which are bounded.
            debug_assert!(false, "more timers than members can have");
            return;
        }
        self.at.insert(slot, at);
        self.due.insert((at, slot), due);
    }

    /// The identity and incarnation of a member's running suspicion.
    pub(super) fn suspicion(&self, name: KeyPrefix) -> Option<(Id, u16)> {
        let slot = Slot::Suspect(name);
        match self.due.get(&(*self.at.get(&slot)?, slot))? {
            Due::Foca(Timer::ChangeSuspectToDown { member_id, incarnation, .. }) => Some((*member_id, *incarnation)),
            _ => None,
        }
    }

    pub(super) fn forget_suspicion(&mut self, name: KeyPrefix) {
        for slot in [Slot::Suspect(name), Slot::DownClaim(name), Slot::ProbeSuspect(name)] {
            if let Some(at) = self.at.remove(&slot) {
                self.due.remove(&(at, slot));
            }
        }
    }

    /// Forgets every timer of a member.
    pub(super) fn forget(&mut self, name: KeyPrefix) {
        self.forget_suspicion(name);
        if let Some(at) = self.at.remove(&Slot::Remove(name)) {
            self.due.remove(&(at, Slot::Remove(name)));
        }
    }

    pub(super) fn pop(&mut self, now: Instant, gossip_waits: bool) -> Option<Due> {
        if let Some((at, _)) = self.gossip
            && gossip_waits
            && at <= now
        {
            return self.gossip.take().map(|(_, due)| due);
        }
        let key = *self.due.first_key_value()?.0;
        if key.0 > now {
            return None;
        }
        self.at.remove(&key.1);
        self.due.remove(&key)
    }

    pub(super) fn deadline(&self, gossip_waits: bool) -> Option<Instant> {
        let gossip = self.gossip.as_ref().filter(|_| gossip_waits).map(|(at, _)| *at);
        crate::base::time::earliest(gossip, self.due.first_key_value().map(|((at, _), _)| *at))
    }

    /// This agent was suspended for so long: every timer has as long to go as before.
    pub(super) fn shift(&mut self, late: Duration) {
        self.due =
            std::mem::take(&mut self.due).into_iter().map(|((at, slot), due)| ((at + late, slot), due)).collect();
        self.at.values_mut().for_each(|at| *at = *at + late);
        if let Some((at, _)) = &mut self.gossip {
            *at = *at + late;
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.at.len()
    }
}

/// The claim that a member is a suspect.
pub(super) fn suspect(id: Id, incarnation: u16) -> Member<Id> {
    Member::new(id, incarnation, State::Suspect)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    #[test]
    fn the_next_probe_waits_for_the_indirect_stage_and_gossip_for_something_to_send() {
        let mut timers = Timers::default();
        let probed_id = Id { name: [1; 8], generation: 1 };
        timers.set(at(5), Due::Foca(Timer::ProbeRandomMember(0)));
        timers.set(at(5), Due::Foca(Timer::SendIndirectProbe { probed_id, token: 0 }));
        timers.set(at(1), Due::Foca(Timer::PeriodicGossip(0)));
        assert_eq!((timers.deadline(false), timers.deadline(true)), (Some(at(5)), Some(at(1))));
        assert_eq!(timers.pop(at(4), false), None);
        assert!(matches!(timers.pop(at(5), false), Some(Due::Foca(Timer::SendIndirectProbe { .. }))));
        assert_eq!(timers.pop(at(5), false), Some(Due::Foca(Timer::ProbeRandomMember(0))));
        assert_eq!(timers.pop(at(5), true), Some(Due::Foca(Timer::PeriodicGossip(0))));
        assert_eq!(timers.deadline(true), None);
    }

    #[test]
    fn a_timer_replaces_the_one_before_and_all_can_be_shifted() {
        let mut timers = Timers::default();
        let id = Id { name: [1; 8], generation: 1 };
        for n in 0..1000 {
            timers.set(at(n), Due::ProbeSuspect(suspect(id, 0)));
        }
        assert_eq!(timers.len(), 1);
        timers.shift(Duration::from_millis(7));
        assert_eq!(timers.deadline(false), Some(at(999 + 7)));
        timers.forget_suspicion([1; 8]);
        assert_eq!(timers.deadline(false), None);
    }
}
