//! The flow of gossip: publishing facts of this agent, taking and forwarding those of others, and anti-entropy.
//!
//! An item is a fact (headroom, collections, a removal) signed by its origin; the newest (boot, sequence) per origin
//! and kind wins (`mesh::gossip`). The origin pushes a new item over its eager links, and every agent that takes it
//! pushes it on over its own; the lazy links are told its identifier (`mesh::push_tree`). What is lost on the way is found
//! by that, or by comparison (`compare`); either side asks for what it lacks.
//!
//! The node has no key. It orders its own facts to be signed (`Sign`, then `Signed`) and those of others to be verified
//! (`Verify`, then `Verified` or `VerifyFailed`). An item that is not verified changes nothing here. What a link or an
//! origin sends beyond its byte budget is dropped.

use super::gossip_state::Count;
use super::output::{ItemRefs, Notice, Output};
use super::status::PeerGossip;
use super::{Node, Out};
use crate::base::hit::FileCoverage;
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    GOSSIP_COLLECTIONS_MAX, GOSSIP_COUNT_MS, GOSSIP_COUNT_MS_PER_FILE, GOSSIP_DWELL_MS, GOSSIP_FRESH_MS,
    LANGUAGES_LOOKED_MS,
};
use crate::mesh::conduct::Offence;
use crate::mesh::gossip::{Insertion, Novelty};
use crate::mesh::trust::Rights;
use crate::scheduler::task::CollectionSummary;
use crate::wire::gossip::{Claim, Collection, Fact, Gossip, Headroom, Kind, Relayed, Removed};
use crate::wire::message::Message;
use heapless::Vec as Bounded;

const DWELL: Duration = Duration::from_millis(GOSSIP_DWELL_MS);
const COUNT: Duration = Duration::from_millis(GOSSIP_COUNT_MS);
const LOOKED: Duration = Duration::from_millis(LANGUAGES_LOOKED_MS);
const FRESH: Duration = Duration::from_millis(GOSSIP_FRESH_MS);

mod compare;

impl Node {
    /// Publishes the headroom and sends the digests that are due.
    pub(super) fn gossip(&mut self, now: Instant, out: &mut Out) {
        if self.gossip.tree.is_empty() {
            return;
        }
        let (headroom, peers) = (self.headroom_now(), self.member.count());
        if let Some(headroom) = self.gossip.headroom.next_item(now, headroom, peers) {
            out.push(Output::Sign(Fact::Headroom(headroom)));
        }
        self.announce(now, out);
        self.compare_by_turns(now, out);
    }

    /// Whether there is a link at all.
    pub(super) fn has_links(&self) -> bool {
        !self.gossip.tree.is_empty()
    }

    /// When something of this flow is due.
    pub(super) fn gossip_deadline(&self) -> Option<Instant> {
        if self.gossip.tree.is_empty() {
            return self.count_due();
        }
        let headroom = self.gossip.headroom.due(&self.headroom_now(), self.member.count());
        let announce = self.gossip.tree.deadline();
        earliest(earliest(Some(headroom), Some(self.gossip.compare_at)), earliest(announce, self.count_due()))
    }

    /// The headroom to publish: none while the scheduler stands still (a full or broken disk), else what the governor
    /// allows.
    fn headroom_now(&self) -> Headroom {
        // By the backlog, not by what runs now: a device is not free between two tasks of a backlog.
        let offer = self.offer(self.has_work());
        if self.scheduler.stands_still() { Headroom { quarters: 0, ..offer } } else { offer }
    }

    /// Whether to count the collections now; notes the count as begun if so.
    pub(super) fn begin_count(&mut self, now: Instant) -> bool {
        let due = self.count_due().is_some_and(|at| at <= now);
        if due {
            self.gossip.count = Count::UnderWay;
            self.gossip.counted = Some((now, *self.scheduler.counts()));
            self.queries.looked = None;
            self.begin_holdings();
        }
        due
    }

    /// The collections are to be counted again although the store's counts stay the same: one has another name or ring.
    pub(super) fn count_again(&mut self) {
        self.gossip.shared = None;
        if self.gossip.count == Count::UnderWay {
            self.gossip.count = Count::Stale;
        }
        if let Some((_, counts)) = &mut self.gossip.counted {
            counts.chunks = counts.chunks.wrapping_add(1);
        }
    }

