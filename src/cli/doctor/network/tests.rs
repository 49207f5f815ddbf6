//! Each step that fails is planted in the agent's report.

use super::*;
use crate::net::diagnostics::{ListenAddress, Multicast, Times};
use crate::node::mesh_report::{MemberReport, MeshReport, RemovalReport};
use serde_json::json;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

/// One that was never heard nor dialled.
pub(in crate::cli::doctor) fn peer() -> PeerReachability {
    PeerReachability {
        peer_id: "12D3KooWfar".to_owned(),
        given: Vec::new(),
        linked: None,
        seen: None,
        dialled: None,
        failed: None,
        keys: false,
        sent: 0,
        received: 0,
        received_ms: None,
        times: Times::default(),
    }
}

/// Of a device that listens in its network, and knows this peer.
pub(in crate::cli::doctor) fn report(peer: PeerReachability) -> NetworkReport {
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

fn status() -> StatusReport {
    let far = json!({ "peer_id": "12D3KooWfar", "device": "cellar", "linked": false, "state": "unknown", "address": null,
        "round_trip_us": null, "headroom": null });
    let files = json!({ "waiting": 0, "chunked": 0, "ready": 0, "refused": 0 });
    let status = json!({ "peer_id": "12D3KooWhere", "device": "attic", "mesh": null, "files": files, "leaving": 0,
        "chunks": 0, "vectors": 0, "peers": [far], "model": { "name": "m", "fingerprint": "00" }, "sources": [],
        "working": false, "held": null });
    serde_json::from_value(status).unwrap()
}

const NOW: i64 = 1_800_000_000;

fn judged(report: &NetworkReport) -> Vec<Check> {
    checks(report, &Known { status: Some(&status()), mesh: None, now: NOW })
}

fn wrong(report: &NetworkReport) -> Vec<String> {
    judged(report)
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
    assert_eq!(wrong(&report(PeerReachability { sent: 2, ..linked.clone() })), [""; 0]);
    let since = |ms| Times { linked_ms: Some(ms), ..Times::default() };
    assert_eq!(
        wrong(&report(PeerReachability { times: since(2_000), ..linked.clone() })),
        [""; 0],
        "they may be on the way"
    );
    assert!(wrong(&report(PeerReachability { times: since(60_000), ..linked })).concat().contains("Allow UDP port"));
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
        ("it took the connection and did not answer in time", "no firewall is in the way: its agent hangs"),
        ("another agent answered: 12D3KooWx", "PeerId is wrong"),
        ("the other end closed the connection", "may not know this device's PeerId"),
    ] {
        assert!(failed(why).contains(advice), "{}", failed(why));
    }
}

/// What is said of the one peer, and whether nothing is wrong at all.
fn of_peer(report: &NetworkReport, known: &Known<'_>) -> (String, bool) {
    let checks = checks(report, known);
    let peer = checks.iter().find(|check| check.name == "peer").unwrap();
    (peer.says().clone(), checks.iter().all(Check::is_good))
}

#[test]
fn a_device_that_was_linked_and_is_off_or_out_of_the_house_is_no_fault() {
    let here = status();
    let known = Known { status: Some(&here), mesh: None, now: NOW };
    let dialled = Some(at("192.168.1.9:7781"));
    let lost = |failed: Option<&str>| PeerReachability {
        dialled: failed.and(dialled),
        failed: failed.map(str::to_owned),
        times: Times { unlinked_ms: Some(7_200_000), ..Times::default() },
        ..peer()
    };
    for (why, advice) in [
        (None, "same network"),
        (Some("Connection refused (os error 111)"), "start its agent"),
        (Some("no answer in time"), "firewall"),
    ] {
        // In a quiet network nobody else announces itself either.
        let mut report = report(lost(why));
        report.multicast.others_received = 0;
        let (says, well) = of_peer(&report, &known);
        assert!(well, "{says}");
        assert!(
            says.starts_with("cellar (12D3KooWfar) has been off or unreachable since 2027-01-15 06:00 UTC."),
            "{says}"
        );
        assert!(says.contains("Nothing is wrong if you switched it off") && says.contains(advice), "{says}");
    }
    // Somebody answers there.
    let hangs = "it took the connection and did not answer in time";
    for why in ["another agent answered: 12D3KooWx", "the other end closed the connection", hangs] {
        assert!(!of_peer(&report(lost(Some(why))), &known).1, "{why}");
    }
    let (says, well) = of_peer(&report(lost(Some("Invalid argument (os error 22)"))), &known);
    assert!(!well && says.contains("Nobody answered: a route or a firewall of this device"), "{says}");
    let mut knocked = report(lost(Some("no answer in time")));
    knocked.unknown_peers.push(UnknownPeer { peer_id: "x".into(), address: at("192.168.1.9:50000"), ms: 5, tries: 3 });
    assert!(!of_peer(&knocked, &known).1, "its key is another one now");
}

