//! The story of items: what this agent tells of itself, what others told, handed on and compared.
//!
//! The node has no key: it asks for its config to be sealed (`Tell`, then `Told`), and for others' to be checked
//! (`Verify`, then `Proven` or `Forged`). A claim that nobody checked can only be dropped.

use super::output::{ItemRefs, Notice, Output};
use super::status::PeerGossip;
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{
    GOSSIP_BATCH_BYTES, GOSSIP_COMPARE_MS, GOSSIP_COUNT_MS, GOSSIP_DIGEST_MS, GOSSIP_DWELL_MS, GOSSIP_FEW,
    GOSSIP_RECENT_LINKS, GOSSIP_RECENT_MS,
};
use crate::mesh::gossip::{Insertion, Novelty};
use crate::mesh::trust::Rights;
use crate::scheduler::task::CollectionCount;
use crate::wire::gossip::{Claim, Collection, Entries, Entry, Fact, Gossip, Headroom, Kind, Relayed, Removed};
use crate::wire::message::Message;
use heapless::Vec as Bounded;

const DWELL: Duration = Duration::from_millis(GOSSIP_DWELL_MS);
const COUNT: Duration = Duration::from_millis(GOSSIP_COUNT_MS);
const RECENT: Duration = Duration::from_millis(GOSSIP_RECENT_MS);
const PAUSE: Duration = Duration::from_millis(GOSSIP_COMPARE_MS);
const DIGEST: Duration = Duration::from_millis(GOSSIP_DIGEST_MS);

impl Node {
    /// Tells what is due, and compares with somebody now and then.
    pub(super) fn gossip(&mut self, now: Instant, out: &mut Out) {
        if self.gossip.links.is_empty() {
            return;
        }
        let headroom = self.headroom_now();
        if let Some(word) = self.gossip.headroom.word(now, headroom) {
            out.push(Output::Tell(Fact::Headroom(word)));
        }
        if self.gossip.compare_at <= now {
            self.gossip.compare_at = now + DIGEST;
            let partner: Bounded<PeerKey, 1> = self.gossip.items.pick(self.gossip.links.iter());
            self.gossip.compared = Some(now);
            partner.iter().for_each(|partner| self.name_all(now, *partner, true, out));
        }
        if let Some((since, at)) = self.gossip.news
            && at <= now
        {
            self.gossip.news = None;
            let list = self.gossip.items.recent(now, since);
            let links: Bounded<PeerKey, GOSSIP_RECENT_LINKS> = self.gossip.items.pick(self.gossip.links.iter());
            for to in links.iter().filter(|_| !list.is_empty()) {
                let have = Gossip::Have { ask: false, list: Box::new(list.clone()) };
                out.push(Output::Send(*to, Message::Gossip(have)));
            }
        }
    }

    /// Whether there is a link at all.
    pub(super) fn linked_somewhere(&self) -> bool {
        !self.gossip.links.is_empty()
    }

    /// When this story wants to be woken.
    pub(super) fn gossip_deadline(&self) -> Option<Instant> {
        if self.gossip.links.is_empty() {
            return None;
        }
        let headroom = self.gossip.headroom.due(&self.headroom_now());
        let news = self.gossip.news.map(|(_, at)| at);
        earliest(earliest(Some(headroom), Some(self.gossip.compare_at)), earliest(news, self.count_due()))
    }

    /// None while the disk holds the work, else what the governor lets it offer.
    fn headroom_now(&self) -> Headroom {
        // Its backlog, not what runs just now: between two tasks of a long one it is not free.
        let offer = self.offer(self.has_work());
        if self.scheduler.stands_still() { Headroom { quarters: 0, ..offer } } else { offer }
    }

    /// Whether the collections are to be counted now.
    pub(super) fn count_is_due(&mut self, now: Instant) -> bool {
        let due = self.count_due().is_some_and(|at| at <= now);
        if due {
            self.gossip.counting = true;
            self.gossip.counted = Some((now, *self.scheduler.ledger()));
        }
        due
    }

    /// Soon after the device came to rest, and seldom while it works: a count walks every document.
    fn count_due(&self) -> Option<Instant> {
        let able = !self.scheduler.stands_still() && !self.gossip.links.is_empty();
        if !able || self.gossip.counting || !self.scheduler.has_slot() {
            return None;
        }
        let due = match self.gossip.counted {
            Some((_, ledger)) if ledger == *self.scheduler.ledger() => None,
            Some((at, _)) => Some(at + if self.busy() { COUNT } else { DWELL }),
            None => (!self.busy()).then_some(Instant::ZERO),
        };
        // It waits as other light work does.
        Some(due?.max(self.calm_from()?))
    }

