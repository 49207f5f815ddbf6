//! How the work that others do meets this device's own: documents leave the queue to be lent, results are saved as the own ones
//! are, and what is borrowed is embedded when there is time and nothing else to do.

mod known;
mod owed;
mod results;
mod rounds;
mod spread;

use super::machine::Scheduler;
use super::offload::borrower::{Borrowed, SilentOwner};
use super::offload::lendable::{HomeTexts, LendableChunks};
use super::offload::lender::Lent;
use super::offload::lender::again::Again;
use super::offload::recipient::Recipient;
use super::port::Output;
use super::task::Task;
use crate::base::id::{DocId, PeerKey};
use crate::base::time::{Instant, earliest};
use crate::base::vector::Quantized;
use crate::limits::{LEND_CHUNKS_MAX, LEND_DOCUMENTS, OFFER_MIN, OFFER_PRIVATE_MAX, RECALLED_MAX};
use crate::store::counts::Kind;
use crate::wire::work::Work;

/// What this device may do just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Embed texts of others.
    pub others: bool,
    /// Embed now and then a text to check a result of another device.
    pub checks: bool,
    /// Read texts that others may embed.
    pub reads: bool,
}

impl Scheduler {
    /// A message of work from a device that may send it. A sentence about false results comes from `take_false_makers`.
    pub fn on_work(&mut self, now: Instant, peer: PeerKey, work: Work, out: &mut Vec<Output>) {
        let Some(work) = self.on_spread_work(now, peer, work, out) else { return };
        let (lender, borrower) = (&mut self.offload.lender, &mut self.offload.borrower);
        lender.heard(now, peer);
        let answer = match work {
            Work::Offer(offer) => {
                borrower.on_offer(now, peer, &offer);
                None
            }
            Work::Grant(grant) => borrower.on_grant(now, peer, *grant),
            Work::Later(ms) => {
                borrower.on_later(now, peer, ms);
                None
            }
            Work::End(batch) => {
                borrower.on_end(peer, batch);
                None
            }
            Work::Ask(chunks) => lender.on_ask(now, peer, chunks),
            Work::Results(results) => {
                let is_false = lender.on_results(now, peer, &results, self.offload.checks);
                let found = lender.take_found();
                found.into_iter().chain(is_false.then_some(peer)).for_each(|peer| self.ban(now, peer));
                None
            }
            Work::Kept(kept) => {
                if lender.on_kept(now, peer, &kept) {
                    self.ban(now, peer);
                }
                None
            }
            Work::Renew(batch) => (!lender.on_renew(now, peer, batch)).then_some(Work::End(batch)),
            Work::Return(batch) => {
                lender.on_return(now, peer, batch);
                None
            }
            Work::Failed(failed) => {
                let parking = &self.running.parking;
                let texts = (failed.first, failed.count);
                lender.on_failed(now, (peer, failed.batch), texts, |doc| parking.fails_here(doc));
                None
            }
        };
        out.extend(answer.map(|work| Output::Work(peer, work)));
        self.note_failures_of_others(now);
    }

    /// A device has a link.
    pub fn worker_linked(&mut self, peer: PeerKey) {
        self.offload.lender.linked(peer);
    }

    /// A device has no link any more.
    pub fn worker_unlinked(&mut self, now: Instant, peer: PeerKey) {
        self.offload.lender.unlinked(now, peer);
        self.offload.borrower.gone(now, peer);
    }

    /// A device is seen for the first time: it is told anew.
    pub fn worker_seen(&mut self, peer: PeerKey) {
        self.offload.lender.seen(peer);
    }

    /// A device has started anew, with or without its link having been seen to go down: it has nothing any more, and is told anew.
    pub fn worker_restarted(&mut self, now: Instant, peer: PeerKey) {
        self.offload.lender.down(peer);
        // What it offers since then stands.
        self.offload.borrower.restarted(now, peer);
    }

    /// A device is down.
    pub fn worker_down(&mut self, now: Instant, peer: PeerKey) {
        self.offload.lender.down(peer);
        self.offload.borrower.gone(now, peer);
    }

