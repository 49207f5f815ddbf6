//! Which claims are believed, of whom. Whole meshes are simulated in tests/mesh.rs.

use super::packet::{Id, build, parse};
use super::*;
use crate::limits::{MEMBER_TIMERS_MAX, PEERS_MAX, REFUTED_MAX, RENEW_MS, SUSPICION_MS};

fn key(n: u8) -> PeerKey {
    PeerKey([n; 32])
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn id(n: u8, generation: u32) -> Id {
    Id { name: name_of(key(n)), generation }
}

/// Agent 1, which knows agents 2 to 5.
fn machine() -> Membership {
    let mut member = Membership::new(key(1), 7, Rng::new(1));
    (2..=5).for_each(|n| assert!(member.add_peer(key(n))));
    member
}

fn alive(n: u8) -> MemberState {
    MemberState { key: key(n), generation: 1, incarnation: 0, liveness: Liveness::Alive }
}

/// The same, after member 2 sent a member list in which all are up.
fn joined(now: Instant) -> Membership {
    let mut member = machine();
    member.apply_member_list(now, key(2), &[2, 3, 4, 5].map(alive));
    assert_eq!(member.count(), 4);
    member.effects();
    member
}

fn packet(src: Id, dst: Id, message: Message<Id>, claims: &[Claim<Id>]) -> Vec<u8> {
    build(&Header { src, src_incarnation: 0, dst, message }, claims)
}

fn liveness(member: &Membership, n: u8) -> Liveness {
    member
        .member_list(key(1))
        .into_iter()
        .find(|entry| entry.key == key(n))
        .map_or(Liveness::Unknown, |entry| entry.liveness)
}

fn gossip(member: &mut Membership, now: Instant, from: u8, claim: Claim<Id>) -> bool {
    member.packet(now, key(from), &packet(id(from, 1), id(1, 7), Message::Gossip, &[claim]))
}

#[test]
fn a_packet_counts_for_its_sender_only_and_unknown_peers_are_no_members() {
    let mut member = machine();
    let ping = packet(id(2, 1), id(1, 7), Message::Ping(1), &[]);
    assert!(!member.packet(at(0), key(3), &ping), "3 sends in the name of 2");
    assert!(!member.packet(at(0), key(9), &packet(id(9, 1), id(1, 7), Message::Ping(1), &[])), "9 is not a known peer");
    assert_eq!(member.count(), 0);
    assert!(member.packet(at(0), key(2), &ping));
    assert!(gossip(&mut member, at(1), 2, Claim::alive(id(9, 1))));
    assert_eq!(member.count(), 1, "a claim of 2 makes 9 no member");
    let answers = member.effects();
    let acks = answers.iter().filter(|effect| matches!(effect, Effect::Send { purpose: Purpose::Answer, .. })).count();
    assert_eq!(acks, 1, "{answers:?}");
}

#[test]
fn only_a_suspect_is_believed_to_be_down_and_one_that_answers_is_not() {
    let mut member = joined(at(0));
    assert!(gossip(&mut member, at(5_000), 2, Claim::down(id(3, 1))));
    assert_eq!(liveness(&member, 3), Liveness::Suspect, "it gets the time to refute");
    while member.tick(at(5_000)) {}
    let asked = |effect: &Effect| matches!(effect, Effect::Send { to, all_transports: true, .. } if *to == key(3));
    assert!(member.effects().iter().any(asked), "it is asked");
    // It answers, and has raised its incarnation.
    let ack = build(&Header { src: id(3, 1), src_incarnation: 1, dst: id(1, 7), message: Message::Ack(0) }, &[]);
    assert!(member.packet(at(5_100), key(3), &ack));
    assert_eq!(liveness(&member, 3), Liveness::Alive);
    // Member 4 does not answer.
    assert!(gossip(&mut member, at(6_000), 2, Claim::down(id(4, 1))));
    let mut now = 6_000;
    while now <= 6_000 + SUSPICION_MS {
        member.wake(at(now));
        while member.tick(at(now)) {}
        now += 100;
    }
    assert_eq!(liveness(&member, 4), Liveness::Down);
}

#[test]
fn a_member_from_which_a_packet_arrives_is_up_again_in_the_same_generation() {
    let mut member = joined(at(0));
    assert!(gossip(&mut member, at(1_000), 2, Claim::new(id(3, 1), 0, State::Suspect)));
    assert!(gossip(&mut member, at(9_000), 2, Claim::down(id(3, 1))));
    assert_eq!(liveness(&member, 3), Liveness::Down, "it had eight seconds");
    assert!(member.is_down(key(3)));
    assert!(member.packet(at(9_500), key(3), &packet(id(3, 1), id(1, 7), Message::Ping(9), &[])));
    assert!(member.is_up(key(3)));
    assert_eq!(member.generation(), 7);
}

#[test]
fn a_member_that_renews_itself_does_not_stop_and_one_that_says_so_of_its_own_generation_does() {
    let mut member = joined(at(0));
    let stops = |member: &mut Membership, claimed: u32| {
        let claims = [Claim::down(id(2, claimed))];
        assert!(member.packet(at(1), key(2), &packet(id(2, 2), id(1, 7), Message::Gossip, &claims)));
        member.effects().into_iter().any(|effect| matches!(effect, Effect::Stops(peer) if peer == key(2)))
    };
    assert!(!stops(&mut member, 1), "it was taken for down, and goes on as its generation 2");
    assert!(stops(&mut member, 2));
}

#[test]
fn a_member_that_is_refuted_three_times_is_quarantined_and_reported_once() {
    let mut member = joined(at(0));
    let mut reported = 0;
    for claim in 0..5_u16 {
        let now = at(10_000 + 20_000 * u64::from(claim));
        assert!(gossip(&mut member, now, 2, Claim::new(id(3, 1), claim, State::Down)));
        let refuted = Header { src: id(3, 1), src_incarnation: claim + 1, dst: id(1, 7), message: Message::Ack(0) };
        assert!(member.packet(now, key(3), &build(&refuted, &[])));
        reported += member.effects().iter().filter(|effect| **effect == Effect::Quarantined(key(2))).count();
        assert_eq!(reported, usize::from(usize::from(claim) + 1 >= REFUTED_MAX), "after claim {claim}");
    }
    assert!(gossip(&mut member, at(200_000), 2, Claim::new(id(4, 1), 0, State::Suspect)));
    assert_eq!(liveness(&member, 4), Liveness::Alive, "the claim is ignored");
}

#[test]
fn one_member_cannot_make_this_agent_renew_and_two_only_now_and_then() {
    let mut member = joined(at(0));
    for n in 0..1_000 {
        gossip(&mut member, at(n * 100), 2, Claim::down(id(1, 7)));
    }
    assert_eq!(member.generation(), 7);
    for n in 0..1_000_u64 {
        let generation = member.generation();
        for from in [2, 3] {
            let claim = Claim::down(id(1, generation));
            member.packet(
                at(200_000 + n * 10),
                key(from),
                &packet(id(from, 1), id(1, generation), Message::Gossip, &[claim]),
            );
        }
    }
    let renewals = u64::from(member.generation() - 7);
    assert!((1..=1 + 10_000 / RENEW_MS).contains(&renewals), "{renewals} renewals in ten seconds");
}

#[test]
fn a_member_in_an_old_generation_learns_the_later_one_and_takes_the_next() {
    let mut member = joined(at(0));
    // Member 3 is known in generation 5; it comes back in generation 2, as from an old copy of its disk.
    member.apply_member_list(at(1), key(3), &[MemberState { generation: 5, ..alive(3) }]);
    member.effects();
    assert!(!member.packet(at(10), key(3), &packet(id(3, 2), id(1, 7), Message::Ping(1), &[])));
    let effects = member.effects();
    let [Effect::Send { packet: correction, .. }] = &effects[..] else { panic!("{effects:?}") };
    let mut third = Membership::new(key(3), 2, Rng::new(3));
    third.add_peer(key(1));
    third.packet(at(11), key(1), correction);
    assert_eq!(third.generation(), 6);
    assert!(third.effects().contains(&Effect::Renewed(6)));
    // Claims of third parties cannot use the numbers up.
    member.apply_member_list(
        at(20),
        key(2),
        &[MemberState { generation: u32::MAX, ..alive(3) }, MemberState { generation: u32::MAX, ..alive(1) }],
    );
    assert_eq!((member.generation(), liveness(&member, 3)), (7, Liveness::Alive));
}

#[test]
fn a_timeout_that_expired_while_this_agent_was_suspended_is_no_evidence() {
    let mut member = joined(at(0));
    let mut now = 0;
    while liveness(&member, 2) != Liveness::Suspect && liveness(&member, 3) != Liveness::Suspect && now < 20_000 {
        now += 100;
        member.wake(at(now));
        while member.tick(at(now)) {}
    }
    member.effects();
    // Ten minutes later, in one step.
    member.wake(at(now + 600_000));
    while member.tick(at(now + 600_000)) {}
    let effects = member.effects();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Suspended(_))), "{effects:?}");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Down(_))), "{effects:?}");
    assert!(member.deadline().is_some_and(|deadline| deadline > at(now + 600_000)));
}