    pub(super) fn on_counted(&mut self, list: &[CollectionCount], out: &mut Out) {
        self.gossip.counting = false;
        let model = self.config.fingerprint.0;
        let of = |counted: &CollectionCount| {
            let name = counted.name.as_str().try_into().ok()?;
            Some(Collection { name, model, documents: counted.documents, passages: counted.passages })
        };
        let told = Fact::Collections(Box::new(list.iter().filter_map(of).collect()));
        if self.gossip.collections.as_ref() != Some(&told) {
            self.gossip.collections = Some(told.clone());
            out.push(Output::Tell(told));
        }
    }

    /// A count came to nothing: it is made again when the store has changed.
    pub(super) const fn on_not_counted(&mut self) {
        self.gossip.counting = false;
    }

    /// A fact of this agent is sealed: everybody linked gets it.
    pub(super) fn on_told(&mut self, now: Instant, message: Vec<u8>, out: &mut Out) {
        let Some((claim, fact)) = Claim::and_fact(&message) else { return };
        let Some(slot) = self.gossip.items.tell(now, &claim, &fact, message) else { return };
        self.note_news(now);
        for to in &self.gossip.links {
            out.push(Output::Pass { to: *to, slots: ItemRefs::from_iter([slot]), asked: false });
        }
    }

    /// A link stands. Who comes late learns over it what was told before.
    pub(super) fn greet_with_gossip(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        let links = &mut self.gossip.links;
        // The links themselves are no more than this.
        let _ = !links.contains(&peer) && links.push(peer).is_ok();
        // What this agent told of itself goes to every new link at once: most telling is done while links come up.
        let own: ItemRefs = self.gossip.items.own(now).collect();
        if !own.is_empty() {
            out.push(Output::Pass { to: peer, slots: own, asked: false });
        }
        if self.gossip.compared.is_none_or(|at| now.since(at) >= PAUSE) {
            self.gossip.compared = Some(now);
            self.name_all(now, peer, true, out);
        }
    }

    pub(super) fn on_unlinked(&mut self, peer: PeerKey) {
        self.gossip.links.retain(|link| *link != peer);
        if self.gossip.links.is_empty() {
            self.gossip.compared = None;
            self.gossip.news = None;
        }
    }

    pub(super) fn on_gossip(&mut self, now: Instant, peer: PeerKey, gossip: Gossip, out: &mut Out) {
        if !self.gossip.items.spend(now, peer, gossip.weight()) {
            return self.too_loud(now, peer, out);
        }
        match gossip {
            Gossip::Told(batch) => batch.into_iter().for_each(|told| self.on_relayed(peer, told, out)),
            Gossip::Have { ask, list } => {
                let trust = &self.trust;
                let heard = |prefix: &[u8; 8]| {
                    trust.iter().any(|(peer, rights)| peer.0[..8] == prefix[..] && rights.contains(Rights::SIGN))
                };
                let want: Entries = self.gossip.items.lacking(&list, heard);
                if !want.is_empty() {
                    out.push(Output::Send(peer, Message::Gossip(Gossip::Want(Box::new(want)))));
                }
                // Who asks pays for the answer.
                let answer = self.gossip.items.names(now).count() * size_of::<Entry>();
                if ask && self.gossip.items.spend(now, peer, answer) {
                    self.name_all(now, peer, false, out);
                }
            }
            Gossip::Want(list) => self.hand_over(now, peer, &list, out),
        }
    }

    /// A gossip item that nobody checked: what is no news, or not of a member, is dropped before its signature is looked at.
    fn on_relayed(&mut self, from: PeerKey, told: Relayed, out: &mut Out) {
        let Some(claim) = Claim::of(&told.message) else { return };
        let news = self.gossip.items.weigh(&claim);
        if news == Novelty::Full {
            let trust = &self.trust;
            self.gossip.items.keep(|origin| trust.may(*origin, Rights::SIGN));
        }
        if news == Novelty::News && self.trust.may(claim.origin, Rights::SIGN) {
            out.push(Output::Verify(from, told));
        }
    }

    /// A gossip item that its origin signed.
    pub(super) fn on_proven(&mut self, now: Instant, from: PeerKey, told: &Relayed, out: &mut Out) {
        let Some((claim, fact)) = Claim::and_fact(&told.message) else { return };
        if !self.trust.may(claim.origin, Rights::SIGN) {
            return;
        }
        match self.gossip.items.take(now, &claim, &fact, told) {
            Insertion::News(slot) => {
                self.note_news(now);
                for to in &self.gossip.items.spread(slot, from, &self.gossip.links) {
                    out.push(Output::Pass { to: *to, slots: ItemRefs::from_iter([slot]), asked: false });
                }
            }
            Insertion::TooMuch => return self.too_loud(now, claim.origin, out),
            Insertion::Known | Insertion::Full => return,
        }
        // Until certificates say who may remove whom, everybody may remove itself only.
        if matches!(fact, Fact::Removed(Removed { peer, .. }) if peer == claim.origin.0) {
            self.peers.retire(claim.origin);
            self.tell_of(claim.origin, "left the mesh for good. It is not dialled any more", out);
        }
    }

