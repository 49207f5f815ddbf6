//! What the links report to the driver.

use super::channel::Channel;
use super::frame::Frame;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use std::net::SocketAddr;

/// What happened on the links. Per peer, `Up` and `Down` alternate, with frames between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEvent {
    /// A link to an allowed peer came up.
    Up {
        /// Its proven PeerId.
        peer: PeerId,
        /// The address at the other end.
        address: Multiaddr,
        /// Whether this agent dialled.
        dialled: bool,
    },
    /// The mark of the start of the agent at the other end of a link that just came up: random, the same on all links
    /// of one start of an agent. Agents of before send none.
    Started {
        /// The peer.
        peer: PeerId,
        /// The address at the other end.
        address: Multiaddr,
        /// The mark.
        start: u64,
    },
    /// A second device with the key of a peer, or with this agent's own: it proved the key while the peer's link, of another start, answered. It
    /// gets no link; [`Links::send_to_duplicate`](super::Links::send_to_duplicate) tells it why.
    Duplicate {
        /// The PeerId of both.
        peer: PeerId,
        /// The address of the one that is linked.
        linked: Multiaddr,
        /// The address of the one that is not.
        other: Multiaddr,
    },
    /// The link went down; frames on their way may be lost.
    Down {
        /// The peer.
        peer: PeerId,
        /// A phrase for people.
        why: String,
    },
    /// A dial did not lead to a link. A link from before is not affected.
    DialFailed {
        /// The peer that was dialled.
        peer: PeerId,
        /// At which address.
        address: Multiaddr,
        /// A phrase for people.
        why: String,
    },
    /// A device that may not link tried to. Repeated tries of the same device are reported once, and of many devices a few
    /// a minute.
    UnknownPeer {
        /// Whether people are told: of many tries few are.
        told: bool,
        /// Its proven PeerId.
        peer: PeerId,
        /// The address that it dialled from.
        address: SocketAddr,
    },
    /// A device that may not link dialled and showed certificates. It waits `GUEST_DECISION_MS` for being admitted.
    Presented {
        /// Its proven PeerId.
        peer: PeerId,
        /// The address that it dialled from.
        address: SocketAddr,
        /// The certificates as they came, unchecked.
        certificates: Vec<u8>,
    },
    /// Something happened in a conversation with a guest: a peer that may not link and may be paired. Per peer, `Began` comes
    /// first and `Ended` last.
    Guest {
        /// Its proven PeerId.
        peer: PeerId,
        /// The address at the other end.
        address: SocketAddr,
        /// What happened.
        what: GuestEvent,
    },
    /// A conversation as a guest, which this agent dialled, did not begin.
    GuestFailed {
        /// At which address.
        address: SocketAddr,
        /// A phrase for people.
        why: String,
        /// Whether the device that was meant answered there, and ended it.
        met: bool,
    },
    /// All places for guests, or all of one address, were taken when another one came.
    GuestsCrowded {
        /// Where the guest came from that had to go.
        address: SocketAddr,
        /// Whether that is the new one, as all others converse; else the oldest that said nothing went.
        refused: bool,
    },
    /// One whole frame of a peer whose link is up. The sender is proven, the content is not checked.
    Frame {
        /// The sender.
        peer: PeerId,
        /// On which channel.
        channel: Channel,
        /// The frame.
        bytes: Frame,
    },
}

/// What happened in a conversation with a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestEvent {
    /// It began.
    Began {
        /// Whether this agent dialled, and is the guest.
        dialled: bool,
        /// Whether its frames are lines of JSON.
        json: bool,
    },
    /// One whole frame, of at most `PAIR_FRAME_MAX` bytes, or a line of at most `PAIR_LINE_MAX`. The sender is proven, the content is not checked.
    Frame(Vec<u8>),
    /// It ended; a phrase for people.
    Ended(String),
}
