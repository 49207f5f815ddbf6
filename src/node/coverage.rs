//! How many files an answer covers: those of this device, for its owner and for other devices, and what other devices say of theirs.

use super::Node;
use crate::base::hit::FileCoverage;
use crate::base::id::PeerKey;
use crate::limits::PEER_FILES_MAX;
use crate::scheduler::path::covers;
use crate::store::counts::Kind;
use crate::store::record::{Mark, MarkKind, Source};
use crate::wire::message;

impl Node {
    /// How many of its files a peer searches, which comes ahead of its answer.
    pub(super) fn on_peer_coverage(&mut self, peer: PeerKey, coverage: &message::Coverage) {
        let message::Coverage { id, known, searchable, away, scanning } = *coverage;
        // What it says cannot be checked, and is told to a person: no more files than a device can have.
        let files = FileCoverage::new(known.min(PEER_FILES_MAX), searchable, away, scanning);
        self.queries.local.add_peer_coverage(id, peer, files);
    }

    /// How many of this device's files a search here covers.
    pub(super) fn file_coverage(&self) -> FileCoverage {
        let counts = self.scheduler.counts();
        let searchable = counts.count(Kind::Ready);
        let away = self.away_in(|_| true).map(|mark| mark.documents).fold(0, u64::saturating_add);
        let looking = self.scheduler.may_find_more(|_| true);
        let media = counts.waiting_media();
        FileCoverage::new((counts.unfinished() + searchable).saturating_sub(media), searchable, away, looking)
            .with_read(counts.count(Kind::Chunked))
            .with_media(media)
    }

    /// The same for the members: only what they may see counts. Where some folders are private it is known from the last
    /// count of the shared collections; `None` before the first one.
    pub(super) fn shared_coverage(&self) -> Option<FileCoverage> {
        let is_shared = |source: &Source| source.ring.is_shared();
        let is_private = self.scheduler.has_private_folders();
        let FileCoverage { known, searchable, read, .. } =
            if self.scheduler.sources().iter().all(is_shared) { self.file_coverage() } else { self.gossip.shared? };
        let gone = self.gone_in(is_shared);
        let (mut unknown, mut withheld, mut away) = (gone, gone, 0);
        for mark in self.away_in(is_shared) {
            if is_private {
                unknown += mark.known();
                withheld += mark.documents;
            } else {
                away += mark.documents;
            }
        }
        if is_private {
            let shared = self.scheduler.sources().iter().filter(|source| is_shared(source));
            let kept: u64 = shared.map(|source| self.scheduler.kept_without_files(&source.path)).sum();
            (unknown, withheld) = (unknown + kept, withheld + kept);
        }
        let looking = self.scheduler.may_find_more(is_shared);
        let told = FileCoverage::new(known.saturating_sub(unknown), searchable.saturating_sub(withheld), away, looking);
        Some(told.with_read(read))
    }

    /// The places in such sources that are away.
    fn away_in(&self, is: impl Fn(&Source) -> bool) -> impl Iterator<Item = &Mark> {
        let sources = self.scheduler.sources();
        let marks = self.scheduler.marks().iter().filter(|mark| mark.kind != MarkKind::Forgotten);
        marks.filter(move |mark| {
            let around = sources.iter().filter(|source| covers(&source.path, &mark.path));
            around.max_by_key(|source| source.path.len()).is_some_and(&is)
        })
    }

    /// How many documents of such sources are gone, and answer here only until their owner has decided.
    fn gone_in(&self, is: impl Fn(&Source) -> bool) -> u64 {
        let sources = self.scheduler.sources();
        let asked = self
            .scheduler
            .questions()
            .filter(|(path, _)| sources.iter().any(|source| source.path == *path && is(source)));
        asked.map(|(_, question)| question.gone.len() as u64 + question.more).sum()
    }
}
