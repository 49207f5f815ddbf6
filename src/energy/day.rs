//! The last 24 hours of a device in slots of five minutes, for people: power, temperature, how much of the device worked, and what
//! that came to. It is kept in memory alone: no decision uses it, and a restart begins it anew.

use super::fraction::Fraction;
use crate::base::time::{Duration, Instant};
use crate::limits::{DAY_SLOT_S, DAY_SLOTS};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// What was seen at one moment; what is unknown is `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Measured watts of the device.
    pub watts: Option<f64>,
    /// Degrees of the CPU.
    pub degrees: Option<f64>,
    /// The share of the cores that background work of this host took since the moment before.
    pub ran: Option<Fraction>,
    /// Background work since some beginning.
    pub worked: Worked,
}

/// Background work since some beginning. It may begin anew: a day ends.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Worked {
    /// Joules, where they are known.
    pub joules: f64,
    /// Chunks.
    pub chunks: u64,
    /// Tasks of which the joules are unknown.
    pub unknown: u64,
}

impl Worked {
    /// What came since `before`.
    fn since(self, before: Self) -> Self {
        // Less than before: it began anew.
        let count = |now: u64, before: u64| if now < before { now } else { now - before };
        Self {
            joules: if self.joules < before.joules { self.joules } else { self.joules - before.joules },
            chunks: count(self.chunks, before.chunks),
            unknown: count(self.unknown, before.unknown),
        }
    }
}

/// The mean of what is known.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u32,
}

impl Mean {
    fn add(&mut self, value: Option<f64>) {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            self.sum += value;
            self.count += 1;
        }
    }

    fn value(self) -> Option<f64> {
        (self.count > 0).then(|| rounded(self.sum / f64::from(self.count)))
    }
}

/// Two digits are more than any sensor knows.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    watts: Mean,
    degrees: Mean,
    ran: Mean,
    joules: f64,
    chunks: u64,
    /// Tasks ended of which the joules are unknown.
    has_unknown: bool,
}

/// The slots of the last day, oldest first. A slot without a sample is empty: the device slept, or the sensors hung.
#[derive(Clone, Debug)]
pub struct Day {
    slots: VecDeque<Slot>,
    /// The number of the newest slot since the device was started.
    newest: u64,
    /// What was worked up to the last moment.
    worked: Option<Worked>,
}

/// A day, for programs. The lists are of one length; the last value of each is of the slot that goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DayReport {
    /// Seconds of a slot.
    pub every_s: u64,
    /// Seconds since the last one began.
    pub since_s: u64,
    /// Measured watts of the device; null: nothing measured.
    pub watts: Vec<Option<f64>>,
    /// Degrees Celsius of the CPU; null: unknown.
    pub temp_c: Vec<Option<f64>>,
    /// The share of the cores that background work took; null: unknown.
    pub duty: Vec<Option<f64>>,
    /// Joules of background work, by what `GET /v1/energy` has in `today`; null: those of some task are unknown.
    pub joules: Vec<Option<f64>>,
    /// Chunks that this agent embedded.
    pub chunks: Vec<u64>,
}

const SLOT: Duration = Duration::from_secs(DAY_SLOT_S);

impl Default for Day {
    fn default() -> Self {
        // Room for all of it, so that a sample allocates nothing.
        Self { slots: VecDeque::with_capacity(DAY_SLOTS), newest: 0, worked: None }
    }
}

impl Day {
    /// Takes what was seen.
    pub fn see(&mut self, now: Instant, moment: &Moment) {
        self.turn(now);
        let before = self.worked.replace(moment.worked).unwrap_or(moment.worked);
        let Worked { joules, chunks, unknown } = moment.worked.since(before);
        let Some(slot) = self.slots.back_mut() else { return };
        slot.watts.add(moment.watts);
        slot.degrees.add(moment.degrees);
        slot.ran.add(moment.ran.map(Fraction::value));
        slot.joules += joules;
        slot.chunks += chunks;
        slot.has_unknown |= unknown > 0;
    }

