//! What follows when a task or a save ends.

use super::losses::Verdict;
use super::machine::Scheduler;
use super::marks;
use super::path::{covers, holds_secrets};
use super::port::{Notice, Output};
use super::queue::NOT_THERE;
use super::saves::{AfterSave, NotSaved, Saved, UnderWay};
use super::sources::UnsavedSources;
use super::task::{Outcome, Scan, Tally, Task};
use crate::base::id::{DocId, Ring, SaveId};
use crate::base::time::Instant;
use crate::limits::SCAN_BATCH;
use crate::store::change::{Applied, Change, FoundDocument};
use crate::store::counts::Kind;
use crate::store::record::Source;
use std::collections::BTreeSet;

impl Scheduler {
    pub(super) fn on_done(&mut self, now: Instant, task: Task, outcome: Outcome, out: &mut Vec<Output>) {
        if let Some(why) = outcome.why_not_done() {
            return self.on_not_done(now, task, &why, out);
        }
        self.running.succeeded(now, &task, &outcome);
        match (task, outcome) {
            // Its folder is being forgotten, or was: what it found belongs to nothing any more. What another folder still has
            // there is looked at.
            (Task::Scan(scan), Outcome::Scanned { .. }) if !self.sources.holds(&scan.source.path) => {
                self.decisions.losses.cancel();
                self.scans.cancel();
                self.scans.queue.mark_dirty(now, &scan.scope);
            }
            (Task::Scan(scan), Outcome::Scanned { mut changes, gone, next, remarks, mut tally }) => {
                out.extend(self.scans.new_remarks(remarks).into_iter().map(Notice::LeftOut).map(Output::Notice));
                self.add_missed(gone, &mut tally);
                self.scans.left_out.add(std::mem::take(&mut tally.omitted.key_files));
                self.scans.ignored.add(std::mem::take(&mut tally.omitted.ignored));
                self.scans.replaced.found(&scan.source.path, std::mem::take(&mut tally.replaced));
                if next.is_none() {
                    self.end_scan(now, &scan, &tally, &mut changes, out);
                }
                self.save(changes, AfterSave::Scan(next), out);
            }
            (Task::Sweep, Outcome::Swept { place, docs, last }) => {
                let forget = |found: &FoundDocument| [Change::Gone(*found), Change::Purge { doc: found.doc }];
                let mut changes: Vec<Change> = docs.iter().flat_map(forget).collect();
                // What has changed since it was read stays: the mark goes with a step that finds nothing.
                changes.extend((last && docs.is_empty()).then(|| self.decisions.swept(place.as_ref())).flatten());
                self.save(changes, AfterSave::Swept, out);
            }
            (Task::Sweep, Outcome::Outdated(changes)) => self.save(changes, AfterSave::Swept, out),
            (Task::ListKept { reply, .. }, Outcome::Kept(docs, next)) => {
                self.on_kept_listed(now, reply, docs, next, out);
            }
            (Task::ListKept { reply, .. }, Outcome::StoreFailed(why)) => {
                self.on_kept_not_listed(reply, "could not be read from the store.", out);
                self.on_read_failure(now, &why, out);
            }
            (Task::Refill { stage, after, max, to_lend }, Outcome::Refilled(docs)) => {
                self.queue.on_refilled(to_lend, stage, after, max, &docs);
            }
            (Task::Purge { .. }, Outcome::Purgeable(changes, next)) => self.save(changes, AfterSave::Purge(next), out),
            (Task::Park { doc, .. }, Outcome::Changes(changes)) => self.on_changes(doc, changes, out),
            (Task::Read { doc } | Task::Embed { doc, .. }, Outcome::Changes(mut changes)) => {
                self.on_attempt_succeeded(doc, &mut changes);
                self.on_changes(doc, changes, out);
            }
            (Task::Read { doc }, Outcome::NoTurn) => self.on_no_turn(now, doc),
            (Task::Read { doc }, Outcome::Away(path, changes)) => {
                self.look_at_what_is_away(now, &path);
                self.on_changes(doc, changes, out);
            }
            (Task::Park { doc, .. }, Outcome::Parking(path, change)) => self.on_parking(doc, path, *change, out),
            (Task::Lend { documents, .. }, Outcome::Lendable(listed)) => self.on_lendable(&documents, listed),
            (Task::Owed { by, .. }, Outcome::Owed(part)) => self.on_owed(by, Some(part)),
            (Task::EmbedLent(chunks), Outcome::Embedded(vectors)) => {
                chunks.iter().for_each(|chunk| self.running.parking.embedded(chunk.doc, chunk.key));
                self.offload.lender.embedded_here(chunks, vectors);
            }
            (Task::EmbedBorrowed(task), Outcome::Embedded(vectors)) => {
                self.on_borrowed(now, &task, Some(&vectors), out);
            }
            (Task::Summarize, Outcome::Summarized(summary)) => out.push(Output::Summarized(Some(summary))),
            (task, Outcome::StoreFailed(why)) => {
                self.take_back(&task);
                self.on_read_failure(now, &why, out);
            }
            (task, outcome) => unreachable!("{task:?} came back as {outcome:?}"),
        }
    }

