//! What the node keeps for the flow of certificates and removals.

use super::pairing_state::PairingState;
use super::resave::Resave;
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    GUEST_MS, GUESTS_MAX, LINKS_MAX, REFUSED_LOG_MS, TRUST_DIGEST_MS, TRUST_PUSHED_A_MINUTE, TRUST_PUSHED_BURST,
    TRUST_SENT_A_SECOND, TRUST_SENT_BURST,
};
use crate::mesh::budget::{Budget, Rate};
use crate::mesh::trust::authority::Authority;
use crate::wire::certificate::Refusal;
use crate::wire::certificate::exchange::Buckets;
use core::net::SocketAddr;
use heapless::Vec as Bounded;
use std::collections::BTreeMap;

/// Thousandths of a record, so that a rate of so many a minute is a whole number of them a second.
const MILLI: u64 = 1000;
const PUSHED: Rate = Rate { per_second: TRUST_PUSHED_A_MINUTE * MILLI / 60, burst: TRUST_PUSHED_BURST * MILLI };
const SENT: Rate = Rate { per_second: TRUST_SENT_A_SECOND * MILLI, burst: TRUST_SENT_BURST * MILLI };

/// The certificates' side of the node, beside `mesh::trust`.
#[derive(Debug)]
pub(super) struct TrustState {
    pub(super) authority: Authority,
    /// Devices that are let in, and this one as it joins.
    pub(super) pairing: PairingState,
    /// This device's certificate may be another one than dialled peers are shown.
    pub(super) unshown: bool,
    /// Records came that are not in the file yet.
    pub(super) unsaved: bool,
    /// The save under way, and whether the records of the current order are in it.
    pub(super) saving: Option<(u64, bool)>,
    /// Saves so far.
    pub(super) saves: u64,
    /// When a save that failed is tried again.
    pub(super) resave: Resave,
    /// When to compare with linked peers.
    pub(super) digest_at: Instant,
    /// The hashes of the set, until it changes.
    pub(super) buckets: Option<Buckets>,
    /// Linked peers without a certificate.
    pub(super) guests: Bounded<Guest, GUESTS_MAX>,
    /// Peers that get a short link, to be told why they are not taken in.
    refused: Bounded<Refused, GUESTS_MAX>,
    links: LinkUses,
}

/// What each link has used; all strangers together are told of as one, since new keys cost nothing.
#[derive(Debug, Default)]
struct LinkUses {
    of: BTreeMap<PeerKey, LinkUse>,
    strangers: LinkUse,
}

/// A peer that showed a certificate that is not taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refused {
    pub(super) peer: PeerKey,
    /// Who signed its certificate.
    pub(super) issuer: PeerKey,
    pub(super) why: Refusal,
}

/// A linked peer without a certificate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guest {
    pub(super) peer: PeerKey,
    pub(super) address: SocketAddr,
    /// When its link ends.
    pub(super) until: Instant,
}

/// What one link has used, and was told.
#[derive(Debug, Default)]
pub(super) struct LinkUse {
    pushed: Budget,
    sent: Budget,
    /// When people were told last that something of it was refused.
    refused_at: Option<Instant>,
    /// The hashes that it was sent last.
    pub(super) told: Option<Buckets>,
}

