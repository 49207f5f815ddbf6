//! Where a peer may be reached: hints, tried in turn, the last good one first.

use crate::limits::ADDRESSES_MAX;
use core::net::SocketAddr;

/// The addresses of one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// First those that the owner gave or a dial proved, then hints.
    all: Vec<SocketAddr>,
    /// How many of them are no hints; at least one place is left to those.
    kept: usize,
    /// The one to try next.
    next: usize,
}

impl Addresses {
    /// An address that the owner gave, or at which the peer was reached. True if it is news.
    pub fn keep(&mut self, address: SocketAddr) -> bool {
        if self.kept > 0 && self.all.first() == Some(&address) {
            self.next = 0;
            return false;
        }
        let before = self.all.iter().position(|known| *known == address);
        if let Some(at) = before {
            self.all.remove(at);
        }
        if before.is_none_or(|at| at >= self.kept) {
            self.kept = (self.kept + 1).min(ADDRESSES_MAX - 1);
        }
        self.all.insert(0, address);
        self.all.truncate(ADDRESSES_MAX);
        self.next = 0;
        true
    }

    /// Somebody says that the peer is there. True if that is news. A hint never takes the place of what is no
    /// hint, and of hints that of the oldest.
    pub fn hint(&mut self, address: SocketAddr) -> bool {
        if self.all.contains(&address) || !is_place(address) {
            return false;
        }
        if self.all.len() >= ADDRESSES_MAX {
            self.all.remove(self.kept);
        }
        self.all.push(address);
        true
    }

    /// The one to dial now.
    #[must_use]
    pub fn current(&self) -> Option<SocketAddr> {
        self.all.get(self.next).copied()
    }

    /// The last one did not answer: the next one's turn.
    pub fn rotate(&mut self) {
        self.next = (self.next + 1) % self.all.len().max(1);
    }

    /// All of them, the best first.
    #[must_use]
    pub fn all(&self) -> &[SocketAddr] {
        &self.all
    }

    /// Those that the owner gave or a dial proved, the last good one first.
    #[must_use]
    pub fn kept(&self) -> &[SocketAddr] {
        &self.all[..self.kept.min(self.all.len())]
    }
}

/// Whether there can be a device at the address: nobody is sent to a group or to nowhere.
fn is_place(address: SocketAddr) -> bool {
    let ip = address.ip();
    address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, 1], port))
    }

    #[test]
    fn hints_never_displace_what_was_proven_and_the_last_good_one_goes_first() {
        let mut addresses = Addresses::default();
        assert!(addresses.hint(at(1)) && !addresses.hint(at(1)));
        assert!(addresses.keep(at(2)) && !addresses.keep(at(2)));
        (10..10_000).for_each(|port| assert!(addresses.hint(at(port))));
        assert_eq!((addresses.all().len(), addresses.current()), (ADDRESSES_MAX, Some(at(2))));
        addresses.rotate();
        assert_ne!(addresses.current(), Some(at(2)));
        assert!(addresses.keep(at(9_999)));
        assert_eq!(addresses.kept(), [at(9_999), at(2)]);
        assert_eq!(addresses.current(), Some(at(9_999)));
        (1..100).for_each(|port| _ = addresses.keep(at(port)));
        assert_eq!((addresses.all().len(), addresses.kept().len()), (ADDRESSES_MAX, ADDRESSES_MAX - 1));
        assert!(addresses.hint(at(7_000)), "there is always a place for a hint");
    }

    #[test]
    fn nowhere_and_groups_are_no_places() {
        let mut addresses = Addresses::default();
        for bad in ["0.0.0.0:7", "[::]:7", "224.0.0.251:5353", "[ff02::fb]:5353", "10.0.0.1:0"] {
            assert!(!addresses.hint(bad.parse().unwrap()), "{bad}");
        }
        assert_eq!(addresses.current(), None);
    }
}