#[test]
fn a_million_names_and_claims_leave_the_tables_bounded() {
    let mut member = joined(at(0));
    for n in 0..1_000_000_u64 {
        let mut unknown_peer = [0; 32];
        unknown_peer[..8].copy_from_slice(&(n + 1_000).to_be_bytes());
        if n < 2 * PEERS_MAX as u64 {
            member.add_peer(PeerKey(unknown_peer));
        }
        let claim = Claim::new(Id { name: name_of(PeerKey(unknown_peer)), generation: 1 }, 0, State::Suspect);
        if n % 50 == 0 {
            gossip(&mut member, at(n), 2, claim);
            member.effects();
        }
    }
    assert_eq!(member.known.len(), PEERS_MAX);
    assert!(member.count() <= PEERS_MAX && member.timers.len() <= MEMBER_TIMERS_MAX);
}

#[test]
fn any_bytes_of_a_member_are_survived() {
    let mut rng = Rng::new(4);
    let mut member = joined(at(0));
    let sound = packet(
        id(2, 1),
        id(1, 7),
        Message::PingReq { target: id(3, 1), probe_number: 1 },
        &[Claim::alive(id(4, 1)), Claim::down(id(1, 7))],
    );
    for n in 0..20_000 {
        let mut bytes = sound.clone();
        for _ in 0..=rng.below(4) {
            let index = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            bytes[index] = rng.next().to_le_bytes()[0];
        }
        bytes.truncate(usize::try_from(rng.below(bytes.len() as u64 + 1)).unwrap());
        member.wake(at(n));
        member.packet(at(n), key(2), &bytes);
        while member.tick(at(n)) {}
        let sent = member.effects();
        assert!(sent.len() <= 24, "one packet caused {}", sent.len());
        assert!(parse(&bytes).is_none() || bytes.len() >= 27);
    }
}

