//! What the scheduler does about documents whose tasks fail (`parking`), and what their owner decides.

use super::attempt::{Decided, FailingDocuments, ParkedTask};
use super::machine::Scheduler;
use super::parking::Then;
use super::port::{Output, Refusal};
use super::saves::AfterSave;
use crate::base::count::count;
use crate::base::id::{DocId, ReplyId};
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::SAVES_MAX;
use crate::store::change::{Applied, Change};
use crate::store::counts::Kind;
use crate::store::keys::Stage;

impl Scheduler {
    /// A task of the document failed here; it lies in the stage of this kind.
    pub(super) fn on_attempt_failed(
        &mut self,
        now: Instant,
        (doc, kind): (DocId, Kind),
        why: &str,
        out: &mut Vec<Output>,
    ) {
        // What is read, only this device can read.
        let others = kind == Kind::Chunked && self.offload.others;
        // One that is to be parked stays busy in the queue until it is.
        if let Then::Rest(pause) = self.running.parking.failed(now, doc, why, others) {
            self.queue.rest(doc, kind, now + pause);
            self.store_failing(doc, out);
        }
        self.running.parking.take_forgotten().into_iter().for_each(|doc| self.queue.end_rest(doc));
    }

    /// Has the store keep what a document has behind it. Where that cannot be saved just now, the next failure brings it too.
    fn store_failing(&mut self, doc: DocId, out: &mut Vec<Output>) {
        if self.stands_still() || self.under_way() >= SAVES_MAX {
            return;
        }
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        // Before the first step of a scan nobody knows the time of day.
        let clock = |at: Instant| {
            let (known, time) = self.running.clock?;
            Some(time.saturating_add(seconds(at.since(known))).saturating_sub(seconds(known.since(at))))
        };
        if let Some(failing) = self.running.parking.keep(doc, clock) {
            let failing = Some(Box::new(failing));
            self.save(vec![Change::Failing { doc, failing }], AfterSave::Noted, out);
        }
    }

    /// Ends the rests and the pause that are over.
    pub(super) fn wake_failing(&mut self, now: Instant) {
        self.running.parking.wake(now);
        self.queue.wake(now);
    }

    /// The document was not read, as the parser of another one takes long: it comes behind that.
    pub(super) fn on_no_turn(&mut self, now: Instant, doc: DocId) {
        self.running.parking.ended(doc);
        self.queue.set_aside(now, doc, self.running.beside() > 0);
    }

    /// When the next of them is over.
    pub(super) fn failing_until(&self) -> Option<Instant> {
        earliest(self.running.parking.pause(), self.queue.rests_until())
    }

    /// A document's task succeeded here, with these changes.
    pub(super) fn on_attempt_succeeded(&mut self, doc: DocId, changes: &mut Vec<Change>) {
        let parking = &mut self.running.parking;
        let was_stored = parking.succeeded(doc);
        for change in &*changes {
            match change {
                Change::Embedded { doc, vectors, .. } => {
                    vectors.iter().for_each(|(_, key, _)| parking.embedded(*doc, *key));
                }
                Change::Copied { doc, rows } => rows.iter().for_each(|(_, key)| parking.embedded(*doc, *key)),
                _ => {}
            }
        }
        changes.extend(was_stored.then_some(Change::Failing { doc, failing: None }));
    }

    /// Whether another device is to try any document that failed here.
    pub(super) fn wants_another(&self) -> bool {
        self.running.parking.wanting_another().any(|doc| self.queue.is_lendable(doc))
    }

    /// Documents that failed here, for another device: so many at most.
    pub(super) fn lend_resting(&mut self, most: usize) -> Vec<DocId> {
        let wanting: Vec<DocId> = self.running.parking.wanting_another().collect();
        wanting.into_iter().filter(|doc| self.queue.lend_resting(*doc)).take(most).collect()
    }

    /// A task read what is needed to park the document.
    pub(super) fn on_parking(&mut self, doc: DocId, path: Vec<u8>, change: Change, out: &mut Vec<Output>) {
        if let Change::Parked { parked, .. } = &change {
            self.running.parking.begin(doc, ParkedTask { path, parked: parked.clone() });
        }
        self.save(vec![change], AfterSave::Release(vec![doc]), out);
    }

    /// Notes what other devices could not embed.
    pub(super) fn note_failures_of_others(&mut self, now: Instant) {
        for (doc, failure) in self.offload.lender.take_failures() {
            self.running.parking.failed_there(now, doc, &failure);
        }
        self.running.parking.take_forgotten().into_iter().for_each(|doc| self.queue.end_rest(doc));
    }

    /// Its owner has the parked document tried again, or drops it; `None`: all of them.
    pub(super) fn on_parked_decided(
        &mut self,
        reply: ReplyId,
        which: Option<DocId>,
        decided: Decided,
        out: &mut Vec<Output>,
    ) {
        if self.refuses(reply, out) {
            return;
        }
        // An earlier save that is under way may park some, or hold a decision about some: the store knows by then.
        let mut documents = self.running.parking.parked_by_then();
        documents.retain(|doc| which.is_none_or(|which| *doc == which));
        if documents.is_empty() {
            return out.push(none_parked(reply, which));
        }
        let change: fn(DocId) -> Change = match decided {
            Decided::Retry => |doc| Change::Retried { doc },
            Decided::Drop => |doc| Change::Dropped { doc },
        };
        let changes: Vec<Change> = documents.into_iter().map(change).collect();
        let save = self.saves.begin_with(AfterSave::Parked(reply, which, decided), &changes);
        out.push(Output::Save(save, changes));
    }

    /// The decision is on the disk: its owner learns of how many documents, as earlier saves may have left fewer that were parked.
    pub(super) fn on_parked_saved(
        reply: ReplyId,
        which: Option<DocId>,
        decided: Decided,
        applied: &[Applied],
        out: &mut Vec<Output>,
    ) {
        let number = applied.iter().filter(|applied| applied.doc.is_some()).count();
        let tasks = count(number as u64, "task");
        out.push(match decided {
            _ if number == 0 => none_parked(reply, which),
            Decided::Retry => Output::Decided(reply, format!("{tasks} will be tried again.")),
            Decided::Drop => Output::Decided(reply, format!("{tasks} dropped: a file is tried again when it changes.")),
        });
    }

    /// The parked documents.
    pub fn parked(&self) -> impl Iterator<Item = (DocId, &ParkedTask)> {
        self.running.parking.parked.iter().map(|(doc, task)| (*doc, task))
    }

    /// Documents whose tasks failed and that are tried again: no more of each stage than the store counts, so that what is told of it adds up.
    #[must_use]
    pub fn failing(&self, now: Instant) -> FailingDocuments {
        let (waiting, chunked) = (self.counts.count(Kind::Waiting), self.counts.count(Kind::Chunked));
        FailingDocuments {
            to_read: self.queue.resting_before(Stage::Read).min(waiting - self.absent()),
            to_embed: self.queue.resting_before(Stage::Embed).min(chunked),
            next_in: self.queue.rests_until().map(|until| until.since(now)),
        }
    }

    /// Documents that fail as those do, and are not parked, since there is no room for more.
    #[must_use]
    pub fn unparked(&self) -> u64 {
        self.running.parking.without_room() as u64
    }
}

fn none_parked(reply: ReplyId, which: Option<DocId>) -> Output {
    let why = match which {
        Some(doc) => format!("No task {doc} is parked; `wattle tasks` lists those that are. Nothing was changed."),
        None => "No task is parked. Nothing was changed.".to_owned(),
    };
    Output::Refused(reply, Refusal::Conflict, why)
}
