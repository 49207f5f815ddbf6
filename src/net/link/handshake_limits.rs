//! Which connections may begin a handshake, and when: half-open connections are capped, handshakes are rate-limited.
//!
//! A silent connection occupies a slot but no processor, so when the slots run out the oldest connection is closed. The
//! cryptography is limited by token buckets, one for each source and one for all. A flood from one source does not stop
//! another.

use crate::base::time::Instant;
use crate::limits::{LINK_ADDRESSES_MAX, LINK_HALF_OPEN_ADDRESS_MAX, LINK_HALF_OPEN_MAX, LINK_HANDSHAKES_BURST};
use smol::channel::{Receiver, Sender};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// All sources together may begin this many times what one may.
const TOTAL_FACTOR: u32 = 4;

/// One token, in thousandths: at one token a second, a millisecond adds one.
const TOKEN: u64 = 1000;

/// The source of a connection: an IPv4 address, or the /64 from which an IPv6 host may choose its addresses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourceKey(u64, bool);

impl From<IpAddr> for SourceKey {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(u64::from(u32::from(address)), false),
            IpAddr::V6(address) => Self((u128::from(address) >> 64) as u64, true),
        }
    }
}

struct Bucket {
    tokens: u64,
    at: Instant,
}

impl Bucket {
    /// Time until there is a token; `None` if there is one now.
    fn wait(&mut self, now: Instant, rate: u32, burst: u32) -> Option<Duration> {
        let passed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let gained = passed.saturating_mul(u64::from(rate));
        self.tokens = self.tokens.saturating_add(gained).min(u64::from(burst) * TOKEN);
        self.at = now;
        let missing = TOKEN.saturating_sub(self.tokens);
        (missing > 0).then(|| Duration::from_millis(missing.div_ceil(u64::from(rate.max(1)))))
    }
}

/// The half-open connections and the buckets.
pub(super) struct HandshakeLimits {
    rate: u32,
    total: Bucket,
    buckets: BTreeMap<SourceKey, Bucket>,
    open: BTreeMap<u64, (SourceKey, Sender<()>)>,
    serial: u64,
}

impl HandshakeLimits {
    /// `rate` handshakes a second for one source.
    pub(super) const fn new(now: Instant, rate: u32) -> Self {
        let total = Bucket { tokens: LINK_HANDSHAKES_BURST as u64 * TOTAL_FACTOR as u64 * TOKEN, at: now };
        Self { rate, total, buckets: BTreeMap::new(), open: BTreeMap::new(), serial: 0 }
    }

    /// Gives a half-open connection a slot and its serial. If there is none, the oldest connection, of the same source
    /// first, loses its slot: its receiver closes.
    pub(super) fn enter(&mut self, source: SourceKey) -> (u64, Receiver<()>) {
        let same = self.open.iter().filter(|(_, (other, _))| *other == source);
        let oldest =
            (same.clone().count() >= LINK_HALF_OPEN_ADDRESS_MAX).then(|| same.map(|(serial, _)| *serial).next());
        if let Some(serial) = oldest.flatten() {
            self.open.remove(&serial);
        }
        if self.open.len() >= LINK_HALF_OPEN_MAX {
            self.open.pop_first();
        }
        self.serial += 1;
        let (keep, lost) = smol::channel::bounded(1);
        self.open.insert(self.serial, (source, keep));
        (self.serial, lost)
    }

    /// The handshake succeeded or failed.
    pub(super) fn leave(&mut self, serial: u64) {
        self.open.remove(&serial);
    }

    /// Takes a token for a handshake, or returns the time after which to try again.
    pub(super) fn take_token(&mut self, now: Instant, source: SourceKey) -> Option<Duration> {
        let (rate, burst) = (self.rate, LINK_HANDSHAKES_BURST.max(self.rate));
        if !self.buckets.contains_key(&source) && self.buckets.len() >= LINK_ADDRESSES_MAX {
            self.buckets.retain(|_, bucket| {
                bucket.wait(now, rate, burst).is_some() || bucket.tokens < u64::from(burst) * TOKEN
            });
            if self.buckets.len() >= LINK_ADDRESSES_MAX {
                self.buckets.pop_first();
            }
        }
        let full = u64::from(burst) * TOKEN;
        let bucket = self.buckets.entry(source).or_insert(Bucket { tokens: full, at: now });
        let own = bucket.wait(now, rate, burst);
        let wait = own.max(self.total.wait(now, rate * TOTAL_FACTOR, burst * TOTAL_FACTOR));
        if wait.is_none() {
            bucket.tokens -= TOKEN;
            self.total.tokens -= TOKEN;
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(host: u32) -> SourceKey {
        SourceKey::from(IpAddr::from(host.to_be_bytes()))
    }

    #[test]
    fn a_flood_of_one_source_takes_only_its_own_slots() {
        let mut limits = HandshakeLimits::new(Instant::ZERO, 10);
        let (_, other) = limits.enter(source(1));
        let silent: Vec<_> = (0..400).map(|_| limits.enter(source(2)).1).collect();
        assert!(!other.is_closed());
        assert_eq!(silent.iter().filter(|lost| !lost.is_closed()).count(), LINK_HALF_OPEN_ADDRESS_MAX);
        assert!(!silent[399].is_closed(), "the newest stays");
        for host in 0..1000 {
            limits.enter(source(host));
        }
        assert_eq!(limits.open.len(), LINK_HALF_OPEN_MAX);
    }

    #[test]
    fn handshakes_are_limited_for_each_source_and_in_all() {
        let mut limits = HandshakeLimits::new(Instant::ZERO, 10);
        let taken = |limits: &mut HandshakeLimits, ms, host| {
            (0..1000).take_while(|_| limits.take_token(Instant::from_millis(ms), source(host)).is_none()).count()
        };
        assert_eq!(taken(&mut limits, 0, 1), LINK_HANDSHAKES_BURST as usize);
        assert_eq!(limits.take_token(Instant::ZERO, source(1)), Some(Duration::from_millis(100)));
        assert_eq!(taken(&mut limits, 0, 2), LINK_HANDSHAKES_BURST as usize);
        assert_eq!(taken(&mut limits, 1000, 1), 10);
        let all: usize = (10..1000).map(|host| taken(&mut limits, 1000, host)).sum();
        assert!(all <= 4 * (LINK_HANDSHAKES_BURST as usize + 10), "{all}");
        assert!(limits.buckets.len() <= LINK_ADDRESSES_MAX);
    }

    #[test]
    fn a_whole_ipv6_64_is_one_source() {
        let [one, two, far] =
            ["fe80::1", "fe80::2", "fe80:0:0:1::1"].map(|ip| SourceKey::from(ip.parse::<IpAddr>().unwrap()));
        assert!(one == two && one != far);
        assert!(
            SourceKey::from("::ffff:1.2.3.4".parse::<IpAddr>().unwrap())
                == SourceKey::from("1.2.3.4".parse::<IpAddr>().unwrap())
        );
    }
}
