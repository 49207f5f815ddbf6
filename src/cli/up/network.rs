//! The network of a starting agent: the table of trusted peers, the listener, discovery, and the addresses that were given.

use crate::base::finding::quoted;
use crate::base::id::PeerKey;
use crate::cli::args::{DEFAULT_API, DEFAULT_LISTEN_PORT};
use crate::cli::options::NetworkOptions;
use crate::config::{Given, Peer};
use crate::limits::TRUST_PEERS_MAX;
use crate::mesh::trust::{self, Refused, Rights, Trust};
use crate::net::diagnostics::Diagnostics;
use crate::net::discovery::Discovery;
use crate::net::resolve::keep_looking_up;
use crate::net::session::PeerSession;
use crate::node::Node;
use crate::node::input::Input;
use crate::platform::home::Home;
use crate::platform::home::Identity;
use crate::runtime::event::Senders;
use crate::runtime::records;
use crate::runtime::seen::Seen;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::peer_id::PeerId;
use smol::channel::Sender;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// The sessions with other devices, and what is known of reaching them.
pub(super) struct Network {
    pub(super) session: PeerSession,
    pub(super) diagnostics: Diagnostics,
    /// Where other devices reach this agent, in a sentence for people.
    pub(super) reached: String,
}

impl Network {
    /// Listens, and begins to look for other devices.
    pub(super) fn open(
        identity: &Identity,
        boot: u32,
        options: &NetworkOptions,
        trust: &Trust,
        senders: &Senders,
    ) -> Result<Self, String> {
        let diagnostics = Diagnostics::default();
        let listener = bind(options.listen, &options.apis)?;
        let listen = listener.local_addr().map_err(|error| format!("The listener broke: {error}."))?;
        let key = identity.signing_key();
        let (inputs, events) = (senders.inputs.clone(), senders.links.clone());
        let session = PeerSession::open(boot, key, listener, trust, diagnostics.clone(), inputs, events)?;
        if let Some(blocks) = &options.blocks {
            session.serve_blocks(blocks.clone());
        }
        for Peer { peer, given, text } in &options.peers {
            if *given != Given::Nowhere {
                diagnostics.add_given_text(peer, text.clone());
            }
            if let Given::At(address) = given {
                diagnostics.add_given_address(*peer, *address);
            }
        }
        let reached = discover(identity.peer_id(), listen, options, &diagnostics, &senders.inputs);
        Ok(Self { session, diagnostics, reached })
    }
}

/// The table of who may do what: by the certificates and removals of the home, and as the owner gives it: a peer named by
/// `--peer` has all rights, unless it was removed.
pub(super) fn trusted(home: &Home, own: &PeerId, peers: &[Peer]) -> Result<Trust, String> {
    let mut trust = Trust::with_records(PeerKey(*own.public_key()), records::load(home)?);
    for Peer { peer, text, .. } in peers {
        let granted = trust.handle(trust::Input::Grant(PeerKey(*peer.public_key()), Rights::ALL));
        granted.map_err(|why| match why {
            Refused::Full => {
                format!("More than {TRUST_PEERS_MAX} peers were given with --peer; that many can be linked.")
            }
            Refused::Itself => format!("--peer {text} is this device itself. Name other devices only."),
        })?;
    }
    Ok(trust)
}

/// What people are told about `--peer`: what it still is, and the commands in its place.
pub(super) fn hint(trust: &Trust, peers: &[Peer]) -> Option<String> {
    if peers.is_empty() {
        return None;
    }
    if trust.records().mesh().is_none() {
        return Some(
            "The devices named with --peer are trusted by that. In place of it, `wattle pair` here and `wattle join CODE` there let a \
             device in by a code."
                .to_owned(),
        );
    }
    let strangers =
        peers.iter().filter(|of| trust.records().certificate(PeerKey(*of.peer.public_key())).is_none()).count();
    (strangers > 0).then(|| {
        format!(
            "{strangers} of the devices named with --peer are not in this device's mesh, so they are not let in: `wattle pair` here, then \
             `wattle join CODE` there."
        )
    })
}

