//! The table of guests: who is connected from where, and the queue of each conversation.
//!
//! A silent connection costs whoever opens it nothing, so that no number of them keeps out a device that is being paired: where room is
//! short, the oldest guest that says nothing gives way. It is one of the same address first, and of the address with the most guests else;
//! one that has asked for the pairing protocol, and has not sent its first message yet, goes after the others of as crowded addresses. Guests
//! that fetch public documents go before all others, at whatever address (where the newcomer's own one is full, those of that address), and of them the one that came last: none of them keeps a place from a device that is to be
//! paired, and where more fetch than there are places, the first are done with it.

use super::handshake_limits::SourceKey;
use crate::limits::{GUEST_QUEUE_MAX, GUESTS_ADDRESS_MAX, GUESTS_MAX};
use crate::wire::peer_id::PeerId;
use smol::channel::{Receiver, Sender};
use smol::future::pending;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The guests that are connected, and the conversations with them.
#[derive(Default)]
pub(super) struct Guests {
    /// Those that dialled, the oldest first.
    connected: BTreeMap<u64, Connected>,
    /// Places so far.
    count: u64,
    /// Each with the place of its connection.
    conversations: BTreeMap<PeerId, (u64, Sender<Vec<u8>>)>,
}

struct Connected {
    address: SocketAddr,
    /// Whether it converses, and has said something.
    speaks: Arc<AtomicBool>,
    /// Whether it has asked for public documents.
    fetches: bool,
    /// Dropped when it gives way.
    _keep: Sender<()>,
}

impl Connected {
    fn source(&self) -> SourceKey {
        self.address.ip().into()
    }
}

/// The place of one connection.
pub(super) struct Place {
    pub(super) number: u64,
    /// Who gave way for it.
    pub(super) displaced: Option<SocketAddr>,
    /// Closed once this one has to give way; `None`: never.
    lost: Option<Receiver<()>>,
}

impl Place {
    /// Waits until it has to give way.
    pub(super) async fn lost(&self) {
        match &self.lost {
            Some(lost) => _ = lost.recv().await,
            None => pending().await,
        }
    }
}

impl Guests {
    /// The place of a connection that this agent dialled: it joins one device at a time.
    pub(super) const fn enter_own(&mut self) -> Place {
        self.count += 1;
        Place { number: self.count, displaced: None, lost: None }
    }

