//! One look at a password at a time, and who has the next one.
//!
//! Of those who wait, the one that tried least goes first (`throttle::Rank`), so that a flood of guesses, of many addresses too, is looked at behind everybody else.
//! `LOOKS_WAITING_MAX` wait; of one more, whoever would be last is turned away.

use crate::http::throttle::Rank;
use crate::limits::LOOKS_WAITING_MAX;
use smol::channel::{Receiver, Sender, bounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The one turn, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    /// How many have waited so far.
    came: u64,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    /// The smallest goes first: of the same rank, who came first.
    place: (Rank, u64),
    go: Sender<Turn>,
}

/// The turn; dropping it gives it to the next.
#[derive(Debug)]
pub(super) struct Turn(Arc<Turns>);

impl Turns {
    /// The turn, once it is this one's; `None`: there is no room to wait.
    pub(super) async fn take(self: &Arc<Self>, rank: Rank) -> Option<Turn> {
        match self.enter(rank) {
            Ok(turn) => Some(turn),
            Err(called) => called.recv().await.ok(),
        }
    }

    /// The turn, or where it will come; nothing comes where there is no room.
    fn enter(self: &Arc<Self>, rank: Rank) -> Result<Turn, Receiver<Turn>> {
        let mut state = self.state();
        if !state.is_taken {
            state.is_taken = true;
            return Ok(Turn(Arc::clone(self)));
        }
        let (go, called) = bounded(1);
        // Who has hung up takes nobody's place.
        state.waiting.retain(|one| !one.go.is_closed());
        state.came += 1;
        let place = (rank, state.came);
        state.waiting.push(Waiting { place, go });
        if state.waiting.len() > LOOKS_WAITING_MAX {
            let last = state.waiting.iter().enumerate().max_by_key(|(_, one)| one.place).map(|(at, _)| at);
            if let Some(at) = last {
                state.waiting.swap_remove(at);
            }
        }
        Err(called)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            let first = state.waiting.iter().enumerate().min_by_key(|(_, one)| one.place).map(|(at, _)| at);
            state.is_taken = first.is_some();
            first.map(|at| state.waiting.swap_remove(at))
        };
        if let Some(next) = next {
            // What is not taken is dropped: whoever has hung up meanwhile hands it on.
            let _ = next.go.try_send(Self(Arc::clone(&self.0)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_tried_least_goes_first_and_who_hung_up_keeps_nobody_waiting() {
        let turns = Arc::new(Turns::default());
        let held = turns.enter((9, 9)).unwrap();
        let [flood, again, fresh, gone] = [(5, 80), (5, 80), (1, 1), (0, 0)].map(|rank| turns.enter(rank).unwrap_err());
        drop(gone);
        drop(held);
        assert!(flood.try_recv().is_err() && again.try_recv().is_err());
        drop(fresh.try_recv().unwrap());
        assert!(again.try_recv().is_err());
        // Called, and gone before it came.
        drop(flood);
        drop(again.try_recv().unwrap());
        assert!(turns.enter((9, 9)).is_ok(), "it is free again");
    }

    #[test]
    fn where_there_is_no_more_room_whoever_tried_most_is_turned_away() {
        let turns = Arc::new(Turns::default());
        let held = turns.enter((0, 0)).unwrap();
        let flood: Vec<_> = (0..LOOKS_WAITING_MAX).map(|_| turns.enter((3, 90)).unwrap_err()).collect();
        let owner = turns.enter((1, 1)).unwrap_err();
        let is_turned_away = |called: &Receiver<Turn>| called.is_closed();
        assert_eq!(flood.iter().filter(|called| is_turned_away(called)).count(), 1);
        assert!(is_turned_away(&flood[LOOKS_WAITING_MAX - 1]), "the one that came last of them");
        let late = turns.enter((3, 90)).unwrap_err();
        assert!(is_turned_away(&late) && smol::block_on(late.recv()).is_err());
        drop(held);
        assert!(owner.try_recv().is_ok(), "it is the next");
    }

    #[test]
    fn who_has_hung_up_takes_nobodys_place() {
        let turns = Arc::new(Turns::default());
        let held = turns.enter((0, 0)).unwrap();
        (0..LOOKS_WAITING_MAX).for_each(|_| drop(turns.enter((1, 1)).unwrap_err()));
        let owner = turns.enter((2, 2)).unwrap_err();
        assert!(!owner.is_closed(), "it waits");
        drop(held);
        assert!(owner.try_recv().is_ok());
    }
}
