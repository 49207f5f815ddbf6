//! The mdns-sd daemon: what this agent announces of itself, and the events that the daemon reports.

use super::interface::leads_to_others;
use crate::limits::INTERFACES_POLL_MS;
use crate::net::diagnostics::ListenAddress;
use crate::wire::mdns::{Service, strings};
use crate::wire::peer_id::PeerId;
use log::debug;
use mdns_sd::{DaemonEvent, IfKind, IfPredicate, Receiver, ServiceDaemon, ServiceEvent, ServiceInfo};
use sha2::{Digest, Sha256};
use smol::future::or;
use std::net::{IpAddr, SocketAddr};

/// Letters of the instance name; libp2p's mDNS specification asks for 32 at least.
const INSTANCE_LETTERS: usize = 40;

/// A running daemon: a thread of its own.
pub(super) struct Daemon {
    daemon: ServiceDaemon,
    own: PeerId,
    listen: SocketAddr,
    browsed: [(Service, Receiver<ServiceEvent>); 2],
    reports: Receiver<DaemonEvent>,
    announced: Vec<String>,
}

impl Daemon {
    /// Starts a daemon that browses, and announces this agent at these addresses.
    pub(super) fn begin(own: PeerId, listen: SocketAddr, listening: &[ListenAddress]) -> Result<Self, String> {
        let text = |error: mdns_sd::Error| error.to_string();
        let daemon = ServiceDaemon::new().map_err(text)?;
        let only = (!listen.ip().is_unspecified()).then_some(listen.ip());
        let wanted = IfPredicate::new(move |interface| leads_to_others(interface) && is_bound(interface, only));
        daemon.disable_interface(IfKind::All).map_err(text)?;
        daemon.enable_interface(IfKind::Predicate(wanted)).map_err(text)?;
        daemon.set_ip_check_interval(u32::try_from(INTERFACES_POLL_MS / 1000).unwrap_or(10)).map_err(text)?;
        let reports = daemon.monitor().map_err(text)?;
        let browse = |service: Service| daemon.browse(service.name()).map(|events| (service, events)).map_err(text);
        let [wattle, libp2p] = Service::ALL;
        let browsed = [browse(wattle)?, browse(libp2p)?];
        let mut begun = Self { daemon, own, listen, browsed, reports, announced: Vec::new() };
        begun.announce(listening);
        Ok(begun)
    }

    /// Announces this agent at these addresses, and withdraws the announcements before.
    pub(super) fn announce(&mut self, listening: &[ListenAddress]) {
        for name in self.announced.drain(..) {
            // The daemon sends the goodbye packet (RFC 6762, 10.1) by itself.
            let _ = self.daemon.unregister(&name);
        }
        let infos = match services(self.own, self.listen.port(), listening, instance) {
            Ok(infos) => infos,
            Err(why) => return debug!("Nothing is announced: {why}."),
        };
        for info in infos {
            let name = info.get_fullname().to_owned();
            match self.daemon.register(info) {
                Ok(()) => self.announced.push(name),
                Err(error) => debug!("An announcement was not made: {error}."),
            }
        }
    }

    /// Waits for the next browsing event; an error says that the daemon ended. Cancel-safe.
    pub(super) async fn next(&self) -> Result<(Service, ServiceEvent), String> {
        let [(wattle, wattles), (libp2p, libp2ps)] = &self.browsed;
        loop {
            let wattle = async { Received::Service(*wattle, wattles.recv_async().await.ok()) };
            let libp2p = async { Received::Service(*libp2p, libp2ps.recv_async().await.ok()) };
            let report = async { Received::Report(self.reports.recv_async().await.ok()) };
            match or(wattle, or(libp2p, report)).await {
                Received::Service(service, Some(event)) => return Ok((service, event)),
                Received::Report(Some(event)) => debug!("mDNS: {event:?}"),
                // Its thread ended, or it closed the channel because events came faster than they were read.
                Received::Service(_, None) | Received::Report(None) => return Err("the mDNS daemon ended".to_owned()),
            }
        }
    }