    /// Begins the slot of this moment, and empty ones for those in between.
    fn turn(&mut self, now: Instant) {
        let number = now.millis() / (DAY_SLOT_S * 1000);
        let passed = if self.slots.is_empty() { 1 } else { number.saturating_sub(self.newest) };
        for _ in 0..passed.min(DAY_SLOTS as u64) {
            if self.slots.len() == DAY_SLOTS {
                self.slots.pop_front();
            }
            self.slots.push_back(Slot::default());
        }
        self.newest = self.newest.max(number);
    }

    /// The day as it stands.
    #[must_use]
    pub fn report(&self, now: Instant) -> DayReport {
        let all = || self.slots.iter();
        let began = Instant::from_millis(self.newest * DAY_SLOT_S * 1000);
        DayReport {
            every_s: SLOT.as_secs(),
            since_s: now.since(began).as_secs(),
            watts: all().map(|slot| slot.watts.value()).collect(),
            temp_c: all().map(|slot| slot.degrees.value()).collect(),
            duty: all().map(|slot| slot.ran.value()).collect(),
            joules: all().map(|slot| (!slot.has_unknown).then(|| rounded(slot.joules))).collect(),
            chunks: all().map(|slot| slot.chunks).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn seen(watts: Option<f64>, (joules, chunks): (f64, u64)) -> Moment {
        let worked = Worked { joules, chunks, unknown: 0 };
        Moment { watts, degrees: Some(40.0), ran: Some(Fraction::new(0.5)), worked }
    }

    #[test]
    fn a_slot_has_the_means_of_its_samples_and_the_work_between_them() {
        let mut day = Day::default();
        day.see(at(600), &seen(Some(3.0), (100.0, 7)));
        day.see(at(700), &seen(Some(5.0), (130.0, 9)));
        day.see(at(899), &seen(None, (130.0, 9)));
        let report = day.report(at(899));
        assert_eq!((report.watts, report.joules, report.chunks), (vec![Some(4.0)], vec![Some(30.0)], vec![2]));
        assert_eq!((report.temp_c, report.duty, report.since_s), (vec![Some(40.0)], vec![Some(0.5)], 299));
    }

    #[test]
    fn a_day_that_begins_anew_loses_no_work_and_a_sleep_leaves_empty_slots() {
        let mut day = Day::default();
        day.see(at(0), &seen(None, (100.0, 7)));
        day.see(at(3 * DAY_SLOT_S), &seen(None, (4.0, 1)));
        let report = day.report(at(3 * DAY_SLOT_S));
        assert_eq!(report.joules, [0.0, 0.0, 0.0, 4.0].map(Some));
        assert_eq!(report.chunks, [0, 0, 0, 1]);
        assert_eq!(report.temp_c, [Some(40.0), None, None, Some(40.0)]);
        assert_eq!(report.watts, [None; 4]);
    }

    #[test]
    fn joules_of_a_slot_with_a_task_whose_joules_are_unknown_are_unknown_and_its_chunks_count() {
        let mut day = Day::default();
        let seen = |joules, chunks, unknown| Moment { worked: Worked { joules, chunks, unknown }, ..Moment::default() };
        day.see(at(0), &seen(5.0, 3, 1));
        day.see(at(10), &seen(6.0, 4, 1));
        day.see(at(DAY_SLOT_S), &seen(6.0, 41, 2));
        day.see(at(2 * DAY_SLOT_S), &seen(8.0, 43, 2));
        let report = day.report(at(2 * DAY_SLOT_S));
        assert_eq!((report.joules, report.chunks), (vec![Some(1.0), None, Some(2.0)], vec![1, 37, 2]));
    }

    #[test]
    fn a_day_holds_no_more_than_a_day_however_long_the_device_slept() {
        let mut day = Day::default();
        for slot in 0..DAY_SLOTS as u64 + 5 {
            day.see(at(slot * DAY_SLOT_S), &seen(Some(1.0), (0.0, slot)));
        }
        assert_eq!(day.report(at(0)).watts.len(), DAY_SLOTS);
        day.see(at(1000 * 86_400), &Moment::default());
        let report = day.report(at(1000 * 86_400));
        assert_eq!((report.watts.len(), report.watts.iter().flatten().count()), (DAY_SLOTS, 0));
        assert_eq!(Day::default().report(at(5)).chunks, Vec::<u64>::new());
    }
}
