//! The flow of gossip: publishing facts of this agent, taking and forwarding those of others, and anti-entropy.
//!
//! An item is a fact (headroom, collections, a removal) signed by its origin; the newest (boot, sequence) per origin
//! and kind wins (`mesh::gossip`). The origin pushes a new item to all its links, and every agent that takes it
//! forwards it to a few more. What is lost on the way is found by comparison: every `GOSSIP_DIGEST_MS` an agent sends
//! the digest of all its items to a random link, which answers with its own, and soon after a new item a digest of the
//! recent items goes to a few links; either side asks for what it lacks.
//!
//! The node has no key. It orders its own facts to be signed (`Sign`, then `Signed`) and those of others to be verified
//! (`Verify`, then `Verified` or `VerifyFailed`). An item that is not verified changes nothing here. What a link or an
//! origin sends beyond its byte budget is dropped.

use super::output::{ItemRefs, Notice, Output};
use super::status::PeerGossip;
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    GOSSIP_BATCH_BYTES, GOSSIP_COMPARE_MS, GOSSIP_COUNT_MS, GOSSIP_DIGEST_MS, GOSSIP_DWELL_MS, GOSSIP_RECENT_LINKS,
    GOSSIP_RECENT_MS, GOSSIP_RELAYED_REPLY_MAX,
};
use crate::mesh::conduct::Offence;
use crate::mesh::gossip::{Insertion, Novelty};
use crate::mesh::trust::Rights;
use crate::scheduler::task::CollectionSummary;
use crate::wire::gossip::{Claim, Collection, Entries, Entry, Fact, Gossip, Headroom, Kind, Relayed, Removed};
use crate::wire::message::Message;
use heapless::Vec as Bounded;

const DWELL: Duration = Duration::from_millis(GOSSIP_DWELL_MS);
const COUNT: Duration = Duration::from_millis(GOSSIP_COUNT_MS);
const RECENT: Duration = Duration::from_millis(GOSSIP_RECENT_MS);
/// Time at least between two full digests that new links cause.
const LINK_DIGEST: Duration = Duration::from_millis(GOSSIP_COMPARE_MS);
const DIGEST: Duration = Duration::from_millis(GOSSIP_DIGEST_MS);

impl Node {
    /// Publishes the headroom and sends the digests that are due.
    pub(super) fn gossip(&mut self, now: Instant, out: &mut Out) {
        if self.gossip.links.is_empty() {
            return;
        }
        let headroom = self.headroom_now();
        if let Some(headroom) = self.gossip.headroom.next_item(now, headroom) {
            out.push(Output::Sign(Fact::Headroom(headroom)));
        }
        if self.gossip.digest_at <= now {
            self.gossip.digest_at = now + DIGEST;
            let partner: Bounded<PeerKey, 1> = self.gossip.items.pick(self.gossip.links.iter());
            self.gossip.digest_sent = Some(now);
            partner.iter().for_each(|partner| self.send_digest(now, *partner, true, out));
        }
        if let Some((since, at)) = self.gossip.recent_digest
            && at <= now
        {
            self.gossip.recent_digest = None;
            let list = self.gossip.items.recent(now, since);
            let links: Bounded<PeerKey, GOSSIP_RECENT_LINKS> = self.gossip.items.pick(self.gossip.links.iter());
            for to in links.iter().filter(|_| !list.is_empty()) {
                let have = Gossip::IHave { ask: false, list: Box::new(list.clone()) };
                out.push(Output::Send(*to, Message::Gossip(have)));
            }
        }
    }

    /// Whether there is a link at all.
    pub(super) fn has_links(&self) -> bool {
        !self.gossip.links.is_empty()
    }

