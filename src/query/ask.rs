//! The table of open questions.

use crate::base::id::{ReplyId, TaskId};
use crate::base::time::{Duration, Instant};
use crate::limits::{ASK_MS_MAX, ASKS_MAX};
use heapless::Vec as Bounded;

/// How much of what could answer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Devices asked, this one among them.
    pub asked: u32,
    /// Devices that answered in time.
    pub answered: u32,
}

/// Open questions.
#[derive(Debug, Default)]
pub struct Asks {
    open: Bounded<Ask, ASKS_MAX>,
}

#[derive(Debug)]
struct Ask {
    reply: ReplyId,
    task: TaskId,
    until: Instant,
}

impl Asks {
    /// Whether one more question fits.
    #[must_use]
    pub fn room(&self) -> bool {
        !self.open.is_full()
    }

    /// A question was put to this device as `task`. Returns false, and does nothing, if there is no room.
    pub fn open(&mut self, now: Instant, reply: ReplyId, task: TaskId) -> bool {
        let until = now + Duration::from_millis(ASK_MS_MAX);
        self.open.push(Ask { reply, task, until }).is_ok()
    }

    /// The task is done: whom to answer, unless the deadline came first.
    pub fn answered(&mut self, task: TaskId) -> Option<ReplyId> {
        let at = self.open.iter().position(|ask| ask.task == task)?;
        Some(self.open.swap_remove(at).reply)
    }

    /// The next question whose time is up.
    pub fn overdue(&mut self, now: Instant) -> Option<ReplyId> {
        let at = self.open.iter().position(|ask| ask.until <= now)?;
        Some(self.open.swap_remove(at).reply)
    }

    /// When the next question must be answered.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.open.iter().map(|ask| ask.until).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_once_in_time_or_at_its_deadline() {
        let mut asks = Asks::default();
        let end = Instant::from_millis(ASK_MS_MAX);
        assert!(asks.open(Instant::ZERO, ReplyId(1), TaskId(10)));
        assert!(asks.open(Instant::ZERO, ReplyId(2), TaskId(20)));
        assert_eq!(asks.answered(TaskId(10)), Some(ReplyId(1)));
        assert_eq!(asks.answered(TaskId(10)), None);
        assert_eq!(asks.deadline(), Some(end));
        assert_eq!(asks.overdue(end), Some(ReplyId(2)));
        assert_eq!(asks.answered(TaskId(20)), None, "late hits find nobody");
        assert_eq!(asks.deadline(), None);
    }

    #[test]
    fn a_full_table_says_so() {
        let mut asks = Asks::default();
        (0..ASKS_MAX as u64).for_each(|n| assert!(asks.open(Instant::ZERO, ReplyId(n), TaskId(n))));
        assert!(!asks.room());
        assert!(!asks.open(Instant::ZERO, ReplyId(99), TaskId(99)));
    }
}
