//! The gate itself: pause before quiet hours before energy, with deadlines that relax it.

use super::hint::{Hint, Hints, Origin};
use super::hours::{QuietHours, Window};
use super::pause::Pause;
use super::wall::{DAY_MINUTES, Wall, Zone};
use crate::base::level::Energy;
use crate::base::time::{Duration, Instant, earliest};
use crate::energy::fraction::Fraction;
use crate::energy::reason::{Gate, Reason};

/// What is known of the work that waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How long the oldest file has waited; `None`: there is no work.
    pub oldest: Option<Duration>,
    /// How long it may wait for surplus; zero: it does not wait.
    pub can_wait: Duration,
}

/// What the owner chose.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Quiet hours.
    pub quiet: QuietHours,
    /// The time zone of quiet hours and schedules.
    pub zone: Zone,
    /// Work older than this runs at a trickle, quiet hours or not.
    pub max_defer: Duration,
    /// A surplus is expected on most days, so that work waits for it.
    pub expects_surplus: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let max_defer = Duration::from_secs(7 * 24 * 3600);
        Self { quiet: QuietHours::default(), zone: Zone::default(), max_defer, expects_surplus: false }
    }
}

/// The gate with its memory.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    settings: Settings,
    hints: Hints,
    pause: Option<Pause>,
}

/// The gate with the energy that it was decided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateOutcome {
    /// At most this.
    pub gate: Gate,
    /// Is energy plentiful or scarce?
    pub energy: Energy,
    /// Surplus lifts caps that are not for safety.
    pub lifts: bool,
}

