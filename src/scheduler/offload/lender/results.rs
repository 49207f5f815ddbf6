//! What comes back: vectors of others and of this device, their checks, and what is good.

use super::turns::in_turn;
use super::{BatchId, Lease, Lender, Lent, renewable};
use crate::base::id::{DocId, Fingerprint, PeerKey, Row, TaskId};
use crate::base::time::{Duration, Instant};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{LEASE_CHECKS_MAX, OFFENCE_MS};
use crate::scheduler::offload::ban::Ban;
use crate::scheduler::offload::lendable::{Good, Lendable};
use crate::scheduler::offload::same::is_same;
use crate::scheduler::offload::worker::{Checked, Worker};
use crate::wire::work::{LentText, Results};

/// The least and the largest length of a vector that is taken: rounding to int8 changes it by less than 0.01.
const NORM: core::ops::Range<f32> = 0.97..1.03;

impl Lender {
    /// Vectors came. True if one of them is not that of its text, as far as is known at once: the device sends what is false.
    /// `checks`: whether results may be computed here too.
    pub(in crate::scheduler) fn on_results(
        &mut self,
        now: Instant,
        peer: PeerKey,
        results: &Results,
        checks: bool,
    ) -> bool {
        let lease = self.leases.get_mut(&results.batch).filter(|lease| lease.peer == peer);
        let (Some(lease), Some(worker)) = (lease, self.workers.get_mut(&peer)) else {
            self.note_late(peer, results);
            return false;
        };
        // Whatever it made took its time, also what this device has embedded meanwhile.
        let (mut came, mut late, mut confirmed) = (0, 0, None);
        for (place, sent) in (usize::from(results.first)..).zip(&results.vectors) {
            let vector = Quantized::from_parts(sent.scale, &sent.codes).filter(is_of_length_one);
            if let Some(known) = lease.known.remove(&place) {
                let Some(vector) = vector else {
                    lease.known.insert(place, known);
                    return true;
                };
                if lease.unconfirmed == Some(place) {
                    confirmed = Some((known, vector));
                } else if is_alike(&vector, &known.vector, self.model.fingerprint, self.model.cosine_min) {
                    self.results.is_right(peer, worker, checks);
                } else {
                    // With a vector of its own it contradicts itself.
                    let Some(by) = known.by.filter(|by| *by != peer) else { return true };
                    worker.doubt(now, known.chunk, vector, (by, known.vector));
                }
                self.results.again.known += 1;
                came += 1;
                continue;
            }
            let Some(chunk) = lease.chunks.get_mut(place).and_then(Option::take) else {
                // A device may send a result as often as it likes.
                if lease.late < lease.chunks.len() {
                    lease.late += 1;
                    late += 1;
                }
                continue;
            };
            let Some(vector) = vector else {
                lease.chunks[place] = Some(chunk);
                return true;
            };
            worker.hold(now, chunk, vector, &mut self.rng);
            came += 1;
        }
        self.results.again.late += late as u64;
        if came + late > 0 {
            worker.speed.progressed(now, came + late);
        }
        if came > 0 {
            worker.failures.end();
            // A check of what it brought and that was made before would vouch for these.
            self.pool.awaited.forget_results_of(peer);
            (lease.until, lease.renewed_until) = (now + lease.length, renewable(now));
            if lease.open() == 0 {
                self.leases.remove(&results.batch);
            }
        }
        if let Some((known, vector)) = confirmed {
            self.on_confirmed(now, peer, known, vector);
        }
        false
    }

    /// Results came of a lease that is over. Of batches that it never had a device may send as many as it likes.
    fn note_late(&mut self, peer: PeerKey, results: &Results) {
        let worker = self.workers.get_mut(&peer);
        let (late, found) = worker.map_or((0, 0), |worker| worker.ended.late(results.batch, results.vectors.len()));
        self.results.again.late += late as u64;
        self.results.again.found(found);
    }

