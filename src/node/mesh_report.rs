//! What people are shown of pairing and of the mesh, as plain data.

use crate::base::id::PeerKey;
use crate::base::time::utc;
use crate::mesh::pairing::invites::Before;
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};

/// The window for pairing, and how the last one ended.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingReport {
    /// The open window; null: none is open, and nobody can join by a code.
    pub window: Option<OpenWindow>,
    /// How the last window closed, if one did since the agent started. While another is open only of one by which a device joined.
    pub closed: Option<ClosedWindow>,
    /// While this device joins, and the device that it has found is busy: seconds until the next try.
    #[serde(default)]
    pub waits: Option<u16>,
    /// While the window is open: why a device that has its code could not be let in, and what to do; or that one had another code, and how many
    /// tries are left.
    #[serde(default)]
    pub trouble: Option<String>,
    /// A device has proven the code, or an invite, and its certificate is being signed and saved: how the window has closed is said after that.
    #[serde(default)]
    pub letting_in: bool,
}

/// An open window.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWindow {
    /// Its number since the agent started, from 1.
    #[serde(default)]
    pub number: u64,
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
    /// Its number; null: a device joined by an invite.
    #[serde(default)]
    pub number: Option<u64>,
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
    /// The three words that its own screen shows as well, after a join by a code. Left out after one by an invite, which shows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// This device has joined a mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinReport {
    /// The mesh's id in hex.
    pub mesh: String,
    /// The PeerId of the device that let it in.
    pub admin: String,
    /// The three words that the other screen shows as well, after a join by a code. Left out after one by an invite, which shows none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

/// What an invite's file says beside its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteReport {
    /// The mesh.
    pub mesh: [u8; 32],
    /// The devices that redeem it, this one first.
    pub issuers: Vec<PeerKey>,
    /// Where they are.
    pub addresses: Vec<SocketAddr>,
    /// What was known of the invite in whose place it was written, where one was named.
    pub before: Option<Before>,
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
    /// The device that removed it; null: it was not removed, or two devices used one invite.
    #[serde(default)]
    pub removed_by: Option<String>,
    /// Its devices, this one first.
    pub members: Vec<MemberReport>,
    /// How many devices were removed from it, for ever.
    pub removed: usize,
    /// Those devices.
    #[serde(default)]
    pub removals: Vec<RemovalReport>,
    /// How many removals its certificates count.
    pub epoch: u32,
    /// The serial of the next certificate.
    pub next_serial: u64,
}

/// A device that was removed from the mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemovalReport {
    /// Its PeerId.
    pub peer_id: String,
    /// What it called itself, if that is known.
    pub name: Option<String>,
    /// The device that removed it; null: two devices used one invite.
    pub by: Option<String>,
    /// When this device learnt of it, in seconds since 1970 by its own clock; null: it was not told, or an earlier version was.
    pub known_since: Option<i64>,
}

impl RemovalReport {
    /// The same, for people. A removal has no date of its own.
    #[must_use]
    pub fn told(&self) -> String {
        let name = self.name.as_deref().unwrap_or("a device without a known name");
        let by = self.by.as_ref().map_or_else(String::new, |by| format!(" by {by}"));
        let since = self.known_since.map_or_else(String::new, |since| format!("; known here since {}", utc(since)));
        format!("{name} ({}), removed{by}{since}", self.peer_id)
    }
}

impl MeshReport {
    /// What the owner of this device reads where it was removed, with the time at which it learnt of that.
    #[must_use]
    pub fn own_removal(&self) -> Option<String> {
        let since =
            self.removals.iter().find(|removal| removal.peer_id == self.peer_id).and_then(|own| own.known_since);
        let since = since.map_or_else(String::new, |since| format!(" That is known here since {}.", utc(since)));
        self.removed_here.then(|| format!("{}{since}", of_removal(self.removed_by.as_deref())))
    }
}

/// A device of the mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberReport {
    /// Its name, with the end of its PeerId where another device has the same; null until it has said it.
    pub device: Option<String>,
    /// The same without that.
    #[serde(default)]
    pub name: Option<String>,
    /// Its PeerId.
    pub peer_id: String,
    /// What it may do: `member`, `worker`, `admin`.
    pub caps: Vec<String>,
    /// Whether it is this device.
    pub here: bool,
    /// Whether there is a link to it.
    pub linked: bool,
    /// When this device first knew it as one of the mesh, in seconds since 1970 by this device's clock.
    pub since: Option<i64>,
    /// When there was a link to it last, in seconds since 1970; null: never, or it is linked now.
    pub seen: Option<i64>,
    /// Why it does not embed for this device, in a sentence, where that is not for the moment only; null otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_help: Option<String>,
    /// Seconds for which nothing has come over its link although an answer is overdue. Left out where something comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_s: Option<u64>,
}

/// Shows no code.
impl std::fmt::Debug for PairingReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { window, closed, waits, trouble, letting_in } = self;
        let open = window.is_some();
        f.debug_struct("PairingReport")
            .field("open", &open)
            .field("closed", closed)
            .field("waits", waits)
            .field("trouble", trouble)
            .field("letting_in", letting_in)
            .finish()
    }
}

/// What the owner of a removed device reads, wherever that is told. When it was removed nobody wrote down: a removal has no date.
#[must_use]
pub fn of_removal(by: Option<&str>) -> String {
    let by = by.map_or_else(String::new, |by| format!(" by {by}"));
    format!(
        "This device was removed from its mesh{by}, for ever. It keeps its own documents and answers for them alone; no device of the mesh \
         answers it. `wattle leave` gives it a new identity: start the agent again, and it can join by a new code."
    )
}

/// An id in hex.
#[must_use]
pub fn hex(id: &[u8; 32]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
