//! How many documents each source has and loses. A source that would lose more than half of many documents at once asks
//! its owner first: a disk may be half mounted, a sync tool may have failed, a wrong command may have been typed.

use super::task::{Away, Tally};
use crate::base::finding::quoted;
use crate::base::id::DocId;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    CROWD_DOCUMENTS_MAX, CROWD_MIN, LOSS_ASKED_MIN, LOSS_WINDOW_MS, LOST_MAX, POLL_MS_MAX, POLL_MS_MIN,
    POLL_MS_PER_DOCUMENT,
};
use std::collections::BTreeMap;

/// The counts of all sources, and of the scan under way.
#[derive(Debug, Default)]
pub(super) struct Losses {
    pass: Pass,
    sources: BTreeMap<Vec<u8>, Counts>,
}

/// What the steps of one scan found together.
#[derive(Debug, Default)]
struct Pass {
    known: u64,
    remaining: u64,
    gone: Vec<DocId>,
    away: Vec<Away>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Documents at the last look at all of the source.
    documents: Option<u64>,
    /// Documents lost since `since`.
    lost: u64,
    since: Instant,
    /// When the last look at all of it ended.
    looked_at: Option<Instant>,
    question: Option<Question>,
}

/// Documents whose files are gone, and about which the owner has not decided yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The documents, `LOST_MAX` at most.
    pub gone: Vec<DocId>,
    /// How many documents the source had.
    pub of: u64,
    /// When they were missed, in seconds since 1970.
    pub since: i64,
}

impl Question {
    /// The question, for people.
    #[must_use]
    pub fn sentence(&self, source: &[u8]) -> String {
        let name = String::from_utf8_lossy(source);
        let word = quoted(&name);
        format!(
            "{} of {} documents of {name} are gone from the disk at once. They are kept, and answer, until you decide: \
             `wattle keep {word}` keeps them without their files, `wattle forget {word}` removes them from all answers.",
            self.gone.len(),
            self.of,
        )
    }
}

/// What is done with the documents that a scan did not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are removed.
    Remove(Vec<DocId>),
    /// They are kept until all of the source has been looked at: they may only have moved within it.
    LookAtAll,
    /// They are kept until the owner has decided; true if that is a new question.
    Ask(bool),
}

impl Losses {
    /// Adds a step of the scan under way.
    pub(super) fn add(&mut self, gone: Vec<DocId>, tally: &mut Tally) {
        self.pass.known += tally.known;
        self.pass.remaining += tally.remaining;
        self.pass.away.append(&mut tally.away);
        // What does not fit is found again by the next scan.
        let room = LOST_MAX.saturating_sub(self.pass.gone.len());
        self.pass.gone.extend(gone.into_iter().take(room));
    }

    /// The scan of a source, or of a part of it, is over. Gives what becomes of the missing documents, and what was away.
    pub(super) fn end(&mut self, now: Instant, source: &[u8], whole: bool, at: i64) -> (Verdict, Vec<Away>) {
        let Pass { known, remaining, gone, away } = std::mem::take(&mut self.pass);
        let counts = self.sources.entry(source.to_vec()).or_default();
        if now.since(counts.since) >= Duration::from_millis(LOSS_WINDOW_MS) {
            (counts.lost, counts.since) = (0, now);
        }
        let lost = counts.lost + gone.len() as u64;
        if whole {
            counts.looked_at = Some(now);
            counts.documents = Some(known.max(remaining));
            let before = known + counts.lost;
            if !gone.is_empty() && before >= LOSS_ASKED_MIN && remaining * 2 < before {
                let new = counts.question.is_none();
                let since = counts.question.as_ref().map_or(at, |question| question.since);
                counts.question = Some(Question { gone, of: before, since });
                return (Verdict::Ask(new), away);
            }
            counts.question = None;
            counts.documents = Some(remaining);
        } else if !gone.is_empty() {
            // A tenth of what may be a question: losses in many places at once are judged together, before they are removed.
            let before = counts.documents.map(|documents| documents + counts.lost);
            let few =
                before.is_some_and(|before| before < LOSS_ASKED_MIN) || lost * 10 <= before.unwrap_or(LOSS_ASKED_MIN);
            if !few || counts.question.is_some() {
                return (Verdict::LookAtAll, away);
            }
            counts.documents = counts.documents.map(|documents| (documents + remaining).saturating_sub(known));
        }
        counts.lost = lost;
        (Verdict::Remove(gone), away)
    }

    /// The scan under way ended without a result.
    pub(super) fn cancel(&mut self) {
        self.pass = Pass::default();
    }

    /// The source is watched no more.
    pub(super) fn forget(&mut self, source: &[u8]) {
        self.sources.remove(source);
    }

    /// The open questions, by source.
    pub(super) fn questions(&self) -> impl Iterator<Item = (&[u8], &Question)> {
        self.sources.iter().filter_map(|(path, counts)| Some((path.as_slice(), counts.question.as_ref()?)))
    }

    /// The owner has decided on a source: gives its question.
    pub(super) fn decided(&mut self, source: &[u8]) -> Option<Question> {
        let counts = self.sources.get_mut(source)?;
        let question = counts.question.take()?;
        // What the owner decides on counts as no loss of its own.
        counts.documents = counts.documents.map(|documents| documents.saturating_sub(question.gone.len() as u64));
        Some(question)
    }

    /// When the last look at all of the source ended.
    pub(super) fn looked_at(&self, source: &[u8]) -> Option<Instant> {
        self.sources.get(source)?.looked_at
    }

