//! Queries of the scheduler's state.

use super::key_files::AGENT_HOME;
use super::losses::Question;
use super::machine::Scheduler;
use super::path::covers;
use super::task::Task;
use crate::base::id::{DocId, Ring, TaskId};
use crate::base::time::{Duration, Instant};
use crate::limits::{KEY_FILES_SHOWN, LENDING_SLOTS, NAMED_FILES_MAX, SAVES_MAX};
use crate::store::counts::{Kind, StoreCounts};
use crate::store::keys::Stage;
use crate::store::record::{CollectionModel, Mark, MarkKind, Source};
use std::collections::BTreeSet;

impl Scheduler {
    /// The counts, as of the last save.
    #[must_use]
    pub const fn counts(&self) -> &StoreCounts {
        &self.counts
    }

    /// Documents that wait for files that are not there: for them nothing can be done before a scan finds these.
    #[must_use]
    pub fn absent(&self) -> u64 {
        self.queue.absent().min(self.counts.count(Kind::Waiting))
    }

    /// Chunks of which vectors are missing.
    #[must_use]
    pub const fn to_embed(&self) -> u64 {
        self.counts.to_embed()
    }

    /// Documents for which there is work: those that are to be read or embedded, but for the absent ones.
    #[must_use]
    pub fn to_do(&self) -> u64 {
        self.counts.unfinished().saturating_sub(self.absent())
    }

    /// Whether documents are to be read or embedded of which no task has failed just now: those rest for minutes, or wait for another device.
    #[must_use]
    pub fn waits_for_nothing(&self) -> bool {
        self.to_do() > self.queue.resting()
    }