#[test]
fn a_forgotten_peer_is_no_member_and_no_packet_says_that_it_is_down() {
    let mut member = joined(at(0));
    // It is a suspect, and claims that another one is down.
    assert!(gossip(&mut member, at(1), 2, timers::suspect(id(3, 1), 0)));
    assert!(gossip(&mut member, at(2), 3, Claim::down(id(4, 1))));
    member.effects();
    member.remove_peer(at(3), key(3));
    member.remove_peer(at(3), key(9));
    assert_eq!((liveness(&member, 3), member.count()), (Liveness::Unknown, 3));
    assert!(
        !member.packet(at(4), key(3), &packet(id(3, 1), id(1, 7), Message::Ping(1), &[])),
        "its packets are refused"
    );
    member.apply_member_list(at(5), key(2), &[2, 3, 4].map(alive));
    assert_eq!(liveness(&member, 3), Liveness::Unknown, "the list of another member does not make it one");
    for ms in 6..60_000 {
        member.wake(at(ms));
        while member.tick(at(ms)) {}
        for answering in [2, 4, 5] {
            member.record_contact(at(ms), key(answering));
        }
        for effect in member.effects() {
            match effect {
                Effect::Send { to, packet, .. } => {
                    let (_, claims) = parse(&packet).unwrap();
                    let claims_of_down =
                        claims.iter().any(|claim| claim.id().name == name_of(key(3)) && claim.state() == State::Down);
                    assert!(to != key(3) && !claims_of_down, "{claims:?}");
                }
                Effect::Down(who) => assert_ne!(who, key(3)),
                _ => {}
            }
        }
    }
    assert!(!member.is_down(key(4)), "the claim of a forgotten member is void");
    assert!(member.add_peer(key(3)) && member.timers.len() <= MEMBER_TIMERS_MAX);
    member.apply_member_list(at(60_000), key(3), &[alive(3)]);
    assert_eq!(liveness(&member, 3), Liveness::Alive, "admitted again, it is a new member");
}

#[test]
fn the_only_member_can_be_forgotten() {
    let mut member = Membership::new(key(1), 7, Rng::new(1));
    assert!(member.add_peer(key(2)));
    member.apply_member_list(at(0), key(2), &[alive(2)]);
    member.effects();
    member.remove_peer(at(1), key(2));
    assert_eq!((member.count(), member.member_list(key(1)).len()), (0, 1));
    for ms in (2..90_000).step_by(50) {
        while member.tick(at(ms)) {}
    }
    assert_eq!(member.effects(), []);
    assert!(member.add_peer(key(2)));
    member.apply_member_list(at(90_000), key(2), &[alive(2)]);
    assert!(member.is_up(key(2)));
}

