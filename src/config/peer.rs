//! Peers as the owner gives them, with `--peer` or in config.toml: by PeerId alone, by address, or by a DNS name
//! (`/dns4/nas.local/tcp/7781/p2p/…`).

use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use core::net::{IpAddr, SocketAddr};
use core::str::FromStr;

/// The longest DNS name (RFC 1035, 2.3.4, as text).
const NAME_MAX: usize = 253;

/// Which addresses of a name to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Both.
    Any,
    /// IPv4 (`/dns4/`).
    V4,
    /// IPv6 (`/dns6/`).
    V6,
}

/// The address of a peer, as the owner gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// None: the peer dials this agent, or discovery finds it.
    Nowhere,
    /// An address.
    At(SocketAddr),
    /// A DNS name.
    Named(Name),
}

/// A DNS name and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// The TCP port.
    pub port: u16,
    /// Which of its addresses are used.
    pub family: Family,
}

/// A peer as the owner gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its PeerId.
    pub peer: PeerId,
    /// Its address, if the owner gave one.
    pub given: Given,
    /// As it was written, as a multiaddr.
    pub text: String,
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let no_peer_id =
            || "a peer's address ends with /p2p/ and its PeerId, which `wattle id` prints there".to_owned();
        if let Some((family, rest)) = family(text) {
            let mut parts = rest.split('/');
            let (name, tcp, port) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(allowed) {
                return Err("a name has letters, digits, dots and hyphens, as in /dns4/nas.local/tcp/7781/p2p/…".into());
            }
            let port = port.filter(|_| tcp == Some("tcp")).and_then(|port| port.parse().ok()).filter(|port| *port > 0);
            let port = port.ok_or("after the name comes /tcp/ and the port, mostly 7781")?;
            let (p2p, peer) = (parts.next(), parts.next());
            let peer = peer.filter(|_| p2p == Some("p2p") && parts.next().is_none()).ok_or_else(no_peer_id)?;
            let peer: PeerId = peer.parse().map_err(|error| format!("{error}"))?;
            let given = Given::Named(Name { name: name.to_owned(), port, family });
            return Ok(Self { peer, given, text: text.to_owned() });
        }
        // The PeerId alone, as `wattle id` prints it.
        if let Ok(peer) = text.parse() {
            return Ok(Self { peer, given: Given::Nowhere, text: format!("/p2p/{text}") });
        }
        if let Some(meant) = meant(text) {
            return Err(meant);
        }
        let address: Multiaddr =
            text.parse().map_err(|error: crate::wire::multiaddr::BadMultiaddr| error.to_string())?;
        let given = address.socket().map_or(Given::Nowhere, Given::At);
        Ok(Self { peer: address.peer().ok_or_else(no_peer_id)?, given, text: text.to_owned() })
    }
}

/// What is meant by something that is no multiaddr: an address, a name or a part of a PeerId.
fn meant(text: &str) -> Option<String> {
    let whole = |place: String| {
        format!(
            "{text:?} has no PeerId; with it, it is {place}/p2p/12D3KooW…, the last part as `wattle id` prints it there"
        )
    };
    let of = |at: SocketAddr| {
        let family = if at.is_ipv4() { "ip4" } else { "ip6" };
        whole(format!("/{family}/{}/tcp/{}", at.ip(), at.port()))
    };
    if text.starts_with('/') {
        return None;
    }
    if let Ok(at) = text.parse::<SocketAddr>() {
        return Some(of(at));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some(of(SocketAddr::new(ip, 7781)));
    }
    if text.starts_with("12D3Koo") || text.starts_with("16Uiu2") || text.starts_with("Qm") {
        return Some(format!(
            "{text:?} is no whole PeerId of an agent; `wattle id` prints it there: 52 characters from 12D3KooW on"
        ));
    }
    let (host, port) = text.split_once(':').unwrap_or((text, "7781"));
    let name = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c));
    name.then(|| whole(format!("/dns4/{host}/tcp/{port}")))
}

fn family(text: &str) -> Option<(Family, &str)> {
    [("/dns/", Family::Any), ("/dns4/", Family::V4), ("/dns6/", Family::V6)]
        .into_iter()
        .find_map(|(head, family)| Some((family, text.strip_prefix(head)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    fn given(text: &str) -> Result<Given, String> {
        format!("{text}/p2p/{ID}").parse::<Peer>().map(|peer| peer.given)
    }

    #[test]
    fn a_peer_is_given_by_its_peer_id_alone_by_an_address_or_by_a_dns_name() {
        assert_eq!(given(""), Ok(Given::Nowhere));
        assert_eq!(given("/ip4/192.168.1.7/tcp/7781"), Ok(Given::At("192.168.1.7:7781".parse().unwrap())));
        assert_eq!(given("/ip6/fd00::7/tcp/1"), Ok(Given::At("[fd00::7]:1".parse().unwrap())));
        let named = |family| Ok(Given::Named(Name { name: "nas.local".to_owned(), port: 7781, family }));
        assert_eq!(given("/dns/nas.local/tcp/7781"), named(Family::Any));
        assert_eq!(given("/dns4/nas.local/tcp/7781"), named(Family::V4));
        assert_eq!(given("/dns6/nas.local/tcp/7781"), named(Family::V6));
    }

    #[test]
    fn an_address_without_a_peer_id_or_that_is_malformed_is_refused_with_a_sentence() {
        for bad in [
            "/dns4//tcp/1",
            "/dns4/a b/tcp/1",
            "/dns4/nas/udp/1",
            "/dns4/nas/tcp/0",
            "/dns4/nas/tcp/70000",
            "/dns4/nas",
            "/ip4/nas/tcp/1",
            "/dnsaddr/nas/tcp/1",
        ] {
            assert!(given(bad).is_err(), "{bad}");
        }
        for bad in ["/dns4/nas/tcp/1", "/ip4/10.0.0.1/tcp/1"] {
            assert!(bad.parse::<Peer>().unwrap_err().contains("/p2p/"), "{bad}");
        }
        assert!(format!("/dns4/nas/tcp/1/p2p/{ID}/x").parse::<Peer>().is_err());
    }

    #[test]
    fn a_peer_id_alone_is_a_peer_as_well() {
        let peer: Peer = ID.parse().unwrap();
        assert_eq!((peer.given, peer.text), (Given::Nowhere, format!("/p2p/{ID}")));
    }

    #[test]
    fn what_is_no_multiaddr_is_answered_with_the_one_that_is_meant() {
        for (text, part) in [
            ("192.168.1.8", "/ip4/192.168.1.8/tcp/7781/p2p/"),
            ("192.168.1.8:7000", "/ip4/192.168.1.8/tcp/7000/p2p/"),
            ("[fd00::8]:7000", "/ip6/fd00::8/tcp/7000/p2p/"),
            ("nas.local", "/dns4/nas.local/tcp/7781/p2p/"),
            ("12D3KooWhalf", "no whole PeerId"),
        ] {
            let why = text.parse::<Peer>().unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
