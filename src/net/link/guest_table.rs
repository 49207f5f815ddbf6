//! The table of guests: how many are connected from where, and the queue of each conversation.

use super::handshake_limits::SourceKey;
use crate::limits::{GUEST_QUEUE_MAX, GUESTS_ADDRESS_MAX, GUESTS_MAX};
use crate::wire::peer_id::PeerId;
use smol::channel::{Receiver, Sender};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The guests that are connected, and the conversations with them.
#[derive(Default)]
pub(super) struct Guests {
    /// How many are connected from each address.
    sources: BTreeMap<SourceKey, usize>,
    conversations: BTreeMap<PeerId, Sender<Vec<u8>>>,
}

impl Guests {
    pub(super) fn enter(&mut self, source: SocketAddr) -> Result<(), &'static str> {
        let here: usize = self.sources.values().sum();
        let source = source.ip().into();
        let of_source = self.sources.get(&source).copied().unwrap_or(0);
        if here >= GUESTS_MAX || of_source >= GUESTS_ADDRESS_MAX {
            // Nothing is noted of a source that is refused: sources cost nothing.
            return Err("there are enough guests");
        }
        self.sources.insert(source, of_source + 1);
        Ok(())
    }

    pub(super) fn leave(&mut self, source: SocketAddr) {
        self.sources.entry(source.ip().into()).and_modify(|count| *count = count.saturating_sub(1));
        self.sources.retain(|_, count| *count > 0);
    }

    /// Begins a conversation, unless one with this peer is under way.
    pub(super) fn begin(&mut self, peer: PeerId) -> Result<Receiver<Vec<u8>>, &'static str> {
        if self.conversations.contains_key(&peer) {
            return Err("it is being paired already");
        }
        let (frames, outgoing) = smol::channel::bounded(GUEST_QUEUE_MAX);
        self.conversations.insert(peer, frames);
        Ok(outgoing)
    }

    /// Queues a frame; false if there is no conversation, or the guest reads too slowly.
    pub(super) fn send(&self, peer: &PeerId, frame: Vec<u8>) -> bool {
        self.conversations.get(peer).is_some_and(|frames| frames.try_send(frame).is_ok())
    }

    /// Ends a conversation once what waits is written.
    pub(super) fn end(&mut self, peer: &PeerId) {
        self.conversations.remove(peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_refused_leaves_nothing_in_the_table() {
        let mut guests = Guests::default();
        let from = |n: u8| SocketAddr::from(([192, 168, 1, n], 1));
        let let_in = (1..=100).filter(|n| guests.enter(from(*n)).is_ok()).count();
        assert_eq!((let_in, guests.sources.len()), (GUESTS_MAX, GUESTS_MAX));
        guests.leave(from(1));
        assert_eq!(guests.sources.len(), GUESTS_MAX - 1);
        assert!(guests.enter(from(1)).is_ok() && guests.enter(from(1)).is_err());
    }
}
