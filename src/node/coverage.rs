//! How many files an answer covers: those of this device, for its owner and for other devices, and what other devices say of theirs.

use super::Node;
use crate::base::hit::FileCoverage;
use crate::base::id::{PeerKey, Ring};
use crate::scheduler::path::covers;
use crate::store::counts::Kind;
use crate::store::record::{Mark, MarkKind};
use crate::wire::message;

impl Node {
    /// How many of its files a peer searches, which comes ahead of its answer.
    pub(super) fn on_peer_coverage(&mut self, peer: PeerKey, coverage: &message::Coverage) {
        let message::Coverage { id, known, searchable, away, scanning } = *coverage;
        let files = FileCoverage::new(known, searchable, away, scanning);
        self.queries.local.add_peer_coverage(id, peer, files);
    }

    /// How many of this device's files a search here covers.
    pub(super) fn file_coverage(&self) -> FileCoverage {
        let counts = self.scheduler.counts();
        let searchable = counts.count(Kind::Ready);
        let away = self.scheduler.marks().iter().filter(|mark| mark.kind != MarkKind::Forgotten);
        let away = away.map(|mark| mark.documents).sum();
        let looking = self.scheduler.may_find_more(|_| true);
        FileCoverage::new(counts.unfinished() + searchable, searchable, away, looking)
            .with_read(counts.count(Kind::Chunked))
    }

    /// The same for the members: only what they may see counts. Where some folders are private it is known from the last
    /// count of the shared collections; `None` before the first one.
    pub(super) fn shared_coverage(&self) -> Option<FileCoverage> {
        let sources = self.scheduler.sources();
        if sources.iter().all(|source| source.ring == Ring::Mesh) {
            return Some(self.file_coverage());
        }
        let (known, searchable) = self.gossip.shared?;
        let is_shared = |mark: &&Mark| {
            let around = sources.iter().filter(|source| covers(&source.path, &mark.path));
            let nearest = around.max_by_key(|source| source.path.len());
            mark.kind != MarkKind::Forgotten && nearest.is_some_and(|source| source.ring == Ring::Mesh)
        };
        let away = self.scheduler.marks().iter().filter(is_shared).map(|mark| mark.documents).sum();
        let looking = self.scheduler.may_find_more(|source| source.ring == Ring::Mesh);
        Some(FileCoverage::new(known, searchable, away, looking))
    }
}
