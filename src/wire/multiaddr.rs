//! libp2p addresses: `/ip4/192.0.2.7/tcp/7781/p2p/12D3KooW…`, or a part of that.
//!
//! Source: the multiformats specification multiaddr and its table of protocols: ip4 4, tcp 6, ip6 41, p2p 421. Names
//! (`/dns4`), other transports and relays are refused: agents of a home reach each other by address.

use super::peer_id::{BadPeerId, PeerId};
use super::varint;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::fmt;
use std::str::FromStr;

const IP4: u64 = 4;
const TCP: u64 = 6;
const IP6: u64 = 41;
const P2P: u64 = 421;

/// Characters of an address in text; longer ones are refused.
const TEXT_MAX: usize = 256;

/// A socket address, a PeerId, or both; never neither.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiaddr {
    socket: Option<SocketAddr>,
    peer: Option<PeerId>,
}

/// Why something is not a supported address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadMultiaddr {
    /// It does not begin with a slash, is empty or too long.
    Form,
    /// A component that is not supported, or not at this position.
    Part(String),
    /// The value of a component is missing or wrong.
    Value(&'static str),
    /// The PeerId is invalid.
    Peer(BadPeerId),
}

impl fmt::Display for BadMultiaddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXAMPLE: &str = "write it like /ip4/192.168.1.7/tcp/7781/p2p/12D3KooW…";
        match self {
            Self::Form => write!(f, "This is not an address; {EXAMPLE}."),
            Self::Part(part) => write!(f, "The part \"{part}\" is not understood here; {EXAMPLE}."),
            Self::Value(part) => write!(f, "The value of /{part} is missing or wrong; {EXAMPLE}."),
            Self::Peer(why) => write!(f, "{why}"),
        }
    }
}

impl std::error::Error for BadMultiaddr {}

impl From<SocketAddr> for Multiaddr {
    fn from(socket: SocketAddr) -> Self {
        Self { socket: Some(socket), peer: None }
    }
}

impl From<PeerId> for Multiaddr {
    fn from(peer: PeerId) -> Self {
        Self { socket: None, peer: Some(peer) }
    }
}

impl Multiaddr {
    /// The socket address, if it has one.
    #[must_use]
    pub const fn socket(&self) -> Option<SocketAddr> {
        self.socket
    }

    /// The PeerId, if it has one.
    #[must_use]
    pub const fn peer(&self) -> Option<PeerId> {
        self.peer
    }

    /// The same socket address with this PeerId.
    #[must_use]
    pub const fn with_peer(self, peer: PeerId) -> Self {
        Self { socket: self.socket, peer: Some(peer) }
    }

    /// The binary encoding.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(socket) = self.socket {
            match socket.ip() {
                IpAddr::V4(ip) => {
                    varint::put(&mut bytes, IP4);
                    bytes.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    varint::put(&mut bytes, IP6);
                    bytes.extend(ip.octets());
                }
            }
            varint::put(&mut bytes, TCP);
            bytes.extend(socket.port().to_be_bytes());
        }
        if let Some(peer) = self.peer {
            let peer = peer.to_bytes();
            varint::put(&mut bytes, P2P);
            varint::put(&mut bytes, peer.len() as u64);
            bytes.extend(peer);
        }
        bytes
    }

    /// Decodes the binary encoding.
    ///
    /// # Errors
    /// What is wrong or not supported.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, BadMultiaddr> {
        let rest = &mut bytes;
        let (mut socket, mut peer) = (None, None);
        if rest.is_empty() {
            return Err(BadMultiaddr::Form);
        }
        while !rest.is_empty() && peer.is_none() {
            match take_number(rest)? {
                code @ (IP4 | IP6) if socket.is_none() => {
                    let ip = if code == IP4 {
                        IpAddr::from(Ipv4Addr::from(take::<4>(rest).ok_or(BadMultiaddr::Value("ip4"))?))
                    } else {
                        IpAddr::from(Ipv6Addr::from(take::<16>(rest).ok_or(BadMultiaddr::Value("ip6"))?))
                    };
                    if take_number(rest)? != TCP {
                        return Err(BadMultiaddr::Value("tcp"));
                    }
                    let port = u16::from_be_bytes(take::<2>(rest).ok_or(BadMultiaddr::Value("tcp"))?);
                    socket = Some(SocketAddr::new(ip, port));
                }
                P2P => {
                    let length = usize::try_from(take_number(rest)?).map_err(|_| BadMultiaddr::Value("p2p"))?;
                    let (name, after) = rest.split_at_checked(length).ok_or(BadMultiaddr::Value("p2p"))?;
                    peer = Some(PeerId::from_bytes(name).map_err(BadMultiaddr::Peer)?);
                    *rest = after;
                }
                code => return Err(BadMultiaddr::Part(format!("protocol {code}"))),
            }
        }
        if rest.is_empty() { Ok(Self { socket, peer }) } else { Err(BadMultiaddr::Part("after /p2p".to_owned())) }
    }
}

