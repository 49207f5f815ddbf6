//! The answer to a person's question: what came, merged, with what was not searched.

use super::output::{DeviceCoverage, DeviceName, Output, RankedHit, RankedPlace, Response, SilentDevice, Uncovered};
use super::{Node, Out};
use crate::base::file_name::AskedNames;
use crate::base::filter::Matcher;
use crate::base::finding::quoted_bytes;
use crate::base::hit::{Absence, FileCoverage, SearchHit, UnusableFile};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::limits::{PEER_FILES_MAX, SILENT_NAMED_MAX};
use crate::query::merge::{Merged, any_fits, have_phrases, lacking, merge, told_absent, told_missing};
use crate::query::pending::PendingQuery;
use crate::query::remark::{are_still_absent, is_strong, still_missing};
use crate::search::lexical::terms::QueryTerms;
use crate::search::snippet::snippet;
use crate::wire::gossip::{Fact, Kind};

impl Node {
    /// Merges what came and replies.
    pub(super) fn answer(&self, now: Instant, mut query: PendingQuery, out: &mut Out) {
        let lists = core::mem::take(&mut query.lists);
        let answered = lists.len();
        // This device is always asked; it counts as silent if the deadline passed before it answered.
        let own = lists.iter().find(|(device, _)| device.is_none());
        let here = own.is_some();
        let (unread, cut_short) = own.map_or((false, false), |(_, found)| (found.unread, found.cut_short));
        let words_due = own.map(|(_, found)| found.words_due).unwrap_or_default();
        let of_types = own.and_then(|(_, found)| found.of_types);
        let filter = &query.question.filter;
        let is_here_meant = self.is_meant(filter, None);
        let asked = answered + query.silent.len() + usize::from(!here && is_here_meant);
        let own_silence = (!here && is_here_meant).then_some(None);
        let silent = own_silence.into_iter().chain(query.silent.iter().copied().map(Some)).take(SILENT_NAMED_MAX);
        let silent = silent.map(|key| self.silent_device(now, key)).collect();
        let of = |(key, files): &(PeerKey, FileCoverage)| DeviceCoverage {
            device: self.title(Some(*key)),
            peer_id: self.peer_id_of(Some(*key)),
            files: *files,
            unusable: self.queries.holdings.unusable_of(*key),
        };
        let others = query.beside.coverage.iter().map(of).collect();
        let text = &query.question.text;
        let unusable = own.into_iter().flat_map(|(_, found)| found.unusable.iter().cloned()).chain(self.left_out(text));
        let matcher = Matcher::new(filter);
        let unusable = unusable.filter(|file| is_here_meant && matcher.takes_path(&file.path));
        let unusable = (if is_here_meant { self.scheduler.counts().unusable() } else { 0 }, unusable.collect());
        let lacking = lacking(&query.question, &lists);
        let absent = told_absent(&query.question, &lists);
        let merged = merge(&query.question, lists, &lacking, query.count);
        let no_phrase = lacking.no_phrase && !merged.is_empty();
        let fits = merged.is_empty() || any_fits(&merged) || have_phrases(text, &merged);
        let mut narrowed = self.narrowed(now, &query, (no_phrase, !merged.is_empty()), (of_types, answered == 1));
        let terms = QueryTerms::new(text);
        narrowed.english_only = !is_strong(&merged) && self.is_english_only(text, &filter.collections);
        narrowed.unknown.extend(told_missing(&still_missing(&lacking.missing, &merged)));
        narrowed.unknown.extend(absent.filter(|_| are_still_absent(&terms, &merged)));
        let hits = merged.into_iter().map(|merged| self.ranked(&terms, merged)).collect();
        let files = if is_here_meant { self.file_coverage() } else { FileCoverage::default() };
        let files = FileCoverage { unread, cut_short, ..files.without(words_due) };
        let name = |key: &PeerKey| DeviceName { device: self.title(Some(*key)), peer_id: self.peer_id_of(Some(*key)) };
        let (not_asked, held) = (query.not_asked.far.len(), self.scheduler.held_reason());
        let response = Response::Hits {
            hits,
            asked,
            answered,
            silent,
            not_asked,
            nothing_else: query.not_asked.nothing_else.iter().map(name).collect(),
            frozen: query.not_asked.frozen.iter().map(name).collect(),
            uncovered: self.uncovered(now, &query, &files),
            files,
            others,
            fits,
            narrowed,
            unusable,
            held,
        };
        out.push(Output::Reply(query.reply, response));
    }

