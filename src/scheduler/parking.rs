//! Documents whose tasks fail: each is tried again after the others, and after `ATTEMPTS_MAX` failed attempts it is parked, until
//! its owner has it tried again or drops it.
//!
//! An attempt is one of this device, or of one that had some of its chunks and could not embed them. A device that leaves, sleeps or is slow
//! has not failed. What others could not embed is embedded here, so of the attempts that park a document one at least is this device's:
//! with any other it is two workers that failed, and without one nobody else is to be had.

use super::attempt::{FailedAttempt, ParkedTask};
use super::task::Task;
use crate::base::id::{DocId, PeerKey};
use crate::base::time::Instant;
use crate::limits::{ATTEMPTS_MAX, PANICKED_MAX, PARKED_MAX};
use crate::store::counts::Kind;
use std::collections::{BTreeMap, VecDeque};

/// A failed attempt.
#[derive(Debug)]
struct Failure {
    by: Option<PeerKey>,
    why: String,
    at: Instant,
}

/// Documents whose tasks failed.
#[derive(Debug, Default)]
pub(super) struct Parking {
    /// Since its last success. At most `PANICKED_MAX` documents.
    failures: BTreeMap<DocId, VecDeque<Failure>>,
    /// Those to park. Each is busy in the queue, so that there are few.
    next: VecDeque<Task>,
    /// What a save is to park.
    unsaved: BTreeMap<DocId, ParkedTask>,
    /// As on the disk. At most `PARKED_MAX`.
    pub(super) parked: BTreeMap<DocId, ParkedTask>,
}

impl Parking {
    pub(super) fn new(parked: Vec<(DocId, ParkedTask)>) -> Self {
        Self { parked: parked.into_iter().collect(), ..Self::default() }
    }

    /// An attempt failed here. False if there is no other one: the document is parked next.
    pub(super) fn failed(&mut self, now: Instant, doc: DocId, why: String) -> bool {
        self.note(now, doc, None, why.clone());
        let failures = self.failures.get(&doc).map_or(ATTEMPTS_MAX, VecDeque::len);
        if failures < ATTEMPTS_MAX {
            return true;
        }
        let alone = || VecDeque::from([Failure { by: None, why, at: now }]);
        let failures = self.failures.remove(&doc).unwrap_or_else(alone);
        let attempt = |Failure { by, why, at }| FailedAttempt { by, why, before: now.since(at) };
        let attempts = failures.into_iter().map(attempt).collect();
        let is_full = self.parked.len() + self.unsaved.len() + self.next.len() >= PARKED_MAX;
        self.next.push_back(Task::Park { doc, attempts, is_full });
        false
    }

    /// An attempt of this device or another one failed. With a full table nothing is noted: one attempt here is the last then.
    pub(super) fn note(&mut self, now: Instant, doc: DocId, by: Option<PeerKey>, why: String) {
        if self.failures.len() >= PANICKED_MAX && !self.failures.contains_key(&doc) {
            return;
        }
        let failures = self.failures.entry(doc).or_default();
        failures.push_back(Failure { by, why, at: now });
        if failures.len() > ATTEMPTS_MAX {
            failures.pop_front();
        }
    }

    /// A task of the document succeeded here.
    pub(super) fn succeeded(&mut self, doc: DocId) {
        if let Some(failures) = self.failures.get_mut(&doc) {
            failures.retain(|failure| failure.by.is_some());
            if failures.is_empty() {
                self.failures.remove(&doc);
            }
        }
    }

    /// The next document to park.
    pub(super) fn next(&mut self) -> Option<Task> {
        self.next.pop_front()
    }

    /// A save is to park the document.
    pub(super) fn begin(&mut self, doc: DocId, task: ParkedTask) {
        self.unsaved.insert(doc, task);
    }

    /// The document is in this state now; `None`: it is no more.
    pub(super) fn is_now(&mut self, doc: DocId, kind: Option<Kind>) {
        if !matches!(kind, Some(Kind::Waiting | Kind::Chunked)) {
            self.failures.remove(&doc);
        }
        let unsaved = self.unsaved.remove(&doc);
        match (kind, unsaved) {
            (Some(Kind::Parked), Some(task)) => drop(self.parked.insert(doc, task)),
            (Some(Kind::Parked), None) => {}
            _ => drop(self.parked.remove(&doc)),
        }
    }

    /// The save that was to park the document is not on the disk.
    pub(super) fn not_saved(&mut self, doc: DocId) {
        self.unsaved.remove(&doc);
    }
}
