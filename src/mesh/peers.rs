//! The table of known peers: the links and addresses of each, and what is to be dialled and hung up.

use super::address::Addresses;
use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    ASK_NAME_MS, HINT_DIAL_MS, LINK_DIALS_MAX, LINK_IDLE_CROWDED_MS, LINK_IDLE_MS, REDIAL_ALONE_MS_MAX, REDIAL_MS,
    REDIAL_MS_MAX, REDIAL_SOON_FOR_MS, REDIAL_SOON_MS_MAX, UNANSWERED_MAX,
};
use core::cell::Cell;
use core::net::{IpAddr, SocketAddr};
use std::collections::{BTreeMap, BTreeSet};

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its public key.
    pub key: PeerKey,
    /// Its PeerId, as text.
    pub peer_id: String,
    /// Where to dial it; none: it dials us.
    pub addresses: Addresses,
    /// Its device's name, once it said it.
    pub device: Option<String>,
    /// Whether there is a link.
    pub linked: bool,
    /// Whether both hold keys for datagrams, as far as this agent knows.
    session: bool,
    /// Whether datagrams of the peer came since, and how many probes since the last.
    proven: bool,
    generation: Option<u32>,
    unanswered: u8,
    /// A packet that waits for a link.
    waiting: Option<Vec<u8>>,
    /// Whether a link is to stand.
    wanted: bool,
    /// Whether it left for good: whoever hints at it, it is not dialled again.
    retired: bool,
    dialling: bool,
    /// Whether this agent dialled the link.
    dialled: bool,
    /// Whether this agent is ending the link.
    ending: bool,
    /// Where the link comes from or goes to.
    far: Option<IpAddr>,
    /// When something was last said or heard on the link.
    used: Instant,
    /// Not dialled before.
    dial_at: Instant,
    pause: Duration,
    hinted: Option<Instant>,
    /// When to ask for its name, while it is linked and has not said it.
    ask_name_at: Option<Instant>,
    /// When it was last given a whole roll.
    pub(super) rolled: Option<Instant>,
}

/// The ways that a packet takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transports {
    /// By datagram.
    pub datagram: bool,
    /// Over the link.
    pub link: bool,
}

impl Peer {
    fn new(now: Instant, key: PeerKey, peer_id: String) -> Self {
        Self {
            key,
            peer_id,
            addresses: Addresses::default(),
            device: None,
            linked: false,
            session: false,
            proven: false,
            generation: None,
            unanswered: 0,
            waiting: None,
            wanted: false,
            retired: false,
            dialling: false,
            dialled: false,
            ending: false,
            far: None,
            used: now,
            dial_at: now,
            pause: Duration::from_millis(REDIAL_MS),
            hinted: None,
            ask_name_at: None,
            rolled: None,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.device.as_deref().unwrap_or(&self.peer_id)
    }

    /// Whether a link to it is to stand.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.wanted
    }

    fn due(&self) -> Option<Instant> {
        let sought = !self.retired && !self.linked && !self.dialling && (self.wanted || self.waiting.is_some());
        (sought && self.addresses.current().is_some()).then_some(self.dial_at)
    }

    /// When to end the link. Who dialled it sees to that, unless this agent's links run out: others wait for one.
    fn idle_at(&self, crowded: bool) -> Option<Instant> {
        let spare = self.linked && !self.ending && !self.wanted && (self.dialled || crowded);
        let idle = if crowded { LINK_IDLE_CROWDED_MS } else { LINK_IDLE_MS };
        spare.then_some(self.used + Duration::from_millis(idle))
    }
}

/// All known peers.
#[derive(Debug, Default)]
pub struct Peers {
    known: BTreeMap<PeerKey, Peer>,
    /// All with whom there is something to do: linked, wanted or sought. Perhaps some more.
    busy: BTreeSet<PeerKey>,
    /// Spreads dials: many agents lose the same peer at once.
    chance: Option<Rng>,
    /// Since when dials fail while no link stands.
    alone_since: Option<Instant>,
    /// When something is due at the earliest; `None`: to be found out.
    next: Cell<Option<Option<Instant>>>,
}

impl Peers {
    /// A table that spreads its dials by this chance.
    #[must_use]
    pub fn new(chance: Rng) -> Self {
        Self { chance: Some(chance), ..Self::default() }
    }

