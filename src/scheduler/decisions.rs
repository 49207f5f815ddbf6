//! What the owner decides: to forget documents, or to keep those whose files are away or gone. Also the removal of many
//! documents after a scan, which is done in the same steps.
//!
//! A forgotten place is marked first: with that save its documents leave every answer. A sweep then deletes them, some
//! hundred at a time, and goes on after a restart. Documents that an answer to a loss is about leave the answers to other devices at once, and those here
//! with the save of their own step.

use super::losses::Losses;
use super::port::Output;
use super::task::Task;
use super::waiting::Waiting;
use crate::base::id::{DocId, ReplyId};
use crate::base::time::Instant;
use crate::limits::{DECISIONS_MAX, SCAN_BATCH};
use crate::store::change::{Change, FoundDocument};
use crate::store::record::{Mark, MarkKind, Marks};
use std::collections::VecDeque;

/// The marks, and the decisions that are being carried out.
#[derive(Debug, Default)]
pub(super) struct Decisions {
    /// What each source lost, and the questions about it.
    pub(super) losses: Losses,
    /// As in the newest save.
    marks: Vec<Mark>,
    /// As on the disk.
    saved_marks: Vec<Mark>,
    /// When documents of places that are away were counted anew because some of them were embedded.
    pub(super) recounted: Option<Instant>,
    jobs: VecDeque<Job>,
    /// The documents of the first job that a save under way is about.
    saving: Vec<DocId>,
    sweep: Sweep,
    /// Whether the store may hold documents of no watched folder, or vectors of another model than is wanted.
    strays: bool,
    /// Requests that wait for the end of a removal, `REMOVAL_WAITS_MAX` at most.
    pub(super) waiting: Vec<Waiting>,
    /// Places whose documents that are kept without their files are to be forgotten; at most `DECISIONS_MAX`.
    pub(super) kept: VecDeque<Listing>,
}

