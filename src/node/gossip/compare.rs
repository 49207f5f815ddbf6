//! What pushing misses: announcements of new items over lazy links, and comparisons of all items.
//!
//! Every `GOSSIP_DIGEST_MS`, and on a new link, an agent sends the hashes of its items to a link. Where they differ, each
//! side lists the items of the parts that differ, and asks for what it lacks.

use super::{ItemRefs, Message, Node, Out, Output};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{
    GOSSIP_BATCH_BYTES, GOSSIP_COMPARE_MS, GOSSIP_DIGEST_MAX, GOSSIP_DIGEST_MS, GOSSIP_RELAYED_REPLY_MAX, TRUST_BUCKETS,
};
use crate::mesh::gossip::part_of;
use crate::mesh::trust::Rights;
use crate::wire::certificate::exchange::Buckets;
use crate::wire::gossip::{Entries, Entry, Gossip};

/// Time at least between two comparisons that new links cause.
const LINK_COMPARE: Duration = Duration::from_millis(GOSSIP_COMPARE_MS);
const COMPARE: Duration = Duration::from_millis(GOSSIP_DIGEST_MS);

impl Node {
    /// Tells lazy links which items are new.
    pub(super) fn announce(&mut self, now: Instant, out: &mut Out) {
        for due in self.gossip.tree.announcements(now, |peer| self.peers.wants(peer)) {
            let list = self.gossip.items.recent(now, (due.from, due.until), due.to);
            if !list.is_empty() {
                let have = Gossip::IHave { ask: false, list: Box::new(list) };
                out.push(Output::Send(due.to, Message::Gossip(have)));
            }
        }
    }

    /// Compares all items with a random link, if that is due.
    pub(super) fn compare_by_turns(&mut self, now: Instant, out: &mut Out) {
        if self.gossip.compare_at > now {
            return;
        }
        self.gossip.compare_at = now + COMPARE;
        let chosen = self.gossip.rng.below(self.gossip.tree.len() as u64);
        let partner = self.gossip.tree.links().nth(usize::try_from(chosen).unwrap_or(0)).copied();
        if let Some(partner) = partner {
            self.gossip.compared = Some(now);
            self.send_hashes(now, partner, true, out);
        }
    }

    /// Compares all items with a new link: an agent that gets ten links at once compares with one.
    pub(super) fn compare_on_link(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        if self.gossip.compared.is_none_or(|at| now.since(at) >= LINK_COMPARE) {
            self.gossip.compared = Some(now);
            self.send_hashes(now, peer, true, out);
        }
    }

    fn send_hashes(&self, now: Instant, peer: PeerKey, ask: bool, out: &mut Out) {
        let compare = Gossip::Compare { ask, hashes: self.gossip.items.hashes(now) };
        out.push(Output::Send(peer, Message::Gossip(compare)));
    }

    /// A peer's hashes: it gets the items of the parts that differ, as a list, and this agent's hashes if it asks for them.
    pub(super) fn on_compare(&mut self, now: Instant, peer: PeerKey, ask: bool, theirs: &Buckets, out: &mut Out) {
        let own = self.gossip.items.hashes(now);
        let differs: [bool; TRUST_BUCKETS] = core::array::from_fn(|at| own.0.get(at) != theirs.0.get(at));
        if !differs.contains(&true) {
            return;
        }
        let wanted = |entry: &Entry| differs.get(part_of(entry)).is_some_and(|differs| *differs);
        // The answer is charged to the budget of the link that asked.
        let answer = self.gossip.items.entries(now).filter(wanted).count() * size_of::<Entry>();
        if !self.gossip.items.spend(now, peer, answer) {
            return self.over_budget(now, peer, out);
        }
        if ask {
            self.send_hashes(now, peer, false, out);
        }
        self.send_list(now, peer, wanted, out);
    }

    /// A list of a peer's items: asks for those that this agent lacks.
    pub(super) fn on_have(&mut self, now: Instant, peer: PeerKey, ask: bool, list: &[Entry], out: &mut Out) {
        let (trust, duplicates) = (&self.trust, &self.mesh.records.duplicates);
        let may_sign = |prefix: &[u8; 8]| {
            let mut of_prefix = trust.iter().filter(|(peer, _)| peer.0[..8] == prefix[..]);
            of_prefix.any(|(peer, rights)| rights.contains(Rights::SIGN) && !duplicates.is_frozen(now, peer))
        };
        let missing = self.gossip.items.missing(list, may_sign);
        let want = self.gossip.requests.begin(now, &missing);
        if !want.is_empty() {
            self.gossip.tree.make_eager(peer);
            out.push(Output::Send(peer, Message::Gossip(Gossip::IWant(Box::new(want)))));
        }
        // The answer is charged to the budget of the link that asked.
        let answer = self.gossip.items.entries(now).count() * size_of::<Entry>();
        if ask && self.gossip.items.spend(now, peer, answer) {
            self.send_list(now, peer, |_| true, out);
        }
    }

    /// Lists the valid items for which `wanted` holds, in as many messages as it takes.
    fn send_list(&self, now: Instant, peer: PeerKey, wanted: impl Fn(&Entry) -> bool, out: &mut Out) {
        let mut entries = self.gossip.items.entries(now).filter(wanted).peekable();
        while entries.peek().is_some() {
            let list: Entries = entries.by_ref().take(GOSSIP_DIGEST_MAX).collect();
            out.push(Output::Send(peer, Message::Gossip(Gossip::IHave { ask: false, list: Box::new(list) })));
        }
    }

    /// Sends the items that a peer asked for, in batches that fit one frame each, until the peer's budget is spent.
    pub(super) fn send_items(&mut self, now: Instant, peer: PeerKey, list: &Entries, out: &mut Out) {
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
}
