//! Other quiet hours while the agent runs.

use super::handle::GovernorHandle;
use super::quiet::{QuietWindow, list};
use crate::energy::coordinator::Input;
use crate::energy::policy::hours::QuietHours;
use crate::platform::clock;
use crate::platform::unchanged::Unchanged;

impl GovernorHandle {
    /// These quiet hours hold from now on, in place of those of before. Gives them as people are told, and whether this agent governs its
    /// host: where another one does, that one's hold, and these once this one does. `None`: there is no governor.
    ///
    /// # Errors
    /// A conflict: others hold than those `before`, on which these are based. Nothing was changed.
    pub fn set_quiet(
        &self,
        hours: &QuietHours,
        before: Option<&[QuietWindow]>,
    ) -> Result<Option<(Vec<QuietWindow>, bool)>, Unchanged> {
        let Some(shared) = &self.shared else { return Ok(None) };
        let now = clock::now();
        shared.update_time(now);
        // Compared and set in one step: of two that are based on the same, one is first.
        shared.with(now, |coordinator, out| {
            if is_outdated(coordinator.quiet_hours(), before) {
                return Err(Unchanged::Conflict(OTHERS.to_owned()));
            }
            coordinator.handle(now, Input::Quiet(hours), out);
            Ok(Some((list(hours), coordinator.leads())))
        })
    }
}

/// Whether somebody who knows quiet hours as those of `before` knows others than hold.
fn is_outdated(hold: &QuietHours, before: Option<&[QuietWindow]>) -> bool {
    before.is_some_and(|before| list(hold) != before)
}

const OTHERS: &str =
    "The quiet hours are others by now: somebody changed them meanwhile. Nothing was changed; look at them again.";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::fraction::Fraction;
    use crate::energy::policy::hours::Window;

    #[test]
    fn who_knows_other_quiet_hours_than_hold_is_outdated_and_who_says_nothing_is_not() {
        let mut hold = QuietHours::default();
        assert!(hold.add(Window { days: Window::DAILY, from: 22 * 60, to: 7 * 60 }, Fraction::new(0.25)));
        let known = list(&hold);
        assert!(!is_outdated(&hold, Some(&known)) && !is_outdated(&hold, None));
        assert!(is_outdated(&hold, Some(&[])) && is_outdated(&QuietHours::default(), Some(&known)));
        assert!(!is_outdated(&QuietHours::default(), Some(&[])));
        // As a page sends back what it was told.
        let sent: Vec<QuietWindow> = serde_json::from_str(&serde_json::to_string(&known).unwrap()).unwrap();
        assert!(!is_outdated(&hold, Some(&sent)));
    }
}
