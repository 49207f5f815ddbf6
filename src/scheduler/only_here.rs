//! Whether only this device may embed the passages that wait.

use super::machine::Scheduler;
use crate::base::time::Instant;
use crate::store::record::MarkKind;

/// Whether others may embed the chunks that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnlyHere {
    /// They may embed some, as far as is known, or none waits.
    #[default]
    No,
    /// None: all are of private collections.
    Private,
    /// None, as far as the last look at all of them says: they are of private collections, of files that are away, or failed.
    Kept,
}

impl Scheduler {
    /// Whether only this device may embed the chunks that wait and that no other device has.
    #[must_use]
    pub fn only_here(&self, now: Instant) -> OnlyHere {
        if self.to_embed() == 0 || !self.keeps_all() {
            return OnlyHere::No;
        }
        let is_away = self.marks().iter().any(|mark| mark.kind != MarkKind::Forgotten);
        let may_be_other = self.any_lendable() && (is_away || self.absent() > 0 || self.failing(now).all() > 0);
        match (self.has_private_folders(), may_be_other) {
            (true, false) => OnlyHere::Private,
            // What is left of folders that are forgotten is being deleted.
            (false, _) if !self.any_lendable() => OnlyHere::No,
            _ => OnlyHere::Kept,
        }
    }
}
