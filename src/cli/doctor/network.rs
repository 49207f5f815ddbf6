//! The network's part of `wattle doctor`: for each device that is not linked, the step that failed and what to do.
//!
//! The input is the agent's `GET /v1/network`: where it listens, what its multicast announcements did, and for each
//! peer when it was seen, dialled and when datagrams came from it. The checks follow the order in which two devices
//! reach each other: listen, multicast DNS (RFC 6762), the dial, the handshake, datagrams.

use super::check::Check;
use crate::net::diagnostics::{NetworkReport, PeerReachability, UnknownPeer};
use std::net::SocketAddr;

/// Datagrams sent without a reply after which the path counts as blocked.
const DATAGRAMS_UNANSWERED_MAX: u64 = 5;

/// Milliseconds for which a received datagram proves that datagrams pass.
const FRESH_MS: u64 = 120_000;

/// The checks, in the order in which devices reach each other.
pub(super) fn checks(report: &NetworkReport) -> Vec<Check> {
    let port = port(report);
    let interfaces = report.listen_addresses.is_empty() && !is_loopback_only(report);
    let listening = if interfaces { "ip address".to_owned() } else { format!("wattle up --listen 0.0.0.0:{port}") };
    let mut checks = vec![
        check("listen", listen(report), listening),
        check("mdns", multicast(report), "wattle up --peer /ip4/ADDRESS/tcp/7781/p2p/PEERID".to_owned()),
        check("udp", datagrams(report), format!("ss -ulpn 'sport = :{port}'")),
    ];
    if report.peers.is_empty() {
        checks.push(Check::good("peer", "No other device was named with --peer, so none is missing."));
    }
    for peer in &report.peers {
        let command = match peer.linked {
            Some(_) => format!("sudo ufw allow {port}/udp"),
            None => format!("wattle up --peer /ip4/ADDRESS/tcp/7781/p2p/{}", peer.peer_id),
        };
        checks.push(check("peer", reached(report, peer), command));
    }
    checks.extend(report.unknown_peers.iter().map(|unknown_peer| Check::good("guest", refused(unknown_peer))));
    checks
}

/// A check with the command that helps where it is wrong.
fn check(name: &'static str, outcome: Result<String, String>, command: String) -> Check {
    Check::of(name, outcome.map_err(|says| (says, command)))
}

fn is_loopback_only(report: &NetworkReport) -> bool {
    report.listen.is_none_or(|at| at.ip().is_loopback())
}

fn has_unlinked_peer(report: &NetworkReport) -> bool {
    report.peers.iter().any(|peer| peer.linked.is_none())
}

fn port(report: &NetworkReport) -> u16 {
    report.listen.map_or(0, |at| at.port())
}

