//! Documents whose tasks fail: each is tried again after a pause that grows, and after `ATTEMPTS_MAX` failed attempts it is parked,
//! until its owner has it tried again or drops it.
//!
//! An attempt is a task of this device that panicked or could not be done, or the word of a device that had some of its chunks
//! (`Work::Failed`). A device that leaves, sleeps, restarts or is slow has not failed. What others could not embed is embedded here; the
//! failure of another device counts once, and only beside one of this device's, so that no device has a document parked at will.
//! What a document has behind it is stored, so that it counts over a restart (`stored`).
//! Where another device is to be had, one document is not parked before one has failed too, or has let it lie (`ATTEMPTS_ALONE_MAX`).

use super::attempt::{FailedAttempt, ParkedTask};
use super::task::Task;
use crate::base::id::{DocId, EmbedKey, PeerKey};
use crate::base::time::{Duration, Instant};
use crate::limits::{
    ATTEMPT_PAUSE_FACTOR, ATTEMPT_PAUSE_MS, ATTEMPT_PAUSE_MS_MAX, ATTEMPT_TEXT_MAX, ATTEMPTS_ALONE_MAX, ATTEMPTS_MAX,
    FAILING_MAX, PARKED_MAX,
};
use crate::store::counts::Kind;
use crate::store::record::Failing as StoredFailing;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The failure of another device.
#[derive(Debug)]
pub(super) struct OtherFailure {
    pub(super) by: PeerKey,
    /// The text that it could not embed.
    pub(super) key: EmbedKey,
    pub(super) why: &'static str,
}

/// A failed attempt.
#[derive(Debug)]
struct Failure {
    /// Who, and the text that it could not embed; `None`: this device.
    by: Option<(PeerKey, EmbedKey)>,
    why: String,
    at: Instant,
    /// Of one of before this start: when, in seconds since 1970.
    before: Option<i64>,
}

/// A document whose tasks fail.
#[derive(Debug, Default)]
struct Failing {
    /// The oldest first: the last `ATTEMPTS_MAX` of this device, and one of each of as many others.
    failures: VecDeque<Failure>,
    /// Failed attempts of this device since its last success.
    here: usize,
    /// Whether others may not have it, or have nothing of it to embed.
    is_only_here: bool,
    /// Whether the store may have a record of it.
    is_stored: bool,
}

impl Failing {
    fn others(&self) -> usize {
        self.failures.iter().filter(|failure| failure.by.is_some()).count()
    }

    /// How many attempts count: those here, and of those of others as many.
    fn counted(&self) -> usize {
        self.here + self.others().min(self.here)
    }

    /// Whether another device is to try it, if one is to be had.
    fn wants_another(&self) -> bool {
        self.here > 0 && !self.is_only_here && self.others() == 0 && self.here < ATTEMPTS_ALONE_MAX
    }

    fn note(&mut self, failure: Failure) {
        let by = failure.by.map(|(peer, _)| peer);
        if by.is_none() {
            self.here += 1;
        } else {
            self.failures.retain(|known| known.by.map(|(peer, _)| peer) != by);
        }
        self.failures.push_back(failure);
        let is_alike = |known: &Failure| known.by.is_some() == by.is_some();
        if self.failures.iter().filter(|known| is_alike(known)).count() > ATTEMPTS_MAX {
            let eldest = self.failures.iter().position(is_alike);
            eldest.map(|eldest| self.failures.remove(eldest));
        }
    }

    /// What its owner is told: `ATTEMPTS_MAX` attempts, those of others among them as far as they counted.
    fn attempts(mut self, now: Instant) -> Vec<FailedAttempt> {
        while self.failures.len() > ATTEMPTS_MAX {
            let is_surplus = self.others() > ATTEMPTS_MAX / 2;
            let eldest = self.failures.iter().position(|failure| failure.by.is_some() == is_surplus);
            self.failures.remove(eldest.unwrap_or(0));
        }
        let attempt = |Failure { by, why, at, before }| {
            let by = by.map(|(peer, _)| peer);
            FailedAttempt { by, why, before: now.since(at), at: before }
        };
        self.failures.into_iter().map(attempt).collect()
    }
}

