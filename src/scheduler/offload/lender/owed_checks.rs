//! The checks of what is owed one: part by part, of each some texts by chance.

use super::Lender;
use crate::base::id::{PeerKey, Row, TaskId};
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
        let by = *owed.of.first_key_value()?.0;
        (owed.is_reading, owed.has_more) = (true, false);
        Some((by, self.rng.next()))
    }

    /// They were read, or could not be.
    pub(in crate::scheduler) fn on_owed(&mut self, by: PeerKey, read: Option<OwedPart>) {
        let owed = &mut self.results.owed;
        owed.is_reading = false;
        match read {
            Some(part) if part.rows.is_empty() && owed.has_more => {}
            Some(part) if !part.rows.is_empty() => {
                // One that was found false meanwhile has nothing to prove.
                owed.part = owed.of.contains_key(&by).then_some((part, None, 0));
            }
            // The next start reads them once more, if there are any.
            _ => drop(owed.of.remove(&by)),
        }
    }

    /// The next text to compute here. Where there is none, the part is settled.
    pub(in crate::scheduler) fn next_owed_check(&mut self) -> Option<LentText> {
        let is_full = self.checks() >= LEASE_CHECKS_MAX;
        let owed = &mut self.results.owed;
        let (part, _, good) = owed.part.as_ref().filter(|(_, check, _)| check.is_none())?;
        if let Some((chunk, _)) = part.texts.last() {
            return (!is_full).then(|| chunk.text.clone());
        }
        let vouches = *good > 0 || !part.has_texts;
        let (part, ..) = owed.part.take()?;
        if vouches {
            let left = owed.of(part.by).saturating_sub(part.rows.len() as u64);
            // Copies are not counted: whether any are left, the next look says.
            owed.of.insert(part.by, left.max(1));
            owed.settled.push((part.by, part.rows));
        } else {
            // None of them can be computed here just now. The next start tries again.
            owed.of.remove(&part.by);
        }
        None
    }

    pub(in crate::scheduler) fn begin_owed_check(&mut self, task: TaskId) {
        if let Some((_, check, _)) = &mut self.results.owed.part {
            *check = Some(task);
            self.results.checks.insert(task);
        }
    }

    /// A task ended; gives whether it was such a check, and then who sent what is false.
    pub(super) fn end_owed_check(&mut self, task: TaskId, own: Option<&Embedding>) -> Option<Option<PeerKey>> {
        let (part, check, good) = self.results.owed.part.as_mut()?;
        check.take_if(|check| *check == task)?;
        let (_, made) = part.texts.pop()?;
        let Some(own) = own else { return Some(None) };
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

    /// Vectors of these devices that are false besides what is owed a check.
    pub(in crate::scheduler) fn accused(&self, of: &[PeerKey]) -> Vec<(PeerKey, Row)> {
        self.results.owed.accused.iter().filter(|(by, _)| of.contains(by)).copied().collect()
    }

    /// They are deleted.
    pub(in crate::scheduler) fn accused_no_more(&mut self, of: &[PeerKey]) {
        self.results.owed.accused.retain(|(by, _)| !of.contains(by));
    }
}
