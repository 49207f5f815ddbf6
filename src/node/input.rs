//! Everything that can happen to a node.

use crate::base::filter::Filter;
use crate::base::id::{DocId, PeerKey, ReplyId, SaveId, TaskId};
use crate::base::time::Duration;
use crate::energy::decision::Decision;
use crate::limits::{INVITE_ADDRESSES_MAX, INVITE_ISSUERS_MAX};
use crate::mesh::pairing::failure::Lost;
use crate::mesh::pairing::join::Candidate;
use crate::mesh::pairing::window::Secrets;
use crate::mesh::trust;
use crate::mesh::trust::authority::Order;
use crate::node::output::Problem;
use crate::scheduler::addition::Addition;
use crate::scheduler::attempt::Decided;
use crate::scheduler::regroup::Regroup;
use crate::scheduler::task::Outcome;
use crate::wire::certificate::exchange::Page;
use crate::wire::certificate::{Chain, Record};
use crate::wire::envelope::{BadMessage, Encoding};
use crate::wire::gossip::{Relayed, Said};
use crate::wire::message::Message;
use crate::wire::pairing::exchange::EXCHANGE_RANDOM_BYTES;
use crate::wire::pairing::invite::Invite;
use crate::wire::pairing::invite::InviteRecord;
use crate::wire::pairing::secret::Secret;
use crate::wire::pairing::{InviteId, Way};
use core::net::SocketAddr;
use heapless::Vec as Bounded;

pub use crate::scheduler::saves::{NotSaved, Saved};

/// One event, in the order in which the driver saw it.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The deadline has come, or the machine woke from suspend.
    Wake,
    /// A request of a person or program. Exactly one `Reply` follows.
    Api(ReplyId, Request),
    /// Nobody waits for this reply any more. None needs to follow.
    Gone(ReplyId),
    /// A task ended, after so much CPU time of its thread.
    Done(TaskId, Outcome, Duration),
    /// A save is on the disk, synced; or it is not, and neither will be any later one until an `Output::Mend` succeeds.
    Saved(SaveId, Result<Saved, NotSaved>),
    /// The store cannot be found on the disk, for this reason.
    StoreLost(String),
    /// The store is damaged, in these words: only the next start mends it.
    StoreDamaged(String),
    /// The boot counter of a `SaveBootCounter` is on the disk, synced: the next start counts above this number.
    BootCounterSaved(u32),
    /// Something may have changed at this absolute path.
    PathChanged(Vec<u8>),
    /// Exactly these watched folders and files are not reported as changed by the system.
    Unwatched(Vec<Vec<u8>>),
    /// Exactly these watched folders and files have all their watches: the system reports their changes.
    Followed(Vec<Vec<u8>>),
    /// Exactly these folders and files, watched or in a watched folder, cannot be read by this user.
    Locked(Vec<Vec<u8>>),
    /// File events were lost: every source must be scanned.
    EventsLost,
    /// Something happened on the link to a known peer.
    Link(PeerKey, LinkInput),
    /// A SWIM packet of a known peer came as a datagram, which is authenticated by its session key.
    SwimPacket(PeerKey, Vec<u8>),
    /// A fact of this agent is signed: the whole message.
    Signed(Vec<u8>),
    /// A gossip item that this peer forwarded has a valid signature of its origin.
    Verified(PeerKey, Relayed),
    /// A gossip item that this peer forwarded has none.
    VerifyFailed(PeerKey),
    /// A decision about what a peer may do. Nothing follows if that is so already.
    Trust(trust::Input),
    /// The records of an `Output::SignRecords`, signed with this agent's key.
    RecordsSigned(Vec<Record>),
    /// Records that this peer sent: those with a valid signature of their issuer, and how many others there were.
    RecordsVerified(PeerKey, Page, usize),
    /// A save of all records is on the disk, synced; or whose turn it is and why it is not.
    RecordsSaved(u64, Result<(), (Problem, String)>),
    /// The invites of a `SaveInvites` are on the disk, synced; or why they are not.
    InvitesSaved(Result<(), String>),
    /// A peer that may not link dialled and showed this certificate, unchecked. It waits `GUEST_DECISION_MS` for being admitted.
    Presented(PeerKey, Box<Chain>),
    /// Something happened in a conversation with a guest at this address, or with the device that this one is a guest of.
    Guest(PeerKey, SocketAddr, GuestInput),
    /// A conversation as a guest, which this agent dialled at this address, did not begin.
    GuestFailed(SocketAddr, Lost),
    /// Places for guests were short: the guest from this address had to go.
    GuestsCrowded {
        /// Where it came from.
        address: SocketAddr,
        /// Whether it had just come, and all others converse; else it was the oldest that said nothing.
        refused: bool,
    },
    /// The addresses of a `KeepAddresses` are on the disk, or why they are not.
    AddressesKept(PeerKey, Result<(), String>),
    /// An address of a peer by discovery. Anybody can announce one; only a dial proves it.
    PeerDiscovered(PeerKey, SocketAddr),
    /// Where this agent can be dialled from now on; at most `ADDRESSES_MAX` addresses.
    ListenAddresses(Vec<SocketAddr>),
    /// What the governor allows from now on.
    Power(Decision),
    /// Free space on the disk of the agent's home.
    Disk {
        /// Bytes.
        free: u64,
    },
    /// Finish what is under way and start nothing.
    Stop,
}

