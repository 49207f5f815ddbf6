//! Which of two links to a peer stays, and the caps of the table.

use super::*;

fn peer(seed: u8) -> PeerId {
    PeerId::from_public_key(&[seed; 32])
}

fn link(seed: u8, dialled: bool, at: u64) -> Link {
    link_of(seed, dialled, at, None)
}

fn link_of(seed: u8, dialled: bool, at: u64, start: Option<u64>) -> Link {
    let address = "127.0.0.1:1".parse::<std::net::SocketAddr>().unwrap().into();
    let (agent, protocols) = (String::new(), Vec::new());
    let info = LinkInfo { peer: peer(seed), address, dialled, agent, protocols, ping: None, silent: None };
    let (stop, _) = smol::channel::bounded(1);
    let (_, end) = smol::channel::bounded(1);
    let streams = Streams::new(smol::channel::bounded(1).0);
    let queues = [Queue::new().0, Queue::new().0, Queue::new().0];
    Link::new(info, start, Instant::from_millis(at), queues, stop, end, streams)
}

fn newer_stays(own: u8, other: u8, first_dialled: bool, second_dialled: bool, apart: u64) -> bool {
    let mut table = LinkTable::new(peer(own), &[peer(other)]);
    assert!(matches!(table.enter(Instant::ZERO, link(other, first_dialled, 0), None), Entry::Entered(1, None)));
    let second = table.enter(Instant::from_millis(apart), link(other, second_dialled, apart), None);
    matches!(second, Entry::Entered(2, Some(_)))
}

#[test]
fn both_ends_keep_the_same_of_two_links_whatever_came_first() {
    // Agent 1 has the smaller PeerId: its dial stays, seen from both ends.
    assert!(!newer_stays(1, 2, true, false, 5) && newer_stays(1, 2, false, true, 5));
    assert!(newer_stays(2, 1, true, false, 5) && !newer_stays(2, 1, false, true, 5));
}

#[test]
fn a_peer_that_dials_again_has_lost_the_older_link() {
    assert!(newer_stays(1, 2, false, false, 5) && newer_stays(2, 1, false, false, 5));
    assert!(newer_stays(1, 2, true, false, LINK_HANDSHAKE_MS) && newer_stays(2, 1, false, true, LINK_HANDSHAKE_MS));
}

#[test]
fn an_old_link_that_ends_does_not_remove_the_newer_one() {
    let mut table = LinkTable::new(peer(1), &[peer(2)]);
    table.enter(Instant::ZERO, link(2, false, 0), None);
    table.enter(Instant::ZERO, link(2, false, 0), None);
    table.leave(&peer(2), 1);
    assert!(table.link(&peer(2)).is_some());
    table.leave(&peer(2), 2);
    assert!(table.link(&peer(2)).is_none());
}

#[test]
fn a_new_link_waits_until_the_end_of_the_old_one_is_reported() {
    let mut table = LinkTable::new(peer(1), &[peer(2)]);
    let enter = |table: &mut LinkTable| match table.enter(Instant::ZERO, link(2, false, 0), None) {
        Entry::Entered(serial, older) => (serial, older.map(|older| older.serial)),
        Entry::Refused(why) => panic!("{why}"),
        Entry::Contested(_) => panic!("both are of agents without a mark"),
    };
    assert_eq!(enter(&mut table), (1, None));
    table.leave(&peer(2), 1);
    assert!(table.link(&peer(2)).is_none(), "nothing is sent over it any more");
    assert_eq!(enter(&mut table), (2, Some(1)));
    table.ended(&peer(2), 1);
    table.leave(&peer(2), 2);
    table.ended(&peer(2), 2);
    assert_eq!(enter(&mut table), (3, None));
}

#[test]
fn links_dials_and_allowed_peers_are_bounded() {
    let other = |seed: u16| PeerId::from_public_key(&std::array::from_fn(|at| seed.to_le_bytes()[at % 2]));
    let mut everybody: Vec<PeerId> = (0..=255).map(peer).collect();
    everybody.extend(
        (256..).map(other).filter(|one| !(0..=255).any(|seed| peer(seed) == *one)).take(LINK_ALLOWED_MAX - 256),
    );
    let mut table = LinkTable::new(PeerId::from_public_key(&[9; 32]), &everybody);
    assert!(!table.add_peer(PeerId::from_public_key(&std::array::from_fn(|at| u8::from(at > 9)))));
    assert!(table.add_peer(peer(0)), "a peer that is in the table stays allowed");
    let entered =
        (0..=255).filter(|seed| matches!(table.enter(Instant::ZERO, link(*seed, false, 0), None), Entry::Entered(..)));
    assert_eq!(entered.count(), LINKS_MAX);
    assert!(table.begin_dial(peer(200)).is_err(), "no room for another link");
    let mut table = LinkTable::new(peer(9), &everybody);
    let dials = (0..=255).filter(|seed| table.begin_dial(peer(*seed)).is_ok());
    assert_eq!(dials.count(), LINK_DIALS_MAX);
    assert!(table.begin_dial(peer(0)).is_err());
    table.end_dial(&peer(0));
    assert!(table.begin_dial(peer(0)).is_ok());
}

#[test]
fn a_link_of_another_start_takes_the_place_of_a_dead_one_only() {
    let mut table = LinkTable::new(peer(1), &[peer(2)]);
    let enter = |table: &mut LinkTable, start, dead| match table.enter(Instant::ZERO, link_of(2, false, 0, start), dead)
    {
        Entry::Entered(serial, _) => Ok(serial),
        Entry::Contested(old) => Err(old.serial),
        Entry::Refused(why) => panic!("{why}"),
    };
    assert_eq!(enter(&mut table, Some(7), None), Ok(1));
    assert_eq!(enter(&mut table, Some(8), None), Err(1), "a restart or a second device: the older one is asked");
    assert_eq!(enter(&mut table, Some(7), None), Ok(2), "the same start dials again: it has lost the older link");
    assert_eq!(enter(&mut table, Some(8), Some(1)), Err(2), "another link was dead than the one that stands now");
    assert_eq!(enter(&mut table, Some(8), Some(2)), Ok(3));
    assert_eq!(enter(&mut table, None, None), Ok(4), "an agent of before has no mark");
    assert_eq!(enter(&mut table, Some(9), None), Ok(5));
}

#[test]
fn second_devices_that_are_told_are_bounded_and_one_for_a_key() {
    let mut table = LinkTable::new(peer(1), &[peer(2)]);
    assert!(table.enter_duplicate(peer(2), link(2, false, 0)) && !table.enter_duplicate(peer(2), link(2, false, 0)));
    assert!(table.duplicate(&peer(2)).is_some() && table.link(&peer(2)).is_none());
    table.leave_duplicate(&peer(2));
    assert_eq!((0..=255).filter(|seed| table.enter_duplicate(peer(*seed), link(*seed, false, 0))).count(), LINKS_MAX);
}

#[test]
fn devices_that_are_only_told_why_they_may_not_link_leave_room_for_those_that_may() {
    let stranger = |n: usize| u8::try_from(n).unwrap() + 10;
    let mut table = LinkTable::new(peer(1), &[peer(2)]);
    for n in 0..=GUESTS_MAX {
        table.hear_out(Instant::ZERO, peer(stranger(n)));
        let entry = table.enter(Instant::ZERO, link(stranger(n), false, 0), None);
        assert_eq!(matches!(entry, Entry::Entered(..)), n < GUESTS_MAX, "stranger {n}");
    }
    assert!(matches!(table.enter(Instant::ZERO, link(2, false, 0), None), Entry::Entered(..)));
}
