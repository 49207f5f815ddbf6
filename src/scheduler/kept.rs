//! Documents that their owner keeps without their files (`wattle keep` after a great loss): taking them out again.
//!
//! Nothing else ends such a document but its file coming back. A task lists those at a place; then they are forgotten as others are.

use super::decisions::What;
use super::machine::Scheduler;
use super::path::covers;
use super::port::{Output, Refusal};
use super::task::Task;
use crate::base::finding::quoted;
use crate::base::id::{DocId, ReplyId};
use crate::base::time::Instant;
use crate::limits::{DECISIONS_MAX, LOST_MAX};

impl Scheduler {
    pub(super) fn on_forget_kept(&mut self, reply: ReplyId, path: Vec<u8>, out: &mut Vec<Output>) {
        if self.refuses(reply, out) {
            return;
        }
        if self.decisions.kept.len() >= DECISIONS_MAX {
            let why = "Too many places are being forgotten; try again in a moment. Nothing was changed.";
            return out.push(Output::Refused(reply, Refusal::Busy, why.to_owned()));
        }
        self.decisions.kept.push_back((reply, path));
    }

    /// The next place whose kept documents are to be listed: a person waits for it.
    pub(super) fn next_to_list(&mut self) -> Option<Task> {
        self.decisions.kept.pop_front().map(|(reply, place)| Task::ListKept { reply, place })
    }

    /// These documents of the place are kept without their files: they are forgotten.
    pub(super) fn on_kept_listed(
        &mut self,
        now: Instant,
        reply: ReplyId,
        place: &[u8],
        documents: Vec<DocId>,
        out: &mut Vec<Output>,
    ) {
        let name = String::from_utf8_lossy(place);
        if documents.is_empty() {
            let why = format!("No document of {name} is kept without its file. Nothing was changed.");
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        if self.refuses(reply, out) {
            return;
        }
        // By the last look; the next one counts what is left.
        self.decisions.losses.keeps_no_more(place, documents.len() as u64);
        let sources = self.sources.saved.places.iter().map(|source| &source.path);
        let touched = sources.filter(|source| covers(source, place) || covers(place, source));
        touched.for_each(|source| self.scans.queue.mark_dirty(now, source));
        let done = match documents.len() {
            1 => format!("One document of {name} that was kept without its file is forgotten."),
            LOST_MAX => format!(
                "{LOST_MAX} documents of {name} that were kept without their files are forgotten. Type the same command again for more of them."
            ),
            count => format!("{count} documents of {name} that were kept without their files are forgotten."),
        };
        self.decisions.decide(documents, What::Forget, Some((reply, done)));
        self.decide_on(out);
    }

    /// The place could not be looked at.
    pub(super) fn on_kept_not_listed(reply: ReplyId, why: &str, out: &mut Vec<Output>) {
        let why = format!("What is kept there {why}. Nothing was changed.");
        out.push(Output::Refused(reply, Refusal::Broken, why));
    }

    /// What is so with documents of the folder that are kept, where somebody tries to forget a part of it; empty if there are none.
    pub(super) fn kept_hint(&self, source: &[u8], path: &[u8]) -> String {
        if self.kept_without_files(source) == 0 {
            return String::new();
        }
        let command = format!("wattle forget --kept {}", quoted(&String::from_utf8_lossy(path)));
        format!(
            "You keep documents of that folder without their files: `{command}` forgets those at this place, if there are any. "
        )
    }

    /// How many documents of a source its owner keeps without their files, by the last look at all of it.
    #[must_use]
    pub fn kept_without_files(&self, source: &[u8]) -> u64 {
        self.decisions.losses.kept(source)
    }
}