/// What becomes of a document whose task failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It is tried again after this time.
    Rest(Duration),
    /// It is parked next.
    Park,
}

/// Documents whose tasks failed.
#[derive(Debug, Default)]
pub(super) struct Parking {
    /// At most `FAILING_MAX`.
    failing: BTreeMap<DocId, Failing>,
    /// Those whose attempts were forgotten since the last call of `take_forgotten`: they rest no more.
    forgotten: Vec<DocId>,
    /// Until then this device tries no document, as more fail than there is room for.
    pause: Option<Instant>,
    /// Those to park. Each is busy in the queue, so that there are few.
    next: VecDeque<Task>,
    /// Those that a task or a save parks, or is to.
    ending: BTreeSet<DocId>,
    /// What a save is to park.
    unsaved: BTreeMap<DocId, ParkedTask>,
    /// As on the disk. At most `PARKED_MAX`.
    pub(super) parked: BTreeMap<DocId, ParkedTask>,
}

impl Parking {
    pub(super) fn new(now: Instant, parked: Vec<(DocId, ParkedTask)>, failing: Vec<(DocId, StoredFailing)>) -> Self {
        let failing = failing.into_iter().map(|(doc, stored)| (doc, Failing::restored(now, stored))).collect();
        Self { parked: parked.into_iter().collect(), failing, ..Self::default() }
    }

    /// An attempt failed here. `others`: whether another device is to be had.
    pub(super) fn failed(&mut self, now: Instant, doc: DocId, why: &str, others: bool) -> Then {
        if self.note(now, doc, None, why) {
            self.pause = Some(now + pause(1));
        }
        let is_full = self.is_full();
        let Some(failing) = self.failing.remove(&doc) else { return Then::Rest(pause(1)) };
        if failing.counted() < ATTEMPTS_MAX || others && failing.wants_another() || is_full {
            let rest = pause(failing.here);
            self.failing.insert(doc, failing);
            return Then::Rest(rest);
        }
        self.ending.insert(doc);
        self.next.push_back(Task::Park { doc, attempts: failing.attempts(now) });
        Then::Park
    }

    /// Another device could not embed a text of the document.
    pub(super) fn failed_there(&mut self, now: Instant, doc: DocId, failure: &OtherFailure) {
        self.note(now, doc, Some((failure.by, failure.key)), failure.why);
    }

    /// Gives whether the attempts of another document made room. First go those that failed at other devices only, and then those whose last
    /// attempt is the eldest; for a failure of another device none goes that failed here.
    fn note(&mut self, now: Instant, doc: DocId, by: Option<(PeerKey, EmbedKey)>, why: &str) -> bool {
        let is_full = self.failing.len() >= FAILING_MAX && !self.failing.contains_key(&doc);
        if is_full {
            let rank = |failing: &Failing| (failing.here > 0, failing.failures.back().map(|last| last.at));
            let eldest = self.failing.iter().min_by_key(|(_, failing)| rank(failing));
            let Some((eldest, true)) = eldest.map(|(doc, failing)| (*doc, by.is_none() || failing.here == 0)) else {
                return false;
            };
            self.failing.remove(&eldest);
            self.forgotten.push(eldest);
        }
        let why = why[..why.floor_char_boundary(ATTEMPT_TEXT_MAX)].to_owned();
        self.failing.entry(doc).or_default().note(Failure { by, why, at: now, before: None });
        is_full
    }

    /// How many documents fail.
    #[cfg(test)]
    pub(super) fn failing(&self) -> usize {
        self.failing.len()
    }

    /// Whether no more can be parked: those that fail are tried as seldom as any then.
    fn is_full(&self) -> bool {
        self.parked.len() + self.ending.len() >= PARKED_MAX
    }

    /// Documents that would be parked, were there room.
    pub(super) fn without_room(&self) -> usize {
        if !self.is_full() {
            return 0;
        }
        self.failing.values().filter(|failing| failing.counted() >= ATTEMPTS_MAX && failing.here > 0).count()
    }

