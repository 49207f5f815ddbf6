//! What the tasks of all links share.

use super::block_server::BlockServer;
use super::event::LinkEvent;
use super::frame::RetainedBuffers;
use super::guest_table::Guests;
use super::table::LinkTable;
use crate::limits::{LINK_HANDSHAKE_MS, LINK_HANDSHAKES_PER_SECOND, LINK_PING_MS};
use crate::wire::noise::BadNoise;
use crate::wire::peer_id::PeerId;
use ed25519_dalek::SigningKey;
use log::debug;
use smol::channel::{Receiver, Sender};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// Times and rates. The defaults are those of `limits`; tests and benchmarks set others.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The time limit of a whole handshake.
    pub handshake: Duration,
    /// How long a link is silent before a ping, and how long a ping waits for its answer.
    pub ping: Duration,
    /// Handshakes a second for one source address.
    pub handshakes_per_second: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            handshake: Duration::from_millis(LINK_HANDSHAKE_MS),
            ping: Duration::from_millis(LINK_PING_MS),
            handshakes_per_second: LINK_HANDSHAKES_PER_SECOND,
        }
    }
}

/// What this agent tells others of itself.
#[derive(Default)]
pub(super) struct Shown {
    /// Where others reach this agent, for identify.
    pub(super) addresses: Mutex<Vec<SocketAddr>>,
    /// Its own certificates, encoded, for the peers that it dials; empty if it has none.
    pub(super) certificates: Mutex<Vec<u8>>,
}

/// What every task of the links shares.
pub(super) struct Shared {
    pub(super) key: SigningKey,
    pub(super) own: PeerId,
    /// The mark of this start: random, the same in all handshakes until the agent ends.
    pub(super) start: u64,
    pub(super) local: SocketAddr,
    pub(super) shown: Shown,
    pub(super) settings: Settings,
    pub(super) table: Mutex<LinkTable>,
    pub(super) guests: Mutex<Guests>,
    /// What serves blocks, once the owner has switched that on.
    pub(super) blocks: OnceLock<Arc<BlockServer>>,
    pub(super) events: Sender<LinkEvent>,
    pub(super) buffers: RetainedBuffers,
    /// Closed when the links are closed or the last handle is dropped; nothing is ever sent.
    pub(super) stopping: Receiver<()>,
}

impl Shared {
    pub(super) fn table(&self) -> MutexGuard<'_, LinkTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a handshake failed because another device has this agent's own key.
    pub(super) fn is_own_key(why: &str) -> bool {
        why == BadNoise::OwnKeyElsewhere.to_string()
    }

    /// Reports another device with this agent's own key.
    pub(super) async fn report_own_key(&self, other: SocketAddr) {
        let own = self.shown.addresses.lock().unwrap_or_else(PoisonError::into_inner).first().copied();
        let linked = own.unwrap_or(self.local).into();
        self.report(LinkEvent::Duplicate { peer: self.own, linked, other: other.into() }).await;
    }

    /// Sends the driver an event, and waits while its channel is full.
    pub(super) async fn report(&self, event: LinkEvent) {
        if self.events.send(event).await.is_err() {
            debug!("The driver has stopped; an event of the links is dropped.");
        }
    }
}