    fn note_news(&mut self, now: Instant) {
        self.gossip.news.get_or_insert((now, now + RECENT));
    }

    /// A link handed on what its origin never signed.
    pub(super) fn on_forged(&mut self, now: Instant, from: PeerKey, out: &mut Out) {
        self.gossip.items.forged(now, from);
        self.tell_of(from, "handed on a rumour that was not signed by the one it names. It was dropped", out);
    }

    /// Names everything that is valid, in as many lists as it takes.
    fn name_all(&self, now: Instant, peer: PeerKey, ask: bool, out: &mut Out) {
        let mut names = self.gossip.items.names(now).peekable();
        // Who asks with nothing in hand asks all the same.
        let mut ask = ask;
        while ask || names.peek().is_some() {
            let mut list = Entries::new();
            while !list.is_full()
                && let Some(name) = names.next()
            {
                // There is room, see above.
                let _ = list.push(name);
            }
            out.push(Output::Send(peer, Message::Gossip(Gossip::Have { ask, list: Box::new(list) })));
            ask = false;
        }
    }

    /// Hands over what was asked for, in batches that fit a frame each, as far as the asker's budget goes.
    fn hand_over(&mut self, now: Instant, peer: PeerKey, list: &Entries, out: &mut Out) {
        // A few were missed by a flood, and go on from there; many are asked for by one who came late.
        let asked = list.len() > GOSSIP_FEW;
        let (mut slots, mut bytes) = (ItemRefs::new(), 0);
        for entry in list {
            let Some((slot, length)) = self.gossip.items.named(now, entry) else { continue };
            if !self.gossip.items.spend(now, peer, length) {
                self.too_loud(now, peer, out);
                break;
            }
            if slots.is_full() || bytes + length > GOSSIP_BATCH_BYTES {
                out.push(Output::Pass { to: peer, slots: core::mem::take(&mut slots), asked });
                bytes = 0;
            }
            // There is room, see above.
            let _ = slots.push(slot);
            bytes += length;
        }
        if !slots.is_empty() {
            out.push(Output::Pass { to: peer, slots, asked });
        }
    }

    /// The saying of an `Output::Pass`, made while it is carried out; `None` if nothing of it is valid any more.
    #[must_use]
    pub fn passed(&self, now: Instant, slots: &ItemRefs, asked: bool) -> Option<Message> {
        let passed = slots.iter().filter_map(|slot| {
            let (hops, age_s, message) = self.gossip.items.pass(now, *slot, asked)?;
            Some(Relayed { hops, age_s, message: message.to_vec() })
        });
        let batch: Box<Bounded<Relayed, _>> = Box::new(passed.collect());
        (!batch.is_empty()).then_some(Message::Gossip(Gossip::Told(batch)))
    }

    /// What the known peers told of themselves.
    #[must_use]
    pub fn heard(&self, now: Instant) -> Vec<PeerGossip> {
        let told = |peer: PeerKey| {
            let collections = match self.gossip.items.fact(now, peer, Kind::Collections) {
                Some(Fact::Collections(list)) => list.iter().cloned().collect(),
                _ => Vec::new(),
            };
            PeerGossip { peer, headroom: self.gossip.items.headroom(now, peer), collections }
        };
        self.peers.iter().map(|peer| told(peer.key)).collect()
    }

    /// The newest start and number of what an agent told that reached this one; for tests and the simulator.
    #[must_use]
    pub fn heard_up_to(&self, origin: PeerKey, kind: Kind) -> Option<(u32, u64)> {
        self.gossip.items.order(origin, kind)
    }

    /// People are told once a minute at most.
    fn too_loud(&mut self, now: Instant, who: PeerKey, out: &mut Out) {
        let loud = &mut self.gossip.loud;
        loud.retain(|_, at| now.since(*at) < Duration::from_secs(60));
        if loud.contains_key(&who) || loud.insert(who, now).is_err() {
            return;
        }
        self.tell_of(who, "sends more rumours than it may. What is too much is dropped", out);
    }

    fn tell_of(&self, who: PeerKey, what: &'static str, out: &mut Out) {
        if let Some(peer) = self.peers.get(who) {
            out.push(Output::Notice(Notice::Hearsay(peer.name().to_owned(), what)));
        }
    }
}

#[cfg(test)]
mod tests;