fn take_number(rest: &mut &[u8]) -> Result<u64, BadMultiaddr> {
    let (value, used) = varint::read(rest).ok().flatten().ok_or(BadMultiaddr::Form)?;
    *rest = rest.get(used..).unwrap_or_default();
    Ok(value)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*taken)
}

impl FromStr for Multiaddr {
    type Err = BadMultiaddr;

    fn from_str(text: &str) -> Result<Self, BadMultiaddr> {
        let parts = text.strip_prefix('/').filter(|_| text.len() <= TEXT_MAX).ok_or(BadMultiaddr::Form)?;
        let mut parts = parts.split('/');
        let (mut socket, mut peer) = (None, None);
        while let Some(part) = parts.next() {
            let value = parts.next();
            match part {
                "ip4" | "ip6" if socket.is_none() && peer.is_none() => {
                    let wrong = || BadMultiaddr::Value(if part == "ip4" { "ip4" } else { "ip6" });
                    let ip: IpAddr = value.and_then(|ip| ip.parse().ok()).ok_or_else(wrong)?;
                    if ip.is_ipv4() != (part == "ip4") {
                        return Err(wrong());
                    }
                    let (next, port) = (parts.next(), parts.next());
                    let port = port.filter(|_| next == Some("tcp")).and_then(|port| port.parse().ok());
                    socket = Some(SocketAddr::new(ip, port.ok_or(BadMultiaddr::Value("tcp"))?));
                }
                "p2p" if peer.is_none() => {
                    let name = value.ok_or(BadMultiaddr::Value("p2p"))?;
                    peer = Some(name.parse().map_err(BadMultiaddr::Peer)?);
                }
                other => return Err(BadMultiaddr::Part(other.to_owned())),
            }
        }
        Ok(Self { socket, peer })
    }
}

impl fmt::Display for Multiaddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(socket) = self.socket {
            let version = if socket.is_ipv4() { "ip4" } else { "ip6" };
            write!(f, "/{version}/{}/tcp/{}", socket.ip(), socket.port())?;
        }
        self.peer.map_or(Ok(()), |peer| write!(f, "/p2p/{peer}"))
    }
}

impl fmt::Debug for Multiaddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Multiaddr({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::random_bytes;

    const PEER: &str = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";

    #[test]
    fn text_and_bytes_survive_encoding_and_decoding() {
        let peer = format!("/p2p/{PEER}");
        let both = format!("/ip4/192.168.1.7/tcp/7781{peer}");
        for text in ["/ip4/127.0.0.1/tcp/1", "/ip6/::1/tcp/65535", &peer, &both] {
            let address: Multiaddr = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(Multiaddr::from_bytes(&address.to_bytes()), Ok(address));
        }
        let bytes = "/ip4/127.0.0.1/tcp/4001".parse::<Multiaddr>().unwrap().to_bytes();
        assert_eq!(bytes, [4, 127, 0, 0, 1, 6, 0x0f, 0xa1]);
    }

    #[test]
    fn what_is_not_supported_is_named() {
        let why = |text: &str| text.parse::<Multiaddr>().unwrap_err();
        assert_eq!(why("192.168.1.7:7781"), BadMultiaddr::Form);
        assert_eq!(why("/dns4/example.org/tcp/1"), BadMultiaddr::Part("dns4".to_owned()));
        assert_eq!(why("/ip4/127.0.0.1/udp/1"), BadMultiaddr::Value("tcp"));
        assert_eq!(why("/ip4/::1/tcp/1"), BadMultiaddr::Value("ip4"));
        assert_eq!(why("/ip4/127.0.0.1/tcp/1/p2p/Qm"), BadMultiaddr::Peer(BadPeerId::NotAPeerId));
        assert_eq!(why("/"), BadMultiaddr::Part(String::new()));
        assert!(why("/ip4/127.0.0.1/tcp/70000").to_string().contains("/tcp"));
    }

    #[test]
    fn damaged_bytes_never_panic_and_an_address_has_one_encoding() {
        let mut rng = Rng::new(3);
        let good = format!("/ip4/127.0.0.1/tcp/1/p2p/{PEER}").parse::<Multiaddr>().unwrap().to_bytes();
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            random_bytes::damage(&mut rng, &mut bytes, 4);
            bytes.truncate(random_bytes::below(&mut rng, 70));
            if let Ok(address) = Multiaddr::from_bytes(&bytes) {
                assert_eq!(address.to_bytes(), bytes, "one encoding");
            }
        }
    }
}