    /// A step of a look did not find these. They may be in a private folder by now: that is known once all is looked at and saved.
    fn add_missed(&mut self, gone: Vec<FoundDocument>, tally: &mut Tally) {
        gone.iter().for_each(|found| self.recall(found.doc, Kind::Tombstoned));
        self.decisions.losses.unusable = self.counts.count(Kind::Refused) + self.counts.count(Kind::Parked);
        self.decisions.losses.add(gone, tally);
    }

    /// A document was read or embedded, or could not be.
    fn on_changes(&mut self, doc: DocId, mut changes: Vec<Change>, out: &mut Vec<Output>) {
        if self.queue.is_full_of_absent() {
            changes.iter_mut().for_each(refuse_absent);
        }
        let absent = changes.iter().any(|change| matches!(change, Change::Absent { .. }));
        let then = if absent { AfterSave::Absent(doc) } else { AfterSave::Release(vec![doc]) };
        self.save(changes, then, out);
    }

    /// The file system of this file is away: its folder is looked at soon, so that all counts say so, unless they do.
    fn look_at_what_is_away(&mut self, now: Instant, path: &[u8]) {
        let is_marked = self.decisions.marks().iter().any(|mark| covers(&mark.path, path));
        if let Some(source) = self.sources.covering(path).filter(|_| !is_marked) {
            self.scans.queue.mark_dirty(now, &source.path);
        }
    }

    /// A task panicked, or could not be done for a reason that is not the store's. A document is tried again until it is parked (`parking`); a scan, a refill or
    /// a purge is tried once more, and after the second time a scan is left out, so that nothing waits for it.
    fn on_not_done(&mut self, now: Instant, task: Task, why: &str, out: &mut Vec<Output>) {
        let retry = self.running.retries.is_first(&task);
        let stopped = |what: &str| format!("{what} {why}");
        match task {
            Task::Read { doc } => self.on_attempt_failed(now, (doc, Kind::Waiting), &stopped("Its indexing"), out),
            Task::Embed { doc, .. } => {
                self.on_attempt_failed(now, (doc, Kind::Chunked), &stopped("Its indexing"), out);
            }
            // The document stays busy in the queue, so that no task takes it before the next start.
            Task::Park { .. } => {}
            Task::Scan(_) if retry => self.scans.retry_step(),
            Task::Scan(scan) => {
                self.decisions.losses.cancel();
                self.scans.cancel();
                let place = String::from_utf8_lossy(&scan.scope).into_owned();
                out.push(Output::Notice(Notice::LeftOut(stopped(&format!("The scan of {place}")))));
            }
            // The next start, or the next decision, tries again.
            Task::Sweep => self.decisions.end_sweep(),
            Task::ListKept { reply, .. } => self.on_kept_not_listed(reply, why, out),
            Task::Refill { to_lend: true, .. } => self.queue.refill_to_lend_failed(),
            Task::Refill { stage, .. } => self.queue.refill_failed(stage, retry),
            Task::Purge { .. } if retry => self.purges.retry_step(),
            // What it would have deleted waits for the next start.
            Task::Purge { .. } => self.purges.end_step(None),
            Task::Lend { documents, .. } => self.on_not_lendable(&documents),
            Task::Owed { by, .. } => self.on_owed(by, None),
            Task::EmbedLent(chunks) => self.offload.lender.not_embedded_here(&chunks),
            Task::EmbedBorrowed(task) => self.on_borrowed(now, &task, None, out),
            Task::Summarize => out.push(Output::Summarized(None)),
            Task::EmbedQuery { .. } | Task::EmbedHit { .. } | Task::Retrieve(_) | Task::Audit => {}
        }
    }

