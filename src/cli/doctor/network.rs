//! The network's part of `wattle doctor`: for each device that is not linked, the step that failed and what to do.
//!
//! The input is the agent's `GET /v1/network`: where it listens, what its multicast announcements did, and for each
//! peer when it was seen, dialled and when datagrams came from it. The checks follow the order in which two devices
//! reach each other: listen, multicast DNS (RFC 6762), the dial, the handshake, datagrams.

mod absent;

use super::check::Check;
use crate::base::count::count;
use crate::base::span::ago;
use crate::cli::args::DEFAULT_LISTEN_PORT;
use crate::http::dto::StatusReport;
use crate::net::diagnostics::{NetworkReport, PeerReachability, UnknownPeer};
use crate::wire::multiaddr::Multiaddr;
use absent::{HANGS, OWN, REFUSED, SILENT, another_at, says};
use std::net::SocketAddr;

pub(super) use absent::Known;

/// Datagrams sent without a reply after which the path counts as blocked.
const DATAGRAMS_UNANSWERED_MAX: u64 = 5;

/// Milliseconds of a link in which no datagram need have come: the keys go over it first, and the other device starts perhaps.
const DATAGRAMS_DUE_MS: u64 = 15_000;

/// Milliseconds for which a received datagram proves that datagrams pass.
const FRESH_MS: u64 = 120_000;

/// The checks, in the order in which devices reach each other.
pub(super) fn checks(report: &NetworkReport, known: &Known<'_>) -> Vec<Check> {
    let status = known.status;
    let port = port(report);
    let interfaces = report.listen_addresses.is_empty() && !is_loopback_only(report);
    let listening = if interfaces { "ip address".to_owned() } else { format!("wattle up --listen 0.0.0.0:{port}") };
    let own = own_address(report, status);
    let mut checks = vec![
        check("listen", listen(report, known), listening),
        multicast(report, known).map_or_else(
            |says| match &own {
                Some(own) => Check::wrong_there("mdns", says, format!("wattle up --peer {own}")),
                None => Check::wrong("mdns", says, "ip address"),
            },
            |says| Check::good("mdns", says),
        ),
        check("udp", datagrams(report), format!("ss -ulpn 'sport = :{port}'")),
    ];
    if report.peers.is_empty() {
        let none = "No other device was named with --peer, so none is missing.";
        let knocked = if report.unknown_peers.is_empty() { "" } else { " One wanted to link, see below." };
        checks.push(Check::good("peer", format!("{none}{knocked}")));
    }
    for peer in &report.peers {
        let name = named(&peer.peer_id, status);
        checks.push(match reached(report, peer, &name, known) {
            Reached::Well(says) => Check::good("peer", says),
            Reached::Here(says, command) => Check::wrong("peer", says, command),
            Reached::There(says, options) => match &own {
                Some(own) => Check::wrong_there("peer", says, format!("wattle up {options}--peer {own}")),
                None => Check::wrong("peer", says, "wattle id"),
            },
        });
    }
    checks.extend(report.unknown_peers.iter().map(|unknown_peer| Check::good("guest", refused(unknown_peer, known))));
    checks
}

/// How a peer is reached.
enum Reached {
    /// As it should be.
    Well(String),
    /// Not, and this command helps on this device.
    Here(String, String),
    /// Not; on the other device `wattle up` with these options and this device's address helps.
    There(String, String),
}

/// This device as the others give it to --peer: with its address where one leads to it.
fn own_address(report: &NetworkReport, status: Option<&StatusReport>) -> Option<String> {
    let own = &status?.peer_id;
    let addresses = || report.listen_addresses.iter().map(|at| at.address);
    let at = addresses().find(SocketAddr::is_ipv4).or_else(|| addresses().next());
    Some(at.map_or_else(|| format!("/p2p/{own}"), |at| format!("{}/p2p/{own}", Multiaddr::from(at))))
}

/// A device by its name, where it has told it, and its PeerId.
fn named(peer_id: &str, status: Option<&StatusReport>) -> String {
    let peer = status.and_then(|status| status.peers.iter().find(|peer| peer.peer_id == *peer_id));
    match peer.and_then(|peer| peer.device.as_ref()) {
        Some(device) => format!("{device} ({peer_id})"),
        None => peer_id.to_owned(),
    }
}

/// A check with the command that helps where it is wrong.
fn check(name: &'static str, outcome: Result<String, String>, command: String) -> Check {
    Check::of(name, outcome.map_err(|says| (says, command)))
}

fn is_loopback_only(report: &NetworkReport) -> bool {
    report.listen.is_none_or(|at| at.ip().is_loopback())
}

/// Whether a device is missing that is not merely off, as one that was linked before and does not answer now.
fn has_missing_peer(report: &NetworkReport, known: &Known<'_>) -> bool {
    let is_missing =
        |peer: &PeerReachability| peer.linked.is_none() && absent::sentence(report, peer, "", known).is_none();
    report.peers.iter().any(is_missing)
}

