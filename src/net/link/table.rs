//! The link table: who may link, which links are up, who is being dialled, and which of two links to a peer stays.

use super::channel::{Channel, Queue};
use super::stream::Streams;
use crate::base::time::Instant;
use crate::limits::{GUEST_DECISION_MS, GUESTS_MAX, LINK_ALLOWED_MAX, LINK_DIALS_MAX, LINK_HANDSHAKE_MS, LINKS_MAX};
use crate::platform::clock;
use crate::wire::envelope::Encoding;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use smol::channel::{Receiver, Sender};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The table of links. Locked only briefly.
pub(super) struct LinkTable {
    own: PeerId,
    allowed: BTreeSet<PeerId>,
    links: BTreeMap<PeerId, Link>,
    /// Links that have ended and whose `Down` is not reported yet: the `Up` of a newer one waits for it.
    ending: BTreeMap<PeerId, Link>,
    /// Links to second devices with the key of a linked peer, while these are told so.
    duplicates: BTreeMap<PeerId, Link>,
    dials: BTreeSet<PeerId>,
    /// Peers that may not link, and get one short link on which they are told why; since when.
    heard_out: BTreeMap<PeerId, Instant>,
    serial: u64,
}

/// Whether a new link was entered.
pub(super) enum Entry {
    /// It is in the table with this serial; an older one to the same peer, if any, must end first.
    Entered(u64, Option<Link>),
    /// It is not: this older link is of another start of the same key. If the older link is dead, the peer started
    /// again; if it answers, two devices have one key.
    Contested(Link),
    /// It is not; a phrase that says why.
    Refused(&'static str),
}

impl LinkTable {
    pub(super) fn new(own: PeerId, allowed: &[PeerId]) -> Self {
        let allowed = allowed.iter().copied().take(LINK_ALLOWED_MAX).collect();
        Self {
            own,
            allowed,
            links: BTreeMap::new(),
            ending: BTreeMap::new(),
            duplicates: BTreeMap::new(),
            dials: BTreeSet::new(),
            heard_out: BTreeMap::new(),
            serial: 0,
        }
    }

    pub(super) fn add_peer(&mut self, peer: PeerId) -> bool {
        let room = self.allowed.len() < LINK_ALLOWED_MAX || self.allowed.contains(&peer);
        if room {
            self.allowed.insert(peer);
        }
        room
    }

    pub(super) fn remove_peer(&mut self, peer: &PeerId) {
        self.allowed.remove(peer);
    }

    pub(super) fn is_allowed(&self, peer: &PeerId) -> bool {
        self.allowed.contains(peer)
    }

    pub(super) fn is_full(&self) -> bool {
        self.links.len() >= LINKS_MAX
    }

    pub(super) fn link(&self, peer: &PeerId) -> Option<&Link> {
        self.links.get(peer)
    }

    pub(super) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.values()
    }

    /// Lets `peer` have one short link, unless as many others wait for theirs.
    pub(super) fn hear_out(&mut self, now: Instant, peer: PeerId) {
        self.heard_out.retain(|_, since| now.since(*since) < Duration::from_millis(GUEST_DECISION_MS));
        if self.heard_out.len() < GUESTS_MAX {
            self.heard_out.insert(peer, now);
        }
    }

    /// Whether a peer is to have such a link.
    pub(super) fn is_heard_out(&self, peer: &PeerId) -> bool {
        self.heard_out.contains_key(peer)
    }

    /// Notes that `peer` is being dialled, or says why it must not be.
    pub(super) fn begin_dial(&mut self, peer: PeerId) -> Result<(), &'static str> {
        // A dial of the own key finds out whether another device has it; it leads to no link.
        if peer != self.own && !self.is_allowed(&peer) {
            Err("this device is not allowed to link")
        } else if self.links.contains_key(&peer) {
            Err("there is a link already")
        } else if self.dials.contains(&peer) {
            Err("it is being dialled already")
        } else if self.dials.len() >= LINK_DIALS_MAX || self.is_full() {
            Err("too many devices are dialled or linked")
        } else {
            self.dials.insert(peer);
            Ok(())
        }
    }

    pub(super) fn end_dial(&mut self, peer: &PeerId) {
        self.dials.remove(peer);
    }

    /// Enters a link.
    ///
    /// If both sides dialled at the same time, both keep the link that the smaller PeerId dialled. Otherwise the newer
    /// one stays: a peer that dials again has lost the older one. A link of another start than the older one takes its
    /// place only if that one is known to be dead: `dead` is its serial.
    pub(super) fn enter(&mut self, now: Instant, mut link: Link, dead: Option<u64>) -> Entry {
        let new = link.info();
        let is_heard_out = self.heard_out.remove(&new.peer).is_some();
        if !self.is_allowed(&new.peer) {
            if !is_heard_out {
                return Entry::Refused("this device is no longer allowed to link");
            }
            // New keys cost nothing: devices that are told why they may not link never take the places of those that may.
            if self.links.keys().filter(|peer| !self.is_allowed(peer)).count() >= GUESTS_MAX {
                return Entry::Refused("there are enough guests");
            }
        }
        match self.links.get(&new.peer) {
            None if self.is_full() => return Entry::Refused("there are too many links"),
            Some(old) if Some(old.serial) == dead => {}
            Some(old) if matches!((old.start, link.start), (Some(old), Some(new)) if old != new) => {
                return Entry::Contested(old.clone());
            }
            Some(old) if old.info().dialled != new.dialled => {
                let simultaneous = now.since(old.since) < Duration::from_millis(LINK_HANDSHAKE_MS);
                if simultaneous && new.dialled != (self.own < new.peer) {
                    return Entry::Refused("there is another link to this device");
                }
            }
            _ => {}
        }
        self.serial += 1;
        link.serial = self.serial;
        let older = self.links.insert(new.peer, link).or_else(|| self.ending.get(&new.peer).cloned());
        Entry::Entered(self.serial, older)
    }

    /// Takes a link out, unless a newer one has taken its place. [`ended`](Self::ended) follows once its `Down` was
    /// reported.
    pub(super) fn leave(&mut self, peer: &PeerId, serial: u64) {
        if self.links.get(peer).is_some_and(|link| link.serial == serial)
            && let Some(link) = self.links.remove(peer)
        {
            self.ending.insert(*peer, link);
        }
    }

    /// The link to a second device with the key of a linked peer.
    pub(super) fn duplicate(&self, peer: &PeerId) -> Option<&Link> {
        self.duplicates.get(peer)
    }

    /// Enters such a link, to tell the device; false if another one with that key is being told.
    pub(super) fn enter_duplicate(&mut self, peer: PeerId, link: Link) -> bool {
        let free = self.duplicates.len() < LINKS_MAX && !self.duplicates.contains_key(&peer);
        if free {
            self.duplicates.insert(peer, link);
        }
        free
    }

    /// Such a link ends.
    pub(super) fn leave_duplicate(&mut self, peer: &PeerId) {
        self.duplicates.remove(peer);
    }

    /// The `Down` of a link was reported.
    pub(super) fn ended(&mut self, peer: &PeerId, serial: u64) {
        if self.ending.get(peer).is_some_and(|link| link.serial == serial) {
            self.ending.remove(peer);
        }
    }
}

