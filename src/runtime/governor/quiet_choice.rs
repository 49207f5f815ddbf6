//! Other quiet hours while the agent runs.

use super::handle::GovernorHandle;
use super::quiet::{QuietWindow, list};
use crate::energy::coordinator::Input;
use crate::energy::policy::hours::QuietHours;
use crate::platform::clock;

impl GovernorHandle {
    /// These quiet hours hold from now on, in place of those of before. Gives them as people are told, and whether this agent governs its
    /// host: where another one does, that one's hold, and these once this one does. `None`: there is no governor.
    #[must_use]
    pub fn set_quiet(&self, hours: &QuietHours) -> Option<(Vec<QuietWindow>, bool)> {
        let shared = self.shared.as_ref()?;
        let now = clock::now();
        shared.update_time(now);
        shared.input(now, Input::Quiet(hours));
        Some((list(hours), shared.lock().coordinator.leads()))
    }
}
