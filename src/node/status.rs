//! The state of a node, as plain data for the API and the page.

use crate::base::finding::Finding;
use crate::base::id::{DocId, PeerKey};
use crate::base::time::Duration;
use crate::energy::measured::Measured;
use crate::energy::reason::Reason;
use crate::mesh::swim::Liveness;
use crate::scheduler::attempt::FailingDocuments;
use crate::scheduler::offload::lender::again::Again;
use crate::scheduler::only_here::OnlyHere;
use crate::scheduler::task::SpokenLanguages;
use crate::search::indexes::IndexMemory;
use crate::store::counts::StoreCounts;
use crate::store::record::{CollectionModel, Mark, NamedModel, Source};
use crate::wire::gossip::{Collection, Headroom};
use core::net::SocketAddr;

/// The state of a node at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The agent's PeerId.
    pub peer_id: String,
    /// The device's name.
    pub device: String,
    /// The id of its mesh in hex; `None`: it belongs to none.
    pub mesh: Option<String>,
    /// How many documents are in which state.
    pub counts: StoreCounts,
    /// The watched folders and files.
    pub sources: Vec<Source>,
    /// The model.
    pub model: NamedModel,
    /// The language of the most documents, if the model does not know that of most.
    pub foreign: Option<&'static str>,
    /// The known peers.
    pub peers: Vec<PeerStatus>,
    /// What they published by gossip.
    pub gossip: Vec<PeerGossip>,
    /// What only the driver knows.
    pub driver: FromDriver,
    /// What the scheduler does.
    pub work: WorkStatus,
    /// What the node's own machines find wrong.
    pub findings: Vec<Finding>,
}

/// What the scheduler does at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkStatus {
    /// Background tasks and saves under way.
    pub running: usize,
    /// Whether the agent is not at rest: something is under way, or waits and comes next.
    pub working: bool,
    /// Whether a folder is being scanned.
    pub scanning: bool,
    /// Documents to be read or embedded for which something can be done: those that wait for files that are away are not in it.
    pub to_do: u64,
    /// Why background work is held, if it is.
    pub held: Option<String>,
    /// What is so with the watched folders and files, in the order of `Status::sources`.
    pub folders: Vec<FolderStatus>,
    /// Private collections without a folder.
    pub private_names: Vec<String>,
    /// The models of collections that have one of their own.
    pub models: Vec<CollectionModel>,
    /// The languages of the collections, as far as they are known.
    pub languages: Vec<SpokenLanguages>,
    /// Whether the home's model knows English alone.
    pub english: bool,
    /// What waits, and what of it travels.
    pub shared: SharedWork,
    /// How fast this device embeds; `None`: it has not embedded enough since it was started.
    pub own_speed: Option<crate::energy::duty_cycle::OwnSpeed>,
}

/// Work that waits, and work that travels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedWork {
    /// Documents to be read.
    pub to_read: u64,
    /// Chunks to be embedded.
    pub to_embed: u64,
    /// Chunks of others that are here to be embedded.
    pub borrowed: u64,
    /// Chunks of others that wait for anybody who embeds them, as they say.
    pub offered: u64,
    /// What was embedded more than once since it started.
    pub again: Again,
    /// Who has had chunks of this device since it started.
    pub lent: Vec<LentStatus>,
    /// Background tasks that run here.
    pub running: Vec<RunningStatus>,
    /// Chunks that get their vectors in a minute, on all devices together, if that is known.
    pub per_minute: Option<u64>,
    /// Whether this device may embed now, although it may be between two tasks.
    pub embeds: bool,
    /// Devices that may embed for this one and are down.
    pub absent: Vec<AbsentStatus>,
    /// The first `PARKED_SHOWN` parked tasks; the counts have their number.
    pub parked: Vec<ParkedStatus>,
    /// Why it waits.
    pub why: WhyStatus,
}

/// Why work waits, of each device and each kind of work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WhyStatus {
    /// What limits this device; `None`: nothing.
    pub hold: Option<HoldStatus>,
    /// Devices that may work for this one and are linked or down.
    pub devices: Vec<DeviceHold>,
    /// Documents whose tasks failed and that are tried again.
    pub failing: FailingDocuments,
    /// Documents that wait for files that are not there.
    pub away: u64,
    /// Files that are read here in a minute, by the last seconds; `None`: none is.
    pub read_per_minute: Option<u64>,
    /// Devices that offer work to this one and do not answer when it asks for some.
    pub silent_owners: Vec<SilentOwnerStatus>,
    /// Whether only this device may embed the chunks that wait and that no other device has.
    pub only_here: OnlyHere,
    /// Whether two devices use this device's own key, so that others take no question of it.
    pub own_key_twice: bool,
}

