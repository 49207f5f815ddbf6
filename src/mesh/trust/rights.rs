//! What a peer may do: from the caps of its certificate, and for each message.

use crate::wire::certificate::Caps;
use crate::wire::certificate::exchange::Exchange;
use crate::wire::message::Message;
use core::fmt;
use core::ops::BitOr;

/// A set of things that a peer may do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rights(pub(super) u8);

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// It may have a link, whichever side dials.
    pub const LINK: Self = Self(1);
    /// Its signature counts: its messages are taken, and gossip items that it signed are stored and passed on.
    pub const SIGN: Self = Self(1 << 1);
    /// It may be a member of the mesh.
    pub const MEMBER: Self = Self(1 << 2);
    /// It may exchange encrypted datagrams with this agent: the probes of the membership.
    pub const PROBE: Self = Self(1 << 3);
    /// Queries go to it and its answers count; its own queries are answered.
    pub const ANSWER: Self = Self(1 << 4);
    /// It may dial this agent without having any other right: identify, ping and pair, and show its certificate, for
    /// `GUEST_MS`.
    pub const GUEST: Self = Self(1 << 5);
    /// It hands over invites and takes them: what lets devices in. Only the certificate of an admin gives it.
    pub const ADMIN: Self = Self(1 << 6);
    /// Work goes to it and comes from it: the texts of collections that are shared with the members.
    pub const WORK: Self = Self(1 << 7);
    /// All that an owner grants by hand: all of these but `ADMIN`.
    pub const ALL: Self = Self(0b1011_1111);

    const NAMES: [(Self, &str); 8] = [
        (Self::LINK, "link"),
        (Self::SIGN, "sign"),
        (Self::MEMBER, "member"),
        (Self::PROBE, "probe"),
        (Self::ANSWER, "answer"),
        (Self::GUEST, "guest"),
        (Self::ADMIN, "admin"),
        (Self::WORK, "work"),
    ];

    /// Whether all of `others` are among these.
    #[must_use]
    pub const fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// What the caps of a certificate allow; without a certificate the peer is a guest. The only place where caps become
    /// rights.
    #[must_use]
    pub fn of(caps: Option<Caps>) -> Self {
        let Some(caps) = caps else { return Self::GUEST };
        // Whoever has a certificate takes part in the membership: else nobody would know whether a worker is up, or an admin.
        let mut rights = Self::GUEST | Self::LINK | Self::SIGN | Self::MEMBER | Self::PROBE;
        if caps.contains(Caps::MEMBER) {
            rights = rights | Self::ANSWER;
            // What a worker may embed, a member may see too. For a device that is no member no collection allows it yet.
            if caps.contains(Caps::WORKER) {
                rights = rights | Self::WORK;
            }
        }
        if caps.contains(Caps::ADMIN) {
            rights = rights | Self::ADMIN;
        }
        rights
    }

    /// What a peer must be allowed for a message of it to be taken.
    #[must_use]
    pub fn needed_for(message: &Message) -> Self {
        let linked = Self::LINK | Self::SIGN;
        match message {
            // A guest shows its certificate, and is told what this agent thinks of it.
            Message::Trust(Exchange::Show(_) | Exchange::Refused(_)) => Self::GUEST,
            Message::Trust(Exchange::Invite(_)) => linked | Self::MEMBER | Self::ADMIN,
            Message::Trust(Exchange::Digest { .. } | Exchange::Push(_) | Exchange::Leave)
            | Message::Member(_)
            | Message::MemberList { .. }
            | Message::MemberDigest(_) => linked | Self::MEMBER,
            Message::Keys(_) => linked | Self::PROBE,
            Message::Query(_)
            | Message::Answer(_)
            | Message::Vectors(_)
            | Message::Coverage(_)
            | Message::Unread(_)
            | Message::Unembedded(_)
            | Message::Unusable(_)
            | Message::Filters(_)
            | Message::Filtered(_)
            | Message::Holdings(_)
            | Message::CutShort(_)
            | Message::Coming(_) => linked | Self::ANSWER,
            Message::Work(_) | Message::Why(_) => linked | Self::WORK,
            Message::Hello { .. }
            | Message::Echo(_)
            | Message::Gossip(_)
            | Message::LatestStart(_)
            | Message::Duplicate(_) => linked,
        }
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Self::NAMES.iter().filter(|(right, _)| self.contains(*right));
        f.debug_set().entries(held.map(|(_, name)| name)).finish()
    }
}
