//! Dials, transports and ends of links.

use super::*;
use crate::limits::{
    ADDRESSES_MAX, HINT_DIAL_MS, LINK_IDLE_CROWDED_MS, LINK_IDLE_MS, LINKS_CROWDED, LINKS_MAX, LINKS_WANTED,
    NAME_SAVE_MS, PEERS_LINKED_ALL, PEERS_MAX, UNANSWERED_MAX,
};
use core::net::{IpAddr, Ipv4Addr};

const OWN: PeerKey = PeerKey([0; 32]);
const A: PeerKey = PeerKey([1; 32]);
const PLACE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7781);

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn numbered(n: u64) -> PeerKey {
    let mut key = [7; 32];
    key[..8].copy_from_slice(&n.to_be_bytes());
    PeerKey(key)
}

/// A table with one wanted peer.
fn one() -> Peers {
    let mut peers = Peers::default();
    assert!(peers.add_peer(at(0), A, "12D3".to_owned()));
    peers.add_given_address(A, PLACE);
    peers.choose(OWN, |_| false);
    peers
}

#[test]
fn a_peer_that_does_not_answer_is_dialled_ever_more_rarely_and_one_that_did_at_once_again() {
    let mut peers = one();
    assert_eq!(peers.next_dial(at(0)), Some((A, PLACE)));
    assert_eq!((peers.next_dial(at(0)), peers.deadline()), (None, None), "one dial at a time");
    let mut pauses = Vec::new();
    for _ in 0..10 {
        peers.unlinked(at(0), A);
        pauses.push(peers.deadline().unwrap().millis());
        peers.next_dial(at(u64::MAX));
    }
    assert_eq!(pauses[..3], [REDIAL_MS, 2 * REDIAL_MS, 4 * REDIAL_MS]);
    assert_eq!(pauses[9], REDIAL_MS_MAX);
    assert_eq!(peers.linked(at(0), A, PLACE), (None, false), "the owner gave that address");
    assert_eq!(peers.next_unnamed(at(NAME_REQUEST_MS)), Some(A));
    peers.set_name(at(0), A, "attic".to_owned());
    assert_eq!(peers.next_unnamed(at(u64::MAX)), None);
    peers.linked(at(0), A, PLACE);
    peers.dial_failed(at(3), A);
    assert!(peers.get(A).unwrap().linked, "a dial that a link forestalled loses nothing");
    peers.unlinked(at(7), A);
    assert_eq!(peers.deadline(), Some(at(7 + REDIAL_MS)));
}

#[test]
fn where_a_peer_that_dialled_listens_is_known_by_its_word_and_its_link_together() {
    let mut peers = Peers::default();
    peers.add_peer(at(0), A, "a".to_owned());
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    let listens = [address("10.0.0.9:7781"), address("192.168.1.9:7781")];
    assert_eq!(peers.listens_at(A, &listens), None, "there is no link");
    peers.linked(at(0), A, address("192.168.1.9:40000"));
    assert_eq!(peers.listens_at(A, &listens[..1]), None, "an address that it only claims");
    assert_eq!(peers.listens_at(A, &listens), Some(listens[1]));
    assert_eq!(peers.listens_at(A, &listens), None, "once a link: each is written");
    peers.linked(at(0), A, address("192.168.1.9:40001"));
    assert_eq!(peers.listens_at(A, &listens), Some(listens[1]));
    peers.linked(at(0), A, address("192.168.1.9:40002"));
    peers.add_given_address(A, address("192.168.1.5:7781"));
    assert_eq!(peers.listens_at(A, &listens), None, "a better one is known");
    let mut here = Peers::default();
    here.add_peer(at(0), A, "a".to_owned());
    here.linked(at(0), A, address("127.0.0.1:40000"));
    assert_eq!(here.listens_at(A, &[address("127.0.0.1:22")]), None, "on this machine");
}