/// A device that offers work to this one and does not answer when it asks for some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SilentOwnerStatus {
    /// Its name.
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// Chunks that it offers, as it said last.
    pub chunks: u64,
    /// Questions in a row that it has not answered.
    pub questions: u64,
    /// How long ago the first of them was asked.
    pub since_ago: Duration,
    /// In what time it is asked next; `None`: once this device works for others, which it may not just now.
    pub next_in: Option<Duration>,
}

/// What limits the background work of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldStatus {
    /// The reason, or the code of one that this version does not know.
    pub reason: Result<Reason, String>,
    /// The figure behind it.
    pub measured: Option<Measured>,
    /// Percent of the device that may work all the same.
    pub share: u8,
    /// How long it has held.
    pub since_ago: Duration,
    /// In what time it is looked at again; `None`: not before somebody ends it.
    pub next_in: Option<Duration>,
}

/// A device that may work for this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceHold {
    /// Its name.
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// Whether it has a link.
    pub linked: bool,
    /// Whether it said that it stops, or is put to sleep.
    pub stopped: bool,
    /// For how long it has had no link, if that is known.
    pub since_ago: Option<Duration>,
    /// Whether it gets no work, because a result of it was false.
    pub banned: bool,
    /// Whether it could embed none of the texts that it had last.
    pub fails: bool,
    /// Whether two devices use its key, so that neither takes part.
    pub frozen: bool,
    /// Whether it would get work that it asks for: some may leave this device, and does not wait for surplus energy that only others have.
    pub gets: bool,
    /// Whether no word of it comes, and for how long, if that is known.
    pub silent: Option<Option<Duration>>,
    /// Chunks of this device that it has.
    pub chunks: u64,
    /// What limits it by its own word of a moment ago; `None`: it did not say.
    pub told: Option<Option<HoldStatus>>,
}

/// What a task does that looks for files.
pub const LOOKS: &str = "looks at a folder";

/// What a task does that reads a file.
pub const READS: &str = "reads a file";

/// What a task does that embeds.
pub const EMBEDS: &str = "embeds";

/// A background task that runs here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunningStatus {
    /// What it does, as the rest of a sentence about this device.
    pub does: &'static str,
    /// Chunks that it embeds, at most.
    pub chunks: Option<u64>,
    /// The device for which it does that; `None`: this one.
    pub of: Option<String>,
    /// How long ago it began.
    pub since_ago: Duration,
}

/// A device that may embed for this one and is down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentStatus {
    /// Its name.
    pub device: String,
    /// Whether it said that it stops, or is put to sleep.
    pub stopped: bool,
    /// For how long, if that is known.
    pub since_ago: Option<Duration>,
}

/// A parked task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedStatus {
    /// The document, which is the id of the task.
    pub id: DocId,
    /// The path of its file.
    pub path: Vec<u8>,
    /// The failed attempts, the oldest first: who tried, what happened, and when, in seconds since 1970.
    pub attempts: Vec<(String, String, i64)>,
}

/// What one device has of this one's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LentStatus {
    /// Its name.
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// Chunks that it has.
    pub chunks: u64,
    /// Its results that wait for a check.
    pub unchecked: u64,
    /// Its results that answer, of which some are to be computed here.
    pub owed: u64,
    /// Its results that were good.
    pub done: u64,
    /// Milliseconds that it takes for a chunk, if that is known.
    pub ms_per_chunk: Option<u64>,
    /// How long ago it got the oldest of its leases.
    pub since_ago: Option<Duration>,
    /// Why it gets no work, if it does not.
    pub kept_out: Option<KeptOut>,
    /// How it is linked.
    pub link: WorkLink,
    /// Whether it says that it allows no background work just now.
    pub rests: bool,
    /// Attempts to check some of `owed` that failed.
    pub owed_fails: Option<OwedFails>,
}