    /// Chunks that this device embeds itself, at most so many: those that nobody has, and of those that somebody has had for longer than he
    /// takes for them the oldest, so that nobody waits for the slowest device at the end. Only of documents that `may` be embedded here.
    pub(in crate::scheduler) fn take_here(&mut self, most: usize, may: impl Fn(DocId) -> bool) -> Vec<Lendable> {
        if let Some(alone) = self.pool.alone.pop_front() {
            return vec![alone];
        }
        let mut here = Vec::new();
        for place in (0..self.pool.chunks.len()).rev() {
            if here.len() < most && may(self.pool.chunks[place].doc) {
                here.extend(self.pool.chunks.remove(place));
            }
        }
        if !here.is_empty() {
            return here;
        }
        let waiting = self.pool.awaited.release(|waiting| may(waiting.chunk.doc));
        if !waiting.is_empty() {
            self.again(waiting);
            return self.take_here(most, may);
        }
        let is_late = |(_, lease): &(&BatchId, &Lease)| {
            let chunks = lease.behind + 2 * lease.chunks.len();
            let takes = self.workers.get(&lease.peer).map_or(0, |worker| worker.speed.takes_ms(chunks));
            self.woken >= lease.since + Duration::from_millis(takes)
        };
        // All of them, as of the oldest all may be here already, or wait.
        let mut late: Vec<(&BatchId, &Lease)> = self.leases.iter().filter(is_late).collect();
        late.sort_by_key(|(_, lease)| lease.since);
        let open = late.into_iter().flat_map(|(_, lease)| lease.chunks.iter().flatten());
        let open = open.filter(|chunk| !self.here.contains_key(&chunk.row) && may(chunk.doc));
        let open: Vec<Lendable> = open.take(most).cloned().collect();
        self.here.extend(open.iter().map(|chunk| (chunk.row, Some(chunk.doc))));
        open
    }

    /// This device has embedded these chunks itself.
    pub(in crate::scheduler) fn embedded_here(&mut self, chunks: Vec<Lendable>, vectors: Vec<Quantized>) {
        for (chunk, vector) in chunks.into_iter().zip(vectors) {
            match self.here.remove(&chunk.row) {
                Some(None) => self.results.again.late += 1,
                // Of one that somebody has too, the first vector counts. A lease that ended meanwhile brought none.
                Some(_) if !self.take_back(chunk.row) && self.pool.here.contains_key(&chunk.key) => {
                    self.results.again.hedged += 1;
                }
                _ => self.results.good.push(Good { chunk, vector, by: None, kept: false, is_owed: false }),
            }
        }
    }

    /// This device could not embed these chunks: its own queue, from which they come back, says what that means. Others may. Of several
    /// it is tried first which one it is.
    pub(in crate::scheduler) fn not_embedded_here(&mut self, chunks: &[Lendable]) {
        if chunks.len() > 1 {
            let is_wanted =
                |chunk: &&Lendable| self.pool.here.get(&chunk.key).is_some_and(|text| text.doc == chunk.doc);
            let (wanted, gone): (Vec<_>, Vec<_>) = chunks.iter().partition(is_wanted);
            gone.into_iter().for_each(|chunk| _ = self.here.remove(&chunk.row));
            self.pool.alone.extend(wanted.into_iter().cloned());
            return;
        }
        for chunk in chunks {
            if self.here.remove(&chunk.row).is_none() || self.take_back(chunk.row) {
                self.lost.failed_here(chunk.key);
                self.end_chunk(chunk.doc, chunk.key);
            }
        }
    }

    /// These chunks are not to be tried one by one any more.
    pub(super) fn forget_alone(&mut self, is_gone: impl Fn(&Lendable) -> bool) {
        let here = &mut self.here;
        self.pool.alone.retain(|chunk| {
            let is_gone = is_gone(chunk);
            if is_gone {
                here.remove(&chunk.row);
            }
            !is_gone
        });
    }

