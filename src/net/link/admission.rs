//! Who may begin a handshake, and when: half-open connections are few, and computing is paced.
//!
//! A silent connection costs a place, not computing; so places are taken from the oldest, and what is paced
//! is the cryptography. A flood from one address does not stop another one.

use crate::base::time::Instant;
use crate::limits::{LINK_ADDRESSES_MAX, LINK_HALF_OPEN_ADDRESS_MAX, LINK_HALF_OPEN_MAX, LINK_HANDSHAKES_BURST};
use smol::channel::{Receiver, Sender};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

/// All addresses together may begin this many times what one may.
const TOGETHER: u32 = 4;

/// One token in thousandths, so that milliseconds count.
const TOKEN: u64 = 1000;

/// Where somebody is: an IPv4 address, or the /64 that an IPv6 host may choose its addresses from.
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
    /// Time to wait for a token; nothing if there is one.
    fn wait(&mut self, now: Instant, rate: u32, burst: u32) -> Option<Duration> {
        let passed = u64::try_from(now.since(self.at).as_millis()).unwrap_or(u64::MAX);
        let gained = passed.saturating_mul(u64::from(rate));
        self.tokens = self.tokens.saturating_add(gained).min(u64::from(burst) * TOKEN);
        self.at = now;
        let missing = TOKEN.saturating_sub(self.tokens);
        (missing > 0).then(|| Duration::from_millis(missing.div_ceil(u64::from(rate.max(1)))))
    }
}

/// The two tables.
pub(super) struct Admission {
    rate: u32,
    everybody: Bucket,
    buckets: BTreeMap<SourceKey, Bucket>,
    open: BTreeMap<u64, (SourceKey, Sender<()>)>,
    serial: u64,
}

impl Admission {
    /// `rate` handshakes a second from one place.
    pub(super) const fn new(now: Instant, rate: u32) -> Self {
        let everybody = Bucket { tokens: LINK_HANDSHAKES_BURST as u64 * TOGETHER as u64 * TOKEN, at: now };
        Self { rate, everybody, buckets: BTreeMap::new(), open: BTreeMap::new(), serial: 0 }
    }

    /// Gives a half-open connection its place. If there is none the oldest one, of the same address first,
    /// loses its own: its receiver closes.
    pub(super) fn enter(&mut self, place: SourceKey) -> (u64, Receiver<()>) {
        let same = self.open.iter().filter(|(_, (other, _))| *other == place);
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
        self.open.insert(self.serial, (place, keep));
        (self.serial, lost)
    }

    /// The handshake is over, well or not.
    pub(super) fn leave(&mut self, serial: u64) {
        self.open.remove(&serial);
    }

    /// Takes a turn at computing; or the time after which to ask again.
    pub(super) fn turn(&mut self, now: Instant, place: SourceKey) -> Option<Duration> {
        let (rate, burst) = (self.rate, LINK_HANDSHAKES_BURST.max(self.rate));
        if !self.buckets.contains_key(&place) && self.buckets.len() >= LINK_ADDRESSES_MAX {
            self.buckets.retain(|_, bucket| {
                bucket.wait(now, rate, burst).is_some() || bucket.tokens < u64::from(burst) * TOKEN
            });
            if self.buckets.len() >= LINK_ADDRESSES_MAX {
                self.buckets.pop_first();
            }
        }
        let full = u64::from(burst) * TOKEN;
        let bucket = self.buckets.entry(place).or_insert(Bucket { tokens: full, at: now });
        let own = bucket.wait(now, rate, burst);
        let wait = own.max(self.everybody.wait(now, rate * TOGETHER, burst * TOGETHER));
        if wait.is_none() {
            bucket.tokens -= TOKEN;
            self.everybody.tokens -= TOKEN;
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(host: u32) -> SourceKey {
        SourceKey::from(IpAddr::from(host.to_be_bytes()))
    }

    #[test]
    fn a_flood_of_one_address_takes_only_its_own_places() {
        let mut admission = Admission::new(Instant::ZERO, 10);
        let (_, other) = admission.enter(place(1));
        let silent: Vec<_> = (0..400).map(|_| admission.enter(place(2)).1).collect();
        assert!(!other.is_closed());
        assert_eq!(silent.iter().filter(|lost| !lost.is_closed()).count(), LINK_HALF_OPEN_ADDRESS_MAX);
        assert!(!silent[399].is_closed(), "the newest stays");
        for host in 0..1000 {
            admission.enter(place(host));
        }
        assert_eq!(admission.open.len(), LINK_HALF_OPEN_MAX);
    }

    #[test]
    fn computing_is_paced_by_address_and_for_all() {
        let mut admission = Admission::new(Instant::ZERO, 10);
        let turns = |admission: &mut Admission, ms, host| {
            (0..1000).take_while(|_| admission.turn(Instant::from_millis(ms), place(host)).is_none()).count()
        };
        assert_eq!(turns(&mut admission, 0, 1), LINK_HANDSHAKES_BURST as usize);
        assert_eq!(admission.turn(Instant::ZERO, place(1)), Some(Duration::from_millis(100)));
        assert_eq!(turns(&mut admission, 0, 2), LINK_HANDSHAKES_BURST as usize);
        assert_eq!(turns(&mut admission, 1000, 1), 10);
        let all: usize = (10..1000).map(|host| turns(&mut admission, 1000, host)).sum();
        assert!(all <= 4 * (LINK_HANDSHAKES_BURST as usize + 10), "{all}");
        assert!(admission.buckets.len() <= LINK_ADDRESSES_MAX);
    }

    #[test]
    fn a_whole_ipv6_network_is_one_place() {
        let [one, two, far] =
            ["fe80::1", "fe80::2", "fe80:0:0:1::1"].map(|ip| SourceKey::from(ip.parse::<IpAddr>().unwrap()));
        assert!(one == two && one != far);
        assert!(
            SourceKey::from("::ffff:1.2.3.4".parse::<IpAddr>().unwrap())
                == SourceKey::from("1.2.3.4".parse::<IpAddr>().unwrap())
        );
    }
}
