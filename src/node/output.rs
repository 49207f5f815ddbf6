//! Everything that a node wants done.
//!
//! Signing and verifying are ports (`Sign`, `Verify`, the messages of `Send`), though both are pure: with true Ed25519 ten simulated minutes of 100 agents took 52.3 s of CPU for 5.5. The simulator's messages have no signature (`wire::envelope::unsigned`); which are accepted is decided in `wire` alone.

use super::mesh_report::{InviteReport, JoinReport, MeshReport, PairingReport};
use super::status::Status;
use crate::base::hit::{Absence, FileCoverage, UnusableFile, is_false, is_zero};
use crate::base::id::{DocId, PeerKey, ReplyId, Row, SaveId, TaskId};
use crate::base::time::Duration;
use crate::base::vector::Quantized;
use crate::energy::policy::gate::Backlog;
use crate::limits::GOSSIP_BATCH_MAX;
use crate::mesh::gossip::ItemRef;
use crate::mesh::trust::{Refused, Rights};
use crate::scheduler::task::{ReplacedDisk, Task};
use crate::store::audit::Audit;
use crate::store::change::Change;
use crate::wire::certificate::exchange::Page;
use crate::wire::certificate::{Record, Refusal};
use crate::wire::envelope::BadMessage;
use crate::wire::gossip::{Fact, Relayed};
use crate::wire::message::Message;
use crate::wire::pairing::Refusal as PairingRefusal;
use core::net::SocketAddr;

/// Gossip items that leave in one frame.
pub type ItemRefs = heapless::Vec<ItemRef, GOSSIP_BATCH_MAX>;

