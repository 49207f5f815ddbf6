//! The gossip flow by tables: for each input, exactly these outputs. Whole homes are in tests/sim/gossip.rs.

use super::*;
use crate::base::rng::Rng;
use crate::energy::decision::Decision;
use crate::energy::fraction::Fraction;
use crate::energy::mode::Mode;
use crate::energy::reason::Reason;
use crate::limits::{GOSSIP_HOPS_MAX, GOSSIP_LINK_BURST};
use crate::node::input::{Input, LinkInput};
use crate::node::test;
use crate::node::test::{at, linked, node};
use crate::wire::envelope::unsigned;
use crate::wire::gossip::TYPE;
use crate::wire::peer_id::PeerId;

/// The outputs of an input, without those of the membership flow.
fn handle(node: &mut Node, now: Instant, input: Input) -> Vec<Output> {
    let mut out = test::handle(node, now, input);
    out.retain(|out| {
        !matches!(
            out,
            Output::SwimPacket(..)
                | Output::Send(_, Message::MemberList { .. } | Message::Member(_) | Message::Hello { .. })
        )
    });
    out
}

fn key(n: u8) -> PeerKey {
    PeerKey([n; 32])
}

fn fact(quarters: u8) -> Fact {
    Fact::Headroom(Headroom { quarters, energy: crate::base::level::Energy::Unknown, ms_per_task: 0, valid_s: 120 })
}

fn signed(origin: u8, seq: u64, fact: &Fact) -> Relayed {
    let message = unsigned(PeerId::from_public_key(&[origin; 32]), TYPE, 1, seq, &fact.encode());
    Relayed { hops: 1, age_s: 0, message }
}

fn received(from: u8, item: &Relayed) -> Input {
    let gossip = Gossip::Push(Box::new(Bounded::from_iter([item.clone()])));
    Input::Link(key(from), LinkInput::Received(Box::new(Message::Gossip(gossip))))
}

fn have(from: u8, list: impl IntoIterator<Item = Entry>) -> Input {
    let gossip = Gossip::IHave { ask: false, list: Box::new(list.into_iter().collect()) };
    Input::Link(key(from), LinkInput::Received(Box::new(Message::Gossip(gossip))))
}

#[test]
fn nothing_is_published_without_a_link() {
    let mut node = node(u64::MAX);
    assert_eq!(handle(&mut node, at(1), Input::Wake), []);
    assert_eq!(node.gossip_deadline(), None);
}

