//! How many documents each source has and loses. A source that would lose more than half of many documents at once asks
//! its owner first: a disk may be half mounted, a sync tool may have failed, a wrong command may have been typed. Files that are not
//! usable, such as photos, are neither lost nor left: nothing answers from them.

mod beyond;
mod expected;
mod lost;
mod question;

use self::beyond::Beyond;
use self::lost::Lost;
pub use self::question::Question;
use super::task::{Away, Tally};
use super::unmatched::Unmatched;
use crate::base::id::DocId;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    CROWD_DOCUMENTS_MAX, CROWD_MIN, LOSS_ASKED_MIN, LOSS_WINDOW_MS, LOST_MAX, POLL_MS_MAX, POLL_MS_MIN,
    POLL_MS_PER_DOCUMENT,
};
use crate::store::change::{Change, FoundDocument};
use crate::store::record::Asked;
use std::collections::{BTreeMap, BTreeSet};

/// The counts of all sources, and of the scan under way.
#[derive(Debug)]
pub(super) struct Losses {
    pass: Pass,
    sources: BTreeMap<Vec<u8>, Counts>,
    /// The sources whose owners are asked, as in the newest save; `None` if that is not known.
    saved: Option<Vec<Vec<u8>>>,
    /// What of the expected numbers does not match the index.
    pub(super) unmatched: Option<Unmatched>,
    /// Files of all sources that are not usable, by the newest save.
    pub(super) unusable: u64,
}

impl Default for Losses {
    fn default() -> Self {
        Self { pass: Pass::default(), sources: BTreeMap::new(), saved: Some(Vec::new()), unmatched: None, unusable: 0 }
    }
}

/// What the steps of one scan found together.
#[derive(Debug, Default)]
struct Pass {
    known: u64,
    empty: u64,
    remaining: u64,
    unusable: u64,
    /// Files of all sources that were not usable when the first step ended.
    unusable_before: Option<u64>,
    listed: u64,
    kept: u64,
    gone: Vec<FoundDocument>,
    /// Documents that are gone and did not fit into `gone`.
    beyond: Beyond,
    away: Vec<Away>,
    why: Option<String>,
}

/// Files that were not usable at the last look at all of a source.
#[derive(Debug, Default)]
struct Unusable {
    /// Those of the source.
    here: u64,
    /// Those of all sources.
    everywhere: u64,
}

#[derive(Debug, Default)]
struct Counts {
    /// Documents at the last look at all of the source, without files that are not usable.
    documents: Option<u64>,
    unusable: Unusable,
    /// Documents that their owner keeps without their files, likewise.
    kept: u64,
    /// Documents lost within the last minute, but for those that are back.
    lost: Lost,
    /// When the last look at all of it ended.
    looked_at: Option<Instant>,
    question: Option<Question>,
    /// Whether the last look at all of it found more documents gone than fit into a question, or its owner was being asked when
    /// the agent ended: what the next look at all of it finds gone is asked about, however little that is.
    is_cut: bool,
    /// Whether files of it are gone and which is not known: its owner was being asked when the agent ended, an answer was given up, or a look
    /// at a part found many gone. The next look at all of it tells.
    is_unsure: bool,
    /// The documents that are gone and did not fit.
    beyond: Beyond,
    /// When documents were last added to the question.
    asked_at: Instant,
    /// How many documents there are to be, by the looks so far; `None` if no file was found.
    expected: Option<u64>,
    /// Why nothing of it could be looked at, by the last look.
    why: Option<String>,
}

/// What is done with the documents that a scan did not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// They are removed.
    Remove(Vec<FoundDocument>),
    /// They are kept until all of the source has been looked at: they may only have moved within it.
    LookAtAll,
    /// They are kept until the owner has decided; true if that is a new question, or is about more after a while.
    Ask(bool),
}

impl Counts {
    /// The documents about which a question is open, and the others.
    fn split(&self, gone: Vec<FoundDocument>) -> (Vec<FoundDocument>, Vec<FoundDocument>) {
        let Some(question) = &self.question else { return (Vec::new(), gone) };
        let known: BTreeSet<DocId> = question.gone.iter().map(|found| found.doc).collect();
        gone.into_iter().partition(|found| known.contains(&found.doc))
    }