/// A link that is up, and what its peer reports of itself, which is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkInfo {
    /// Its proven PeerId.
    pub peer: PeerId,
    /// The address at the other end.
    pub address: Multiaddr,
    /// Whether this agent dialled.
    pub dialled: bool,
    /// Program and version; empty until identify reports it.
    pub agent: String,
    /// The protocols that it supports.
    pub protocols: Vec<String>,
    /// The round-trip time of the last ping.
    pub ping: Option<Duration>,
    /// For how long nothing has come, where an answer to a ping is overdue.
    pub silent: Option<Duration>,
}

/// An answer is overdue.
#[derive(Clone, Debug)]
pub(super) struct Overdue {
    /// Nothing has come since then.
    pub(super) since: Instant,
    /// The bytes that had arrived by then, and those that have arrived.
    pub(super) before: u64,
    pub(super) received: Arc<AtomicU64>,
}

impl Overdue {
    /// For how long nothing has come; `None`: something has meanwhile.
    fn silent(&self, now: Instant) -> Option<Duration> {
        (self.received.load(Ordering::Relaxed) == self.before).then(|| now.since(self.since))
    }
}

/// The handle of one link.
#[derive(Clone)]
pub(super) struct Link {
    /// Distinguishes links to the same peer.
    pub(super) serial: u64,
    pub(super) since: Instant,
    /// The mark of the start of the agent at the other end, if it sends one.
    pub(super) start: Option<u64>,
    info: Arc<Mutex<LinkInfo>>,
    queues: [Queue; 3],
    stop: Sender<String>,
    end: Receiver<()>,
    streams: Streams,
    /// Set while an answer to a ping is overdue.
    overdue: Arc<Mutex<Option<Overdue>>>,
    /// Whether messages to the peer are encoded as JSON.
    json: Arc<AtomicBool>,
}

impl Link {
    /// `end` closes when the link has ended and its `Down` was reported.
    pub(super) fn new(
        info: LinkInfo,
        start: Option<u64>,
        since: Instant,
        queues: [Queue; 3],
        stop: Sender<String>,
        end: Receiver<()>,
        streams: Streams,
    ) -> Self {
        let (info, overdue, json) = (Arc::new(Mutex::new(info)), Arc::default(), Arc::default());
        Self { serial: 0, since, start, info, queues, stop, end, streams, overdue, json }
    }

    pub(super) fn queue(&self, channel: Channel) -> &Queue {
        let [gossip, task, json] = &self.queues;
        match channel {
            Channel::Gossip => gossip,
            Channel::Task => task,
            Channel::Json => json,
        }
    }

    /// The encoding for messages to the peer.
    pub(super) fn encoding(&self) -> Encoding {
        if self.json.load(Ordering::Relaxed) { Encoding::Json } else { Encoding::Postcard }
    }

    pub(super) fn set_encoding(&self, encoding: Encoding) {
        self.json.store(encoding == Encoding::Json, Ordering::Relaxed);
    }

    /// Ends the link. Of several reasons the first is reported.
    pub(super) fn hang_up(&self, why: &str) {
        let _ = self.stop.try_send(why.to_owned());
    }

    pub(super) fn end(&self) -> Receiver<()> {
        self.end.clone()
    }

    pub(super) fn streams(&self) -> Streams {
        self.streams.clone()
    }

    pub(super) fn info(&self) -> LinkInfo {
        let overdue = self.overdue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let silent = overdue.and_then(|overdue| overdue.silent(clock::now()));
        LinkInfo { silent, ..self.info.lock().unwrap_or_else(PoisonError::into_inner).clone() }
    }

    /// An answer to a ping is overdue, or not any more.
    pub(super) fn set_overdue(&self, overdue: Option<Overdue>) {
        *self.overdue.lock().unwrap_or_else(PoisonError::into_inner) = overdue;
    }

    pub(super) fn update(&self, update: impl FnOnce(&mut LinkInfo)) {
        update(&mut self.info.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests;