    /// Ends the thread and withdraws the announcements.
    pub(super) fn end(self) {
        self.stop();
    }

    /// Ends the thread, as a failure of the daemon would.
    pub(super) fn stop(&self) {
        if let Err(error) = self.daemon.shutdown() {
            debug!("The mDNS daemon could not be stopped: {error}.");
        }
    }
}

enum Received {
    Service(Service, Option<ServiceEvent>),
    Report(Option<DaemonEvent>),
}

fn is_bound(interface: &if_addrs::Interface, only: Option<IpAddr>) -> bool {
    only.is_none_or(|only| only == interface.ip())
}

/// The announcements: one of our own service with every address, and one of libp2p's for each address, since mdns-sd
/// reads only the first `dnsaddr` of a record. None contains the name of the host or of its user.
fn services(
    own: PeerId,
    port: u16,
    listening: &[ListenAddress],
    instance: impl Fn() -> Result<String, String>,
) -> Result<Vec<ServiceInfo>, String> {
    let host = host(own);
    let info = |service: Service, name: &str, addresses: &[IpAddr], address: Option<SocketAddr>| {
        let strings = strings(service, own, address)?;
        let pairs: Vec<(&str, &str)> = strings.iter().filter_map(|string| string.split_once('=')).collect();
        let made = ServiceInfo::new(service.name(), name, &host, addresses, port, &pairs[..]);
        let unique = |mut info: ServiceInfo| {
            // The names come from a key or are random: to probe three times whether they are taken (RFC 6762, 8.1)
            // would only delay the first announcement by a second.
            info.set_requires_probe(false);
            info
        };
        Some(made.map(unique).map_err(|error| error.to_string()))
    };
    let addresses: Vec<IpAddr> = listening.iter().map(|one| one.address.ip()).collect();
    let mut infos = Vec::new();
    if !addresses.is_empty() {
        infos.extend(info(Service::Wattle, &own.to_string(), &addresses, None).transpose()?);
    }
    for one in listening {
        let at = [one.address.ip()];
        infos.extend(info(Service::Libp2p, &instance()?, &at, Some(one.address)).transpose()?);
    }
    Ok(infos)
}

/// The host name to announce: derived from the PeerId, which is public, and from nothing else.
fn host(own: PeerId) -> String {
    let hash = Sha256::digest(own.public_key());
    let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("wattle-{digits}.local.")
}

/// A random instance name: libp2p's specification wants one that reveals nothing of the agent.
fn instance() -> Result<String, String> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; INSTANCE_LETTERS];
    getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_names_the_agent_and_neither_its_machine_nor_its_user() {
        let own = PeerId::from_public_key(ed25519_dalek::SigningKey::from_bytes(&[3; 32]).verifying_key().as_bytes());
        let at = |address: &str| ListenAddress {
            interface: "wlan0".to_owned(),
            address: address.parse().unwrap(),
            prefix: 24,
        };
        let listening = [at("192.168.1.5:7781"), at("[fd00::5]:7781"), at("[fe80::5%3]:7781")];
        let infos = services(own, 7781, &listening, instance).unwrap();
        assert_eq!(infos.len(), 3, "a scoped address is in our own service only");
        let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
        for info in &infos {
            let all = format!("{info:?}");
            assert!(machine.len() < 4 || !all.contains(&machine), "{all}");
            assert!(info.get_hostname().starts_with("wattle-") && info.get_port() == 7781);
            let name = info.get_fullname().split('.').next().unwrap();
            assert!((32..=63).contains(&name.len()), "{name}");
        }
        assert_ne!(infos[1].get_fullname(), infos[2].get_fullname());
        assert_eq!(infos[0].get_property_val_str("id"), Some(own.to_string().as_str()));
        let dnsaddr = infos[1].get_property_val_str("dnsaddr").unwrap();
        assert_eq!(dnsaddr, format!("/ip4/192.168.1.5/tcp/7781/p2p/{own}"));
    }
}
