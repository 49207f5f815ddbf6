//! Who leads: this agent, or another one that it follows, or nobody that it knows.

use super::{HostCoordinator, Out, Output};
use crate::base::time::{Duration, Instant, earliest};
use crate::energy::decision::Decision;
use crate::energy::fraction::Fraction;
use crate::energy::host_protocol::{FollowerMessage, LeaderMessage};
use crate::energy::mode::Mode;
use crate::energy::reason::Reason;

/// A follower believes its leader's last message for this long after the connection ended, or while none stands yet.
const ORPHAN: Duration = Duration::from_secs(5);
/// A follower that works believes a message for this long: two renewals (`RENEW`) may be late. A leader that hangs, or
/// whose sensors do, thus allows nothing for ever.
const STALE: Duration = Duration::from_secs(25);
/// Between two tries to find a leader, or to become it, at first; twice as long each time that one is found and says
/// nothing, as one that has no room left or is of another version does.
const RETRY: Duration = Duration::from_millis(250);
/// And at most.
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
    /// What the leader allows.
    allows: Decision,
    /// When it said so last.
    heard: Instant,
    /// Since when there is no leader that speaks: none was found yet, or the connection ended.
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
    /// It stands, and nothing has come over it.
    Silent,
    Speaks,
}

impl Role {
    /// Nobody is known to lead: a leader is looked for at once.
    pub(super) fn seeking(now: Instant) -> Self {
        let allows = Decision { reason: Some(Reason::Rising), ..Decision::default() };
        let (gone, seek_at) = (Some(now), Some(now));
        Self::Follows(Following { allows, heard: now, gone, link: Link::Down, seek_at, retry: RETRY })
    }

    const fn following(&mut self) -> Option<&mut Following> {
        match self {
            Self::Leads => None,
            Self::Follows(following) => Some(following),
        }
    }

    /// Another agent holds the lock: it is looked for again in a while.
    pub(super) fn not_elected(&mut self, now: Instant) {
        if let Some(following) = self.following() {
            following.seek_at = Some(now + following.retry);
        }
    }

    /// The connection to the leader ended.
    pub(super) fn lost(&mut self, now: Instant) {
        let Some(following) = self.following() else { return };
        following.gone = following.gone.or(Some(now));
        following.retry = if following.link == Link::Speaks { RETRY } else { (following.retry * 2).min(RETRY_MOST) };
        following.link = Link::Down;
    }

    /// Is it time to look for a leader? It is looked for once.
    pub(super) fn seeks(&mut self, now: Instant) -> bool {
        let Some(following) = self.following() else { return false };
        let due = following.seek_at.is_some_and(|at| at <= now);
        if due {
            following.seek_at = None;
        }
        due
    }

    /// Can something be said to a leader?
    pub(super) fn is_linked(&self) -> bool {
        matches!(self, Self::Follows(following) if following.link != Link::Down)
    }

    /// When a follower looks for its leader again, or believes less of what it said.
    pub(super) fn deadline(&self, now: Instant, works_since: Option<Instant>) -> Option<Instant> {
        let Self::Follows(following) = self else { return None };
        let later = |at: Instant| Some(at + Duration::from_millis(1)).filter(|at| *at > now);
        let stale = works_since.and_then(|since| later(following.heard.max(since) + STALE));
        let orphaned = following.gone.and_then(|since| later(since + ORPHAN));
        earliest(following.seek_at, earliest(stale, orphaned))
    }
}

impl Following {
    /// What the leader allows, as far as it is still believed; this agent has had work since `works_since`.
    pub(super) fn allowed(&self, now: Instant, works_since: Option<Instant>) -> Decision {
        let silent = works_since.is_some_and(|since| now.since(self.heard.max(since)) > STALE);
        let orphaned = self.gone.is_some_and(|since| now.since(since) > ORPHAN);
        if silent || orphaned { careful(self.allows) } else { self.allows }
    }
}

impl HostCoordinator {
    /// Does this agent lead?
    #[must_use]
    pub const fn leads(&self) -> bool {
        matches!(self.role, Role::Leads)
    }

    pub(super) fn on_elected(&mut self, now: Instant, out: &mut Out) {
        self.role = Role::Leads;
        self.shares.forget_followers();
        self.sampling.changed(false);
        self.apply_pause();
        if self.shares.is_answering() {
            self.count_question(now, false, true);
        }
        self.tell_node(now, out);
    }

    pub(super) fn on_leader_found(&mut self, now: Instant, out: &mut Out) {
        let Role::Follows(following) = &mut self.role else { return };
        (following.link, following.seek_at) = (Link::Silent, None);
        self.shares.forget_told_leader();
        while let Some(hint) = self.hints.pop_front() {
            out.push(Output::ToLeader(FollowerMessage::Hint(hint)));
        }
        self.tell_leader(now, out);
    }

    pub(super) fn on_leader_message(&mut self, now: Instant, message: LeaderMessage, out: &mut Out) {
        let Role::Follows(following) = &mut self.role else { return };
        (following.allows, following.heard, following.gone) = (message.decision, now, None);
        (following.link, following.retry) = (Link::Speaks, RETRY);
        self.tell_node(now, out);
        self.hear_pause(now, message.pause, out);
        self.tell_leader(now, out);
    }
}

/// What a follower may do whose leader is silent: little, and no more than it was allowed before.
fn careful(decision: Decision) -> Decision {
    if decision.workers == 0 {
        return decision;
    }
    let before = Fraction::new(decision.workers as f64 * decision.duty.value());
    Decision {
        headroom: decision.headroom.min(Fraction::TRICKLE),
        reason: Some(Reason::LeaderSilent),
        mode: Mode::Trickle,
        workers: 1,
        duty: before.min(Fraction::TRICKLE),
        chunks: 1,
        ..decision
    }
}
