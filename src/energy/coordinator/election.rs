//! Who leads the host, and what a follower knows of its leader.

use crate::base::time::{Duration, Instant, earliest};
use crate::energy::decision::{Besides, Decision};
use crate::energy::doubt::Doubts;
use crate::energy::fraction::Fraction;
use crate::energy::host_protocol::{LeaderMessage, Tail};
use crate::energy::mode::Mode;
use crate::energy::rank::Rank;
use crate::energy::reason::Reason;

/// A follower keeps to its leader's last message for this long after the connection ended, or before the first one.
const ORPHAN: Duration = Duration::from_secs(5);
/// A follower that works keeps to a message for this long: two renewals (`shares::RENEW`) may be late. So nothing is
/// allowed for ever by a leader that hangs, or whose sensors do.
const STALE: Duration = Duration::from_secs(25);
/// Between two attempts to find a leader, or to become it, at first. The time doubles whenever a leader is found and
/// sends nothing, as one does that is full or is of another version.
const RETRY: Duration = Duration::from_millis(250);
/// The most that `RETRY` grows to.
const RETRY_MOST: Duration = Duration::from_secs(60);

/// Who leads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Role {
    /// This agent.
    Leads,
    /// Another one, or nobody yet.
    Follows(Following),
}

/// What a follower knows of its leader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Following {
    /// What the leader's last message allows.
    allows: Decision,
    /// What it says of the sensors.
    doubts: Doubts,
    /// When that message came.
    received: Instant,
    /// Since when no leader sends: none was found yet, or the connection ended.
    gone: Option<Instant>,
    link: Link,
    /// When to look for a leader again; `None`: one is connected, or this agent campaigns.
    seek_at: Option<Instant>,
    retry: Duration,
}

/// The connection to the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    /// It stands, and no message came over it yet.
    Silent,
    Active,
}

impl Role {
    /// No leader is known: one is looked for at once.
    pub(super) fn seeking(now: Instant) -> Self {
        let allows = Decision { reason: Some(Reason::Rising), ..Decision::default() };
        let (gone, seek_at) = (Some(now), Some(now));
        Self::Follows(Following {
            allows,
            doubts: Doubts::NONE,
            received: now,
            gone,
            link: Link::Down,
            seek_at,
            retry: RETRY,
        })
    }

    const fn following(&mut self) -> Option<&mut Following> {
        match self {
            Self::Leads => None,
            Self::Follows(following) => Some(following),
        }
    }

    /// Another agent holds the lock: look for it again after a while.
    pub(super) fn not_elected(&mut self, now: Instant) {
        if let Some(following) = self.following() {
            following.seek_at = Some(now + following.retry);
        }
    }

    /// A connection to a leader stands; false if this agent leads itself.
    pub(super) const fn connected(&mut self) -> bool {
        let Some(following) = self.following() else { return false };
        (following.link, following.seek_at) = (Link::Silent, None);
        true
    }

    /// The leader's message came; false if this agent leads itself.
    pub(super) fn received(&mut self, now: Instant, message: &LeaderMessage) -> bool {
        let Some(following) = self.following() else { return false };
        let Tail { rank, only_questions, in_use, lasting, doubts, .. } = message.more;
        following.allows = Decision { rank, besides: Besides { only_questions, in_use, lasting }, ..message.decision };
        following.doubts = doubts;
        (following.received, following.gone) = (now, None);
        (following.link, following.retry) = (Link::Active, RETRY);
        true
    }

    /// The connection to the leader ended.
    pub(super) fn lost(&mut self, now: Instant) {
        let Some(following) = self.following() else { return };
        following.gone = following.gone.or(Some(now));
        following.retry = if following.link == Link::Active { RETRY } else { (following.retry * 2).min(RETRY_MOST) };
        following.link = Link::Down;
    }

    /// Is it time to look for a leader? True once for each time that is due.
    pub(super) fn seeks(&mut self, now: Instant) -> bool {
        let Some(following) = self.following() else { return false };
        let due = following.seek_at.is_some_and(|at| at <= now);
        if due {
            following.seek_at = None;
        }
        due
    }

    /// What the leader that this agent follows says of the sensors; nothing once its connection ended.
    pub(super) fn doubts_of_leader(&self) -> Doubts {
        match self {
            Self::Follows(following) if following.link == Link::Active => following.doubts,
            _ => Doubts::NONE,
        }
    }

    /// Is there a leader to send to?
    pub(super) fn is_linked(&self) -> bool {
        matches!(self, Self::Follows(following) if following.link != Link::Down)
    }

    /// When a follower looks for its leader again, or ceases to keep to its last message.
    pub(super) fn deadline(&self, now: Instant, works_since: Option<Instant>) -> Option<Instant> {
        let Self::Follows(following) = self else { return None };
        let later = |at: Instant| Some(at + Duration::from_millis(1)).filter(|at| *at > now);
        let stale = works_since.and_then(|since| later(following.received.max(since) + STALE));
        let orphaned = following.gone.and_then(|since| later(since + ORPHAN));
        earliest(following.seek_at, earliest(stale, orphaned))
    }
}

impl Following {
    /// What a follower may do that has had work since `works_since`.
    pub(super) fn allowed(&self, now: Instant, works_since: Option<Instant>) -> Decision {
        let stale = works_since.is_some_and(|since| now.since(self.received.max(since)) > STALE);
        let orphaned = self.gone.is_some_and(|since| now.since(since) > ORPHAN);
        if stale || orphaned { without_leader(self.allows) } else { self.allows }
    }
}

/// What a follower may do whose leader is silent: a trickle, and no more than it was allowed before.
fn without_leader(decision: Decision) -> Decision {
    if decision.workers == 0 {
        return Decision { besides: Besides { only_questions: false, ..decision.besides }, ..decision };
    }
    let before = Fraction::new(decision.workers as f64 * decision.duty.value());
    Decision {
        headroom: decision.headroom.min(Fraction::TRICKLE),
        reason: Some(Reason::LeaderSilent),
        mode: Mode::Trickle,
        workers: 1,
        duty: before.min(Fraction::TRICKLE),
        chunks: 1,
        rank: Rank::Last,
        ..decision
    }
}
