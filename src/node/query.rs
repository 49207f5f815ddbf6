//! The flow of queries.
//!
//! A query of a person: embed it, search here and send it to every linked peer that may answer, merge what comes by the
//! deadline, and name the devices that did not answer. In a large mesh only the neighbours are linked; the answer says
//! how many devices were not asked. Texts of peers whose vectors would give them the first places are embedded here first
//! (`query::checks`). A query of a peer: search the collections shared with the mesh and answer once.

use super::output::{Output, Problem, Response};
use super::query_state::{PeerQuery, QueryState};
use super::{Node, Out, panicked};
use crate::base::hit::{Absence, FileCoverage, Found, SearchHit};
use crate::base::id::{Fingerprint, PeerKey, ReplyId, TaskId};
use crate::base::path::shown;
use crate::base::time::Instant;
use crate::base::vector::Quantized;
use crate::limits::{ANSWER_BYTES_MAX, HITS_MAX, QUESTION_BYTES_MAX};
use crate::mesh::conduct::Offence;
use crate::mesh::trust::Rights;
use crate::query::check::{HitText, Lie};
use crate::query::evidence::with_note;
use crate::query::pending::PendingQuery;
use crate::query::question::Question;
use crate::scheduler::task::{Outcome, Query, Task};
use crate::wire::message;
use crate::wire::message::{Message, has_sound_lengths};

/// Why a question is not answered now.
const BUSY: &str = "Too many questions are being answered just now; ask again in a moment.";

impl Node {
    /// A person's query: begins with its embedding.
    pub(super) fn on_search(&mut self, now: Instant, reply: ReplyId, question: Question, count: usize, out: &mut Out) {
        if !self.queries.local.room() {
            return out.push(Output::Reply(reply, Response::refused(Problem::Busy, BUSY)));
        }
        let filter = &question.filter;
        if let Err(why) = self.check_devices(filter).and_then(|()| self.check_collections(now, filter)) {
            return out.push(Output::Reply(reply, Response::refused(Problem::Conflict, why)));
        }
        self.want_languages(now);
        let task = self.scheduler.issue();
        self.queries.local.open(now, reply, question.clone(), count, task);
        out.push(Output::Start(task, Task::EmbedQuery { question: question.text }));
        self.tell_of_query(now, &question.filter, out);
    }