/// Attempts in a row to check what is owed a check of a device that failed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedFails {
    /// How many.
    pub attempts: u64,
    /// What happened in the last one.
    pub why: String,
    /// In what time the next one is; `None`: once this device may embed.
    pub next_in: Option<Duration>,
}

/// How a device is linked that works for this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkLink {
    /// It has a link.
    Up,
    /// It has one, and for so long no word has come, although it owes one; `None`: it owes none, and does not answer.
    Silent(Option<Duration>),
    /// It has none.
    Gone,
    /// It said that it stops.
    Stopped,
}

impl WorkLink {
    /// Whether no word comes, and for how long, if that is known.
    #[must_use]
    pub const fn silent(self) -> Option<Option<Duration>> {
        if let Self::Silent(silent) = self { Some(silent) } else { None }
    }
}

/// Why a device gets no work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptOut {
    /// A result of it was false; for how long it gets none.
    FalseResult(Duration),
    /// Two devices use its key.
    TwoOfOneKey,
    /// It could embed none of the texts that it had last; for how long it gets none.
    CannotEmbed(Duration),
}

/// The code of what limits a device whose disk is full.
pub const DISK_FULL: &str = "disk-full";

/// The code of what limits a device that cannot write its store.
pub const STORE_FAILED: &str = "store-failed";

/// What is so with one watched folder or file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FolderStatus {
    /// How long ago the last look at all of it ended; `None` if there was none since the start.
    pub looked_ago: Option<Duration>,
    /// Whether the system reports its changes, so that it is looked at where something changed, and all of it once an hour.
    pub followed: bool,
    /// Places in it whose documents are kept because their files could not be looked at.
    pub away: Vec<Mark>,
    /// Those of them that this user may not read.
    pub locked: Vec<Vec<u8>>,
    /// Documents whose files are gone and about which its owner is asked, and how many it had.
    pub missing: Option<(u64, u64)>,
    /// Documents that its owner keeps without their files.
    pub kept: u64,
    /// Files that were left out because their names are those of keys or passwords.
    pub key_files: u64,
    /// The paths of the first of them.
    pub key_paths: Vec<Vec<u8>>,
    /// The homes of other agents that were left out.
    pub agent_homes: Vec<Vec<u8>>,
    /// How many files and folders patterns of `.gitignore` and `.wattleignore` left out, as far as is known, and the first of them.
    pub ignored: (u64, Vec<Vec<u8>>),
}

impl FolderStatus {
    /// Whether it was not looked at since the start, and can be: it is not away.
    #[must_use]
    pub fn is_unlooked(&self) -> bool {
        self.looked_ago.is_none() && self.away.is_empty()
    }
}

/// What the driver adds to a status; empty in the simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromDriver {
    /// Round-trip times to linked peers, in microseconds.
    pub round_trips: Vec<(PeerKey, u64)>,
    /// Linked peers from which nothing comes although an answer is overdue, each with the seconds for which that has been so.
    pub silent: Vec<(PeerKey, u64)>,
    /// Panics of the process since it started.
    pub panics: u64,
    /// What the indexes take.
    pub index: IndexMemory,
}

/// A known peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its public key.
    pub key: PeerKey,
    /// Its PeerId.
    pub peer_id: String,
    /// Its name, once it gave it.
    pub device: Option<String>,
    /// Whether there is a link.
    pub linked: bool,
    /// Its state by SWIM.
    pub liveness: Liveness,
    /// How long ago it said that it stops; `None`: it did not, or is back.
    pub stopped_ago: Option<Duration>,
    /// Its generation; 0 if unknown.
    pub generation: u32,
    /// The address at which it would be dialled next.
    pub address: Option<SocketAddr>,
    /// Whether its model is another one than this device's.
    pub other_model: bool,
    /// Whether two devices use its key, so that neither takes part.
    pub frozen: bool,
    /// Files that it shares and cannot use, as it said; 0 if it did not.
    pub unusable: u64,
}

/// What a peer published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerGossip {
    /// The peer.
    pub peer: PeerKey,
    /// How much background work it allows; `None` if its last value has expired.
    pub headroom: Option<Headroom>,
    /// Seconds since it said so.
    pub headroom_age_s: u16,
    /// The collections that it shares with the members.
    pub collections: Vec<Collection>,
}

#[cfg(test)]
#[path = "status/at_rest_test.rs"]
mod at_rest_test;
