//! For which names and addresses a certificate is: those of a home, and no others.

use super::der::{sequence, tagged};
use crate::limits::TLS_HOST_CHARS_MAX;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ends of names that no registry sells: multicast DNS (RFC 6762), homes (RFC 8375), what routers use, and private networks (ICANN, 2024).
const ENDS: [&str; 4] = ["local", "home.arpa", "lan", "internal"];

/// Private addresses, with the bits that they have in common: RFC 1918, RFC 3927, and RFC 6598, from which overlay networks take theirs.
const RANGES_4: [(Ipv4Addr, u32); 5] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
];

/// The same of IPv6: RFC 4193 and RFC 4291.
const RANGES_6: [(Ipv6Addr, u32); 2] =
    [(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7), (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10)];

/// GeneralName: dNSName and iPAddress.
const DNS: u8 = 0x82;
const ADDRESS: u8 = 0x87;

/// The names and the address of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The host's name with each of the ends.
    names: Vec<String>,
    /// The address, where it is a private one.
    address: Option<IpAddr>,
}

impl Names {
    /// Those of the device with this host name, at this address.
    #[must_use]
    pub fn of(host: &str, address: IpAddr) -> Self {
        let label = Self::label(host);
        let names = ENDS.iter().map(|end| format!("{label}.{end}")).collect();
        Self { names, address: Some(address).filter(|address| is_permitted(*address)) }
    }

    /// The first part of a host's name, in the letters that a name in DNS has.
    #[must_use]
    pub fn label(host: &str) -> String {
        let first = host.split('.').next().unwrap_or_default().to_ascii_lowercase();
        let kept: String =
            first.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(TLS_HOST_CHARS_MAX).collect();
        let kept = kept.trim_matches('-');
        if kept.is_empty() { "wattle".to_owned() } else { kept.to_owned() }
    }

    /// The name that multicast DNS gives the device.
    #[must_use]
    pub fn first(&self) -> &str {
        self.names.first().map_or("wattle.local", String::as_str)
    }

    /// Whether the device has this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// subjectAltName.
    pub(super) fn encoded(&self) -> Vec<u8> {
        let names = self.names.iter().map(|name| tagged(DNS, &[name.as_bytes()]));
        let address = self.address.map(|address| match address {
            IpAddr::V4(address) => tagged(ADDRESS, &[&address.octets()]),
            IpAddr::V6(address) => tagged(ADDRESS, &[&address.octets()]),
        });
        let all: Vec<Vec<u8>> = names.chain(address).collect();
        sequence(&all.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

/// Whether a certificate can be for this address: a private one.
#[must_use]
pub fn is_permitted(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            RANGES_4.iter().any(|(range, bits)| address.to_bits() & mask_4(*bits) == range.to_bits())
        }
        IpAddr::V6(address) => {
            RANGES_6.iter().any(|(range, bits)| address.to_bits() & mask_6(*bits) == range.to_bits())
        }
    }
}

const fn mask_4(bits: u32) -> u32 {
    u32::MAX << (32 - bits)
}

const fn mask_6(bits: u32) -> u128 {
    u128::MAX << (128 - bits)
}

/// nameConstraints: what a root may certify.
pub(super) fn constraints() -> Vec<u8> {
    let ends = ENDS.iter().map(|end| tagged(DNS, &[end.as_bytes()]));
    let four = RANGES_4.iter().map(|(range, bits)| tagged(ADDRESS, &[&range.octets(), &mask_4(*bits).to_be_bytes()]));
    let six = RANGES_6.iter().map(|(range, bits)| tagged(ADDRESS, &[&range.octets(), &mask_6(*bits).to_be_bytes()]));
    let subtrees: Vec<Vec<u8>> = ends.chain(four).chain(six).map(|base| sequence(&[&base])).collect();
    let permitted = tagged(0xa0, &subtrees.iter().map(Vec::as_slice).collect::<Vec<_>>());
    sequence(&[&permitted])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_have_certificates_and_others_have_none() {
        for own in ["10.1.2.3", "172.31.255.1", "192.168.1.4", "169.254.3.4", "100.127.0.1", "fd00::1", "fe80::1"] {
            assert!(is_permitted(own.parse().unwrap()), "{own}");
        }
        for other in ["8.8.8.8", "172.32.0.1", "192.169.0.1", "100.128.0.1", "2001:db8::1", "::1", "127.0.0.1"] {
            assert!(!is_permitted(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn a_host_has_its_name_with_each_end_and_never_a_bare_one() {
        let names = Names::of("Attic.example.com", "192.168.1.4".parse().unwrap());
        assert_eq!(names.first(), "attic.local");
        assert!(names.has("ATTIC.local") && names.has("attic.home.arpa") && names.has("attic.lan"));
        assert!(!names.has("attic") && !names.has("attic.example.com") && !names.has("evil.local"));
        assert_eq!(Names::label("Dachböden_2!"), "dachbden2");
        assert_eq!(Names::label(""), "wattle");
        assert_eq!(Names::of("a", "8.8.8.8".parse().unwrap()).address, None);
    }
}
