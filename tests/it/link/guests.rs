//! Guests: peers that may not link, and converse to be paired; and peers that are admitted by what they show.

use super::raw::muxed;
use super::{End, name, quick, soon};
use crate::harness::Place;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use wattle::limits::{GUESTS_ADDRESS_MAX, PAIR_FRAME_MAX};
use wattle::net::link::{GuestEvent, LinkEvent};
use wattle::wire::bitswap::BITSWAP;
use wattle::wire::peer_id::PeerId;

async fn guest(end: &End) -> GuestEvent {
    match end.next().await {
        LinkEvent::Guest { what, .. } => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_and_its_host_converse_and_neither_has_a_link() {
    smol::block_on(async {
        let (host, visitor) = (End::new(1, &[]), End::new(2, &[]));
        // It does not know who will answer.
        visitor.links.dial_as_guest(None, host.address);
        assert_eq!(guest(&visitor).await, GuestEvent::Began { dialled: true, json: false });
        assert_eq!(guest(&host).await, GuestEvent::Began { dialled: false, json: false });
        for (from, to, to_name) in [(&visitor, &host, 1), (&host, &visitor, 2)] {
            assert!(from.links.send_to_guest(&name(to_name), b"hello".to_vec()));
            assert_eq!(guest(to).await, GuestEvent::Frame(b"hello".to_vec()));
        }
        assert!(host.links.known().is_empty() && visitor.links.known().is_empty());
        host.links.end_guest(&name(2));
        assert!(matches!(guest(&visitor).await, GuestEvent::Ended(_)));
        assert!(matches!(guest(&host).await, GuestEvent::Ended(_)));
        assert!(!host.links.send_to_guest(&name(2), b"late".to_vec()));
    });
}

#[test]
fn a_guest_that_sends_too_much_is_cut_off_and_the_others_are_served() {
    smol::block_on(async {
        let host = End::new(1, &[]);
        let visitors: Vec<End> = (2..=2 + GUESTS_ADDRESS_MAX as u8).map(|seed| End::new(seed, &[])).collect();
        let (last, first) = visitors.split_last().unwrap();
        for visitor in first {
            visitor.links.dial_as_guest(Some(name(1)), host.address);
            assert_eq!(guest(visitor).await, GuestEvent::Began { dialled: true, json: false });
            assert_eq!(guest(&host).await, GuestEvent::Began { dialled: false, json: false });
            assert!(visitor.links.send_to_guest(&name(1), b"hello".to_vec()));
            assert_eq!(guest(&host).await, GuestEvent::Frame(b"hello".to_vec()));
        }
        last.links.dial_as_guest(Some(name(1)), host.address);
        let failed = last.next().await;
        assert!(
            matches!(failed, LinkEvent::GuestFailed { met: true, .. }),
            "one more than an address may have: {failed:?}"
        );
        assert!(matches!(host.next().await, LinkEvent::GuestsCrowded { refused: true, .. }));

        assert!(first[0].links.send_to_guest(&name(1), vec![7; PAIR_FRAME_MAX + 1]));
        assert!(matches!(guest(&host).await, GuestEvent::Ended(_)));
        assert!(first[1].links.send_to_guest(&name(1), vec![7; PAIR_FRAME_MAX]));
        assert_eq!(guest(&host).await, GuestEvent::Frame(vec![7; PAIR_FRAME_MAX]));
    });
}

#[test]
fn guests_that_say_nothing_keep_nobody_out() {
    smol::block_on(async {
        let host = End::new(1, &[]);
        let silent: Vec<End> = (3..3 + GUESTS_ADDRESS_MAX as u8).map(|seed| End::new(seed, &[])).collect();
        for visitor in &silent {
            visitor.links.dial_as_guest(Some(name(1)), host.address);
            assert_eq!(guest(visitor).await, GuestEvent::Began { dialled: true, json: false });
            assert_eq!(guest(&host).await, GuestEvent::Began { dialled: false, json: false });
        }
        let visitor = End::new(2, &[]);
        visitor.links.dial_as_guest(Some(name(1)), host.address);
        assert_eq!(guest(&visitor).await, GuestEvent::Began { dialled: true, json: false });
        assert!(visitor.links.send_to_guest(&name(1), b"hello".to_vec()));
        assert!(matches!(guest(&silent[0]).await, GuestEvent::Ended(_)), "the oldest gives way");
        let mut told = Vec::new();
        while told.len() < 4 {
            told.push(host.next().await);
        }
        let is = |what: fn(&LinkEvent) -> bool| told.iter().any(what);
        assert!(is(|event| matches!(event, LinkEvent::GuestsCrowded { refused: false, .. })), "{told:?}");
        assert!(is(|event| matches!(event, LinkEvent::Guest { what: GuestEvent::Ended(_), .. })), "{told:?}");
        assert!(is(|event| matches!(event, LinkEvent::Guest { what: GuestEvent::Frame(_), .. })), "{told:?}");
    });
}

#[test]
fn a_host_that_is_not_the_expected_one_or_not_there_is_reported() {
    smol::block_on(async {
        let (host, visitor) = (End::new(1, &[]), End::new(2, &[]));
        visitor.links.dial_as_guest(Some(name(3)), host.address);
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        visitor.links.dial_as_guest(None, nobody);
        for _ in 0..2 {
            match visitor.next().await {
                LinkEvent::GuestFailed { address, why, met } if address == host.address => {
                    assert!(!met, "it is not the device that was meant");
                    assert!(why.contains("another agent answered"), "{why}");
                }
                LinkEvent::GuestFailed { address, .. } => assert_eq!(address, nobody),
                other => panic!("{other:?}"),
            }
        }
    });
}

#[test]
fn a_peer_is_admitted_by_the_certificates_that_it_shows_and_refused_without() {
    smol::block_on(async {
        let (host, visitor) = (End::new(1, &[]), End::new(2, &[1]));
        visitor.links.dial(name(1), host.address);
        assert!(matches!(host.next().await, LinkEvent::UnknownPeer { .. }), "it shows none");
        visitor.failed().await;

        visitor.links.set_certificates(b"two certificates".to_vec());
        visitor.links.dial(name(1), host.address);
        let LinkEvent::Presented { peer, certificates, .. } = host.next().await else { panic!() };
        assert_eq!((peer, &certificates[..]), (name(2), &b"two certificates"[..]));
        assert!(host.links.add_peer(name(2)));
        assert_eq!(soon(visitor.up()).await, name(1));
        assert_eq!(host.up().await, name(2));
    });
}

#[test]
fn a_peer_that_may_not_link_and_is_only_told_why_loses_its_link_in_time_though_it_answers_pings() {
    smol::block_on(async {
        let (host, visitor) = (End::with(1, &[], 256, quick()), End::with(2, &[1], 256, quick()));
        visitor.links.set_certificates(b"of another mesh".to_vec());
        visitor.links.dial(name(1), host.address);
        assert!(matches!(host.next().await, LinkEvent::Presented { .. }));
        host.links.hear_out(name(2));
        assert_eq!(host.up().await, name(2));
        let try_of = |event| matches!(event, LinkEvent::UnknownPeer { peer, told: false, .. } if peer == name(2));
        assert!(try_of(host.next().await), "it is counted");
        // Nobody hangs up.
        assert_eq!(host.down().await, "it may not link, and was told why");
        assert!(host.links.known().is_empty());
    });
}

#[test]
fn a_stranger_may_ask_a_running_agent_for_blocks_only_where_its_owner_wrote_so() {
    for (settings, served) in [("", false), ("[ipfs]\nbitswap = true\n", true)] {
        let place = Place::new();
        fs::create_dir(place.home()).unwrap();
        fs::write(place.home().join("config.toml"), settings).unwrap();
        let address: SocketAddr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let agent = place.up(&["--listen", &address.to_string(), "--no-mdns"]);
        let peer: PeerId = agent.status()["peer_id"].as_str().unwrap().parse().unwrap();
        smol::block_on(async {
            let mut stranger = muxed(address, 7, peer).await.unwrap();
            assert_eq!(stranger.is_taken(BITSWAP).await.unwrap(), served, "{settings:?}");
        });
    }
}