#[test]
fn a_name_that_alternates_is_saved_once_in_a_while_and_the_last_one_in_the_end() {
    let mut peers = one();
    let saved = |peers: &mut Peers, ms, name: &str| peers.set_name(at(ms), A, name.to_owned());
    assert!(saved(&mut peers, 0, "attic") && !saved(&mut peers, 1, "attic"));
    let names = ["cellar", "attic"].into_iter().cycle().zip(1..NAME_SAVE_MS / 1000);
    assert_eq!(names.filter(|(name, second)| saved(&mut peers, second * 1000, name)).count(), 0);
    assert!(!saved(&mut peers, NAME_SAVE_MS - 1, "loft"));
    peers.linked(at(NAME_SAVE_MS), A, PLACE);
    assert!(saved(&mut peers, NAME_SAVE_MS, "loft"), "it has not changed since, and was not saved");
    assert!(!saved(&mut peers, 3 * NAME_SAVE_MS, "loft"));
    assert_eq!(peers.get(A).unwrap().name(), "loft");
}

#[test]
fn a_name_that_waits_to_be_saved_is_when_the_pause_is_over_without_being_said_again_and_when_the_agent_stops() {
    let mut peers = one();
    peers.linked(at(0), A, PLACE);
    assert!(peers.set_name(at(0), A, "attic".to_owned()));
    assert_eq!(peers.names_to_save().count(), 0);
    assert!(!peers.set_name(at(1), A, "loft".to_owned()) && !peers.set_name(at(2), A, "cellar".to_owned()));
    assert_eq!(peers.names_to_save().collect::<Vec<_>>(), [(A, "cellar".to_owned())]);
    assert_eq!((peers.deadline(), peers.next_name_to_save(at(NAME_SAVE_MS - 1))), (Some(at(NAME_SAVE_MS)), None));
    assert_eq!(peers.next_name_to_save(at(NAME_SAVE_MS)), Some((A, "cellar".to_owned())));
    assert_eq!((peers.deadline(), peers.next_name_to_save(at(NAME_SAVE_MS))), (None, None), "once");
    // Also if the link has ended, and in a mesh so large that few links are wanted.
    assert!(!peers.set_name(at(NAME_SAVE_MS + 1), A, "hall".to_owned()));
    (0..PEERS_LINKED_ALL as u64 + 1).for_each(|n| _ = peers.add_peer(at(0), numbered(n), String::new()));
    peers.unlinked(at(NAME_SAVE_MS + 2), A);
    peers.choose(OWN, |_| true);
    assert_eq!(peers.next_name_to_save(at(2 * NAME_SAVE_MS)), Some((A, "hall".to_owned())));
}

#[test]
fn a_full_table_says_so_and_a_peer_without_an_address_is_never_dialled() {
    let mut peers = Peers::default();
    for n in 0..1_000_000_u64 {
        assert_eq!(peers.add_peer(at(0), numbered(n), String::new()), n < PEERS_MAX as u64);
    }
    assert!(peers.add_peer(at(0), numbered(0), String::new()), "it was known already");
    peers.choose(OWN, |_| false);
    assert_eq!((peers.deadline(), peers.next_dial(at(u64::MAX))), (None, None));
}

#[test]
fn a_sign_of_life_ends_the_pause_of_a_peer_without_a_link_and_ever_new_ones_cost_few_dials() {
    let mut peers = one();
    for _ in 0..10 {
        peers.next_dial(at(u64::MAX));
        peers.dial_failed(at(0), A);
    }
    assert_eq!(peers.next_dial(at(REDIAL_MS_MAX - 1)), None, "it was away for long");
    let dials = (0..10_000).filter(|ms| {
        peers.is_alive(at(*ms), A);
        let dialled = peers.next_dial(at(*ms)).is_some();
        if dialled {
            peers.dial_failed(at(*ms), A);
        }
        dialled
    });
    assert_eq!(dials.count() as u64, 10_000 / HINT_DIAL_MS, "at once, and then once in a while");
    peers.is_alive(at(20_000), A);
    assert_eq!(peers.next_dial(at(20_000)), Some((A, PLACE)));
    peers.linked(at(20_001), A, PLACE);
    peers.is_alive(at(30_000), A);
    assert_eq!(peers.next_dial(at(30_000)), None, "there is a link");
}

