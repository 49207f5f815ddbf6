//! Observations as they are recorded and reported.

use super::*;

#[test]
fn what_the_owner_gave_stays_while_the_peer_may_not_link() {
    let (network, peer) = (Diagnostics::default(), PeerId::from_public_key(&[1; 32]));
    let far: SocketAddr = "8.8.8.8:7781".parse().unwrap();
    network.add_given_address(peer, far);
    network.add_peer(peer);
    assert!(network.may_dial(&peer, far), "it is in the mesh from now on");
    network.remove_peer(&peer);
    assert_eq!(network.announced_at(&peer), [far], "and is tried there if it comes back");
}

#[test]
fn a_link_that_went_down_is_told_with_its_time_until_there_is_one_again() {
    let (network, peer) = (Diagnostics::default(), PeerId::from_public_key(&[1; 32]));
    network.add_peer(peer);
    let unlinked = || network.report(clock::now()).peers[0].times.unlinked_ms.is_some();
    network.linked(&peer, None);
    assert!(!unlinked(), "it was never linked");
    let at: SocketAddr = "192.168.1.9:7781".parse().unwrap();
    for (now, told) in [(Some(at), false), (None, true), (None, true), (Some(at), false)] {
        network.linked(&peer, now);
        assert_eq!(unlinked(), told);
    }
}

#[test]
fn datagrams_are_counted_of_a_link_and_it_is_told_how_old_that_is() {
    let (network, peer) = (Diagnostics::default(), PeerId::from_public_key(&[1; 32]));
    network.add_peer(peer);
    let told = || network.report(clock::now()).peers.remove(0);
    let at: SocketAddr = "192.168.1.9:7781".parse().unwrap();
    network.linked(&peer, Some(at));
    (0..9).for_each(|_| network.sent(&peer));
    assert_eq!((told().sent, told().times.linked_ms.is_some()), (9, true));
    network.linked(&peer, None);
    assert_eq!(told().times.linked_ms, None);
    network.linked(&peer, Some(at));
    assert_eq!((told().sent, told().times.linked_ms.is_some()), (0, true), "the agent of before answers nothing");
}

#[test]
fn why_a_dial_failed_is_told_while_the_next_one_is_under_way_and_until_there_is_a_link() {
    let (network, peer) = (Diagnostics::default(), PeerId::from_public_key(&[1; 32]));
    network.add_peer(peer);
    let told = || network.report(clock::now()).peers.into_iter().map(|peer| (peer.dialled, peer.failed)).next();
    let [one, two] = ["192.168.1.9:7781", "192.168.1.10:7781"].map(|at| at.parse::<SocketAddr>().unwrap());
    network.dials(&peer, one);
    assert_eq!(told(), Some((Some(one), None)), "nothing is known yet");
    network.failed(&peer, one, "another agent answered");
    network.dials(&peer, two);
    assert_eq!(told(), Some((Some(one), Some("another agent answered".to_owned()))));
    network.linked(&peer, Some(two));
    assert_eq!(told(), Some((Some(one), None)), "a link proves it wrong");
    network.failed(&peer, one, "there is a link");
    network.linked(&peer, None);
    assert_eq!(told(), Some((Some(one), None)), "a dial beside a link says nothing of what follows it");
}

#[test]
fn records_are_of_peers_that_may_link_and_of_the_last_unknown_peers() {
    let peer = |seed| PeerId::from_public_key(&[seed; 32]);
    let network = Diagnostics::default();
    network.add_peer(peer(1));
    network.add_given_text(&peer(1), "/dns4/nas.local/tcp/7781".into());
    network.sent(&peer(1));
    network.sent(&peer(2));
    for seed in 0..=u8::MAX {
        network.unknown_peer(peer(seed), SocketAddr::from(([10, 0, 0, 1], 9)));
    }
    let report = network.report(clock::now());
    assert_eq!((report.peers.len(), report.peers[0].sent, report.unknown_peers.len()), (1, 1, UNKNOWN_PEERS_MAX));
    assert_eq!(report.unknown_peers[0].peer_id, peer(u8::MAX).to_string());
    let tries = || network.report(clock::now()).unknown_peers.iter().map(|peer| peer.tries).sum::<u64>();
    let before = tries();
    network.unknown_peer(peer(u8::MAX), SocketAddr::from(([10, 0, 0, 1], 9)));
    assert_eq!((before, tries()), (UNKNOWN_PEERS_MAX as u64, UNKNOWN_PEERS_MAX as u64 + 1), "each try counts");
    network.remove_peer(&peer(1));
    network.sent(&peer(1));
    assert!(!network.is_known(&peer(1)) && network.report(clock::now()).peers.is_empty());
}
