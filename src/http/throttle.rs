//! Slows whoever tries tokens and passwords: so many wrong ones in a minute are answered as such, and the next is told to wait.
//!
//! A right token is let in whatever was tried before: it has 256 random bits, so that no number of guesses finds one, and nobody keeps its holder out. Wrong ones
//! are slowed all the same, since whoever sends them is astray; the same wrong one again, as of a browser whose session is over, is no further guess.
//!
//! A password can be guessed, so that after too many wrong ones a right one waits too: else each guess would be as good as a look. Who waits for whom is as narrow as can be told:
//! each program (its address, and what it calls itself) has `TRIES_MAX` a minute, and all of one address `TRIES_ADDRESS_MAX` together. One from which somebody was let in before
//! (`Tables::known`) has an account of its own: whatever others try at its address, from its network or through one router, does not count against it. The minute
//! begins with the first wrong one and is not made longer by those that are turned away. Tokens and passwords count apart.
//!
//! Devices choose their IPv6 addresses as they like within their network's prefix of 64 bits, so that all of one prefix count as one; and every program of this machine has
//! all of 127.0.0.0/8, so that those count as one too, for each user of the machine. The table is bounded; who fills it with many addresses gains what many addresses
//! give anyway.

use crate::base::time::{Duration, Instant};
use crate::limits::{TRIES_ADDRESS_MAX, TRIES_ADDRESSES_MAX, TRIES_KNOWN_MAX, TRIES_MAX, TRIES_WINDOW_MS};
use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Who tries passwords, as far as that can be told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    group: Group,
    /// Of its whole address and of what it calls itself.
    program: u64,
}

/// Of several looks at passwords that wait, the one with the smallest goes first: how often its account tried, and how often its network did.
pub(super) type Rank = (u32, u32);

/// What counts as one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    address: IpAddr,
    /// The user whose program it is, at an address of this machine.
    user: Option<u32>,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secret {
    /// A bearer token.
    Token,
    /// The page's password, or what stands for it once.
    Password,
}

/// Against whom wrong ones count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    group: Group,
    secret: Secret,
    /// It is that of a program from which somebody was let in before.
    own: Option<u64>,
}

/// The wrong ones of one account.
#[derive(Debug)]
struct Tries {
    of: Account,
    since: Instant,
    /// Each token that was wrong, or how often each program tried. No longer than what counts.
    parts: Vec<(u64, u32)>,
}

impl Tries {
    fn ends(&self) -> Instant {
        self.since + Duration::from_millis(TRIES_WINDOW_MS)
    }

    fn number(&self) -> u32 {
        self.parts.iter().map(|(_, number)| number).sum()
    }

    fn number_of(&self, part: u64) -> u32 {
        self.parts.iter().find(|(of, _)| *of == part).map_or(0, |(_, number)| *number)
    }

