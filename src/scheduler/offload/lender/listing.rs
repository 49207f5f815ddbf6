//! What is read to be lent: when, how much of it, and until when it may wait before its files are looked at once more.

use super::{Lender, Reading, Text};
use crate::base::id::{DocId, EmbedKey, PeerKey, Row};
use crate::base::time::{Duration, Instant};
use crate::limits::{ENDED_MAX, GRANT_BYTES_MAX, KNOWN_MAX, LATER_MS, LEND_CHUNKS_MAX, LENDABLE_MS};
use crate::scheduler::offload::lendable::{Known, Lendable};
use crate::wire::work::Work;
use std::collections::BTreeSet;

impl Lender {
    /// Whether somebody waits for more chunks than are read; the rest of a long document this device needs itself.
    pub(in crate::scheduler) fn wants_chunks(&self) -> bool {
        let able = |(peer, _): &(PeerKey, usize)| self.room(*peer) > 0;
        self.pool.chunks.len() < LEND_CHUNKS_MAX / 2 && (!self.pool.longer.is_empty() || self.asks.iter().any(able))
    }

    /// Documents of which a part is lent, and that have more, so many at most.
    pub(in crate::scheduler) fn take_longer(&mut self, most: usize) -> Vec<DocId> {
        (0..most).map_while(|_| self.pool.longer.pop_first()).filter(|doc| self.documents.contains_key(doc)).collect()
    }

    /// A task reads chunks of a document: it is here until that ends. Gives how many of its chunks are here.
    pub(in crate::scheduler) fn hold(&mut self, doc: DocId) -> usize {
        self.pool.is_dry = false;
        let count = self.documents.entry(doc).or_default();
        *count += 1;
        *count - 1
    }

    /// A task begins to read chunks, or those with known vectors. Gives the rows whose vectors somebody who asks may confirm: it reads these too.
    pub(in crate::scheduler) fn reads(&mut self, now: Instant) -> Vec<Row> {
        let unconfirmed = self.to_confirm();
        self.pool.reading = Some(Reading { since: now, unconfirmed: unconfirmed.clone(), ended: BTreeSet::new() });
        unconfirmed
    }

    /// It has read nothing.
    pub(in crate::scheduler) fn not_read(&mut self) {
        self.pool.reading = None;
    }

    /// These chunks were read, to be lent; of the documents `wanted` also those that could not be embedded here. Texts that are embedded
    /// here only, or that are here already, are not.
    pub(in crate::scheduler) fn listed(
        &mut self,
        chunks: Vec<Lendable>,
        known: Vec<Known>,
        longer: Vec<DocId>,
        wanted: &BTreeSet<DocId>,
    ) {
        let reading = self.pool.reading.take();
        let read = reading.as_ref().map_or(self.woken, |reading| reading.since);
        let ended = reading.map(|reading| reading.ended).unwrap_or_default();
        self.pool.longer.extend(longer.into_iter().filter(|doc| self.documents.contains_key(doc)));
        for known in known {
            if self.pool.known.len() >= KNOWN_MAX {
                self.pool.known.pop_front();
            }
            self.pool.known.push_back((known, read));
        }
        for chunk in chunks {
            // A document that changed meanwhile is not here any more.
            let is_gone = !self.documents.contains_key(&chunk.doc);
            let is_done = ended.len() >= ENDED_MAX || ended.contains(&chunk.key);
            let is_home = is_gone || is_done || self.lost.is_home(&chunk.key, wanted.contains(&chunk.doc));
            if !is_home
                && !self.pool.here.contains_key(&chunk.key)
                && chunk.text.bytes() <= GRANT_BYTES_MAX
                && self.pool.chunks.len() < LEND_CHUNKS_MAX
            {
                self.pool.here.insert(chunk.key, Text { doc: chunk.doc, read });
                *self.documents.entry(chunk.doc).or_default() += 1;
                self.pool.chunks.push_back(chunk);
            }
        }
        self.take_brought(self.woken);
    }

    /// Nothing can be read that others may embed: whoever asked waits, but for those whose results only a text with a known vector can vouch
    /// for, and that is here. `checks`: whether results may be computed here.
    pub(in crate::scheduler) fn nothing_to_lend(&mut self, checks: bool) -> Vec<(PeerKey, Work)> {
        if self.await_no_more() {
            return Vec::new();
        }
        self.pool.is_dry = true;
        let (asks, mut told) = (std::mem::take(&mut self.asks), Vec::new());
        for ask in asks {
            let vouches = !self.has_no_known() && self.waits_for_known(ask.0, checks);
            if self.rests(ask.0) && (vouches || self.has_to_confirm(ask.0)) {
                self.asks.push_back(ask);
            } else {
                told.push((ask.0, Work::Later(LATER_MS)));
            }
        }
        told
    }

    /// Drops what was read so long ago that its files may be in a private folder by now, where somebody asks: it is read anew, and its files
    /// are looked at, before it leaves. Gives documents of which nothing is here any more by that.
    pub(in crate::scheduler) fn drop_old(&mut self, now: Instant) -> Vec<DocId> {
        if self.asks.is_empty() {
            return Vec::new();
        }
        let is_old = |read: Instant| read + Duration::from_millis(LENDABLE_MS) <= now;
        self.pool.known.retain(|(_, read)| !is_old(*read));
        self.results.unconfirmed.drop_old(is_old);
        let here = &self.pool.here;
        let of_old = |chunk: &Lendable| here.get(&chunk.key).is_none_or(|text| is_old(text.read));
        if !self.pool.chunks.iter().any(of_old) {
            return Vec::new();
        }
        let (old, fresh): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pool.chunks).into_iter().partition(of_old);
        self.pool.chunks = fresh.into();
        let before = self.over.documents.len();
        for chunk in old {
            self.leave(chunk.doc, chunk.key);
            // Of a document that is here besides, the rest is read as that of a long one is.
            if self.documents.contains_key(&chunk.doc) {
                self.pool.longer.insert(chunk.doc);
            }
        }
        self.over.documents.split_off(before)
    }

    /// A chunk is not here any more: its vector is saved, or is made here otherwise.
    pub(in crate::scheduler) fn end_chunk(&mut self, doc: DocId, key: EmbedKey) {
        if let Some(reading) = self.pool.reading.as_mut().filter(|reading| reading.ended.len() < ENDED_MAX) {
            reading.ended.insert(key);
        }
        self.leave(doc, key);
    }

    fn leave(&mut self, doc: DocId, key: EmbedKey) {
        // All leases may have ended meanwhile, and another document with this text be here.
        if self.pool.here.get(&key).is_some_and(|text| text.doc == doc) {
            self.pool.here.remove(&key);
            self.let_go(doc);
        }
    }

    /// One chunk fewer of a document is here.
    pub(in crate::scheduler) fn let_go(&mut self, doc: DocId) {
        if let Some(count) = self.documents.get_mut(&doc) {
            *count -= 1;
            if *count == 0 {
                self.documents.remove(&doc);
                self.pool.longer.remove(&doc);
                self.over.documents.push(doc);
            }
        }
    }
}