    /// A peer by its key.
    #[must_use]
    pub fn get(&self, key: PeerKey) -> Option<&Peer> {
        self.known.get(&key)
    }

    fn get_mut(&mut self, key: PeerKey) -> Option<&mut Peer> {
        self.next.set(None);
        self.known.get_mut(&key)
    }

    /// All of them, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.known.values()
    }

    /// Somebody says where a peer can be dialled. News brings forward a dial, now and then.
    pub fn hint(&mut self, now: Instant, key: PeerKey, address: SocketAddr) {
        let Some(peer) = self.known.get_mut(&key) else { return };
        let rested = peer.hinted.is_none_or(|at| now.since(at) >= Duration::from_millis(HINT_DIAL_MS));
        if peer.addresses.hint(address) && !peer.linked && rested {
            (peer.hinted, peer.dial_at) = (Some(now), now);
            self.next.set(None);
        }
    }

    /// A peer says where it can be dialled: there, or at the other end of its link by the same port.
    pub fn listens(&mut self, now: Instant, key: PeerKey, places: &[SocketAddr]) {
        let far = self.get(key).and_then(|peer| peer.far);
        let through = far.into_iter().zip(places.first()).map(|(ip, place)| SocketAddr::new(ip, place.port()));
        for address in places.iter().copied().chain(through) {
            self.hint(now, key, address);
        }
    }

    /// Those that are linked.
    pub fn all_linked(&self) -> impl Iterator<Item = PeerKey> {
        self.busy().filter(|peer| peer.linked).map(|peer| peer.key)
    }

    fn busy(&self) -> impl Iterator<Item = &Peer> {
        self.busy.iter().filter_map(|key| self.known.get(key))
    }

    /// The first in need of something.
    fn first(&mut self, needs: impl Fn(&Peer) -> bool) -> Option<&mut Peer> {
        let key = self.busy().find(|peer| needs(peer))?.key;
        self.known.get_mut(&key)
    }

    /// A link stands, to or from this address. Returns what waited for it, and whether the address is news.
    pub fn linked(&mut self, now: Instant, key: PeerKey, address: SocketAddr) -> (Option<Vec<u8>>, bool) {
        let Some(peer) = self.known.get_mut(&key) else { return (None, false) };
        self.busy.insert(key);
        self.next.set(None);
        self.alone_since = None;
        // Where a peer dials from says nothing of where it listens.
        let good = peer.dialling && peer.addresses.all().contains(&address);
        let news = good && peer.addresses.keep(address);
        (peer.linked, peer.session, peer.proven, peer.unanswered) = (true, true, false, 0);
        (peer.dialled, peer.dialling, peer.ending, peer.used) = (good, false, false, now);
        peer.far = Some(address.ip());
        (peer.pause, peer.dial_at) = (Duration::from_millis(REDIAL_MS), now);
        peer.ask_name_at = peer.device.is_none().then_some(now + Duration::from_millis(ASK_NAME_MS));
        (peer.waiting.take(), news)
    }

    /// The next linked peer that must be asked for its name now; it is asked again after a pause.
    pub fn nameless(&mut self, now: Instant) -> Option<PeerKey> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        let peer = self.first(|peer| peer.ask_name_at.is_some_and(|at| at <= now))?;
        peer.ask_name_at = Some(now + peer.pause.max(Duration::from_millis(ASK_NAME_MS)));
        peer.pause = (peer.pause * 2).min(Duration::from_millis(REDIAL_MS_MAX));
        let key = peer.key;
        self.next.set(None);
        Some(key)
    }

    /// A peer said its name.
    pub fn named(&mut self, key: PeerKey, device: String) {
        if let Some(peer) = self.get_mut(key) {
            peer.device = Some(device);
            peer.ask_name_at = None;
        }
    }

    /// Something was said or heard on the link.
    pub fn used(&mut self, now: Instant, key: PeerKey) {
        // Later than thought at the worst: `next` need not be found out again.
        if let Some(peer) = self.known.get_mut(&key) {
            peer.used = now;
        }
    }

    /// A link or a dial is lost: it is dialled again after a pause that doubles each time.
    pub fn lost(&mut self, now: Instant, key: PeerKey) {
        if let Some(peer) = self.get_mut(key) {
            (peer.linked, peer.dialling, peer.ask_name_at) = (false, false, None);
        }
        let longest = self.longest_pause(now);
        let Some(peer) = self.known.get_mut(&key) else { return };
        let pause = peer.pause.min(longest);
        let half = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) / 2;
        let more = self.chance.as_mut().map_or(0, |chance| chance.below(half));
        peer.dial_at = now + pause + Duration::from_millis(more);
        peer.pause = (pause * 2).min(Duration::from_millis(REDIAL_MS_MAX));
    }

    fn longest_pause(&mut self, now: Instant) -> Duration {
        if self.chance.is_none() || self.all_linked().next().is_some() {
            return Duration::from_millis(REDIAL_MS_MAX);
        }
        let since = *self.alone_since.get_or_insert(now);
        let soon = now.since(since) < Duration::from_millis(REDIAL_SOON_FOR_MS);
        Duration::from_millis(if soon { REDIAL_SOON_MS_MAX } else { REDIAL_ALONE_MS_MAX })
    }

    /// A dial came to nothing. Where a link stands all the same (the other side dialled too), nothing is lost.
    pub fn not_dialled(&mut self, now: Instant, key: PeerKey) {
        if self.get(key).is_some_and(|peer| !peer.linked) {
            self.lost(now, key);
            if let Some(peer) = self.get_mut(key) {
                peer.waiting = None;
                peer.addresses.rotate();
            }
        }
    }

    /// A peer left for good: it is not dialled again.
    pub fn retire(&mut self, key: PeerKey) {
        if let Some(peer) = self.get_mut(key) {
            peer.retired = true;
            peer.waiting = None;
        }
    }

    /// The next peer to dial now; it is not due again before `lost` or `linked`.
    pub fn due(&mut self, now: Instant) -> Option<(PeerKey, SocketAddr)> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        self.next.set(None);
        if self.busy().filter(|peer| peer.dialling).count() >= LINK_DIALS_MAX {
            return None;
        }
        let peer = self.first(|peer| peer.due().is_some_and(|at| at <= now))?;
        peer.dialling = true;
        Some((peer.key, peer.addresses.current()?))
    }

    /// The ways for a packet. One that asks for an answer and finds no way waits for a link, which is dialled.
    pub fn ways(&mut self, key: PeerKey, packet: &[u8], asks: bool, all: bool) -> Transports {
        let Some(peer) = self.known.get_mut(&key) else { return Transports { datagram: false, link: false } };
        if all {
            peer.proven = false;
        }
        if asks {
            peer.unanswered = peer.unanswered.saturating_add(1);
            peer.proven &= peer.unanswered <= UNANSWERED_MAX;
        }
        let ways = Transports { datagram: peer.session, link: peer.linked && !peer.proven };
        if asks && !peer.linked && (all || !peer.session) {
            peer.waiting = Some(packet.to_vec());
            self.busy.insert(key);
            self.next.set(None);
        }
        ways
    }

    /// A datagram of the peer came.
    pub fn datagram(&mut self, key: PeerKey) {
        if let Some(peer) = self.known.get_mut(&key) {
            (peer.session, peer.proven, peer.unanswered) = (true, true, 0);
        }
    }

    /// The peer is in this life of it. In a new one it has lost its keys, unless it is linked.
    pub fn anew(&mut self, key: PeerKey, generation: u32) {
        if let Some(peer) = self.get_mut(key)
            && peer.generation.replace(generation).is_some_and(|before| before != generation)
        {
            (peer.session, peer.proven) = (peer.linked, false);
        }
    }

    /// Whether it may be given a whole roll now.
    pub fn may_roll(&mut self, now: Instant, key: PeerKey) -> bool {
        let Some(peer) = self.known.get_mut(&key) else { return false };
        let pause = Duration::from_millis(crate::limits::ROLL_PAUSE_MS);
        let may = peer.rolled.is_none_or(|at| now.since(at) >= pause);
        if may {
            peer.rolled = Some(now);
        }
        may
    }

    /// When the next dial, question or end of a link is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        if let Some(next) = self.next.get() {
            return next;
        }
        let full = self.busy().filter(|peer| peer.dialling).count() >= LINK_DIALS_MAX;
        let crowded = self.crowded();
        let due = |peer: &Peer| if full { None } else { peer.due() };
        let soonest = |peer: &Peer| earliest(due(peer), earliest(peer.idle_at(crowded), peer.ask_name_at));
        let next = self.busy().filter_map(soonest).min();
        self.next.set(Some(next));
        next
    }
}

mod admit;
mod idle;
#[cfg(test)]
mod test;
