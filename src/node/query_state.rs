//! The queries under way: of people at this device, and of peers.

use super::holdings_state::HoldingState;
use crate::base::filter::Filter;
use crate::base::id::{PeerKey, TaskId};
use crate::base::rng::Rng;
use crate::base::time::Instant;
use crate::limits::{LINKS_MAX, PEER_QUERIES_EACH_MAX, PEER_QUERIES_MAX};
use crate::query::pending::PendingQueries;
use crate::scheduler::task::{CollectionLanguage, SpokenLanguages};
use crate::wire::message::Filters;
use heapless::Vec as Bounded;

/// All queries under way.
#[derive(Debug)]
pub(super) struct QueryState {
    /// Of people at this device.
    pub(super) local: PendingQueries,
    /// Of peers.
    pub(super) of_peers: Bounded<PeerQuery, PEER_QUERIES_MAX>,
    /// The filters that peers sent last: of a query that follows at once.
    filters: Bounded<(PeerKey, Filters), LINKS_MAX>,
    /// What this device and its peers share: who is asked.
    pub(super) holdings: HoldingState,
    /// Draws the texts of peers that are checked after an answer.
    pub(super) rng: Rng,
    /// The language of the most documents, if most are not in English.
    pub(super) foreign: Option<&'static str>,
    /// The languages of the collections, until models are chosen for them.
    pub(super) languages: Vec<CollectionLanguage>,
    /// The languages of the collections, for people.
    pub(super) spoken: Vec<SpokenLanguages>,
    /// When somebody first asked for the status since the languages were last counted.
    pub(super) looked: Option<Instant>,
}

/// A peer's query.
#[derive(Debug)]
pub(super) struct PeerQuery {
    /// The task that answers it.
    pub(super) task: TaskId,
    /// Who asked.
    pub(super) peer: PeerKey,
    /// The query's number at that peer.
    pub(super) id: u64,
    /// Whether it came with filters.
    pub(super) filtered: bool,
}

impl QueryState {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            local: PendingQueries::default(),
            of_peers: Bounded::new(),
            filters: Bounded::new(),
            holdings: HoldingState::default(),
            rng,
            foreign: None,
            languages: Vec::new(),
            spoken: Vec::new(),
            looked: None,
        }
    }

    /// Whether one more query of a peer is answered, beside those of it and of others that are under way.
    pub(super) fn has_room_for(&self, peer: PeerKey) -> bool {
        let of_it = self.of_peers.iter().filter(|query| query.peer == peer).count();
        of_it < PEER_QUERIES_EACH_MAX && !self.of_peers.is_full()
    }

    /// A peer's filters, which are kept until its query comes.
    pub(super) fn keep_filters(&mut self, peer: PeerKey, filters: Filters) {
        self.filters.retain(|(from, _)| *from != peer);
        if self.filters.is_full() {
            self.filters.remove(0);
        }
        // There is room now.
        let _ = self.filters.push((peer, filters));
    }

    /// The filters of a peer's query, if it sent some.
    pub(super) fn take_filters(&mut self, peer: PeerKey, id: u64) -> Option<Filter> {
        let at = self.filters.iter().position(|(from, filters)| *from == peer && filters.id == id)?;
        Some(self.filters.remove(at).1.into_filter())
    }

    /// Whether anybody waits for an answer.
    pub(super) fn any(&self) -> bool {
        self.local.any() || !self.of_peers.is_empty()
    }
}
