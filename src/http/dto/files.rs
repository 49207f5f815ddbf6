//! How many files there are, by state.

use crate::node::status::Status;
use crate::runtime::governor::WaitingWork;
use crate::store::counts::{Kind, StoreCounts};
use serde::{Deserialize, Serialize};

/// Files by state; each file is in exactly one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// Not read yet.
    pub waiting: u64,
    /// Read; some chunks have no vector yet.
    pub chunked: u64,
    /// Read and embedded.
    pub ready: u64,
    /// Cannot be used; `wattle doctor` has the reason.
    pub refused: u64,
    /// Parked: their tasks failed again and again, and their owner decides; `wattle tasks` lists them. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parked: u64,
    /// Those of the waiting ones that are not there just now: nothing can be done about them until their folder is back. Left out
    /// where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub absent: u64,
    /// Those whose tasks failed and are tried again after a pause; `wattle tasks` says when. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failing: u64,
    /// Those of them that are among the waiting ones; the others are read, and among the chunked ones. Left out where there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failing_to_read: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Files {
    /// With these counts, where there is work for so many files.
    fn with_work(counts: &StoreCounts, to_do: u64) -> Self {
        Self { absent: counts.unfinished().saturating_sub(to_do), ..Self::from(counts) }
    }

    /// Files of an agent.
    #[must_use]
    pub fn of(status: &Status) -> Self {
        let failing = status.work.shared.why.failing;
        let files = Self::with_work(&status.counts, status.work.to_do);
        Self { failing: failing.all(), failing_to_read: failing.to_read, ..files }
    }

    /// Files that wait to be read or embedded and are there.
    #[must_use]
    pub const fn to_do(&self) -> u64 {
        (self.waiting + self.chunked).saturating_sub(self.absent)
    }

    /// The work that waits at an agent, as far as the sentence about it needs to know.
    #[must_use]
    pub fn waiting_work(status: &Status) -> WaitingWork {
        let files = Self::with_work(&status.counts, status.work.to_do);
        let to_read = files.waiting.saturating_sub(files.absent) > 0 || status.work.scanning;
        match (to_read, files.to_do() > 0 || status.work.working) {
            (false, true) if files.chunked > 0 => WaitingWork::Embedding,
            (false, false) if status.work.shared.offered > 0 => WaitingWork::OfOthers,
            (false, false) => WaitingWork::None,
            _ => status.work.shared.why.read_per_minute.map_or(WaitingWork::Any, WaitingWork::Reading),
        }
    }

    /// The counts as a phrase: those that are ready, and of the other states those that are not zero.
    #[must_use]
    pub fn phrase(&self) -> String {
        let rest = [
            (self.waiting.saturating_sub(self.absent + self.failing_to_read), "waiting to be read"),
            (self.absent, "waiting for their folder"),
            (self.chunked.saturating_sub(self.failing.saturating_sub(self.failing_to_read)), "being embedded"),
            (self.failing, "to be tried again"),
            (self.refused, "not usable"),
            (self.parked, "parked"),
        ];
        let rest = rest.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!(", {count} {what}"));
        format!("{} ready{}", self.ready, rest.collect::<String>())
    }

    /// How many wait until their folder is back, as a phrase; `None` if there are none.
    #[must_use]
    pub fn absent_phrase(&self) -> Option<String> {
        match self.absent {
            0 => None,
            1 => Some("one file waits until its folder is back".to_owned()),
            count => Some(format!("{count} files wait until their folder is back")),
        }
    }
}

impl From<&StoreCounts> for Files {
    fn from(counts: &StoreCounts) -> Self {
        Self {
            waiting: counts.count(Kind::Waiting),
            chunked: counts.count(Kind::Chunked),
            ready: counts.count(Kind::Ready),
            refused: counts.count(Kind::Refused),
            parked: counts.count(Kind::Parked),
            absent: 0,
            failing: 0,
            failing_to_read: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_away_unread_are_told_and_are_no_work() {
        let mut counts = StoreCounts::default();
        [Kind::Waiting, Kind::Waiting, Kind::Chunked].into_iter().for_each(|kind| counts.enter(kind));
        let files = Files::with_work(&counts, 1);
        assert_eq!((files.waiting, files.absent, files.to_do()), (2, 2, 1));
        assert_eq!(files.absent_phrase().as_deref(), Some("2 files wait until their folder is back"));
        let none = Files::with_work(&counts, 3);
        assert_eq!((none.to_do(), none.absent_phrase()), (3, None));
        assert_eq!(serde_json::to_string(&none).unwrap(), r#"{"waiting":2,"chunked":1,"ready":0,"refused":0}"#);
    }
}