    /// Counts one more.
    ///
    /// # Errors
    /// In how many seconds one is looked at again: there were too many.
    fn count(&mut self, part: u64, now: Instant) -> Result<(), u64> {
        let most = match self.of {
            Account { secret: Secret::Password, own: None, .. } => TRIES_ADDRESS_MAX,
            _ => TRIES_MAX,
        };
        if self.number() >= most || self.number_of(part) >= TRIES_MAX {
            let rest = self.ends().since(now).as_millis().div_ceil(1000);
            return Err(u64::try_from(rest).unwrap_or(1).max(1));
        }
        match self.parts.iter_mut().find(|(of, _)| *of == part) {
            Some((_, number)) => *number += 1,
            None => self.parts.push((part, 1)),
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Tables {
    tries: Vec<Tries>,
    /// The programs from which somebody was let in, the newest last.
    known: VecDeque<u64>,
}

impl Tables {
    /// What was tried of an account within its minute.
    fn tries_of(&mut self, of: Account, now: Instant) -> &mut Tries {
        let at = self.tries.iter().position(|tries| tries.of == of).unwrap_or_else(|| {
            if self.tries.len() >= TRIES_ADDRESSES_MAX {
                let oldest = self.tries.iter().enumerate().min_by_key(|(_, tries)| tries.since).map(|(at, _)| at);
                if let Some(at) = oldest {
                    self.tries.swap_remove(at);
                }
            }
            self.tries.push(Tries { of, since: now, parts: Vec::new() });
            self.tries.len() - 1
        });
        let tries = &mut self.tries[at];
        if now >= tries.ends() {
            (tries.since, tries.parts) = (now, Vec::new());
        }
        tries
    }

    /// How many passwords were tried from the network of this address lately, by those who are not known.
    fn of_network(&self, address: IpAddr, now: Instant) -> u32 {
        let is_of = |tries: &&Tries| {
            let Account { group, secret, own } = tries.of;
            secret == Secret::Password
                && own.is_none()
                && now < tries.ends()
                && network(group.address) == network(address)
        };
        self.tries.iter().filter(is_of).map(Tries::number).sum()
    }

    fn know(&mut self, program: u64) {
        if self.known.contains(&program) {
            return;
        }
        if self.known.len() >= TRIES_KNOWN_MAX {
            self.known.pop_front();
        }
        self.known.push_back(program);
    }
}

#[derive(Debug, Default)]
struct Shared {
    tables: Mutex<Tables>,
    /// Makes a number of what a caller sends, so that nobody chooses the number of another one.
    numbers: RandomState,
}

/// Who tried. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Throttle(Arc<Shared>);

impl Throttle {
    /// Who sends from this address and calls itself `agent`; on this machine, whose program it is.
    pub(super) fn source(&self, from: IpAddr, user: Option<u32>, agent: &str) -> Source {
        Source { group: Group::of(from, user), program: self.program(from, agent) }
    }

    /// A token was wrong.
    ///
    /// # Errors
    /// In how many seconds this address is told so again: it tried too many.
    pub(super) fn wrong_token(&self, from: IpAddr, offered: &str, now: Instant) -> Result<(), u64> {
        let part = self.0.numbers.hash_one(offered);
        let account = Account { group: Group::of(from, None), secret: Secret::Token, own: None };
        self.with(|tables| {
            let tries = tables.tries_of(account, now);
            if tries.number_of(part) > 0 { Ok(()) } else { tries.count(part, now) }
        })
    }

    /// A password is about to be looked at: it counts as a wrong one until [`Self::forgive`].
    ///
    /// # Errors
    /// In how many seconds one is looked at again: there were too many, and this one is not looked at.
    pub(super) fn try_password(&self, source: Source, now: Instant) -> Result<Rank, u64> {
        self.with(|tables| {
            let own = tables.known.contains(&source.program).then_some(source.program);
            let tries = tables.tries_of(Account { group: source.group, secret: Secret::Password, own }, now);
            tries.count(source.program, now)?;
            let number = tries.number();
            Ok(if own.is_some() { (0, number) } else { (number, tables.of_network(source.group.address, now)) })
        })
    }

    /// It was a right one: nothing is held against the program any more, and it is known.
    pub(super) fn forgive(&self, source: Source) {
        self.with(|tables| {
            let is_of = |of: &Account| of.group == source.group && of.secret == Secret::Password;
            for tries in tables.tries.iter_mut().filter(|tries| is_of(&tries.of)) {
                tries.parts.retain(|(program, _)| *program != source.program);
            }
            tables.know(source.program);
        });
    }

    /// Somebody was let in by a token of the role admin, from this address and a program that calls itself so.
    pub(super) fn let_in(&self, from: IpAddr, agent: &str) {
        let program = self.program(from, agent);
        self.with(|tables| tables.know(program));
    }

    fn program(&self, from: IpAddr, agent: &str) -> u64 {
        self.0.numbers.hash_one((canonical(from), agent))
    }

    fn with<T>(&self, then: impl FnOnce(&mut Tables) -> T) -> T {
        then(&mut self.0.tables.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The first bits of an IPv6 address.
fn prefix(six: Ipv6Addr, bits: u32) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << (128 - bits))))
}

/// An address as it counts: each of this machine is the same.
fn canonical(from: IpAddr) -> IpAddr {
    let from = from.to_canonical();
    if from.is_loopback() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { from }
}

/// The network that an address is of: what one home or one provider's customer has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(four) => IpAddr::V4(Ipv4Addr::from_bits(four.to_bits() & (u32::MAX << 8))),
        IpAddr::V6(six) => prefix(six, 48),
    }
}

impl Group {
    fn of(from: IpAddr, user: Option<u32>) -> Self {
        match canonical(from) {
            IpAddr::V6(six) => Self { address: prefix(six, 64), user: None },
            address @ IpAddr::V4(_) => Self { address, user: user.filter(|_| address.is_loopback()) },
        }
    }
}

#[cfg(test)]
#[path = "throttle_test.rs"]
mod test;
