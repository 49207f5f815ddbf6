//! What happens next in virtual time.

use super::event::Event;
use crate::base::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Events by their time and, within one moment, by the order in which they were scheduled; and when each node is to be
/// woken. Both orders are total, so a seed always gives the same run.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    events: BTreeMap<(Instant, u64), (usize, Event)>,
    scheduled: u64,
    wakes: BTreeSet<(Instant, usize)>,
}

/// What is due.
#[derive(Debug)]
pub(super) struct Due {
    /// When.
    pub(super) time: Instant,
    /// At which device.
    pub(super) at: usize,
    /// The event; `None`: the deadline of the device's node.
    pub(super) event: Option<Event>,
}

impl EventQueue {
    pub(super) fn push(&mut self, due: Instant, at: usize, event: Event) {
        self.scheduled += 1;
        self.events.insert((due, self.scheduled), (at, event));
    }

    /// Drops the events of a device that went down.
    pub(super) fn forget(&mut self, at: usize) {
        self.events.retain(|_, (of, _)| *of != at);
    }

    /// The deadline of a device's node changed.
    pub(super) fn move_wake(&mut self, at: usize, before: Option<Instant>, next: Option<Instant>) {
        if before == next {
            return;
        }
        if let Some(before) = before {
            self.wakes.remove(&(before, at));
        }
        self.wakes.extend(next.map(|next| (next, at)));
    }

    /// Takes what is due first, if that is by `end`. Events come before wakes of the same moment. A wake stays until the
    /// deadline of its node moves.
    pub(super) fn next(&mut self, end: Instant) -> Option<Due> {
        let first = self.events.first_key_value().map(|((time, _), _)| *time);
        let wake = self.wakes.first().copied().filter(|(wake, _)| first.is_none_or(|first| *wake < first));
        if let Some((time, at)) = wake {
            return (time <= end).then_some(Due { time, at, event: None });
        }
        first.filter(|time| *time <= end)?;
        let ((time, _), (at, event)) = self.events.pop_first()?;
        Some(Due { time, at, event: Some(event) })
    }
}
