//! What people are told of the governor beside its decision: how long a pause lasts, what another agent finds wrong, and the last day.

use super::doubts;
use super::handle::GovernorHandle;
use super::report::left;
use crate::base::finding::Finding;
use crate::energy::day::DayReport;
use crate::platform::clock;

impl GovernorHandle {
    /// The last 24 hours; `None`: there is no governor.
    #[must_use]
    pub fn day(&self) -> Option<DayReport> {
        Some(self.shared.as_ref()?.day(clock::now()))
    }

    /// Seconds until the pause that holds now ends by itself, `Some(None)`: only when a person resumes; `None`: none holds. One
    /// that was set before this start is not remembered by everybody.
    #[must_use]
    pub fn pause_left(&self) -> Option<Option<u64>> {
        let shared = self.shared.as_ref()?;
        left(clock::now(), shared.lock().coordinator.pause())
    }

    /// What is wrong with the sensors where another agent governs the host; nothing where this one governs, whose findings are on the board.
    #[must_use]
    pub fn findings_of_leader(&self) -> Vec<Finding> {
        let doubts = self.shared.as_ref().map(|shared| shared.lock().coordinator.told_by_leader());
        doubts.map(doubts::of_leader).unwrap_or_default()
    }
}
