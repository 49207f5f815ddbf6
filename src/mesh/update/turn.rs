//! Whose turn it is, so that never two devices of a mesh update at once.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{PEERS_MAX, UPDATE_AWAY_MS, UPDATE_SETTLE_MS, UPDATE_WAIT_MS};
use crate::wire::gossip::Said;
use std::collections::BTreeMap;

/// Whose turn it is, as this device sees it.
#[derive(Clone, Debug)]
pub struct Turn {
    me: PeerKey,
    said: Said,
    /// Since when nothing stands in the way.
    free_since: Option<Instant>,
    others: BTreeMap<PeerKey, (Said, Instant)>,
}

impl Turn {
    /// Of the device with this key, which waits for nothing. After a start in the middle of an update it says `Updates` again.
    #[must_use]
    pub fn new(me: PeerKey, is_updating: bool) -> Self {
        let said = if is_updating { Said::Updates } else { Said::Nothing };
        Self { me, said, free_since: None, others: BTreeMap::new() }
    }

    /// It has an update that waits.
    pub fn want(&mut self) {
        if self.said == Said::Nothing {
            self.said = Said::Wants;
        }
    }

    /// Its update has begun, whosever turn it was: the owner said so, or a start was in the middle of it.
    pub fn begin(&mut self) {
        (self.said, self.free_since) = (Said::Updates, None);
    }

    /// Its update has ended, however.
    pub fn end(&mut self) {
        (self.said, self.free_since) = (Said::Nothing, None);
    }

    /// What it says of itself.
    #[must_use]
    pub const fn said(&self) -> Said {
        self.said
    }

    /// Another member said this of itself.
    pub fn heard(&mut self, now: Instant, from: PeerKey, said: Said) {
        if said == Said::Nothing {
            self.others.remove(&from);
        } else if self.others.len() < PEERS_MAX || self.others.contains_key(&from) {
            self.others.insert(from, (said, now));
        }
    }

    /// Whether its turn has come: once. `missing`: when each member that is not reached now was seen last.
    #[must_use]
    pub fn comes(&mut self, now: Instant, missing: &[Instant]) -> bool {
        let is_past = |since: Instant, millis| now.since(since) >= Duration::from_millis(millis);
        self.others.retain(|_, (_, heard)| !is_past(*heard, UPDATE_WAIT_MS));
        let me = self.me;
        let is_alone = missing.iter().all(|seen| is_past(*seen, UPDATE_AWAY_MS));
        let is_before = |(other, (said, _)): (&PeerKey, &(Said, Instant))| *said == Said::Updates || *other < me;
        let is_free = self.said == Said::Wants && is_alone && !self.others.iter().any(is_before);
        self.free_since = is_free.then(|| self.free_since.unwrap_or(now));
        let comes = self.free_since.is_some_and(|since| is_past(since, UPDATE_SETTLE_MS));
        if comes {
            (self.said, self.free_since) = (Said::Updates, None);
        }
        comes
    }
}
