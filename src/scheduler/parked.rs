//! What the scheduler does about documents whose tasks fail (`parking`), and what their owner decides.

use super::attempt::{Decided, ParkedTask};
use super::machine::Scheduler;
use super::port::{Output, Refusal};
use super::saves::AfterSave;
use crate::base::count::count;
use crate::base::id::{DocId, ReplyId};
use crate::base::time::Instant;
use crate::store::change::Change;
use crate::store::counts::Kind;

impl Scheduler {
    /// A task of the document failed here; it lies in the stage of this kind.
    pub(super) fn on_attempt_failed(&mut self, now: Instant, doc: DocId, kind: Kind, why: String) {
        // One that is to be parked stays busy in the queue until it is.
        if self.running.parking.failed(now, doc, why) {
            self.queue.retry(doc, kind);
        }
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
        for (doc, peer, why) in self.offload.lender.take_failures() {
            self.running.parking.note(now, doc, Some(peer), why.to_owned());
        }
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
        let parked = &self.running.parking.parked;
        let documents: Vec<DocId> =
            parked.keys().copied().filter(|doc| which.is_none_or(|which| *doc == which)).collect();
        if documents.is_empty() {
            let why = match which {
                Some(doc) => {
                    format!("No task {doc} is parked; `wattle tasks` lists those that are. Nothing was changed.")
                }
                None => "No task is parked. Nothing was changed.".to_owned(),
            };
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        let tasks = count(documents.len() as u64, "task");
        let (done, change): (_, fn(DocId) -> Change) = match decided {
            Decided::Retry => (format!("{tasks} will be tried again."), |doc| Change::Retried { doc }),
            Decided::Drop => {
                let done = format!("{tasks} dropped: a file is tried again when it changes.");
                (done, |doc| Change::Dropped { doc })
            }
        };
        let changes: Vec<Change> = documents.into_iter().map(change).collect();
        let save = self.saves.begin_with(AfterSave::Reply(reply, done, Vec::new()), &changes);
        out.push(Output::Save(save, changes));
    }

    /// The parked documents.
    pub fn parked(&self) -> impl Iterator<Item = (DocId, &ParkedTask)> {
        self.running.parking.parked.iter().map(|(doc, task)| (*doc, task))
    }
}
