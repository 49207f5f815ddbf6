//! Whether places for guests were short, for people: who is to be let in may not have got through.

use crate::base::count::{count, plural};
use crate::base::finding::{Area, Finding};
use crate::base::time::{Duration, Instant};
use crate::limits::{GUESTS_ADDRESS_MAX, GUESTS_CROWDED_TOLD_MS, GUESTS_MAX};
use core::net::IpAddr;

/// The guests that had to go, until none had for a while.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    last: Option<(Instant, IpAddr)>,
    /// How many said nothing, and gave way to another one.
    silent: u64,
    /// How many came when all others conversed.
    refused: u64,
}

impl Crowd {
    /// A guest from this address had to go.
    pub(super) fn note(&mut self, now: Instant, address: IpAddr, refused: bool) {
        if !self.is_told(now) {
            *self = Self::default();
        }
        let number = if refused { &mut self.refused } else { &mut self.silent };
        *number = number.saturating_add(1);
        self.last = Some((now, address));
    }

    fn is_told(&self, now: Instant) -> bool {
        self.last.is_some_and(|(at, _)| now.since(at) < Duration::from_millis(GUESTS_CROWDED_TOLD_MS))
    }

    /// What people are to know of it.
    pub(super) fn finding(&self, now: Instant) -> Option<Finding> {
        let (_, address) = self.last.filter(|_| self.is_told(now))?;
        Some(of_crowd(self.silent, self.refused, address))
    }
}

/// So many silent connections gave way, and so many devices were turned away; the last one came from this address.
pub(crate) fn of_crowd(silent: u64, refused: u64, address: IpAddr) -> Finding {
    let mut what = format!(
        "Places for devices that want to be let in were short: there are {GUESTS_MAX}, and {GUESTS_ADDRESS_MAX} for each address."
    );
    if silent > 0 {
        let connections = count(silent, "connection");
        what.push_str(&format!(
            " {connections} that said nothing gave way to newer ones, so a device can be let in all the same."
        ));
    }
    if refused > 0 {
        what.push_str(&format!(
            " {} turned away, because the others were being let in just then; a device that joins tries again by itself for a minute.",
            count(refused, "device") + plural(refused, " was", " were")
        ));
    }
    what.push_str(&format!(" The last one came from {address}: look what opens so many connections there."));
    Finding { area: Area::Peers, what, command: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_told_for_a_while_and_then_begins_anew() {
        let (mut crowd, ip) = (Crowd::default(), IpAddr::from([192, 168, 1, 9]));
        let at = |ms| Instant::from_millis(1_000_000 + ms);
        assert_eq!(crowd.finding(at(0)), None);
        crowd.note(at(0), ip, false);
        crowd.note(at(1), ip, false);
        crowd.note(at(2), ip, true);
        assert_eq!(crowd.finding(at(3)), Some(of_crowd(2, 1, ip)));
        assert_eq!(crowd.finding(at(2 + GUESTS_CROWDED_TOLD_MS)), None);
        crowd.note(at(2 + GUESTS_CROWDED_TOLD_MS), ip, true);
        assert_eq!(crowd.finding(at(3 + GUESTS_CROWDED_TOLD_MS)), Some(of_crowd(0, 1, ip)));
    }
}