    /// When to count the collections next. The first count is made at rest; after a change of the store the next one
    /// follows `GOSSIP_DWELL_MS` after the last, or `GOSSIP_COUNT_MS` while work runs or the device is in trouble, because it walks every document. It waits
    /// for answers and for nothing else: it costs next to nothing, and others would be told what is not so any more.
    fn count_due(&self) -> Option<Instant> {
        if self.scheduler.stands_still() || self.gossip.count != Count::None || !self.scheduler.has_slot() {
            return None;
        }
        // A device alone counts for the languages of its collections: where those decide anything, and where somebody looks at them.
        if self.gossip.tree.is_empty() && self.config.multilingual.is_none() {
            return self.count_due_alone();
        }
        let due = match self.gossip.counted {
            Some((_, counts)) if counts == *self.scheduler.counts() && !self.queries.holdings.is_changed => None,
            Some((at, _)) => {
                Some(at + if self.busy() || self.uncharged_work_from().is_none() { self.count_pause() } else { DWELL })
            }
            None => (!self.busy()).then_some(Instant::ZERO),
        };
        Some(due?.max(self.quiet_from()?))
    }

    /// The same of a device alone that chooses nothing by the languages: once somebody asked for the status, and at rest.
    fn count_due_alone(&self) -> Option<Instant> {
        let looked = self.queries.looked.filter(|_| !self.busy())?;
        let earliest = match self.gossip.counted {
            Some((_, counts)) if counts == *self.scheduler.counts() => return None,
            Some((at, _)) => at + self.pause_by_files(),
            None => Instant::ZERO,
        };
        Some(earliest.max(looked + LOOKED).max(self.quiet_from()?))
    }

    /// Between two counts while the agent works. Where some folders are private, what an answer to others covers is known from them alone: a count
    /// of few files costs little.
    pub(super) fn count_pause(&self) -> Duration {
        if self.scheduler.has_private_folders() { self.pause_by_files() } else { COUNT }
    }

    /// Between two counts of which each takes a small part of that.
    fn pause_by_files(&self) -> Duration {
        let known =
            self.scheduler.counts().unfinished() + self.scheduler.counts().count(crate::store::counts::Kind::Ready);
        Duration::from_millis(known.saturating_mul(GOSSIP_COUNT_MS_PER_FILE)).clamp(DWELL, COUNT)
    }

    /// The collections are counted: publishes the largest of them if they changed. An answer to others covers all of them.
    pub(super) fn on_counted(&mut self, list: &[CollectionSummary], out: &mut Out) {
        if std::mem::replace(&mut self.gossip.count, Count::None) == Count::Stale {
            return;
        }
        let model = self.config.fingerprint.0;
        let of = |counted: &CollectionSummary| {
            let name = counted.name.as_str().try_into().ok()?;
            Some(Collection { name, model, documents: counted.documents, passages: counted.chunks })
        };
        let sum = |count: fn(&CollectionSummary) -> u32| list.iter().map(|of| u64::from(count(of))).sum::<u64>();
        let (files, searchable) = (sum(|of| of.files), sum(|of| of.searchable));
        let read: u64 = sum(|of| of.documents);
        let coverage = FileCoverage::new(files, searchable, 0, false);
        self.gossip.shared = Some(coverage.with_read(read.saturating_sub(searchable)));
        // A collection whose files are all still to be read is not published.
        let mut read: Vec<&CollectionSummary> = list.iter().filter(|counted| counted.documents > 0).collect();
        read.sort_by(|a, b| (b.chunks, &a.name).cmp(&(a.chunks, &b.name)));
        read.truncate(GOSSIP_COLLECTIONS_MAX);
        read.sort_by(|a, b| a.name.cmp(&b.name));
        let fact = Fact::Collections(Box::new(read.into_iter().filter_map(of).collect()));
        if self.gossip.collections.as_ref() != Some(&fact) {
            self.gossip.collections = Some(fact.clone());
            out.push(Output::Sign(fact));
        }
        self.on_holdings_counted(list, out);
    }

