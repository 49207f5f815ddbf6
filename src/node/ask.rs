//! The story of a question: learn what it means, ask this device and every linked one, answer with what came
//! in time and with the names of those that were silent. In a large mesh the linked ones are its neighbours only, and
//! the answer says how many were not asked. And the other side: a question from a peer.

use super::output::{Output, Problem, RankedHit, Response};
use super::query_state::PeerQuery;
use super::{Node, Out, stopped};
use crate::base::hit::{Found, SearchHit};
use crate::base::id::{Fingerprint, PeerKey, ReplyId, TaskId};
use crate::base::time::Instant;
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{ANSWER_BYTES_MAX, HITS_MAX, LINKS_MAX, QUESTION_BYTES_MAX, SILENT_NAMED_MAX};
use crate::mesh::peers::Peer;
use crate::mesh::trust::Rights;
use crate::query::merge::merge;
use crate::query::pending::PendingQuery;
use crate::scheduler::task::{Asked, Outcome, Task};
use crate::wire::message;
use crate::wire::message::Message;
use heapless::Vec as Bounded;

/// Passages that are asked of every device at least: the merge needs some to choose from.
const LIST_MIN: usize = 20;

impl Node {
    pub(super) fn on_search(&mut self, now: Instant, reply: ReplyId, question: String, count: usize, out: &mut Out) {
        if !self.queries.local.room() {
            let busy = "Too many questions are being answered just now; ask again in a moment.";
            return out.push(Output::Reply(reply, Response::refused(Problem::Busy, busy)));
        }
        let task = self.scheduler.issue();
        self.queries.local.open(now, reply, question.clone(), count, task);
        out.push(Output::Start(task, Task::EmbedQuery { question }));
    }

    /// Whether the task was a question's, of a person here or of a peer.
    pub(super) fn on_answer(&mut self, now: Instant, task: TaskId, outcome: &Outcome, out: &mut Out) -> bool {
        if let Some(at) = self.queries.of_peers.iter().position(|query| query.task == task) {
            let PeerQuery { peer, id, .. } = self.queries.of_peers.swap_remove(at);
            let found =
                if let Outcome::Found(found) = outcome { Some(Box::new(that_fits_a_message(found))) } else { None };
            // It may have been expelled meanwhile.
            if self.trust.may(peer, Rights::ANSWER) {
                out.push(self.answer_to(peer, id, found));
            }
            return true;
        }
        match outcome {
            Outcome::QueryEmbedding(meaning) => self.spread(now, task, meaning, out),
            Outcome::Found(found) => {
                if let Some(ask) = self.queries.local.found_here(task, Found::clone(found)) {
                    self.answer(ask, out);
                }
            }
            Outcome::Failed(why) => {
                let Some(ask) = self.queries.local.failed_here(task) else { return false };
                out.push(Output::Reply(ask.reply, Response::refused(Problem::Broken, why.clone())));
            }
            Outcome::Panicked(why) => {
                let Some(ask) = self.queries.local.failed_here(task) else { return false };
                let why = stopped("The search", why);
                out.push(Output::Reply(ask.reply, Response::refused(Problem::Broken, why)));
            }
            _ => return false,
        }
        true
    }

    /// The meaning is known: search here, ask everybody who is linked.
    fn spread(&mut self, now: Instant, meant: TaskId, meaning: &Embedding, out: &mut Out) {
        let task = self.scheduler.issue();
        let answers = |peer: PeerKey| self.trust.may(peer, Rights::ANSWER);
        let linked = self.peers.all_linked().filter(|peer| answers(*peer));
        let linked: Bounded<PeerKey, LINKS_MAX> = linked.take(LINKS_MAX).collect();
        let unlinked = self.peers.iter().filter(|peer| !peer.linked && answers(peer.key));
        // In a large mesh most of those that are up are no neighbours: they are not silent, nobody asks them.
        let (far, away): (Vec<&Peer>, Vec<&Peer>) =
            unlinked.partition(|peer| !peer.is_wanted() && self.member.is_up(peer.key));
        let away: Vec<PeerKey> = away.iter().map(|peer| peer.key).collect();
        // Nobody waits for it any more: its time was up.
        let Some((ask, id)) = self.queries.local.spread(now, meant, task, &linked) else { return };
        let (question, count) = (ask.question.clone(), ask.count.clamp(LIST_MIN, HITS_MAX));
        self.queries.local.unreachable(id, &away, far.len());
        let stored = meaning.quantize();
        for peer in &linked {
            let ask = message::Ask {
                id,
                question: question.clone(),
                model: meaning.model().0,
                scale: stored.scale(),
                codes: stored.bytes().collect(),
                count: u16::try_from(count).unwrap_or(u16::MAX),
            };
            out.push(Output::Send(*peer, Message::Ask(ask)));
        }
        let asked = Asked { text: question, meaning: meaning.clone(), count, shared: false };
        out.push(Output::Start(task, Task::Retrieve(asked)));
    }

