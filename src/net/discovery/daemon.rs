//! The daemon of mdns-sd: what this agent announces of itself, and the ends on which it tells what it heard.

use super::interface::leads_to_others;
use super::supervisor::Wakeup;
use crate::limits::INTERFACES_LOOK_MS;
use crate::net::diagnostics::ListenAddress;
use crate::wire::mdns::{Service, strings};
use crate::wire::peer_id::PeerId;
use log::debug;
use mdns_sd::{DaemonEvent, IfKind, IfPredicate, Receiver, ServiceDaemon, ServiceEvent, ServiceInfo};
use sha2::{Digest, Sha256};
use smol::future::or;
use std::net::{IpAddr, SocketAddr};

/// Letters of a libp2p instance's name; its specification asks for 32 at least.
const INSTANCE_LETTERS: usize = 40;

/// A running daemon: a thread of its own.
pub(super) struct Daemon {
    daemon: ServiceDaemon,
    own: PeerId,
    listen: SocketAddr,
    browsed: [(Service, Receiver<ServiceEvent>); 2],
    told: Receiver<DaemonEvent>,
    announced: Vec<String>,
}

impl Daemon {
    /// Starts a daemon that browses, and announces this agent at these places.
    pub(super) fn begin(own: PeerId, listen: SocketAddr, places: &[ListenAddress]) -> Result<Self, String> {
        let text = |error: mdns_sd::Error| error.to_string();
        let daemon = ServiceDaemon::new().map_err(text)?;
        let only = (!listen.ip().is_unspecified()).then_some(listen.ip());
        let wanted = IfPredicate::new(move |interface| leads_to_others(interface) && is_bound(interface, only));
        daemon.disable_interface(IfKind::All).map_err(text)?;
        daemon.enable_interface(IfKind::Predicate(wanted)).map_err(text)?;
        daemon.set_ip_check_interval(u32::try_from(INTERFACES_LOOK_MS / 1000).unwrap_or(10)).map_err(text)?;
        let told = daemon.monitor().map_err(text)?;
        let browse = |service: Service| daemon.browse(service.name()).map(|events| (service, events)).map_err(text);
        let [wattle, libp2p] = Service::ALL;
        let browsed = [browse(wattle)?, browse(libp2p)?];
        let mut begun = Self { daemon, own, listen, browsed, told, announced: Vec::new() };
        begun.announce(places);
        Ok(begun)
    }

    /// Announces this agent at these places, and no longer at those before.
    pub(super) fn announce(&mut self, places: &[ListenAddress]) {
        for name in self.announced.drain(..) {
            // The daemon says good-bye in its name; nobody waits for it.
            let _ = self.daemon.unregister(&name);
        }
        let infos = match services(self.own, self.listen.port(), places, instance) {
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

    /// Waits for the next thing that is heard, or for the daemon's end. To give up waiting loses nothing.
    pub(super) async fn next(&self) -> Wakeup {
        let [(wattle, wattles), (libp2p, libp2ps)] = &self.browsed;
        loop {
            let wattle = async { Received::Of(*wattle, wattles.recv_async().await.ok()) };
            let libp2p = async { Received::Of(*libp2p, libp2ps.recv_async().await.ok()) };
            let told = async { Received::Told(self.told.recv_async().await.ok()) };
            match or(wattle, or(libp2p, told)).await {
                Received::Of(service, Some(event)) => return Wakeup::Event(service, event),
                Received::Told(Some(event)) => debug!("mDNS: {event:?}"),
                // Its thread ended, or so much came at once that it closed the channel.
                Received::Of(_, None) | Received::Told(None) => {
                    return Wakeup::Failed("the mDNS daemon ended".to_owned());
                }
            }
        }
    }

    /// Ends the thread; what was announced is taken back.
    pub(super) fn end(self) {
        self.stop();
    }

    /// The same as the daemon's own end, seen from here.
    pub(super) fn stop(&self) {
        if let Err(error) = self.daemon.shutdown() {
            debug!("The mDNS daemon did not take its end: {error}.");
        }
    }
}

enum Received {
    Of(Service, Option<ServiceEvent>),
    Told(Option<DaemonEvent>),
}

fn is_bound(interface: &if_addrs::Interface, only: Option<IpAddr>) -> bool {
    only.is_none_or(|only| only == interface.ip())
}

/// What is announced: our own service at every place, and libp2p's once for each, since mdns-sd reads only the
/// first `dnsaddr` of a record. No name of the host or of its user is in any of it.
fn services(
    own: PeerId,
    port: u16,
    places: &[ListenAddress],
    instance: impl Fn() -> Result<String, String>,
) -> Result<Vec<ServiceInfo>, String> {
    let host = host(own);
    let info = |service: Service, name: &str, addresses: &[IpAddr], place: Option<SocketAddr>| {
        let strings = strings(service, own, place)?;
        let pairs: Vec<(&str, &str)> = strings.iter().filter_map(|string| string.split_once('=')).collect();
        let made = ServiceInfo::new(service.name(), name, &host, addresses, port, &pairs[..]);
        let unique = |mut info: ServiceInfo| {
            // The names follow from a key or from chance: to ask three times whether they are taken would only
            // delay the first announcement by a second.
            info.set_requires_probe(false);
            info
        };
        Some(made.map(unique).map_err(|error| error.to_string()))
    };
    let addresses: Vec<IpAddr> = places.iter().map(|place| place.address.ip()).collect();
    let mut infos = Vec::new();
    if !addresses.is_empty() {
        infos.extend(info(Service::Wattle, &own.to_string(), &addresses, None).transpose()?);
    }
    for place in places {
        let at = [place.address.ip()];
        infos.extend(info(Service::Libp2p, &instance()?, &at, Some(place.address)).transpose()?);
    }
    Ok(infos)
}

/// The host's name in DNS: it follows from the PeerId, which is public, and from nothing else.
fn host(own: PeerId) -> String {
    let hash = Sha256::digest(own.public_key());
    let digits: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("wattle-{digits}.local.")
}

/// A random name: libp2p's specification wants one that says nothing of the agent.
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
        let places = [at("192.168.1.5:7781"), at("[fd00::5]:7781"), at("[fe80::5%3]:7781")];
        let infos = services(own, 7781, &places, instance).unwrap();
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