/// Gives the node the addresses of `--peer`, and what other devices called themselves before this start.
pub(super) fn tell_known(node: &mut Node, peers: &[Peer], seen: &Seen) {
    node.load_names(seen.names());
    for Peer { peer, given, .. } in peers {
        if let Given::At(address) = given {
            node.add_given_address(PeerKey(*peer.public_key()), *address);
        }
    }
}

/// Where a peer was reached on this machine before this start, the owner had given that address.
pub(super) fn give_local_addresses(diagnostics: &Diagnostics, known: &[(PeerId, SocketAddr)]) {
    for (peer, address) in known.iter().filter(|(_, address)| address.ip().is_loopback()) {
        diagnostics.add_given_address(*peer, *address);
    }
}

/// Sends the node the addresses at which peers were reached before this start.
pub(super) async fn send_known_addresses(known: Vec<(PeerId, SocketAddr)>, inputs: Sender<Input>) {
    for (peer, address) in known {
        let _ = inputs.send(Input::PeerDiscovered(PeerKey(*peer.public_key()), address)).await;
    }
}

/// Begins to look for other devices and to announce this one; returns where others reach it, for people.
fn discover(
    own: PeerId,
    listen: SocketAddr,
    options: &NetworkOptions,
    diagnostics: &Diagnostics,
    inputs: &Sender<Input>,
) -> String {
    let (multicast, network, inputs) = (options.multicast, diagnostics.clone(), inputs.clone());
    Discovery { own, listen, multicast, network, inputs: inputs.clone() }.begin();
    for Peer { peer, given, .. } in &options.peers {
        if let Given::Named(name) = given {
            keep_looking_up(*peer, name.clone(), diagnostics.clone(), inputs.clone());
        }
    }
    reached(own, listen, &diagnostics.listen_addresses().iter().map(|at| at.address).collect::<Vec<_>>())
}

/// Where others reach an agent that listens here, in a sentence.
fn reached(own: PeerId, listen: SocketAddr, addresses: &[SocketAddr]) -> String {
    let whole = |address: SocketAddr| Multiaddr::from(address).with_peer(own).to_string();
    if listen.ip().is_loopback() {
        return format!(
            "It listens on this machine only, at {}; --listen 0.0.0.0:{} opens it to your other devices.",
            whole(listen),
            listen.port()
        );
    }
    if addresses.is_empty() {
        return format!("No network is up; other devices reach it as {} once one is.", Multiaddr::from(own));
    }
    let all: Vec<String> = addresses.iter().map(|address| whole(*address)).collect();
    format!("Other devices reach it at {}", all.join(" or "))
}

/// The same address with the next port that is free just now and is none of this agent's `own` addresses, whatever interface
/// those are on; `None` if none of the next hundred is.
pub(super) fn free_port(taken: SocketAddr, own: &[SocketAddr]) -> Option<SocketAddr> {
    let ports = (taken.port().max(1023)..=u16::MAX).skip(1).take(100);
    // An agent needs both ports of the usual pair: an advice that names the other one would take it away.
    let usual = [DEFAULT_API.port(), DEFAULT_LISTEN_PORT];
    let own = |port: &u16| usual.contains(port) || own.iter().any(|address| address.port() == *port);
    let mut free = ports.filter(|port| !own(port)).map(|port| SocketAddr::new(taken.ip(), port));
    free.find(|address| TcpListener::bind(address).is_ok())
}

/// The API's listener. `listen` is where this agent will listen for other devices.
pub(super) fn bind_api(address: SocketAddr, listen: Option<SocketAddr>) -> Result<TcpListener, String> {
    TcpListener::bind(address).map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            let free = free_port(address, listen.as_slice());
            let instead = free.map_or(String::new(), |free| format!(" with --api {}", quoted(&free.to_string())));
            let own: Vec<SocketAddr> = free.into_iter().chain([address]).collect();
            format!(
                "The address {address} is taken, perhaps by another agent. Stop that one, or give this one another address{instead}.{}",
                taken_too(listen, &own)
            )
        }
        _ => format!("The agent cannot listen on {address}: {error}."),
    })
}