/// What happens in a conversation with a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuestInput {
    /// It began.
    Began {
        /// Whether this agent dialled, and is the guest.
        dialled: bool,
        /// The encoding of its messages.
        encoding: Encoding,
    },
    /// One frame or line came.
    Received {
        /// Its content.
        bytes: Vec<u8>,
        /// From the operating system, for the answer to it.
        random: Box<[u8; EXCHANGE_RANDOM_BYTES]>,
    },
    /// It ended.
    Ended,
}

/// What happens on a link.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkInput {
    /// It is up, to or from this address, whichever side dialled.
    Up(SocketAddr),
    /// The agent at the other end, at this address, has this mark of its start: random, the same on all its links.
    Started(SocketAddr, u64),
    /// A second device proved the peer's key while the link to the first one answered. It got no link.
    Duplicate {
        /// Where the linked one is.
        linked: SocketAddr,
        /// Where the other one is.
        other: SocketAddr,
    },
    /// A message of the peer was refused, for this reason.
    Refused(BadMessage),
    /// The peer sent a message that this agent signed in this start of its own; `None`: what it sent proves nothing.
    LatestStart(Option<u32>),
    /// It is gone, for this reason.
    Down(String),
    /// A dial failed.
    DialFailed,
    /// A message of the peer, with its signature verified; no message comes twice.
    Received(Box<Message>),
}

/// A request, validated by `http::api`.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Watch this folder or file from now on. The path is absolute, and something is there.
    Add(Addition),
    /// Change a collection's name or ring.
    Regroup(Regroup),
    /// Forget what is at this absolute path: see `scheduler::Input::Forget`.
    Forget(Vec<u8>),
    /// Forget documents that are kept without their files: see `scheduler::Input::ForgetKept`.
    ForgetKept(Vec<u8>),
    /// Keep documents whose files are away or gone: see `scheduler::Input::Keep`.
    Keep(Vec<u8>),
    /// Try a parked task again, or drop it; `None`: all of them.
    Decide(Option<DocId>, Decided),
    /// Check the store for consistency.
    Audit,
    /// Search.
    Search {
        /// The query's text, at most `QUESTION_BYTES_MAX` bytes.
        question: String,
        /// Hits wanted, 1 to `HITS_MAX`.
        count: usize,
        /// Which documents of which devices it is asked of.
        filter: Filter,
    },
    /// Have these texts of a program embedded by linked members: of at most `LEASE_CHUNKS_MAX` texts and `GRANT_BYTES_MAX` bytes, none empty.
    Embed(Vec<String>),
    /// Certify or remove a device.
    Mesh(Order),
    /// Let a device in, join a mesh, or show it.
    Pairing(Pairing),
    /// Whose turn it is to update its system, where this is so of this device: `Response::Turn`.
    Update(Said),
    /// Ask the linked devices why they do as little work as they do; the status then has what they told.
    AskWhy,
    /// The node's status.
    Status,
    /// End the agent, as `Input::Stop` does.
    Stop,
}

impl Request {
    /// A question that is asked of all documents of all devices.
    #[must_use]
    pub fn search(question: &str, count: usize) -> Self {
        Self::Search { question: question.to_owned(), count, filter: Filter::default() }
    }
}

/// A request about pairing and the mesh.
#[derive(Clone, Debug, PartialEq)]
pub enum Pairing {
    /// Open a window with these secrets, in place of an earlier one.
    Open(Box<Secrets>),
    /// Close the window.
    Close,
    /// Show the window, or how the last one ended.
    Show,
    /// Issue this invite, in the place of another one where one is named.
    Invite(Box<InviteRecord>, Option<InviteId>),
    /// Whether this device has joined its mesh by this invite.
    Used(InviteId),
    /// Leave the mesh for good.
    Leave {
        /// Also if no admin is left.
        anyway: bool,
        /// It is on the disk that the device leaves, so that an admin is told now. Else the answer says only whether it may leave.
        noted: bool,
    },
    /// Join a mesh.
    Join(Box<Wanted>),
    /// Show the mesh.
    Mesh,
}

/// The mesh that this device is to join, and by what.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What the admin knows as well.
    pub secret: Secret,
    /// Which of the admin's secrets that is.
    pub way: Way,
    /// The mesh that it is for, if the QR code or the invite says so.
    pub mesh: Option<[u8; 32]>,
    /// The only devices that may answer; empty: any.
    pub admins: Bounded<PeerKey, INVITE_ISSUERS_MAX>,
    /// Where to try first: the owner gave these places.
    pub places: Bounded<Candidate, INVITE_ADDRESSES_MAX>,
    /// Whether an admin is looked for in the network as well.
    pub searching: bool,
}

impl From<&Invite> for Wanted {
    fn from(invite: &Invite) -> Self {
        let Invite { mesh, id, secret, issuers, addresses, .. } = invite;
        Self {
            secret: secret.verifier(*id).secret(),
            way: Way::Invite(*id),
            mesh: Some(*mesh),
            // The reader of invites keeps to both caps.
            admins: issuers.iter().copied().take(INVITE_ISSUERS_MAX).collect(),
            places: addresses
                .iter()
                .take(INVITE_ADDRESSES_MAX)
                .map(|at| Candidate { address: *at, peer: None })
                .collect(),
            searching: true,
        }
    }
}