    /// A count failed: the next one follows when the store has changed.
    pub(super) const fn on_not_counted(&mut self) {
        self.gossip.count = Count::None;
    }

    /// A fact of this agent is signed: it is pushed.
    pub(super) fn on_signed(&mut self, now: Instant, message: Vec<u8>, out: &mut Out) {
        let Some((claim, fact)) = Claim::with_fact(&message) else { return };
        let Some(item) = self.gossip.items.insert_own(now, &claim, &fact, message) else { return };
        self.gossip.tree.on_new_item(now);
        let own = self.config.key;
        let push = |to| Output::Push { to, items: ItemRefs::from_iter([item]), requested: false };
        if matches!(fact, Fact::Removed(_)) {
            // This agent may be gone before it has announced anything.
            self.gossip.tree.links().for_each(|to| out.push(push(*to)));
        } else {
            self.gossip.tree.push_to(own, own).for_each(|to| out.push(push(to)));
        }
    }

    /// A link is up: the peer gets what this agent published just now, and all items are compared unless that was begun just
    /// now.
    pub(super) fn share_gossip(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        self.gossip.tree.linked(now, peer, self.peers.wants(peer));
        let own: ItemRefs = self.gossip.items.own(now, now - FRESH).collect();
        if !own.is_empty() {
            out.push(Output::Push { to: peer, items: own, requested: false });
        }
        self.compare_on_link(now, peer, out);
    }

    pub(super) fn on_unlinked(&mut self, peer: PeerKey, out: &mut Out) {
        if let Some(other) = self.gossip.tree.unlinked(peer, |peer| self.peers.wants(peer)) {
            out.push(Output::Send(other, Message::Gossip(Gossip::IWant(Box::default()))));
        }
        if self.gossip.tree.is_empty() {
            self.gossip.compared = None;
        }
    }

    pub(super) fn on_gossip(&mut self, now: Instant, peer: PeerKey, gossip: Gossip, out: &mut Out) {
        if !self.gossip.items.spend(now, peer, gossip.weight()) {
            return self.over_budget(now, peer, out);
        }
        match gossip {
            Gossip::Push(batch) => batch.into_iter().for_each(|item| self.on_relayed(now, peer, item, out)),
            Gossip::IHave { ask, list } => self.on_have(now, peer, ask, &list, out),
            Gossip::IWant(list) => {
                self.gossip.tree.make_eager(peer);
                self.send_items(now, peer, &list, out);
            }
            Gossip::Prune => self.gossip.tree.on_prune(peer),
            Gossip::Compare { ask, hashes } => self.on_compare(now, peer, ask, &hashes, out),
        }
    }

    /// An unverified item: one that is not newer, or whose origin may not sign, is dropped before its signature is
    /// checked.
    fn on_relayed(&mut self, now: Instant, from: PeerKey, item: Relayed, out: &mut Out) {
        let Some(claim) = Claim::of(&item.message) else { return };
        let novelty = self.gossip.items.novelty(&claim);
        if novelty == Novelty::Full {
            let trust = &self.trust;
            self.gossip.items.retain_origins(|origin| trust.may(*origin, Rights::SIGN));
        }
        if novelty == Novelty::New && self.counts(now, claim.origin) {
            out.push(Output::Verify(from, item));
        } else {
            self.gossip.items.renew(now, &claim, &item);
            self.on_pushed_again(now, from, &claim, out);
        }
    }

    /// A link brought an item. If another one did so before, it need not push any more.
    fn on_pushed_again(&mut self, now: Instant, from: PeerKey, claim: &Claim, out: &mut Out) {
        if let Some(first) = self.gossip.items.brought_by(claim)
            && self.gossip.tree.on_duplicate(now, from, first)
        {
            out.push(Output::Send(from, Message::Gossip(Gossip::Prune)));
        }
    }

    /// Whether what an origin says is taken: it may sign, and is not one of two with its key.
    fn counts(&self, now: Instant, origin: PeerKey) -> bool {
        self.trust.may(origin, Rights::SIGN) && !self.is_frozen(now, origin)
    }