impl Policy {
    /// A gate with these settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// The time zone.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.settings.zone
    }

    /// Replaces the time zone, for instance when its later changes are known.
    pub fn set_zone(&mut self, zone: Zone) {
        self.settings.zone = zone;
    }

    /// Replaces the quiet hours.
    pub fn set_quiet(&mut self, quiet: QuietHours) {
        self.settings.quiet = quiet;
    }

    /// Adds hours to the energy schedule; false where they do not fit.
    pub fn plan(&mut self, window: Window, energy: Energy) -> bool {
        self.hints.plan(window, energy)
    }

    /// Takes a hint.
    pub fn hint(&mut self, now: Instant, origin: Origin, hint: Hint) {
        self.hints.take(now, origin, hint);
    }

    /// Pauses.
    pub const fn pause(&mut self, pause: Pause) {
        self.pause = Some(pause);
    }

    /// Ends a pause.
    pub const fn resume(&mut self) {
        self.pause = None;
    }

    /// The pause that holds.
    fn paused(&self, now: Instant) -> Option<Pause> {
        self.pause.filter(|pause| pause.holds(now))
    }

    /// The next end of a hint or pause that held at `seen`.
    #[must_use]
    pub fn next_end(&self, seen: Instant) -> Option<Instant> {
        let pause = self.pause.and_then(|pause| pause.until()).filter(|until| seen < *until);
        earliest(self.hints.next_end(seen), pause)
    }

    /// Energy now and its origin, for status.
    #[must_use]
    pub fn energy(&self, now: Instant, wall: Option<Wall>) -> (Energy, Option<(Origin, &str)>) {
        self.hints.current(now, wall.map(|wall| self.settings.zone.local(wall)))
    }

    /// The gate for work that has waited so long.
    #[must_use]
    pub fn evaluate(&self, now: Instant, wall: Option<Wall>, backlog: Backlog) -> GateOutcome {
        let (energy, _) = self.energy(now, wall);
        let lifts = energy == Energy::Surplus;
        if self.paused(now).is_some() {
            return GateOutcome { gate: Gate::at(Fraction::NONE, Reason::Paused), energy, lifts: false };
        }
        let wanted = if lifts { Gate::OPEN } else { self.hours(wall).and(self.wait(energy, backlog)) };
        let overdue = backlog.oldest.is_some_and(|age| age >= self.settings.max_defer);
        let gate = if overdue && wanted.at_most < Fraction::TRICKLE {
            Gate { at_most: Fraction::TRICKLE, ..wanted }
        } else {
            wanted
        };
        GateOutcome { gate, energy, lifts }
    }

    /// The quiet hours that the owner set.
    #[must_use]
    pub const fn quiet_hours(&self) -> &QuietHours {
        &self.settings.quiet
    }

    /// The minute of the day at which the quiet hours that hold now end; `None`: none hold, or not within a day.
    #[must_use]
    pub fn quiet_until(&self, wall: Wall) -> Option<u16> {
        let Settings { quiet, zone, .. } = &self.settings;
        quiet.cap(zone.local(wall))?;
        let mut minutes =
            (1..=i64::from(DAY_MINUTES)).map(|minute| zone.local(Wall(wall.0.saturating_add(minute * 60))));
        minutes.find(|local| quiet.cap(*local).is_none()).map(|local| local.minute)
    }

    fn hours(&self, wall: Option<Wall>) -> Gate {
        let quiet = &self.settings.quiet;
        match wall {
            Some(wall) => quiet.cap(self.settings.zone.local(wall)).map(|cap| Gate::at(cap, Reason::QuietHours)),
            None => quiet.strictest().map(|cap| Gate::at(cap, Reason::TimeUnknown)),
        }
        .unwrap_or(Gate::OPEN)
    }

    /// Work that can wait waits for surplus while one is expected; after three quarters of its time it trickles.
    fn wait(&self, energy: Energy, backlog: Backlog) -> Gate {
        let expected = self.settings.expects_surplus || self.hints.promises_surplus();
        let age = backlog.oldest.unwrap_or(Duration::ZERO);
        let waiting = if !expected || age >= backlog.can_wait {
            Gate::OPEN
        } else if age < backlog.can_wait * 3 / 4 {
            Gate::at(Fraction::NONE, Reason::WaitingForSurplus)
        } else {
            Gate::at(Fraction::TRICKLE, Reason::WaitingForSurplus)
        };
        let scarce = if energy == Energy::Scarce { Gate::at(Fraction::TRICKLE, Reason::Scarce) } else { Gate::OPEN };
        scarce.and(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn quiet_at_night() -> Settings {
        let mut quiet = QuietHours::default();
        assert!(quiet.add(Window { days: Window::DAILY, from: 1320, to: 420 }, Fraction::TRICKLE));
        assert!(quiet.add(Window { days: 1 << 6, from: 780, to: 900 }, Fraction::NONE));
        Settings { quiet, zone: Zone::new(0, &[]), ..Settings::default() }
    }

    fn surplus(seconds: u64) -> Hint {
        Hint { energy: Energy::Surplus, ttl: Duration::from_secs(seconds), source: heapless::String::new() }
    }

    #[test]
    fn while_the_time_is_unknown_the_strictest_quiet_hours_hold() {
        let policy = Policy::new(quiet_at_night());
        let gate = policy.evaluate(Instant::ZERO, None, Backlog::default()).gate;
        assert_eq!((gate.at_most, gate.reason), (Fraction::NONE, Reason::TimeUnknown));
        let night = policy.evaluate(Instant::ZERO, Some(Wall(3600)), Backlog::default()).gate;
        assert_eq!((night.at_most, night.reason), (Fraction::TRICKLE, Reason::QuietHours));
        assert_eq!(policy.evaluate(Instant::ZERO, Some(Wall(12 * 3600)), Backlog::default()).gate, Gate::OPEN);
        let ends = [3600, 23 * 3600 + 59, 12 * 3600].map(|seconds| policy.quiet_until(Wall(seconds)));
        assert_eq!(ends, [Some(420), Some(420), None], "and their end is told while they hold");
    }

    #[test]
    fn surplus_lifts_quiet_hours_while_it_lasts_and_never_a_pause() {
        let at = |s: u64| Instant::from_millis(s * 1000);
        let mut policy = Policy::new(quiet_at_night());
        policy.hint(at(0), Origin::Put, surplus(900));
        let outcome = |policy: &Policy, s| policy.evaluate(at(s), Some(Wall(3600)), Backlog::default());
        assert_eq!(outcome(&policy, 899), GateOutcome { gate: Gate::OPEN, energy: Energy::Surplus, lifts: true });
        assert_eq!(outcome(&policy, 900).gate.reason, Reason::QuietHours, "ended exactly with its time to live");
        policy.pause(Pause::lasting(at(0), Duration::from_secs(100)));
        assert_eq!(outcome(&policy, 99).gate.reason, Reason::Paused);
        assert!(outcome(&policy, 100).lifts);
        policy.pause(Pause::OPEN);
        let overdue = Backlog { oldest: Some(30 * DAY), can_wait: DAY };
        assert_eq!(policy.evaluate(at(5), None, overdue).gate.at_most, Fraction::NONE, "only its owner ends a pause");
        policy.resume();
        assert!(outcome(&policy, 100).lifts);
    }

    #[test]
    fn work_that_can_wait_waits_and_is_done_by_its_deadline() {
        let policy = Policy::new(Settings { expects_surplus: true, ..Settings::default() });
        let at_most = |hours: u64| {
            let oldest = Some(Duration::from_secs(hours * 3600));
            policy.evaluate(Instant::ZERO, None, Backlog { oldest, can_wait: 2 * DAY }).gate.at_most
        };
        assert_eq!(
            [at_most(0), at_most(35), at_most(36), at_most(47), at_most(48)],
            [Fraction::NONE, Fraction::NONE, Fraction::TRICKLE, Fraction::TRICKLE, Fraction::ALL]
        );
        let unexpected = Policy::new(Settings::default());
        let waits = unexpected.evaluate(Instant::ZERO, None, Backlog { oldest: Some(DAY), can_wait: 2 * DAY });
        assert_eq!(waits.gate, Gate::OPEN, "without an expected surplus work does not wait");
    }

    #[test]
    fn a_week_old_backlog_relaxes_quiet_hours_to_a_trickle() {
        let policy = Policy::new(quiet_at_night());
        let old = Backlog { oldest: Some(7 * DAY), can_wait: Duration::ZERO };
        let gate = policy.evaluate(Instant::ZERO, None, old).gate;
        assert_eq!((gate.at_most, gate.reason), (Fraction::TRICKLE, Reason::TimeUnknown));
    }
}
