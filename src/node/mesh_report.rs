//! What people are shown of pairing and of the mesh, as plain data.

use serde::{Deserialize, Serialize};

/// The window for pairing, and how the last one ended.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingReport {
    /// The open window; null: none is open, and nobody can join by a code.
    pub window: Option<OpenWindow>,
    /// How the last window closed, if one did since the agent started and none was opened since.
    pub closed: Option<ClosedWindow>,
}

/// An open window.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWindow {
    /// The eight digits, as people read them.
    pub code: String,
    /// The text of the QR code.
    pub link: String,
    /// Where the joining device reaches this one; empty: this machine only, or no network is up.
    pub addresses: Vec<String>,
    /// Seconds until it closes.
    pub seconds_left: u64,
    /// Exchanges that may still begin.
    pub tries_left: u8,
}

/// How a window ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedWindow {
    /// Why, in a sentence.
    pub why: String,
    /// The device that joined.
    pub joined: Option<JoinedDevice>,
}

/// A device that joined here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedDevice {
    /// Its name, as it gave it.
    pub device: String,
    /// Its PeerId.
    pub peer_id: String,
    /// The three words that its own screen shows as well.
    pub words: String,
}

/// This device has joined a mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReport {
    /// The mesh's id in hex.
    pub mesh: String,
    /// The PeerId of the device that let it in.
    pub admin: String,
    /// The three words that the other screen shows as well.
    pub words: String,
}

/// The mesh, as this device knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeshReport {
    /// Its id in hex; null: this device belongs to no mesh.
    pub mesh: Option<String>,
    /// This device's PeerId.
    pub peer_id: String,
    /// Whether this device was removed from it.
    pub removed_here: bool,
    /// Its devices, this one first.
    pub members: Vec<MemberReport>,
    /// How many devices were removed from it, for ever.
    pub removed: usize,
}

/// A device of the mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberReport {
    /// Its name; null until it has said it.
    pub device: Option<String>,
    /// Its PeerId.
    pub peer_id: String,
    /// What it may do: `member`, `worker`, `admin`.
    pub caps: Vec<String>,
    /// Whether it is this device.
    pub here: bool,
    /// Whether there is a link to it.
    pub linked: bool,
}

/// Shows no code.
impl std::fmt::Debug for PairingReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { window, closed } = self;
        f.debug_struct("PairingReport").field("open", &window.is_some()).field("closed", closed).finish()
    }
}

/// An id in hex.
#[must_use]
pub fn hex(id: &[u8; 32]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
