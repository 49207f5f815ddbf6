//! What the node keeps for the flow of pairing.

use super::crowd::Crowd;
use super::mesh_report::ClosedWindow;
use super::resave::Resave;
use crate::base::id::{PeerKey, ReplyId};
use crate::base::outbox::Outbox;
use crate::base::time::{Instant, earliest};
use crate::limits::{DUPLICATES_MAX, GUESTS_TALKING_MAX, INVITE_ADDRESSES_MAX, TRUST_ORDERS_MAX};
use crate::mesh::pairing::admin::Admin;
use crate::mesh::pairing::failure::Failure;
use crate::mesh::pairing::invites::{Before, TakenBack};
use crate::mesh::pairing::join::{Candidate, Effect, Join, Joined};
use crate::wire::certificate::Chain;
use crate::wire::envelope::Encoding;
use crate::wire::pairing::InviteId;
use crate::wire::pairing::invite::InviteRecord;
use crate::wire::pairing::secret::Secret;
use core::net::SocketAddr;
use heapless::Vec as Bounded;

/// The pairing's side of the node, beside `mesh::pairing`.
#[derive(Debug, Default)]
pub(super) struct PairingState {
    /// The machine that lets devices in; none until this device, an admin, opens a window, or issues or takes an invite.
    pub(super) admin: Option<Box<Admin>>,
    /// What is saved of its invites.
    pub(super) invites: InvitesState,
    /// Windows opened so far.
    pub(super) windows: u64,
    /// How the last window closed.
    pub(super) closed: Option<ClosedWindow>,
    /// Why a device that has the code of the open window could not be let in, or that one had another code.
    pub(super) trouble: Option<String>,
    /// The device is joining a mesh.
    pub(super) joining: Option<Joining>,
    /// What it joined by, in this run.
    pub(super) joined_by: Option<Secret>,
    /// What whoever removed this device was called here, as long as that was known.
    pub(super) remover: Option<String>,
    /// Guests that began a conversation.
    guests: Bounded<(PeerKey, Encoding), GUESTS_TALKING_MAX>,
    /// Whether places for guests were short.
    pub(super) crowd: Crowd,
    /// Orders of this flow that are under way.
    orders: Bounded<(ReplyId, Wanted), TRUST_ORDERS_MAX>,
    /// Orders so far.
    count: u64,
}

/// Who waits for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A guest that has proven a secret.
    Grant(PeerKey),
    /// This device, which got a certificate.
    Enrol,
    /// A member that leaves.
    Leaver(PeerKey),
}

/// The invites' side of the flow.
#[derive(Debug, Default)]
pub(super) struct InvitesState {
    /// The file is not as the table is.
    pub(super) unsaved: bool,
    /// A save is under way, and whether the invite that was ordered is in it.
    pub(super) saving: Option<bool>,
    /// The invite that a person waits for.
    pub(super) ordered: Option<OrderedInvite>,
    /// When the lives are saved again.
    pub(super) save_at: Option<Instant>,
    /// When a save that failed is tried again.
    pub(super) resave: Resave,
    /// Admins whose key has two holders, until there is one: they get the invites then.
    pub(super) held: Bounded<PeerKey, DUPLICATES_MAX>,
}

/// An invite that is being saved.
#[derive(Debug)]
pub(super) struct OrderedInvite {
    pub(super) reply: ReplyId,
    pub(super) record: InviteRecord,
    /// The one in whose place it is written, and what was known of that.
    pub(super) replaces: Option<InviteId>,
    pub(super) before: Option<Before>,
    /// What it takes the place of, until that is on the disk.
    pub(super) back: Option<TakenBack>,
}

/// This device joins a mesh.
#[derive(Debug)]
pub(super) struct Joining {
    pub(super) machine: Join,
    /// What it joins by.
    pub(super) secret: Secret,
    /// That is an invite: nobody waits for it.
    pub(super) by_invite: bool,
    /// Whoever asked for it.
    pub(super) reply: ReplyId,
    /// The addresses that the owner gave.
    pub(super) given: Bounded<SocketAddr, INVITE_ADDRESSES_MAX>,
    /// The place that is dialled.
    pub(super) dialled: Option<Candidate>,
    /// The device at the other end of the conversation.
    pub(super) host: Option<PeerKey>,
    /// The last such device, and where it was reached.
    pub(super) reached: Option<(PeerKey, SocketAddr)>,
    /// Where the device is that said why this one is not let in, as far as that is known: others may have been reached after it.
    pub(super) said_at: Option<SocketAddr>,
    /// What it handed over, with its certificate, until that is on the disk.
    pub(super) joined: Option<(Joined, Chain)>,
    /// Its signatures were checked.
    pub(super) verified: bool,
}

