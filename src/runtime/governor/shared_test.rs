//! What the governor keeps of an agent's work where another agent leads, or nobody does yet.

use super::*;
use crate::energy::board::tree::Tree;
use crate::energy::coordinator::Setup;
use crate::energy::governor::Settings;

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1000)
}

#[test]
fn work_of_an_agent_that_does_not_lead_is_in_its_day_when_it_was_done_before_anybody_looks() {
    let found = BoardReport::of(&Tree::default());
    let setup = Setup {
        cores: 2,
        found: &found,
        settings: Settings::default(),
        can_wait: Duration::ZERO,
        boot: None,
        persisted: PersistedState::default(),
    };
    let (inputs, _outputs) = smol::channel::unbounded();
    let mut state = State::new(at(0), HostCoordinator::new(at(0), None, setup), inputs);
    for (seconds, chunks) in [(10, 30), (700, 7)] {
        state.handle(at(seconds), Input::TaskEnded { cpu: Duration::from_secs(1), chunks });
    }
    let day = state.day.report(at(1000));
    assert!(!state.coordinator.leads());
    assert_eq!((day.chunks, day.joules), (vec![30, 0, 7], vec![None, Some(0.0), None]));
}
