//! The names that peers say of themselves: whom to ask, and when one goes to the disk.
//!
//! A name that changes again and again is saved once in `NAME_SAVE_MS`, the last one in the end: after the pause, or when the agent stops.

use super::Peers;
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{NAME_REQUEST_MS, REDIAL_MS_MAX};

impl Peers {
    /// The name that a peer had before this start.
    pub fn keep_name(&mut self, key: PeerKey, device: String) {
        if let Some(peer) = self.get_mut(key) {
            peer.device.get_or_insert(device);
        }
    }

    /// The next linked peer to ask for its name now. It is asked again after a pause that doubles.
    pub fn next_unnamed(&mut self, now: Instant) -> Option<PeerKey> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        let peer = self.first(|peer| peer.link.name_request_at.is_some_and(|at| at <= now))?;
        let pause = peer.redial.pause;
        peer.link.name_request_at = Some(now + pause.max(Duration::from_millis(NAME_REQUEST_MS)));
        peer.redial.pause = (pause * 2).min(Duration::from_millis(REDIAL_MS_MAX));
        let key = peer.key;
        self.next.set(None);
        Some(key)
    }

    /// A peer sent its device's name. True if it is to be saved now: it is another one than the last that was, which is a while ago.
    pub fn set_name(&mut self, now: Instant, key: PeerKey, device: String) -> bool {
        let Some(peer) = self.get_mut(key) else { return false };
        (peer.link.named, peer.link.name_request_at) = (true, None);
        peer.link.told.name_is_unsaved |= peer.device.as_ref() != Some(&device);
        peer.device = Some(device);
        let may = peer.link.told.take_due_name(now);
        // A name that waits has a deadline.
        self.active.insert(key);
        may
    }

    /// The next name that waited and is to be saved now.
    pub fn next_name_to_save(&mut self, now: Instant) -> Option<(PeerKey, String)> {
        if self.deadline().is_none_or(|at| at > now) {
            return None;
        }
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let peer = self.first(|peer| is_due(peer.link.told.name_due()))?;
        peer.link.told.take_due_name(now);
        let named = (peer.key, peer.device.clone()?);
        self.next.set(None);
        Some(named)
    }

    /// All names that wait: the agent stops.
    pub fn names_to_save(&self) -> impl Iterator<Item = (PeerKey, String)> {
        let waiting = self.iter().filter(|peer| peer.link.told.name_is_unsaved);
        waiting.filter_map(|peer| Some((peer.key, peer.device.clone()?)))
    }
}
