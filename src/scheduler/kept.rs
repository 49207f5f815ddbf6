//! Documents that their owner keeps without their files (`wattle keep` after a great loss): taking them out again.
//!
//! Nothing else ends such a document but its file coming back. Tasks list those at a place, a step each; then they are forgotten as
//! others are. No scan runs from the first step to the last save: a file that comes back is found before, or is new after.
//! A full disk holds none of it up: it makes room.

use super::decisions::Listing;
use super::machine::Scheduler;
use super::path::covers;
use super::port::{Output, Refusal};
use super::task::Task;
use crate::base::finding::quoted_bytes;
use crate::base::id::ReplyId;
use crate::base::time::Instant;
use crate::limits::{DECISIONS_MAX, LOST_MAX};
use crate::store::change::FoundDocument;
use crate::store::record::{Mark, MarkKind};

impl Scheduler {
    pub(super) fn on_forget_kept(&mut self, reply: ReplyId, path: Vec<u8>, out: &mut Vec<Output>) {
        if self.refuses(reply, out) {
            return;
        }
        if self.decisions.kept.len() >= DECISIONS_MAX {
            let why = "Too many places are being forgotten; try again in a moment. Nothing was changed.";
            return out.push(Output::Refused(reply, Refusal::Busy, why.to_owned()));
        }
        let (after, found, running) = (None, Vec::new(), false);
        self.decisions.kept.push_back(Listing { reply, place: path, after, found, running });
    }

    /// The next step of a list of kept documents: a person waits for it.
    pub(super) fn next_to_list(&mut self) -> Option<Task> {
        if self.outage.is_on() || self.scans.is_under_way() {
            return None;
        }
        let listing = self.decisions.kept.front_mut().filter(|listing| !listing.running)?;
        listing.running = true;
        let (place, after) = (listing.place.clone(), listing.after.clone());
        Some(Task::ListKept { reply: listing.reply, place, after })
    }

    /// Who waits for documents to be listed, and is answered now, without them.
    pub(super) fn end_listings(&mut self) -> impl Iterator<Item = ReplyId> + use<> {
        std::mem::take(&mut self.decisions.kept).into_iter().map(|listing| listing.reply)
    }

    /// A step found these documents that are kept without their files; the next begins after `next`. At the end they are forgotten.
    pub(super) fn on_kept_listed(
        &mut self,
        now: Instant,
        reply: ReplyId,
        step: Vec<FoundDocument>,
        next: Option<Vec<u8>>,
        out: &mut Vec<Output>,
    ) {
        // Whoever waited may have been answered meanwhile.
        let Some(mut listing) = self.decisions.kept.pop_front_if(|listing| listing.reply == reply) else { return };
        listing.found.extend(step);
        if next.is_some() && listing.found.len() < LOST_MAX {
            listing.after = next;
            listing.running = false;
            return self.decisions.kept.push_front(listing);
        }
        let Listing { place, found: mut documents, .. } = listing;
        let place = place.as_slice();
        documents.truncate(LOST_MAX);
        let name = String::from_utf8_lossy(place);
        if documents.is_empty() {
            let away = |mark: &&Mark| mark.kind != MarkKind::Forgotten && covers(place, &mark.path);
            let away = self.decisions.marks().iter().find(away).map(|mark| {
                let away = String::from_utf8_lossy(&mark.path);
                format!(
                    " What is away at {away} is another thing: `wattle forget {}` forgets its documents.",
                    quoted_bytes(&mark.path)
                )
            });
            let why = format!(
                "No document of {name} is kept without its file.{} Nothing was changed.",
                away.unwrap_or_default()
            );
            return out.push(Output::Refused(reply, Refusal::Conflict, why));
        }
        if self.refuses(reply, out) {
            return;
        }
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
        self.decisions.forget_kept(place, documents, (reply, done));
        self.decide_on(out);
    }

    /// The place could not be looked at. `why`: how the list ended, after "The list of ...".
    pub(super) fn on_kept_not_listed(&mut self, reply: ReplyId, why: &str, out: &mut Vec<Output>) {
        let Some(listing) = self.decisions.kept.pop_front_if(|listing| listing.reply == reply) else { return };
        let why = format!(
            "The list of what is kept at {} {} Nothing was changed.",
            String::from_utf8_lossy(&listing.place),
            ended(why)
        );
        out.push(Output::Refused(reply, Refusal::Broken, why));
    }

    /// What is so with documents of the folder that are kept, where somebody tries to forget a part of it; empty if there are none.
    pub(super) fn kept_hint(&self, source: &[u8], path: &[u8]) -> String {
        if self.kept_without_files(source) == 0 {
            return String::new();
        }
        let command = format!("wattle forget --kept {}", quoted_bytes(path));
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

/// With a full stop at its end, if it has none.
fn ended(sentence: &str) -> String {
    if sentence.ends_with('.') { sentence.to_owned() } else { format!("{sentence}.") }
}
