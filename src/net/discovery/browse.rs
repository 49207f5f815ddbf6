//! What the daemon heard, as hints for the node: only of peers that may link, only within the home.

use super::Discovery;
use crate::base::id::PeerKey;
use crate::limits::ADDRESSES_MAX;
use crate::node::input::Input;
use crate::wire::mdns::{PeerAdvert, Service, read};
use log::{debug, info};
use mdns_sd::{ResolvedService, ScopedIp, ServiceEvent};
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// Takes in events.
pub(super) struct Browser<'a> {
    discovery: &'a Discovery,
    /// Interfaces on which this agent heard itself.
    mirrored: BTreeSet<String>,
}

impl<'a> Browser<'a> {
    pub(super) fn new(discovery: &'a Discovery) -> Self {
        Self { discovery, mirrored: BTreeSet::new() }
    }

    /// Takes in one event; false when the driver is gone.
    pub(super) async fn hear(&mut self, service: Service, event: ServiceEvent) -> bool {
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
        let Some(mut heard) = read(service, strings.iter().map(Vec::as_slice)) else {
            debug!("An announcement could not be read: {}.", resolved.fullname);
            return true;
        };
        if heard.peer == self.discovery.own {
            self.mirror(resolved);
            return true;
        }
        if service == Service::Wattle {
            let mut places: Vec<SocketAddr> = resolved.addresses.iter().map(|ip| place(ip, resolved.port)).collect();
            places.sort_unstable();
            heard.places = places.into_iter().take(ADDRESSES_MAX).collect();
        }
        self.discovery.network.multicast(|multicast| multicast.others_heard += 1);
        self.tell(heard).await
    }

    /// Takes in what a foreign agent announces.
    pub(super) async fn foreign(&self, heard: Vec<PeerAdvert>) -> bool {
        for heard in heard {
            if heard.peer != self.discovery.own && !self.tell(heard).await {
                return false;
            }
        }
        true
    }

    async fn tell(&self, heard: PeerAdvert) -> bool {
        let (network, inputs) = (&self.discovery.network, &self.discovery.inputs);
        if !network.is_known(&heard.peer) {
            debug!("{} announces itself and may not link.", heard.peer);
            return true;
        }
        let own: Vec<SocketAddr> = network.places().iter().map(|place| place.address).collect();
        for place in heard.places {
            if place.port() == 0 || own.contains(&place) || !network.may_dial(place.ip()) {
                debug!("{} is said to be at {place}, which is not taken.", heard.peer);
                continue;
            }
            network.seen(&heard.peer, place);
            let input = Input::Seen(PeerKey(*heard.peer.public_key()), place);
            if inputs.send(input).await.is_err() {
                return false;
            }
        }
        true
    }

    /// This agent heard itself: multicast goes out and comes in on that interface.
    fn mirror(&mut self, resolved: &ResolvedService) {
        let mut names: Vec<&str> = resolved.addresses.iter().flat_map(interfaces).collect();
        names.sort_unstable();
        for name in names.into_iter().filter(|name| !name.is_empty()) {
            if self.mirrored.insert(name.to_owned()) {
                info!("This agent is announced on {name}.");
                self.discovery.network.multicast(|multicast| multicast.own_heard.push(name.to_owned()));
            }
        }
    }
}

/// The interfaces on which an address was heard.
fn interfaces(ip: &ScopedIp) -> Vec<&str> {
    match ip {
        ScopedIp::V4(v4) => v4.interface_ids().iter().map(|interface| interface.name.as_str()).collect(),
        ScopedIp::V6(v6) => vec![v6.scope_id().name.as_str()],
        _ => Vec::new(),
    }
}

fn place(ip: &ScopedIp, port: u16) -> SocketAddr {
    match (ip.to_ip_addr(), ip) {
        (IpAddr::V6(v6), ScopedIp::V6(scoped)) if v6.is_unicast_link_local() => {
            SocketAddrV6::new(v6, port, 0, scoped.scope_id().index).into()
        }
        (ip, _) => SocketAddr::new(ip, port),
    }
}
