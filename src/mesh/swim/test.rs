//! The machine as a table: what is believed of what is said, by whom. Whole meshes: tests/mesh.rs.

use super::packet::{Id, build, parse};
use super::*;
use crate::limits::{LIES_MAX, MEMBER_TIMERS_MAX, PEERS_MAX, RENEW_MS, SUSPICION_MS};

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
    (2..=5).for_each(|n| assert!(member.know(key(n))));
    member
}

fn alive(n: u8) -> MemberState {
    MemberState { key: key(n), generation: 1, incarnation: 0, standing: Liveness::Alive }
}

/// The same, told by 2 that all are up.
fn joined(now: Instant) -> Membership {
    let mut member = machine();
    member.told(now, key(2), &[2, 3, 4, 5].map(alive));
    assert_eq!(member.count(), 4);
    member.effects();
    member
}

fn packet(src: Id, dst: Id, message: Message<Id>, claims: &[Claim<Id>]) -> Vec<u8> {
    build(&Header { src, src_incarnation: 0, dst, message }, claims)
}

fn standing(member: &Membership, n: u8) -> Liveness {
    member.roll(key(1)).into_iter().find(|told| told.key == key(n)).map_or(Liveness::Unknown, |told| told.standing)
}

fn gossip(member: &mut Membership, now: Instant, from: u8, claim: Claim<Id>) -> bool {
    member.packet(now, key(from), &packet(id(from, 1), id(1, 7), Message::Gossip, &[claim]))
}

#[test]
fn a_packet_speaks_for_who_sealed_it_and_strangers_are_no_members() {
    let mut member = machine();
    let ping = packet(id(2, 1), id(1, 7), Message::Ping(1), &[]);
    assert!(!member.packet(at(0), key(3), &ping), "3 speaks in the name of 2");
    assert!(!member.packet(at(0), key(9), &packet(id(9, 1), id(1, 7), Message::Ping(1), &[])), "nobody knows 9");
    assert_eq!(member.count(), 0);
    assert!(member.packet(at(0), key(2), &ping));
    assert!(gossip(&mut member, at(1), 2, Claim::alive(id(9, 1))));
    assert_eq!(member.count(), 1, "9 is no member because 2 says so");
    let answers = member.effects();
    let acks = answers.iter().filter(|effect| matches!(effect, Effect::Send { purpose: Purpose::Answer, .. })).count();
    assert_eq!(acks, 1, "{answers:?}");
}

#[test]
fn death_is_believed_of_a_suspect_only_and_who_answers_is_not_dead() {
    let mut member = joined(at(0));
    assert!(gossip(&mut member, at(5_000), 2, Claim::down(id(3, 1))));
    assert_eq!(standing(&member, 3), Liveness::Suspect, "it gets the time to refute");
    while member.tick(at(5_000)) {}
    let asked = |effect: &Effect| matches!(effect, Effect::Send { to, all_ways: true, .. } if *to == key(3));
    assert!(member.effects().iter().any(asked), "it is asked");
    // It answers, and has raised its incarnation.
    let ack = build(&Header { src: id(3, 1), src_incarnation: 1, dst: id(1, 7), message: Message::Ack(0) }, &[]);
    assert!(member.packet(at(5_100), key(3), &ack));
    assert_eq!(standing(&member, 3), Liveness::Alive);
    // Another one does not answer.
    assert!(gossip(&mut member, at(6_000), 2, Claim::down(id(4, 1))));
    let mut now = 6_000;
    while now <= 6_000 + SUSPICION_MS {
        member.wake(at(now));
        while member.tick(at(now)) {}
        now += 100;
    }
    assert_eq!(standing(&member, 4), Liveness::Down);
}

#[test]
fn a_member_that_speaks_is_up_again_without_a_new_life() {
    let mut member = joined(at(0));
    assert!(gossip(&mut member, at(1_000), 2, Claim::new(id(3, 1), 0, State::Suspect)));
    assert!(gossip(&mut member, at(9_000), 2, Claim::down(id(3, 1))));
    assert_eq!(standing(&member, 3), Liveness::Down, "it had eight seconds");
    assert!(member.is_down(key(3)));
    assert!(member.packet(at(9_500), key(3), &packet(id(3, 1), id(1, 7), Message::Ping(9), &[])));
    assert!(member.is_up(key(3)));
    assert_eq!(member.generation(), 7);
}

#[test]
fn who_is_refuted_three_times_is_named_once_and_no_longer_heard() {
    let mut member = joined(at(0));
    let mut named = 0;
    for lie in 0..5_u16 {
        let now = at(10_000 + 20_000 * u64::from(lie));
        assert!(gossip(&mut member, now, 2, Claim::new(id(3, 1), lie, State::Down)));
        let refuted = Header { src: id(3, 1), src_incarnation: lie + 1, dst: id(1, 7), message: Message::Ack(0) };
        assert!(member.packet(now, key(3), &build(&refuted, &[])));
        named += member.effects().iter().filter(|effect| **effect == Effect::Liar(key(2))).count();
        assert_eq!(named, usize::from(usize::from(lie) + 1 >= LIES_MAX), "after lie {lie}");
    }
    assert!(gossip(&mut member, at(200_000), 2, Claim::new(id(4, 1), 0, State::Suspect)));
    assert_eq!(standing(&member, 4), Liveness::Alive, "nobody listens");
}