    /// All of the source was looked at. Of the missing documents about which a question is open, `asked` are missing still, and
    /// the others are back.
    fn judge_whole(
        &mut self,
        now: Instant,
        (documents, remaining): (u64, u64),
        mut asked: Vec<FoundDocument>,
        fresh: Vec<FoundDocument>,
        is_rest: bool,
        at: i64,
    ) -> Verdict {
        self.looked_at = Some(now);
        self.documents = Some(documents.max(remaining));
        let left = documents.saturating_sub(asked.len() as u64) + self.lost.count();
        let lost = self.lost.count() + fresh.len() as u64;
        let many = left >= LOSS_ASKED_MIN && remaining * 2 < left;
        // What follows a great loss within a minute is a part of it, but for a file here and there.
        let follows = self.question.is_some() && now.since(self.asked_at) < Duration::from_millis(LOSS_WINDOW_MS);
        let more = !fresh.is_empty() && (many || is_rest || (follows && lost * 10 > left));
        let known = self.question.take();
        let (known_since, of) = (known.as_ref().map(|known| known.since), known.as_ref().map_or(0, |known| known.of));
        let before = known.map_or(0, |known| known.before);
        if more {
            asked.extend(fresh);
            // What went within the minute before is gone from the index, or was renamed: of neither is anything asked.
            let of = of.max(documents).max(asked.len() as u64);
            let since = known_since.unwrap_or(at);
            let before = before.max(self.lost.count());
            self.question = Some(Question { gone: asked, of, more: self.beyond.count(), since, before });
            self.asked_at = now;
            return Verdict::Ask(!follows);
        }
        self.documents = Some(remaining + asked.len() as u64);
        if let Some(since) = known_since.filter(|_| !asked.is_empty()) {
            self.question = Some(Question { gone: asked, of, more: self.beyond.count(), since, before });
        }
        self.lost.add(&fresh);
        Verdict::Remove(fresh)
    }

    /// A part of the source was looked at, which has `asked` documents about which a question is open. All sources have so many `unusable`.
    fn judge_part(
        &mut self,
        (known, remaining): (u64, u64),
        asked: u64,
        fresh: Vec<FoundDocument>,
        unusable: u64,
    ) -> Verdict {
        if fresh.is_empty() {
            return Verdict::Remove(fresh);
        }
        // They may be a part of what is asked about next.
        if self.is_cut {
            return Verdict::LookAtAll;
        }
        // A tenth of what may be a question: losses in many places at once are judged together, before they are removed.
        let lost = self.lost.count() + fresh.len() as u64;
        let waiting = self.question.as_ref().map(|question| question.gone.len() as u64);
        let before =
            self.documents.map(|documents| documents.saturating_sub(waiting.unwrap_or_default()) + self.lost.count());
        let small = waiting.is_none() && before.is_some_and(|before| before < LOSS_ASKED_MIN);
        // Files that the last look at all of it found may have turned out not to be usable.
        let newly = unusable.saturating_sub(self.unusable.everywhere);
        if !small && lost * 10 > before.map_or(LOSS_ASKED_MIN, |before| before.saturating_sub(newly)) {
            return Verdict::LookAtAll;
        }
        self.documents = self.documents.map(|documents| (documents + remaining + asked).saturating_sub(known));
        self.lost.add(&fresh);
        Verdict::Remove(fresh)
    }
}

impl Losses {
    /// Whether the scan under way did not find a document's file, or one that ended a moment ago: whether it moved, and where to, is not known
    /// before that is saved.
    pub(in crate::scheduler) fn is_missed(&self, doc: DocId) -> bool {
        self.pass.gone.iter().any(|found| found.doc == doc)
            || self.pass.beyond.contains(doc)
            || self.sources.values().any(|counts| counts.lost.contains(doc))
    }

