//! When what happens in a run of a scenario: the faults with their ends, and the documents that come.

use super::plan::{Kind, Scenario};
use crate::base::rng::Rng;
use crate::base::time::Duration;
use crate::limits::SCENARIO_FAULTS_MAX;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    /// Documents come to their device: which entry of the scenario.
    Arrive(usize),
    /// A fault begins at a device, and lasts so long.
    Begin(Kind, usize, Duration),
    /// It ends.
    End(Kind, usize),
}

/// All of it in its order, from the beginning of the run on. Of the faults of one entry each has its device and kind by chance.
pub(super) fn timeline(scenario: &Scenario, rng: &mut Rng) -> Vec<(Duration, Act)> {
    let mut acts: Vec<(Duration, Act)> =
        scenario.documents.iter().enumerate().map(|(at, of)| (of.at, Act::Arrive(at))).collect();
    for fault in &scenario.faults {
        let mut at = fault.at;
        while acts.len() < SCENARIO_FAULTS_MAX {
            let lasts = fault.lasts.draw(rng);
            if let (Some(kind), Some(device)) = (pick(&fault.kinds, rng), pick(&fault.devices, rng)) {
                acts.push((at, Act::Begin(kind, device, lasts)));
                acts.push((at + lasts, Act::End(kind, device)));
            }
            let Some((every, until)) = fault.again else { break };
            at += every.draw(rng);
            if at > until {
                break;
            }
        }
    }
    // Of one moment those of the file's order first.
    acts.sort_by_key(|(at, _)| *at);
    acts
}

fn pick<T: Copy>(of: &[T], rng: &mut Rng) -> Option<T> {
    of.get(usize::try_from(rng.below(of.len().max(1) as u64)).unwrap_or(0)).copied()
}
