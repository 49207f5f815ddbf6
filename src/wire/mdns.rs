//! The TXT records of discovery by multicast DNS: those of our own service and of libp2p's.
//!
//! Sources: RFC 6763 section 6 (strings `key=value` of at most 255 bytes, keys in any case, the first of a key counts),
//! libp2p specs discovery/mdns.md (`dnsaddr=` may occur more than once, and is a multiaddr that ends with `/p2p/`).
//! Anybody on the network can announce anything: an announcement is a hint, which only a dial proves.

use super::multiaddr::Multiaddr;
use super::peer_id::PeerId;
use crate::limits::{ADDRESSES_MAX, ANNOUNCE_BYTES_MAX, ANNOUNCE_STRINGS_MAX};
use core::net::{IpAddr, SocketAddr};
use heapless::Vec as Bounded;

/// Bytes of one string of a TXT record.
const STRING_MAX: usize = 255;

/// The version of our own TXT record.
const VERSION: &str = "1";

/// A DNS-SD service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Our own: the PeerId is in the TXT record, the address in SRV, A and AAAA records.
    Wattle,
    /// libp2p's: PeerId and address are in the TXT record.
    Libp2p,
}

impl Service {
    /// Both services.
    pub const ALL: [Self; 2] = [Self::Wattle, Self::Libp2p];

    /// Its DNS name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wattle => "_wattle._tcp.local.",
            Self::Libp2p => "_p2p._udp.local.",
        }
    }
}

/// The content of an announcement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAdvert {
    /// The announced peer.
    pub peer: PeerId,
    /// The addresses in the TXT record, each once.
    pub addresses: Bounded<SocketAddr, ADDRESSES_MAX>,
}

/// The strings of the TXT record by which `peer` announces itself. That of libp2p needs an address, and holds one only,
/// since mdns-sd reads only the first string of a key. `None` if that address is missing, unspecified or scoped.
#[must_use]
pub fn strings(service: Service, peer: PeerId, place: Option<SocketAddr>) -> Option<Vec<String>> {
    match service {
        Service::Wattle => Some(vec![format!("v={VERSION}"), format!("id={peer}")]),
        Service::Libp2p => {
            let place = place.filter(|place| !place.ip().is_unspecified() && !is_scoped(place.ip()))?;
            Some(vec![format!("dnsaddr={}", Multiaddr::from(place).with_peer(peer))])
        }
    }
}

/// The data of a TXT record of these strings; empty and too long ones are left out.
#[must_use]
pub fn encode<S: AsRef<[u8]>>(strings: &[S]) -> Vec<u8> {
    let mut data = Vec::new();
    for string in strings.iter().map(AsRef::as_ref) {
        if let Some(length) = u8::try_from(string.len()).ok().filter(|length| *length > 0) {
            data.push(length);
            data.extend_from_slice(string);
        }
    }
    data
}

/// Decodes the data of a TXT record of `service`. `None` if it has no valid PeerId, names two peers, is truncated or
/// above `ANNOUNCE_BYTES_MAX`.
#[must_use]
pub fn decode(service: Service, data: &[u8]) -> Option<PeerAdvert> {
    if data.len() > ANNOUNCE_BYTES_MAX {
        return None;
    }
    let mut strings = Bounded::<&[u8], ANNOUNCE_STRINGS_MAX>::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first() {
        let (string, after) = after.split_at_checked(usize::from(*length))?;
        strings.push(string).ok()?;
        rest = after;
    }
    read(service, strings.into_iter())
}

/// Decodes the separate strings of a TXT record; at most `ANNOUNCE_STRINGS_MAX` are read.
pub fn read<'a>(service: Service, strings: impl Iterator<Item = &'a [u8]>) -> Option<PeerAdvert> {
    let mut pairs = strings.take(ANNOUNCE_STRINGS_MAX).filter(|string| string.len() <= STRING_MAX).filter_map(pair);
    match service {
        Service::Wattle => {
            let (mut version, mut peer) = (None, None);
            for (key, value) in pairs {
                match key {
                    _ if key.eq_ignore_ascii_case("v") => version = version.or(Some(value)),
                    _ if key.eq_ignore_ascii_case("id") => peer = peer.or(Some(value)),
                    _ => {}
                }
            }
            let peer = peer.filter(|_| version == Some(VERSION))?.parse().ok()?;
            Some(PeerAdvert { peer, addresses: Bounded::new() })
        }
        Service::Libp2p => {
            let mut advert: Option<PeerAdvert> = None;
            let addresses = pairs.by_ref().filter(|(key, _)| key.eq_ignore_ascii_case("dnsaddr"));
            // Unsupported addresses (QUIC, relays, names) may be among the supported ones.
            for address in addresses.filter_map(|(_, value)| value.parse::<Multiaddr>().ok()) {
                let (Some(peer), Some(place)) = (address.peer(), address.socket()) else { continue };
                let advert = advert.get_or_insert(PeerAdvert { peer, addresses: Bounded::new() });
                if advert.peer != peer {
                    return None;
                }
                if place.port() != 0 && !advert.addresses.contains(&place) {
                    // Above the cap the first addresses are used.
                    let _ = advert.addresses.push(place);
                }
            }
            advert.filter(|advert| !advert.addresses.is_empty())
        }
    }
}