#[test]
fn hints_are_tried_in_turn_wrong_ones_cost_few_dials_and_only_a_reached_address_is_proven() {
    let mut peers = Peers::default();
    peers.add_peer(at(0), A, String::new());
    peers.choose(OWN, |_| false);
    let place = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    (1..=4).for_each(|port| peers.add_hint(at(0), A, place(port)));
    let mut tried = Vec::new();
    for n in 0..4 {
        let now = at(n * REDIAL_MS_MAX);
        tried.extend(peers.next_dial(now).map(|(_, address)| address.port()));
        peers.dial_failed(now, A);
    }
    assert_eq!(tried, [1, 2, 3, 4]);
    // Ever new hints bring one dial in HINT_DIAL_MS, beside those that are due.
    let start = 100 * REDIAL_MS_MAX;
    peers.next_dial(at(start));
    peers.dial_failed(at(start), A);
    let mut dials = 0;
    for n in 0..10_000 {
        peers.add_hint(at(start + n), A, place(u16::try_from(n % 60_000 + 100).unwrap()));
        if peers.next_dial(at(start + n)).is_some() {
            dials += 1;
            peers.dial_failed(at(start + n), A);
        }
    }
    assert!(dials <= 10_000 / HINT_DIAL_MS + 1, "{dials} dials in ten seconds");
    assert_eq!(peers.get(A).unwrap().addresses.all().len(), ADDRESSES_MAX);
    let (_, reached) = peers.next_dial(at(u64::MAX)).unwrap();
    assert_eq!(peers.linked(at(0), A, reached), (None, true), "an address to remember");
    assert_eq!(peers.get(A).unwrap().addresses.kept(), [reached]);
}

#[test]
fn packets_go_by_both_transports_until_a_datagram_arrives_and_again_when_none_comes_back() {
    let mut peers = one();
    let transports = |datagram, link| Transports { datagram, link };
    assert_eq!(peers.transports(A, b"x", false, false), transports(false, false), "no transport yet");
    peers.next_dial(at(0));
    peers.linked(at(0), A, PLACE);
    assert_eq!(peers.transports(A, b"x", true, false), transports(true, true));
    peers.datagram_received(A);
    for _ in 0..UNANSWERED_MAX {
        assert_eq!(peers.transports(A, b"x", true, false), transports(true, false));
    }
    assert_eq!(peers.transports(A, b"x", true, false), transports(true, true), "three were not answered");
    peers.datagram_received(A);
    assert_eq!(peers.transports(A, b"x", true, true), transports(true, true), "an urgent packet goes by both");
    // The keys outlive the link; a new generation has other keys.
    peers.unlinked(at(0), A);
    peers.on_generation(A, 1);
    assert_eq!(peers.transports(A, b"x", false, false), transports(true, false));
    peers.on_generation(A, 2);
    assert_eq!(peers.transports(A, b"x", false, false), transports(false, false));
}

#[test]
fn in_a_large_mesh_a_probe_dials_waits_for_its_link_and_the_link_is_ended_when_idle() {
    let mut peers = Peers::default();
    for n in 0..200_u64 {
        let place = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), u16::try_from(n + 1).unwrap());
        peers.add_peer(at(0), numbered(n), String::new());
        peers.add_given_address(numbered(n), place);
    }
    peers.choose(OWN, |_| false);
    let mut wanted = 0;
    while let Some((key, address)) = peers.next_dial(at(0)) {
        wanted += 1;
        peers.linked(at(0), key, address);
    }
    assert_eq!(wanted, LINKS_WANTED);
    let far = numbered(100);
    assert_eq!(peers.transports(far, b"ping", true, false), Transports { datagram: false, link: false });
    let (key, address) = peers.next_dial(at(1)).unwrap();
    assert_eq!(key, far);
    assert_eq!(peers.linked(at(2), far, address).0, Some(b"ping".to_vec()));
    peers.link_used(at(1_000), far);
    assert_eq!(peers.next_idle_link(at(LINK_IDLE_MS + 999)), None);
    assert_eq!(peers.next_idle_link(at(LINK_IDLE_MS + 1_000)), Some(far));
    assert_eq!(peers.next_idle_link(at(u64::MAX)), None, "wanted links stay");
    peers.unlinked(at(u64::MAX), far);
    assert!(peers.transports(far, b"ping", true, false).datagram, "the keys outlive the link");
}

