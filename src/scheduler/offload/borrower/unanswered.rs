//! Owners that offer work and give no answer when they are asked for it. Each such question keeps this device from asking others for
//! `ASK_AGAIN_MS`, so an owner is asked the more seldom the more of them it has left open: the pauses grow, with jitter, up to
//! `ASK_PAUSE_MS_MAX`. An answer ends that, also a late one. One that is back after its link broke is asked at once, and the next pause is as long as it would
//! have been; one that has started anew has left nothing open.

use crate::base::id::PeerKey;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{ASK_AGAIN_MS, ASK_PAUSE_MS_MAX, LENDING_MAX};
use std::collections::BTreeMap;

/// What one owner has left open.
#[derive(Clone, Copy, Debug)]
struct Open {
    questions: u32,
    since: Instant,
    /// It is asked nothing before.
    until: Instant,
}

/// Those of all owners, `LENDING_MAX` at most.
#[derive(Debug, Default)]
pub(super) struct Unanswered(BTreeMap<PeerKey, Open>);

impl Unanswered {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// An owner was asked at this time, and has given no answer until now.
    pub(super) fn note(&mut self, now: Instant, asked: Instant, owner: PeerKey, rng: &mut Rng) {
        if self.0.len() >= LENDING_MAX && !self.0.contains_key(&owner) {
            let next = self.0.iter().min_by_key(|(_, open)| open.until).map(|(owner, _)| *owner);
            next.map(|next| self.0.remove(&next));
        }
        let open = self.0.entry(owner).or_insert(Open { questions: 0, since: asked, until: now });
        let ms = ASK_AGAIN_MS.saturating_mul(2_u64.saturating_pow(open.questions)).min(ASK_PAUSE_MS_MAX);
        // Devices that wait for the same one do not ask it in the same moment.
        open.until = now + Duration::from_millis(ms + rng.below(ms / 4 + 1));
        open.questions = open.questions.saturating_add(1);
    }

    /// It answers, or has started anew. Gives whether it had left anything open.
    pub(super) fn end(&mut self, owner: PeerKey) -> bool {
        self.0.remove(&owner).is_some()
    }

    /// It is to be asked once more at once.
    pub(super) fn try_again(&mut self, owner: PeerKey) {
        if let Some(open) = self.0.get_mut(&owner) {
            open.until = Instant::ZERO;
        }
    }

    /// How many questions in a row it has left open.
    pub(super) fn questions(&self, owner: PeerKey) -> u32 {
        self.0.get(&owner).map_or(0, |open| open.questions)
    }

    /// When it may be asked.
    pub(super) fn until(&self, owner: PeerKey) -> Instant {
        self.0.get(&owner).map_or(Instant::ZERO, |open| open.until)
    }

    /// Since when it has left so many open, for people: not of one, which may happen.
    pub(super) fn told(&self, owner: PeerKey) -> Option<(u32, Instant)> {
        self.0.get(&owner).filter(|open| open.questions > 1).map(|open| (open.questions, open.since))
    }
}
