//! Slows whoever tries tokens and passwords: of one address, so many wrong ones in a minute are answered as such, and the next is told to wait.
//!
//! The minute begins with the first wrong one and is not made longer by those that are turned away. Tokens and passwords count apart, so that a
//! program with an old token does not keep its machine's people from the password. Devices choose their IPv6 addresses as they like within their network's
//! prefix of 64 bits, so that all of one prefix count as one; and every program of this machine has all of 127.0.0.0/8, so that those count as one too. The table is bounded; who fills it with many addresses gains what many addresses
//! give anyway.

use crate::base::time::{Duration, Instant};
use crate::limits::{TRIES_ADDRESSES_MAX, TRIES_MAX, TRIES_WINDOW_MS};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Secret {
    /// A bearer token.
    Token,
    /// The page's password, or what stands for it once.
    Password,
}

/// The wrong ones of one address.
#[derive(Clone, Copy, Debug)]
struct Tries {
    from: IpAddr,
    secret: Secret,
    since: Instant,
    number: u32,
}

impl Tries {
    fn ends(&self) -> Instant {
        self.since + Duration::from_millis(TRIES_WINDOW_MS)
    }

    /// In how many seconds the address is answered again; `None`: now.
    fn wait(&self, now: Instant) -> Option<u64> {
        let rest = self.ends().since(now).as_millis().div_ceil(1000);
        (self.number >= TRIES_MAX && now < self.ends()).then(|| u64::try_from(rest).unwrap_or(1).max(1))
    }
}

/// The table of those who tried. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Throttle {
    table: Arc<Mutex<Vec<Tries>>>,
}

impl Throttle {
    /// In how many seconds this address is answered again; `None`: now. Counts nothing.
    pub(super) fn wait(&self, from: IpAddr, secret: Secret, now: Instant) -> Option<u64> {
        self.with(|table| find(table, from, secret)?.wait(now))
    }

    /// Counts a wrong one, or one that is about to be looked at and may be taken back.
    ///
    /// # Errors
    /// In how many seconds the address is answered again: there were too many, and this one is not looked at.
    pub(super) fn count(&self, from: IpAddr, secret: Secret, now: Instant) -> Result<(), u64> {
        self.with(|table| {
            if let Some(tries) = find(table, from, secret) {
                if now >= tries.ends() {
                    (tries.since, tries.number) = (now, 0);
                }
                if let Some(seconds) = tries.wait(now) {
                    return Err(seconds);
                }
                tries.number += 1;
                return Ok(());
            }
            if table.len() >= TRIES_ADDRESSES_MAX {
                let oldest = table.iter().enumerate().min_by_key(|(_, tries)| tries.since).map(|(at, _)| at);
                if let Some(at) = oldest {
                    table.swap_remove(at);
                }
            }
            table.push(Tries { from: group(from), secret, since: now, number: 1 });
            Ok(())
        })
    }

    /// It was a right one: nothing is held against the address any more.
    pub(super) fn forgive(&self, from: IpAddr, secret: Secret) {
        self.with(|table| table.retain(|tries| (tries.from, tries.secret) != (group(from), secret)));
    }