    /// Gives a guest a place. Nothing is noted of one that is refused: addresses cost nothing.
    pub(super) fn enter(&mut self, address: SocketAddr, speaks: Arc<AtomicBool>) -> Result<Place, &'static str> {
        let displaced = self.gives_way(address.ip().into())?;
        let displaced = displaced.and_then(|number| self.connected.remove(&number)).map(|guest| guest.address);
        let Place { number, .. } = self.enter_own();
        let (keep, lost) = smol::channel::bounded(1);
        self.connected.insert(number, Connected { address, speaks, fetches: false, _keep: keep });
        Ok(Place { number, displaced, lost: Some(lost) })
    }

    /// Who gives way to a guest of this source; nobody, as long as there is room.
    fn gives_way(&self, source: SourceKey) -> Result<Option<u64>, &'static str> {
        let of = |source| self.connected.iter().filter(move |(_, guest)| guest.source() == source);
        // The first one goes: of those that fetch the last one, then the oldest, and after these who is about to speak.
        let turn = |number: u64, guest: &Connected| match (self.converses(number), guest.fetches) {
            (true, _) => (2, number, number),
            (false, false) => (1, number, number),
            (false, true) => (0, u64::MAX - number, number),
        };
        let is_silent = |guest: &Connected| !guest.speaks.load(Ordering::Relaxed);
        let silent =
            |source| of(source).filter(|(_, guest)| is_silent(guest)).map(|(number, guest)| turn(*number, guest)).min();
        let oldest = if of(source).count() >= GUESTS_ADDRESS_MAX {
            silent(source)
        } else if self.connected.len() < GUESTS_MAX {
            return Ok(None);
        } else {
            let everybody = self.connected.iter().filter(|(_, guest)| is_silent(guest));
            let fetching =
                everybody.map(|(number, guest)| turn(*number, guest)).min().filter(|(class, ..)| *class == 0);
            let sources = self.connected.values().map(Connected::source);
            let crowds = sources.filter_map(|source| Some((of(source).count(), Reverse(silent(source)?))));
            fetching.or_else(|| crowds.max().map(|(_, Reverse(oldest))| oldest))
        };
        oldest.map(|(.., number)| Some(number)).ok_or("all places are taken by devices that are being paired")
    }

    /// Whether a conversation began on the connection with this place.
    fn converses(&self, number: u64) -> bool {
        self.conversations.values().any(|(place, _)| *place == number)
    }

    /// The guest with this place asks for public documents.
    pub(super) fn fetches(&mut self, number: u64) {
        if let Some(guest) = self.connected.get_mut(&number) {
            guest.fetches = true;
        }
    }

    pub(super) fn leave(&mut self, number: u64) {
        self.connected.remove(&number);
    }

    /// Begins a conversation on the connection with this place, unless one with this peer is under way.
    pub(super) fn begin(&mut self, peer: PeerId, place: u64) -> Result<Receiver<Vec<u8>>, &'static str> {
        if self.conversations.contains_key(&peer) {
            return Err("it is being paired already");
        }
        let (frames, outgoing) = smol::channel::bounded(GUEST_QUEUE_MAX);
        self.conversations.insert(peer, (place, frames));
        Ok(outgoing)
    }

    /// Queues a frame; false if there is no conversation, or the guest reads too slowly.
    pub(super) fn send(&self, peer: &PeerId, frame: Vec<u8>) -> bool {
        self.conversations.get(peer).is_some_and(|(_, frames)| frames.try_send(frame).is_ok())
    }

    /// Ends a conversation once what waits is written.
    pub(super) fn end(&mut self, peer: &PeerId) {
        self.conversations.remove(peer);
    }

    /// Ends the conversation on the connection with this place, and no later one with the same peer.
    pub(super) fn end_at(&mut self, peer: &PeerId, place: u64) {
        if self.conversations.get(peer).is_some_and(|(of, _)| *of == place) {
            self.conversations.remove(peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 168, 1, n], 1))
    }

    fn guest(speaks: bool) -> Arc<AtomicBool> {
        Arc::new(AtomicBool::new(speaks))
    }

    #[test]
    fn the_oldest_silent_guest_of_the_most_crowded_address_gives_way() {
        let mut guests = Guests::default();
        let mut enter = |n, speaks| guests.enter(from(n), guest(speaks)).ok();
        let first: Vec<_> = [1, 1, 1, 1, 2, 2, 2].into_iter().filter_map(|n| enter(n, false)).collect();
        let alone = enter(3, false).unwrap();
        assert!(first.iter().chain([&alone]).all(|place| place.displaced.is_none()));
        let is_lost = |place: &Place| place.lost.as_ref().unwrap().is_closed();
        let next = enter(4, false).unwrap();
        assert_eq!((next.displaced, is_lost(&first[0])), (Some(from(1)), true));
        // Its own address has room, and the house has none.
        let again = enter(1, false).unwrap();
        assert!(is_lost(&first[1]) && !is_lost(&alone) && !is_lost(&first[4]), "{:?}", again.displaced);
        // Whoever fills its own address takes its own places.
        for _ in 0..100 {
            enter(2, false).unwrap();
        }
        assert!(!is_lost(&alone) && !is_lost(&next) && is_lost(&first[4]));
        assert_eq!(guests.connected.len(), GUESTS_MAX);
    }

    #[test]
    fn whoever_is_being_paired_stays_and_who_is_refused_leaves_nothing_in_the_table() {
        let mut guests = Guests::default();
        let speaking: Vec<_> = (1..=8).map(|n| guests.enter(from(n), guest(true)).unwrap()).collect();
        let let_in = (9..=100).filter(|n| guests.enter(from(*n), guest(false)).is_ok()).count();
        assert_eq!((let_in, guests.connected.len()), (0, GUESTS_MAX));
        guests.leave(speaking[0].number);
        assert!(guests.enter(from(1), guest(false)).unwrap().displaced.is_none());
        assert_eq!(guests.enter(from(2), guest(false)).unwrap().displaced, Some(from(1)), "it says nothing yet");
    }

    #[test]
    fn who_is_about_to_speak_gives_way_after_those_who_are_not() {
        let mut guests = Guests::default();
        let slow = guests.enter(from(1), guest(false)).unwrap();
        let _outgoing = guests.begin(PeerId::from_public_key(&[7; 32]), slow.number).unwrap();
        let others: Vec<_> = (2..=100).map(|n| guests.enter(from(n), guest(false)).unwrap()).collect();
        let is_lost = |place: &Place| place.lost.as_ref().unwrap().is_closed();
        assert!(!is_lost(&slow) && is_lost(&others[0]), "each of a hundred addresses has one");
        let _more: Vec<_> = (0..10).map(|_| guests.enter(from(1), guest(false)).unwrap()).collect();
        assert!(!is_lost(&slow), "and behind its own address others");
        let mut guests = Guests::default();
        let silent = guests.enter(from(100), guest(false)).unwrap();
        (0..100).for_each(|n| drop(guests.enter(from(n % 6), guest(false))));
        assert!(!is_lost(&silent), "six addresses have one with two always");
    }

    #[test]
    fn who_fetches_gives_way_first_and_of_those_the_last_one() {
        let mut guests = Guests::default();
        let is_lost = |place: &Place| place.lost.as_ref().unwrap().is_closed();
        let silent = guests.enter(from(1), guest(false)).unwrap();
        let fetching: Vec<_> = (2..=8).map(|n| guests.enter(from(n), guest(false)).unwrap()).collect();
        fetching.iter().for_each(|place| guests.fetches(place.number));
        let next = guests.enter(from(9), guest(false)).unwrap();
        assert_eq!(next.displaced, Some(from(8)), "the last of those that fetch");
        guests.fetches(next.number);
        let paired = guests.enter(from(10), guest(false)).unwrap();
        assert_eq!(paired.displaced, Some(from(9)));
        let later: Vec<_> = (11..=16).map(|n| guests.enter(from(n), guest(false)).unwrap()).collect();
        assert!(fetching.iter().all(is_lost) && !is_lost(&silent) && !is_lost(&paired), "before who says nothing yet");
        let last = guests.enter(from(17), guest(false)).unwrap();
        assert!(is_lost(&silent) && later.iter().chain([&paired, &last]).all(|place| !is_lost(place)));
        // Whoever is about to speak stays though it fetches too.
        let _outgoing = guests.begin(PeerId::from_public_key(&[7; 32]), paired.number).unwrap();
        guests.fetches(paired.number);
        (20..120).for_each(|n| drop(guests.enter(from(n), guest(false))));
        assert!(!is_lost(&paired));
    }

    #[test]
    fn who_fetches_alone_at_its_address_goes_before_the_silent_ones_of_a_crowded_one() {
        let mut guests = Guests::default();
        let enter = |guests: &mut Guests, n| guests.enter(from(n), guest(false)).unwrap();
        let places: Vec<_> = [1, 1, 1, 2, 2, 2, 3, 4].map(|n| enter(&mut guests, n)).into();
        guests.fetches(places[6].number);
        assert_eq!(enter(&mut guests, 5).displaced, Some(from(3)));
        // Nobody fetches any more: one of the crowded addresses goes.
        assert_eq!(enter(&mut guests, 6).displaced, Some(from(1)));
    }

    #[test]
    fn a_connection_that_ends_ends_no_later_conversation_of_the_same_peer() {
        let mut guests = Guests::default();
        let peer = PeerId::from_public_key(&[7; 32]);
        let [one, two] = [1, 2].map(|n| guests.enter(from(n), guest(false)).unwrap().number);
        let outgoing = guests.begin(peer, two).unwrap();
        assert!(guests.begin(peer, one).is_err());
        guests.end_at(&peer, one);
        assert!(guests.send(&peer, Vec::new()) && !outgoing.is_closed());
        guests.end_at(&peer, two);
        assert!(!guests.send(&peer, Vec::new()));
    }
}