/// One order to the driver, to be carried out in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A peer has exactly these rights from now on: links, the verification of messages, datagrams and files obey them.
    Admit(PeerKey, Rights),
    /// A peer has no rights any more: its link ends, what it sends is refused, its addresses are forgotten.
    Expel(PeerKey),
    /// Dial a peer; an `Up` or a `DialFailed` follows.
    Dial(PeerKey, SocketAddr),
    /// Send a message to a linked peer. It is lost if the link is full or gone.
    Send(PeerKey, Message),
    /// Send a SWIM packet to a known peer, as an encrypted datagram; it may be lost.
    SwimPacket(PeerKey, Vec<u8>),
    /// End the link to a peer. A `Down` follows.
    HangUp(PeerKey, HangUp),
    /// Save that the next start must count above this number. A `BootCounterSaved` follows once it is on the disk.
    SaveBootCounter(u32),
    /// Sign everything from now on with this count of starts, which is on the disk, and send the keys of datagrams again: peers refused those of a lower one.
    RaiseBoot(u32),
    /// Send a linked peer a message of its latest start that was accepted here, as a proof for it.
    ProveStart(PeerKey),
    /// Send a message to the second device with a peer's key, which got no link.
    TellDuplicate(PeerKey, Message),
    /// Sign this fact as a gossip item of this agent; one `Signed` follows.
    Sign(Fact),
    /// Verify the signature of a gossip item that this peer forwarded. `Verified` or `VerifyFailed` follows, or nothing if its origin is not known.
    Verify(PeerKey, Relayed),
    /// A member has the same certificates and removals as this device, which had those of a backup until then.
    RecordsAgree,
    /// Sign these records with this agent's key; one `RecordsSigned` follows.
    SignRecords(Vec<Record>),
    /// Check the signatures of records that this peer sent; one `RecordsVerified` follows.
    VerifyRecords(PeerKey, Page),
    /// Save these bytes in place of all records that were saved before, synced, with this number; one `RecordsSaved` follows.
    SaveRecords(u64, Vec<u8>),
    /// Save these bytes in place of all invites that were saved before, synced; one `InvitesSaved` follows.
    SaveInvites(Vec<u8>),
    /// Show these certificates to the peers that are dialled from now on; empty: none.
    ShowCertificates(Vec<u8>),
    /// A peer dialled and showed certificates that are not taken: let it have one short link. An `Up` follows, and it is told why.
    HearOut(PeerKey),
    /// Begin a conversation as a guest of this peer, or of whoever answers; a `Guest` or `GuestFailed` follows.
    DialAsGuest {
        /// Who must answer.
        peer: Option<PeerKey>,
        /// Where.
        address: SocketAddr,
        /// Whether the owner gave the address: it is dialled wherever it is.
        given: bool,
    },
    /// Send a frame or line in the conversation with a guest, or with the device that this one is a guest of.
    SendToGuest(PeerKey, Vec<u8>),
    /// End that conversation after what was sent.
    EndGuest(PeerKey),
    /// Report devices that may not link as `PeerDiscovered` too, those that were found before among them; or no more.
    SearchAdmins(bool),
    /// A peer has let this device in at this address: it may be dialled there, also on this machine.
    Reached(PeerKey, SocketAddr),
    /// Send gossip items to a linked peer; `Node::push_message` makes the message when the order is carried out.
    Push {
        /// The peer.
        to: PeerKey,
        /// The items.
        items: ItemRefs,
        /// Whether it asked for them.
        requested: bool,
    },
    /// Save the addresses at which a peer was reached, for the next start; the newest first, at most `ADDRESSES_MAX`.
    SaveAddresses(PeerKey, Vec<SocketAddr>),
    /// The same at once, synced; one `AddressesKept` follows.
    KeepAddresses(PeerKey, Vec<SocketAddr>),
    /// Save what a peer calls itself, for people: it may be off at the next start.
    SaveName(PeerKey, String),
    /// Run a task; one `Done` follows. `EmbedQuery` and `Retrieve` wait behind no other kind, `EmbedHit` behind them; `Audit` has its own thread.
    Start(TaskId, Task),
    /// Apply the changes in order and sync; exactly one `Saved` follows.
    Save(SaveId, Vec<Change>),
    /// Make the store writable again after a save that failed, then do as for `Save`; exactly one `Saved` follows.
    Mend(SaveId, Vec<Change>),
    /// Answer a request.
    Reply(ReplyId, Response),
    /// Report every change at this path or below it, from now on.
    Watch(Vec<u8>),
    /// A question of a peer comes in a moment: background work stands still before its next text, for a short while.
    GiveWay,
    /// For the governor: the waiting work, whenever that changes.
    Demand(Backlog),
    /// For the governor: people began (true) or ceased (false) to wait for answers here.
    Answering(bool),
    /// For the governor: what a background task used.
    Spent {
        /// CPU time of its thread.
        cpu: Duration,
        /// Chunks that it embedded.
        chunks: usize,
    },
    /// Report no changes at this path any more, unless a source covers it.
    Unwatch(Vec<u8>),
    /// Measure the free space on the disk of the home, and look whether the store is there; one `Disk` follows, and a `StoreLost` if it is not.
    MeasureDisk,
    /// A fact for the log and the event list.
    Notice(Notice),
    /// Nothing is under way any more; the process may end.
    Stopped,
}

