//! The flow of queries.
//!
//! A query of a person: embed it, search here and send it to every linked peer that may answer, merge what comes by the
//! deadline, and name the devices that did not answer. In a large mesh only the neighbours are linked; the answer says
//! how many devices were not asked. A query of a peer: search the collections shared with the mesh and answer once.

use super::output::{Output, Problem, RankedHit, RankedPlace, Response, SilentDevice};
use super::query_state::PeerQuery;
use super::{Node, Out, panicked};
use crate::base::hit::{FileCoverage, Found, SearchHit};
use crate::base::id::{Fingerprint, PeerKey, ReplyId, TaskId};
use crate::base::time::{Instant, utc};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{ANSWER_BYTES_MAX, HITS_MAX, LINKS_MAX, QUESTION_BYTES_MAX, SILENT_NAMED_MAX};
use crate::mesh::conduct::Offence;
use crate::mesh::peers::Peer;
use crate::mesh::trust::Rights;
use crate::query::merge::merge;
use crate::query::pending::PendingQuery;
use crate::scheduler::task::{Outcome, Query, Task};
use crate::store::counts::Kind;
use crate::store::record::MarkKind;
use crate::wire::message;
use crate::wire::message::Message;
use heapless::Vec as Bounded;

/// The fewest hits that every device is asked for: the merge needs some to choose from.
const LIST_MIN: usize = 20;

impl Node {
    /// A person's query: begins with its embedding.
    pub(super) fn on_search(&mut self, now: Instant, reply: ReplyId, question: String, count: usize, out: &mut Out) {
        if !self.queries.local.room() {
            let busy = "Too many questions are being answered just now; ask again in a moment.";
            return out.push(Output::Reply(reply, Response::refused(Problem::Busy, busy)));
        }
        let task = self.scheduler.issue();
        self.queries.local.open(now, reply, question.clone(), count, task);
        out.push(Output::Start(task, Task::EmbedQuery { question }));
    }

    /// A task ended; gives whether it was one of a query, of a person here or of a peer.
    pub(super) fn on_query_task(&mut self, now: Instant, task: TaskId, outcome: &Outcome, out: &mut Out) -> bool {
        if let Some(at) = self.queries.of_peers.iter().position(|query| query.task == task) {
            let PeerQuery { peer, id, .. } = self.queries.of_peers.swap_remove(at);
            // The peer may have been expelled meanwhile.
            if !self.trust.may(peer, Rights::ANSWER) {
                return true;
            }
            let Outcome::Found(found, vectors) = outcome else {
                out.push(self.answer_to(peer, id, None));
                return true;
            };
            let found = fit_into_message(found);
            let vector =
                |vector: &Quantized| message::HitVector { scale: vector.scale(), codes: vector.bytes().collect() };
            let vectors: Vec<_> = vectors.iter().take(found.hits.len()).map(vector).collect();
            if !vectors.is_empty() {
                out.push(Output::Send(peer, Message::Vectors(message::Vectors { id, vectors })));
            }
            out.push(self.answer_to(peer, id, Some(Box::new(found))));
            return true;
        }
        match outcome {
            Outcome::QueryEmbedding(embedding) => self.send_query(now, task, embedding, out),
            Outcome::Found(found, _) => {
                if let Some(query) = self.queries.local.add_local_result(task, Found::clone(found)) {
                    self.answer(query, out);
                }
            }
            Outcome::StoreFailed(why) | Outcome::Failed(why) => {
                let Some(query) = self.queries.local.local_failed(task) else { return false };
                out.push(Output::Reply(query.reply, Response::refused(Problem::Broken, why.clone())));
            }
            Outcome::Panicked(why) => {
                let Some(query) = self.queries.local.local_failed(task) else { return false };
                let why = panicked("The search", why);
                out.push(Output::Reply(query.reply, Response::refused(Problem::Broken, why)));
            }
            _ => return false,
        }
        true
    }

    /// The query is embedded: searches here, and sends it to every linked peer.
    fn send_query(&mut self, now: Instant, embedded: TaskId, embedding: &Embedding, out: &mut Out) {
        let task = self.scheduler.issue();
        let answers = |peer: PeerKey| self.trust.may(peer, Rights::ANSWER);
        let linked = self.peers.all_linked().filter(|peer| answers(*peer));
        let linked: Bounded<PeerKey, LINKS_MAX> = linked.take(LINKS_MAX).collect();
        let unlinked = self.peers.iter().filter(|peer| !peer.linked && answers(peer.key));
        // In a large mesh most members are no neighbours: they are not asked, and not named as silent.
        let (far, away): (Vec<&Peer>, Vec<&Peer>) =
            unlinked.partition(|peer| !peer.is_wanted() && self.member.is_up(peer.key));
        let away: Vec<PeerKey> = away.iter().map(|peer| peer.key).collect();
        // Its deadline passed while it was embedded.
        let Some((query, id)) = self.queries.local.begin_search(now, embedded, embedding, task, &linked) else {
            return;
        };
        let (question, count) = (query.question.clone(), query.count.clamp(LIST_MIN, HITS_MAX));
        self.queries.local.unreachable(id, &away, far.len());
        let quantized = embedding.quantize();
        for peer in &linked {
            let to_peer = message::Query {
                id,
                question: question.clone(),
                model: embedding.model().0,
                scale: quantized.scale(),
                codes: quantized.bytes().collect(),
                count: u16::try_from(count).unwrap_or(u16::MAX),
            };
            out.push(Output::Send(*peer, Message::Query(to_peer)));
        }
        let here = Query { text: question, embedding: embedding.clone(), count, shared: false };
        out.push(Output::Start(task, Task::Retrieve(here)));
    }