    /// A task of the document succeeded here. Gives whether the store may have a record of its failures, which is to be deleted.
    pub(super) fn succeeded(&mut self, doc: DocId) -> bool {
        let failing = self.failing.get_mut(&doc).map(|failing| {
            failing.here = 0;
            failing.failures.retain(|failure| failure.by.is_some());
            std::mem::take(&mut failing.is_stored)
        });
        self.drop_if_none(doc);
        failing.unwrap_or(false)
    }

    /// This text of the document was embedded here: whoever could not do that has not found a fault of the text.
    pub(super) fn embedded(&mut self, doc: DocId, key: EmbedKey) {
        if let Some(failing) = self.failing.get_mut(&doc) {
            failing.failures.retain(|failure| failure.by.is_none_or(|(_, failed)| failed != key));
        }
        self.drop_if_none(doc);
    }

    fn drop_if_none(&mut self, doc: DocId) {
        if self.failing.get(&doc).is_some_and(|failing| failing.failures.is_empty()) {
            self.failing.remove(&doc);
        }
    }

    /// Nothing of the document may be embedded by others.
    pub(super) fn is_only_here(&mut self, doc: DocId) {
        if let Some(failing) = self.failing.get_mut(&doc) {
            failing.is_only_here = true;
        }
    }

    /// Whether tasks of the document failed here.
    pub(super) fn fails_here(&self, doc: DocId) -> bool {
        self.failing.get(&doc).is_some_and(|failing| failing.here > 0)
    }

    /// Documents that failed here, and that another device is to try.
    pub(super) fn wanting_another(&self) -> impl Iterator<Item = DocId> {
        self.failing.iter().filter(|(_, failing)| failing.wants_another()).map(|(doc, _)| *doc)
    }

    /// The next document to park.
    pub(super) fn next(&mut self) -> Option<Task> {
        self.next.pop_front()
    }

    /// Documents whose attempts were forgotten since the last call.
    pub(super) fn take_forgotten(&mut self) -> Vec<DocId> {
        std::mem::take(&mut self.forgotten)
    }

    /// Until when no document is tried.
    pub(super) const fn pause(&self) -> Option<Instant> {
        self.pause
    }

    /// Ends the pause, if that is due.
    pub(super) fn wake(&mut self, now: Instant) {
        self.pause.take_if(|until| *until <= now);
    }

    /// A save is to park the document.
    pub(super) fn begin(&mut self, doc: DocId, task: ParkedTask) {
        self.unsaved.insert(doc, task);
    }

    /// The parked documents, and those that a save under way parks: what is saved next finds them parked.
    pub(super) fn parked_by_then(&self) -> BTreeSet<DocId> {
        self.parked.keys().chain(self.unsaved.keys()).copied().collect()
    }

    /// The document is in this state now; `None`: it is no more. What waits to be read has another text, or its owner's word.
    pub(super) fn is_now(&mut self, doc: DocId, kind: Option<Kind>) {
        if kind != Some(Kind::Chunked) {
            self.failing.remove(&doc);
        }
        let unsaved = self.unsaved.remove(&doc);
        match (kind, unsaved) {
            (Some(Kind::Parked), Some(task)) => drop(self.parked.insert(doc, task)),
            (Some(Kind::Parked), None) => {}
            _ => drop(self.parked.remove(&doc)),
        }
    }

    /// The task and the save of the document are over.
    pub(super) fn ended(&mut self, doc: DocId) {
        self.ending.remove(&doc);
    }

    /// The save that was to park the document is not on the disk.
    pub(super) fn not_saved(&mut self, doc: DocId) {
        self.unsaved.remove(&doc);
    }
}

/// The pause after so many failed attempts.
pub(super) fn pause(attempts: usize) -> Duration {
    let exponent = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    let ms = ATTEMPT_PAUSE_MS.saturating_mul(ATTEMPT_PAUSE_FACTOR.saturating_pow(exponent));
    Duration::from_millis(ms.min(ATTEMPT_PAUSE_MS_MAX))
}

mod stored;
#[cfg(test)]
mod tests;