#[test]
fn a_device_that_said_that_it_stops_is_off_and_one_of_the_mesh_is_known_from_before_the_start() {
    let mut here = status();
    here.peers[0].off_s = Some(3600);
    let refused = PeerReachability {
        dialled: Some(at("192.168.1.9:7781")),
        failed: Some("Connection refused".to_owned()),
        ..peer()
    };
    let (says, well) = of_peer(&report(refused.clone()), &Known { status: Some(&here), mesh: None, now: NOW });
    assert!(well && says.contains("off since 2027-01-15 07:00 UTC: its agent was stopped there"), "{says}");
    here.peers[0].off_s = None;
    let mesh = |seen| MeshReport {
        mesh: Some("ab".to_owned()),
        peer_id: "12D3KooWhere".to_owned(),
        removed_here: false,
        removed_by: None,
        members: vec![MemberReport {
            device: Some("cellar".to_owned()),
            name: Some("cellar".to_owned()),
            peer_id: "12D3KooWfar".to_owned(),
            caps: vec!["member".to_owned()],
            here: false,
            linked: false,
            since: Some(NOW - 90_000),
            seen,
            no_help: None,
            silent_s: None,
        }],
        removed: 0,
        removals: Vec::new(),
        epoch: 0,
        next_serial: 2,
    };
    let (seen, never) = (mesh(Some(NOW - 86_400)), mesh(None));
    let (says, well) = of_peer(&report(refused.clone()), &Known { status: Some(&here), mesh: Some(&seen), now: NOW });
    assert!(well && says.contains("unreachable since 2027-01-14 08:00 UTC"), "{says}");
    let (says, well) = of_peer(&report(refused), &Known { status: Some(&here), mesh: Some(&never), now: NOW });
    assert!(!well && says.contains("Nobody listens there"), "the first link may need help: {says}");
}

#[test]
fn the_command_for_the_other_device_is_whole_and_has_this_agents_own_address_port_and_no_home() {
    let on = |listen_port: u16| {
        let dialled = Some(at("192.168.1.9:7799"));
        let mut report = report(PeerReachability { dialled, failed: Some("connection refused".into()), ..peer() });
        report.listen_addresses[0].address.set_port(listen_port);
        let mut checks = judged(&report);
        checks.iter_mut().for_each(|check| check.name_home(std::path::Path::new("/srv/attic")));
        checks.into_iter().find(|check| check.name == "peer").unwrap()
    };
    let check = on(7790);
    assert!(check.says().starts_with("cellar (12D3KooWfar) is not linked."), "by its name: {check:?}");
    let command = "wattle up --listen 0.0.0.0:7799 --peer /ip4/192.168.1.5/tcp/7790/p2p/12D3KooWhere";
    assert_eq!(check.command().unwrap(), command);
    // Without an address of its own the PeerId alone is what the other one needs.
    let mut local = report(PeerReachability { dialled: Some(at("10.0.0.1:1")), failed: Some("x".into()), ..peer() });
    local.listen_addresses.clear();
    let checks = judged(&local);
    let commands: Vec<&str> = checks.iter().filter_map(|check| check.command().map(String::as_str)).collect();
    assert!(commands.contains(&"wattle up --peer /p2p/12D3KooWhere"), "{commands:?}");
    assert!(!commands.concat().contains("ADDRESS") && !commands.concat().contains("PEERID"));
}

#[test]
fn where_no_peer_was_named_the_device_that_knocked_is() {
    let mut report = report(peer());
    report.peers.clear();
    report.unknown_peers.push(UnknownPeer {
        peer_id: "12D3KooWx".into(),
        address: at("10.0.0.9:50000"),
        ms: 5,
        tries: 3,
    });
    let checks = judged(&report);
    let says = |name: &str| checks.iter().find(|check| check.name == name).unwrap().says().clone();
    assert!(says("peer").contains("wanted to link"), "{}", says("peer"));
    assert!(
        says("guest").starts_with("12D3KooWx at 10.0.0.9 wanted") && says("guest").contains("--peer /p2p/12D3KooWx")
    );
}

#[test]
fn how_often_and_when_last_a_removed_device_came_is_told_and_nobody_is_asked_to_let_it_in() {
    let mut report = report(peer());
    let address = at("10.0.0.9:50000");
    report.unknown_peers.push(UnknownPeer { peer_id: "12D3KooWx".into(), address, ms: 65_000, tries: 4 });
    let mesh = MeshReport {
        mesh: None,
        peer_id: String::new(),
        removed_here: false,
        removed_by: None,
        members: Vec::new(),
        removed: 1,
        removals: vec![RemovalReport {
            peer_id: "12D3KooWx".into(),
            name: Some("tablet".into()),
            by: None,
            known_since: None,
        }],
        epoch: 1,
        next_serial: 2,
    };
    let says = |mesh: Option<&MeshReport>| {
        let checks = checks(&report, &Known { status: None, mesh, now: NOW });
        checks.last().unwrap().says().clone()
    };
    assert_eq!(
        says(Some(&mesh)),
        "tablet (12D3KooWx) at 10.0.0.9, which was removed from the mesh, wanted to link and was refused, 4 times, the last 1 minute ago. \
         That is as it should be."
    );
    assert!(says(None).contains("4 times, the last 1 minute ago. If it is yours"), "{}", says(None));
}

#[test]
fn a_mistyped_peer_id_is_found_by_the_unknown_peer_at_the_same_address() {
    let mut report =
        report(PeerReachability { dialled: Some(at("192.168.1.9:7781")), failed: Some("x".into()), ..peer() });
    report.unknown_peers.push(UnknownPeer {
        peer_id: "12D3KooWtrue".into(),
        address: at("192.168.1.9:50000"),
        ms: 5,
        tries: 3,
    });
    assert!(wrong(&report).concat().contains("as 12D3KooWtrue"));
    assert!(
        checks(&report, &Known { status: None, mesh: None, now: NOW })
            .last()
            .unwrap()
            .says()
            .contains("--peer /p2p/12D3KooWtrue")
    );
}

#[test]
fn an_agent_that_cannot_be_reached_gets_the_reason() {
    let mut local = report(peer());
    local.listen = Some(at("127.0.0.1:7781"));
    assert!(wrong(&local)[0].contains("--listen 0.0.0.0:7781"));
    let mut was_linked = peer();
    was_linked.times.unlinked_ms = Some(60_000);
    let off = NetworkReport { peers: vec![was_linked], ..local.clone() };
    assert_eq!(wrong(&off), Vec::<String>::new(), "who was linked before and is off is no fault of the listener");
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
