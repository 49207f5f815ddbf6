//! What `GET /v1/network` tells of how this device reaches others.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// An interface on which other devices reach this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenAddress {
    /// The interface's name.
    pub interface: String,
    /// The address on it at which the agent is reached.
    pub address: SocketAddr,
    /// The prefix length of its network.
    pub prefix: u8,
}

/// The state of multicast DNS.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Multicast {
    /// Whether it runs.
    pub on: bool,
    /// Why not, or what failed last.
    pub why: Option<String>,
    /// Interfaces on which this agent received its own announcement: there the system sends and receives multicast.
    #[serde(rename = "own_heard")]
    pub own_received: Vec<String>,
    /// Announcements of other agents that were received, members or not.
    #[serde(rename = "others_heard")]
    pub others_received: u64,
    /// How often the daemon was restarted.
    pub restarts: u64,
}

/// The answer to `GET /v1/network`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkReport {
    /// Where the agent listens, as bound.
    pub listen: Option<SocketAddr>,
    /// The addresses at which others reach it.
    #[serde(rename = "places")]
    pub listen_addresses: Vec<ListenAddress>,
    /// Why no datagrams are exchanged; null if they are.
    pub no_datagrams: Option<String>,
    /// Received datagrams that no key decrypts.
    pub garbage: u64,
    /// Multicast DNS.
    pub multicast: Multicast,
    /// The peers that may link.
    pub peers: Vec<PeerReachability>,
    /// Devices that tried to link and may not, the newest first.
    pub unknown_peers: Vec<UnknownPeer>,
}

/// How one peer was reached, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerReachability {
    /// Its PeerId.
    pub peer_id: String,
    /// The addresses and names that the owner gave, as typed.
    pub given: Vec<String>,
    /// The address at the other end of its link, while there is one.
    pub linked: Option<SocketAddr>,
    /// The address that discovery found last.
    pub seen: Option<SocketAddr>,
    /// The address of the dial that ended last, or of the first one.
    pub dialled: Option<SocketAddr>,
    /// Why that did not lead to a link.
    pub failed: Option<String>,
    /// Whether it sent the keys of its datagrams.
    pub keys: bool,
    /// Datagrams sent to it since its link came up, or went down.
    pub sent: u64,
    /// Datagrams received from it.
    #[serde(rename = "heard")]
    pub received: u64,
    /// Milliseconds since the last of them.
    #[serde(rename = "heard_ms")]
    pub received_ms: Option<u64>,
    /// How long ago that was.
    #[serde(flatten)]
    pub times: Times,
}

/// How long ago a peer was reached, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// When its link came up; null: it has none.
    #[serde(default)]
    pub linked_ms: Option<u64>,
    /// When its last link went down; null: it is linked, or was not since the agent started.
    #[serde(default)]
    pub unlinked_ms: Option<u64>,
    /// When discovery found it last.
    pub seen_ms: Option<u64>,
    /// When that dial began, or failed.
    pub dialled_ms: Option<u64>,
}

/// A device that tried to link and may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownPeer {
    /// Its proven PeerId.
    pub peer_id: String,
    /// The address that it dialled from.
    pub address: SocketAddr,
    /// Milliseconds since the last try.
    pub ms: u64,
    /// How often it tried, as long as it is among the last `UNKNOWN_PEERS_MAX`.
    #[serde(default)]
    pub tries: u64,
}