    /// A peer's query. A peer with the right gets exactly one answer, which says that there is none if the query is
    /// malformed or there is no room.
    pub(super) fn on_peer_query(&mut self, peer: PeerKey, query: message::Query, out: &mut Out) {
        if !self.trust.may(peer, Rights::ANSWER) {
            return;
        }
        let model = Fingerprint(query.model);
        let embedding = Quantized::from_parts(query.scale, &query.codes).and_then(|codes| codes.exact(model).ok());
        let fits = model == self.config.fingerprint && query.question.len() <= QUESTION_BYTES_MAX;
        let task = self.scheduler.issue();
        match embedding {
            Some(embedding)
                if fits
                    && !self.stopping
                    && self.queries.of_peers.push(PeerQuery { task, peer, id: query.id }).is_ok() =>
            {
                let count = usize::from(query.count).clamp(1, HITS_MAX);
                let here = Query { text: query.question, embedding, count, shared: true };
                out.push(Output::Start(task, Task::Retrieve(here)));
            }
            _ => out.push(self.answer_to(peer, query.id, None)),
        }
    }

    fn answer_to(&self, peer: PeerKey, id: u64, found: Option<Box<Found>>) -> Output {
        Output::Send(peer, Message::Answer(message::Answer { id, device: self.config.device.clone(), found }))
    }

    /// The vectors of a peer's hits, which come ahead of its answer. Those of another model's length are dropped: without
    /// them the answer is taken with doubt.
    pub(super) fn on_peer_vectors(&mut self, peer: PeerKey, message: &message::Vectors) {
        let vectors = message.vectors.iter().map(|vector| Quantized::from_parts(vector.scale, &vector.codes));
        if let Some(vectors) = vectors.collect() {
            self.queries.local.add_peer_vectors(message.id, peer, vectors);
        }
    }

    /// A peer's answer.
    pub(super) fn on_peer_answer(&mut self, now: Instant, peer: PeerKey, answer: message::Answer, out: &mut Out) {
        self.peers.set_name(peer, answer.device);
        if let Some(query) = self.queries.local.add_peer_result(answer.id, peer, answer.found.map(|found| *found)) {
            self.answer(query, out);
        }
        while let Some(peer) = self.queries.local.take_false_answer() {
            self.on_offence(now, peer, Offence::FalseScore, out);
        }
    }

    /// A peer's link is gone: queries no longer wait for it.
    pub(super) fn stop_waiting_for(&mut self, peer: PeerKey, out: &mut Out) {
        while let Some(query) = self.queries.local.unlinked(peer) {
            self.answer(query, out);
        }
    }

    /// Answers the queries whose deadline has passed.
    pub(super) fn answer_overdue(&mut self, now: Instant, out: &mut Out) {
        while let Some(query) = self.queries.local.overdue(now) {
            self.answer(query, out);
        }
    }

    /// How many of this device's files a search here covers.
    fn file_coverage(&self) -> FileCoverage {
        let counts = self.scheduler.counts();
        let searchable = counts.count(Kind::Ready);
        let away = self.scheduler.marks().iter().filter(|mark| mark.kind != MarkKind::Forgotten);
        FileCoverage {
            known: counts.unfinished() + searchable,
            searchable,
            away: away.map(|mark| mark.documents).sum(),
            scanning: self.scheduler.scanning(),
        }
    }

    /// Merges what came and replies.
    pub(super) fn answer(&self, query: PendingQuery, out: &mut Out) {
        let answered = query.lists.len();
        // This device is always asked; it counts as silent if the deadline passed before it answered.
        let here = query.lists.iter().any(|(device, _)| device.is_none());
        let asked = answered + query.silent.len() + usize::from(!here);
        let silent = query
            .silent
            .iter()
            .take(SILENT_NAMED_MAX)
            .map(|key| SilentDevice { device: self.title(Some(*key)), peer_id: self.peer_id_of(Some(*key)) });
        let silent = silent.collect();
        let place = |(device, path)| RankedPlace { device: self.title(device), peer_id: self.peer_id_of(device), path };
        let hits = merge(&query.question, query.lists, query.count).into_iter().map(|merged| RankedHit {
            device: self.title(merged.device),
            peer_id: self.peer_id_of(merged.device),
            score: merged.score,
            path: merged.hit.path,
            heading: merged.hit.heading,
            text: merged.hit.text,
            away_since: merged.hit.away_since,
            places: merged.places.into_iter().map(place).collect(),
        });
        let (not_asked, files) = (query.not_asked, self.file_coverage());
        let response = Response::Hits { hits: hits.collect(), asked, answered, silent, not_asked, files };
        out.push(Output::Reply(query.reply, response));
    }
}

/// As many of the hits, best first, as fit into one message: with the longest paths and chunks not all do.
fn fit_into_message(found: &Found) -> Found {
    let mut room = ANSWER_BYTES_MAX;
    let fits = |hit: &&SearchHit| {
        let size = hit.path.len() + hit.heading.len() + hit.text.len() + 4 * hit.frequencies.counts.len() + 128;
        room = room.saturating_sub(size);
        room > 0
    };
    // A message has no place of its own for it, so that agents of before still read it.
    let told = |mut hit: SearchHit| {
        if let Some(since) = hit.away_since {
            hit.heading = format!("{} (its file is away since {})", hit.heading, utc(since)).trim_start().to_owned();
        }
        hit
    };
    let hits = found.hits.iter().take_while(fits).cloned().map(told).collect();
    Found { statistics: found.statistics.clone(), hits }
}
