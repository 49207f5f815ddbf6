//! The interfaces on which other devices of the home can be, and this device's address on each.

use crate::limits::ADDRESSES_MAX;
use crate::net::diagnostics::ListenAddress;
use crate::wire::mdns::{is_home, is_scoped};
use if_addrs::{IfAddr, IfOperStatus, Interface};
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, TcpListener};

/// Name prefixes of interfaces that lead to containers or virtual machines of this device, or to a tunnel, and not to
/// devices of the home.
const VIRTUAL: [&str; 17] = [
    "docker",
    "br-",
    "veth",
    "virbr",
    "vnet",
    "cni",
    "flannel",
    "cali",
    "lxc",
    "lxd",
    "podman",
    "vmnet",
    "tun",
    "tap",
    "wg",
    "tailscale",
    "zt",
];

/// The addresses at which an agent that is bound to `listen` is reached: one for each interface that leads to other
/// devices, in the order of the interfaces. Bound to loopback: that address alone. `None` where the system does not list them just now, as to a process
/// whose files are all open.
#[must_use]
pub fn listen_addresses(listen: SocketAddr) -> Option<Vec<ListenAddress>> {
    if listen.ip().is_loopback() {
        return Some(vec![ListenAddress { interface: "lo".to_owned(), address: listen, prefix: 8 }]);
    }
    listed().map(|interfaces| choose(listen, &interfaces))
}

fn listed() -> Option<Vec<Interface>> {
    if_addrs::get_if_addrs().inspect_err(|error| log::debug!("The network interfaces cannot be listed: {error}.")).ok()
}

/// The addresses by which a person reaches this device from another one just now, with this port: one for each interface that leads to others. Those of IPv4 come
/// first, as every phone and router has it and people can type it, and those that hold in the home before those of the internet. None holds on one link alone: no
/// browser takes such a one.
#[must_use]
pub fn own_addresses(port: u16) -> Vec<SocketAddr> {
    typed(port, &listed().unwrap_or_default())
}

fn typed(port: u16, interfaces: &[Interface]) -> Vec<SocketAddr> {
    let mut best: Vec<(u8, u32, IpAddr)> = Vec::new();
    for interface in interfaces.iter().filter(|interface| leads_to_others(interface)) {
        let (ip, index) = (interface.ip(), interface.index.unwrap_or(0));
        let Some(rank) = typed_rank(ip) else { continue };
        match best.iter_mut().find(|(_, at, _)| *at == index) {
            Some(known) if rank < known.0 => *known = (rank, index, ip),
            Some(_) => {}
            None => best.push((rank, index, ip)),
        }
    }
    best.sort_by_key(|(rank, index, _)| (*rank, *index));
    best.into_iter().map(|(.., ip)| SocketAddr::new(ip, port)).take(ADDRESSES_MAX).collect()
}

/// The preference of an address that a person opens in a browser; `None`: none does.
fn typed_rank(ip: IpAddr) -> Option<u8> {
    match ip {
        IpAddr::V6(six) if six.is_unicast_link_local() => None,
        IpAddr::V4(four) if four.is_link_local() => Some(4),
        IpAddr::V4(_) => Some(if is_home(ip) { 0 } else { 1 }),
        IpAddr::V6(_) => Some(if is_home(ip) { 2 } else { 3 }),
    }
}

/// Whether this device has the address now, whatever its interface leads to: a program can listen there.
#[must_use]
pub fn is_own(mut address: SocketAddr) -> bool {
    address.set_port(0);
    !matches!(TcpListener::bind(address), Err(error) if error.kind() == ErrorKind::AddrNotAvailable)
}

/// Whether devices of the home can be on it.
#[must_use]
pub fn leads_to_others(interface: &Interface) -> bool {
    interface.oper_status == IfOperStatus::Up
        && !interface.is_loopback()
        && !interface.is_p2p
        && !VIRTUAL.iter().any(|name| interface.name.starts_with(name))
}

fn choose(listen: SocketAddr, interfaces: &[Interface]) -> Vec<ListenAddress> {
    let mut best: Vec<(u32, u8, ListenAddress)> = Vec::new();
    for interface in interfaces.iter().filter(|interface| leads_to_others(interface)) {
        let (ip, index) = (interface.ip(), interface.index.unwrap_or(0));
        let bound = listen.ip().is_unspecified() || listen.ip() == ip;
        // An IPv6 socket accepts IPv4 as well; an IPv4 socket accepts no IPv6.
        if !bound || (listen.is_ipv4() && ip.is_ipv6()) {
            continue;
        }
        let prefix = match &interface.addr {
            IfAddr::V4(v4) => v4.prefixlen,
            IfAddr::V6(v6) => v6.prefixlen,
        };
        let address = match ip {
            IpAddr::V6(v6) if is_scoped(ip) => SocketAddrV6::new(v6, listen.port(), 0, index).into(),
            _ => SocketAddr::new(ip, listen.port()),
        };
        let candidate = ListenAddress { interface: interface.name.clone(), address, prefix };
        match best.iter_mut().find(|(at, ..)| *at == index) {
            Some((_, rank, known)) if rank_of(ip) < *rank => (*rank, *known) = (rank_of(ip), candidate),
            Some(_) => {}
            None => best.push((index, rank_of(ip), candidate)),
        }
    }
    best.sort_by_key(|(index, ..)| *index);
    best.into_iter().map(|(.., address)| address).take(ADDRESSES_MAX).collect()
}