#[test]
fn the_headroom_is_published_at_the_first_link_and_every_minute() {
    let (mut node, out) = linked(&[1, 2]);
    let published = |out: &[Output]| out.iter().filter(|out| **out == Output::Sign(fact(4))).count();
    assert_eq!(published(&out), 1, "{out:?}");
    let own = signed(9, 1, &fact(4));
    let out = handle(&mut node, at(10), Input::Signed(own.message.clone()));
    let to: Vec<PeerKey> =
        out.iter().filter_map(|out| if let Output::Push { to, .. } = out { Some(*to) } else { None }).collect();
    assert_eq!(to, [key(1), key(2)], "the origin pushes to all of its links");
    let Some(Output::Push { items, requested, .. }) = out.first() else { panic!("{out:?}") };
    let Some(Message::Gossip(Gossip::Push(batch))) = node.push_message(at(10), items, *requested) else { panic!() };
    assert_eq!(batch[..], [own], "its bytes as they were signed, over one link");
    let published_at = |node: &mut Node, s: u64| published(&handle(node, at(s * 1000), Input::Wake));
    let times: Vec<u64> = (1..=200).filter(|s| published_at(&mut node, *s) > 0).collect();
    assert_eq!(times.len(), 3, "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 60), "{times:?}");
}

#[test]
fn the_headroom_is_published_twice_a_minute_at_most_and_is_never_older_than_thirty_seconds() {
    let (mut node, _) = linked(&[1]);
    let mut rng = Rng::new(12);
    let mut decision = Decision { mode: Mode::Full, workers: 4, duty: Fraction::ALL, ..Decision::default() };
    let (mut times, mut shown, mut level, mut since) = (Vec::new(), None, 4, 0);
    for second in 1..7200_u64 {
        if rng.one_in(15) {
            let headroom = Fraction::new(rng.below(101) as f64 / 100.0);
            decision = Decision { headroom, mode: Mode::of(headroom), reason: Some(Reason::Warm), ..decision };
        }
        let now = at(second * 1000);
        let out = handle(&mut node, now, Input::Power(decision));
        let due = if decision.mode <= Mode::Trickle { 0 } else { decision.headroom.quarters() };
        (level, since) = if due == level { (level, since) } else { (due, second) };
        for out in out {
            if let Output::Sign(Fact::Headroom(headroom)) = out {
                times.push(second);
                shown = Some(headroom.quarters);
            }
        }
        let shown = shown.unwrap_or(4);
        assert!(second - since < 30 || shown == level, "{shown} is published, {level} holds for {} s", second - since);
        assert!(node.gossip_deadline().is_none_or(|due| due > now), "woken for what is published already");
    }
    assert!(times.windows(3).all(|three| three[2] - three[0] >= 60), "twice a minute");
    assert!(times.len() > 120, "and often enough to be seen: {}", times.len());
}

#[test]
fn a_full_disk_is_published_as_no_headroom_after_the_dwell() {
    let (mut node, _) = linked(&[1]);
    handle(&mut node, at(1000), Input::Disk { free: 1 });
    let published = |node: &mut Node, s: u64| handle(node, at(s * 1000), Input::Wake).contains(&Output::Sign(fact(0)));
    assert!(!published(&mut node, 20) && published(&mut node, 31));
}

#[test]
fn an_item_is_verified_once_forwarded_once_and_dropped_when_it_comes_again() {
    let (mut node, _) = linked(&[1, 2, 3]);
    let item = signed(2, 5, &fact(3));
    let verify = Output::Verify(key(1), item.clone());
    assert_eq!(handle(&mut node, at(20), received(1, &item)), [verify]);
    assert_eq!(node.newest_gossip(key(2), Kind::Headroom), None, "an unverified item changes nothing");
    let out = handle(&mut node, at(20), Input::Verified(key(1), item.clone()));
    let [Output::Push { to, items, requested: false }] = &out[..] else { panic!("{out:?}") };
    assert_eq!(*to, key(3), "neither to the sender nor to the origin");
    let Some(Message::Gossip(Gossip::Push(batch))) = node.push_message(at(20), items, false) else { panic!() };
    assert_eq!((batch[0].hops, &batch[0].message), (2, &item.message));
    assert_eq!(node.peer_gossip(at(21))[1].headroom.map(|headroom| headroom.quarters), Some(3));
    assert_eq!(handle(&mut node, at(30), received(3, &item)), [], "known: dropped before its signature is checked");
    assert_eq!(handle(&mut node, at(30), received(3, &signed(2, 4, &fact(1)))), [], "older");
    assert_eq!(handle(&mut node, at(30), received(3, &signed(77, 1, &fact(1)))), [], "of an unknown origin");
    assert_eq!(handle(&mut node, at(30), Input::Verified(key(3), signed(77, 1, &fact(1)))), []);
}

#[test]
fn a_digest_is_answered_with_a_request_and_a_request_with_the_items() {
    let (mut node, _) = linked(&[1, 2]);
    handle(&mut node, at(20), Input::Verified(key(1), signed(1, 7, &fact(2))));
    let entry = |origin: u8, seq| Entry { origin: [origin; 8], kind: Kind::Headroom, boot: 1, seq };
    let out = handle(&mut node, at(30), have(2, [entry(1, 7), entry(2, 3), entry(77, 1)]));
    let want = |list: &[Entry]| Gossip::IWant(Box::new(list.iter().copied().collect()));
    assert_eq!(out, [Output::Send(key(2), Message::Gossip(want(&[entry(2, 3)])))], "of members only");
    let request = |list: &[Entry]| Input::Link(key(2), LinkInput::Received(Box::new(Message::Gossip(want(list)))));
    let out = handle(&mut node, at(40), request(&[entry(1, 1), entry(2, 3)]));
    let [Output::Push { to, items, requested: false }] = &out[..] else { panic!("{out:?}") };
    assert_eq!((*to, items.len()), (key(2), 1), "a few items are forwarded as new ones");
    let many: Vec<Entry> = (0..20).map(|n| entry(if n == 0 { 1 } else { 100 + n }, 1)).collect();
    let out = handle(&mut node, at(50), request(&many));
    let [Output::Push { items, requested: true, .. }] = &out[..] else { panic!("{out:?}") };
    let Some(Message::Gossip(Gossip::Push(batch))) = node.push_message(at(50), items, true) else { panic!() };
    assert_eq!(batch[0].hops, GOSSIP_HOPS_MAX, "many items are for an agent that just joined, and not new to others");
}

#[test]
fn a_link_over_its_budget_causes_one_notice_and_stays_up() {
    let (mut node, _) = linked(&[1, 2]);
    let mut notices = 0;
    let length = signed(2, 1, &fact(1)).message.len() as u64;
    for n in 0..2 * GOSSIP_LINK_BURST / length {
        let out = handle(&mut node, at(20), received(1, &signed(2, 1 + n, &fact(1))));
        notices += out.iter().filter(|out| matches!(out, Output::Notice(Notice::BadGossip(..)))).count();
        assert!(!out.iter().any(|out| matches!(out, Output::Push { .. })), "nothing is forwarded unverified");
    }
    assert_eq!(notices, 1);
    assert!(node.status(at(20)).peers.iter().all(|peer| peer.linked));
    assert_eq!(
        handle(&mut node, at(20), received(2, &signed(1, 1, &fact(1)))).len(),
        1,
        "others have budgets of their own"
    );
}

#[test]
fn a_false_signature_causes_a_notice_with_the_name_of_the_sender() {
    let (mut node, _) = linked(&[1]);
    let out = handle(&mut node, at(20), Input::VerifyFailed(key(1)));
    assert!(
        matches!(&out[..], [Output::Notice(Notice::Offence(name, _))] if *name == PeerId::from_public_key(&key(1).0).to_string()),
        "{out:?}"
    );
}

#[test]
fn a_removed_device_is_not_dialled_again_and_only_it_can_remove_itself() {
    let (mut node, _) = linked(&[1, 2]);
    let left = Fact::Removed(Removed { peer: [1; 32], serial: 0 });
    handle(&mut node, at(20), Input::Verified(key(2), signed(2, 1, &left)));
    let down = |n| Input::Link(key(n), LinkInput::Down("it is gone".to_owned()));
    handle(&mut node, at(30), down(1));
    let dials = |node: &mut Node| {
        (1..60).any(|s| {
            handle(node, at(s * 1000), Input::Wake)
                .iter()
                .any(|out| matches!(out, Output::Dial(to, _) if *to == key(1)))
        })
    };
    assert!(dials(&mut node), "a removal signed by another has no effect");
    let out = handle(&mut node, at(60_000), Input::Verified(key(2), signed(1, 1, &left)));
    assert!(out.iter().any(|out| matches!(out, Output::Notice(Notice::Left(..)))), "{out:?}");
    handle(&mut node, at(61_000), Input::Link(key(1), LinkInput::DialFailed));
    let dialled = (62..400).any(|s| {
        handle(&mut node, at(s * 1000), Input::Wake)
            .iter()
            .any(|out| matches!(out, Output::Dial(to, _) if *to == key(1)))
    });
    assert!(!dialled);
}
