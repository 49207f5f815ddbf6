//! What agents announce by multicast DNS, and what is read of others': the TXT records of our own service and of
//! libp2p's.
//!
//! Sources: RFC 6763 section 6 (strings `key=value` of at most 255 bytes, keys of any case, the first of a key
//! counts), libp2p specs discovery/mdns.md (`dnsaddr=` may stand more than once, and is a multiaddr that ends with
//! `/p2p/`). Everything that is heard is a hint of anybody's: a dial proves it or does not.

use super::multiaddr::Multiaddr;
use super::peer_id::PeerId;
use crate::limits::{ADDRESSES_MAX, ANNOUNCE_BYTES_MAX, ANNOUNCE_STRINGS_MAX};
use core::net::{IpAddr, SocketAddr};
use heapless::Vec as Bounded;

/// Bytes of one string of a TXT record.
const STRING_MAX: usize = 255;

/// The version of what stands in our own TXT record.
const VERSION: &str = "1";

/// A kind of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Our own: who is in the TXT record, where in SRV, A and AAAA.
    Wattle,
    /// Libp2p's: both in the TXT record.
    Libp2p,
}

impl Service {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Wattle, Self::Libp2p];

    /// Its name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wattle => "_wattle._tcp.local.",
            Self::Libp2p => "_p2p._udp.local.",
        }
    }
}

/// What an announcement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerAdvert {
    /// Who is to be found.
    pub peer: PeerId,
    /// Where, as far as the TXT record says it, each place once.
    pub places: Bounded<SocketAddr, ADDRESSES_MAX>,
}

/// The strings of the TXT record by which `peer` announces itself. Libp2p's needs a place; one record holds one,
/// since mdns-sd reads only the first string of a key. The port of an unspecified place is nobody's: `None`.
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

/// The strings as the data of a TXT record; those that are empty or too long are left out.
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

/// Reads the data of a TXT record of `service`. `None` where it names no agent, contradicts itself, is cut off or
/// is larger than anybody's.
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

/// The same for strings that somebody has taken apart; at most `ANNOUNCE_STRINGS_MAX` are looked at.
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
            Some(PeerAdvert { peer, places: Bounded::new() })
        }
        Service::Libp2p => {
            let mut heard: Option<PeerAdvert> = None;
            let addresses = pairs.by_ref().filter(|(key, _)| key.eq_ignore_ascii_case("dnsaddr"));
            // What is not understood (QUIC, relays, names) stands beside what is.
            for address in addresses.filter_map(|(_, value)| value.parse::<Multiaddr>().ok()) {
                let (Some(peer), Some(place)) = (address.peer(), address.socket()) else { continue };
                let heard = heard.get_or_insert(PeerAdvert { peer, places: Bounded::new() });
                if heard.peer != peer {
                    return None;
                }
                if place.port() != 0 && !heard.places.contains(&place) {
                    // More places than a device has: the first ones do.
                    let _ = heard.places.push(place);
                }
            }
            heard.filter(|heard| !heard.places.is_empty())
        }
    }
}

fn pair(string: &[u8]) -> Option<(&str, &str)> {
    core::str::from_utf8(string).ok()?.split_once('=')
}

/// Whether an address lies where a home's devices are: private, unique local, link-local or this machine. What
/// discovery hears of others is not dialled; an owner may say more with `--peer`.
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

/// Whether an address means a place only together with an interface (IPv6 link-local), so that no text carries it.
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

    fn sealed(service: Service, at: &str) -> Vec<u8> {
        encode(&strings(service, peer(1), Some(place(at))).unwrap())
    }

    #[test]
    fn what_is_announced_is_what_is_heard() {
        let heard = decode(Service::Wattle, &sealed(Service::Wattle, "192.168.1.7:7781")).unwrap();
        assert_eq!(heard, PeerAdvert { peer: peer(1), places: Bounded::new() });
        for at in ["192.168.1.7:7781", "[fd00::7]:7781"] {
            let heard = decode(Service::Libp2p, &sealed(Service::Libp2p, at)).unwrap();
            assert_eq!((heard.peer, heard.places.as_slice()), (peer(1), &[place(at)][..]));
        }
        assert_eq!(strings(Service::Libp2p, peer(1), Some(place("0.0.0.0:1"))), None);
        assert_eq!(strings(Service::Libp2p, peer(1), Some(place("[fe80::1]:1"))), None, "no text carries its scope");
    }

    #[test]
    fn a_peer_id_is_a_label_of_dns() {
        assert!(peer(255).to_string().len() <= 63);
    }

    #[test]
    fn foreign_addresses_stand_beside_what_is_understood() {
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
        let heard = decode(Service::Libp2p, &encode(&lines)).unwrap();
        assert_eq!(heard.places.as_slice(), &[place("192.168.1.9:4001"), place("[fd00::9]:4001")]);
        let two = [&lines[2], &format!("dnsaddr=/ip4/192.168.1.9/tcp/1/p2p/{}", peer(3))];
        assert_eq!(decode(Service::Libp2p, &encode(&two)), None, "one record is of one agent");
    }

    #[test]
    fn what_is_too_much_cut_off_or_of_another_version_is_nothing() {
        let one = |text: &str| decode(Service::Wattle, &encode(&[text, &format!("id={}", peer(1))]));
        assert!(one("v=1").is_some() && one("v=2").is_none() && one("x=1").is_none());
        let mut many = vec!["a=b".to_owned(); ANNOUNCE_STRINGS_MAX - 2];
        many.extend(strings(Service::Wattle, peer(1), None).unwrap());
        assert!(decode(Service::Wattle, &encode(&many)).is_some());
        many.push("a=b".to_owned());
        assert_eq!(decode(Service::Wattle, &encode(&many)), None);
        assert_eq!(decode(Service::Wattle, &encode(&vec!["a".repeat(255); 6])), None);
        let good = sealed(Service::Libp2p, "10.0.0.1:7781");
        assert_eq!(decode(Service::Libp2p, &good[..good.len() - 1]), None);
        assert_eq!(decode(Service::Libp2p, &[]), None);
    }

    #[test]
    fn only_a_homes_own_addresses_are_of_the_home() {
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
    fn any_bytes_are_an_announcement_or_nothing() {
        let mut rng = Rng::new(5);
        for service in Service::ALL {
            let good = sealed(service, "10.0.0.1:7781");
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
