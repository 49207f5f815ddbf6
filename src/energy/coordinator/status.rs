//! The coordinator's status, for people and programs.

use super::machine::HostCoordinator;
use super::output::Out;
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant};
use crate::energy::accounting::ledger::{Ledger, Totals};
use crate::energy::accounting::meter::Baseline;
use crate::energy::day::Worked;
use crate::energy::decision::Decision;
use crate::energy::doubt::Doubts;
use crate::energy::policy::hint::Origin;
use crate::energy::policy::hours::QuietHours;
use crate::energy::policy::pause::Pause;
use crate::energy::policy::wall::Wall;

/// The status of a coordinator. A follower samples nothing, so what only a governor knows is unknown there.
#[derive(Clone, Copy, Debug)]
pub struct Status<'a> {
    /// What may be done: by the whole device where this agent leads, else by this agent.
    pub decision: Decision,
    /// How many agents follow this one; `None`: another agent leads.
    pub followers: Option<usize>,
    /// Degrees at which the device is held; `None`: unknown here, or there is no sensor to hold it by.
    pub target: Option<f64>,
    /// There is a sensor that is believed: a single one that may be a constant was seen to vary.
    pub sensor_is_proven: bool,
    /// The limit that the owner chose in place of the one that was found.
    pub own_limit: Option<f64>,
    /// Cores that other programs use, and readings that contradict each other; unknown where another agent leads.
    pub seen: Option<(f64, Doubts)>,
    /// How much energy there is, and where that was learned from.
    pub energy: (Energy, Option<(Origin, &'a str)>),
    /// The pause that holds.
    pub pause: Option<Pause>,
    /// When the burst ends that holds.
    pub burst: Option<Instant>,
    /// The power of the device without our work.
    pub baseline: Option<Baseline>,
    /// Joules by day, and which day is today.
    pub ledger: (&'a Ledger, i64),
}

/// When what holds work ends by itself; each is unknown where another agent leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HoldEnds {
    /// The minute of the day at which quiet hours end that hold now.
    pub quiet: Option<u16>,
    /// How long the oldest work waits for surplus energy at most, and the minute of the day at which that is over, if the time is known.
    pub surplus: Option<(Duration, Option<u16>)>,
    /// How long the pause lasts that holds now, and the minute of the day at which it is over, if the time is known; `None` too where nothing but its owner
    /// ends it.
    pub pause: Option<(Duration, Option<u16>)>,
}

impl HostCoordinator {
    /// The readings that contradict each other; none where another agent leads and samples.
    #[must_use]
    pub fn doubted(&self) -> Doubts {
        if self.leads() { self.governor.status().doubts } else { Doubts::NONE }
    }

    /// What the leader that this agent follows finds wrong with the sensors; nothing where this agent leads.
    #[must_use]
    pub fn told_by_leader(&self) -> Doubts {
        self.role.doubts_of_leader()
    }

    /// Degrees of the CPU as last believed, and this agent's background work today: for the day that people are shown. Where another agent leads,
    /// this one samples nothing.
    #[must_use]
    pub fn moment(&self, now: Instant) -> (Option<f64>, Worked) {
        let lines = || self.spending.ledger().day(self.day(now)).into_iter().flat_map(Totals::lines);
        let worked = Worked {
            joules: lines().map(|line| line.part.joules).sum(),
            chunks: lines().map(|line| line.part.chunks).sum(),
            unknown: lines().filter(|line| line.scope.is_none()).map(|line| line.part.tasks).sum(),
        };
        (self.governor.status().degrees.filter(|_| self.leads()), worked)
    }

    /// The quiet hours of this agent's settings; those of the leader hold.
    #[must_use]
    pub const fn quiet_hours(&self) -> &QuietHours {
        self.governor.policy.quiet_hours()
    }

    /// The minute of the day at which the quiet hours that hold now end; `None` where another agent leads, which knows its own.
    fn quiet_until(&self, now: Instant) -> Option<u16> {
        self.governor.policy.quiet_until(self.wall(now).filter(|_| self.leads())?)
    }

    /// When what holds work ends by itself, for people.
    #[must_use]
    pub fn hold_ends(&self, now: Instant) -> HoldEnds {
        let wall = self.wall(now).filter(|_| self.leads());
        let backlog = self.backlog(now);
        let left = backlog.can_wait.saturating_sub(backlog.oldest.unwrap_or_default());
        let minute_in = |left: Duration, wall: Option<Wall>| {
            let seconds = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
            wall.map(|wall| self.zone().local(Wall(wall.0.saturating_add(seconds))).minute)
        };
        let waits = self.leads() && backlog.oldest.is_some() && !left.is_zero();
        let surplus = waits.then(|| (left, minute_in(left, wall)));
        // Each agent of a host knows the pause and a clock.
        let paused = self.pause().filter(|pause| pause.holds(now)).and_then(|pause| pause.until());
        let pause = paused.map(|until| until.since(now)).map(|left| (left, minute_in(left, self.wall(now))));
        HoldEnds { quiet: self.quiet_until(now), surplus, pause }
    }

    /// The status now.
    pub fn status(&mut self, now: Instant, out: &mut Out) -> Status<'_> {
        let own = self.decision(now, out);
        let leads = self.leads();
        let governor = self.governor.status();
        let has_sensor = leads && governor.has_sensor;
        let target = (has_sensor && self.sampling.sensors() > 0).then_some(governor.target);
        let energy = self.governor.policy.energy(now, self.wall(now));
        Status {
            decision: if leads { self.shares.whole } else { own },
            followers: leads.then(|| self.followers()),
            target,
            sensor_is_proven: has_sensor,
            own_limit: governor.own_limit,
            seen: leads.then_some((governor.foreign_cores, governor.doubts)),
            energy: if leads { energy } else { (own.energy, None) },
            pause: self.pause().filter(|pause| pause.holds(now)),
            burst: self.burst(now),
            baseline: self.spending.baseline(now),
            ledger: (self.spending.ledger(), self.day(now)),
        }
    }
}