fn port(report: &NetworkReport) -> u16 {
    report.listen.map_or(0, |at| at.port())
}

fn listen(report: &NetworkReport, known: &Known<'_>) -> Result<String, String> {
    let Some(at) = report.listen else { return Err("The agent does not listen for other devices.".to_owned()) };
    if is_loopback_only(report) {
        let what = format!("The agent listens on this machine only ({at}); no other device reaches it.");
        return if has_missing_peer(report, known) {
            Err(format!("{what} Stop it, and start it again with --listen 0.0.0.0:{}.", at.port()))
        } else {
            Ok(what)
        };
    }
    if report.listen_addresses.is_empty() {
        return Err(format!(
            "The agent listens on {at}, but no interface of this device is up that leads to others. Is the cable in, or \
             the Wi-Fi on?"
        ));
    }
    let addresses: Vec<String> =
        report.listen_addresses.iter().map(|listen| format!("{} ({})", listen.address, listen.interface)).collect();
    Ok(format!("Other devices reach the agent at {}.", addresses.join(", ")))
}

fn multicast(report: &NetworkReport, known: &Known<'_>) -> Result<String, String> {
    let multicast = &report.multicast;
    if !multicast.on {
        let why = multicast.why.as_deref().unwrap_or("no interface is up");
        let what = format!("Devices are not looked for by multicast: {why}.");
        return if is_loopback_only(report) || multicast.restarts == 0 { Ok(what) } else { Err(what) };
    }
    let silent: Vec<&str> = report
        .listen_addresses
        .iter()
        .map(|place| place.interface.as_str())
        .filter(|name| !multicast.own_received.iter().any(|received| received == name))
        .collect();
    if !silent.is_empty() {
        return Err(format!(
            "This agent's own announcement did not come back on {}. A firewall on this device may drop UDP port 5353: \
             allow it. Or give the other devices this one's address. {THERE}",
            silent.join(", ")
        ));
    }
    let received = multicast.others_received;
    if received == 0 && has_missing_peer(report, known) {
        return Err(format!(
            "This agent announces itself, but receives no announcement of another. Wi-Fi often holds multicast back: look in the router \
             for client isolation, multicast filtering or IGMP snooping. Or give the other devices this one's address. {THERE}"
        ));
    }
    Ok(format!("This agent announces itself; announcements of others arrived {}.", count(received, "time")))
}

fn datagrams(report: &NetworkReport) -> Result<String, String> {
    match &report.no_datagrams {
        Some(why) => Err(format!(
            "UDP port {} cannot be used: {why}. Everything goes over the links; a lost device is noticed later. End the \
             program that has the port, then start the agent again.",
            port(report)
        )),
        None => Ok(format!("UDP port {} is open; {} datagrams of unknown senders came.", port(report), report.garbage)),
    }
}

fn reached(report: &NetworkReport, peer: &PeerReachability, name: &str, known: &Known<'_>) -> Reached {
    let Some(at) = peer.linked else {
        return absent::sentence(report, peer, name, known)
            .map_or_else(|| missing(report, peer, name, known), Reached::Well);
    };
    if report.no_datagrams.is_some() || !peer.keys {
        return Reached::Well(format!("{name} is linked at {at}, without datagrams."));
    }
    let is_young = peer.times.linked_ms.is_some_and(|ms| ms < DATAGRAMS_DUE_MS);
    match (peer.received_ms, peer.sent) {
        (Some(ms), _) if ms < FRESH_MS => Reached::Well(format!("{name} is linked at {at}; datagrams pass.")),
        (_, sent) if sent > DATAGRAMS_UNANSWERED_MAX && !is_young => {
            let port = port(report);
            let says = format!(
                "{name} is linked at {at}, but its datagrams do not come. Allow UDP port {port} in the firewalls of both \
                 devices; until then a loss is noticed later."
            );
            Reached::Here(says, format!("sudo ufw allow {port}/udp"))
        }
        (_, sent) if sent > 0 && is_young => {
            Reached::Well(format!("{name} is linked at {at} for a moment; its datagrams are awaited."))
        }
        _ => Reached::Well(format!("{name} is linked at {at}; no datagrams were needed yet.")),
    }
}

/// What to do on the other device, before the command.
const THERE: &str = "On that device, stop the agent if it runs, and type:";

