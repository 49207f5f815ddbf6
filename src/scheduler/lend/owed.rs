//! Results of others that answer and are owed a check, once this device may compute.

use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::scheduler::machine::Scheduler;
use crate::scheduler::offload::lendable::OwedPart;
use crate::scheduler::offload::lender::owed::OwedRest;
use crate::scheduler::port::Output;
use crate::scheduler::task::Task;

impl Scheduler {
    /// Reads some of them, and computes texts of what was read.
    pub(super) fn check_owed(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.has_slot()
            && let Some((by, seed)) = self.offload.lender.next_owed()
        {
            self.start(Task::Owed { by, seed }, out);
        }
        if let Some(text) = self.offload.lender.next_owed_check(now) {
            let task = self.running.issue();
            self.offload.lender.begin_owed_check(task);
            out.push(Output::Start(task, Task::EmbedHit { heading: text.heading, text: text.text }));
        }
    }

    /// Whether results might be checked here at the last look.
    #[must_use]
    pub const fn may_check(&self) -> bool {
        self.offload.checks
    }

    /// The failed attempts to check what is owed a check of a device.
    #[must_use]
    pub fn owed_rest(&self, by: PeerKey) -> Option<&OwedRest> {
        self.offload.lender.owed_rest(by)
    }

    /// A part of them was read, or could not be.
    pub(in crate::scheduler) fn on_owed(&mut self, by: PeerKey, read: Option<OwedPart>) {
        self.offload.lender.on_owed(self.running.now, by, read);
    }
}