    /// The watched sources, as on the disk.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources.saved.places
    }

    /// Whether this device has folders whose documents no other device sees.
    #[must_use]
    pub fn has_private_folders(&self) -> bool {
        self.sources().iter().any(|source| source.ring == Ring::Private)
    }

    /// The models of collections that have one of their own, as on the disk.
    #[must_use]
    pub fn models(&self) -> &[CollectionModel] {
        &self.sources.saved.models
    }

    /// The model that was set for a collection.
    #[must_use]
    pub fn model_of(&self, collection: &str) -> Option<&CollectionModel> {
        self.sources.saved.model_of(collection)
    }

    /// The private collections without a folder, as on the disk.
    #[must_use]
    pub fn private_names(&self) -> &[String] {
        &self.sources.saved.private
    }

    /// The marks on places.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        self.decisions.marks()
    }

    /// The sources that would lose more than half of their documents at once, and what their owner is asked.
    pub fn questions(&self) -> impl Iterator<Item = (&[u8], &Question)> {
        self.decisions.losses.questions()
    }

    /// Whether a scan has not found the document's file: its owner is asked about it, it is being removed, or the scan goes on.
    #[must_use]
    pub fn knows_gone(&self, doc: DocId) -> bool {
        self.gone_since(doc).is_some() || self.decisions.concern(doc) || self.decisions.losses.is_missed(doc)
    }

    /// Whether another device may have texts of a document at this path: not those of a private folder, of a file that is known to be gone, or of a
    /// folder whose owner was being asked about what is gone when the agent ended, until it has been looked at: which files are gone is not known
    /// before, and they may lie in a private folder.
    #[must_use]
    pub fn may_leave(&self, doc: Option<DocId>, path: &[u8]) -> bool {
        let of = self.sources.saved.of(path).filter(|source| source.ring.is_shared());
        let is_known = of.is_some_and(|source| !self.decisions.losses.is_unsure(&source.path));
        is_known && !doc.is_some_and(|doc| self.knows_gone(doc))
    }

    /// Why nothing of a source, or of a place in one, could be looked at, as the end of a sentence; `None` if something could be, nothing is
    /// there, or that is not known of a part.
    #[must_use]
    pub fn why_away(&self, place: &[u8]) -> Option<&str> {
        let is_home = || self.scans.left_out.is_home(place).then_some(AGENT_HOME);
        self.decisions.losses.why_away(place).or_else(is_home)
    }

    /// Since when the document's file is gone, in seconds since 1970, if its owner is asked about it, now or
    /// after the answer to another question.
    #[must_use]
    pub fn gone_since(&self, doc: DocId) -> Option<i64> {
        self.decisions.losses.gone_since(doc)
    }

    /// When the last look at all of a source ended.
    #[must_use]
    pub fn looked_at(&self, source: &[u8]) -> Option<Instant> {
        self.decisions.losses.looked_at(source)
    }

    /// Whether the system reports the changes of a source, so that it need not be polled; not before the watcher has said so.
    #[must_use]
    pub fn is_followed(&self, source: &[u8]) -> bool {
        self.scans.is_followed(source)
    }

    /// Whether a place is one that this user may not read, or lies in one, as the watcher said: what is known of it is not away, and its owner may have
    /// closed it to others.
    #[must_use]
    pub fn is_locked(&self, path: &[u8]) -> bool {
        self.scans.locked.iter().any(|place| covers(place, path))
    }

    /// The open question about a source, for people.
    pub(super) fn question_of(&self, source: &[u8]) -> Option<String> {
        let (_, question) = self.questions().find(|(path, _)| *path == source)?;
        Some(question.sentence(source, self.has_private_folders()))
    }

    /// Whether this is a running task of this machine.
    #[must_use]
    pub fn runs(&self, id: TaskId) -> bool {
        self.running.contains(id)
    }

    /// Whether one more background task could start. Each running task may end in a save: room for all of them is
    /// reserved.
    #[must_use]
    pub fn has_slot(&self) -> bool {
        let beside = self.running.lending().min(LENDING_SLOTS) + self.running.beside();
        self.running.len() - beside < self.slots && self.under_way() < SAVES_MAX
    }

    /// The file that is read for so long that another task has its slot.
    #[must_use]
    pub fn long_read(&self) -> Option<TaskId> {
        self.running.long_reads().min_by_key(|(_, since)| *since).map(|(id, _)| id)
    }

    /// The same for a task that reads what others may embed, which has a slot of its own besides: what reads a long file has one for minutes.
    pub(super) fn has_slot_to_lend(&self) -> bool {
        self.running.len() - self.running.beside() < self.slots + LENDING_SLOTS
            && (self.running.lending() < LENDING_SLOTS || self.has_slot())
            && self.under_way() < SAVES_MAX
    }

    /// Tasks and saves under way.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.running.len() + self.saves.len()
    }

    /// Whether a scan is planned or under way.
    #[must_use]
    pub fn scanning(&self) -> bool {
        self.scans.any()
    }

    /// Whether nothing is under way that a stop must wait for. A broken store ends no save any more.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        self.running.len() == 0 && (self.saves.len() == 0 || self.outage.is_on())
    }

    /// Whether no task may start, because the store is broken or the disk is full.
    #[must_use]
    pub const fn stands_still(&self) -> bool {
        self.outage.is_on() || self.disk.is_full()
    }

    /// Whether the disk is full, and nothing else is wrong with the store.
    #[must_use]
    pub const fn is_disk_full(&self) -> bool {
        !self.outage.is_on() && self.disk.is_full()
    }

    /// Whether the store failed so that only the next start can write it.
    #[must_use]
    pub fn needs_restart(&self) -> bool {
        self.outage.needs_restart()
    }

    /// Why no task may start, for people.
    #[must_use]
    pub fn held_reason(&self) -> Option<String> {
        let full = || self.disk.is_full().then(|| self.disk.reason());
        self.outage.reason().or_else(full)
    }
}

/// What the store may not have of the files, because nothing could be saved.
impl Scheduler {
    /// Notes whether anything can be saved. What changed meanwhile is taken in by the looks that follow.
    pub(super) fn note_standstill(&mut self, now: Instant) {
        let is_due = || self.scans.queue.has_dirty() || self.scans.deadline().is_some_and(|due| due <= now);
        self.scans.are_behind = self.stands_still() || self.scans.are_behind && (self.scans.any() || is_due());
    }

    /// If the store may have texts that are not there any more, because changes could not be saved: the documents whose files are known to be
    /// gone, and answer nevertheless, as hits that say so. Only a person at this device is `told` of these.
    #[must_use]
    pub fn behind(&self, told: bool) -> Option<BTreeSet<DocId>> {
        let asked =
            || self.questions().filter(|_| told).flat_map(|(_, question)| &question.gone).map(|found| found.doc);
        self.scans.are_behind.then(|| asked().collect())
    }
}

/// What runs, and how it gets on.
impl Scheduler {
    /// The running tasks, each with the time when it began.
    pub fn running_tasks(&self) -> impl Iterator<Item = (&Task, Instant)> {
        self.running.iter()
    }