    /// Two devices use the key of a device: what it has is for others, and nobody asks it for work. It is told anew, and tells anew, once that is over.
    pub fn worker_frozen(&mut self, now: Instant, peer: PeerKey) {
        self.offload.lender.frozen(peer);
        self.offload.borrower.gone(now, peer);
    }

    /// A device may do no work any more.
    pub fn worker_expelled(&mut self, now: Instant, peer: PeerKey) {
        self.offload.lender.expelled(now, peer);
        self.offload.borrower.expelled(now, peer);
    }

    /// Whether nothing here is for others, whoever they are: nobody is a recipient then.
    #[must_use]
    pub fn is_for_nobody(&self, now: Instant) -> bool {
        self.to_embed() == 0 && self.offload.lender.is_idle(now) && self.offload.spread.is_idle()
    }

    /// Lends and borrows what is due. `recipients`: linked devices that may work.
    pub fn share_work(&mut self, now: Instant, recipients: &[Recipient], allowed: Allowed, out: &mut Vec<Output>) {
        self.running.now = now;
        self.wake_spread(now, recipients, out);
        let stands = self.stands_still();
        let own = self.to_do() > self.queue.resting() || self.scanning();
        self.offload.others = allowed.reads
            && self.any_lendable()
            && recipients.iter().any(|recipient| recipient.gets && self.offload.lender.may_get(now, recipient.peer));
        let wanted = self.wants_another();
        let borrower = &mut self.offload.borrower;
        let mut told = borrower.wake(now);
        told.extend(borrower.allow(now, allowed.others && !own && !stands));
        told.extend(borrower.ask(now));
        let (waiting, is_lendable) = (self.to_embed(), self.any_lendable());
        self.offload.checks = !stands && allowed.checks;
        let vouches = self.offload.lender.any_wait_for_known(allowed.checks);
        let vouches = vouches && (!self.offload.lender.has_no_known() || self.lacks_known());
        let vouches = vouches || self.offload.lender.any_may_confirm(recipients);
        // How much is private is nobody else's: where some is, only so much is said as makes others ask.
        let told_max = if self.has_private_folders() { OFFER_PRIVATE_MAX } else { u64::MAX };
        let lender = &mut self.offload.lender;
        // Where this device may embed nothing, nobody does the last few but others; and their results are vouched for by what comes next, if
        // only by a text with a known vector.
        let is_dry = self.offload.nothing_until.is_some_and(|until| now < until) && !self.queue.has_to_lend();
        let few = !vouches && (waiting < OFFER_MIN && allowed.checks && !wanted || is_dry);
        let offered = waiting.max(u64::from(vouches)).min(told_max);
        let chunks = if stands || few || !is_lendable || !allowed.reads { 0 } else { offered };
        told.extend(lender.wake(now));
        // Whoever asked may be no worker any more.
        told.extend(lender.keep_asks(recipients));
        let chunks = u32::try_from(chunks.max(self.offload.spread.waiting())).unwrap_or(u32::MAX);
        let offers = recipients.iter().filter_map(|Recipient { peer, gets, .. }| {
            lender.offer(now, *peer, if *gets { chunks } else { 0 }).map(|work| (*peer, work))
        });
        told.extend(offers);
        if !stands {
            self.free_documents();
            let old = self.offload.lender.drop_old(now);
            old.into_iter().for_each(|doc| self.queue.lend_again(doc));
            told.extend(self.offload.lender.grant(now, waiting, allowed.checks));
        }
        if self.offload.checks {
            self.check_results(now, out);
            self.check_owed(now, out);
        }
        if !stands && allowed.reads {
            self.list_to_lend(now, out);
        }
        if !stands {
            told.extend(self.offload.lender.grant(now, waiting, allowed.checks));
        }
        told.extend(self.offload.lender.take_over());
        out.extend(told.into_iter().map(|(peer, work)| Output::Work(peer, work)));
        self.note_failures_of_others(now);
        self.save_results(out);
        self.free_documents();
    }

    /// Whether any chunk may be one that others embed.
    pub(super) fn any_lendable(&self) -> bool {
        self.sources().iter().any(|source| source.ring.is_shared())
    }

    /// Whether none of the chunks that wait may be one that others embed, as far as the last look at all of them says: they are of private
    /// collections, of files that are away, or failed.
    #[must_use]
    pub fn keeps_all(&self) -> bool {
        !self.any_lendable() || self.offload.nothing_until.is_some() && !self.queue.has_to_lend()
    }

