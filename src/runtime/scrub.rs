//! Reads the whole store once a month, in the class of work that runs when nobody else wants the disk, and while the governor allows work:
//! a bit that flipped where nobody looks is found before the last copy of a file is gone.
//!
//! A month is 30 days by the clock, or 30 days for which the agent ran: a board without a clock comes to it too. How long that is is kept in
//! the home.

use super::governor::GovernorHandle;
use super::upkeep::Upkeep;
use crate::base::span::span;
use crate::base::time::{Duration, Instant};
use crate::energy::rank::Rank;
use crate::limits::{SCRUB_EVERY_S, SCRUB_LOOK_MS};
use crate::platform::clock;
use crate::platform::home::{Home, HomeFile};
use crate::platform::sched::stand;
use crate::store::kv::{KvError, KvRead};
use log::{info, warn};
use serde::{Deserialize, Serialize};
use smol::channel::Receiver;
use std::path::PathBuf;

/// How often the count of the month is written down.
const SCRUB_NOTE: Duration = Duration::from_secs(6 * 3600);

/// When the store was read whole, as the home keeps it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    /// When it was, in seconds since 1970; 0: never.
    read_s: i64,
    /// When the count of the month began, likewise.
    since_s: i64,
    /// Seconds for which the agent ran since.
    ran_s: u64,
}

impl Noted {
    /// Whether a month is over at this time.
    const fn is_due(&self, wall_s: i64) -> bool {
        self.ran_s >= SCRUB_EVERY_S || wall_s.saturating_sub(self.since_s) >= SCRUB_EVERY_S.cast_signed()
    }
}

/// The thread that does it.
#[derive(Debug)]
pub struct Scrub {
    /// The store.
    pub upkeep: Upkeep,
    /// Which says whether there may be work now.
    pub governor: GovernorHandle,
    /// The agent's home.
    pub home: PathBuf,
}

impl Scrub {
    /// Looks now and then whether it is due, until the agent stops.
    pub fn run(self) {
        stand(Rank::Last);
        let mut noted = self.noted();
        self.upkeep.read_whole(noted.read_s);
        let (mut last, mut unwritten) = (clock::now(), Duration::ZERO);
        while waits(self.upkeep.stop()) {
            let now = clock::now();
            let ran = now.since(last);
            noted.ran_s += ran.as_secs();
            (last, unwritten) = (now, unwritten.saturating_add(ran));
            let wall_s = clock::wall_ns() / 1_000_000_000;
            if noted.since_s == 0 || wall_s < noted.since_s {
                // The clock was ahead, or was set for the first time.
                noted.since_s = wall_s;
            }
            if noted.is_due(wall_s) && self.may_work(now) && self.read() {
                noted = Noted { read_s: wall_s, since_s: wall_s, ran_s: 0 };
                self.upkeep.read_whole(wall_s);
                unwritten = Duration::MAX;
            }
            // Not at each look: a card is not to be worn for this.
            if unwritten >= SCRUB_NOTE {
                self.note(noted);
                unwritten = Duration::ZERO;
            }
        }
        self.note(noted);
    }

    /// Reads every table. False if it was ended, and is to be done at another time.
    fn read(&self) -> bool {
        let began = clock::now();
        let ends = || self.upkeep.stop().is_closed() || !self.may_work(clock::now());
        match self.upkeep.disk().verify_unless(ends) {
            Ok(()) => {
                let took = clock::now().since(began).as_secs();
                info!("The whole store was read in {}, and all of it is as it was written.", span(took));
                true
            }
            Err(KvError::Io(_)) if ends() => false,
            Err(error) => {
                // Damage is told as any other.
                self.upkeep.disk().note_damage(&error);
                warn!("The store could not be read whole: {error}.");
                matches!(error, KvError::Damaged(_))
            }
        }
    }

    /// Whether the governor allows background work, or there is none.
    fn may_work(&self, now: Instant) -> bool {
        self.governor.decision(now).is_none_or(|decision| decision.workers > 0)
    }

    fn noted(&self) -> Noted {
        let read = Home::at(&self.home).read(HomeFile::StoreRead).ok().flatten();
        read.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn note(&self, noted: Noted) {
        // On a full disk the month is a little longer.
        let _ = serde_json::to_vec(&noted).map(|bytes| Home::at(&self.home).write(HomeFile::StoreRead, &bytes));
    }
}

/// Waits for the next look. False if the agent stops.
fn waits(stop: &Receiver<()>) -> bool {
    let pause = async {
        smol::Timer::after(Duration::from_millis(SCRUB_LOOK_MS)).await;
        true
    };
    let ends = async { stop.recv().await.is_ok() };
    smol::block_on(smol::future::or(ends, pause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_over_by_the_clock_or_by_the_time_that_the_agent_ran() {
        let month = i64::try_from(SCRUB_EVERY_S).unwrap();
        let noted = |since_s, ran_s| Noted { read_s: 0, since_s, ran_s };
        assert!(!noted(1000, 0).is_due(1000) && !noted(1000, SCRUB_EVERY_S - 1).is_due(1000 + month - 1));
        assert!(noted(1000, 0).is_due(1000 + month));
        assert!(noted(1000, SCRUB_EVERY_S).is_due(1000), "a clock that stands");
        assert!(!noted(5000, 0).is_due(1000), "and one that went back");
    }
}