    pub(super) fn on_saved(
        &mut self,
        now: Instant,
        save: SaveId,
        result: Result<Saved, NotSaved>,
        out: &mut Vec<Output>,
    ) {
        let Some(UnderWay { then, marks, vectors, reads }) = self.saves.end(save) else { return };
        let saved = match result {
            Ok(saved) => saved,
            Err(failure) => return self.on_not_saved(now, then, failure, out),
        };
        if let Some(marks) = marks {
            self.decisions.on_marks_saved(marks);
        }
        // What came too late, or for a text that is another one by now, has no effect.
        let added: u64 = saved.applied.iter().map(|applied| applied.added.len() as u64).sum();
        self.saves.count(now, vectors.min(added), reads);
        self.counts = saved.counts;
        self.disk.free = saved.disk_free;
        self.queue.saved();
        self.are_back(&saved.applied, matches!(then, AfterSave::Scan(_)));
        if saved.applied.iter().any(|applied| applied.outdated) {
            self.look_again(now);
        }
        if vectors > 0 {
            self.recount_away(now);
        }
        let mut absent = None;
        match then {
            AfterSave::Watch(unsaved) => self.on_sources_saved(now, save, *unsaved, out),
            AfterSave::Scan(next) => self.end_scan_step(next, out),
            AfterSave::Purge(next) => self.purges.end_step(next),
            AfterSave::Release(docs) => self.release(docs),
            AfterSave::Absent(doc) => {
                absent = Some(doc);
                self.queue.release(doc);
            }
            AfterSave::Noted => {}
            AfterSave::Decision => self.decisions.on_saved(out),
            AfterSave::Lent(chunks, of) => self.on_lent_saved(&chunks, of, &saved.applied),
            AfterSave::Swept => self.decisions.sweep_on(),
            AfterSave::Mended(unsaved) => {
                if let Some(unsaved) = unsaved {
                    self.on_sources_saved(now, save, *unsaved, out);
                }
                self.on_mended(now, saved.number, out);
            }
            AfterSave::Parked(reply, which, decided) => {
                Self::on_parked_saved(reply, which, decided, &saved.applied, out);
            }
            AfterSave::Reply(reply, done, forgotten) => {
                self.decisions.sweep_on();
                self.answer_once_removed(now, reply, done, forgotten, out);
            }
        }
        self.answer_waiting(now, out);
        if saved.applied.iter().any(|applied| applied.to_purge) {
            self.purges.mark(now, saved.number);
        }
        for applied in saved.applied {
            applied.doc.iter().for_each(|doc| self.running.parking.is_now(*doc, applied.now));
            if applied.now != Some(Kind::Chunked) {
                applied.doc.iter().for_each(|doc| self.queue.forget_rest(*doc));
            }
            if let (Some(doc), Some(kind)) = (applied.doc, applied.now) {
                self.recall(doc, kind);
                self.queue.push(doc, kind);
                if kind == Kind::Waiting && absent == Some(doc) {
                    self.queue.set_absent(doc);
                }
            }
        }
    }