    /// A hit as people see it.
    fn ranked(&self, terms: &QueryTerms, merged: Merged) -> RankedHit {
        let place = |(device, path)| RankedPlace { device: self.title(device), peer_id: self.peer_id_of(device), path };
        RankedHit {
            device: self.title(merged.device),
            peer_id: self.peer_id_of(merged.device),
            score: merged.score,
            absence: self.absence(&merged.hit),
            gone_since: self.gone_since(&merged.hit),
            passage: merged.device.is_none().then_some(merged.hit.row),
            snippet: snippet(terms, &merged.hit.heading, &merged.hit.text),
            path: merged.hit.path,
            heading: merged.hit.heading,
            text: merged.hit.text,
            places: merged.places.into_iter().map(place).collect(),
        }
    }

    /// What was not searched: files here and there that are still to be read, and all of devices that did not answer or are not linked.
    fn uncovered(&self, now: Instant, query: &PendingQuery, files: &FileCoverage) -> Uncovered {
        let unread = |files: &FileCoverage| files.known.saturating_sub(files.searchable).saturating_sub(files.read);
        let there = query.beside.coverage.iter().map(|(_, files)| unread(files));
        let mut uncovered =
            Uncovered { documents: there.fold(unread(files), u64::saturating_add), ..Uncovered::default() };
        for peer in query.silent.iter().chain(&query.not_asked.far).chain(&query.not_asked.frozen) {
            match self.gossip.items.fact(now, *peer, Kind::Collections) {
                Some(Fact::Collections(list)) => {
                    let documents = list.iter().map(|collection| u64::from(collection.documents)).sum::<u64>();
                    let documents = documents.min(PEER_FILES_MAX);
                    uncovered.elsewhere = uncovered.elsewhere.saturating_add(documents);
                }
                _ => uncovered.unknown_devices += 1,
            }
        }
        uncovered.documents = uncovered.documents.saturating_add(uncovered.elsewhere);
        uncovered
    }

    /// `None` is this device.
    fn silent_device(&self, now: Instant, key: Option<PeerKey>) -> SilentDevice {
        SilentDevice {
            device: self.title(key),
            peer_id: self.peer_id_of(key),
            other_model: key.is_some_and(|key| self.has_other_model(now, key)),
        }
    }

    /// What is so with the file of a hit: one of this device in a folder that may not be read is not away.
    pub(super) fn absence(&self, hit: &SearchHit) -> Option<Absence> {
        let is_locked = hit.doc.is_some() && self.scheduler.is_locked(&hit.path);
        hit.absence
            .map(|absence| if is_locked && matches!(absence, Absence::Away(_)) { Absence::Unreadable } else { absence })
    }

    /// Since when the file of a hit is gone, if its owner is asked about it.
    fn gone_since(&self, hit: &SearchHit) -> Option<i64> {
        self.scheduler.gone_since(hit.doc?)
    }

    /// The files that are left out and are asked for by their names: nothing else in the answer tells that they are there.
    fn left_out(&self, question: &str) -> Vec<UnusableFile> {
        let asked = AskedNames::new(question);
        let file = |path: Vec<u8>| UnusableFile {
            reason: format!(
                "Its name is that of a file of keys or passwords, so it is not read. `wattle add {}` takes it in.",
                quoted_bytes(&path)
            ),
            path,
        };
        let ignored = |path: Vec<u8>| UnusableFile {
            reason: format!(
                "A pattern of .gitignore or .wattleignore leaves it out, so it is not read. `wattle add {}` takes it in.",
                quoted_bytes(&path)
            ),
            path,
        };
        let keys = self.scheduler.key_files_asked(|path| asked.has(path)).into_iter().map(file);
        keys.chain(self.scheduler.ignored_asked(|path| asked.has(path)).into_iter().map(ignored)).collect()
    }
}