/// The step that failed, and what to do.
fn missing(report: &NetworkReport, peer: &PeerReachability, name: &str, known: &Known<'_>) -> Reached {
    let there =
        |why: &str, options: &str| Reached::There(format!("{name} is not linked. {why} {THERE}"), options.to_owned());
    let Some(at) = peer.dialled else {
        return match (peer.seen, peer.given.first()) {
            (Some(seen), _) => there(&format!("It was heard at {seen} and is not dialled yet. Wait a moment."), ""),
            (None, Some(given)) => {
                there(&format!("{given} leads to no address. Is the name right, and the device on?"), "")
            }
            (None, None) => {
                let why = "It was never heard. Is its agent up, in the same network, and open to other devices?";
                there(why, &format!("--listen 0.0.0.0:{DEFAULT_LISTEN_PORT} "))
            }
        };
    };
    if let Some(unknown_peer) = another_at(report, at) {
        return another(peer, (name, at), &unknown_peer.peer_id, known);
    }
    let Some(why) = &peer.failed else {
        return there(&format!("It was dialled at {at}; the answer is awaited, or the link is lost."), "");
    };
    let says = |words: &[&str]| says(why, words);
    let (advice, options) = if says(&["reached itself"]) {
        let says = format!(
            "{name} is not linked. At {at}: {why}. This device has the address now that {name} had: it is dialled at its new one once it is heard. \
             If it was set up anew, it has a new identity, and is to be introduced again; this one lists what it knows:"
        );
        return Reached::Here(says, "wattle peers".to_owned());
    } else if says(&["another agent"]) {
        let says = format!("{name} is not linked. At {at}: {why}. The address or the PeerId is wrong.");
        return Reached::Here(says, "wattle peers".to_owned());
    } else if says(REFUSED) {
        let listen = format!("--listen 0.0.0.0:{}", at.port());
        (format!("Nobody listens there: is its agent up, with {listen}?"), format!("{listen} "))
    } else if says(HANGS) {
        let advice = "The device is up and its port is open, so no firewall is in the way: its agent hangs or was frozen, or the device is too busy to answer.";
        (advice.to_owned(), String::new())
    } else if says(SILENT) {
        let advice = format!(
            "Nothing came back: the device is off, a firewall there drops TCP port {}, or the router keeps devices \
             apart (client isolation).",
            at.port()
        );
        (advice, String::new())
    } else if says(OWN) {
        let says = format!(
            "{name} is not linked. At {at}: {why}. Nobody answered: a route or a firewall of this device does not let the connection out."
        );
        return Reached::Here(says, format!("ip route get {}", at.ip()));
    } else if says(&["not of this home"]) {
        ("Give the address with --peer if it is the right one.".to_owned(), String::new())
    } else {
        let advice = "Somebody answers there and does not link: it may not know this device's PeerId.";
        (advice.to_owned(), String::new())
    };
    there(&format!("At {at}: {why}. {advice}"), &options)
}

/// A device with another PeerId dialled from the address of one that is not linked.
fn another(peer: &PeerReachability, (name, at): (&str, SocketAddr), id: &str, known: &Known<'_>) -> Reached {
    let ip = at.ip();
    if in_mesh(known) {
        let says = format!(
            "{name} is not linked. A device at {ip} wanted to link as {id}, which is not of this mesh: it may be {name} with a new identity. \
             If so, let it in by a code, with `wattle pair` here and `wattle join CODE` there; and to remove what it was, type on an admin of the mesh:"
        );
        return Reached::Here(says, format!("wattle remove {}", peer.peer_id));
    }
    let says = format!(
        "{name} is not linked. A device at {ip} wanted to link as {id}, a PeerId that is not known here. If that one was \
         meant, stop the agent here, and type:"
    );
    Reached::Here(says, format!("wattle up --peer {}/p2p/{id}", Multiaddr::from(at)))
}

/// Whether this device belongs to a mesh, in which an address with a PeerId lets nobody in.
fn in_mesh(known: &Known<'_>) -> bool {
    known.mesh.is_some_and(|mesh| mesh.mesh.is_some())
}

/// How often, and when last.
fn times(UnknownPeer { tries, ms, .. }: &UnknownPeer) -> String {
    let last = ago(ms / 1000);
    match tries {
        0 | 1 => last,
        _ => format!("{}, the last {last}", count(*tries, "time")),
    }
}

fn refused(unknown_peer: &UnknownPeer, known: &Known<'_>) -> String {
    let (id, at): (_, SocketAddr) = (&unknown_peer.peer_id, unknown_peer.address);
    let removed = known.mesh.and_then(|mesh| mesh.removals.iter().find(|removal| removal.peer_id == *id));
    if let Some(removed) = removed {
        let name = removed.name.as_ref().map_or_else(|| id.clone(), |name| format!("{name} ({id})"));
        return format!(
            "{name} at {}, which was removed from the mesh, wanted to link and was refused, {}. That is as it should be.",
            at.ip(),
            times(unknown_peer)
        );
    }
    let helps = if in_mesh(known) {
        "let it in by a code: `wattle pair` here, `wattle join CODE` there.".to_owned()
    } else {
        format!("stop the agent here and start it again with --peer /p2p/{id}.")
    };
    format!("{id} at {} wanted to link and was refused, {}. If it is yours, {helps}", at.ip(), times(unknown_peer))
}

#[cfg(test)]
pub(super) mod tests;
