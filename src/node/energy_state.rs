//! What the node knows of energy: the governor's decision, the duty-cycle accounts, and what was reported.

use super::stall::Stall;
use super::status::HoldStatus;
use crate::base::id::{PeerKey, TaskId};
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::duty_cycle::DutyCycle;
use crate::energy::fraction::Fraction;
use crate::energy::policy::ages::Ages;
use crate::energy::reason::Reason;
use crate::limits::{BACKGROUND_MAX, HEADROOM_LOOK_MS, HOLD_STEADY_MS, HOLD_TOLD_MS, LINKS_MAX};
use crate::scheduler::WorkAllowance;
use crate::wire::why::Hold;
use heapless::{LinearMap, Vec as Bounded};
use std::collections::BTreeMap;

/// The governor's side of the node.
#[derive(Debug, Default)]
pub(super) struct EnergyState {
    /// What the governor allows; `None`: this agent has no governor.
    pub(super) decision: Option<Decision>,
    pub(super) duty_cycle: DutyCycle,
    /// The duty-cycle account that each running task is charged to.
    pub(super) accounts: Accounts,
    /// When an account that had no credit has some again.
    pub(super) credit_at: Option<Instant>,
    /// Whether people wait for answers, as reported to the governor last.
    pub(super) answering: bool,
    /// No background task starts before this: the governor's decision about a query may still be on its way.
    pub(super) quiet_until: Option<Instant>,
    /// From when on one task may start although questions come.
    pub(super) beside_from: Option<Instant>,
    /// How long unfinished documents have been waiting.
    pub(super) ages: Ages,
    /// Since when work waits, as reported to the governor last.
    pub(super) demand_since: Option<Instant>,
    /// Whether work gets on.
    pub(super) stall: Stall,
    /// What was told of work that is held.
    pub(super) told: ToldHold,
    /// What others say of their energy.
    pub(super) others: OthersEnergy,
}

/// Which running task is charged to which duty-cycle account.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    running: LinearMap<TaskId, usize, BACKGROUND_MAX>,
    /// A task that takes long, its account, and since when others may run on that.
    aside: Option<(TaskId, usize, Instant)>,
}

impl Accounts {
    /// How many have a task of their own.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// The same with the task that is set aside.
    pub(super) fn under_way(&self) -> usize {
        self.running.len() + usize::from(self.aside.is_some())
    }

    /// Whether an account has a task.
    pub(super) fn is_taken(&self, account: usize) -> bool {
        self.running.values().any(|taken| *taken == account)
    }

    /// A task starts.
    pub(super) fn begin(&mut self, id: TaskId, account: usize) {
        let inserted = self.running.insert(id, account);
        debug_assert!(inserted.is_ok(), "slots never exceed the table");
    }

    /// Sets a task aside, if it has an account and no other one is aside; gives the account.
    pub(super) fn set_aside(&mut self, now: Instant, id: TaskId) -> Option<usize> {
        if self.aside.is_some() {
            return None;
        }
        let account = self.running.remove(&id)?;
        self.aside = Some((id, account, now));
        Some(account)
    }

    /// A task ended: its account, and since when it was set aside, if it was.
    pub(super) fn end(&mut self, id: TaskId) -> Option<(usize, Option<Instant>)> {
        let aside = self.aside.take_if(|(aside, ..)| *aside == id).map(|(_, account, since)| (account, Some(since)));
        aside.or_else(|| Some((self.running.remove(&id)?, None)))
    }
}

/// Linked devices with surplus energy, as they published it, and why others do little, as they told when they were asked. What is
/// published is decoded now and then, and not in each step.
#[derive(Debug, Default)]
pub(super) struct OthersEnergy {
    looked: Option<Instant>,
    peers: Bounded<PeerKey, LINKS_MAX>,
    /// At most `LINKS_MAX`.
    holds: BTreeMap<PeerKey, (Instant, Option<Hold>)>,
}

impl OthersEnergy {
    /// A device told why it does as little as it does.
    pub(super) fn told(&mut self, now: Instant, peer: PeerKey, hold: Option<Hold>) {
        if self.holds.len() >= LINKS_MAX && !self.holds.contains_key(&peer) {
            let eldest = self.holds.iter().min_by_key(|(_, (at, _))| *at).map(|(peer, _)| *peer);
            eldest.map(|eldest| self.holds.remove(&eldest));
        }
        self.holds.insert(peer, (now, hold));
    }

    /// What it told a moment ago; `Some(None)`: nothing limits it.
    pub(super) fn hold_of(&self, now: Instant, peer: PeerKey) -> Option<Option<HoldStatus>> {
        let (at, hold) =
            self.holds.get(&peer).filter(|(at, _)| now.since(*at) < Duration::from_millis(HOLD_TOLD_MS))?;
        Some(hold.as_ref().map(|hold| HoldStatus::of_wire(hold, now.since(*at))))
    }