    /// Chunks that get their vectors in a minute, on all devices together; `None` if that is not known now.
    #[must_use]
    pub fn embedded_per_minute(&self, now: Instant) -> Option<u64> {
        self.saves.pace.per_minute(now)
    }
}

/// How files get on.
impl Scheduler {
    /// The process stood still for so long: that counts in no pace.
    pub fn stood(&mut self, now: Instant, stood: Duration) {
        self.saves.pace.stood(stood);
        self.offload.lender.stood(now, stood);
    }

    /// This device did not run for so long until now, if perhaps not long enough to stand still: nothing is learnt of others from what came meanwhile.
    pub fn blind(&mut self, now: Instant, gap: Duration) {
        self.offload.lender.blind(now, gap);
    }

    /// Whether passages were embedded since this was noted last, here or elsewhere, or could have been: other time counts in no pace.
    pub fn note_embedding(&mut self, now: Instant, works: bool) {
        self.saves.pace.note(now, works);
    }

    /// Whether files are to be read that are there, and of which no task has failed just now.
    #[must_use]
    pub fn has_to_read(&self) -> bool {
        let there = self.counts.count(Kind::Waiting).saturating_sub(self.absent());
        there > self.queue.resting_before(Stage::Read)
    }

    /// Files that are read here in a minute, by the last seconds; `None` where none is.
    #[must_use]
    pub fn read_per_minute(&self, now: Instant) -> Option<u64> {
        self.saves.reads.per_minute(now)
    }
}

/// What is not known of the files yet.
impl Scheduler {
    /// Whether more files may be found in one of these sources: by a look that is under way, or by the first one. Not in one that is away:
    /// nobody knows when it is looked at. A look that has found files there is over some time; the mark goes with its end.
    #[must_use]
    pub fn may_find_more(&self, of: impl Fn(&Source) -> bool) -> bool {
        let away = |mark: &&Mark| mark.kind != MarkKind::Forgotten;
        let is_away = |source: &Source| self.marks().iter().filter(away).any(|mark| covers(&mark.path, &source.path));
        // Where nothing may be saved, a look that is due does not begin.
        let is_due = |source: &Source| self.held_reason().is_some() && self.scans.queue.has_changes_in(&source.path);
        let is_open = |source: &Source| {
            self.scans.is_planned(&source.path) || self.looked_at(&source.path).is_none() || is_due(source)
        };
        let is_back = |source: &Source| self.decisions.losses.finds() && self.scans.is_first(&source.path);
        let knows = |source: &Source| !is_away(source) || is_back(source);
        self.sources().iter().any(|source| of(source) && is_open(source) && knows(source))
    }
}

/// What the looks left out.
impl Scheduler {
    /// How many files of keys and passwords the looks at a source left out, and the paths of the first `KEY_FILES_SHOWN`.
    #[must_use]
    pub fn key_files(&self, source: &[u8]) -> (u64, Vec<Vec<u8>>) {
        let sources = self.sources().iter().map(|source| &*source.path);
        self.scans.left_out.of(source, sources, KEY_FILES_SHOWN)
    }

    /// How many files and folders patterns of `.gitignore` and `.wattleignore` left out of a source, as far as they are known, and the
    /// first `KEY_FILES_SHOWN`.
    #[must_use]
    pub fn ignored(&self, source: &[u8]) -> (u64, Vec<Vec<u8>>) {
        self.scans.ignored.of(source, |path| self.sources.holds(path), KEY_FILES_SHOWN)
    }

    /// Those of them that are asked for by this; at most `NAMED_FILES_MAX`.
    #[must_use]
    pub fn ignored_asked(&self, asked: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        self.scans.ignored.asked(|path| asked(path) && !self.sources.holds(path), NAMED_FILES_MAX)
    }

    /// The homes of other agents that the looks at a source left out.
    #[must_use]
    pub fn agent_homes(&self, source: &[u8]) -> Vec<Vec<u8>> {
        self.scans.left_out.homes(source)
    }

    /// Files of keys and passwords that were left out and are asked for by this; at most `NAMED_FILES_MAX`.
    #[must_use]
    pub fn key_files_asked(&self, asked: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
        let is_source = |path: &[u8]| self.sources().iter().any(|source| source.path == path);
        self.scans.left_out.asked(|path| asked(path) && !is_source(path), NAMED_FILES_MAX)
    }
}
