//! Whether only this device may embed the passages that wait.

use super::machine::Scheduler;

/// Whether others may embed the chunks that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnlyHere {
    /// They may embed some, as far as is known, or none waits.
    #[default]
    No,
    /// None: all are of private collections.
    Private,
    /// None, as far as the last look at all of them says: they are private, of files that are away, of another model, or failed.
    Kept,
}

impl Scheduler {
    /// Whether only this device may embed the chunks that wait and that no other device has.
    #[must_use]
    pub fn only_here(&self) -> OnlyHere {
        if self.to_embed() == 0 || !self.keeps_all() {
            return OnlyHere::No;
        }
        match (self.any_lendable(), self.has_private_folders()) {
            (true, _) => OnlyHere::Kept,
            (false, true) => OnlyHere::Private,
            // What is left of folders that are forgotten is being deleted.
            (false, false) => OnlyHere::No,
        }
    }
}
