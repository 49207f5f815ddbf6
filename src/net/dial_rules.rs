//! Which addresses of a peer are dialled. Most come by hearsay: announcements, and what other devices say; only a dial proves
//! them, and a dial is a connection to whatever is there.
//!
//! Not dialled by hearsay: this machine (loopback), where services trust whoever connects; the metadata services of clouds,
//! which give out credentials on link-local and similar addresses; the API of this agent; and what is outside the home.

use crate::limits::{GIVEN_MAX, LINK_ALLOWED_MAX};
use crate::wire::mdns::is_home;
use crate::wire::peer_id::PeerId;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the owner gave, and where the API is.
#[derive(Debug, Default)]
pub(super) struct DialRules {
    given: Vec<(PeerId, SocketAddr)>,
    api: Vec<SocketAddr>,
}

impl DialRules {
    /// The owner gave this address of a peer, or a name that resolves to it.
    pub(super) fn give(&mut self, peer: PeerId, address: SocketAddr) {
        if self.given.len() < GIVEN_MAX * LINK_ALLOWED_MAX && !self.given.contains(&(peer, address)) {
            self.given.push((peer, address));
        }
    }

    /// The addresses of a peer that the owner gave.
    pub(super) fn given(&self, peer: &PeerId) -> impl Iterator<Item = SocketAddr> {
        self.given.iter().filter(move |(of, _)| of == peer).map(|(_, at)| *at)
    }

    /// The API of this agent listens here.
    pub(super) fn api(&mut self, address: SocketAddr) {
        self.api.push(address);
    }

    /// Whether an address of a peer may be dialled, by a device with these addresses of its own and their prefix lengths.
    pub(super) fn may_dial(&self, peer: &PeerId, address: SocketAddr, own: &[(IpAddr, u8)]) -> bool {
        let ip = address.ip().to_canonical();
        let is_own = ip.is_loopback() || own.iter().any(|(own, _)| *own == ip);
        if is_own && self.api.iter().any(|api| api.port() == address.port()) {
            return false;
        }
        if ip.is_loopback() || is_metadata(ip) {
            return self.given.contains(&(*peer, address));
        }
        is_home(ip)
            || self.given.iter().any(|(_, given)| given.ip() == ip)
            || own.iter().any(|(own, prefix)| same_network(*own, ip, *prefix))
    }
}

/// Whether a cloud's metadata or credentials service has this address: link-local IPv4 (AWS, Azure, Google, Oracle and
/// others at 169.254.169.254, AWS containers at 169.254.170.2 and .23), and those of single providers.
pub(super) fn is_metadata(ip: IpAddr) -> bool {
    const ALIBABA: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);
    const ORACLE: Ipv4Addr = Ipv4Addr::new(192, 0, 0, 192);
    const AZURE: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
    const GOOGLE: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            matches!(ip.octets(), [169, 254, 169 | 170, _]) || ip == ALIBABA || ip == ORACLE || ip == AZURE
        }
        IpAddr::V6(ip) => {
            // AWS: fd00:ec2::/32. The link-local forms of the IPv4 addresses are used as well.
            let [first, second, .., seventh, last] = ip.segments();
            (first, second) == (0xfd00, 0xec2)
                || ip == GOOGLE
                || (first == 0xfe80 && seventh == 0xa9fe && matches!(last >> 8, 0xa9 | 0xaa))
        }
    }
}

/// Whether two addresses have the first `prefix` bits in common.
fn same_network(one: IpAddr, other: IpAddr, prefix: u8) -> bool {
    let matches = |difference: u128, bits: u8| prefix > 0 && difference.leading_zeros() >= u32::from(prefix.min(bits));
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            matches(u128::from(one.to_bits() ^ other.to_bits()) << 96 | (1 << 95), 32)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => matches(one.to_bits() ^ other.to_bits(), 128),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn peer(seed: u8) -> PeerId {
        PeerId::from_public_key(&[seed; 32])
    }

    fn own() -> [(IpAddr, u8); 2] {
        [("2001:db8:1::5", 64), ("203.0.113.5", 29)].map(|(ip, prefix)| (ip.parse().unwrap(), prefix))
    }

    #[test]
    fn private_addresses_local_networks_and_given_addresses_may_be_dialled() {
        let mut rules = DialRules::default();
        let may = |rules: &DialRules, text| rules.may_dial(&peer(1), at(text), &own());
        for inside in ["192.168.1.1:1", "[fd00::1]:1", "[2001:db8:1::9]:1", "203.0.113.1:1", "169.254.7.9:1"] {
            assert!(may(&rules, inside), "{inside}");
        }
        for outside in ["8.8.8.8:1", "[2001:db8:2::9]:1", "203.0.113.8:1", "0.0.0.0:1"] {
            assert!(!may(&rules, outside), "{outside}");
        }
        rules.give(peer(1), at("8.8.8.8:7781"));
        assert!(may(&rules, "8.8.8.8:1"), "a given device may listen at another port");
        assert_eq!(rules.given(&peer(1)).collect::<Vec<_>>(), [at("8.8.8.8:7781")]);
        assert_eq!(rules.given(&peer(2)).count(), 0);
        assert!(same_network(at("10.0.0.1:1").ip(), at("10.0.0.1:1").ip(), 32));
        assert!(!same_network(at("10.0.0.1:1").ip(), at("10.0.0.1:1").ip(), 0));
    }

    #[test]
    fn by_hearsay_nobody_is_dialled_on_this_machine_on_metadata_addresses_or_at_the_own_api() {
        let mut rules = DialRules::default();
        rules.api(at("0.0.0.0:7780"));
        let never = [
            "127.0.0.1:22",
            "127.8.8.8:7781",
            "[::1]:7781",
            "[::ffff:127.0.0.1]:7781",
            "169.254.169.254:80",
            "169.254.169.253:53",
            "169.254.170.2:80",
            "[::ffff:169.254.169.254]:80",
            "[fe80::a9fe:a9fe]:80",
            "[fd00:ec2::254]:80",
            "[fd20:ce::254]:80",
            "100.100.100.200:80",
            "192.0.0.192:80",
            "168.63.129.16:80",
            "203.0.113.5:7780",
            "[2001:db8:1::5]:7780",
        ];
        for address in never {
            assert!(!rules.may_dial(&peer(1), at(address), &own()), "{address}");
        }
        assert!(rules.may_dial(&peer(1), at("203.0.113.1:7780"), &own()), "the API's port of another device");
        rules.give(peer(1), at("127.0.0.1:7781"));
        rules.give(peer(1), at("127.0.0.1:7780"));
        assert!(rules.may_dial(&peer(1), at("127.0.0.1:7781"), &own()), "the owner gave it");
        assert!(!rules.may_dial(&peer(1), at("127.0.0.1:22"), &own()), "and no other port");
        assert!(!rules.may_dial(&peer(2), at("127.0.0.1:7781"), &own()), "and for no other device");
        assert!(!rules.may_dial(&peer(1), at("127.0.0.1:7780"), &own()), "the own API is no device");
    }
}