    /// What of these documents is there is no loss: those of files that a scan found, and those that went on under another path.
    fn are_back(&mut self, applied: &[Applied], scanned: bool) {
        let is_there = |applied: &&Applied| applied.returned || (scanned && applied.now != Some(Kind::Tombstoned));
        let there: BTreeSet<DocId> = applied.iter().filter(is_there).filter_map(|applied| applied.doc).collect();
        if !there.is_empty() {
            self.decisions.losses.are_back(&there);
        }
    }

    /// What a look had found was not so any more when it was to be saved: all is looked at once more, but not all the time.
    pub(super) fn look_again(&mut self, now: Instant) {
        let sources = self.sources.saved.places.iter();
        let pause = sources.map(|source| self.decisions.losses.poll_interval(&source.path)).max();
        self.scans.queue.hasten(now, pause.unwrap_or_default());
    }

    /// The list of sources is on the disk: it takes effect, and its additions are acknowledged.
    fn on_sources_saved(&mut self, now: Instant, save: SaveId, unsaved: UnsavedSources, out: &mut Vec<Output>) {
        let private = |places: &[Source]| places.iter().filter(|source| source.ring == Ring::Private).count();
        let before = private(&self.sources.saved.places);
        self.sources_saved(save, unsaved.sources);
        if private(&self.sources.saved.places) < before {
            // What was moved from there into others was left out of them.
            for source in &self.sources.saved.places {
                self.scans.queue.mark_dirty(now, &source.path);
            }
        }
        // What is private now, or forgotten, is nobody else's any more.
        self.end_leases(out);
        for place in &unsaved.removed {
            self.decisions.losses.forget(place);
            self.scans.left_out.forget(place);
            self.scans.ignored.forget(place);
            self.scans.followed.retain(|followed| followed != place);
            out.push(Output::Unwatch(place.clone()));
            if holds_secrets(place) && self.sources.covering(place).is_some() {
                // The folder around it leaves it out from now on, and counts it.
                self.scans.queue.mark_dirty(now, place);
            }
        }
        if !unsaved.removed.is_empty() {
            self.decisions.sweep_on();
        }
        if let Some(added) = &unsaved.added {
            // It may have been a source before: nothing of what was known then holds for the new one.
            self.decisions.losses.forget(added);
        }
        out.extend(unsaved.added.map(Output::Watch));
        for (reply, place) in unsaved.replies {
            // Additions of places that are watched already wait for the save of any other request.
            match (place, &unsaved.regrouped) {
                (Some(place), _) => {
                    out.push(Output::Added(reply));
                    self.scans.queue.mark_dirty(now, &place);
                }
                (None, Some(name)) => out.push(Output::Regrouped(reply, name.clone())),
                (None, None) => {
                    let forgotten = unsaved.removed.iter().cloned().map(marks::forgotten).collect();
                    self.answer_once_removed(now, reply, watched_no_more(&unsaved.removed), forgotten, out);
                }
            }
        }
    }

