//! How often the voltage fell within a day of running, over restarts too.

use crate::base::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// Falls within this time count together.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// So many falls in a day cost a worker for good.
pub(super) const FALLS: usize = 3;

/// The falls that are stored over a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Falls {
    /// How many within a day of running, at most 2: the third has its effect at once.
    pub count: u8,
    /// Seconds of running since the last of them.
    pub age_s: u32,
}

/// Falls of this run, and those of earlier ones.
#[derive(Clone, Debug)]
pub(super) struct FallHistory {
    own: heapless::Deque<Instant, FALLS>,
    earlier: Falls,
    /// The first sample of this run, and the last.
    began: Option<Instant>,
    last: Instant,
}

impl FallHistory {
    pub(super) const fn new(earlier: Falls) -> Self {
        Self { own: heapless::Deque::new(), earlier, began: None, last: Instant::ZERO }
    }

    /// The device runs; from the first call on, time counts.
    pub(super) fn run(&mut self, now: Instant) {
        self.last = now;
        self.began.get_or_insert(now);
    }

    /// Adds a fall and gives how many there were within a day, this one included.
    pub(super) fn add(&mut self, now: Instant) -> usize {
        while self.own.front().is_some_and(|at| now.since(*at) > DAY) || self.own.is_full() {
            self.own.pop_front();
        }
        let _ = self.own.push_back(now);
        self.own.len() + self.earlier_count(now)
    }

    /// The falls of the last day, as they are stored.
    pub(super) fn stored(&self) -> Falls {
        let own = self.own.iter().filter(|at| self.last.since(**at) <= DAY).count();
        let count = (own + self.earlier_count(self.last)).min(FALLS - 1);
        let since = self.own.back().map_or_else(|| self.earlier_age(self.last), |at| self.last.since(*at));
        if count == 0 {
            return Falls::default();
        }
        Falls { count: u8::try_from(count).unwrap_or(0), age_s: u32::try_from(since.as_secs()).unwrap_or(u32::MAX) }
    }

    /// Forgets all falls.
    pub(super) fn clear(&mut self) {
        self.own.clear();
        self.earlier = Falls::default();
    }

    /// How long ago, in running, the last fall of an earlier run was.
    fn earlier_age(&self, now: Instant) -> Duration {
        let run = self.began.map_or(Duration::ZERO, |began| now.since(began));
        Duration::from_secs(u64::from(self.earlier.age_s)).saturating_add(run)
    }

    fn earlier_count(&self, now: Instant) -> usize {
        if self.earlier_age(now) <= DAY { usize::from(self.earlier.count).min(FALLS - 1) } else { 0 }
    }
}