#[test]
fn a_link_answers_the_probe_that_waited_for_it() {
    let ping = |effect: Effect| match effect {
        Effect::Send { to, packet, purpose: Purpose::Probe, .. } if packet::is_ping(&packet) => Some((to, packet)),
        _ => None,
    };
    for linked in [true, false] {
        let mut member = joined(at(0));
        let mut probed = None;
        for now in (100..14_000).step_by(100).map(at) {
            member.wake(now);
            while member.tick(now) {}
            for (to, packet) in member.effects().into_iter().filter_map(ping) {
                let (header, claims) = parse(&packet).unwrap();
                // The last one, which carries no news any more, gets no answer.
                if now < at(12_000) || probed.as_ref().is_some_and(|(unanswered, _)| *unanswered != to) {
                    let Message::Ping(number) = header.message else { panic!("{header:?}") };
                    let ack = packet::build(
                        &Header { src: header.dst, dst: header.src, message: Message::Ack(number), ..header },
                        &[],
                    );
                    assert!(member.packet(now, to, &ack));
                } else if probed.is_none() {
                    assert_eq!(claims, []);
                    assert!(!member.answered_by_link(now, key(9), &packet), "of another member");
                    assert!(!linked || member.answered_by_link(now, to, &packet));
                    probed = Some((to, packet));
                }
            }
        }
        let (probed, packet) = probed.unwrap();
        let expected = if linked { Liveness::Alive } else { Liveness::Suspect };
        assert_eq!(liveness(&member, probed.0[0]), expected);
        let claim = Claim::alive(id(4, 1));
        let (header, _) = parse(&packet).unwrap();
        let news = build(&header, &[claim]);
        assert!(!member.answered_by_link(at(14_000), probed, &news), "it carries claims, which are sent");
        if !linked {
            assert!(!member.answered_by_link(at(14_000), probed, &packet), "a suspect must learn that it is one");
        }
    }
}

#[test]
fn the_hashes_of_two_lists_differ_where_a_member_or_its_generation_does_and_nowhere_else() {
    let entry = |n: u8, generation| MemberState { generation, ..alive(n) };
    let of = |entries: &[MemberState]| {
        let mut member = machine();
        member.apply_member_list(at(0), key(2), entries);
        member.hashes(key(1)).0
    };
    // Keys 1 to 5 are all in the first part.
    let all = [2, 3, 4, 5].map(|n| entry(n, 1));
    let one = of(&all);
    assert!(one[0] != [0; 8] && one[1..] == [[0; 8]; 15]);
    let mut turned = all;
    turned.reverse();
    assert_eq!(one, of(&turned), "in whatever order they came");
    assert_eq!(one, of(&all.map(|entry| MemberState { incarnation: 3, ..entry })));
    assert_ne!(one, of(&all[..3]), "one is missing");
    assert_ne!(one, of(&[all[0], all[1], all[2], entry(5, 2)]), "one has started again");
    let mut member = joined(at(0));
    assert!(member.add_peer(key(0x21)));
    member.apply_member_list(at(1), key(2), &[entry(0x21, 1)]);
    let more = member.hashes(key(1)).0;
    assert!(more[0] == one[0] && more[2] != one[2] && part_of(key(0x21)) == 2);
    // A member of its own word is down at once.
    assert!(member.packet(
        at(2),
        key(0x21),
        &packet(id(0x21, 1), id(1, 7), Message::Gossip, &[Claim::down(id(0x21, 1))])
    ));
    assert_eq!((liveness(&member, 0x21), member.hashes(key(1)).0), (Liveness::Down, one));
}

#[test]
fn a_member_that_others_suspect_is_told_once_for_each_incarnation() {
    let mut member = joined(at(0));
    member.effects();
    let mut warned = |now, incarnation| {
        let claim = Claim::new(id(3, 1), incarnation, State::Suspect);
        assert!(member.packet(now, key(2), &packet(id(2, 1), id(1, 7), Message::Gossip, &[claim])));
        let warning = |effect: Effect| if let Effect::Warn(to, packet) = effect { Some((to, packet)) } else { None };
        member.effects().into_iter().filter_map(warning).collect::<Vec<_>>()
    };
    let [(to, bytes)] = &warned(at(10), 0)[..] else { panic!("no warning") };
    assert_eq!((*to, parse(bytes).unwrap().1), (key(3), vec![Claim::new(id(3, 1), 0, State::Suspect)]));
    assert_eq!(warned(at(20), 0), [], "once");
    assert_eq!(warned(at(30), 1).len(), 1, "it has refuted the first, and must refute this one too");
}
