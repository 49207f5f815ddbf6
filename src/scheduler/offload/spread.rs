//! Texts of programs that other devices embed: parts of a large call, of which this device embeds the rest meanwhile.
//!
//! They travel as chunks do: an offer, a question, the grant of one part, its vectors. Nothing of them is stored, and nobody waits for them alone: whoever
//! has a part embedded goes on with the rest, and embeds the part too if it is not there by then. So a part that nobody asks for within
//! `SPREAD_WAIT_MS` while nobody has another one, of which nothing comes for `LEASE_MS_MIN`, whose device is linked no more, or of which something comes that is no vector, is
//! given up. One whose call has ended is dropped at once.

use super::recipient::Recipient;
use crate::base::id::{EmbedKey, Fingerprint, PeerKey, ReplyId};
use crate::base::time::{Duration, Instant};
use crate::base::vector::Quantized;
use crate::embed::model::key;
use crate::limits::{LEASE_MS_MIN, SPREAD_MS_MAX, SPREAD_PARTS_MAX, SPREAD_WAIT_MS};
use crate::wire::work::{BatchId, Grant, LentText, Results, Work};
use std::collections::{BTreeMap, VecDeque};

/// A part that nobody has yet.
#[derive(Debug)]
struct Waiting {
    reply: ReplyId,
    batch: BatchId,
    texts: Vec<String>,
    until: Instant,
}

/// A part that a device has.
#[derive(Debug)]
struct LentPart {
    peer: PeerKey,
    reply: ReplyId,
    vectors: Vec<Option<Quantized>>,
    until: Instant,
    /// Nothing extends it beyond that.
    last: Instant,
}

impl LentPart {
    fn extend(&mut self, now: Instant) {
        self.until = (now + Duration::from_millis(LEASE_MS_MIN)).min(self.last);
    }
}

/// What a part came to: the vectors of its texts, or nothing.
type Answered = (ReplyId, Option<Vec<Quantized>>);

/// All of it.
#[derive(Debug)]
pub(in crate::scheduler) struct Spread {
    model: Fingerprint,
    waiting: VecDeque<Waiting>,
    lent: BTreeMap<BatchId, LentPart>,
}

impl Spread {
    pub(super) const fn new(model: Fingerprint) -> Self {
        Self { model, waiting: VecDeque::new(), lent: BTreeMap::new() }
    }

    /// A part is wanted of others. Whether there is room for it.
    pub(in crate::scheduler) fn add(&mut self, now: Instant, reply: ReplyId, texts: Vec<String>) -> bool {
        let has_room = self.waiting.len() + self.lent.len() < SPREAD_PARTS_MAX;
        if has_room {
            let keys: Vec<EmbedKey> = texts.iter().map(|text| key(&self.model, "", text)).collect();
            let (batch, until) = (BatchId::of(&self.model, keys.iter()), now + Duration::from_millis(SPREAD_WAIT_MS));
            self.waiting.push_back(Waiting { reply, batch, texts, until });
        }
        has_room
    }

    /// Nobody waits for the part of this reply any more, so that its texts leave no more. With what the device is told that has it.
    pub(in crate::scheduler) fn cancel(&mut self, reply: ReplyId) -> Option<(PeerKey, Work)> {
        self.waiting.retain(|part| part.reply != reply);
        let batch = self.lent.iter().find(|(_, part)| part.reply == reply).map(|(batch, _)| *batch)?;
        self.lent.remove(&batch).map(|part| (part.peer, Work::End(batch)))
    }

    /// Texts that nobody has yet.
    pub(in crate::scheduler) fn waiting(&self) -> u64 {
        self.waiting.iter().map(|part| part.texts.len() as u64).sum()
    }

