//! The addresses of a peer: proven ones and unproven hints, tried in turn, the last good one first.

use crate::limits::ADDRESSES_MAX;
use core::net::SocketAddr;

/// The addresses of one peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// The proven ones first (given by the owner, or reached by a dial), then hints.
    all: Vec<SocketAddr>,
    /// How many are proven; at least one place is left for hints.
    proven: usize,
    /// Index of the one to dial next.
    next: usize,
}

impl Addresses {
    /// Adds an address that the owner gave, or at which the peer was reached. True if it was not the first proven one.
    pub fn keep(&mut self, address: SocketAddr) -> bool {
        if self.proven > 0 && self.all.first() == Some(&address) {
            self.next = 0;
            return false;
        }
        let known_at = self.all.iter().position(|known| *known == address);
        if let Some(at) = known_at {
            self.all.remove(at);
        }
        if known_at.is_none_or(|at| at >= self.proven) {
            self.proven = (self.proven + 1).min(ADDRESSES_MAX - 1);
        }
        self.all.insert(0, address);
        self.all.truncate(ADDRESSES_MAX);
        self.next = 0;
        true
    }

    /// Adds an unproven address. True if it is new. A hint replaces the oldest hint if there is no room, and never a
    /// proven address.
    pub fn hint(&mut self, address: SocketAddr) -> bool {
        if self.all.contains(&address) || !is_dialable(address) {
            return false;
        }
        if self.all.len() >= ADDRESSES_MAX {
            self.all.remove(self.proven);
        }
        self.all.push(address);
        true
    }

    /// The one to dial now.
    #[must_use]
    pub fn current(&self) -> Option<SocketAddr> {
        self.all.get(self.next).copied()
    }

    /// The current one did not answer: the next one is to be dialled.
    pub fn rotate(&mut self) {
        self.next = (self.next + 1) % self.all.len().max(1);
    }

    /// All of them, the proven ones first.
    #[must_use]
    pub fn all(&self) -> &[SocketAddr] {
        &self.all
    }

    /// The proven ones, the last good one first.
    #[must_use]
    pub fn kept(&self) -> &[SocketAddr] {
        &self.all[..self.proven.min(self.all.len())]
    }
}

/// Whether a device can have the address: it is not unspecified, not multicast, and has a port.
fn is_dialable(address: SocketAddr) -> bool {
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
    fn hints_never_displace_proven_addresses_and_the_last_good_one_is_first() {
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
    fn unspecified_and_multicast_addresses_are_refused() {
        let mut addresses = Addresses::default();
        for bad in ["0.0.0.0:7", "[::]:7", "224.0.0.251:5353", "[ff02::fb]:5353", "10.0.0.1:0"] {
            assert!(!addresses.hint(bad.parse().unwrap()), "{bad}");
        }
        assert_eq!(addresses.current(), None);
    }
}
