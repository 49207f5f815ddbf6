//! The requests to forget or to keep documents: what they mean where they are made, and what is saved for them.

use super::addition::pattern;
use super::decisions::What;
use super::machine::{Scheduler, busy_writing};
use super::marks;
use super::path::covers;
use super::port::{Output, Refusal};
use super::saves::AfterSave;
use super::sources::UnsavedSources;
use crate::base::count::{count, plural};
use crate::base::finding::quoted_bytes;
use crate::base::id::ReplyId;
use crate::base::time::Instant;
use crate::limits::{DECISIONS_MAX, MARKS_MAX, SAVES_MAX};
use crate::store::change::Change;
use crate::store::record::{Mark, MarkKind};

/// What follows the answer to a question into which not all of a loss fitted.
const MORE_IS_GONE: &str = "More of its documents are gone than one answer is about. You are asked about these after a look at all of it, which begins now.";

/// Places that a sentence names.
const PLACES_NAMED: usize = 3;

impl Scheduler {
    /// Saves the next step of what was decided, if there is room.
    pub(super) fn decide_on(&mut self, out: &mut Vec<Output>) {
        // One place is left for the request of a person.
        if self.under_way() + 1 >= SAVES_MAX {
            return;
        }
        let changes = self.decisions.next_changes();
        if !changes.is_empty() {
            out.push(Output::Save(self.saves.begin_with(AfterSave::Decision, &changes), changes));
        }
    }

