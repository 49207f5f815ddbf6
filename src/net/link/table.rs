//! Who may link, who is linked, who is being dialled; and which of two links to one peer stays.

use super::peers::Link;
use crate::base::time::Instant;
use crate::limits::{LINK_ALLOWED_MAX, LINK_DIALS_MAX, LINK_HANDSHAKE_MS, LINKS_MAX};
use crate::wire::peer_id::PeerId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The table of links. Small, and locked for moments only.
pub(super) struct LinkTable {
    own: PeerId,
    allowed: BTreeSet<PeerId>,
    links: BTreeMap<PeerId, Link>,
    /// Links that have ended and whose `Down` is not told yet: a newer one waits for it with its `Up`.
    ending: BTreeMap<PeerId, Link>,
    dials: BTreeSet<PeerId>,
    serial: u64,
}

/// What becomes of a new link.
pub(super) enum Entry {
    /// It is in the table under this number; an older one to the same peer must end first.
    Entered(u64, Option<Link>),
    /// It is not; a phrase why.
    Refused(&'static str),
}

impl LinkTable {
    pub(super) fn new(own: PeerId, allowed: &[PeerId]) -> Self {
        let allowed = allowed.iter().copied().take(LINK_ALLOWED_MAX).collect();
        Self { own, allowed, links: BTreeMap::new(), ending: BTreeMap::new(), dials: BTreeSet::new(), serial: 0 }
    }

    pub(super) fn allow(&mut self, peer: PeerId) -> bool {
        let room = self.allowed.len() < LINK_ALLOWED_MAX || self.allowed.contains(&peer);
        if room {
            self.allowed.insert(peer);
        }
        room
    }

    pub(super) fn refuse(&mut self, peer: &PeerId) {
        self.allowed.remove(peer);
    }

    pub(super) fn is_allowed(&self, peer: &PeerId) -> bool {
        self.allowed.contains(peer)
    }

    pub(super) fn is_full(&self) -> bool {
        self.links.len() >= LINKS_MAX
    }

    pub(super) fn link(&self, peer: &PeerId) -> Option<&Link> {
        self.links.get(peer)
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Notes that `peer` is being dialled, or says why it is not to be.
    pub(super) fn begin_dial(&mut self, peer: PeerId) -> Result<(), &'static str> {
        if peer == self.own {
            Err("this is the agent itself")
        } else if !self.is_allowed(&peer) {
            Err("this device is not allowed to link")
        } else if self.links.contains_key(&peer) {
            Err("there is a link already")
        } else if self.dials.contains(&peer) {
            Err("it is being dialled already")
        } else if self.dials.len() >= LINK_DIALS_MAX || self.is_full() {
            Err("too many devices are dialled or linked")
        } else {
            self.dials.insert(peer);
            Ok(())
        }
    }

    pub(super) fn end_dial(&mut self, peer: &PeerId) {
        self.dials.remove(peer);
    }

    /// Enters a link.
    ///
    /// Of two that were dialled from both sides at the same time, both ends keep the one that the smaller
    /// PeerId dialled. Otherwise the newer one stays: who dials again has lost the older one.
    pub(super) fn enter(&mut self, now: Instant, mut link: Link) -> Entry {
        let new = link.known();
        if !self.is_allowed(&new.peer) {
            return Entry::Refused("this device is no longer allowed to link");
        }
        match self.links.get(&new.peer) {
            None if self.is_full() => return Entry::Refused("there are too many links"),
            Some(old) if old.known().dialled != new.dialled => {
                let together = now.since(old.since) < Duration::from_millis(LINK_HANDSHAKE_MS);
                if together && new.dialled != (self.own < new.peer) {
                    return Entry::Refused("another link to this device stands");
                }
            }
            _ => {}
        }
        self.serial += 1;
        link.serial = self.serial;
        let older = self.links.insert(new.peer, link).or_else(|| self.ending.get(&new.peer).cloned());
        Entry::Entered(self.serial, older)
    }

    /// Takes a link out, unless a newer one has its place. [`ended`](Self::ended) follows once that was told.
    pub(super) fn leave(&mut self, peer: &PeerId, serial: u64) {
        if self.links.get(peer).is_some_and(|link| link.serial == serial)
            && let Some(link) = self.links.remove(peer)
        {
            self.ending.insert(*peer, link);
        }
    }