/// That the address for other devices is taken as well, where it is, so that one start tells both. `own`: this agent's addresses for programs.
fn taken_too(listen: Option<SocketAddr>, own: &[SocketAddr]) -> String {
    let is_taken = |at: &SocketAddr| TcpListener::bind(at).is_err_and(|error| error.kind() == ErrorKind::AddrInUse);
    let Some(address) = listen.filter(is_taken) else { return String::new() };
    let free = free_port(address, own)
        .map_or(String::new(), |free| format!(" Another one is --listen {}.", quoted(&free.to_string())));
    format!(" The address {address}, for other devices, is taken too.{free}")
}

/// The listener for other devices: where the owner wants it, else on this machine only. `apis` are this agent's addresses for
/// people and programs.
fn bind(listen: Option<SocketAddr>, apis: &[SocketAddr]) -> Result<TcpListener, String> {
    if let Some(address) = listen {
        return TcpListener::bind(address).map_err(|error| {
            let free = free_port(address, apis).map_or(String::new(), |free| format!(" {free} is free."));
            let own = apis.iter().find(|api| api.port() == address.port());
            let own = own.map_or(String::new(), |api| format!(" This agent's own API is to be at {api}."));
            format!(
                "The agent cannot listen for other devices on {address}: {error}.{own} Choose another with --listen.{free}"
            )
        });
    }
    let local = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    // A second agent on this machine takes any free port: the default one was promised to nobody.
    local(DEFAULT_LISTEN_PORT)
        .or_else(|_| local(0))
        .map_err(|error| format!("The agent cannot listen for other devices: {error}. Say where with --listen."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_others_reach_the_agent_is_only_said_where_they_do() {
        let own = PeerId::from_public_key(&[7; 32]);
        let at = |text: &str| text.parse().unwrap();
        let local = reached(own, at("127.0.0.1:7781"), &[]);
        assert!(local.contains("this machine only") && local.contains("--listen 0.0.0.0:7781"), "{local}");
        let second = reached(own, at("127.0.0.1:41234"), &[]);
        assert!(second.contains("--listen 0.0.0.0:41234"), "another agent has the usual port: {second}");
        assert!(reached(own, at("0.0.0.0:7781"), &[]).contains("No network is up"));
        let both = reached(own, at("0.0.0.0:7781"), &[at("192.168.1.5:7781"), at("10.0.0.5:7781")]);
        assert!(both.contains("at /ip4/192.168.1.5/tcp/7781/p2p/") && both.contains(" or /ip4/10.0.0.5/"), "{both}");
    }

    #[test]
    fn the_port_that_is_advised_is_free() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        // The next port is taken as well, unless it was before.
        let beside = address.port().checked_add(1).map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)));
        let free = free_port(address, &[]).unwrap();
        assert!(beside.is_none() || free.port() > address.port() + 1);
        assert!(TcpListener::bind(free).is_ok(), "{free}");
        let usual = free_port(SocketAddr::new(address.ip(), DEFAULT_API.port()), &[]).unwrap();
        assert_ne!(usual.port(), DEFAULT_LISTEN_PORT);
        let listen = SocketAddr::from(([0, 0, 0, 0], free.port()));
        assert_ne!(free_port(address, &[listen]).unwrap().port(), free.port(), "this agent's own, on all interfaces");
    }

    #[test]
    fn two_addresses_that_are_taken_are_told_at_once() {
        let taken = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        let [api, listen] = taken.each_ref().map(|taken| taken.local_addr().unwrap());
        let both = bind_api(api, Some(listen)).unwrap_err();
        assert!(both.contains(&format!("The address {api} is taken, perhaps by another agent.")), "{both}");
        assert!(both.contains(&format!(" The address {listen}, for other devices, is taken too.")), "{both}");
        let named =
            |option: &str| both.split(option).nth(1).unwrap().split(' ').next().unwrap().trim_matches('.').to_owned();
        assert_ne!(named("--api "), named("--listen "), "{both}");
        drop(taken);
        assert!(!bind_api(api, None).is_err_and(|why| why.contains("taken too")));
    }

    #[test]
    fn a_port_that_the_agent_itself_has_for_its_api_is_named_so() {
        let api = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let held = TcpListener::bind(api).unwrap();
        let why = bind(Some(api), &[api]).unwrap_err();
        assert!(why.contains(&format!("This agent's own API is to be at {api}.")), "{why}");
        assert!(!bind(Some(api), &[]).unwrap_err().contains("own API"));
        drop(held);
    }
}
