//! The types of the API's JSON answers: what the agent sends and what the command line reads.
//!
//! Paths are text here. In a path that is not UTF-8, U+FFFD replaces what is not; the file is indexed and found all the
//! same. The field names are the public API and do not change.

mod audit;
mod change;
mod document;
mod energy;
mod files;
mod forecast;
mod ledger;
mod models;
mod outside;
mod quiet;
mod search;
mod starting;
mod tokens;

use super::folders::{Folders, Watched};
use crate::base::finding::Finding;
use crate::base::hit;
use crate::base::level::Energy;
use crate::energy::reason::Reason;
use crate::mesh::swim::Liveness as Believed;
use crate::node::status::{PeerStatus, Status};
use crate::store::counts::Kind;
use crate::store::record::CollectionModel;
use crate::wire::gossip;
use serde::{Deserialize, Serialize};

pub use audit::{Counts, FileSample, Unusable};
pub use change::{Added, Regrouped};
pub use document::{DocumentCids, DocumentPaths, DocumentText, Passage};
pub use energy::EnergyNow;
pub use files::Files;
pub use forecast::{Forecast, ForecastChange};
pub use ledger::{Pace, Passages, Progress};
pub use models::{LanguageShare, LanguagesOf, ModelHere, ModelsHere};
pub use outside::PageOutside;
pub use quiet::QuietSet;
pub use search::{HitFile, SearchAnswer, SearchHit, SearchPlace, SearchResults};
pub use starting::Starting;
pub use tokens::{BrowserSession, Door, NamedToken, NewToken, Role, Sessions, TokenKind, Tokens};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(is: &bool) -> bool {
    !*is
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The answer of `GET /v1/status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// The agent's PeerId.
    pub peer_id: String,
    /// The device's name.
    pub device: String,
    /// The id of its mesh in hex, as `GET /v1/mesh` gives it; null: it belongs to none.
    pub mesh: Option<String>,
    /// Files by state.
    pub files: Files,
    /// Tombstoned files: gone, and kept for a while in case they come back under another name. Not in `files`.
    pub leaving: u64,
    /// Passages, by state, and how fast they get their vectors.
    #[serde(flatten)]
    pub progress: Progress,
    /// Memory of the indexes.
    #[serde(default)]
    pub index_bytes: IndexBytes,
    /// Other devices.
    pub peers: Vec<Peer>,
    /// The model in use.
    pub model: Model,
    /// The watched folders and files.
    pub sources: Vec<Watched>,
    /// What the agent does just now.
    #[serde(flatten)]
    pub activity: Activity,
    /// What is wrong or in doubt, by area.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

/// Bytes of memory that the indexes take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexBytes {
    /// The sketches of the vectors, two bits a dimension.
    pub vectors: u64,
    /// The words, without what is in the store.
    pub words: u64,
}

/// What an agent does just now, and what is in its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Whether something is being scanned, read or embedded, or comes next: a gap between two tasks is no rest.
    pub working: bool,
    /// Whether folders are being scanned just now.
    #[serde(default)]
    pub scanning: bool,
    /// Why background work is held, for example a full disk; null if it is not.
    pub held: Option<String>,
    /// What the governor allows background work, and why not more; null without a governor.
    #[serde(default)]
    pub background: Option<String>,
    /// The code of why not more, as in `/v1/energy`; null where nothing limits it.
    #[serde(default)]
    pub background_reason: Option<Reason>,
    /// Tasks that a defect of the program stopped since the agent started; the log names each.
    #[serde(default)]
    pub panics: u64,
    /// What a command that is typed for this agent ends with, ` --home …`; left out where it has the user's usual home.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_home: Option<String>,
    /// When the whole store was read last, in seconds since 1970; null: never yet. A doctor's look does not count.
    #[serde(default)]
    pub store_read_s: Option<i64>,
    /// Where other devices reach the page, as the agent runs; left out where it is for this machine alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<PageOutside>,
    /// What is not known yet, a moment after the start; left out where all is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starting: Option<Starting>,
}

/// Another device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its PeerId.
    pub peer_id: String,
    /// Its name, once its hello arrived.
    pub device: Option<String>,
    /// Whether there is a link to it now.
    pub linked: bool,
    /// SWIM's state of it: "alive", "suspect" (it did not answer a probe, and has some seconds to refute), "down" or
    /// "unknown" (nothing arrived from it since this agent started).
    pub state: String,
    /// Seconds since it said that it stops; null if it did not, or is back.
    #[serde(default)]
    pub off_s: Option<u64>,
    /// Seconds for which nothing has come over its link although an answer is overdue: the link may be dead, in one direction perhaps. Left out
    /// where something comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_s: Option<u64>,
    /// Where it is dialled; null if it dials this one.
    pub address: Option<String>,
    /// The round trip in microseconds, once it was measured.
    pub round_trip_us: Option<u64>,
    /// How much background work it allows, if it advertised that lately.
    pub headroom: Option<Headroom>,
    /// Whether its model is another one than this device's, so that each finds what the other has by its words alone. Left out where it is not.
    #[serde(default, skip_serializing_if = "is_false")]
    pub other_model: bool,
    /// Whether two devices use its key: it is asked nothing and gets no work. Left out where that is not so.
    #[serde(default, skip_serializing_if = "is_false")]
    pub frozen: bool,
    /// What it shares.
    #[serde(flatten)]
    pub shared: SharedFiles,
}

/// What a device shares with the members, by its own word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedFiles {
    /// What it holds of each collection.
    #[serde(default)]
    pub collections: Vec<Collection>,
    /// Files that it cannot use, which are in no collection's documents. Left out where there are none, or it did not say.
    #[serde(default, skip_serializing_if = "hit::is_zero")]
    pub unusable: u64,
}

/// How much background work a device allows: a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headroom {
    /// Quarters of the whole device, 0 to 4.
    pub quarters: u8,
    /// Its energy level.
    pub energy: Energy,
    /// Milliseconds that one task takes there, if it measured that.
    pub ms_per_task: Option<u32>,
    /// Seconds since it said so: it says it each minute, and half a minute after a change.
    #[serde(default)]
    pub age_s: u16,
}

/// What a device holds of one collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// The fingerprint of its vectors' model, 64 hex digits.
    pub model: String,
    /// Documents.
    pub documents: u32,
    /// Chunks of the documents; the JSON calls them passages.
    pub passages: u32,
}

impl Peer {
    fn new(peer: &PeerStatus, status: &Status) -> Self {
        let state = match peer.liveness {
            Believed::Unknown => "unknown",
            Believed::Alive => "alive",
            Believed::Suspect => "suspect",
            Believed::Down => "down",
        };
        let advert = status.gossip.iter().find(|advert| advert.peer == peer.key);
        let round_trip = status.driver.round_trips.iter().find(|(key, _)| *key == peer.key);
        let silent = status.driver.silent.iter().find(|(key, _)| *key == peer.key);
        let age_s = advert.map_or(0, |advert| advert.headroom_age_s);
        let headroom = |headroom: gossip::Headroom| Headroom {
            age_s,
            quarters: headroom.quarters,
            energy: headroom.energy,
            ms_per_task: (headroom.ms_per_task > 0).then_some(headroom.ms_per_task),
        };
        let collection = |of: &gossip::Collection| Collection {
            name: of.name.as_str().to_owned(),
            model: hex(&of.model),
            documents: of.documents,
            passages: of.passages,
        };
        Self {
            peer_id: peer.peer_id.clone(),
            device: peer.device.clone(),
            linked: peer.linked,
            state: state.to_owned(),
            off_s: peer.stopped_ago.map(|ago| ago.as_secs()),
            silent_s: silent.filter(|_| peer.linked).map(|(_, seconds)| *seconds),
            address: peer.address.map(|address| address.to_string()),
            round_trip_us: round_trip.filter(|_| peer.linked).map(|(_, micros)| *micros),
            // What it allows is of no use to anybody while it gets no work.
            headroom: advert.filter(|_| !peer.frozen).and_then(|advert| advert.headroom).map(headroom),
            other_model: peer.other_model,
            frozen: peer.frozen,
            shared: SharedFiles {
                collections: advert.iter().flat_map(|advert| advert.collections.iter().map(collection)).collect(),
                unusable: peer.unusable,
            },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The model in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its fingerprint, 64 hex digits.
    pub fingerprint: String,
    /// The language of the most documents, in English, if the model does not know that of most. Left out where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_language: Option<String>,
    /// Collections with a model of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<ModelOf>,
    /// The languages of the collections of this device. Left out where none is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<LanguagesOf>,
}

/// The model of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelOf {
    /// The collection.
    pub collection: String,
    /// The model's name.
    pub model: String,
    /// How many times it was set.
    pub version: u32,
    /// The name of the model of before; null if it had none.
    pub before: Option<String>,
    /// The language for which it was chosen, in English; null if its owner chose it.
    pub language: Option<String>,
}

impl From<&CollectionModel> for ModelOf {
    fn from(of: &CollectionModel) -> Self {
        Self {
            collection: of.collection.clone(),
            model: of.model.name.clone(),
            version: of.version,
            before: of.before.as_ref().map(|before| before.name.clone()),
            language: of.language.clone(),
        }
    }
}

/// The answer of `GET /v1/doctor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checked {
    /// Whether the audit found no fault.
    pub clean: bool,
    /// The counts, made anew from the records.
    pub counted: Counts,
    /// The counts that the store keeps.
    pub believed: Counts,
    /// The faults, in sentences; the first twenty.
    pub faults: Vec<String>,
    /// How many faults there are.
    pub fault_count: u64,
    /// Files that cannot be used and why, as far as the audit lists them; `counted.files.refused` has their number.
    pub refused: Vec<Unusable>,
    /// Parked tasks: the path of each, and what happened last.
    #[serde(default)]
    pub parked: Vec<Unusable>,
    /// A sample of the files on the disk, held against the index.
    #[serde(default)]
    pub sample: Option<FileSample>,
}

impl From<&Status> for StatusReport {
    fn from(status: &Status) -> Self {
        Self {
            peer_id: status.peer_id.clone(),
            device: status.device.clone(),
            mesh: status.mesh.clone(),
            files: Files::of(status),
            leaving: status.counts.count(Kind::Tombstoned),
            progress: Progress::from(status),
            index_bytes: IndexBytes { vectors: status.driver.index.vectors, words: status.driver.index.words },
            peers: status.peers.iter().map(|peer| Peer::new(peer, status)).collect(),
            model: Model {
                name: status.model.name.clone(),
                fingerprint: hex(&status.model.fingerprint.0),
                unknown_language: status.foreign.map(str::to_owned),
                collections: status.work.models.iter().map(ModelOf::from).collect(),
                languages: LanguagesOf::all(status),
            },
            sources: Folders::from(status).folders,
            activity: Activity {
                working: status.work.working,
                scanning: status.work.scanning,
                held: status.work.held.clone(),
                panics: status.driver.panics,
                ..Activity::default()
            },
            findings: status.findings.clone(),
        }
    }
}

/// A path as text, with U+FFFD for what is not UTF-8.
#[must_use]
pub fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// The answer to `POST /v1/forget`.
#[derive(Debug, Serialize)]
pub struct Forgotten {
    /// What was done, for people.
    pub done: String,
    /// Why config.toml could not be written.
    pub forgotten: Option<String>,
}

#[cfg(test)]
mod page_test;