    /// Reads texts for those who asked, from the documents at the end of the queue.
    fn list_to_lend(&mut self, now: Instant, out: &mut Vec<Output>) {
        // What is read obeys the marks on the disk, and nothing there says which files are gone.
        let is_known = !self.decisions.are_marks_unsaved() && !self.decisions.losses.is_any_unsure();
        if self.offload.listing || !is_known || !self.has_slot_to_lend() {
            return;
        }
        if self.lacks_known() || !self.offload.lender.to_confirm().is_empty() {
            self.begin_list(now, Vec::new(), out);
            return;
        }
        if !self.offload.lender.wants_chunks() {
            return;
        }
        if !self.queue.has_round() && self.offload.nothing_until.is_none_or(|until| until <= now) {
            self.queue.begin_round();
        }
        // What fails here comes first: another device may be able to embed it.
        let mut documents = self.lend_resting(LEND_DOCUMENTS);
        documents.extend(self.queue.lend(LEND_DOCUMENTS - documents.len()));
        // Texts of files that are gone go nowhere before their owner has decided: they may be in a private folder by now.
        for doc in documents.extract_if(.., |doc| self.knows_gone(*doc)).collect::<Vec<_>>() {
            self.queue.give_back(doc);
        }
        if documents.is_empty() {
            // The rest of long ones, of which a part is lent.
            documents = self.offload.lender.take_longer(LEND_DOCUMENTS);
        }
        if documents.is_empty() {
            return self.go_on_with_round(now, out);
        }
        self.begin_list(now, documents, out);
    }

    fn begin_list(&mut self, now: Instant, documents: Vec<DocId>, out: &mut Vec<Output>) {
        (self.offload.listing, self.offload.recalled) = (true, Vec::new());
        let lender = &mut self.offload.lender;
        let unconfirmed = lender.reads(now);
        let documents = documents.into_iter().map(|doc| (doc, lender.hold(doc))).collect();
        let known = lender.wants_known().then(|| lender.draw());
        self.offload.lists_known = known.is_some();
        let (always, failed) = lender.home();
        let home = HomeTexts { always, failed, wanted: self.running.parking.wanting_another().collect() };
        self.start(Task::Lend { documents, chunks: LEND_CHUNKS_MAX, known, unconfirmed, home }, out);
    }

    /// Chunks were read; those documents of which nothing is lent go back into the queue. `longer`: documents that have more.
    pub(super) fn on_lendable(
        &mut self,
        documents: &[(DocId, usize)],
        LendableChunks { chunks, known, unconfirmed, longer, unreached }: LendableChunks,
    ) {
        if self.offload.list_is_stale {
            return self.on_not_lendable(documents);
        }
        self.offload.listing = false;
        self.on_unconfirmed(unconfirmed);
        let known = self.usable_known(known);
        self.offload.recalled = Vec::new();
        let wanted = self.running.parking.wanting_another().collect();
        self.offload.lender.listed(chunks, known, longer, &wanted);
        documents.iter().for_each(|(doc, _)| self.offload.lender.let_go(*doc));
        for (doc, _) in documents.iter().filter(|(doc, _)| !unreached.contains(doc)) {
            if !self.offload.lender.has(*doc) {
                self.running.parking.is_only_here(*doc);
            }
        }
        for doc in self.offload.lender.freed() {
            // Those are lent next; what others may not embed, this device begins with.
            if unreached.contains(&doc) { self.queue.give_back_last(doc) } else { self.queue.give_back(doc) }
        }
        if documents.iter().any(|(doc, _)| self.offload.lender.has(*doc)) {
            self.queue.round_gives();
            self.offload.nothing_until = None;
        }
    }

    /// The documents could not be read.
    pub(super) fn on_not_lendable(&mut self, documents: &[(DocId, usize)]) {
        (self.offload.listing, self.offload.list_is_stale) = (false, false);
        self.offload.lender.not_read();
        documents.iter().for_each(|(doc, _)| self.offload.lender.let_go(*doc));
        self.free_documents();
    }

