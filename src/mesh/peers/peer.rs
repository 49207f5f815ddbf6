//! One known peer: its identity, its link, its datagram session, and when to dial it.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{HINT_DIAL_MS, LINK_IDLE_CROWDED_MS, LINK_IDLE_MS, NAME_SAVE_MS, REDIAL_MS, UNANSWERED_MAX};
use crate::mesh::address::Addresses;
use core::net::IpAddr;

/// One peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its public key.
    pub key: PeerKey,
    /// Its PeerId, as text.
    pub peer_id: String,
    /// Where to dial it. Empty: only the peer can dial.
    pub addresses: Addresses,
    /// Its device's name, once the peer has sent it, in this start or an earlier one.
    pub device: Option<String>,
    /// Whether there is a link.
    pub linked: bool,
    /// The newest generation that is known of it.
    pub(super) generation: Option<u32>,
    /// Whether this agent wants a link to it.
    pub(super) wanted: bool,
    /// Whether it left for good. It is never dialled again, whatever hints arrive.
    pub(super) left: bool,
    pub(super) link: LinkState,
    pub(super) datagrams: DatagramSession,
    pub(super) redial: Redial,
    /// When it was last sent the whole member list.
    pub(super) list_sent: Option<Instant>,
}

/// The link to a peer. While there is none, the values are those of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LinkState {
    /// Whether this agent dialled it.
    pub(super) dialled: bool,
    /// Whether this agent is ending it.
    pub(super) ending: bool,
    /// The address at the other end.
    pub(super) remote: Option<IpAddr>,
    /// When something was last sent or received on it.
    pub(super) used: Instant,
    /// Whether the peer has sent its name since the start, on this link or an earlier one.
    pub(super) named: bool,
    /// When to ask the peer for its name; `None` once it has sent it.
    pub(super) name_request_at: Option<Instant>,
    pub(super) told: Told,
    /// Whether hashes of the member list went over it, and none came back since.
    pub(super) digest_unanswered: bool,
}

/// What a peer said of itself that goes to the disk, so that it cannot have this agent write without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// On this link it has said where it listens, and that was taken.
    pub(super) listens: bool,
    /// Its name is another one than the last that was saved.
    pub(super) name_is_unsaved: bool,
    /// When its name was last saved.
    pub(super) name_saved_at: Option<Instant>,
}

/// What this agent knows of the datagrams that it exchanges with a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DatagramSession {
    /// Whether both sides hold keys, as far as this agent knows.
    pub(super) keyed: bool,
    /// Whether datagrams of the peer arrive, so that the link need not carry packets too.
    pub(super) proven: bool,
    /// Probes sent since the last datagram of the peer.
    unanswered: u8,
}

/// When to dial a peer, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Redial {
    /// Whether a dial is on its way.
    pub(super) dialling: bool,
    /// Not dialled before.
    pub(super) at: Instant,
    /// Nor before this, whatever hints arrive: another device with this agent's key is linked there.
    pub(super) not_before: Option<Instant>,
    /// The pause after the next failure.
    pub(super) pause: Duration,
    /// When a hint last brought the dial forward.
    pub(super) hinted: Option<Instant>,
    /// A packet that waits for the link.
    pub(super) waiting: Option<Vec<u8>>,
}

impl Peer {
    pub(super) fn new(now: Instant, key: PeerKey, peer_id: String) -> Self {
        Self {
            key,
            peer_id,
            addresses: Addresses::default(),
            device: None,
            linked: false,
            generation: None,
            wanted: false,
            left: false,
            link: LinkState {
                dialled: false,
                ending: false,
                remote: None,
                used: now,
                named: false,
                name_request_at: None,
                told: Told::default(),
                digest_unanswered: false,
            },
            datagrams: DatagramSession::default(),
            redial: Redial {
                dialling: false,
                at: now,
                not_before: None,
                pause: Duration::from_millis(REDIAL_MS),
                hinted: None,
                waiting: None,
            },
            list_sent: None,
        }
    }

    /// The name to show to people: the device's, or else the PeerId.
    #[must_use]
    pub fn name(&self) -> &str {
        self.device.as_deref().unwrap_or(&self.peer_id)
    }

    /// Whether this agent wants a link to it.
    #[must_use]
    pub const fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// When to dial it, if at all.
    pub(super) fn dial_at(&self) -> Option<Instant> {
        let needed = self.wanted || self.redial.waiting.is_some();
        let free = !self.left && !self.linked && !self.redial.dialling;
        let at = self.redial.at.max(self.redial.not_before.unwrap_or(Instant::ZERO));
        (needed && free && self.addresses.current().is_some()).then_some(at)
    }

    /// When it is to be asked for its name, or that is to be saved.
    pub(super) fn name_at(&self) -> Option<Instant> {
        earliest(self.link.name_request_at, self.link.told.name_due())
    }

    /// Lets it be dialled now instead of at the end of its pause, at most once in `HINT_DIAL_MS`. Whether that is so.
    pub(super) fn bring_forward(&mut self, now: Instant) -> bool {
        let rested = self.redial.hinted.is_none_or(|at| now.since(at) >= Duration::from_millis(HINT_DIAL_MS));
        let may = !self.linked && rested;
        if may {
            (self.redial.hinted, self.redial.at) = (Some(now), now);
        }
        may
    }

    /// When to end the link. The side that dialled ends it; the other side only if it runs out of links (`crowded`).
    pub(super) fn idle_at(&self, crowded: bool) -> Option<Instant> {
        let spare = self.linked && !self.link.ending && !self.wanted && (self.link.dialled || crowded);
        let idle = if crowded { LINK_IDLE_CROWDED_MS } else { LINK_IDLE_MS };
        spare.then_some(self.link.used + Duration::from_millis(idle))
    }
}

impl Told {
    /// When the name is to be saved, if it is not as it was saved last: once in `NAME_SAVE_MS` at most.
    pub(super) fn name_due(&self) -> Option<Instant> {
        let pause = Duration::from_millis(NAME_SAVE_MS);
        self.name_is_unsaved.then(|| self.name_saved_at.map_or(Instant::ZERO, |at| at + pause))
    }

    /// Takes the turn of a name that is to be saved now, if it is: it counts as saved from then on.
    pub(super) fn take_due_name(&mut self, now: Instant) -> bool {
        let may = self.name_due().is_some_and(|due| due <= now);
        if may {
            *self = Self { name_is_unsaved: false, name_saved_at: Some(now), ..*self };
        }
        may
    }
}

impl DatagramSession {
    /// Both sides have keys, and no datagram has arrived yet.
    pub(super) fn open(&mut self) {
        *self = Self { keyed: true, ..Self::default() };
    }

    /// A datagram of the peer arrived.
    pub(super) fn received(&mut self) {
        *self = Self { keyed: true, proven: true, unanswered: 0 };
    }

    /// A probe is sent. After `UNANSWERED_MAX` without a datagram back, the link carries packets too.
    pub(super) fn probe_sent(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.proven &= self.unanswered <= UNANSWERED_MAX;
    }
}