    /// Takes the chunk from whoever has it, or from those that nobody has any more. False where a device has sent its vector.
    fn take_back(&mut self, row: Row) -> bool {
        let place = self.pool.chunks.iter().position(|chunk| chunk.row == row);
        place.and_then(|place| self.pool.chunks.remove(place)).is_some()
            || self.pool.awaited.take_row(row)
            || self.take_from_lease(row)
    }

    /// Whether a device may get work.
    pub(in crate::scheduler) fn may_get(&self, now: Instant, peer: PeerKey) -> bool {
        self.workers.get(&peer).is_none_or(|worker| !worker.is_banned(now) && !worker.failures.is_broken())
    }

    fn take_from_lease(&mut self, row: Row) -> bool {
        let chunks = self.leases.values_mut().flat_map(|lease| &mut lease.chunks);
        let taken = chunks.filter_map(|chunk| chunk.take_if(|chunk| chunk.row == row)).next().is_some();
        self.end_empty();
        taken
    }

    pub(super) fn checks(&self) -> usize {
        self.results.checks.len()
    }

    /// The text that is to be embedded here next to check a device, with the device and the place of the result.
    pub(in crate::scheduler) fn next_check(&mut self, now: Instant) -> Option<(PeerKey, usize, LentText)> {
        if self.checks() >= LEASE_CHECKS_MAX {
            return None;
        }
        let (leases, rng) = (&self.leases, &mut self.rng);
        // Devices take turns: else the results of a slow one, or of many, would wait for those of lower keys.
        let mut holding = in_turn(&self.workers, self.results.checked).filter(|(_, worker)| worker.held() > 0);
        let (peer, place, text) = holding.find_map(|(peer, worker)| {
            let rests = !leases.values().any(|lease| lease.peer == *peer);
            worker.next_check(now, rests, rng).map(|(place, chunk)| (*peer, place, chunk.text.clone()))
        })?;
        self.results.checked = Some(peer);
        Some((peer, place, text))
    }

    pub(in crate::scheduler) fn begin_check(&mut self, peer: PeerKey, place: usize, task: TaskId) {
        if let Some(worker) = self.workers.get_mut(&peer) {
            worker.begin_check(task, place);
            self.results.checks.insert(task);
        }
    }

    /// A task ended. `None` if it was no check; else whether the device sent what is false. `fails_here`: whether a document failed here.
    pub(in crate::scheduler) fn end_check(
        &mut self,
        task: TaskId,
        own: Option<&Embedding>,
        fails_here: impl Fn(DocId) -> bool,
    ) -> Option<Option<PeerKey>> {
        if !self.results.checks.remove(&task) {
            return None;
        }
        self.results.again.checked += u64::from(own.is_some());
        if let Some(of_owed) = self.end_owed_check(task, own) {
            return Some(of_owed);
        }
        let least = self.model.cosine_min;
        let checked = self
            .workers
            .iter_mut()
            .find_map(|(peer, worker)| Some((*peer, worker.end_check((*peer, task), own, least, &fails_here)?)));
        // Its device has gone, or what it made is not wanted any more.
        let Some((peer, checked)) = checked else { return Some(None) };
        match checked {
            Checked::Good(good) => self.results.good.extend(good),
            Checked::Beyond(text) => self.lost.failed_here(text),
            Checked::Impossible(chunk) => {
                // Its document is tried here, where an attempt that fails counts; and another device may have it then.
                if let Some(chunk) = chunk {
                    self.lost.failed_here(chunk.key);
                    self.end_chunk(chunk.doc, chunk.key);
                }
            }
            Checked::Against(good, by, row) => {
                self.results.good.extend(good);
                self.results.owed.accuse(by, row);
                return Some(Some(by));
            }
            Checked::False => return Some(Some(peer)),
        }
        Some(None)
    }

