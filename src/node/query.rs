//! The flow of queries.
//!
//! A query of a person: embed it, search here and send it to every linked peer that may answer, merge what comes by the
//! deadline, and name the devices that did not answer. In a large mesh only the neighbours are linked; the answer says
//! how many devices were not asked. Texts of peers whose vectors would give them the first places are embedded here first
//! (`query::checks`). A query of a peer: search the collections shared with the mesh and answer once.

use super::output::{DeviceCoverage, Narrowed, Output, Problem, RankedHit, RankedPlace, Response, SilentDevice};
use super::query_state::{PeerQuery, QueryState};
use super::{Node, Out, panicked};
use crate::base::file_name::AskedNames;
use crate::base::filter::Matcher;
use crate::base::finding::quoted;
use crate::base::hit::{Absence, FileCoverage, Found, SearchHit, UnusableFile};
use crate::base::id::{Fingerprint, PeerKey, ReplyId, TaskId};
use crate::base::time::Instant;
use crate::base::vector::Quantized;
use crate::limits::{ANSWER_BYTES_MAX, HITS_MAX, QUESTION_BYTES_MAX, SILENT_NAMED_MAX};
use crate::mesh::conduct::Offence;
use crate::mesh::trust::Rights;
use crate::query::check::{HitText, Lie};
use crate::query::evidence::with_note;
use crate::query::merge::{any_fits, have_phrases, lack_phrases, merge};
use crate::query::pending::PendingQuery;
use crate::query::question::Question;
use crate::scheduler::task::{Outcome, Query, Task};
use crate::wire::message;
use crate::wire::message::Message;

