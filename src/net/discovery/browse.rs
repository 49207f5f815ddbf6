//! Turns announcements into hints for the node: of peers that may link, and of all while an admin is searched for; only addresses
//! within the home network.

use super::context::Discovery;
use crate::base::id::PeerKey;
use crate::limits::ADDRESSES_MAX;
use crate::node::input::Input;
use crate::wire::mdns::{PeerAdvert, Service, read};
use log::{debug, info};
use mdns_sd::{ResolvedService, ScopedIp, ServiceEvent};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Reads announcements and passes them on.
pub(super) struct Browser<'a> {
    discovery: &'a Discovery,
    /// Interfaces on which this agent received its own announcement.
    mirrored: BTreeSet<String>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(discovery: &'a Discovery) -> Self {
        Self { discovery, mirrored: BTreeSet::new() }
    }

    /// Handles one event of the daemon; false when the driver is gone.
    pub(super) async fn on_event(&mut self, service: Service, event: ServiceEvent) -> bool {
        match event {
            ServiceEvent::ServiceResolved(resolved) => self.resolved(service, &resolved).await,
            event => {
                debug!("mDNS: {event:?}");
                !self.discovery.inputs.is_closed()
            }
        }
    }

    async fn resolved(&mut self, service: Service, resolved: &ResolvedService) -> bool {
        let strings: Vec<Vec<u8>> = resolved
            .txt_properties
            .iter()
            .map(|pair| [pair.key().as_bytes(), b"=", pair.val().unwrap_or_default()].concat())
            .collect();
        let Some(mut advert) = read(service, strings.iter().map(Vec::as_slice)) else {
            debug!("An announcement could not be read: {}.", resolved.fullname);
            return true;
        };
        if advert.peer == self.discovery.own {
            self.note_own(resolved);
            return self.note_other_holder(resolved).await;
        }
        if service == Service::Wattle {
            let addresses = resolved.addresses.iter().map(|ip| socket_address(ip, resolved.port));
            let mut addresses: Vec<SocketAddr> = addresses.collect();
            addresses.sort_unstable();
            advert.addresses = addresses.into_iter().take(ADDRESSES_MAX).collect();
        }
        self.discovery.network.multicast(|multicast| multicast.others_received += 1);
        self.pass_on(advert).await
    }

    /// Handles announcements of libp2p agents that are not Wattle; false when the driver is gone.
    pub(super) async fn on_adverts(&self, adverts: Vec<PeerAdvert>) -> bool {
        for advert in adverts {
            if advert.peer != self.discovery.own && !self.pass_on(advert).await {
                return false;
            }
        }
        true
    }

    async fn pass_on(&self, advert: PeerAdvert) -> bool {
        let (network, inputs) = (&self.discovery.network, &self.discovery.inputs);
        let is_known = network.is_known(&advert.peer);
        let own: Vec<SocketAddr> = network.listen_addresses().iter().map(|one| one.address).collect();
        for address in advert.addresses {
            if address.port() == 0 || own.contains(&address) || !network.may_dial(&advert.peer, address) {
                debug!("{} announces {address}, which is not taken.", advert.peer);
                continue;
            }
            if is_known {
                network.seen(&advert.peer, address);
            } else if !network.announced(advert.peer, address) {
                debug!("{} announces itself and may not link.", advert.peer);
                continue;
            }
            let input = Input::PeerDiscovered(PeerKey(*advert.peer.public_key()), address);
            if inputs.send(input).await.is_err() {
                return false;
            }
        }
        true
    }

    /// This agent's PeerId is announced at an address that is not this agent's: another device may have its key, or the address
    /// is one that it had before. A dial finds out; false when the driver is gone.
    async fn note_other_holder(&self, resolved: &ResolvedService) -> bool {
        let (network, own) = (&self.discovery.network, self.discovery.own);
        let here: Vec<IpAddr> = network.listen_addresses().iter().map(|one| one.address.ip()).collect();
        for address in resolved.addresses.iter().map(|ip| socket_address(ip, resolved.port)).take(ADDRESSES_MAX) {
            let other = address.port() != 0 && !here.contains(&address.ip()) && network.may_dial(&own, address);
            let input = Input::PeerDiscovered(PeerKey(*own.public_key()), address);
            if other && self.discovery.inputs.send(input).await.is_err() {
                return false;
            }
        }
        true
    }

    /// This agent received its own announcement: multicast works in both directions on that interface.
    fn note_own(&mut self, resolved: &ResolvedService) {
        let mut names: Vec<&str> = resolved.addresses.iter().flat_map(interfaces).collect();
        names.sort_unstable();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            if self.mirrored.insert(name.to_owned()) {
                info!("This agent is announced on {name}.");
                self.discovery.network.multicast(|multicast| multicast.own_received.push(name.to_owned()));
            }
        }
    }
}

/// The interfaces on which an address was announced.
fn interfaces(ip: &ScopedIp) -> Vec<&str> {
    match ip {
        ScopedIp::V4(v4) => v4.interface_ids().iter().map(|interface| interface.name.as_str()).collect(),
        ScopedIp::V6(v6) => vec![v6.scope_id().name.as_str()],
        _ => Vec::new(),
    }
}

fn socket_address(ip: &ScopedIp, port: u16) -> SocketAddr {
    match (ip.to_ip_addr(), ip) {
        (IpAddr::V6(v6), ScopedIp::V6(scoped)) if v6.is_unicast_link_local() => {
            SocketAddrV6::new(v6, port, 0, scoped.scope_id().index).into()
        }
        (ip, _) => SocketAddr::new(ip, port),
    }
}