    /// When something of this flow is due.
    pub(super) fn gossip_deadline(&self) -> Option<Instant> {
        if self.gossip.links.is_empty() {
            return None;
        }
        let headroom = self.gossip.headroom.due(&self.headroom_now());
        let recent = self.gossip.recent_digest.map(|(_, at)| at);
        earliest(earliest(Some(headroom), Some(self.gossip.digest_at)), earliest(recent, self.count_due()))
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
            self.gossip.counting = true;
            self.gossip.counted = Some((now, *self.scheduler.counts()));
        }
        due
    }

    /// The collections are to be counted again although the store's counts stay the same: one has another name or ring.
    pub(super) fn count_again(&mut self) {
        self.gossip.shared = None;
        if let Some((_, counts)) = &mut self.gossip.counted {
            counts.chunks = counts.chunks.wrapping_add(1);
        }
    }

    /// When to count the collections next. The first count is made at rest; after a change of the store the next one
    /// follows `GOSSIP_DWELL_MS` after the last, or `GOSSIP_COUNT_MS` while work runs or the device is in trouble, because it walks every document. It waits
    /// for answers and for nothing else: it costs next to nothing, and others would be told what is not so any more.
    fn count_due(&self) -> Option<Instant> {
        let able = !self.scheduler.stands_still() && !self.gossip.links.is_empty();
        if !able || self.gossip.counting || !self.scheduler.has_slot() {
            return None;
        }
        let due = match self.gossip.counted {
            Some((_, counts)) if counts == *self.scheduler.counts() => None,
            Some((at, _)) => Some(at + if self.busy() || self.uncharged_work_from().is_none() { COUNT } else { DWELL }),
            None => (!self.busy()).then_some(Instant::ZERO),
        };
        Some(due?.max(self.quiet_from()?))
    }

    /// The collections are counted: publishes them if they changed.
    pub(super) fn on_counted(&mut self, list: &[CollectionSummary], out: &mut Out) {
        self.gossip.counting = false;
        let model = self.config.fingerprint.0;
        let of = |counted: &CollectionSummary| {
            let name = counted.name.as_str().try_into().ok()?;
            Some(Collection { name, model, documents: counted.documents, passages: counted.chunks })
        };
        let sum = |count: fn(&CollectionSummary) -> u32| list.iter().map(|of| u64::from(count(of))).sum();
        self.gossip.shared = Some((sum(|of| of.files), sum(|of| of.searchable)));
        // A collection whose files are all still to be read is not published.
        let read = list.iter().filter(|counted| counted.documents > 0);
        let fact = Fact::Collections(Box::new(read.filter_map(of).collect()));
        if self.gossip.collections.as_ref() != Some(&fact) {
            self.gossip.collections = Some(fact.clone());
            out.push(Output::Sign(fact));
        }
    }

    /// A count failed: the next one follows when the store has changed.
    pub(super) const fn on_not_counted(&mut self) {
        self.gossip.counting = false;
    }

    /// A fact of this agent is signed: it goes to every link.
    pub(super) fn on_signed(&mut self, now: Instant, message: Vec<u8>, out: &mut Out) {
        let Some((claim, fact)) = Claim::with_fact(&message) else { return };
        let Some(item) = self.gossip.items.insert_own(now, &claim, &fact, message) else { return };
        self.schedule_recent_digest(now);
        for to in &self.gossip.links {
            out.push(Output::Push { to: *to, items: ItemRefs::from_iter([item]), requested: false });
        }
    }

    /// A link is up: the peer gets this agent's own items and, unless one was sent just now, a full digest.
    pub(super) fn share_gossip(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        let links = &mut self.gossip.links;
        // There are at most `LINKS_MAX` links.
        let _ = !links.contains(&peer) && links.push(peer).is_ok();
        // At once: most facts are published while the links come up.
        let own: ItemRefs = self.gossip.items.own(now).collect();
        if !own.is_empty() {
            out.push(Output::Push { to: peer, items: own, requested: false });
        }
        if self.gossip.digest_sent.is_none_or(|at| now.since(at) >= LINK_DIGEST) {
            self.gossip.digest_sent = Some(now);
            self.send_digest(now, peer, true, out);
        }
    }

    pub(super) fn on_unlinked(&mut self, peer: PeerKey) {
        self.gossip.links.retain(|link| *link != peer);
        if self.gossip.links.is_empty() {
            self.gossip.digest_sent = None;
            self.gossip.recent_digest = None;
        }
    }

    pub(super) fn on_gossip(&mut self, now: Instant, peer: PeerKey, gossip: Gossip, out: &mut Out) {
        if !self.gossip.items.spend(now, peer, gossip.weight()) {
            return self.over_budget(now, peer, out);
        }
        match gossip {
            Gossip::Push(batch) => batch.into_iter().for_each(|item| self.on_relayed(now, peer, item, out)),
            Gossip::IHave { ask, list } => {
                let (trust, duplicates) = (&self.trust, &self.mesh.records.duplicates);
                let may_sign = |prefix: &[u8; 8]| {
                    let mut of_prefix = trust.iter().filter(|(peer, _)| peer.0[..8] == prefix[..]);
                    of_prefix.any(|(peer, rights)| rights.contains(Rights::SIGN) && !duplicates.is_frozen(now, peer))
                };
                let want: Entries = self.gossip.items.missing(&list, may_sign);
                if !want.is_empty() {
                    out.push(Output::Send(peer, Message::Gossip(Gossip::IWant(Box::new(want)))));
                }
                // The answer is charged to the budget of the link that asked.
                let answer = self.gossip.items.entries(now).count() * size_of::<Entry>();
                if ask && self.gossip.items.spend(now, peer, answer) {
                    self.send_digest(now, peer, false, out);
                }
            }
            Gossip::IWant(list) => self.send_items(now, peer, &list, out),
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
        match self.gossip.items.insert(now, &claim, &fact, item) {
            Insertion::Inserted(item) => {
                self.schedule_recent_digest(now);
                for to in &self.gossip.items.links_to_forward(item, from, &self.gossip.links) {
                    out.push(Output::Push { to: *to, items: ItemRefs::from_iter([item]), requested: false });
                }
            }
            Insertion::TooMuch => return self.over_budget(now, claim.origin, out),
            Insertion::Known | Insertion::Full => return,
        }
        // Without certificates that say who may remove whom, an agent may only remove itself.
        if matches!(fact, Fact::Removed(Removed { peer, .. }) if peer == claim.origin.0) {
            self.peers.mark_left(claim.origin);
            out.push(Output::Notice(Notice::Left(self.name_of(claim.origin))));
        }
    }

    /// Notes that there are new items, for the next digest of recent ones.
    fn schedule_recent_digest(&mut self, now: Instant) {
        self.gossip.recent_digest.get_or_insert((now, now + RECENT));
    }

    /// A link forwarded an item without a valid signature of its origin.
    pub(super) fn on_verify_failed(&mut self, now: Instant, from: PeerKey, out: &mut Out) {
        self.gossip.items.penalise_forgery(now, from);
        self.on_offence(now, from, Offence::ForgedGossip, out);
    }

    /// Sends a digest of all valid items, in as many messages as it takes; with `ask`, the peer answers with its own.
    fn send_digest(&self, now: Instant, peer: PeerKey, ask: bool, out: &mut Out) {
        let mut entries = self.gossip.items.entries(now).peekable();
        // An agent without items sends one empty digest, to get the peer's.
        let mut ask = ask;
        while ask || entries.peek().is_some() {
            let mut list = Entries::new();
            while !list.is_full()
                && let Some(entry) = entries.next()
            {
                // There is room: the loop ends when the list is full.
                let _ = list.push(entry);
            }
            out.push(Output::Send(peer, Message::Gossip(Gossip::IHave { ask, list: Box::new(list) })));
            ask = false;
        }
    }

    /// Sends the items that a peer asked for, in batches that fit one frame each, until the peer's budget is spent.
    fn send_items(&mut self, now: Instant, peer: PeerKey, list: &Entries, out: &mut Out) {
        // A few items were missed and are new in that part of the mesh: the peer forwards them. Many are wanted by an
        // agent that just joined, and the others have them.
        let requested = list.len() > GOSSIP_RELAYED_REPLY_MAX;
        let (mut items, mut bytes) = (ItemRefs::new(), 0);
        for entry in list {
            let Some((item, length)) = self.gossip.items.find_item(now, entry) else { continue };
            if !self.gossip.items.spend(now, peer, length) {
                self.over_budget(now, peer, out);
                break;
            }
            if items.is_full() || bytes + length > GOSSIP_BATCH_BYTES {
                out.push(Output::Push { to: peer, items: core::mem::take(&mut items), requested });
                bytes = 0;
            }
            // There is room: a full batch was just sent.
            let _ = items.push(item);
            bytes += length;
        }
        if !items.is_empty() {
            out.push(Output::Push { to: peer, items, requested });
        }
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
            PeerGossip { peer, headroom: self.gossip.items.headroom(now, peer), collections }
        };
        self.peers.iter().map(|peer| of(peer.key)).collect()
    }

    /// Boot and sequence number of the newest item of an origin that this agent holds; for tests and the simulator.
    #[must_use]
    pub fn newest_gossip(&self, origin: PeerKey, kind: Kind) -> Option<(u32, u64)> {
        self.gossip.items.order(origin, kind)
    }

    /// A peer sends more than its budget: at most one notice a minute.
    fn over_budget(&mut self, now: Instant, who: PeerKey, out: &mut Out) {
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
