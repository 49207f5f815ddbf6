//! Puts what the governor doubts on the board of findings, which status and doctor show.

use crate::base::finding::{Area, Finding};
use crate::base::time::{Duration, Instant};
use crate::energy::doubt::{Doubt, Doubts};
use crate::platform::findings::Findings;

/// A doubt stays on the board for this long after its last sample, so that one that comes and goes is not told each time.
const LASTS: Duration = Duration::from_secs(600);

/// The doubts that are on the board.
#[derive(Debug)]
pub(super) struct DoubtBoard {
    board: Findings,
    /// Those that were shown, and when each last held.
    shown: Vec<(Doubt, Instant)>,
}

impl DoubtBoard {
    pub(super) const fn new(board: Findings) -> Self {
        Self { board, shown: Vec::new() }
    }

    /// Takes the doubts of a sample. Nothing is allocated while they are the same.
    pub(super) fn show(&mut self, now: Instant, doubts: Doubts) {
        for doubt in doubts.iter().filter(|doubt| doubt.is_fault()) {
            if let Some((_, last)) = self.shown.iter_mut().find(|(shown, _)| *shown == doubt) {
                *last = now;
            } else {
                let command = Some("wattle energy".to_owned());
                self.board.set(&key(doubt), Finding { area: Area::Sensors, what: doubt.to_string(), command });
                self.shown.push((doubt, now));
            }
        }
        let board = &self.board;
        self.shown.retain(|(doubt, last)| {
            let holds = now.since(*last) < LASTS;
            if !holds {
                board.clear(&key(*doubt));
            }
            holds
        });
    }
}

/// What the leader of the host tells a follower of the sensors, which the follower does not read itself.
pub(super) fn of_leader(doubts: Doubts) -> Vec<Finding> {
    let finding = |doubt: Doubt| {
        let what = format!("{doubt} The agent that governs this host says so.");
        Finding { area: Area::Sensors, what, command: Some("wattle energy".to_owned()) }
    };
    doubts.iter().filter(|doubt| doubt.is_fault()).map(finding).collect()
}

fn key(doubt: Doubt) -> String {
    format!("sensor:{}", doubt.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubt_is_a_finding_until_ten_minutes_after_it_last_held_and_a_note_is_none() {
        let (findings, at) = (Findings::default(), |s: u64| Instant::from_millis(s * 1000));
        let mut board = DoubtBoard::new(findings.clone());
        let doubts = Doubts::NONE.with(Doubt::DeadBattery, true).with(Doubt::FanValue, true);
        board.show(at(0), doubts);
        board.show(at(100), Doubts::NONE);
        board.show(at(200), doubts);
        let list = findings.list();
        assert_eq!((list.len(), list[0].area), (1, Area::Sensors));
        assert!(list[0].what.contains("counts as broken") && list[0].command.is_some());
        board.show(at(799), Doubts::NONE);
        assert_eq!(findings.list().len(), 1);
        board.show(at(800), Doubts::NONE);
        assert!(findings.list().is_empty(), "it is mended");
    }
}
