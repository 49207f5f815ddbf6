//! Background work gives way to people between two texts, not only between two tasks.
//!
//! A task embeds several texts, which takes a small board seconds. A question that comes meanwhile would share the cores with it
//! until its end: where the owner has hurried the work, as an equal. So background threads stand still before their next text while
//! a question, a search, or a text of a program is under way in this agent.

use crate::limits::{GIVE_WAY_AFTER_MS, GIVE_WAY_COMING_MS, GIVE_WAY_LOOK_MS, GIVE_WAY_MS_MAX};
use crate::platform::clock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How much is under way for people, and for programs that have single texts embedded: somebody waits for these too. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Courtesy(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    under_way: AtomicU32,
    /// Until when work stands still although nothing is under way, in milliseconds of the clock: a question is embedded first and searched
    /// for then, by other threads and on other devices, and work that goes on between the two stands in the way of the second.
    until: AtomicU64,
    /// Nobody ever tells anything by it: who waits looks again by itself. A lock that both sides took might be kept for long by a thread
    /// that runs only when nothing else wants the core, and a question would wait for that.
    pause: (Mutex<()>, Condvar),
}

/// Something is under way for a person or a program, until this is dropped.
#[derive(Debug)]
pub struct UnderWay<'a>(&'a Shared);

impl Courtesy {
    /// Something begins for a person or a program.
    #[must_use]
    pub fn begin(&self) -> UnderWay<'_> {
        self.0.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(&self.0)
    }

    /// A question of another device comes within `GIVE_WAY_COMING_MS`, or not at all: that device embeds it just now.
    pub fn expect(&self) {
        self.0.stand_still(GIVE_WAY_COMING_MS);
    }

    /// Waits while anything is under way for people, and `GIVE_WAY_AFTER_MS` longer; at most `GIVE_WAY_MS_MAX`, so that work goes on,
    /// slowly, however much is asked.
    pub fn give_way(&self) {
        self.look(GIVE_WAY_MS_MAX / GIVE_WAY_LOOK_MS);
    }

    /// Looks so many times at most. Whether nothing is under way any more.
    fn look(&self, times: u64) -> bool {
        for _ in 0..times {
            let is_over = clock::now().millis() >= self.0.until.load(Ordering::Relaxed);
            if self.0.under_way.load(Ordering::Relaxed) == 0 && is_over {
                return true;
            }
            let (lock, told) = &self.0.pause;
            let waiting = lock.lock().unwrap_or_else(PoisonError::into_inner);
            drop(told.wait_timeout(waiting, Duration::from_millis(GIVE_WAY_LOOK_MS)));
        }
        false
    }
}

impl Shared {
    /// For so long from now on, and no shorter than was said before: what ends meanwhile may be the search of another device than the one whose
    /// question is expected, or a text of a program, and nothing tells here which it is. Where it was that question, work waits for longer than it had
    /// to: `GIVE_WAY_COMING_MS` in all at most.
    fn stand_still(&self, ms: u64) {
        self.until.fetch_max(clock::now().millis().saturating_add(ms), Ordering::Relaxed);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.stand_still(GIVE_WAY_AFTER_MS);
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::Builder;

    #[test]
    fn whoever_gives_way_goes_on_once_nothing_is_under_way_any_more() {
        let courtesy = Courtesy::default();
        assert!(courtesy.look(1), "nothing is under way");
        let (first, second) = (courtesy.begin(), courtesy.begin());
        drop(first);
        // For longer than it stands still once nothing is under way.
        assert!(!courtesy.look(2 * GIVE_WAY_AFTER_MS / GIVE_WAY_LOOK_MS), "one is under way");
        let of_work = courtesy.clone();
        let thread = Builder::new().spawn(move || of_work.look(u64::MAX)).unwrap();
        drop(second);
        assert!(thread.join().unwrap(), "it goes on");
        assert_eq!(courtesy.0.under_way.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn it_stands_still_for_a_question_that_is_expected_whatever_else_ends_before_that_comes() {
        let courtesy = Courtesy::default();
        let until = || courtesy.0.until.load(Ordering::SeqCst);
        let now = clock::now().millis();
        drop(courtesy.begin());
        assert!(until() >= now + GIVE_WAY_AFTER_MS, "a question's next part may come");
        courtesy.expect();
        let expected = until();
        assert!(expected >= now + GIVE_WAY_COMING_MS, "it is embedded elsewhere just now");
        drop(courtesy.begin());
        assert!(until() >= expected, "that may have been another one");
    }

    #[test]
    fn work_goes_on_while_people_ask_without_end() {
        let courtesy = Courtesy::default();
        let _endless = courtesy.begin();
        courtesy.give_way();
    }
}
