//! How the agent of this board is, as it tells any program that asks, and what it is told.

use crate::cli::reach::client_of;
use crate::limits::{UPDATE_AGENT_MS, UPDATE_MEMBERS_ASKED_MAX, UPDATE_TROUBLE_BYTES_MAX};
use crate::mesh::update::Said;
use smol::Timer;
use smol::future::or;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// How an agent is that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whether a link to another member of its mesh is up.
    pub(super) reaches_others: bool,
}

/// The agent of this home, if it answers.
pub(super) fn seen(home: &Path) -> Option<Seen> {
    let client = client_of(home, None).ok()?;
    let status = in_time(async { client.status().await.ok() })?.read;
    Some(Seen { reaches_others: status.mesh.is_some() && status.peers.iter().any(|peer| peer.linked) })
}

/// Where the linked members are, a few of them.
pub(super) fn members(home: &Path) -> Vec<SocketAddr> {
    let report = client_of(home, None).ok().and_then(|client| in_time(async { client.network().await.ok() }));
    let peers = report.into_iter().flat_map(|report| report.read.peers);
    peers.filter_map(|peer| peer.linked).take(UPDATE_MEMBERS_ASKED_MAX).collect()
}

/// Tells it how far the update of this board is, and why one was not taken or was given up. Whether the turn of this board has come; `None`: it was not told.
pub(super) fn turn(home: &Path, said: Said, trouble: Option<&str>) -> Option<bool> {
    let client = client_of(home, None).ok()?;
    in_time(async { client.update(said, trouble.map(told)).await.ok() })
}

/// As much of a sentence as the agent takes: an address in it may be long, and a call with more is refused, also what it says of whose turn it is.
pub(super) fn told(why: &str) -> &str {
    why.get(..why.floor_char_boundary(UPDATE_TROUBLE_BYTES_MAX)).unwrap_or_default()
}

fn in_time<T>(asked: impl Future<Output = Option<T>>) -> Option<T> {
    let late = async {
        Timer::after(Duration::from_millis(UPDATE_AGENT_MS)).await;
        None
    };
    smol::block_on(or(asked, late))
}
