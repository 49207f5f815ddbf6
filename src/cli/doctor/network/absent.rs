//! Devices that were linked here before and do not answer now. Most of them are switched off, out of the house or asleep, as
//! laptops and phones are: that is no fault, and a doctor that calls it one is not read any more.

use crate::base::time::utc;
use crate::http::dto::StatusReport;
use crate::net::diagnostics::{NetworkReport, PeerReachability, UnknownPeer};
use crate::node::mesh_report::MeshReport;
use std::net::SocketAddr;

/// What else is known of this device and the others.
pub(crate) struct Known<'a> {
    /// This device's PeerId, the others' names, and which of them said that they stop.
    pub(crate) status: Option<&'a StatusReport>,
    /// When each device of the mesh was linked last.
    pub(crate) mesh: Option<&'a MeshReport>,
    /// The time in seconds since 1970.
    pub(crate) now: i64,
}

/// What is so with a device that is off or unreachable, and what to look at if it should be on. `None`: it was never linked with this
/// one, so that the first link may need help; or somebody answers at its address, and then something is wrong.
pub(super) fn sentence(
    report: &NetworkReport,
    peer: &PeerReachability,
    name: &str,
    known: &Known<'_>,
) -> Option<String> {
    if peer.dialled.is_some_and(|at| another_at(report, at).is_some()) {
        return None;
    }
    let if_on = if_on(peer)?;
    let ago = |seconds: u64| utc(known.now.saturating_sub(i64::try_from(seconds).unwrap_or(i64::MAX)));
    let mut peers = known.status.into_iter().flat_map(|status| &status.peers);
    if let Some(since) = peers.find(|other| other.peer_id == peer.peer_id).and_then(|other| other.off_s) {
        let since = ago(since);
        return Some(format!(
            "{name} has been off since {since}: its agent was stopped there, and said so. That is no fault; it links again by itself."
        ));
    }
    let before = || known.mesh?.members.iter().find(|member| member.peer_id == peer.peer_id)?.seen.map(utc);
    let since = peer.times.unlinked_ms.map(|ms| ago(ms / 1000)).or_else(before)?;
    Some(format!(
        "{name} has been off or unreachable since {since}. Nothing is wrong if you switched it off or took it with you; it links again \
         by itself. If it is on and here, {if_on}"
    ))
}

/// What to look at if the device is on; `None`: somebody answers there.
fn if_on(peer: &PeerReachability) -> Option<String> {
    let Some(at) = peer.dialled else {
        return Some("look whether its agent is up and in the same network.".to_owned());
    };
    match &peer.failed {
        Some(why) if says(why, REFUSED) => Some(format!("start its agent: nobody listens at {at}.")),
        Some(why) if says(why, SILENT) => Some(format!(
            "a firewall there drops TCP port {}, or the router keeps devices apart (client isolation): nothing came back from {at}.",
            at.port()
        )),
        Some(_) => None,
        None => Some(format!("wait a moment: it was dialled at {at}.")),
    }
}

/// A device that is not known here and is at the same address.
pub(super) fn another_at(report: &NetworkReport, at: SocketAddr) -> Option<&UnknownPeer> {
    report.unknown_peers.iter().find(|unknown_peer| unknown_peer.address.ip() == at.ip())
}

/// Whether a dial failed for a reason of these words.
pub(super) fn says(why: &str, words: &[&str]) -> bool {
    words.iter().any(|word| why.to_lowercase().contains(word))
}

/// What this device's own system says of a connection that it does not let out: "Permission denied" of a firewall rule or a `prohibit` route,
/// "Invalid argument" of a `blackhole` route.
pub(super) const OWN: &[&str] = &["(os error 13)", "(os error 22)", "(os error 1)"];

/// The device answers, and no program listens there.
pub(super) const REFUSED: &[&str] = &["refused"];
/// The device answers, and its program says nothing.
pub(super) const HANGS: &[&str] = &["took the connection"];
/// Nothing answers.
pub(super) const SILENT: &[&str] = &["no answer", "timed out", "unreachable", "no route"];