/// A fact for the log and the event list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something was left out of a scan: what, and why.
    LeftOut(String),
    /// A source would lose many documents at once, and asks its owner: what and how to decide.
    Asks(String),
    /// Background work is held: why.
    Held(String),
    /// Background work goes on.
    Resumed,
    /// The governor allows no embedding, and has not for a while: why.
    WorkWaits(String),
    /// It allows some again, and has for a while.
    WorkGoesOn,
    /// A document cannot be used: which, and why.
    Refused(DocId, String),
    /// The store cannot be read; nothing is saved any more.
    Broken(String),
    /// Another disk is in the place of one with documents.
    Replaced(ReplacedDisk),
    /// Devices of the mesh are up, of which this run had not heard before: they joined, or this agent has just started.
    Up(Vec<String>),
    /// Devices are down: neither this one nor the members that it asked reached them.
    Down(Vec<String>),
    /// Devices were stopped by their owners, and said so.
    WasStopped(Vec<String>),
    /// Devices that were down, or that started again, are back.
    Back(Vec<String>),
    /// A device kept claiming that others are down which are not; its claims are ignored for a while.
    Quarantined(String),
    /// This device was suspended for so long; it asks the mesh what changed.
    Suspended(Duration),
    /// A device is linked.
    Linked(String),
    /// The link to a device is gone, with the reason.
    Unlinked(String, String),
    /// The rights of a device changed.
    Admitted(String),
    /// A device was removed from the mesh, and has no rights here any more: which, and who removed it, as far as records say.
    Expelled(String, Option<String>),
    /// Likewise one that nobody removed: it has no certificate of this device's mesh, which may have begun just now.
    Uncertified(String),
    /// A device was not admitted: which, and why.
    NotAdmitted(String, Refused),
    /// A certificate that a device showed, or a record that it sent, was not taken: which device, and why.
    CertificateRefused(String, Refusal),
    /// A device did not take this one's certificate: which device, and why.
    RefusedBy(String, Refusal),
    /// This device was removed from its mesh: by whom, as far as records say, and the names of the devices to which its links end.
    RemovedHere(Option<String>, Vec<String>),
    /// A device was let in by a code or an invite: its name, and the three words of a code. Whoever comes by an invite compares none.
    Paired(String, Option<String>),
    /// A device was not let in: its PeerId, why, and how many tries the window has left.
    NotPaired(String, PairingRefusal, Option<u8>),
    /// A device says that it left the mesh for good.
    Left(String),
    /// Two devices have one key: whose, and a whole sentence.
    Duplicate(String, String),
    /// Messages of a device are refused: its name, how many lately, and why the last one.
    NotAccepted(String, u64, BadMessage),
    /// This agent's count of starts was behind what a peer has seen of it; it goes on with this number.
    CountRaised(u32),
    /// A device sent something false: its name, and the rest of the sentence after the name.
    Offence(String, &'static str),
    /// A device says that a vector which this one made for it is false: its name.
    Disputed(String),
    /// A device misused gossip: its name, and the rest of the sentence after the name.
    BadGossip(String, &'static str),
}

/// Why a link is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// Nothing goes over it, and other links carry the gossip.
    NotNeeded,
    /// The membership protocol found its device down.
    DeviceDown,
    /// It has shown no certificate in time.
    NotAdmitted,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// It is watched, and that is on the disk.
    Added,
    /// The collection is changed, and that is on the disk: its name, in the spelling that it has now.
    Regrouped(String),
    /// The owner's decision is on the disk; a sentence says what was done.
    Done(String),
    /// A device is certified, and that is on the disk: the chain that it is handed (`wire::certificate::Chain`).
    Certified(Vec<u8>),
    /// The window for pairing.
    Pairing(Box<PairingReport>),
    /// An invite is issued, and that is on the disk.
    Invited(Box<InviteReport>),
    /// This device has joined a mesh, and that is on the disk.
    Joined(Box<JoinReport>),
    /// The mesh.
    Mesh(Box<MeshReport>),
    /// The result of an audit.
    Audit(Audit),
    /// Hits, best first.
    Hits {
        /// The hits.
        hits: Vec<RankedHit>,
        /// Devices asked, this one included.
        asked: usize,
        /// Devices that answered in time.
        answered: usize,
        /// Those that did not, at most `SILENT_NAMED_MAX`.
        silent: Vec<SilentDevice>,
        /// Devices that are up and were not asked: in a large mesh not every two are linked.
        not_asked: usize,
        /// Linked devices that were not asked, because they share nothing that this one does not have.
        nothing_else: Vec<DeviceName>,
        /// Devices that were not asked, because two devices use their key.
        frozen: Vec<DeviceName>,
        /// What was not searched at all.
        uncovered: Uncovered,
        /// How many of this device's files were searched.
        files: FileCoverage,
        /// The same of the other devices that told it with their answers.
        others: Vec<DeviceCoverage>,
        /// False if none of the hits fits the question: they are only the nearest.
        fits: bool,
        /// What the question says beside its words.
        narrowed: Narrowed,
        /// Files of this device that cannot be used: how many there are, and those whose name is asked for.
        unusable: (u64, Vec<UnusableFile>),
        /// Why nothing is indexed, if it is held: a full disk.
        held: Option<String>,
    },
    /// The vectors of a program's texts; `None`: no other device embedded them.
    Embedded(Option<Vec<Quantized>>),
    /// It was not done: whose turn it is, and a sentence.
    Refused(Problem, String),
    /// Whether it is this device's turn to update.
    Turn(bool),
    /// So many devices were asked; what they tell is in the status then.
    Asked(usize),
    /// The node's status.
    Status(Box<Status>),
}