    /// Whether there is no part.
    pub(in crate::scheduler) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.lent.is_empty()
    }

    /// The lease of a device that asks: one part, if one waits.
    pub(in crate::scheduler) fn grant(&mut self, now: Instant, peer: PeerKey) -> Option<Work> {
        // Parts of the same texts have the same name: the second one waits for the end of the first.
        let at = self.waiting.iter().position(|part| !self.lent.contains_key(&part.batch))?;
        let Waiting { reply, batch, texts, .. } = self.waiting.remove(at)?;
        let (vectors, last) = (vec![None; texts.len()], now + Duration::from_millis(SPREAD_MS_MAX));
        let mut part = LentPart { peer, reply, vectors, until: now, last };
        part.extend(now);
        self.lent.insert(batch, part);
        let texts = texts.into_iter().map(|text| LentText { heading: String::new(), text }).collect();
        let lease_ms = u32::try_from(LEASE_MS_MIN).unwrap_or(u32::MAX);
        Some(Work::Grant(Box::new(Grant { batch, lease_ms, texts })))
    }

    /// Whether the device has the part of this name.
    pub(in crate::scheduler) fn has(&self, peer: PeerKey, batch: BatchId) -> bool {
        self.lent.get(&batch).is_some_and(|part| part.peer == peer)
    }

    /// Vectors of a part came.
    pub(in crate::scheduler) fn on_results(&mut self, now: Instant, results: &Results) -> Option<Answered> {
        let part = self.lent.get_mut(&results.batch)?;
        part.extend(now);
        let first = usize::from(results.first);
        let are_sound = results.vectors.iter().enumerate().all(|(at, vector)| {
            let vector = Quantized::from_parts(vector.scale, &vector.codes);
            part.vectors.get_mut(first + at).is_some_and(|place| {
                *place = vector;
                place.is_some()
            })
        });
        if !are_sound {
            return self.give_up(results.batch);
        }
        if part.vectors.iter().any(Option::is_none) {
            return None;
        }
        let part = self.lent.remove(&results.batch)?;
        Some((part.reply, part.vectors.into_iter().collect()))
    }

    /// Its device still works on a part.
    pub(in crate::scheduler) fn on_renew(&mut self, now: Instant, batch: BatchId) {
        self.lent.get_mut(&batch).into_iter().for_each(|part| part.extend(now));
    }

    /// A part is not embedded by the device that has it.
    pub(in crate::scheduler) fn give_up(&mut self, batch: BatchId) -> Option<Answered> {
        self.lent.remove(&batch).map(|part| (part.reply, None))
    }

    /// Gives up what is overdue, and what devices have that are none of these any more. With what those are told.
    pub(in crate::scheduler) fn wake(
        &mut self,
        now: Instant,
        recipients: &[Recipient],
    ) -> (Vec<Answered>, Vec<(PeerKey, Work)>) {
        let (mut over, mut told) = (Vec::new(), Vec::new());
        let is_linked = |peer: PeerKey| recipients.iter().any(|recipient| recipient.peer == peer);
        self.lent.retain(|batch, part| {
            let goes_on = now < part.until && is_linked(part.peer);
            if !goes_on {
                over.push((part.reply, None));
                told.push((part.peer, Work::End(*batch)));
            }
            goes_on
        });
        // Whoever has a part asks for the next one once little of that is left.
        let later = if self.lent.is_empty() { now } else { now + Duration::from_millis(SPREAD_WAIT_MS) };
        self.waiting.retain_mut(|part| {
            part.until = part.until.max(later);
            if part.until <= now {
                over.push((part.reply, None));
            }
            now < part.until
        });
        (over, told)
    }

    /// Gives up everything: the agent is stopping.
    pub(in crate::scheduler) fn end(&mut self) -> Vec<ReplyId> {
        let waiting = std::mem::take(&mut self.waiting).into_iter().map(|part| part.reply);
        let lent = std::mem::take(&mut self.lent).into_values().map(|part| part.reply);
        waiting.chain(lent).collect()
    }

    /// When something is overdue next.
    pub(in crate::scheduler) fn deadline(&self) -> Option<Instant> {
        let waiting = self.waiting.iter().map(|part| part.until);
        waiting.chain(self.lent.values().map(|part| part.until)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vector::Embedding;
    use crate::limits::DIMENSIONS;
    use crate::wire::message::HitVector;

    const PEER: PeerKey = PeerKey([1; 32]);
    const OTHER: PeerKey = PeerKey([2; 32]);
    const LINKED: [Recipient; 1] = [Recipient { peer: PEER, surplus: false, gets: true }];

    const fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn texts(of: &str) -> Vec<String> {
        (0..3).map(|n| format!("{of} {n}")).collect()
    }

    fn vector() -> Quantized {
        Embedding::new(Fingerprint([7; 32]), &[0.5; DIMENSIONS]).unwrap().quantize()
    }

    fn results(batch: BatchId, first: u16, count: usize) -> Results {
        let one = HitVector { scale: vector().scale(), codes: vector().bytes().collect() };
        Results { batch, first, vectors: vec![one; count] }
    }

    /// With these parts, of which `PEER` has the first, of this name.
    fn lent(parts: &[&str]) -> (Spread, BatchId) {
        let mut spread = Spread::new(Fingerprint([7; 32]));
        for (n, part) in (0..).zip(parts) {
            assert!(spread.add(at(0), ReplyId(n), texts(part)));
        }
        let Some(Work::Grant(grant)) = spread.grant(at(0), PEER) else { panic!("nothing is granted") };
        assert!(grant.texts.iter().all(|text| text.heading.is_empty()) && grant.texts.len() == 3);
        (spread, grant.batch)
    }

    #[test]
    fn a_part_is_granted_to_who_asks_and_answered_once_all_its_vectors_are_there_in_whatever_order() {
        let (mut spread, batch) = lent(&["a"]);
        assert_eq!((spread.waiting(), spread.grant(at(1), OTHER), spread.is_idle()), (0, None, false));
        assert!(spread.has(PEER, batch) && !spread.has(OTHER, batch));
        assert_eq!(spread.on_results(at(1), &results(batch, 1, 2)), None);
        assert_eq!(spread.on_results(at(2), &results(batch, 0, 1)), Some((ReplyId(0), Some(vec![vector(); 3]))));
        assert!(spread.is_idle() && spread.deadline().is_none());
    }

    #[test]
    fn what_is_no_vector_or_of_no_text_gives_a_part_up() {
        let no_vector = |batch| {
            let mut results = results(batch, 0, 3);
            results.vectors[1].codes.pop();
            results
        };
        let all: [fn(BatchId) -> Results; 2] = [no_vector, |batch| results(batch, 1, 3)];
        for bad in all {
            let (mut spread, batch) = lent(&["a"]);
            assert_eq!(spread.on_results(at(1), &bad(batch)), Some((ReplyId(0), None)));
            assert!(spread.is_idle());
        }
    }

    #[test]
    fn a_part_ends_where_nobody_asks_where_nothing_comes_and_where_its_device_is_linked_no_more() {
        let mut spread = Spread::new(Fingerprint([7; 32]));
        assert!(spread.add(at(0), ReplyId(5), texts("nobody asks")));
        assert_eq!(spread.deadline(), Some(at(SPREAD_WAIT_MS)));
        assert_eq!(spread.wake(at(SPREAD_WAIT_MS - 1), &LINKED), (vec![], vec![]));
        assert_eq!(spread.wake(at(SPREAD_WAIT_MS), &LINKED), (vec![(ReplyId(5), None)], vec![]));
        let (mut spread, batch) = lent(&["a", "b"]);
        assert_eq!(spread.wake(at(SPREAD_WAIT_MS), &LINKED), (vec![], vec![]), "its device asks for the next one then");
        spread.on_renew(at(LEASE_MS_MIN - 1), batch);
        assert_eq!(spread.wake(at(LEASE_MS_MIN), &LINKED), (vec![], vec![]));
        let late = 2 * LEASE_MS_MIN - 1;
        let over = vec![(ReplyId(0), None), (ReplyId(1), None)];
        assert_eq!(spread.wake(at(late), &LINKED), (over, vec![(PEER, Work::End(batch))]));
        let (mut spread, batch) = lent(&["a"]);
        assert_eq!(spread.wake(at(1), &[]), (vec![(ReplyId(0), None)], vec![(PEER, Work::End(batch))]));
        let (mut spread, batch) = lent(&["a"]);
        (1..SPREAD_MS_MAX / LEASE_MS_MIN * 2).for_each(|n| spread.on_renew(at(n * LEASE_MS_MIN / 2), batch));
        assert_eq!(spread.deadline(), Some(at(SPREAD_MS_MAX)), "renewals hold it for no longer");
    }

    #[test]
    fn a_part_whose_call_has_ended_goes_to_nobody_and_who_has_one_is_told() {
        let (mut spread, batch) = lent(&["a", "b", "c"]);
        assert_eq!(spread.cancel(ReplyId(9)), None, "another reply");
        assert_eq!(spread.cancel(ReplyId(1)), None, "nobody had it");
        let Some(Work::Grant(grant)) = spread.grant(at(1), OTHER) else { panic!("the third one still waits") };
        assert_eq!(grant.texts[0].text, "c 0");
        assert_eq!(spread.cancel(ReplyId(0)), Some((PEER, Work::End(batch))));
        assert_eq!(spread.cancel(ReplyId(2)), Some((OTHER, Work::End(grant.batch))));
        assert!(spread.is_idle());
    }

    #[test]
    fn there_is_room_for_so_many_parts_and_one_of_the_same_texts_waits_for_the_first() {
        let (mut spread, batch) = lent(&["a", "a"]);
        assert_eq!(spread.grant(at(1), OTHER), None, "two leases of one name could not be told apart");
        assert_eq!(spread.give_up(batch), Some((ReplyId(0), None)));
        assert!(spread.grant(at(2), OTHER).is_some());
        let added = (10..).take_while(|n| spread.add(at(3), ReplyId(*n), texts(&n.to_string()))).count();
        assert_eq!(added, SPREAD_PARTS_MAX - 1);
        assert_eq!(spread.end().len(), SPREAD_PARTS_MAX);
        assert!(spread.is_idle());
    }
}