impl Node {
    /// A person's query: begins with its embedding.
    pub(super) fn on_search(&mut self, now: Instant, reply: ReplyId, question: Question, count: usize, out: &mut Out) {
        if !self.queries.local.room() {
            let busy = "Too many questions are being answered just now; ask again in a moment.";
            return out.push(Output::Reply(reply, Response::refused(Problem::Busy, busy)));
        }
        if let Err(why) = self.check_devices(&question.filter) {
            return out.push(Output::Reply(reply, Response::refused(Problem::Conflict, why)));
        }
        let task = self.scheduler.issue();
        self.queries.local.open(now, reply, question.clone(), count, task);
        out.push(Output::Start(task, Task::EmbedQuery { question: question.text }));
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
            let is_unread = found.unread;
            let (found, vectors) = fit_into_message(found, vectors, |hit| self.may_leave(hit));
            let vector =
                |vector: &Quantized| message::HitVector { scale: vector.scale(), codes: vector.bytes().collect() };
            let vectors: Vec<_> = vectors.into_iter().map(vector).collect();
            if !vectors.is_empty() {
                out.push(Output::Send(peer, Message::Vectors(message::Vectors { id, vectors })));
            }
            if let Some(FileCoverage { known, searchable, away, scanning, read, .. }) = self.shared_coverage() {
                let coverage = message::Coverage { id, known, searchable, away, scanning };
                out.push(Output::Send(peer, Message::Coverage(coverage)));
                if read > 0 {
                    out.push(Output::Send(peer, Message::Unembedded(message::Unembedded { id, files: read })));
                }
            }
            if filtered {
                out.push(Output::Send(peer, Message::Filtered(message::Filtered { id })));
            }
            if is_unread {
                out.push(Output::Send(peer, Message::Unread(message::Unread { id })));
            }
            out.push(self.answer_to(peer, id, Some(Box::new(found))));
            return true;
        }
        let own = if let Outcome::QueryEmbedding(embedding) = outcome { Some(embedding) } else { None };
        if self.queries.local.end_check(task, own) {
            self.go_on_with_queries(now, out);
            return true;
        }
        match outcome {
            Outcome::QueryEmbedding(embedding) => self.send_query(now, task, embedding, out),
            Outcome::Found(found, _) => {
                if self.queries.local.add_local_result(task, Found::clone(found)) {
                    self.go_on_with_queries(now, out);
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

    /// A peer's query. A peer with the right gets exactly one answer, which says that there is none if the query is
    /// malformed or there is no room.
    pub(super) fn on_peer_query(&mut self, peer: PeerKey, query: message::Query, out: &mut Out) {
        if !self.trust.may(peer, Rights::ANSWER) {
            return;
        }
        let model = Fingerprint(query.model);
        self.on_model(peer, query.model);
        let embedding = Quantized::from_parts(query.scale, &query.codes).and_then(|codes| codes.exact(model).ok());
        let fits = model == self.config.fingerprint && query.question.len() <= QUESTION_BYTES_MAX;
        let task = self.scheduler.issue();
        let filter = self.queries.take_filters(peer, query.id);
        let filtered = filter.is_some();
        match embedding {
            Some(embedding)
                if fits
                    && !self.stopping
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

    /// What is so with the file of a hit: one of this device in a folder that may not be read is not away.
    fn absence(&self, hit: &SearchHit) -> Option<Absence> {
        let is_locked = hit.doc.is_some() && self.scheduler.is_locked(&hit.path);
        hit.absence
            .map(|absence| if is_locked && matches!(absence, Absence::Away(_)) { Absence::Unreadable } else { absence })
    }

    /// Since when the file of a hit is gone, if its owner is asked about it.
    fn gone_since(&self, hit: &SearchHit) -> Option<i64> {
        self.scheduler.gone_since(hit.doc?)
    }

    /// Whether other devices may read a hit as things are now: where this device has private folders not that of a file that is away, or
    /// kept without its file, either, because it may have been moved into one of them; and never that of one that cannot be read any more.
    pub(super) fn may_leave(&self, hit: &SearchHit) -> bool {
        let may_be_moved = hit.absence.is_some() && self.scheduler.has_private_folders();
        let is_closed = self.absence(hit) == Some(Absence::Unreadable);
        self.scheduler.may_leave(hit.doc, &hit.path) && !may_be_moved && !is_closed
    }

    /// The files that are left out and are asked for by their names: nothing else in the answer tells that they are there.
    fn left_out(&self, question: &str) -> Vec<UnusableFile> {
        let asked = AskedNames::new(question);
        let file = |path: Vec<u8>| UnusableFile {
            reason: format!(
                "Its name is that of a file of keys or passwords, so it is not read. `wattle add {}` takes it in.",
                quoted(&String::from_utf8_lossy(&path))
            ),
            path,
        };
        let ignored = |path: Vec<u8>| UnusableFile {
            reason: format!(
                "A pattern of .gitignore or .wattleignore leaves it out, so it is not read. `wattle add {}` takes it in.",
                quoted(&String::from_utf8_lossy(&path))
            ),
            path,
        };
        let keys = self.scheduler.key_files_asked(|path| asked.has(path)).into_iter().map(file);
        keys.chain(self.scheduler.ignored_asked(|path| asked.has(path)).into_iter().map(ignored)).collect()
    }

    /// Merges what came and replies.
    fn answer(&self, now: Instant, query: PendingQuery, out: &mut Out) {
        let answered = query.lists.len();
        // This device is always asked; it counts as silent if the deadline passed before it answered.
        let own = query.lists.iter().find(|(device, _)| device.is_none());
        let (here, unread) = (own.is_some(), own.is_some_and(|(_, found)| found.unread));
        let is_here_meant = self.is_meant(&query.question.filter, None);
        let asked = answered + query.silent.len() + usize::from(!here && is_here_meant);
        let silent = query.silent.iter().take(SILENT_NAMED_MAX).map(|key| SilentDevice {
            device: self.title(Some(*key)),
            peer_id: self.peer_id_of(Some(*key)),
            other_model: self.has_other_model(now, *key),
        });
        let silent = silent.collect();
        let of =
            |(key, files)| DeviceCoverage { device: self.title(Some(key)), peer_id: self.peer_id_of(Some(key)), files };
        let others = query.beside.coverage.into_iter().map(of).collect();
        let unfiltered = query.beside.unfiltered.iter().map(|key| self.title(Some(*key))).collect();
        let text = &query.question.text;
        let unusable = query.lists.iter().filter(|(device, _)| device.is_none());
        let unusable = unusable.flat_map(|(_, found)| found.unusable.iter().cloned()).chain(self.left_out(text));
        let matcher = Matcher::new(&query.question.filter);
        let unusable = unusable.filter(|file| is_here_meant && matcher.takes_path(&file.path));
        let unusable = (self.scheduler.counts().unusable(), unusable.collect());
        let place = |(device, path)| RankedPlace { device: self.title(device), peer_id: self.peer_id_of(device), path };
        let merged = merge(&query.question, query.lists, query.count);
        let lack_phrases = !merged.is_empty() && lack_phrases(text, &merged);
        let fits = merged.is_empty() || any_fits(&merged) || have_phrases(text, &merged);
        let away = |absence| if let Absence::Away(since) = absence { Some(since) } else { None };
        let kept = |absence| if let Absence::Kept(since) = absence { Some(since) } else { None };
        let known = merged.into_iter().map(|merged| (self.absence(&merged.hit), merged));
        let hits = known.map(|(absence, merged)| RankedHit {
            device: self.title(merged.device),
            peer_id: self.peer_id_of(merged.device),
            score: merged.score,
            gone_since: self.gone_since(&merged.hit),
            path: merged.hit.path,
            heading: merged.hit.heading,
            text: merged.hit.text,
            away_since: absence.and_then(away),
            kept_since: absence.and_then(kept),
            is_unreadable: absence == Some(Absence::Unreadable),
            places: merged.places.into_iter().map(place).collect(),
        });
        let narrowed = Narrowed { lack_phrases, filters: query.question.filter.told(), unfiltered };
        let files = if is_here_meant { self.file_coverage() } else { FileCoverage::default() };
        let files = FileCoverage { unread, ..files };
        let (not_asked, held) = (query.not_asked, self.scheduler.held_reason());
        let response = Response::Hits {
            hits: hits.collect(),
            asked,
            answered,
            silent,
            not_asked,
            files,
            others,
            fits,
            narrowed,
            unusable,
            held,
        };
        out.push(Output::Reply(query.reply, response));
    }
}

/// As many of the hits that may leave the device, best first, as fit into one message, with their vectors, of which there may be none: with the
/// longest paths and chunks not all do.
fn fit_into_message<'a>(
    found: &Found,
    vectors: &'a [Quantized],
    may_leave: impl Fn(&SearchHit) -> bool,
) -> (Found, Vec<&'a Quantized>) {
    let mut room = ANSWER_BYTES_MAX;
    let fits = |(_, hit): &(usize, &SearchHit)| {
        let size = hit.path.len() + hit.heading.len() + hit.text.len() + 4 * hit.frequencies.counts.len() + 128;
        room = room.saturating_sub(size);
        room > 0
    };
    let told = |(at, hit): (usize, &SearchHit)| {
        let mut hit = hit.clone();
        if let Some(absence) = hit.absence {
            hit.heading = with_note(&hit.heading, absence);
        }
        (hit, vectors.get(at))
    };
    let may_leave = |(_, hit): &(usize, &SearchHit)| may_leave(hit);
    let told = found.hits.iter().enumerate().filter(may_leave).take_while(fits).map(told);
    let (hits, vectors): (_, Vec<_>) = told.unzip();
    (
        Found { statistics: found.statistics.clone(), hits, unusable: Vec::new(), unread: false },
        vectors.into_iter().flatten().collect(),
    )
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
            path: b"/a.md".to_vec(),
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
        let (told, sent) = fit_into_message(&found, &vectors, |hit| hit.doc != Some(DocId(2)));
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