impl Joining {
    /// Begins: `by_invite`, nobody waits for it.
    pub(super) fn new(
        machine: Join,
        (secret, by_invite): (Secret, bool),
        reply: ReplyId,
        given: Bounded<SocketAddr, INVITE_ADDRESSES_MAX>,
    ) -> Self {
        let (dialled, host, reached, said_at, joined, verified) = (None, None, None, None, None, false);
        Self { machine, secret, by_invite, reply, given, dialled, host, reached, said_at, joined, verified }
    }

    /// Something happened. The machine keeps the most telling failure of all devices that it talked with, and its maker is noted here.
    pub(super) fn act(&mut self, act: impl FnOnce(&mut Join, &mut Outbox<Effect>), effects: &mut Outbox<Effect>) {
        let (talking, dialled) = (self.host.and(self.reached), self.dialled.map(|dialled| dialled.address));
        let at = talking.map(|(_, at)| at).or(dialled).or(self.reached.map(|(_, at)| at));
        let before = self.machine.failure();
        act(&mut self.machine, effects);
        if self.machine.failure() > before {
            self.said_at = at;
        }
    }

    /// The addresses that were tried, where nobody was reached at those that the owner named, or the one at which a device was reached: a
    /// port may have been added to it, and another device may be there than the one that was meant.
    pub(super) fn tried(&self, why: Failure) -> String {
        if !matches!(why, Failure::NotFound | Failure::Unreachable) {
            return self.said_at.map(|at| format!(" The device that said so is at {at}.")).unwrap_or_default();
        }
        if self.given.is_empty() {
            return String::new();
        }
        let given: Vec<String> = self.given.iter().map(ToString::to_string).collect();
        format!(" It was tried at {}, over TCP.", given.join(" and "))
    }
}

impl InvitesState {
    /// Whether nobody waits for a save. What failed is not waited for: it is told.
    pub(super) const fn at_rest(&self) -> bool {
        self.saving.is_none()
    }
}

impl PairingState {
    /// A guest began a conversation; false if there is no room.
    pub(super) fn guest_began(&mut self, peer: PeerKey, encoding: Encoding) -> bool {
        self.guest_ended(peer);
        self.guests.push((peer, encoding)).is_ok()
    }

    /// The encoding of a guest's conversation, while it lasts.
    pub(super) fn guest(&self, peer: PeerKey) -> Option<Encoding> {
        self.guests.iter().find(|(of, _)| *of == peer).map(|(_, encoding)| *encoding)
    }

    /// A guest's conversation ended.
    pub(super) fn guest_ended(&mut self, peer: PeerKey) {
        self.guests.retain(|(of, _)| *of != peer);
    }

    /// The number of a new order of this flow; `None` if too many are under way. The driver counts those of people from below.
    pub(super) fn order(&mut self, wanted: Wanted) -> Option<ReplyId> {
        let reply = ReplyId(u64::MAX - self.count);
        self.orders.push((reply, wanted)).ok()?;
        self.count += 1;
        Some(reply)
    }

    /// Whoever waits for this order, which has ended; `None` if a person does.
    pub(super) fn take_order(&mut self, reply: ReplyId) -> Option<Wanted> {
        let at = self.orders.iter().position(|(of, _)| *of == reply)?;
        Some(self.orders.swap_remove(at).1)
    }

    /// Whether a device has proven a secret, and is being let in.
    pub(super) fn is_letting_in(&self) -> bool {
        self.orders.iter().any(|(_, wanted)| matches!(wanted, Wanted::Grant(_)))
    }

    /// Whether this device talks to this peer because it joins.
    pub(super) fn is_host(&self, peer: PeerKey) -> bool {
        self.joining.as_ref().is_some_and(|joining| joining.host == Some(peer))
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let admin = self.admin.as_deref().and_then(Admin::deadline);
        let invites = &self.invites;
        let save = earliest(invites.save_at, invites.resave.at().filter(|_| invites.unsaved));
        let admin = earliest(admin, save.filter(|_| invites.saving.is_none()));
        earliest(admin, self.joining.as_ref().and_then(|joining| joining.machine.deadline()))
    }
}