    /// An item whose signature is valid: takes it, and forwards it if it is new.
    pub(super) fn on_verified(&mut self, now: Instant, from: PeerKey, item: &Relayed, out: &mut Out) {
        let Some((claim, fact)) = Claim::with_fact(&item.message) else { return };
        if !self.counts(now, claim.origin) {
            return;
        }
        match self.gossip.items.insert(now, from, &claim, &fact, item) {
            Insertion::Inserted(item) if self.gossip.items.may_forward(item) => {
                self.gossip.tree.on_first(now, from);
                self.gossip.tree.on_new_item(now);
                for to in self.gossip.tree.push_to(from, claim.origin) {
                    out.push(Output::Push { to, items: ItemRefs::from_iter([item]), requested: false });
                }
            }
            Insertion::Inserted(_) => {}
            Insertion::TooMuch => return self.over_budget(now, claim.origin, out),
            // It came over two links at the same time.
            Insertion::Known => return self.on_pushed_again(now, from, &claim, out),
            Insertion::Full => return,
        }
        // Without certificates that say who may remove whom, an agent may only remove itself.
        if matches!(fact, Fact::Removed(Removed { peer, .. }) if peer == claim.origin.0) {
            self.peers.mark_left(claim.origin);
            out.push(Output::Notice(Notice::Left(self.name_of(claim.origin))));
        }
    }

    /// A link forwarded an item without a valid signature of its origin.
    pub(super) fn on_verify_failed(&mut self, now: Instant, from: PeerKey, out: &mut Out) {
        self.gossip.items.penalise_forgery(now, from);
        self.on_offence(now, from, Offence::ForgedGossip, out);
    }

    /// The message of an `Output::Push`, made while the order is carried out; `None` if none of its items is valid any
    /// more.
    #[must_use]
    pub fn push_message(&self, now: Instant, items: &ItemRefs, requested: bool) -> Option<Message> {
        let relayed = items.iter().filter_map(|item| {
            let (hops, age_s, message) = self.gossip.items.outgoing(now, *item, requested)?;
            Some(Relayed { hops, age_s, message: message.to_vec() })
        });
        let batch: Box<Bounded<Relayed, _>> = Box::new(relayed.collect());
        (!batch.is_empty()).then_some(Message::Gossip(Gossip::Push(batch)))
    }

    /// What the known peers published.
    #[must_use]
    pub fn peer_gossip(&self, now: Instant) -> Vec<PeerGossip> {
        let of = |peer: PeerKey| {
            let collections = match self.gossip.items.fact(now, peer, Kind::Collections) {
                Some(Fact::Collections(list)) => list.iter().cloned().collect(),
                _ => Vec::new(),
            };
            let headroom = self.gossip.items.headroom(now, peer).filter(|_| !self.member.is_down(peer));
            let headroom_age_s = self.gossip.items.headroom_age_s(now, peer).unwrap_or_default();
            PeerGossip { peer, headroom, headroom_age_s, collections }
        };
        self.peers.iter().map(|peer| of(peer.key)).collect()
    }

    /// Boot and sequence number of the newest item of an origin that this agent holds; for tests and the simulator.
    #[must_use]
    pub fn newest_gossip(&self, origin: PeerKey, kind: Kind) -> Option<(u32, u64)> {
        self.gossip.items.order(origin, kind)
    }

    /// A peer sends more than its budget: at most one notice a minute.
    pub(super) fn over_budget(&mut self, now: Instant, who: PeerKey, out: &mut Out) {
        let loud = &mut self.gossip.over_budget_since;
        loud.retain(|_, at| now.since(*at) < Duration::from_secs(60));
        if loud.contains_key(&who) || loud.insert(who, now).is_err() {
            return;
        }
        self.notice_about(who, "sends more gossip than it may. What is too much is dropped", out);
    }

    fn notice_about(&self, who: PeerKey, what: &'static str, out: &mut Out) {
        if let Some(peer) = self.peers.get(who) {
            out.push(Output::Notice(Notice::BadGossip(self.title(Some(peer.key)), what)));
        }
    }
}

#[cfg(test)]
mod tests;