    /// Whether so many places of the source changed that all of it is looked at instead: if they are deletions, they are
    /// judged together. In a larger source so few places cannot be half of it.
    pub(super) fn is_crowd(&self, source: &[u8], places: usize) -> bool {
        let documents = self.sources.get(source).and_then(|counts| counts.documents).unwrap_or(0);
        places >= CROWD_MIN && documents < CROWD_DOCUMENTS_MAX
    }

    /// Between two looks at a source whose changes the system does not report: some seconds to some minutes, because a
    /// look costs by the number of its files.
    pub(super) fn poll_interval(&self, source: &[u8]) -> Duration {
        let documents = self.sources.get(source).and_then(|counts| counts.documents).unwrap_or(0);
        let ms = documents.saturating_mul(POLL_MS_PER_DOCUMENT);
        Duration::from_millis(ms.clamp(POLL_MS_MIN, POLL_MS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &[u8] = b"/a";

    const fn at(seconds: u64) -> Instant {
        Instant::from_millis(seconds * 1000)
    }

    fn ids(count: u64) -> Vec<DocId> {
        (0..count).map(DocId).collect()
    }

    /// A scan in one step.
    fn scan(losses: &mut Losses, seconds: u64, whole: bool, known: u64, gone: u64, new: u64) -> Verdict {
        let mut tally = Tally { known, remaining: known - gone + new, ..Tally::default() };
        losses.add(ids(gone), &mut tally);
        losses.end(at(seconds), SOURCE, whole, 1_800_000_000).0
    }

    #[test]
    fn more_than_half_of_a_hundred_documents_at_once_is_a_question_and_half_is_none() {
        for (known, gone, asks) in [(100, 50, false), (100, 51, true), (99, 99, false), (5000, 2501, true)] {
            let mut losses = Losses::default();
            let verdict = scan(&mut losses, 1000, true, known, gone, 0);
            let expected = if asks { Verdict::Ask(true) } else { Verdict::Remove(ids(gone)) };
            assert_eq!(verdict, expected, "{gone} of {known}");
            assert_eq!(losses.questions().count(), usize::from(asks));
        }
    }

    #[test]
    fn a_part_of_a_source_is_judged_by_the_whole() {
        let mut losses = Losses::default();
        assert_eq!(scan(&mut losses, 1, false, 60, 11, 0), Verdict::LookAtAll, "nothing is known of the whole");
        assert_eq!(scan(&mut losses, 2, true, 1000, 0, 0), Verdict::Remove(Vec::new()));
        assert_eq!(scan(&mut losses, 3, false, 100, 100, 0), Verdict::Remove(ids(100)));
        assert_eq!(scan(&mut losses, 4, false, 1, 1, 0), Verdict::LookAtAll, "101 of 1000 within a minute");
        assert_eq!(scan(&mut losses, 5, true, 900, 400, 0), Verdict::Remove(ids(400)), "half of all");
        assert_eq!(scan(&mut losses, 6, true, 500, 1, 0), Verdict::Ask(true), "501 of 1000 within a minute");
        assert_eq!(scan(&mut losses, 7, true, 500, 1, 0), Verdict::Ask(false), "the same question");
        assert_eq!(scan(&mut losses, 8, true, 500, 0, 0), Verdict::Remove(Vec::new()), "they are back");
        assert_eq!(losses.questions().count(), 0);
        let mut slow = Losses::default();
        scan(&mut slow, 2, true, 1000, 0, 0);
        for round in 1..=8 {
            let verdict = scan(&mut slow, round * 1000, false, 20, 20, 0);
            assert_eq!(verdict, Verdict::Remove(ids(20)), "folder by folder over hours is a decision of its owner");
        }
    }

    #[test]
    fn many_changed_places_of_a_small_source_are_looked_at_together() {
        let mut losses = Losses::default();
        assert!(losses.is_crowd(SOURCE, CROWD_MIN) && !losses.is_crowd(SOURCE, CROWD_MIN - 1));
        scan(&mut losses, 1, true, CROWD_DOCUMENTS_MAX, 0, 0);
        assert!(!losses.is_crowd(SOURCE, CROWD_MIN));
    }

    #[test]
    fn files_that_moved_within_the_source_are_no_loss() {
        let mut losses = Losses::default();
        assert_eq!(scan(&mut losses, 1, true, 1500, 1000, 1000), Verdict::Remove(ids(1000)));
        // The new place was scanned first, and the documents there are known already.
        assert_eq!(scan(&mut losses, 500, true, 2500, 1000, 0), Verdict::Remove(ids(1000)));
    }

    #[test]
    fn a_decision_closes_the_question_and_the_steps_of_a_scan_add_up() {
        let mut losses = Losses::default();
        for (gone, away) in [(100, 3), (20, 0)] {
            let away = Away { path: b"/a/b".to_vec(), volume: 7, documents: away };
            let mut tally = Tally { known: 130, remaining: 10, away: vec![away], ..Tally::default() };
            losses.add(ids(gone), &mut tally);
        }
        let (verdict, away) = losses.end(at(9), SOURCE, true, 5);
        assert_eq!((verdict, away.len()), (Verdict::Ask(true), 2));
        assert_eq!(losses.looked_at(SOURCE), Some(at(9)));
        let question = losses.decided(SOURCE).unwrap();
        assert_eq!((question.gone.len(), question.of, question.since), (120, 260, 5));
        assert_eq!((losses.decided(SOURCE), losses.questions().count()), (None, 0));
        assert_eq!(losses.poll_interval(SOURCE), Duration::from_millis(POLL_MS_MIN.max(140 * POLL_MS_PER_DOCUMENT)));
    }
}