/// A request to forget what is kept at a place.
#[derive(Debug)]
pub(super) struct Listing {
    /// Who waits for it.
    pub(super) reply: ReplyId,
    pub(super) place: Vec<u8>,
    /// The path that the last step ended with.
    pub(super) after: Option<Vec<u8>>,
    /// What the steps found so far, `LOST_MAX` at most.
    pub(super) found: Vec<FoundDocument>,
    /// Whether a step runs.
    pub(super) running: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sweep {
    #[default]
    Idle,
    Due,
    Running,
    /// What it looks for may be there since it began.
    Outrun,
}

/// Documents to which the same is done.
#[derive(Debug)]
struct Job {
    documents: VecDeque<FoundDocument>,
    what: What,
    /// Who waits for its end, and the answer.
    reply: Option<(ReplyId, String)>,
    /// The place whose documents were kept without their files until then, and how many they are.
    kept: Option<(Vec<u8>, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// The file is gone.
    Remove,
    /// The file is gone, and nothing of it is kept for a rename.
    Forget,
    /// The file has been gone since this time, in seconds since 1970, and the document is kept.
    Keep(i64),
}

impl Decisions {
    /// With the marks on the disk. What was being forgotten is swept on, and so are documents of no watched folder, if there
    /// are `strays`.
    pub(super) fn new(marks: Vec<Mark>, strays: bool) -> Self {
        let mut decisions = Self { saved_marks: marks.clone(), marks, strays, ..Self::default() };
        decisions.sweep_on();
        decisions
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Replaces the marks; gives the change to save, if they differ.
    pub(super) fn set_marks(&mut self, marks: Vec<Mark>) -> Option<Change> {
        if marks == self.marks {
            return None;
        }
        self.marks.clone_from(&marks);
        Some(Change::Marks(Marks(marks)))
    }

    /// The list of sources whose owners are asked, if it is to be saved.
    pub(super) fn asked_to_save(&mut self) -> Option<Change> {
        let is_deciding = self.any();
        self.losses.asked_to_save(is_deciding)
    }

    /// Whether any of these marks is still there, in the newest save or on the disk. One on a forgotten place goes when the
    /// last of its documents is deleted.
    pub(super) fn has_any(&self, marks: &[Mark]) -> bool {
        self.marks.iter().chain(&self.saved_marks).any(|mark| marks.iter().any(|wanted| wanted.is_same(mark)))
    }

    /// Whether the disk may have other marks than those that count.
    pub(super) fn are_marks_unsaved(&self) -> bool {
        self.marks != self.saved_marks
    }

    /// These marks are on the disk.
    pub(super) fn on_marks_saved(&mut self, marks: Vec<Mark>) {
        self.saved_marks = marks;
    }

    /// A save failed: marks that are not on the disk never take effect. Gives those that are.
    pub(super) fn revert_marks(&mut self) -> &[Mark] {
        self.marks.clone_from(&self.saved_marks);
        &self.marks
    }

    /// Whether documents wait to be removed, forgotten or kept.
    pub(super) fn any(&self) -> bool {
        !self.jobs.is_empty() || !self.kept.is_empty() || self.sweep != Sweep::Idle
    }

    /// Whether a decision about this document is being carried out.
    pub(super) fn concern(&self, doc: DocId) -> bool {
        self.saving.contains(&doc) || self.jobs.iter().any(|job| job.documents.iter().any(|found| found.doc == doc))
    }

    /// A scan found these documents gone.
    pub(super) fn remove(&mut self, documents: Vec<FoundDocument>) {
        self.decide(documents, What::Remove, None);
    }

    /// Whether no more can be taken just now.
    pub(super) fn are_many(&self) -> bool {
        self.jobs.len() >= DECISIONS_MAX
    }

    /// The same is done to all these documents; then the reply is due, if somebody waits for it.
    pub(super) fn decide(&mut self, documents: Vec<FoundDocument>, what: What, reply: Option<(ReplyId, String)>) {
        self.jobs.push_back(Job { documents: documents.into(), what, reply, kept: None });
    }

    /// These documents of the place, which are kept without their files, are forgotten; then the reply is due.
    pub(super) fn forget_kept(&mut self, place: &[u8], documents: Vec<FoundDocument>, reply: (ReplyId, String)) {
        let kept = Some((place.to_vec(), documents.len() as u64));
        self.jobs.push_back(Job { documents: documents.into(), what: What::Forget, reply: Some(reply), kept });
    }

    /// The next step of the sweep, if one is due.
    pub(super) fn next_sweep(&mut self) -> Option<Task> {
        (self.sweep == Sweep::Due).then(|| {
            self.sweep = Sweep::Running;
            Task::Sweep
        })
    }

    /// A step of the sweep is saved, or there is more to forget.
    pub(super) fn sweep_on(&mut self) {
        let due = self.marks.iter().any(|mark| mark.kind == MarkKind::Forgotten);
        self.sweep = if due || self.strays { Sweep::Due } else { Sweep::Idle };
    }

    /// Collections have other models than before: a sweep looks for vectors that are to be made anew.
    pub(super) fn models_changed(&mut self) {
        self.strays = true;
        self.sweep = match self.sweep {
            Sweep::Idle | Sweep::Due => Sweep::Due,
            Sweep::Running | Sweep::Outrun => Sweep::Outrun,
        };
    }

    /// The sweep could not be done; the next decision or the next start tries again.
    pub(super) const fn end_sweep(&mut self) {
        self.sweep = Sweep::Idle;
    }

    /// Nothing is left of a forgotten place, or of no place at all: the marks without it, to be saved. The place is as the store had
    /// it, whose counts may be those of another look.
    pub(super) fn swept(&mut self, place: Option<&Mark>) -> Option<Change> {
        let Some(place) = place else {
            self.strays = self.sweep == Sweep::Outrun;
            return None;
        };
        self.losses.are_swept(&place.path);
        let marks = self.marks.iter().filter(|mark| !mark.is_same(place)).cloned().collect();
        self.set_marks(marks)
    }

    /// A save of the first job is on the disk.
    pub(super) fn on_saved(&mut self, out: &mut Vec<Output>) {
        self.saving.clear();
        if self.jobs.front().is_some_and(|job| job.documents.is_empty()) {
            let Some(Job { reply, kept, .. }) = self.jobs.pop_front() else { return };
            if let Some((place, count)) = kept {
                // By the last look; the next one counts what is left.
                self.losses.keeps_no_more(&place, count);
            }
            out.extend(reply.map(|(reply, done)| Output::Decided(reply, done)));
        }
    }

    /// Nothing can be saved: ends all jobs, and gives who waits for them. What was to be removed is found again by the next
    /// scan, and asked again.
    pub(super) fn give_up(&mut self) -> impl Iterator<Item = ReplyId> {
        self.saving.clear();
        if !self.jobs.is_empty() {
            self.losses.ask_what_is_left();
        }
        std::mem::take(&mut self.jobs).into_iter().filter_map(|job| job.reply).map(|(reply, _)| reply)
    }

    /// The agent stops, and no save is under way: gives who waits for jobs that are not over, and how many documents each still has.
    pub(super) fn left_at_stop(&mut self) -> Vec<(ReplyId, usize)> {
        let jobs = std::mem::take(&mut self.jobs).into_iter();
        jobs.filter_map(|job| job.reply.map(|(reply, _)| (reply, job.documents.len()))).collect()
    }

    /// The changes of the next step, to be saved now; none while a save of one is under way.
    pub(super) fn next_changes(&mut self) -> Vec<Change> {
        let Some(job) = self.jobs.front_mut().filter(|_| self.saving.is_empty()) else { return Vec::new() };
        let count = job.documents.len().min(SCAN_BATCH);
        let what = job.what;
        let found: Vec<FoundDocument> = job.documents.drain(..count).collect();
        self.saving = found.iter().map(|found| found.doc).collect();
        let changes = found.into_iter().flat_map(|found| match what {
            What::Remove => vec![Change::Gone(found)],
            What::Forget => vec![Change::Gone(found), Change::Purge { doc: found.doc }],
            What::Keep(since) => vec![Change::Kept { found, since }],
        });
        changes.collect()
    }
}