    /// A peer asks. Whatever is wrong with the question, it gets one answer, if it may have any.
    pub(super) fn on_asked(&mut self, peer: PeerKey, ask: message::Ask, out: &mut Out) {
        if !self.trust.may(peer, Rights::ANSWER) {
            return;
        }
        let model = Fingerprint(ask.model);
        let meaning = Quantized::from_parts(ask.scale, &ask.codes).and_then(|codes| codes.exact(model).ok());
        let fits = model == self.config.fingerprint && ask.question.len() <= QUESTION_BYTES_MAX;
        let task = self.scheduler.issue();
        match meaning {
            Some(meaning)
                if fits
                    && !self.stopping
                    && self.queries.of_peers.push(PeerQuery { task, peer, id: ask.id }).is_ok() =>
            {
                let count = usize::from(ask.count).clamp(1, HITS_MAX);
                let asked = Asked { text: ask.question, meaning, count, shared: true };
                out.push(Output::Start(task, Task::Retrieve(asked)));
            }
            _ => out.push(self.answer_to(peer, ask.id, None)),
        }
    }

    fn answer_to(&self, peer: PeerKey, id: u64, found: Option<Box<Found>>) -> Output {
        Output::Send(peer, Message::Answer(message::Answer { id, device: self.config.device.clone(), found }))
    }

    /// A peer answers.
    pub(super) fn on_peer_answer(&mut self, peer: PeerKey, answer: message::Answer, out: &mut Out) {
        self.peers.named(peer, answer.device);
        if let Some(ask) = self.queries.local.found_there(answer.id, peer, answer.found.map(sanitized)) {
            self.answer(ask, out);
        }
    }

    /// A peer is gone: nobody waits for it.
    pub(super) fn on_silence(&mut self, peer: PeerKey, out: &mut Out) {
        while let Some(ask) = self.queries.local.lost(peer) {
            self.answer(ask, out);
        }
    }

    pub(super) fn answer_overdue(&mut self, now: Instant, out: &mut Out) {
        while let Some(ask) = self.queries.local.overdue(now) {
            self.answer(ask, out);
        }
    }

    pub(super) fn answer(&self, ask: PendingQuery, out: &mut Out) {
        let name = |key: Option<PeerKey>| match key.map(|key| self.peers.get(key)) {
            None => self.config.device.clone(),
            Some(peer) => peer.map_or_else(|| "a device that left".to_owned(), |peer| peer.name().to_owned()),
        };
        let answered = ask.lists.len();
        // This device is asked always; it has not answered if the question's time was up before.
        let here = ask.lists.iter().any(|(device, _)| device.is_none());
        let asked = answered + ask.silent.len() + usize::from(!here);
        let silent = ask.silent.iter().take(SILENT_NAMED_MAX).map(|key| name(Some(*key))).collect();
        let hits = merge(ask.lists, ask.count).into_iter().map(|merged| RankedHit {
            device: name(merged.device),
            score: merged.score,
            path: merged.hit.path,
            heading: merged.hit.heading,
            text: merged.hit.text,
        });
        let response = Response::Hits { hits: hits.collect(), asked, answered, silent, not_asked: ask.not_asked };
        out.push(Output::Reply(ask.reply, response));
    }
}

/// What of a list goes into one message: one of the longest paths and chunks loses its last hits.
fn that_fits_a_message(found: &Found) -> Found {
    let mut room = ANSWER_BYTES_MAX;
    let fits = |hit: &&SearchHit| {
        let size = hit.path.len() + hit.heading.len() + hit.text.len() + 4 * hit.frequencies.counts.len() + 64;
        room = room.saturating_sub(size);
        room > 0
    };
    Found { statistics: found.statistics.clone(), hits: found.hits.iter().take_while(fits).cloned().collect() }
}

/// A peer's list within the bounds of an honest one. How many hits and terms it has is bounded by its types, and what
/// is no number was refused with the message.
fn sanitized(mut found: Box<Found>) -> Found {
    for hit in &mut found.hits {
        // A false cosine of a thousand must not push everybody else down.
        hit.cosine = hit.cosine.clamp(-1.0, 1.0);
    }
    *found
}
