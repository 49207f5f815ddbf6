//! What a device made of texts of which another one made something else.

use super::{Held, Worker};
use crate::base::id::{DocId, PeerKey, Row};
use crate::base::time::Instant;
use crate::base::vector::Quantized;
use crate::limits::DOUBTS_MAX;
use crate::scheduler::offload::lendable::Lendable;

impl Worker {
    /// It made of a text whose stored vector is another device's something else: one of the two is false, and computing it here tells
    /// which. No other text with a known vector vouches for this result. It is not stored. Beyond `DOUBTS_MAX` those that are here tell enough.
    pub(in crate::scheduler::offload) fn doubt(
        &mut self,
        at: Instant,
        chunk: Lendable,
        vector: Quantized,
        against: (PeerKey, Quantized),
    ) {
        if self.doubts() < DOUBTS_MAX {
            self.drop_surplus_moot();
            let (against, is_stale, is_kept) = (Some(against), true, true);
            self.held.push_back(Held { against, is_stale, is_kept, ..Held::new(at, chunk, vector, true) });
        }
    }

    /// How many of them tell something: that it contradicted a false device says nothing against it.
    pub(super) fn doubts(&self) -> usize {
        self.held.iter().filter(|held| held.against.is_some() && !held.is_moot).count()
    }

    /// Where there are `DOUBTS_MAX` with the moot ones, the oldest moot one goes.
    fn drop_surplus_moot(&mut self) {
        let against = self.held.iter().filter(|held| held.against.is_some()).count();
        let checked = self.check.as_ref().map(|check| check.place);
        let mut moot = self.held.iter().enumerate().filter(|(place, held)| held.is_moot && Some(*place) != checked);
        if let Some((place, _)) = moot.next().filter(|_| against >= DOUBTS_MAX) {
            self.drop_at(place);
        }
    }

    /// A result waits no more. A check under way, which is of another one, knows its result by its place.
    fn drop_at(&mut self, place: usize) {
        self.held.remove(place);
        if let Some(check) = self.check.as_mut().filter(|check| check.place > place) {
            (check.place, check.vouches) = (check.place - 1, check.vouches - 1);
        }
    }

    /// Its results that differ from another device's and cannot be computed here either, with that device.
    pub(in crate::scheduler::offload) fn undecided(&self) -> impl Iterator<Item = (PeerKey, Row)> {
        let third = self.held.iter().filter(|held| held.is_for_third());
        third.filter_map(|held| Some((held.against.as_ref()?.0, held.chunk.row)))
    }

    /// Whether it made something else of the text of this row than is stored.
    pub(in crate::scheduler::offload) fn doubts_row(&self, row: Row) -> bool {
        self.held.iter().any(|held| held.against.is_some() && held.chunk.row == row)
    }

    /// What it made of the text of this row, if only a third device can tell whether that or the stored vector is good.
    pub(in crate::scheduler::offload) fn undecided_of(&self, row: Row) -> Option<&Quantized> {
        self.held.iter().find(|held| held.is_for_third() && held.chunk.row == row).map(|held| &held.vector)
    }

    /// Which of the two is good is known now, or of no interest any more: of a row, its document, and the device that made the other one.
    pub(in crate::scheduler::offload) fn decide(&mut self, is_decided: impl Fn(Row, DocId, PeerKey) -> bool) {
        for place in (0..self.held.len()).rev() {
            let is_of_check = self.check.as_ref().is_some_and(|check| check.place == place);
            let held = &self.held[place];
            let against = held.against.as_ref().filter(|_| held.is_beyond && !is_of_check);
            if against.is_some_and(|(by, _)| is_decided(held.chunk.row, held.chunk.doc, *by)) {
                self.drop_at(place);
            }
        }
    }

    /// A device is found false: gives the rows of which this one made something else. What can be computed here still is, as it tells of this one.
    pub(in crate::scheduler::offload) fn disproven(&mut self, by: PeerKey) -> Vec<Row> {
        let differs = |held: &Held| held.against.as_ref().is_some_and(|(of, _)| *of == by);
        let rows = self.held.iter().filter(|held| differs(held)).map(|held| held.chunk.row).collect();
        self.decide(|_, _, against| against == by);
        self.held.iter_mut().filter(|held| differs(held)).for_each(|held| held.is_moot = true);
        rows
    }
}