fn pair(string: &[u8]) -> Option<(&str, &str)> {
    core::str::from_utf8(string).ok()?.split_once('=')
}

/// Whether an address is local: private (RFC 1918), unique local, link-local or loopback. Others that discovery reports
/// are not dialled; an owner can name them with `--peer`.
#[must_use]
pub const fn is_home(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || ip.is_loopback(),
        IpAddr::V6(v6) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                return is_home(IpAddr::V4(v4));
            }
            v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback()
        }
    }
}

/// Whether an address is only valid together with an interface (IPv6 link-local), so that no record can carry it.
#[must_use]
pub const fn is_scoped(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    fn peer(seed: u8) -> PeerId {
        PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes())
    }

    fn place(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn encoded(service: Service, at: &str) -> Vec<u8> {
        encode(&strings(service, peer(1), Some(place(at))).unwrap())
    }

    #[test]
    fn an_announcement_survives_encoding_and_decoding() {
        let advert = decode(Service::Wattle, &encoded(Service::Wattle, "192.168.1.7:7781")).unwrap();
        assert_eq!(advert, PeerAdvert { peer: peer(1), addresses: Bounded::new() });
        for at in ["192.168.1.7:7781", "[fd00::7]:7781"] {
            let advert = decode(Service::Libp2p, &encoded(Service::Libp2p, at)).unwrap();
            assert_eq!((advert.peer, advert.addresses.as_slice()), (peer(1), &[place(at)][..]));
        }
        assert_eq!(strings(Service::Libp2p, peer(1), Some(place("0.0.0.0:1"))), None);
        assert_eq!(strings(Service::Libp2p, peer(1), Some(place("[fe80::1]:1"))), None, "a scoped address");
    }

    #[test]
    fn a_peer_id_fits_a_dns_label() {
        assert!(peer(255).to_string().len() <= 63);
    }

    #[test]
    fn unsupported_addresses_are_skipped() {
        let id = peer(2);
        let lines = [
            "agent-name=js".to_owned(),
            format!("dnsaddr=/ip4/192.168.1.9/udp/4001/quic-v1/p2p/{id}"),
            format!("DNSADDR=/ip4/192.168.1.9/tcp/4001/p2p/{id}"),
            format!("dnsaddr=/ip6/fd00::9/tcp/4001/p2p/{id}"),
            format!("dnsaddr=/ip6/fd00::9/tcp/4001/p2p/{id}"),
            format!("dnsaddr=/ip4/192.168.1.9/tcp/0/p2p/{id}"),
            "dnsaddr=/dns4/example.org/tcp/1".to_owned(),
            "\u{fffd}".to_owned(),
        ];
        let advert = decode(Service::Libp2p, &encode(&lines)).unwrap();
        assert_eq!(advert.addresses.as_slice(), &[place("192.168.1.9:4001"), place("[fd00::9]:4001")]);
        let two = [&lines[2], &format!("dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/{}", peer(3))];
        assert_eq!(decode(Service::Libp2p, &encode(&two)), None, "two peers in one record");
    }

    #[test]
    fn a_record_too_long_truncated_or_of_another_version_is_refused() {
        let one = |text: &str| decode(Service::Wattle, &encode(&[text, &format!("id={}", peer(1))]));
        assert!(one("v=1").is_some() && one("v=2").is_none() && one("x=1").is_none());
        let mut many = vec!["a=b".to_owned(); ANNOUNCE_STRINGS_MAX - 2];
        many.extend(strings(Service::Wattle, peer(1), None).unwrap());
        assert!(decode(Service::Wattle, &encode(&many)).is_some());
        many.push("a=b".to_owned());
        assert_eq!(decode(Service::Wattle, &encode(&many)), None);
        assert_eq!(decode(Service::Wattle, &encode(&vec!["a".repeat(255); 6])), None);
        let good = encoded(Service::Libp2p, "10.0.0.1:7781");
        assert_eq!(decode(Service::Libp2p, &good[..good.len() - 1]), None);
        assert_eq!(decode(Service::Libp2p, &[]), None);
    }

    #[test]
    fn only_local_addresses_are_of_the_home() {
        for inside in ["192.168.1.7", "10.9.0.1", "172.31.0.1", "169.254.3.4", "127.0.0.1", "fd12::1", "fe80::1", "::1"]
        {
            assert!(is_home(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "172.32.0.1", "100.64.0.1", "0.0.0.0", "2001:db8::1", "::ffff:8.8.8.8", "224.0.0.1"]
        {
            assert!(!is_home(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn damaged_records_never_panic() {
        let mut rng = Rng::new(5);
        for service in Service::ALL {
            let good = encoded(service, "10.0.0.1:7781");
            for _ in 0..20_000 {
                let mut bytes = good.clone();
                random_bytes::damage(&mut rng, &mut bytes, 4);
                bytes.truncate(random_bytes::below(&mut rng, good.len() + 1));
                let _ = decode(service, &bytes);
                let _ = decode(service, &random_bytes::bytes(&mut rng, 600));
            }
        }
    }
}
