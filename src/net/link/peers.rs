//! One link as the others see it: where to put frames, how to end it, and what its peer says of itself.

use super::channel::{Channel, Queue};
use super::stream::Streams;
use crate::base::time::Instant;
use crate::wire::envelope::Encoding;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use smol::channel::{Receiver, Sender};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A link that stands, and what its peer said of itself, which nobody has checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedPeer {
    /// Who; proven.
    pub peer: PeerId,
    /// Where the connection comes from or goes to.
    pub address: Multiaddr,
    /// Whether this agent dialled.
    pub dialled: bool,
    /// Program and version; empty until the peer said so.
    pub agent: String,
    /// What it speaks.
    pub protocols: Vec<String>,
    /// The time to it and back, when it was last asked.
    pub ping: Option<Duration>,
}

/// The handle of one link.
#[derive(Clone)]
pub(super) struct Link {
    /// Tells this link from an earlier or later one to the same peer.
    pub(super) serial: u64,
    pub(super) since: Instant,
    known: Arc<Mutex<AllowedPeer>>,
    queues: [Queue; 3],
    stop: Sender<String>,
    end: Receiver<()>,
    streams: Streams,
    /// Whether the peer is spoken to in JSON.
    json: Arc<AtomicBool>,
}

impl Link {
    /// `end` closes when the link has ended, its `Down` told.
    pub(super) fn new(
        known: AllowedPeer,
        since: Instant,
        queues: [Queue; 3],
        stop: Sender<String>,
        end: Receiver<()>,
        streams: Streams,
    ) -> Self {
        let (known, json) = (Arc::new(Mutex::new(known)), Arc::default());
        Self { serial: 0, since, known, queues, stop, end, streams, json }
    }

    pub(super) fn queue(&self, channel: Channel) -> &Queue {
        let [gossip, task, json] = &self.queues;
        match channel {
            Channel::Gossip => gossip,
            Channel::Task => task,
            Channel::Json => json,
        }
    }

    /// How the peer is to be spoken to: as it spoke last, or as it said that it can.
    pub(super) fn encoding(&self) -> Encoding {
        if self.json.load(Ordering::Relaxed) { Encoding::Json } else { Encoding::Postcard }
    }

    pub(super) fn speak(&self, encoding: Encoding) {
        self.json.store(encoding == Encoding::Json, Ordering::Relaxed);
    }

    /// The first reason counts.
    pub(super) fn hang_up(&self, why: &str) {
        let _ = self.stop.try_send(why.to_owned());
    }

    pub(super) fn end(&self) -> Receiver<()> {
        self.end.clone()
    }

    pub(super) fn streams(&self) -> Streams {
        self.streams.clone()
    }

    pub(super) fn known(&self) -> AllowedPeer {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn learn(&self, learn: impl FnOnce(&mut AllowedPeer)) {
        learn(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
