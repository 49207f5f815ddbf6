//! A decision of the owner, `wattle forget` or `keep`, for which the agent has no room just now: it is asked again until it is taken.

use super::text::one_line;
use crate::http::client::Failure;
use crate::limits::{DECISION_PAUSE_S, DECISION_TRIES};
use crate::platform::stdout::note;
use smol::Timer;
use std::time::Duration;

/// The time between two tries.
pub(super) const PAUSE: Duration = Duration::from_secs(DECISION_PAUSE_S);

/// Asks, and asks again while the agent is busy; says so once, on stderr.
pub(super) async fn until_taken(
    pause: Duration,
    ask: impl AsyncFn() -> Result<String, Failure>,
) -> Result<String, Failure> {
    for tries in 1..DECISION_TRIES {
        match ask().await {
            Err(Failure::Busy(why)) if tries == 1 => {
                note(&one_line(&format!("{why} This command tries it again, for ten minutes at most.")));
            }
            Err(Failure::Busy(_)) => {}
            answer => return answer,
        }
        Timer::after(pause).await;
    }
    ask().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// What is answered by an agent that is busy so often, and how often it was asked.
    fn asked(busy: u32) -> (Result<String, Failure>, u32) {
        let calls = Cell::new(0);
        let answer = smol::block_on(until_taken(Duration::ZERO, async || {
            calls.set(calls.get() + 1);
            if calls.get() <= busy { Err(Failure::Busy("Busy.".to_owned())) } else { Ok("Done.".to_owned()) }
        }));
        (answer, calls.get())
    }

    #[test]
    fn who_decides_while_the_agent_is_busy_gets_its_answer_later_and_not_its_refusal() {
        assert_eq!(asked(0), (Ok("Done.".to_owned()), 1));
        assert_eq!(asked(7), (Ok("Done.".to_owned()), 8));
        assert_eq!(asked(DECISION_TRIES), (Err(Failure::Busy("Busy.".to_owned())), DECISION_TRIES));
        let other = smol::block_on(until_taken(PAUSE, async || Err(Failure::NotDone("No.".to_owned()))));
        assert_eq!(other, Err(Failure::NotDone("No.".to_owned())), "at once");
    }
}