    /// A device sent what is false: what it made since its last good check is done again, and it gets no work for a while.
    pub(in crate::scheduler) fn ban(&mut self, now: Instant, peer: PeerKey) {
        let leases: Vec<BatchId> = self.leases_of(peer).map(|(id, _)| id).collect();
        self.over.leases.extend(leases.into_iter().map(|id| (peer, id)));
        self.believed_no_more(peer);
        self.results.owed.forget(peer);
        self.end_doubts_against(peer);
        self.over.disproven.push(peer);
        // One that has not worked since the start, or had to make room, is banned too: also where there is no room, as there are no more
        // of them than devices of the mesh.
        self.make_room(now, peer);
        let worker = self.workers.entry(peer).or_insert_with(|| Worker::new(now));
        worker.begin_probation();
        worker.banned = Some(Ban::new(now + Duration::from_millis(OFFENCE_MS)));
    }

    /// Whether a device gets no work now, because a result of it was false.
    pub(in crate::scheduler) fn is_banned(&self, now: Instant, peer: PeerKey) -> bool {
        self.workers.get(&peer).is_some_and(|worker| worker.is_banned(now))
    }

    /// For how long a device gets no work, because a result of it was false, where it is to be told so now.
    pub(in crate::scheduler) fn tell_ban(&mut self, now: Instant, peer: PeerKey) -> Option<Duration> {
        self.workers.get_mut(&peer)?.banned.as_mut()?.tell(now)
    }

    /// Good results for one save, at most so many.
    pub(in crate::scheduler) fn take_good(&mut self, most: usize) -> Vec<Good> {
        let count = most.min(self.results.good.len());
        let good: Vec<Good> = self.results.good.drain(..count).collect();
        let owed = good.iter().filter(|good| good.is_owed).filter_map(|good| good.by);
        owed.for_each(|by| self.results.owed.comes(by, 1));
        good
    }

    /// A result that is owed a check is on the disk, or never will be.
    pub(in crate::scheduler) fn owed_came(&mut self, by: PeerKey) {
        self.results.owed.came(by);
    }

    /// A result is on the disk: it counts for the device that made it.
    pub(in crate::scheduler) fn stored(&mut self, by: PeerKey, row: Row, is_owed: bool) {
        if let Some(worker) = self.workers.get_mut(&by) {
            worker.stored(row);
        }
        if is_owed {
            self.results.owed.add(by, 1);
        }
    }

    /// Who has what.
    pub(in crate::scheduler) fn lent(&self, now: Instant) -> impl Iterator<Item = Lent> {
        self.workers.iter().map(move |(peer, worker)| Lent {
            peer: *peer,
            chunks: self.leases_of(*peer).map(|(_, lease)| lease.lent()).sum(),
            unchecked: worker.unchecked(),
            owed: self.results.owed.of(*peer),
            done: worker.done,
            ms_per_chunk: worker.speed.ms_per_chunk(),
            since: self.leases_of(*peer).map(|(_, lease)| lease.since).min(),
            banned: worker.banned.and_then(|ban| ban.left(now)),
            unlinked: worker.unlinked,
            undecided: worker.undecided().count(),
            failing: worker.failures.is_broken().then(|| worker.failures.pause(now).unwrap_or_default()),
            silent: self
                .leases_of(*peer)
                .map(|(_, lease)| lease.length)
                .min()
                .map(|lease| worker.speed.silence(now, lease)),
        })
    }
}

/// Whether two devices made the same of a text.
pub(super) fn is_alike(one: &Quantized, other: &Quantized, model: Fingerprint, cosine_min: f32) -> bool {
    other.exact(model).is_ok_and(|other| is_same(one, &other, cosine_min))
}

/// Whether a vector has the length of an embedding.
pub(super) fn is_of_length_one(vector: &Quantized) -> bool {
    let codes = vector.bytes().map(|byte| f32::from(byte.cast_signed()));
    let norm = codes.map(|code| code * code).sum::<f32>().sqrt() * vector.scale();
    NORM.contains(&norm)
}