/// What a question says beside its words, and what that did to the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Whether it has words in quotes that no passage has as they stand, although there are hits: they are only the nearest.
    pub no_phrase: bool,
    /// Whether it, or a good part of the documents, is in another language than English, which alone is matched by its meaning here.
    pub english_only: bool,
    /// The filters, as they are typed.
    pub filters: Vec<String>,
    /// Devices that do not know filters: what they have may be missing.
    pub unfiltered: Vec<String>,
    /// A sentence for each collection that is asked for and that nobody is known to have, with the names of those that there are; and one where this device was removed from its mesh, so that nobody else is asked; and for a type that nothing found has and that is no kind, or of which no file is here; and for the numbers of the question that no passage found has, and its words that none has.
    pub unknown: Vec<String>,
}

impl Response {
    /// A refusal in a plain sentence.
    pub fn refused(problem: Problem, why: impl Into<String>) -> Self {
        Self::Refused(problem, why.into())
    }
}

/// A device that did not answer in time.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SilentDevice {
    /// Its name, as in [`RankedHit::device`].
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// Whether it cannot answer, because its model is another one. Left out where it is the same, or not known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub other_model: bool,
}

/// A device, for people.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeviceName {
    /// Its name, as in [`RankedHit::device`].
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
}

/// The documents that no answer is of, as far as is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Uncovered {
    /// How many: of devices that did not answer or are not linked, and those that are still to be read.
    pub documents: u64,
    /// Those of them that are of devices that did not answer or are not linked, by what these told last.
    pub elsewhere: u64,
    /// Such devices of which is not known how many they have.
    pub unknown_devices: usize,
}

/// How many of its files another device searched: of those that it shares with the members, by its own word.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct DeviceCoverage {
    /// Its name, as in [`RankedHit::device`].
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// The counts.
    pub files: FileCoverage,
    /// Files that it shares and cannot use, which are not in the counts. Left out where there are none, or it did not say.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unusable: u64,
}

/// A hit.
#[derive(Clone, Debug, PartialEq)]
pub struct RankedHit {
    /// The name of the device that holds it; with the end of its PeerId, if another device has the same name.
    pub device: String,
    /// That device's PeerId.
    pub peer_id: String,
    /// Its score, see `search::fusion`.
    pub score: f32,
    /// The document's path; of another device's document from the name of its watched folder on.
    pub path: Vec<u8>,
    /// Headings above it.
    pub heading: String,
    /// The chunk's text, as in the document, without payload.
    pub text: String,
    /// The sentences of it that have the most of the question's words, see `search::snippet`.
    pub snippet: Vec<String>,
    /// That its file is not there, or cannot be read; `None` if it can be.
    pub absence: Option<Absence>,
    /// The row of the passage in the store, by which it is found in its document. Only of this device.
    pub passage: Option<Row>,
    /// Since when its file is gone, in seconds since 1970, while its owner is asked what is to become of it, else `None`. Only of this device.
    pub gone_since: Option<i64>,
    /// All files with this text that were found, this hit's first; at most `PLACES_MAX`.
    pub places: Vec<RankedPlace>,
}

/// A file that holds the text of a hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedPlace {
    /// The name of the device that has it, as in [`RankedHit::device`].
    pub device: String,
    /// That device's PeerId.
    pub peer_id: String,
    /// The document's path, as in [`RankedHit::path`].
    pub path: Vec<u8>,
}

/// Who can do something about a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The caller: ask for something else.
    Conflict,
    /// Nobody: try again later.
    Busy,
    /// The owner: free some disk space.
    DiskFull,
    /// The owner: the store or the engine failed.
    Broken,
    /// Nobody: the agent ended before it answered. Whether the request was carried out is not known.
    Unanswered,
}