    /// The end of a link was told.
    pub(super) fn ended(&mut self, peer: &PeerId, serial: u64) {
        if self.ending.get(peer).is_some_and(|link| link.serial == serial) {
            self.ending.remove(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::link::channel::Queue;
    use crate::net::link::peers::AllowedPeer;
    use crate::net::link::stream::Streams;

    fn peer(seed: u8) -> PeerId {
        PeerId::from_public_key(&[seed; 32])
    }

    fn link(seed: u8, dialled: bool, at: u64) -> Link {
        let address = "127.0.0.1:1".parse::<std::net::SocketAddr>().unwrap().into();
        let (agent, protocols) = (String::new(), Vec::new());
        let known = AllowedPeer { peer: peer(seed), address, dialled, agent, protocols, ping: None };
        let (stop, _) = smol::channel::bounded(1);
        let (_, end) = smol::channel::bounded(1);
        let streams = Streams::new(smol::channel::bounded(1).0);
        Link::new(known, Instant::from_millis(at), [Queue::new().0, Queue::new().0, Queue::new().0], stop, end, streams)
    }

    fn kept(own: u8, other: u8, first_dialled: bool, second_dialled: bool, apart: u64) -> bool {
        let mut table = LinkTable::new(peer(own), &[peer(other)]);
        assert!(matches!(table.enter(Instant::ZERO, link(other, first_dialled, 0)), Entry::Entered(1, None)));
        let second = table.enter(Instant::from_millis(apart), link(other, second_dialled, apart));
        matches!(second, Entry::Entered(2, Some(_)))
    }

    #[test]
    fn both_ends_keep_the_same_of_two_links_whatever_came_first() {
        // Agent 1 is the smaller one: its dial stays, seen from both ends.
        assert!(!kept(1, 2, true, false, 5) && kept(1, 2, false, true, 5));
        assert!(kept(2, 1, true, false, 5) && !kept(2, 1, false, true, 5));
    }

    #[test]
    fn who_dials_again_has_lost_the_older_link() {
        assert!(kept(1, 2, false, false, 5) && kept(2, 1, false, false, 5));
        assert!(kept(1, 2, true, false, LINK_HANDSHAKE_MS) && kept(2, 1, false, true, LINK_HANDSHAKE_MS));
    }

    #[test]
    fn a_link_leaves_only_its_own_place() {
        let mut table = LinkTable::new(peer(1), &[peer(2)]);
        table.enter(Instant::ZERO, link(2, false, 0));
        table.enter(Instant::ZERO, link(2, false, 0));
        table.leave(&peer(2), 1);
        assert!(table.link(&peer(2)).is_some());
        table.leave(&peer(2), 2);
        assert!(table.link(&peer(2)).is_none());
    }

    #[test]
    fn a_new_link_waits_for_the_end_of_the_old_one_to_be_told() {
        let mut table = LinkTable::new(peer(1), &[peer(2)]);
        let enter = |table: &mut LinkTable| match table.enter(Instant::ZERO, link(2, false, 0)) {
            Entry::Entered(serial, older) => (serial, older.map(|older| older.serial)),
            Entry::Refused(why) => panic!("{why}"),
        };
        assert_eq!(enter(&mut table), (1, None));
        table.leave(&peer(2), 1);
        assert!(table.link(&peer(2)).is_none(), "nothing is sent over it any more");
        assert_eq!(enter(&mut table), (2, Some(1)));
        table.ended(&peer(2), 1);
        table.leave(&peer(2), 2);
        table.ended(&peer(2), 2);
        assert_eq!(enter(&mut table), (3, None));
    }

    #[test]
    fn links_dials_and_allowed_peers_have_an_end() {
        let other = |seed: u16| PeerId::from_public_key(&std::array::from_fn(|at| seed.to_le_bytes()[at % 2]));
        let mut everybody: Vec<PeerId> = (0..=255).map(peer).collect();
        everybody.extend(
            (256..).map(other).filter(|one| !(0..=255).any(|seed| peer(seed) == *one)).take(LINK_ALLOWED_MAX - 256),
        );
        let mut table = LinkTable::new(PeerId::from_public_key(&[9; 32]), &everybody);
        assert!(!table.allow(PeerId::from_public_key(&std::array::from_fn(|at| u8::from(at > 9)))));
        assert!(table.allow(peer(0)), "who is in stays in");
        let entered =
            (0..=255).filter(|seed| matches!(table.enter(Instant::ZERO, link(*seed, false, 0)), Entry::Entered(..)));
        assert_eq!(entered.count(), LINKS_MAX);
        assert!(table.begin_dial(peer(200)).is_err(), "no room for another link");
        let mut table = LinkTable::new(peer(9), &everybody);
        let dials = (0..=255).filter(|seed| table.begin_dial(peer(*seed)).is_ok());
        assert_eq!(dials.count(), LINK_DIALS_MAX);
        assert!(table.begin_dial(peer(0)).is_err() && table.begin_dial(peer(9)).is_err());
        table.end_dial(&peer(0));
        assert!(table.begin_dial(peer(0)).is_ok());
    }
}