    /// The last step of a scan: decides what becomes of the missing documents, and marks what is away.
    fn end_scan(&mut self, now: Instant, scan: &Scan, tally: &Tally, changes: &mut Vec<Change>, out: &mut Vec<Output>) {
        let source = &scan.source.path;
        let unchanged = self.decisions.losses.present() > changes.len() as u64;
        let (verdict, away) = self.decisions.losses.end(now, source, scan.scope == *source, tally.at);
        match verdict {
            Verdict::Remove(gone) if gone.len() <= SCAN_BATCH => {
                changes.extend(gone.into_iter().map(Change::Gone));
            }
            Verdict::Remove(gone) => {
                self.decisions.remove(gone);
                self.end_leases(out);
            }
            Verdict::LookAtAll => {
                self.scans.queue.mark_dirty(now, source);
                if self.has_private_folders() {
                    // What is gone may be in one of them by now, and which documents these are is known after that look.
                    self.decisions.losses.doubt(source);
                    self.end_leases(out);
                }
            }
            Verdict::Ask(is_new) => {
                if is_new {
                    out.extend(self.question_of(source).map(|why| Output::Notice(Notice::Asks(why))));
                }
                // What is gone may be in a private folder by now.
                self.end_leases(out);
            }
        }
        let maybe_back = unchanged && self.decisions.losses.asks(source);
        let are_counted = self.scans.left_out.end(source, &scan.scope);
        self.scans.ignored.end(source, &scan.scope);
        if (tally.has_other_names || maybe_back || !are_counted) && scan.scope != *source {
            // The other names may lie anywhere; which of the missing files are back, and how many files of keys there are, is
            // known after a look at the whole.
            self.scans.queue.hasten(now, self.decisions.losses.poll_interval(source));
        }
        changes.extend(self.decisions.asked_to_save());
        let source_of = |place: &[u8]| self.sources.covering(place).map(|source| &*source.path);
        let marks = marks::after_scan(self.decisions.marks(), (source, &scan.scope), away, tally.at, source_of);
        if marks.iter().any(|mark| !self.decisions.marks().iter().any(|known| known.is_same(mark))) {
            // What is away may be in a private folder by now too: nothing of it is lent any more.
            self.end_leases(out);
        }
        changes.extend(self.decisions.set_marks(marks));
    }

    pub(super) fn release(&mut self, docs: Vec<DocId>) {
        for doc in docs {
            self.queue.release(doc);
            self.running.parking.ended(doc);
        }
    }

    pub(super) fn save(&mut self, changes: Vec<Change>, then: AfterSave, out: &mut Vec<Output>) {
        for change in &changes {
            match change {
                Change::Refused { reason, doc, .. } => {
                    out.push(Output::Notice(Notice::Unusable(*doc, reason.clone())));
                }
                Change::Parked { doc, parked, .. } => {
                    let why = format!("It is parked after {} failed attempts. {}", parked.attempts.len(), parked.why());
                    out.push(Output::Notice(Notice::Unusable(*doc, why)));
                }
                _ => {}
            }
        }
        if changes.is_empty() {
            return match then {
                AfterSave::Scan(next) => self.end_scan_step(next, out),
                AfterSave::Purge(next) => self.purges.end_step(next),
                AfterSave::Release(docs) => self.release(docs),
                AfterSave::Absent(doc) => self.queue.release(doc),
                AfterSave::Swept => self.decisions.sweep_on(),
                AfterSave::Lent(chunks, of) => self.on_results_not_saved(&chunks, of),
                AfterSave::Reply(..)
                | AfterSave::Parked(..)
                | AfterSave::Decision
                | AfterSave::Noted
                | AfterSave::Watch(_)
                | AfterSave::Mended(_) => {
                    unreachable!("a decision, a new source and what mends are changes")
                }
            };
        }
        out.push(Output::Save(self.saves.begin_with(then, &changes), changes));
    }
}

/// The answer to who has these places forgotten.
fn watched_no_more(places: &[Vec<u8>]) -> String {
    let names: Vec<_> = places.iter().map(|place| String::from_utf8_lossy(place)).collect();
    let (verb, whose) = if names.len() == 1 { ("is", "its") } else { ("are", "their") };
    format!("{} {verb} watched no more, and {whose} documents are forgotten.", names.join(", "))
}

/// No more documents without files can wait: this one is not usable until a scan finds its file.
fn refuse_absent(change: &mut Change) {
    if let Change::Absent { doc, stamp } = *change {
        let reason = NOT_THERE.to_owned();
        *change = Change::Refused { doc, stamp, reason, keep: true };
    }
}