    /// Whether it is to be looked at again.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.looked.is_none_or(|at| now >= at + Duration::from_millis(HEADROOM_LOOK_MS))
    }

    /// These have some.
    pub(super) fn set(&mut self, now: Instant, peers: Bounded<PeerKey, LINKS_MAX>) {
        (self.looked, self.peers) = (Some(now), peers);
    }

    /// Whether this one has.
    pub(super) fn has(&self, peer: PeerKey) -> bool {
        self.peers.contains(&peer)
    }
}

/// See `HOLD_STEADY_MS`.
const STEADY: Duration = Duration::from_millis(HOLD_STEADY_MS);

/// What was last told of why work waits.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ToldHold {
    told: Option<Reason>,
    /// What is so by now, and since when, where that was not told yet.
    next: Option<(Option<Reason>, Instant)>,
    /// What limits the work now, momentary or not, and since when.
    so: Option<(Reason, Instant)>,
}

impl ToldHold {
    /// This limits the work now.
    pub(super) fn is_so(&mut self, now: Instant, reason: Option<Reason>) {
        if self.so.map(|(reason, _)| reason) != reason {
            self.so = reason.map(|reason| (reason, now));
        }
    }

    /// What limits the work, and since when.
    pub(super) const fn so(&self) -> Option<(Reason, Instant)> {
        self.so
    }

    /// Why work waits, as it was told last; `None`: it does not.
    pub(super) const fn reason(&self) -> Option<Reason> {
        self.told
    }

    /// Takes why work waits now; true where that is to be told.
    pub(super) fn take(&mut self, now: Instant, reason: Option<Reason>) -> bool {
        if reason == self.told {
            self.next = None;
            return false;
        }
        let since = match self.next {
            Some((next, since)) if next == reason => since,
            _ => now,
        };
        let is_steady = now.since(since) >= STEADY;
        self.next = (!is_steady).then_some((reason, since));
        if is_steady {
            self.told = reason;
        }
        is_steady
    }

    /// A reason that ends by itself says nothing of what is so besides: what is due to be told waits another while, so that
    /// it wakes nobody meanwhile.
    pub(super) fn postpone(&mut self, now: Instant) {
        if let Some((_, since)) = self.next.as_mut().filter(|(_, since)| now.since(*since) >= STEADY) {
            *since = now;
        }
    }

    /// No work is left: nothing waits, and nothing is told of that.
    pub(super) const fn clear(&mut self) {
        (self.told, self.next) = (None, None);
    }

    /// When what is so by now is to be told.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next.map(|(_, since)| since + STEADY)
    }
}

/// What may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    /// The duty-cycle account to charge.
    pub(super) account: usize,
    /// What the scheduler may start.
    pub(super) allowance: WorkAllowance,
}

/// What light work (scans, removals, reading) may use where there is no headroom. It is never nothing.
pub(super) fn light(decision: &Decision) -> Decision {
    let slowed = decision.reason.is_some_and(Reason::slows_light_work);
    let duty = if slowed { Fraction::LEAST } else { Fraction::TRICKLE };
    Decision { workers: 1, duty, chunks: 1, ..*decision }
}

/// Reasons that end by themselves within seconds: there is no notice of them.
pub(super) const fn is_momentary(reason: Reason) -> bool {
    matches!(reason, Reason::Answering | Reason::Rising)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_work_waits_or_goes_on_is_told_once_it_has_lasted_and_never_twice_in_ten_seconds() {
        let mut hold = ToldHold::default();
        let mut told = Vec::new();
        for second in 0..400_u64 {
            // In use with short breaks, then free with short uses.
            let in_use = if second < 200 { second % 9 != 0 } else { second % 9 == 0 };
            if hold.take(Instant::from_millis(second * 1000), in_use.then_some(Reason::InUse)) {
                told.push((second, hold.reason()));
            }
        }
        assert!(told.len() <= 2, "{told:?}");
        let mut hold = ToldHold::default();
        let at = |s: u64| Instant::from_millis(s * 1000);
        assert!(!hold.take(at(0), Some(Reason::InUse)));
        assert_eq!(hold.deadline(), Some(at(10)), "it is told even if nothing else happens");
        assert!(!hold.take(at(9), Some(Reason::InUse)) && hold.take(at(10), Some(Reason::InUse)));
        assert_eq!((hold.reason(), hold.deadline()), (Some(Reason::InUse), None));
        assert!(!hold.take(at(11), None) && hold.take(at(21), None));
        assert_eq!(hold.reason(), None);
        hold.take(at(30), Some(Reason::TooHot));
        hold.postpone(at(35));
        assert_eq!(hold.deadline(), Some(at(40)));
        hold.postpone(at(40));
        assert_eq!(hold.deadline(), Some(at(50)), "or a woken node would be woken at once again");
        hold.clear();
        assert_eq!(hold.deadline(), None);
    }
}
