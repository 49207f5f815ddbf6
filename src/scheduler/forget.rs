//! The requests to forget or to keep documents: what they mean where they are made, and what is saved for them.

use super::decisions::What;
use super::machine::{Scheduler, busy_writing};
use super::path::covers;
use super::port::{Output, Refusal};
use super::saves::AfterSave;
use super::sources::UnsavedSources;
use crate::base::id::ReplyId;
use crate::limits::{MARKS_MAX, SAVES_MAX};
use crate::store::change::Change;
use crate::store::record::{Mark, MarkKind, Sources};

impl Scheduler {
    /// Saves the next step of what was decided, if there is room.
    pub(super) fn decide_on(&mut self, out: &mut Vec<Output>) {
        // One place is left for the request of a person.
        if self.under_way() + 1 >= SAVES_MAX {
            return;
        }
        let changes = self.decisions.next_changes();
        if !changes.is_empty() {
            out.push(Output::Save(self.saves.begin(AfterSave::Decision), changes));
        }
    }

    pub(super) fn on_forget(&mut self, reply: ReplyId, path: &[u8], out: &mut Vec<Output>) {
        let name = String::from_utf8_lossy(path).into_owned();
        if self.refuses(reply, out) || self.answered(reply, path, What::Forget, out) {
            return;
        }
        let (left, removed) = self.sources.without(path);
        let away = |mark: &Mark| mark.kind != MarkKind::Forgotten && covers(path, &mark.path);
        if removed.is_empty() && !self.decisions.marks().iter().any(away) {
            let why = self.sources.covering(path).map_or_else(
                || format!("{name} is not watched. Nothing was changed."),
                |source| {
                    format!(
                        "The files of {name} are there, and it is a part of {}, which is watched. Move it out of that folder, \
                         or give it a name that begins with a dot. Nothing was changed.",
                        String::from_utf8_lossy(&source.path)
                    )
                },
            );
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        let mut marks = self.decisions.marks().to_vec();
        let forgotten = |path: Vec<u8>| Mark { path, volume: 0, since: 0, documents: 0, kind: MarkKind::Forgotten };
        if removed.is_empty() {
            marks.iter_mut().filter(|mark| away(mark)).for_each(|mark| mark.kind = MarkKind::Forgotten);
        } else {
            marks.retain(|mark| !away(mark));
            marks.extend(removed.iter().map(|source| forgotten(source.path.clone())));
        }
        if marks.len() > MARKS_MAX {
            let why = "Too many places are being forgotten; try again in a moment. Nothing was changed.";
            return out.push(Output::Refused(reply, Refusal::Busy, why.to_owned()));
        }
        let mut changes: Vec<Change> = self.decisions.set_marks(marks).into_iter().collect();
        if removed.is_empty() {
            let done = format!("The documents of {name} that were away are forgotten.");
            return self.save_decision(reply, done, changes, out);
        }
        changes.push(Change::Sources(Sources(left.clone())));
        let removed = removed.into_iter().map(|source| source.path).collect();
        let replies = [(reply, path.to_vec())].into_iter().collect();
        let unsaved = UnsavedSources { sources: left.clone(), added: None, removed, replies };
        let save = self.saves.begin(AfterSave::Watch(Box::new(unsaved)));
        out.push(Output::Save(save, changes));
        self.sources.begin_save(save, left);
    }

    pub(super) fn on_keep(&mut self, reply: ReplyId, path: &[u8], out: &mut Vec<Output>) {
        let name = String::from_utf8_lossy(path).into_owned();
        if self.refuses(reply, out) || self.answered(reply, path, What::Keep(0), out) {
            return;
        }
        let mut marks = self.decisions.marks().to_vec();
        let away = marks.iter_mut().filter(|mark| mark.kind == MarkKind::Away && covers(path, &mark.path));
        away.for_each(|mark| mark.kind = MarkKind::Kept);
        let changes: Vec<Change> = self.decisions.set_marks(marks).into_iter().collect();
        if changes.is_empty() {
            let why = format!(
                "No document of {name} is away or missing, so there is nothing to decide. Nothing was changed."
            );
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        let done = format!(
            "The documents of {name} that are away are kept, and answer. They are followed again when they are back."
        );
        self.save_decision(reply, done, changes, out);
    }

    /// Refuses a decision while nothing can be saved.
    fn refuses(&self, reply: ReplyId, out: &mut Vec<Output>) -> bool {
        if let Some(why) = &self.broken {
            out.push(Output::Refused(reply, Refusal::Broken, why.clone()));
        } else if self.under_way() >= SAVES_MAX || self.decisions.are_many() {
            out.push(busy_writing(reply));
        } else {
            return false;
        }
        true
    }

    /// Takes the decision as the answer to the open questions at the path; false if there are none.
    fn answered(&mut self, reply: ReplyId, path: &[u8], what: What, out: &mut Vec<Output>) -> bool {
        let asked = self.decisions.losses.questions().map(|(source, _)| source.to_vec());
        let asked: Vec<_> = asked.filter(|source| covers(path, source)).collect();
        let mut replies = Some(reply);
        for source in asked.iter().rev() {
            let Some(question) = self.decisions.losses.decided(source) else { continue };
            let name = String::from_utf8_lossy(source);
            let (count, since) = (question.gone.len(), question.since);
            let (what, done) = match what {
                What::Keep(_) => (
                    What::Keep(since),
                    format!("{count} documents of {name} are kept without their files, and answer."),
                ),
                other => (
                    other,
                    format!(
                        "{count} documents of {name} whose files are gone are forgotten. It is still watched; the same command \
                         once more ends that."
                    ),
                ),
            };
            let reply = replies.take().map(|reply| (reply, done));
            self.decisions.decide(question.gone, what, reply);
        }
        self.decide_on(out);
        replies.is_none()
    }

    fn save_decision(&mut self, reply: ReplyId, done: String, changes: Vec<Change>, out: &mut Vec<Output>) {
        let save = self.saves.begin(AfterSave::Reply(reply, done));
        out.push(Output::Save(save, changes));
    }
}
