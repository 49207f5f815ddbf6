//! What the owner of work knows of a device that it lends to: its speed, its link, and its results until they are checked.

mod doubts;

use super::ban::Ban;
use super::ended_leases::EndedLeases;
use super::failures::Failures;
use super::lendable::{Good, Lendable};
use super::same::is_same;
use super::speed::Speed;
use crate::base::id::{DocId, EmbedKey, PeerKey, Row, TaskId};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::base::vector::{Embedding, Quantized};
use crate::limits::{CHECK_ONE_IN, DOUBTS_MAX, PROBATION, UNCHECKED_MAX, UNCHECKED_MS, UNCHECKED_RESTS_MS};
use std::collections::{BTreeSet, VecDeque};

/// A result that waits for a good check.
#[derive(Debug)]
struct Held {
    chunk: Lendable,
    vector: Quantized,
    at: Instant,
    /// Whether this one is checked.
    is_drawn: bool,
    /// The stored vector of its text that differs, and the device that made that: computing it here tells which is good, or, where that cannot be
    /// done, a third device. `DOUBTS_MAX` of them at most.
    against: Option<(PeerKey, Quantized)>,
    /// Whether that device is known to be false: its vector is deleted, and no third device is asked.
    is_moot: bool,
    /// Whether its document is another one by now: it counts for the check and is not stored.
    is_stale: bool,
    /// Whether a save has it, or the disk.
    is_kept: bool,
    /// Whether its text may have become one that does not leave this device since it was read.
    is_old: bool,
    /// Whether its text cannot be computed here: a check of another one vouches for it as far as a text with a known vector does, and no further.
    is_beyond: bool,
}

/// A check under way: the result at this place is computed here.
#[derive(Debug)]
struct Check {
    task: TaskId,
    place: usize,
    /// So many results, from the oldest on, are good if it is.
    vouches: usize,
}

impl Held {
    /// One that has just come.
    const fn new(at: Instant, chunk: Lendable, vector: Quantized, is_drawn: bool) -> Self {
        let (is_moot, is_stale, is_kept, is_old, is_beyond) = (false, false, false, false, false);
        Self { chunk, vector, at, is_drawn, against: None, is_moot, is_stale, is_kept, is_old, is_beyond }
    }

    /// The result, which a check of its device vouches for. What cannot be computed here is owed a check of its own: that its device is honest with
    /// other texts tells nothing sure of the one of which it may know that it is never compared.
    fn made(self, by: PeerKey) -> Good {
        let (kept, is_owed) = (self.is_kept, self.is_beyond);
        Good { chunk: self.chunk, vector: self.vector, by: Some(by), kept, is_owed }
    }

    /// Whether nobody but a third device can tell whether it is good.
    const fn is_for_third(&self) -> bool {
        self.is_beyond && self.against.is_some()
    }
}

/// What a check said.
#[derive(Debug)]
pub(in crate::scheduler) enum Checked {
    /// These results are good.
    Good(Vec<Good>),
    /// These results are good, and the stored vector of this device in this row is false.
    Against(Vec<Good>, PeerKey, Row),
    /// The result is false.
    False,
    /// This one cannot be embedded here; it is not stored. None: a third device is to tell what it is worth, or it is wanted no more.
    Impossible(Option<Box<Lendable>>),
    /// This one could not be embedded here before either, which is why another device has made it: it waits for what vouches for others.
    Beyond(EmbedKey),
}

/// One device.
#[derive(Debug)]
pub(in crate::scheduler) struct Worker {
    /// Since when it has no link.
    pub(super) unlinked: Option<Instant>,
    /// It gets no work, because a result of it was false.
    pub(super) banned: Option<Ban>,
    /// What it could not embed lately.
    pub(super) failures: Failures,
    /// Whether it knows that there is work.
    pub(super) told: Option<(u32, Instant)>,
    /// When it asked last.
    pub(super) asked: Instant,
    /// Results of it that are on the disk.
    pub(super) done: u64,
    /// Rows of its results that wait since before this start.
    restored: BTreeSet<Row>,
    /// How fast it is.
    pub(super) speed: Speed,
    /// Good checks.
    good: u32,
    held: VecDeque<Held>,
    check: Option<Check>,
    /// The last leases that ended before all of their results came.
    pub(super) ended: EndedLeases,
}