    /// Documents of which nothing is lent any more are ordinary ones again.
    fn free_documents(&mut self) {
        for doc in self.offload.lender.freed() {
            self.queue.give_back(doc);
        }
    }

    /// A document is in this state now: if its text is another one, or it is gone, nothing of it is lent any more.
    pub(super) fn recall(&mut self, doc: DocId, kind: Kind) {
        if kind == Kind::Chunked || kind == Kind::Ready {
            return;
        }
        // What is being read may have its texts too.
        if self.offload.listing && self.offload.recalled.len() < RECALLED_MAX {
            self.offload.recalled.push(doc);
        }
        let is_lent = self.offload.lender.has(doc);
        self.offload.lender.forget_document(doc);
        if is_lent {
            self.queue.release(doc);
        }
    }

    /// What may be lent has changed: all leases end, and what was tried in vain is tried anew, at once.
    pub(super) fn end_leases(&mut self, out: &mut Vec<Output>) {
        self.offload.nothing_until = None;
        self.queue.try_all_anew();
        let told = self.offload.lender.end_lending();
        self.leases_end(told, out);
    }

    /// Nothing can be saved: all leases end, and what was not saved is made again.
    pub(super) fn drop_leases(&mut self, out: &mut Vec<Output>) {
        let told = self.offload.lender.end_all();
        self.leases_end(told, out);
    }

    fn leases_end(&mut self, told: Vec<(PeerKey, Work)>, out: &mut Vec<Output>) {
        self.offload.list_is_stale = self.offload.listing;
        out.extend(told.into_iter().map(|(peer, work)| Output::Work(peer, work)));
        self.free_documents();
    }

    /// Chunks that are lent and that this device embeds itself, since it has nothing else to do: at most so many.
    pub(super) fn next_lent(&mut self, chunks: Option<usize>) -> Option<Task> {
        let queue = &self.queue;
        // What rests is for others only.
        let chunks = self.offload.lender.take_here(chunks?, |doc| !queue.rests(doc));
        (!chunks.is_empty()).then_some(Task::EmbedLent(chunks))
    }

    /// Texts of others to embed now, at most so many.
    pub(super) fn next_borrowed(&mut self, chunks: Option<usize>) -> Option<Task> {
        self.offload.borrower.next(chunks?).map(Task::EmbedBorrowed)
    }

    /// Texts of others were embedded, or could not be.
    pub(super) fn on_borrowed(
        &mut self,
        now: Instant,
        task: &Borrowed,
        vectors: Option<&[Quantized]>,
        out: &mut Vec<Output>,
    ) {
        let answer = self.offload.borrower.done(now, task, vectors);
        out.extend(answer.map(|work| Output::Work(task.owner, work)));
    }

    /// When the next lease, check or question is due.
    pub(super) fn share_deadline(&self) -> Option<Instant> {
        let borrower = &self.offload.borrower;
        let borrowed = earliest(borrower.deadline(), borrower.ask_deadline());
        earliest(self.offload.lender.deadline(self.offload.checks), earliest(borrowed, self.offload.spread.deadline()))
    }

    /// Who has what of this device's work.
    pub fn lent(&self, now: Instant) -> impl Iterator<Item = Lent> {
        self.offload.lender.lent(now)
    }

    /// What was embedded more than once.
    #[must_use]
    pub const fn embedded_again(&self) -> Again {
        self.offload.lender.again_counts()
    }

    /// For tests: a device has embedded so many texts.
    #[cfg(test)]
    pub(crate) fn worker_has_done(&mut self, now: Instant, peer: PeerKey, texts: u64) {
        self.offload.lender.on_ask(now, peer, 1);
        (0..texts).for_each(|row| self.offload.lender.stored(peer, crate::base::id::Row(row), false));
    }

    /// How many texts of others wait for anybody who embeds them, as they said last.
    #[must_use]
    pub fn offered(&self) -> u64 {
        self.offload.borrower.offered()
    }

    /// Who offers work and gives no answer when this device asks for it.
    pub fn silent_owners(&self) -> impl Iterator<Item = SilentOwner> {
        self.offload.borrower.silent()
    }

    /// How many texts of others are here to be embedded.
    #[must_use]
    pub fn borrowed(&self) -> usize {
        self.offload.borrower.texts()
    }
}