#[test]
fn one_member_cannot_talk_this_agent_into_new_lives_and_two_only_now_and_then() {
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
    let lives = u64::from(member.generation() - 7);
    assert!((1..=1 + 10_000 / RENEW_MS).contains(&lives), "{lives} lives in ten seconds");
}

#[test]
fn an_old_life_is_told_of_the_later_one_and_takes_the_next() {
    let mut member = joined(at(0));
    // Membership 3 is known in its life 5; it comes with an old card.
    member.told(at(1), key(3), &[MemberState { generation: 5, ..alive(3) }]);
    member.effects();
    assert!(!member.packet(at(10), key(3), &packet(id(3, 2), id(1, 7), Message::Ping(1), &[])));
    let told = member.effects();
    let [Effect::Send { packet: words, .. }] = &told[..] else { panic!("{told:?}") };
    let mut third = Membership::new(key(3), 2, Rng::new(3));
    third.know(key(1));
    third.packet(at(11), key(1), words);
    assert_eq!(third.generation(), 6);
    assert!(third.effects().contains(&Effect::Renewed(6)));
    // Hearsay cannot wear the number out.
    member.told(
        at(20),
        key(2),
        &[MemberState { generation: u32::MAX, ..alive(3) }, MemberState { generation: u32::MAX, ..alive(1) }],
    );
    assert_eq!((member.generation(), standing(&member, 3)), (7, Liveness::Alive));
}

#[test]
fn what_ran_out_while_this_agent_slept_is_no_evidence() {
    let mut member = joined(at(0));
    let mut now = 0;
    while standing(&member, 2) != Liveness::Suspect && standing(&member, 3) != Liveness::Suspect && now < 20_000 {
        now += 100;
        member.wake(at(now));
        while member.tick(at(now)) {}
    }
    member.effects();
    // Ten minutes later, in one step.
    member.wake(at(now + 600_000));
    while member.tick(at(now + 600_000)) {}
    let effects = member.effects();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Slept(_))), "{effects:?}");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Down(_))), "{effects:?}");
    assert!(member.deadline().is_some_and(|deadline| deadline > at(now + 600_000)));
}

#[test]
fn a_million_names_and_claims_leave_the_tables_as_they_were() {
    let mut member = joined(at(0));
    for n in 0..1_000_000_u64 {
        let mut unknown_peer = [0; 32];
        unknown_peer[..8].copy_from_slice(&(n + 1_000).to_be_bytes());
        if n < 2 * PEERS_MAX as u64 {
            member.know(PeerKey(unknown_peer));
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
            let place = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            bytes[place] = rng.next().to_le_bytes()[0];
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
fn a_forgotten_peer_is_no_member_and_nobody_is_told_that_it_is_down() {
    let mut member = joined(at(0));
    // It is suspected, and says of another one that it is down.
    assert!(gossip(&mut member, at(1), 2, timers::suspect(id(3, 1), 0)));
    assert!(gossip(&mut member, at(2), 3, Claim::down(id(4, 1))));
    member.effects();
    member.forget(at(3), key(3));
    member.forget(at(3), key(9));
    assert_eq!((standing(&member, 3), member.count()), (Liveness::Unknown, 3));
    assert!(!member.packet(at(4), key(3), &packet(id(3, 1), id(1, 7), Message::Ping(1), &[])), "it is not heard");
    member.told(at(5), key(2), &[2, 3, 4].map(alive));
    assert_eq!(standing(&member, 3), Liveness::Unknown, "it is no member because another one says so");
    for ms in 6..60_000 {
        member.wake(at(ms));
        while member.tick(at(ms)) {}
        for answering in [2, 4, 5] {
            member.heard(at(ms), key(answering));
        }
        for effect in member.effects() {
            match effect {
                Effect::Send { to, packet, .. } => {
                    let (_, claims) = parse(&packet).unwrap();
                    let deaths =
                        claims.iter().any(|claim| claim.id().name == name_of(key(3)) && claim.state() == State::Down);
                    assert!(to != key(3) && !deaths, "{claims:?}");
                }
                Effect::Down(who) => assert_ne!(who, key(3)),
                _ => {}
            }
        }
    }
    assert!(!member.is_down(key(4)), "the word of a forgotten one does not count");
    assert!(member.know(key(3)) && member.timers.len() <= MEMBER_TIMERS_MAX);
    member.told(at(60_000), key(3), &[alive(3)]);
    assert_eq!(standing(&member, 3), Liveness::Alive, "let in again it is met anew");
}

#[test]
fn the_only_member_can_be_forgotten() {
    let mut member = Membership::new(key(1), 7, Rng::new(1));
    assert!(member.know(key(2)));
    member.told(at(0), key(2), &[alive(2)]);
    member.effects();
    member.forget(at(1), key(2));
    assert_eq!((member.count(), member.roll(key(1)).len()), (0, 1));
    for ms in (2..90_000).step_by(50) {
        while member.tick(at(ms)) {}
    }
    assert_eq!(member.effects(), []);
    assert!(member.know(key(2)));
    member.told(at(90_000), key(2), &[alive(2)]);
    assert!(member.is_up(key(2)));
}