impl TrustState {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            authority: Authority::default(),
            pairing: PairingState::default(),
            unshown: true,
            unsaved: false,
            saving: None,
            saves: 0,
            resave: Resave::default(),
            digest_at: now + Duration::from_millis(TRUST_DIGEST_MS),
            buckets: None,
            guests: Bounded::new(),
            refused: Bounded::new(),
            links: LinkUses::default(),
        }
    }

    /// The use of a peer's link. It outlives the link while there is room, so that no peer gets a new budget by linking again.
    pub(super) fn link(&mut self, now: Instant, peer: PeerKey) -> &mut LinkUse {
        let links = &mut self.links.of;
        if links.len() >= LINKS_MAX + GUESTS_MAX && !links.contains_key(&peer) {
            links.retain(|_, of| !of.pushed.is_clear(now) || !of.sent.is_clear(now));
            if links.len() >= LINKS_MAX + GUESTS_MAX {
                links.pop_first();
            }
        }
        links.entry(peer).or_default()
    }

    /// The use of a peer's link, or of those of all strangers.
    pub(super) fn of_link_or_stranger(&mut self, now: Instant, peer: PeerKey, is_known: bool) -> &mut LinkUse {
        if is_known { self.link(now, peer) } else { &mut self.links.strangers }
    }

    /// A link is gone: its next one is told everything.
    pub(super) fn unlinked(&mut self, peer: PeerKey) {
        if let Some(link) = self.links.of.get_mut(&peer) {
            link.told = None;
        }
        self.guests.retain(|guest| guest.peer != peer);
    }

    /// Notes a guest; false if there is no room.
    pub(super) fn add_guest(&mut self, now: Instant, peer: PeerKey, address: SocketAddr) -> bool {
        self.guests.retain(|guest| guest.peer != peer);
        self.guests.push(Guest { peer, address, until: now + Duration::from_millis(GUEST_MS) }).is_ok()
    }

    /// Whether a linked peer is a guest.
    pub(super) fn has_guest(&self, peer: PeerKey) -> bool {
        self.guests.iter().any(|guest| guest.peer == peer)
    }

    /// A peer is told something once it has a link. The oldest gives way where there is no room: it dials again.
    pub(super) fn will_tell(&mut self, refused: Refused) -> bool {
        self.refused.retain(|of| of.peer != refused.peer);
        if self.refused.is_full() {
            self.refused.remove(0);
        }
        self.refused.push(refused).is_ok()
    }

    /// Whether a peer is to be told something.
    pub(super) fn is_to_be_told(&self, peer: PeerKey) -> bool {
        self.refused.iter().any(|of| of.peer == peer)
    }

    /// What a peer is to be told.
    pub(super) fn take_told(&mut self, peer: PeerKey) -> Option<Refused> {
        let at = self.refused.iter().position(|of| of.peer == peer)?;
        Some(self.refused.remove(at))
    }

    /// The guest with this key, who is none any more.
    pub(super) fn take_guest(&mut self, peer: PeerKey) -> Option<Guest> {
        let at = self.guests.iter().position(|guest| guest.peer == peer)?;
        Some(self.guests.swap_remove(at))
    }

    /// A guest whose time is over.
    pub(super) fn next_overdue_guest(&mut self, now: Instant) -> Option<PeerKey> {
        let over = self.guests.iter().find(|guest| guest.until <= now)?.peer;
        self.take_guest(over).map(|guest| guest.peer)
    }

    /// When something is due; `linked`: there is a link of a member.
    pub(super) fn deadline(&self, linked: bool) -> Option<Instant> {
        let guest = self.guests.iter().map(|guest| guest.until).min();
        let save = self.resave.at().filter(|_| self.unsaved && self.saving.is_none());
        earliest(earliest(guest, save), linked.then_some(self.digest_at))
    }
}

impl LinkUse {
    /// Whether people are told now that something was refused.
    pub(super) fn may_be_told_of(&mut self, now: Instant) -> bool {
        let may = self.refused_at.is_none_or(|at| now.since(at) >= Duration::from_millis(REFUSED_LOG_MS));
        if may {
            self.refused_at = Some(now);
        }
        may
    }

    /// Takes so many unknown records of the peer; false if they are too many.
    #[must_use]
    pub(super) fn may_push(&mut self, now: Instant, records: usize) -> bool {
        self.pushed.spend(now, PUSHED, records as u64 * MILLI)
    }

    /// Sends so many records to the peer; false if they are too many.
    #[must_use]
    pub(super) fn may_be_sent(&mut self, now: Instant, records: usize) -> bool {
        self.sent.spend(now, SENT, records as u64 * MILLI)
    }
}