fn listen(report: &NetworkReport) -> Result<String, String> {
    let Some(at) = report.listen else { return Err("The agent does not listen for other devices.".to_owned()) };
    if is_loopback_only(report) {
        let what = format!("The agent listens on this machine only ({at}); no other device reaches it.");
        return if has_unlinked_peer(report) {
            Err(format!("{what} Start it with --listen 0.0.0.0:{}.", at.port()))
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

fn multicast(report: &NetworkReport) -> Result<String, String> {
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
             allow it, or give addresses with --peer /ip4/….",
            silent.join(", ")
        ));
    }
    let received = multicast.others_received;
    if received == 0 && has_unlinked_peer(report) {
        return Err(
            "This agent announces itself, but receives no announcement of another. Wi-Fi often holds multicast back: look in the router \
             for client isolation, multicast filtering or IGMP snooping, or give addresses with --peer /ip4/…."
                .to_owned(),
        );
    }
    Ok(format!("This agent announces itself; announcements of others arrived {received} times."))
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

fn reached(report: &NetworkReport, peer: &PeerReachability) -> Result<String, String> {
    let id = &peer.peer_id;
    let Some(at) = peer.linked else { return Err(format!("{id} is not linked. {}", missing(report, peer))) };
    if report.no_datagrams.is_some() || !peer.keys {
        return Ok(format!("{id} is linked at {at}, without datagrams."));
    }
    match (peer.received_ms, peer.sent) {
        (Some(ms), _) if ms < FRESH_MS => Ok(format!("{id} is linked at {at}; datagrams pass.")),
        (_, sent) if sent > DATAGRAMS_UNANSWERED_MAX => Err(format!(
            "{id} is linked at {at}, but its datagrams do not come. Allow UDP port {} in the firewalls of both devices; \
             until then a loss is noticed later.",
            port(report)
        )),
        _ => Ok(format!("{id} is linked at {at}; no datagrams were needed yet.")),
    }
}

/// The step that failed, and what to do.
fn missing(report: &NetworkReport, peer: &PeerReachability) -> String {
    let own = "start the other one with --peer and this device's PeerId, which `wattle id` prints here";
    let Some(at) = peer.dialled else {
        return match (peer.seen, peer.given.first()) {
            (Some(seen), _) => format!("It was heard at {seen} and is not dialled yet. Wait a moment."),
            (None, Some(given)) => format!("{given} leads to no address. Is the name right, and the device on?"),
            (None, None) => format!(
                "It was never heard. Is its agent up there with --listen 0.0.0.0:7781, in the same network? If so, give \
                 its address: --peer /ip4/ADDRESS/tcp/7781/p2p/{}.",
                peer.peer_id
            ),
        };
    };
    if let Some(unknown_peer) = report.unknown_peers.iter().find(|unknown_peer| unknown_peer.address.ip() == at.ip()) {
        return format!(
            "A device at {} wanted to link as {}, a PeerId that is not known here: was that one meant?",
            at.ip(),
            unknown_peer.peer_id
        );
    }
    let Some(why) = &peer.failed else {
        return format!("It was dialled at {at}; the answer is awaited, or the link is lost.");
    };
    let says = |words: &[&str]| words.iter().any(|word| why.to_lowercase().contains(word));
    let advice = if says(&["another agent"]) {
        "The address or the PeerId is wrong.".to_owned()
    } else if says(&["refused"]) {
        format!("Nobody listens there: is its agent up, with --listen 0.0.0.0:{}?", at.port())
    } else if says(&["no answer", "timed out", "unreachable", "no route"]) {
        format!(
            "Nothing came back: the device is off, a firewall there drops TCP port {}, or the router keeps devices \
             apart (client isolation).",
            at.port()
        )
    } else if says(&["not of this home"]) {
        "Give the address with --peer if it is the right one.".to_owned()
    } else {
        format!("Somebody answers there and does not link: {own}.")
    };
    format!("At {at}: {why}. {advice}")
}

fn refused(unknown_peer: &UnknownPeer) -> String {
    let (id, at): (_, SocketAddr) = (&unknown_peer.peer_id, unknown_peer.address);
    format!("{id} at {at} wanted to link and was refused. If it is yours, start the agent with --peer /p2p/{id}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::diagnostics::{ListenAddress, Multicast};

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn peer() -> PeerReachability {
        PeerReachability {
            peer_id: "12D3KooWfar".to_owned(),
            given: Vec::new(),
            linked: None,
            seen: None,
            seen_ms: None,
            dialled: None,
            dialled_ms: None,
            failed: None,
            keys: false,
            sent: 0,
            received: 0,
            received_ms: None,
        }
    }

    fn report(peer: PeerReachability) -> NetworkReport {
        NetworkReport {
            listen: Some(at("0.0.0.0:7781")),
            listen_addresses: vec![ListenAddress {
                interface: "wlan0".into(),
                address: at("192.168.1.5:7781"),
                prefix: 24,
            }],
            no_datagrams: None,
            garbage: 0,
            multicast: Multicast {
                on: true,
                own_received: vec!["wlan0".into()],
                others_received: 1,
                ..Multicast::default()
            },
            peers: vec![peer],
            unknown_peers: Vec::new(),
        }
    }

    fn wrong(report: &NetworkReport) -> Vec<String> {
        checks(report)
            .into_iter()
            .filter(|check| !check.is_good())
            .inspect(|check| assert!(check.command().is_some(), "{check:?}"))
            .map(|check| format!("{}: {}", check.name, check.says()))
            .collect()
    }

    fn failed(why: &str) -> String {
        let dialled = Some(at("192.168.1.9:7781"));
        wrong(&report(PeerReachability { dialled, failed: Some(why.to_owned()), ..peer() })).concat()
    }

    #[test]
    fn a_linked_peer_is_well_if_its_datagrams_pass_and_wrong_if_they_do_not() {
        let linked = PeerReachability { linked: Some(at("192.168.1.9:7781")), keys: true, sent: 9, ..peer() };
        assert_eq!(wrong(&report(PeerReachability { received_ms: Some(900), ..linked.clone() })), [""; 0]);
        assert!(wrong(&report(linked.clone())).concat().contains("Allow UDP port 7781"));
        assert_eq!(wrong(&report(PeerReachability { sent: 2, ..linked })), [""; 0]);
    }

    #[test]
    fn each_step_that_fails_has_its_own_advice() {
        assert!(wrong(&report(peer())).concat().contains("never heard"));
        let seen = PeerReachability { seen: Some(at("192.168.1.9:7781")), ..peer() };
        assert!(wrong(&report(seen)).concat().contains("was heard at 192.168.1.9:7781"));
        let named = PeerReachability { given: vec!["/dns4/nas.local/tcp/7781/p2p/x".into()], ..peer() };
        assert!(wrong(&report(named)).concat().contains("leads to no address"));
        for (why, advice) in [
            ("Connection refused (os error 111)", "Nobody listens there"),
            ("no answer in time", "client isolation"),
            ("No route to host (os error 113)", "firewall"),
            ("another agent answered: 12D3KooWx", "PeerId is wrong"),
            ("the other end closed the connection", "wattle id"),
        ] {
            assert!(failed(why).contains(advice), "{}", failed(why));
        }
    }

    #[test]
    fn a_mistyped_peer_id_is_found_by_the_unknown_peer_at_the_same_address() {
        let mut report =
            report(PeerReachability { dialled: Some(at("192.168.1.9:7781")), failed: Some("x".into()), ..peer() });
        report.unknown_peers.push(UnknownPeer {
            peer_id: "12D3KooWtrue".into(),
            address: at("192.168.1.9:50000"),
            ms: 5,
        });
        assert!(wrong(&report).concat().contains("as 12D3KooWtrue"));
        assert!(checks(&report).last().unwrap().says().contains("--peer /p2p/12D3KooWtrue"));
    }

    #[test]
    fn an_agent_that_cannot_be_reached_gets_the_reason() {
        let mut local = report(peer());
        local.listen = Some(at("127.0.0.1:7781"));
        assert!(wrong(&local)[0].contains("--listen 0.0.0.0:7781"));
        local.peers.clear();
        assert_eq!(wrong(&local), [""; 0], "an agent without peers is well");
        let mut cut = report(peer());
        cut.listen_addresses.clear();
        assert!(wrong(&cut)[0].contains("no interface"));
        let mut silent = report(peer());
        silent.multicast.own_received.clear();
        assert!(wrong(&silent)[0].contains("wlan0") && wrong(&silent)[0].contains("5353"));
        let mut alone = report(peer());
        alone.multicast.others_received = 0;
        assert!(wrong(&alone)[0].contains("client isolation"));
        alone.multicast = Multicast { on: false, why: Some("it is switched off".into()), ..Multicast::default() };
        assert!(!wrong(&alone).concat().contains("switched off"), "the owner switched it off");
        let mut taken = report(peer());
        taken.no_datagrams = Some("Address already in use (os error 98)".into());
        assert!(wrong(&taken)[0].contains("UDP port 7781"));
    }
}
