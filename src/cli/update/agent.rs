//! How the agent of this board is, as it tells any program that asks.

use crate::cli::reach::client_of;
use crate::limits::UPDATE_AGENT_MS;
use smol::Timer;
use smol::future::or;
use std::path::Path;
use std::time::Duration;

/// How an agent is that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whether it knows of other members of its mesh.
    pub(super) has_others: bool,
    /// Whether a link to one of them is up.
    pub(super) reaches_others: bool,
}

/// The agent of this home, if it answers.
pub(super) fn seen(home: &Path) -> Option<Seen> {
    let client = client_of(home, None).ok()?;
    let asked = async { client.status().await.ok() };
    let late = async {
        Timer::after(Duration::from_millis(UPDATE_AGENT_MS)).await;
        None
    };
    let status = smol::block_on(or(asked, late))?.read;
    let has_others = status.mesh.is_some() && !status.peers.is_empty();
    Some(Seen { has_others, reaches_others: has_others && status.peers.iter().any(|peer| peer.linked) })
}