/// The preference of an address: of several on an interface, the one with the smallest rank is announced.
fn rank_of(ip: IpAddr) -> u8 {
    match ip {
        IpAddr::V4(v4) if v4.is_link_local() => 3,
        IpAddr::V4(_) if is_home(ip) => 0,
        IpAddr::V4(_) => 4,
        IpAddr::V6(_) if is_scoped(ip) => 5,
        IpAddr::V6(_) if is_home(ip) => 1,
        IpAddr::V6(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use if_addrs::{Ifv4Addr, Ifv6Addr};

    fn interface(name: &str, index: u32, ip: &str) -> Interface {
        let addr = match ip.parse().unwrap() {
            IpAddr::V4(ip) => {
                IfAddr::V4(Ifv4Addr { ip, netmask: [255, 255, 255, 0].into(), prefixlen: 24, broadcast: None })
            }
            IpAddr::V6(ip) => IfAddr::V6(Ifv6Addr { ip, netmask: ip, prefixlen: 64, broadcast: None }),
        };
        Interface { name: name.to_owned(), addr, index: Some(index), oper_status: IfOperStatus::Up, is_p2p: false }
    }

    fn chosen(listen: &str, interfaces: &[Interface]) -> Vec<String> {
        choose(listen.parse().unwrap(), interfaces).iter().map(|one| one.address.to_string()).collect()
    }

    #[test]
    fn one_address_is_chosen_for_each_interface_that_leads_to_other_devices() {
        let mut down = interface("eth9", 9, "10.9.0.1");
        down.oper_status = IfOperStatus::Down;
        let mut tunnel = interface("ppp0", 8, "10.8.0.1");
        tunnel.is_p2p = true;
        let all = [
            interface("lo", 1, "127.0.0.1"),
            interface("wlan0", 3, "fe80::3"),
            interface("wlan0", 3, "2001:db8::3"),
            interface("wlan0", 3, "192.168.1.3"),
            interface("eth0", 2, "fd00::2"),
            interface("eth0", 2, "10.0.0.2"),
            interface("eth0", 2, "10.0.0.3"),
            interface("docker0", 4, "172.17.0.1"),
            interface("br-6fe1", 5, "172.18.0.1"),
            interface("veth12", 6, "169.254.1.1"),
            interface("virbr0", 7, "192.168.122.1"),
            down,
            tunnel,
        ];
        assert_eq!(chosen("0.0.0.0:7781", &all), ["10.0.0.2:7781", "192.168.1.3:7781"]);
        assert_eq!(chosen("[::]:7781", &all), ["10.0.0.2:7781", "192.168.1.3:7781"]);
        assert_eq!(chosen("192.168.1.3:1", &all), ["192.168.1.3:1"], "bound to one address");
        assert_eq!(chosen("192.168.9.9:1", &all), [""; 0]);
    }

    #[test]
    fn an_interface_without_ipv4_is_reached_by_ipv6_and_a_link_local_address_keeps_its_scope() {
        let all = [interface("eth0", 2, "fe80::2"), interface("eth0", 2, "fd00::2"), interface("usb0", 3, "fe80::9")];
        assert_eq!(chosen("[::]:7781", &all), ["[fd00::2]:7781", "[fe80::9%3]:7781"]);
        assert_eq!(chosen("0.0.0.0:7781", &all), [""; 0]);
    }

    #[test]
    fn a_person_is_told_ipv4_first_then_ipv6_of_the_home_and_of_the_internet_and_never_one_of_a_link_alone() {
        let told = |all: &[Interface]| typed(7780, all).iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = [
            interface("eth0", 2, "fe80::2"),
            interface("eth0", 2, "2001:db8::2"),
            interface("eth0", 2, "fd00::2"),
            interface("usb0", 3, "169.254.3.3"),
            interface("wlan0", 4, "fd00::4"),
            interface("wlan0", 4, "192.168.1.4"),
            interface("ppp1", 5, "2001:db8::5"),
            interface("wwan0", 6, "203.0.113.6"),
            interface("wwan0", 6, "fd00::6"),
            interface("usb1", 7, "fe80::7"),
            interface("docker0", 8, "172.17.0.1"),
        ];
        let due = ["192.168.1.4", "203.0.113.6", "[fd00::2]", "[2001:db8::5]", "169.254.3.3"];
        assert_eq!(told(&all), due.map(|ip| format!("{ip}:7780")));
        assert_eq!(told(&all[..1]), [""; 0], "no browser opens one of a link alone");
    }

    #[test]
    fn an_agent_bound_to_loopback_is_reached_there_only() {
        let at = "127.0.0.1:7781".parse().unwrap();
        let listening = listen_addresses(at).unwrap();
        assert_eq!(listening.iter().map(|one| one.address).collect::<Vec<_>>(), [at]);
    }

    #[test]
    fn an_address_is_this_devices_own_where_a_program_can_listen() {
        assert!(is_own("127.0.0.1:1".parse().unwrap()));
        // RFC 5737 reserves it for documentation: no device has it.
        assert!(!is_own("192.0.2.1:7780".parse().unwrap()));
        for address in own_addresses(7780) {
            assert!(is_own(address) && address.port() == 7780 && !address.ip().is_loopback(), "{address}");
        }
    }
}