    /// Adds a step of the scan under way.
    pub(super) fn add(&mut self, gone: Vec<FoundDocument>, tally: &mut Tally) {
        self.pass.known += tally.known;
        self.pass.empty += tally.empty;
        self.pass.remaining += tally.remaining;
        self.pass.unusable += tally.unusable;
        self.pass.unusable_before.get_or_insert(self.unusable);
        self.pass.listed += tally.listed;
        self.pass.kept += tally.kept;
        self.pass.away.append(&mut tally.away);
        self.pass.why = tally.why.take();
        // What does not fit is found again by the next scan, and asked about.
        let room = LOST_MAX.saturating_sub(self.pass.gone.len());
        let mut gone = gone.into_iter();
        self.pass.gone.extend(gone.by_ref().take(room));
        gone.for_each(|found| self.pass.beyond.insert(found.doc));
    }

    /// The scan of a source, or of a part of it, is over. Gives what becomes of the missing documents, and what was away.
    pub(super) fn end(&mut self, now: Instant, source: &[u8], whole: bool, at: i64) -> (Verdict, Vec<Away>) {
        let Pass { known, empty, remaining, unusable, unusable_before, listed, kept, gone, beyond, away, why } =
            std::mem::take(&mut self.pass);
        let (known, remaining) = (known.saturating_sub(unusable), remaining.saturating_sub(unusable));
        let counts = self.sources.entry(source.to_vec()).or_default();
        counts.why = why;
        counts.lost.begin(now);
        // Only what an open question is about waits for its answer.
        let (asked, fresh) = counts.split(gone);
        let verdict = if whole {
            (counts.kept, counts.is_unsure) = (kept, false);
            counts.unusable = Unusable { here: unusable, everywhere: unusable_before.unwrap_or(self.unusable) };
            // They were lost at once with what their owner was asked about: the answer to that is none for them.
            let more = beyond.count() > 0;
            let is_rest = std::mem::replace(&mut counts.is_cut, more) || more;
            let missed_at = if counts.beyond.count() == 0 { at } else { counts.beyond.missed_at };
            counts.beyond = beyond;
            counts.beyond.missed_at = missed_at;
            let verdict = counts.judge_whole(now, (known, remaining), asked, fresh, is_rest, at);
            let asked = counts.question.as_ref().map_or(0, |question| question.gone.len() as u64);
            counts.expected = (listed > 0).then(|| remaining + unusable + asked + counts.beyond.count());
            verdict
        } else {
            let (asked, gone) = (asked.len() as u64, fresh.len() as u64 + beyond.count());
            let verdict = counts.judge_part((known, remaining), asked, fresh, self.unusable);
            let stays = if verdict == Verdict::LookAtAll { asked + gone } else { asked };
            counts.expected =
                counts.expected.map(|expected| (expected + remaining + stays).saturating_sub(known + empty));
            verdict
        };
        (verdict, away)
    }

    /// How many documents the scan under way found still there.
    pub(super) fn present(&self) -> u64 {
        self.pass.known.saturating_sub(self.pass.gone.len() as u64)
    }

    /// Whether the scan under way has found any file.
    pub(super) const fn finds(&self) -> bool {
        self.pass.listed > 0
    }

    /// Whether a question about this source is open.
    pub(super) fn asks(&self, source: &[u8]) -> bool {
        self.sources.get(source).is_some_and(|counts| counts.question.is_some())
    }