    pub(super) fn on_forget(&mut self, now: Instant, reply: ReplyId, path: &[u8], out: &mut Vec<Output>) {
        let name = String::from_utf8_lossy(path).into_owned();
        if self.refuses(reply, out) || self.answered(now, reply, path, What::Forget, out) {
            return;
        }
        // Whoever answered just now may repeat the command for the rest of the loss: it would end the watching.
        if self.decisions.losses.has_more(path) && !self.disk.is_full() {
            let why = format!("{name} is not forgotten. {MORE_IS_GONE} Nothing was changed.");
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        let without = if self.sources.holds(path) { self.sources.without(path) } else { Ok(Default::default()) };
        let (left, removed) = match without {
            Ok(without) => without,
            Err(why) => return out.push(Output::Refused(reply, Refusal::Conflict, why)),
        };
        let below = self.sources.below(path);
        let away = |mark: &Mark| mark.kind != MarkKind::Forgotten && covers(path, &mark.path);
        if removed.is_empty() && (!below.is_empty() || !self.decisions.marks().iter().any(away)) {
            let why = self.why_not_forgotten(path, &below);
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        let (meant, mut marks): (Vec<Mark>, Vec<Mark>) =
            self.decisions.marks().iter().cloned().partition(|mark| away(mark));
        let forgotten: Vec<Mark> = if removed.is_empty() {
            meant.into_iter().map(|mark| Mark { kind: MarkKind::Forgotten, ..mark }).collect()
        } else {
            removed.iter().map(|source| marks::forgotten(source.path.clone())).collect()
        };
        marks.extend(forgotten.iter().cloned());
        if marks.len() > MARKS_MAX {
            let why = "Too many places are being forgotten; try again in a moment. Nothing was changed.";
            return out.push(Output::Refused(reply, Refusal::Busy, why.to_owned()));
        }
        let mut changes: Vec<Change> = self.decisions.set_marks(marks).into_iter().collect();
        if removed.is_empty() {
            let done = format!("The documents of {name} that were away are forgotten.");
            return self.save_decision(reply, done, forgotten, changes, out);
        }
        changes.push(Change::Sources(left.clone()));
        let removed = removed.into_iter().map(|source| source.path).collect();
        let replies = [(reply, None)].into_iter().collect();
        let unsaved = UnsavedSources { sources: left.clone(), added: None, removed, regrouped: None, replies };
        let save = self.saves.begin_with(AfterSave::Watch(Box::new(unsaved)), &changes);
        out.push(Output::Save(save, changes));
        self.sources.begin_save(save, left);
    }

    pub(super) fn on_keep(&mut self, now: Instant, reply: ReplyId, path: &[u8], out: &mut Vec<Output>) {
        let name = String::from_utf8_lossy(path).into_owned();
        if self.refuses(reply, out) || self.answered(now, reply, path, What::Keep(0), out) {
            return;
        }
        let mut marks = self.decisions.marks().to_vec();
        let mut documents = 0;
        for mark in marks.iter_mut().filter(|mark| mark.kind == MarkKind::Away && covers(path, &mark.path)) {
            mark.kind = MarkKind::Kept;
            documents += mark.answering();
        }
        let changes: Vec<Change> = self.decisions.set_marks(marks).into_iter().collect();
        if changes.is_empty() {
            let why = format!(
                "No document of {name} is away or missing, so there is nothing to decide. Nothing was changed."
            );
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        let done = if documents == 0 {
            format!(
                "{name} is away, and no document of it answers yet. What was not read is read when it is back; until then \
                 nothing more is said of it."
            )
        } else {
            format!(
                "The documents of {name} that are away are kept, and answer.{} They are followed again when they are back.",
                self.stays_here()
            )
        };
        self.save_decision(reply, done, Vec::new(), changes, out);
    }

    /// Why a place cannot be forgotten: it is only a part of a watched folder, or has watched folders in it, or neither.
    /// Whether something is there is not known here, and not said.
    fn why_not_forgotten(&self, path: &[u8], below: &[&[u8]]) -> String {
        let (text, name) = (String::from_utf8_lossy, String::from_utf8_lossy(path));
        let command = |place: &[u8]| format!("`wattle forget {}`", quoted_bytes(place));
        if let Some(source) = self.sources.covering(path) {
            let asked = self.questions().find(|(asked, _)| *asked == source.path);
            let asked =
                asked.map(|(source, question)| format!("{} ", question.sentence(source, self.has_private_folders())));
            let asked = asked.unwrap_or_default();
            let line = pattern(&source.path, path).map_or_else(String::new, |line| {
                format!("The line {line} in the file .wattleignore in {} leaves it out. ", text(&source.path))
            });
            return format!(
                "{name} is not watched by itself: it is a part of {}, which is watched. What is deleted there, moved out of that \
                 folder, or renamed to begin with a dot, leaves the index by itself, but for what you keep. {line}{asked}{}Nothing was changed.",
                text(&source.path),
                self.kept_hint(&source.path, path)
            );
        }
        if !below.is_empty() {
            let named = below.iter().take(PLACES_NAMED).map(|place| command(place)).collect::<Vec<_>>().join(", ");
            let more = below.len().saturating_sub(PLACES_NAMED);
            let more = if more == 0 { String::new() } else { format!(", and {more} more") };
            return format!(
                "{name} is not watched itself; folders in it are. Forget each by its own name: {named}{more}. Nothing was changed."
            );
        }
        let common = |place: &[u8]| place.iter().zip(path).take_while(|(a, b)| a == b).count();
        let marked = self.decisions.marks().iter().filter(|mark| mark.kind == MarkKind::Away).map(|mark| &*mark.path);
        let open: Vec<_> = self.questions().map(|(source, _)| source).chain(marked).take(PLACES_NAMED).collect();
        let open = if open.is_empty() {
            String::new()
        } else {
            let open = open.into_iter().map(|place| text(place).into_owned()).collect::<Vec<_>>().join(", ");
            format!(" What waits for a decision, `wattle keep PATH` or `wattle forget PATH`: {open}.")
        };
        let mut watched: Vec<&[u8]> = self.sources().iter().map(|source| &*source.path).collect();
        watched.sort_by_key(|place| core::cmp::Reverse(common(place)));
        let known = if watched.is_empty() {
            "No folder is watched.".to_owned()
        } else {
            let named = watched.iter().take(PLACES_NAMED).map(|place| text(place)).collect::<Vec<_>>().join(", ");
            let more = watched.len().saturating_sub(PLACES_NAMED);
            let more =
                if more == 0 { String::new() } else { format!(" and {more} more, which `wattle folders` lists") };
            format!("What is watched: {named}{more}. `wattle forget FOLDER` forgets one of them.")
        };
        format!(
            "{name} is not watched, and nothing of it is in the index: there is nothing to forget. {known}{open} Nothing was changed."
        )
    }

    /// Refuses a decision while nothing can be saved.
    pub(super) fn refuses(&self, reply: ReplyId, out: &mut Vec<Output>) -> bool {
        if let Some((refusal, why)) = self.outage.refusal(self.disk.is_full()) {
            out.push(Output::Refused(reply, refusal, why));
        } else if self.decisions.are_many() {
            let why = format!(
                "{DECISIONS_MAX} earlier requests to keep or to forget documents are being carried out; ask again in a moment. \
                 Nothing was changed."
            );
            out.push(Output::Refused(reply, Refusal::Busy, why));
        } else if self.under_way() >= SAVES_MAX {
            out.push(busy_writing(reply));
        } else {
            return false;
        }
        true
    }

    /// Takes the decision as the answer to the open questions at the path; false if there are none.
    fn answered(&mut self, now: Instant, reply: ReplyId, path: &[u8], what: What, out: &mut Vec<Output>) -> bool {
        let asked = self.decisions.losses.questions().map(|(source, _)| source.to_vec());
        // Documents are kept for all folders of a place; they are forgotten for the folder that is named.
        let meant = |source: &[u8]| if what == What::Forget { path == source } else { covers(path, source) };
        let asked: Vec<_> = asked.filter(|source| meant(source)).collect();
        let (mut replies, only_here) = (Some(reply), self.stays_here());
        for source in asked.iter().rev() {
            let Some(question) = self.decisions.losses.decided(source) else { continue };
            let name = String::from_utf8_lossy(source);
            let (number, since) = (question.gone.len() as u64, question.since);
            let (documents, are) = (count(number, "document"), plural(number, "is", "are"));
            let their = plural(number, "its", "their");
            let more = self.decisions.losses.has_more(source);
            // What did not fit into the question is asked about next, and soon: the answer looks like one to all of it. And a look
            // that is under way may have found a file of it again, which is found anew once the answer is carried out.
            if more || self.scans.is_under_way() {
                self.scans.queue.mark_dirty(now, source);
            }
            let then = match (what, more) {
                (_, true) => MORE_IS_GONE.to_owned(),
                (What::Keep(_), false) => format!("`wattle forget --kept {}` forgets them.", quoted_bytes(source)),
                (_, false) => "It is still watched; the same command once more ends that.".to_owned(),
            };
            let (what, done) = match what {
                What::Keep(_) => (
                    What::Keep(since),
                    format!("{documents} of {name} {are} kept without {their} files, and answer.{only_here} {then}"),
                ),
                other => (other, format!("{documents} of {name} whose files are gone {are} forgotten. {then}")),
            };
            if let What::Keep(_) = what {
                self.decisions.losses.keeps(source, number);
            } else {
                self.decisions.losses.expects_fewer(source, number);
            }
            let reply = replies.take().map(|reply| (reply, done));
            self.decisions.decide(question.gone, what, reply);
        }
        self.decide_on(out);
        replies.is_none()
    }

    /// What is said of documents that are kept, where other devices get none of them.
    fn stays_here(&self) -> &'static str {
        if self.has_private_folders() {
            " Other devices get nothing of them, as this device has private folders: they may have been moved into one."
        } else {
            ""
        }
    }

    fn save_decision(
        &mut self,
        reply: ReplyId,
        done: String,
        forgotten: Vec<Mark>,
        changes: Vec<Change>,
        out: &mut Vec<Output>,
    ) {
        let save = self.saves.begin_with(AfterSave::Reply(reply, done, forgotten), &changes);
        out.push(Output::Save(save, changes));
    }
}