#[test]
fn links_that_others_dialled_are_ended_when_few_places_are_left_and_only_unwanted_ones() {
    let mut peers = Peers::default();
    (0..200).for_each(|n| assert!(peers.add_peer(at(0), numbered(n), String::new())));
    let linked = |peers: &mut Peers, range: core::ops::Range<usize>| {
        range.for_each(|n| assert!(!peers.linked(at(0), numbered(n as u64), PLACE).1, "they dialled"));
    };
    linked(&mut peers, 0..LINKS_CROWDED - 1);
    peers.choose(OWN, |_| false);
    assert_eq!(peers.next_idle_link(at(u64::MAX)), None, "there is room: the side that dialled ends it");
    linked(&mut peers, LINKS_CROWDED - 1..LINKS_MAX);
    assert_eq!(peers.deadline(), Some(at(LINK_IDLE_CROWDED_MS)));
    assert_eq!(peers.next_idle_link(at(LINK_IDLE_CROWDED_MS - 1)), None, "a member list may be on its way");
    let ended: Vec<PeerKey> = core::iter::from_fn(|| peers.next_idle_link(at(LINK_IDLE_CROWDED_MS))).collect();
    assert_eq!(ended.len(), LINKS_MAX - LINKS_CROWDED + 1, "until there is room again, each once");
    assert!(ended.iter().all(|key| !peers.get(*key).unwrap().wanted));
    // One of them comes back: one of the others is ended for it.
    peers.unlinked(at(300), ended[0]);
    peers.linked(at(400), ended[0], PLACE);
    let more: Vec<PeerKey> = core::iter::from_fn(|| peers.next_idle_link(at(400))).collect();
    assert!(more.len() == 1 && !ended.contains(&more[0]), "{more:?}");
}

#[test]
fn an_agent_without_links_dials_often_for_a_minute_and_then_more_rarely() {
    let mut peers = Peers::new(Rng::new(1));
    assert!(peers.add_peer(at(0), A, "12D3".to_owned()));
    peers.add_given_address(A, PLACE);
    peers.choose(OWN, |_| false);
    let dials = |peers: &mut Peers, from: u64, until: u64| {
        let mut dials = 0;
        let mut now = from;
        while now < until {
            if peers.next_dial(at(now)).is_some() {
                dials += 1;
                peers.dial_failed(at(now), A);
            }
            now = peers.deadline().unwrap().millis();
        }
        (dials, now)
    };
    let (first, now) = dials(&mut peers, 0, REDIAL_SOON_FOR_MS);
    let pause = 2 * REDIAL_SOON_MS_MAX / 2..=3 * REDIAL_SOON_MS_MAX / 2;
    assert!(first >= REDIAL_SOON_FOR_MS / pause.end() && first <= REDIAL_SOON_FOR_MS / pause.start() + 3, "{first}");
    let (later, _) = dials(&mut peers, now, now + 600_000);
    assert!(later <= 600_000 / REDIAL_ALONE_MS_MAX + 3, "{later} in the ten minutes after it");
    // A link that came up and broke begins a new minute.
    peers.linked(at(900_000), A, PLACE);
    peers.unlinked(at(900_000), A);
    let (again, _) = dials(&mut peers, 900_000, 900_000 + REDIAL_SOON_FOR_MS);
    assert!(again >= REDIAL_SOON_FOR_MS / pause.end(), "{again}");
}

#[test]
fn a_forgotten_peer_leaves_no_address_no_dial_and_nothing_that_waits() {
    let mut peers = one();
    peers.transports(A, b"x", true, false);
    assert!(peers.remove_peer(A).is_some() && peers.remove_peer(A).is_none());
    assert_eq!((peers.get(A), peers.deadline()), (None, None));
    assert_eq!(peers.next_dial(at(u64::MAX)), None);
    peers.add_hint(at(1), A, PLACE);
    assert_eq!(peers.linked(at(1), A, PLACE), (None, false));
    assert_eq!(peers.all_linked().count(), 0);
    assert!(peers.add_peer(at(2), A, "12D3".to_owned()));
    peers.choose(OWN, |_| false);
    assert_eq!(peers.next_dial(at(2)), None, "its address was forgotten");
}