impl Worker {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            asked: now,
            restored: BTreeSet::new(),
            unlinked: None,
            banned: None,
            failures: Failures::default(),
            told: None,
            done: 0,
            speed: Speed::new(now),
            good: 0,
            held: VecDeque::new(),
            check: None,
            ended: EndedLeases::default(),
        }
    }

    /// Whether it gets no work, because a result of it was false.
    pub(super) fn is_banned(&self, now: Instant) -> bool {
        self.banned.is_some_and(|ban| ban.left(now).is_some())
    }

    /// How many chunks its next lease may have, with so many of its leases open.
    pub(super) fn room(&self, open: usize) -> usize {
        let tried = if self.failures.is_broken() { 1 } else { usize::MAX };
        self.room_unchecked(open).min(self.speed.ahead()).min(tried)
    }

    /// How many results more may wait for a check, with so many to come.
    pub(super) fn room_unchecked(&self, open: usize) -> usize {
        let most = if self.good < PROBATION { (PROBATION - self.good) as usize } else { UNCHECKED_MAX };
        most.saturating_sub(open + self.held.len())
    }

    /// A result came, and waits. Whether it is to be checked is drawn also where nothing may be computed here just now: a device that
    /// asks a question first must not escape by that.
    pub(super) fn hold(&mut self, now: Instant, chunk: Lendable, vector: Quantized, rng: &mut Rng) {
        self.push(now, chunk, vector, (false, false), rng);
    }

    fn push(
        &mut self,
        at: Instant,
        chunk: Lendable,
        vector: Quantized,
        (is_kept, is_old): (bool, bool),
        rng: &mut Rng,
    ) {
        let is_drawn = self.good < PROBATION || rng.one_in(CHECK_ONE_IN);
        self.held.push_back(Held { is_kept, is_old, ..Held::new(at, chunk, vector, is_drawn) });
        debug_assert!(self.held.len() <= UNCHECKED_MAX + DOUBTS_MAX, "no more is lent to it");
    }

    /// What could not be computed here long ago, and what no third device has decided, is tried here once more.
    pub(super) fn try_undecided(&mut self, row: Row) {
        let of_row = |held: &&mut Held| held.is_for_third() && held.chunk.row == row;
        self.held.iter_mut().filter(of_row).for_each(|held| (held.is_drawn, held.is_beyond) = (true, false));
    }

    /// So many of its checks, as far as they count, were good before this start.
    pub(super) const fn was_checked(&mut self, checks: u8) {
        self.good = checks as u32;
    }

    /// A result of it waits since before this start.
    pub(super) fn restore(&mut self, now: Instant, chunk: Lendable, vector: Quantized, rng: &mut Rng) {
        self.restored.insert(chunk.row);
        self.push(now, chunk, vector, (true, true), rng);
    }

    /// All of those are here: one of the last is checked at once, whatever work its device has. A device whose owner starts again and again
    /// would not be looked at else.
    pub(super) fn draw_of_restored(&mut self, rng: &mut Rng) {
        let place = self.one_of_the_last(rng);
        place.and_then(|place| self.held.get_mut(place)).into_iter().for_each(|held| held.is_drawn = true);
    }

    /// Not always the last one: a device that knows when it is looked at would be honest then. But one of the last: it vouches for those
    /// before it.
    fn one_of_the_last(&self, rng: &mut Rng) -> Option<usize> {
        let places = || (0..self.held.len()).filter(|place| !self.held[*place].is_beyond);
        let last = places().count().div_ceil(4).max(1);
        places().nth_back(usize::try_from(rng.below(last as u64)).unwrap_or(0))
    }

    /// A result of it counts from now on. Of what it made before this start nothing is added to what it has done since.
    pub(super) fn stored(&mut self, row: Row) {
        self.done += u64::from(!self.restored.remove(&row));
    }

    /// Results that wait and are on no disk yet, at most so many, for a save.
    pub(super) fn take_unkept(&mut self, most: usize) -> Vec<(Row, EmbedKey, Quantized)> {
        let unkept = self.held.iter_mut().filter(|held| !held.is_kept && !held.is_stale).take(most);
        let kept = |held: &mut Held| {
            held.is_kept = true;
            (held.chunk.row, held.chunk.key, held.vector.clone())
        };
        unkept.map(kept).collect()
    }

    /// Good checks.
    pub(super) const fn checks(&self) -> u32 {
        self.good
    }

    /// Whether a text with a known vector can vouch for any of what waits. Not of a device that contradicts others each time, and where results are
    /// computed here (`checks`) only where none of them can be.
    pub(super) fn waits_for_known(&self, checks: bool) -> bool {
        self.held.iter().any(|held| held.against.is_none())
            && (!checks || self.held.iter().all(|held| held.is_beyond))
            && self.doubts() < DOUBTS_MAX
    }

    /// How many results wait for a check.
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    /// How many of them are stored, or will be, once it was good.
    pub(super) fn unchecked(&self) -> usize {
        self.held.iter().filter(|held| !held.is_stale).count()
    }

    /// When one of the results that wait is checked although none was drawn. `rests`: it has no lease.
    pub(super) fn deadline(&self, rests: bool) -> Option<Instant> {
        let oldest = self.held.iter().find(|held| !held.is_beyond).filter(|_| self.check.is_none())?;
        let late = oldest.at + Duration::from_millis(UNCHECKED_MS);
        Some(if rests { late.min(self.speed.progress() + Duration::from_millis(UNCHECKED_RESTS_MS)) } else { late })
    }

    /// The result that is to be checked now. `rests`: it has no lease.
    pub(super) fn next_check(&self, now: Instant, rests: bool, rng: &mut Rng) -> Option<(usize, &Lendable)> {
        if self.check.is_some() || self.held.is_empty() {
            return None;
        }
        let drawn = self.held.iter().position(|held| held.is_drawn);
        let due = || self.held.len() >= UNCHECKED_MAX || self.deadline(rests).is_some_and(|at| at <= now);
        let any = || due().then(|| self.one_of_the_last(rng)).flatten();
        let place = drawn.or_else(any)?;
        self.held.get(place).map(|held| (place, &held.chunk))
    }

    /// The check of the result at this place begins.
    pub(super) fn begin_check(&mut self, task: TaskId, place: usize) {
        // What came after it may be false all the same: it waits for the next check.
        self.check = Some(Check { task, place, vouches: place + 1 });
    }

    /// The task of a check ended with the text's own embedding; `None` if it is another one's. `fails_here`: whether a document failed here.
    pub(super) fn end_check(
        &mut self,
        (by, task): (PeerKey, TaskId),
        own: Option<&Embedding>,
        cosine_min: f32,
        fails_here: impl FnOnce(DocId) -> bool,
    ) -> Option<Checked> {
        let Check { place, vouches, .. } = self.check.take_if(|check| check.task == task)?;
        let held = self.held.get_mut(place)?;
        let Some(own) = own else {
            if held.against.is_some() && !held.is_moot {
                // Nobody but a third device can tell which of the two is false.
                (held.is_drawn, held.is_beyond) = (false, true);
                return Some(Checked::Impossible(None));
            }
            if !held.is_stale && fails_here(held.chunk.doc) {
                (held.is_drawn, held.is_beyond) = (false, true);
                return Some(Checked::Beyond(held.chunk.key));
            }
            let held = self.held.remove(place)?;
            return Some(Checked::Impossible((!held.is_stale).then(|| Box::new(held.chunk))));
        };
        if !is_same(&held.vector, own, cosine_min) {
            return Some(Checked::False);
        }
        // Who is known to be false already is not punished once more for the same.
        let accused = held.against.as_ref().filter(|(_, stored)| !held.is_moot && !is_same(stored, own, cosine_min));
        let accused = accused.map(|(by, _)| (*by, held.chunk.row));
        self.good = self.good.saturating_add(1);
        // This one was computed here, also where that could not be done before.
        held.is_beyond = false;
        let (undecided, good): (Vec<_>, Vec<_>) = self.held.drain(..vouches).partition(Held::is_for_third);
        undecided.into_iter().rev().for_each(|held| self.held.push_front(held));
        let good = good.into_iter().filter(|held| !held.is_stale).map(|held| held.made(by)).collect();
        Some(match accused {
            Some((by, row)) => Checked::Against(good, by, row),
            None => Checked::Good(good),
        })
    }

    /// It gave the right vector for a text whose vector is known, while this device may compute nothing: what it made before is owed a check.
    /// Gives that, unless a check of some of it is under way, which will say more. While this device may compute, such a text vouches for nothing, as a
    /// device may know it: only a check does.
    pub(super) fn vouched_by_known(&mut self, by: PeerKey) -> Vec<Good> {
        self.good = self.good.saturating_add(1);
        if self.check.is_some() {
            return Vec::new();
        }
        // What is in doubt is computed once that may be.
        let (doubtful, good): (Vec<_>, Vec<_>) = self.held.drain(..).partition(|held| held.against.is_some());
        self.held.extend(doubtful);
        let good = good.into_iter().filter(|held| !held.is_stale);
        good.map(|held| Good { is_owed: true, ..held.made(by) }).collect()
    }

    /// It is believed nothing any more: its probation begins anew.
    pub(super) const fn begin_probation(&mut self) {
        self.good = 0;
    }

    /// What may be lent has changed.
    pub(super) fn read_anew(&mut self) {
        self.held.iter_mut().for_each(|held| held.is_old = true);
    }

    /// Takes away what waits for a check, and tells whether it must be read anew before it is lent.
    pub(super) fn take_held(&mut self) -> impl Iterator<Item = (Lendable, bool)> + use<> {
        self.check = None;
        let held = std::mem::take(&mut self.held).into_iter().filter(|held| !held.is_stale);
        held.map(|held| (held.chunk, held.is_old))
    }

    /// A document is another one now: results for it are not stored.
    pub(super) fn forget_document(&mut self, doc: DocId) {
        self.decide(|_, of, _| of == doc);
        self.held.iter_mut().filter(|held| held.chunk.doc == doc).for_each(|held| held.is_stale = true);
    }
}