    /// A task ended; gives whether it was one of a query, of a person here or of a peer.
    pub(super) fn on_query_task(&mut self, now: Instant, task: TaskId, outcome: &Outcome, out: &mut Out) -> bool {
        if let Some(at) = self.queries.of_peers.iter().position(|query| query.task == task) {
            let PeerQuery { peer, id, filtered, .. } = self.queries.of_peers.swap_remove(at);
            // The peer may have been expelled meanwhile.
            if !self.trust.may(peer, Rights::ANSWER) {
                return true;
            }
            let Outcome::Found(found, vectors) = outcome else {
                out.push(self.answer_to(peer, id, None));
                return true;
            };
            let (is_unread, cut_short, words_due) = (found.unread, found.cut_short, found.words_due);
            let (found, vectors) = self.told_to_others(found, vectors);
            let vector =
                |vector: &Quantized| message::HitVector { scale: vector.scale(), codes: vector.bytes().collect() };
            let vectors: Vec<_> = vectors.into_iter().map(vector).collect();
            if !vectors.is_empty() {
                out.push(Output::Send(peer, Message::Vectors(message::Vectors { id, vectors })));
            }
            let coverage = self.shared_coverage().map(|coverage| coverage.without(words_due));
            if let Some(FileCoverage { known, searchable, away, scanning, read, .. }) = coverage {
                let coverage = message::Coverage { id, known, searchable, away, scanning };
                out.push(Output::Send(peer, Message::Coverage(coverage)));
                if read > 0 {
                    out.push(Output::Send(peer, Message::Unembedded(message::Unembedded { id, files: read })));
                }
            }
            // Once more: what was said when the link came up may have come before the peer knew this device as a member.
            self.remind_of_unusable(peer, out);
            if filtered {
                out.push(Output::Send(peer, Message::Filtered(message::Filtered { id })));
            }
            if is_unread {
                out.push(Output::Send(peer, Message::Unread(message::Unread { id })));
            }
            if cut_short {
                out.push(Output::Send(peer, Message::CutShort(message::CutShort { id })));
            }
            out.push(self.answer_to(peer, id, Some(Box::new(found))));
            return true;
        }
        let own = if let Outcome::QueryEmbedding(embedding) = outcome { Some(embedding) } else { None };
        if self.queries.local.end_check(task, own) {
            self.go_on_with_queries(now, out);
            return true;
        }
        // Its query was answered without it.
        if self.queries.local.end_left(task) {
            return true;
        }
        match outcome {
            Outcome::QueryEmbedding(embedding) => self.send_query(now, task, embedding, out),
            Outcome::Found(found, _) => {
                if self.queries.local.add_local_result(task, Found::clone(found)) {
                    // Where it came after the deadline of other devices, nothing of theirs is checked any more.
                    self.answer_overdue(now, out);
                    self.go_on_with_queries(now, out);
                }
            }
            Outcome::StoreFailed(why) | Outcome::Failed(why) => {
                let Some(query) = self.queries.local.local_failed(task) else { return false };
                out.push(Output::Reply(query.reply, Response::refused(Problem::Broken, why.clone())));
            }
            Outcome::Busy => {
                let Some(query) = self.queries.local.local_failed(task) else { return false };
                out.push(Output::Reply(query.reply, Response::refused(Problem::Busy, BUSY)));
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

    /// A peer's query. A peer with the right gets exactly one answer, which says that there is none if the query is
    /// malformed or there is no room.
    pub(super) fn on_peer_query(&mut self, peer: PeerKey, query: message::Query, out: &mut Out) {
        if !self.trust.may(peer, Rights::ANSWER) {
            return;
        }
        let model = Fingerprint(query.model);
        self.on_model(peer, query.model);
        let embedding = Quantized::from_parts(query.scale, &query.codes).and_then(|codes| codes.exact(model).ok());
        // By another model only words are looked for, and vectors of that one, if collections here have it.
        let fits = query.question.len() <= QUESTION_BYTES_MAX;
        let task = self.scheduler.issue();
        let filter = self.queries.take_filters(peer, query.id);
        let filtered = filter.is_some();
        match embedding {
            Some(embedding)
                if fits
                    && !self.is_stopping()
                    && self.queries.has_room_for(peer)
                    && self.queries.of_peers.push(PeerQuery { task, peer, id: query.id, filtered }).is_ok() =>
            {
                let count = usize::from(query.count).clamp(1, HITS_MAX);
                let filter = filter.unwrap_or_default();
                let behind = self.scheduler.behind(false);
                let (text, fluency) = (query.question, self.config.fluency);
                let here = Query { text, embedding, fluency, count, shared: true, filter, behind };
                out.push(Output::Start(task, Task::Retrieve(here)));
            }
            _ => out.push(self.answer_to(peer, query.id, None)),
        }
    }

    pub(super) fn answer_to(&self, peer: PeerKey, id: u64, found: Option<Box<Found>>) -> Output {
        Output::Send(peer, Message::Answer(message::Answer { id, device: self.config.device.clone(), found }))
    }

    /// The vectors of a peer's hits, which come ahead of its answer. Those of another model's length are dropped, and those
    /// of a peer that sent false ones lately: without them the answer is taken with doubt.
    pub(super) fn on_peer_vectors(&mut self, now: Instant, peer: PeerKey, message: &message::Vectors) {
        let vectors = message.vectors.iter().map(|vector| Quantized::from_parts(vector.scale, &vector.codes));
        let doubted = self.mesh.records.conduct.did(now, peer, Offence::FalseVector);
        let vectors: Option<Vec<Quantized>> = vectors.collect();
        if let Some(vectors) = vectors.filter(|_| !doubted) {
            self.queries.local.add_peer_vectors(message.id, peer, vectors);
        }
    }

    /// A peer's answer.
    pub(super) fn on_peer_answer(&mut self, now: Instant, peer: PeerKey, answer: message::Answer, out: &mut Out) {
        self.on_name(now, peer, answer.device, out);
        self.queries.local.add_peer_result(answer.id, peer, answer.found.map(|found| *found));
        self.go_on_with_queries(now, out);
    }

    /// A peer's link is gone: queries no longer wait for it.
    pub(super) fn stop_waiting_for(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        self.queries.local.unlinked(peer);
        self.go_on_with_queries(now, out);
    }

    /// Answers the queries whose deadline has passed.
    pub(super) fn answer_overdue(&mut self, now: Instant, out: &mut Out) {
        while let Some(query) = self.queries.local.overdue(now) {
            self.queries.holdings.is_cut |= !query.has_own();
            self.end_query(now, query, out);
        }
    }

    /// Something came for the open queries: begins the checks that they need, answers those that are complete, and notes
    /// what was found to be false.
    pub(super) fn go_on_with_queries(&mut self, now: Instant, out: &mut Out) {
        let scheduler = &mut self.scheduler;
        while let Some((task, text)) = self.queries.local.begin_check(|| scheduler.issue()) {
            out.push(Output::Start(task, embed(text)));
        }
        while let Some(query) = self.queries.local.take_complete() {
            self.end_query(now, query, out);
        }
        while let Some((peer, lie)) = self.queries.local.take_lie() {
            let offence = match lie {
                Lie::Score => Offence::FalseScore,
                Lie::Vector => Offence::FalseVector,
            };
            self.on_offence(now, peer, offence, out);
        }
    }

    /// Answers, and now and then checks one more text of a peer.
    fn end_query(&mut self, now: Instant, query: PendingQuery, out: &mut Out) {
        let (QueryState { local, rng, .. }, scheduler) = (&mut self.queries, &mut self.scheduler);
        let check = local.begin_spot_check(&query, rng, || scheduler.issue());
        self.answer(now, query, out);
        if let Some((task, text)) = check {
            out.push(Output::Start(task, embed(text)));
        }
    }

    /// Whether other devices may read a hit as things are now: where this device has private folders not that of a file that is away, or
    /// kept without its file, either, because it may have been moved into one of them; and never that of one that cannot be read any more.
    pub(super) fn may_leave(&self, hit: &SearchHit) -> bool {
        let may_be_moved = hit.absence.is_some() && self.scheduler.has_private_folders();
        let is_closed = self.absence(hit) == Some(Absence::Unreadable);
        self.scheduler.may_leave(hit.doc, &hit.path) && !may_be_moved && !is_closed
    }

    /// What of the hits goes to another device, as it is told them, with their vectors.
    fn told_to_others<'a>(&self, found: &Found, vectors: &'a [Quantized]) -> (Found, Vec<&'a Quantized>) {
        fit_into_message(found, vectors, |hit| self.may_leave(hit), |path| self.shown_to_others(path))
    }

    /// A path as other devices are told it: from the name of the watched folder on. Where this device keeps its folders is its own affair, and
    /// names of private ones have no part in it.
    fn shown_to_others<'a>(&self, path: &'a [u8]) -> &'a [u8] {
        let shared = self.scheduler.sources().iter().filter(|source| source.ring.is_shared());
        shown(path, shared.map(|source| source.path.as_slice()))
    }
}