    /// The files of these documents are there, where they were or under another path: no question is about them any more, and they
    /// count as lost no more.
    pub(super) fn are_back(&mut self, documents: &BTreeSet<DocId>) {
        for counts in self.sources.values_mut() {
            counts.lost.are_back(documents);
            let Some(question) = counts.question.as_mut() else { continue };
            question.gone.retain(|asked| !documents.contains(&asked.doc));
            if question.gone.is_empty() {
                counts.question = None;
            }
        }
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

    /// Why nothing of the source could be looked at, as the end of a sentence; `None` if something could be, or nothing is there.
    pub(super) fn why_away(&self, source: &[u8]) -> Option<&str> {
        self.sources.get(source)?.why.as_deref()
    }

    /// When the last look at all of the source ended.
    pub(super) fn looked_at(&self, source: &[u8]) -> Option<Instant> {
        self.sources.get(source)?.looked_at
    }

    /// Whether so many places of the source changed that all of it is looked at instead: if they are deletions, they are
    /// judged together. In a larger source so few places cannot be half of it.
    pub(super) fn is_crowd(&self, source: &[u8], places: usize) -> bool {
        places >= CROWD_MIN && self.files(source) < CROWD_DOCUMENTS_MAX
    }

    /// Between two looks at a source whose changes the system does not report: some seconds to some minutes, because a
    /// look costs by the number of its files.
    pub(super) fn poll_interval(&self, source: &[u8]) -> Duration {
        let ms = self.files(source).saturating_mul(POLL_MS_PER_DOCUMENT);
        Duration::from_millis(ms.clamp(POLL_MS_MIN, POLL_MS_MAX))
    }

    /// What a look at the source costs by: its documents, and its files that are not usable.
    fn files(&self, source: &[u8]) -> u64 {
        let counts = self.sources.get(source);
        counts.map_or(0, |counts| counts.documents.unwrap_or(0) + counts.unusable.here)
    }
}

/// What is asked about over more than one question, and over a restart.
impl Losses {
    /// The owners of these sources were being asked when the agent ended; what a look at one of them finds gone is asked about.
    pub(super) fn ask_again(&mut self, asked: Vec<Vec<u8>>, is_watched: impl Fn(&[u8]) -> bool) {
        for source in asked.iter().filter(|source| is_watched(source)) {
            let counts = self.sources.entry(source.clone()).or_default();
            (counts.is_cut, counts.is_unsure) = (true, true);
        }
        self.saved = Some(asked);
    }

    /// The list of sources whose owners are asked, if it differs from the one in the newest save. None leaves it while an answer
    /// is being carried out: its rest is asked about again after a restart.
    pub(super) fn asked_to_save(&mut self, is_deciding: bool) -> Option<Change> {
        let asked = self.sources.iter().filter(|(_, counts)| counts.is_cut || counts.question.is_some());
        let before = self.saved.iter().flatten().filter(|_| is_deciding);
        let asked: BTreeSet<&Vec<u8>> = asked.map(|(source, _)| source).chain(before).collect();
        let asked: Vec<Vec<u8>> = asked.into_iter().cloned().collect();
        (self.saved.as_ref() != Some(&asked)).then(|| {
            self.saved = Some(asked.clone());
            Change::Asked(Asked(asked))
        })
    }

    /// The save of such a list failed, perhaps: the next one is written whatever it says.
    pub(super) fn asked_are_not_saved(&mut self) {
        self.saved = None;
    }

    /// Answers that were being carried out are given up: what is left of their questions is asked about again.
    pub(super) fn ask_what_is_left(&mut self) {
        for source in self.saved.iter().flatten() {
            if let Some(counts) = self.sources.get_mut(source) {
                (counts.is_cut, counts.is_unsure) = (true, true);
            }
        }
    }

    /// A look at a part of the source found so much gone that all of it is looked at next.
    pub(super) fn doubt(&mut self, source: &[u8]) {
        self.sources.entry(source.to_vec()).or_default().is_unsure = true;
    }

    /// Whether files of this source are gone, and which of them is not known yet.
    pub(super) fn is_unsure(&self, source: &[u8]) -> bool {
        self.sources.get(source).is_some_and(|counts| counts.is_unsure)
    }

    /// Whether that is so of any source.
    pub(super) fn is_any_unsure(&self) -> bool {
        self.sources.values().any(|counts| counts.is_unsure)
    }

    /// Whether more of this source is gone than its question is, or was, about.
    pub(super) fn has_more(&self, source: &[u8]) -> bool {
        self.sources.get(source).is_some_and(|counts| counts.beyond.count() > 0)
    }

    /// Since when a document's file is gone, in seconds since 1970, if its owner is asked about it, now or next.
    pub(super) fn gone_since(&self, doc: DocId) -> Option<i64> {
        let asked = self.questions().find(|(_, question)| question.gone.iter().any(|found| found.doc == doc));
        let next = || self.sources.values().find(|counts| counts.beyond.contains(doc));
        asked.map(|(_, question)| question.since).or_else(|| next().map(|counts| counts.beyond.missed_at))
    }
}

#[cfg(test)]
mod tests;
