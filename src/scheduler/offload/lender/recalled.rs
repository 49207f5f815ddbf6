//! What is lent no more: its document is another one, other folders may be shared, or nothing can be saved.

use super::Lender;
use crate::base::id::{DocId, PeerKey};
use crate::scheduler::offload::lendable::Lendable;
use crate::scheduler::offload::worker::Worker;
use crate::wire::work::Work;
use std::collections::BTreeSet;

impl Lender {
    /// A document is another one now: nothing of it is lent any more, and what comes for it is dropped.
    pub(in crate::scheduler) fn forget_document(&mut self, doc: DocId) {
        self.documents.remove(&doc);
        self.pool.longer.remove(&doc);
        self.here.values_mut().filter(|of| **of == Some(doc)).for_each(|of| *of = None);
        self.pool.chunks.retain(|chunk| chunk.doc != doc);
        self.pool.awaited.forget_document(doc);
        self.forget_alone(|chunk| chunk.doc == doc);
        self.pool.known.retain(|(known, _)| known.chunk.doc != doc);
        self.results.unconfirmed.forget_document(doc);
        self.pool.here.retain(|_, text| text.doc != doc);
        for chunk in self.leases.values_mut().flat_map(|lease| &mut lease.chunks) {
            chunk.take_if(|chunk| chunk.doc == doc);
        }
        self.end_empty();
        self.results.good.retain(|good| good.chunk.doc != doc);
        self.workers.values_mut().for_each(|worker| worker.forget_document(doc));
    }

    /// Ends all leases: what may be lent has changed. Gives who is to be told. What was made of these texts stays here and waits for its check;
    /// whether a text may still leave is known once it is read anew.
    pub(in crate::scheduler) fn end_lending(&mut self) -> Vec<(PeerKey, Work)> {
        let (mut chunks, mut told): (Vec<Lendable>, _) = (std::mem::take(&mut self.pool.chunks).into(), Vec::new());
        for (id, lease) in std::mem::take(&mut self.leases) {
            chunks.extend(lease.chunks.into_iter().flatten());
            told.push((lease.peer, Work::End(id)));
        }
        chunks.extend(self.pool.awaited.take().into_iter().map(|waiting| waiting.chunk));
        chunks.extend(self.pool.alone.iter().cloned());
        self.forget_alone(|_| true);
        self.pool.known.clear();
        self.results.unconfirmed.read_anew();
        self.pool.longer.clear();
        chunks.iter().for_each(|chunk| self.end_chunk(chunk.doc, chunk.key));
        self.workers.values_mut().for_each(Worker::read_anew);
        told
    }

    /// Ends all leases: nothing can be saved. Gives who is to be told.
    pub(in crate::scheduler) fn end_all(&mut self) -> Vec<(PeerKey, Work)> {
        let ended =
            std::mem::take(&mut self.leases).into_iter().map(|(id, lease)| (lease.peer, Work::End(id))).collect();
        self.pool.chunks.clear();
        self.pool.awaited.take();
        self.forget_alone(|_| true);
        // Those with known vectors leave the device too.
        self.pool.known.clear();
        self.results.unconfirmed.read_anew();
        self.pool.longer.clear();
        self.pool.here.clear();
        // These are embedded once more, and so is what the leases have that is not sent yet.
        let dropped = self.workers.values_mut().map(|worker| worker.take_held().count()).sum::<usize>();
        let good = self.results.good.drain(..).filter(|good| good.by.is_some()).count();
        self.results.again.unproven += (dropped + good) as u64;
        let documents: BTreeSet<DocId> = std::mem::take(&mut self.documents).into_keys().collect();
        self.over.documents.extend(documents);
        ended
    }
}