/// As many of the hits that may leave the device, best first, as fit into one message, with their vectors, of which there may be none: with the
/// longest paths and chunks not all do. Their paths are as others are shown them.
fn fit_into_message<'a>(
    found: &Found,
    vectors: &'a [Quantized],
    may_leave: impl Fn(&SearchHit) -> bool,
    shown: impl Fn(&[u8]) -> &[u8],
) -> (Found, Vec<&'a Quantized>) {
    let mut room = ANSWER_BYTES_MAX;
    let fits = |(_, hit): &(usize, &SearchHit)| {
        let size = hit.path.len() + hit.heading.len() + hit.text.len() + 4 * hit.frequencies.counts.len() + 128;
        room = room.saturating_sub(size);
        room > 0
    };
    let told = |(at, hit): (usize, &SearchHit)| {
        let mut hit = SearchHit { path: shown(&hit.path).to_vec(), ..hit.clone() };
        if let Some(absence) = hit.absence {
            hit.heading = with_note(&hit.heading, absence);
        }
        (hit, vectors.get(at))
    };
    let may_leave = |(_, hit): &(usize, &SearchHit)| may_leave(hit);
    // With one longer hit the whole answer would be refused.
    let is_short = |(hit, _): &(SearchHit, Option<&Quantized>)| has_sound_lengths(hit);
    let told = found.hits.iter().enumerate().filter(may_leave).take_while(fits).map(told).filter(is_short);
    let (hits, vectors): (_, Vec<_>) = told.unzip();
    (Found { statistics: found.statistics.clone(), hits, ..Found::default() }, vectors.into_iter().flatten().collect())
}

/// The task that embeds a text of a peer.
fn embed(HitText { heading, text }: HitText) -> Task {
    Task::EmbedHit { heading, text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::hit::TermFrequencies;
    use crate::base::id::{DocId, Fingerprint, Row};
    use crate::base::vector::Embedding;
    use crate::limits::DIMENSIONS;

    #[test]
    fn a_hit_whose_file_is_away_says_so_to_other_devices_and_one_that_is_gone_and_undecided_goes_to_none() {
        let hit = |doc, absence| SearchHit {
            row: Row(doc),
            path: b"/home/ann/notes/a.md".to_vec(),
            heading: "H".to_owned(),
            text: "text".to_owned(),
            cosine: 0.5,
            frequencies: TermFrequencies::zero(1),
            absence,
            doc: Some(DocId(doc)),
        };
        let found = Found {
            hits: vec![hit(1, None), hit(2, None), hit(3, Some(Absence::Away(60))), hit(4, Some(Absence::Kept(60)))],
            ..Found::default()
        };
        let vector = |n: usize| {
            let raw: Vec<f32> = (0..DIMENSIONS).map(|at| if at == n { 1.0 } else { 0.0 }).collect();
            Embedding::new(Fingerprint([7; 32]), &raw).unwrap().quantize()
        };
        let vectors: Vec<Quantized> = (0..4).map(vector).collect();
        let (told, sent) = fit_into_message(
            &found,
            &vectors,
            |hit| hit.doc != Some(DocId(2)),
            |path| shown(path, [&b"/home/ann/notes"[..]].into_iter()),
        );
        assert!(told.hits.iter().all(|hit| hit.path == b"notes/a.md"), "nobody is told where the folder lies");
        assert_eq!(sent, [&vectors[0], &vectors[2], &vectors[3]], "each vector stays with its hit");
        let headings: Vec<&str> = told.hits.iter().map(|hit| hit.heading.as_str()).collect();
        let note = |minute| format!("H (its file is away since 1970-01-01 00:0{minute} UTC)");
        let kept = "H (its file is gone since 1970-01-01 00:01 UTC and its text is kept)".to_owned();
        assert_eq!(
            headings,
            ["H".to_owned(), note(1), kept],
            "what is gone and undecided leaves the device in no answer"
        );
    }
}
