//! The checks of what is owed one: part by part, of each some texts by chance.

use super::Lender;
use super::owed::OwedRest;
use crate::base::id::{PeerKey, Row, TaskId};
use crate::base::time::Instant;
use crate::base::vector::Embedding;
use crate::limits::LEASE_CHECKS_MAX;
use crate::scheduler::offload::lendable::OwedPart;
use crate::scheduler::offload::same::is_same;
use crate::wire::work::LentText;

impl Lender {
    /// The device whose results are to be read next, to check some.
    pub(in crate::scheduler) fn next_owed(&mut self) -> Option<(PeerKey, u64)> {
        let owed = &mut self.results.owed;
        if owed.is_reading || owed.part.is_some() {
            return None;
        }
        let by = owed.due(self.woken).next()?;
        (owed.is_reading, owed.has_more, owed.last) = (true, false, Some(by));
        Some((by, self.rng.next()))
    }

    /// They were read, or could not be: then they are read again after a while.
    pub(in crate::scheduler) fn on_owed(&mut self, now: Instant, by: PeerKey, read: Option<OwedPart>) {
        let owed = &mut self.results.owed;
        owed.is_reading = false;
        match read {
            Some(part) if part.rows.is_empty() && owed.has_more => {}
            Some(part) if !part.rows.is_empty() => {
                // One that was found false meanwhile has nothing to prove.
                owed.part = owed.of.get_mut(&by).map(|count| {
                    // Copies are not counted before they are read.
                    *count = (*count).max(part.rows.len() as u64);
                    (part, None, 0)
                });
                owed.failed.clear();
            }
            // Nothing of it is owed a check any more.
            Some(_) => owed.is_none(by),
            None => owed.put_off(now, by, "They could not be read from the store."),
        }
    }

    /// The next text to compute here. Where there is none, the part is settled.
    pub(in crate::scheduler) fn next_owed_check(&mut self, now: Instant) -> Option<LentText> {
        let is_full = self.checks() >= LEASE_CHECKS_MAX;
        let owed = &mut self.results.owed;
        let (part, _, good) = owed.part.as_ref().filter(|(_, check, _)| check.is_none())?;
        if let Some((chunk, _)) = part.texts.last() {
            return (!is_full).then(|| chunk.text.clone());
        }
        let vouches = *good > 0 || !part.has_texts;
        let (part, ..) = owed.part.take()?;
        if vouches {
            // Those that could not be computed are not compared with anything yet.
            let rows: Vec<Row> = part.rows.into_iter().filter(|row| !owed.failed.contains(row)).collect();
            let left = owed.of(part.by).saturating_sub(rows.len() as u64);
            // Copies beyond this part are not counted: whether any are left, the next look says.
            owed.of.insert(part.by, left);
            owed.goes_on(part.by);
            owed.settled.push((part.by, rows));
        } else {
            // None of them can be computed here just now.
            let why = std::mem::take(&mut owed.why);
            owed.put_off(now, part.by, &why);
        }
        None
    }

    pub(in crate::scheduler) fn begin_owed_check(&mut self, task: TaskId) {
        if let Some((_, check, _)) = &mut self.results.owed.part {
            *check = Some(task);
            self.results.checks.insert(task);
        }
    }

    /// Why a text of what is owed a check could not be computed here, if it is one.
    pub(in crate::scheduler) fn note_why(&mut self, task: TaskId, why: &str) {
        let owed = &mut self.results.owed;
        if owed.part.as_ref().is_some_and(|(_, check, _)| *check == Some(task)) {
            why.clone_into(&mut owed.why);
        }
    }

    /// The failed attempts to check what is owed a check of a device.
    pub(in crate::scheduler) fn owed_rest(&self, by: PeerKey) -> Option<&OwedRest> {
        self.results.owed.rest(by)
    }

    /// A task ended; gives whether it was such a check, and then who sent what is false.
    pub(super) fn end_owed_check(&mut self, task: TaskId, own: Option<&Embedding>) -> Option<Option<PeerKey>> {
        let (part, check, good) = self.results.owed.part.as_mut()?;
        check.take_if(|check| *check == task)?;
        let (chunk, made) = part.texts.pop()?;
        let Some(own) = own else {
            // It says nothing of its part, and another device is to make it too.
            let by = part.by;
            self.results.owed.failed.insert(chunk.row);
            self.results.unconfirmed.want(self.woken, (by, chunk.row), true);
            return Some(None);
        };
        if !is_same(&made, own, self.model.cosine_min) {
            return Some(Some(part.by));
        }
        *good += 1;
        Some(None)
    }

    /// Parts that are settled since the last call.
    pub(in crate::scheduler) fn take_settled(&mut self) -> Vec<(PeerKey, Vec<Row>)> {
        std::mem::take(&mut self.results.owed.settled)
    }

    /// Vectors of these devices that are false besides what is owed a check, for a save that deletes them.
    pub(in crate::scheduler) fn take_accused(&mut self, of: &[PeerKey]) -> Vec<(PeerKey, Row)> {
        self.results.owed.accused.extract_if(.., |(by, _)| of.contains(by)).collect()
    }

    /// They are not deleted.
    pub(in crate::scheduler) fn still_accused(&mut self, accused: Vec<(PeerKey, Row)>) {
        self.results.owed.accused.extend(accused);
    }

    /// All that a device made and that is owed a check is deleted, also what was on its way to the disk when it was found false.
    pub(in crate::scheduler) fn owes_nothing(&mut self, by: PeerKey) {
        self.results.owed.is_none(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::Fingerprint;

    #[test]
    fn an_accusation_that_comes_while_others_are_saved_is_for_the_next_save() {
        let (one, other) = (PeerKey([1; 32]), PeerKey([2; 32]));
        let mut lender = Lender::new(Fingerprint([7; 32]), 0.98, 1);
        lender.results.owed.accuse(one, Row(1));
        let saved = lender.take_accused(&[one]);
        assert_eq!(saved, [(one, Row(1))]);
        lender.results.owed.accuse(one, Row(2));
        assert_eq!(lender.take_accused(&[other]), []);
        lender.still_accused(saved);
        assert_eq!(lender.take_accused(&[one]), [(one, Row(2)), (one, Row(1))], "one that failed is done again");
    }
}