    fn with<T>(&self, then: impl FnOnce(&mut Vec<Tries>) -> T) -> T {
        then(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn find(table: &mut [Tries], from: IpAddr, secret: Secret) -> Option<&mut Tries> {
    let from = group(from);
    table.iter_mut().find(|tries| tries.from == from && tries.secret == secret)
}

/// The addresses that count as one.
fn group(from: IpAddr) -> IpAddr {
    const PREFIX: u128 = !0 << 64;
    let from = from.to_canonical();
    match from {
        _ if from.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & PREFIX)),
        IpAddr::V4(_) => from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Instant {
        Instant::from_millis(ms)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn tried(throttle: &Throttle, from: &str, now: u64) -> Result<(), u64> {
        throttle.count(ip(from), Secret::Password, at(now))
    }

    #[test]
    fn the_sixth_wrong_one_of_a_minute_waits_and_waiting_is_not_made_longer_by_trying() {
        let throttle = Throttle::default();
        for number in 0..5 {
            assert_eq!(throttle.wait(ip("10.0.0.7"), Secret::Password, at(1000)), None);
            assert_eq!(tried(&throttle, "10.0.0.7", 1000 + number * 1000), Ok(()));
        }
        assert_eq!(tried(&throttle, "10.0.0.7", 6000), Err(55));
        assert_eq!(throttle.wait(ip("10.0.0.7"), Secret::Password, at(6000)), Some(55));
        for now in (7000..61_000).step_by(500) {
            assert!(tried(&throttle, "10.0.0.7", now).is_err(), "{now}");
        }
        assert_eq!(tried(&throttle, "10.0.0.7", 60_999), Err(1));
        assert_eq!(throttle.wait(ip("10.0.0.7"), Secret::Password, at(61_000)), None);
        for _ in 0..5 {
            assert_eq!(tried(&throttle, "10.0.0.7", 61_000), Ok(()));
        }
        assert_eq!(tried(&throttle, "10.0.0.7", 61_000), Err(60));
    }

    #[test]
    fn others_and_tokens_are_not_slowed_with_it_and_a_right_one_ends_it() {
        let throttle = Throttle::default();
        for _ in 0..6 {
            let _ = tried(&throttle, "10.0.0.7", 1000);
        }
        assert_eq!(tried(&throttle, "10.0.0.8", 1000), Ok(()));
        assert_eq!(throttle.wait(ip("10.0.0.7"), Secret::Token, at(1000)), None);
        assert!(throttle.wait(ip("10.0.0.7"), Secret::Password, at(1000)).is_some());
        throttle.forgive(ip("10.0.0.7"), Secret::Password);
        assert_eq!(throttle.wait(ip("10.0.0.7"), Secret::Password, at(1000)), None);
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one_and_so_does_an_ipv4_address_however_it_is_written() {
        let throttle = Throttle::default();
        for number in 0..5 {
            assert_eq!(tried(&throttle, &format!("2001:db8:1:2::{number}"), 1000), Ok(()));
        }
        assert!(tried(&throttle, "2001:db8:1:2:ffff::9", 1000).is_err());
        assert_eq!(tried(&throttle, "2001:db8:1:3::1", 1000), Ok(()));
        for _ in 0..5 {
            assert_eq!(tried(&throttle, "::ffff:10.0.0.7", 1000), Ok(()));
        }
        assert!(tried(&throttle, "10.0.0.7", 1000).is_err());
        assert_eq!(tried(&throttle, "::1", 1000), Ok(()));
    }

    #[test]
    fn all_addresses_of_this_machine_count_as_one() {
        let throttle = Throttle::default();
        for from in ["127.0.0.1", "127.0.0.2", "127.9.8.7", "::1", "::ffff:127.4.4.4"] {
            assert_eq!(tried(&throttle, from, 1000), Ok(()), "{from}");
        }
        for from in ["127.0.0.1", "127.255.0.9", "::1"] {
            assert!(tried(&throttle, from, 1000).is_err(), "a program here has sixteen million of them: {from}");
        }
    }

    #[test]
    fn the_table_is_bounded_and_whoever_fills_it_loses_the_oldest_first() {
        let throttle = Throttle::default();
        for _ in 0..5 {
            let _ = tried(&throttle, "10.9.0.0", 5000);
        }
        for number in 0..2 * TRIES_ADDRESSES_MAX {
            let from = format!("10.0.{}.{}", number / 256, number % 256);
            assert_eq!(tried(&throttle, &from, 1000 + u64::try_from(number).unwrap()), Ok(()));
            assert!(throttle.with(|table| table.len()) <= TRIES_ADDRESSES_MAX);
        }
        assert!(tried(&throttle, "10.9.0.0", 6000).is_err(), "one that came later stays");
    }
}
