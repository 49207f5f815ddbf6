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
use crate::wire::gossip::{Entries, Entry, TYPE};
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
    Fact::Headroom(Headroom { quarters, energy: crate::base::level::Energy::Unknown, ms_per_task: 0, valid_s: 1_500 })
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
fn the_headroom_is_published_at_the_first_link_and_again_in_ten_minutes() {
    let (mut node, out) = linked(&[1, 2]);
    let published = |out: &[Output]| out.iter().filter(|out| **out == Output::Sign(fact(4))).count();
    assert_eq!(published(&out), 1, "{out:?}");
    let own = signed(9, 1, &fact(4));
    let out = handle(&mut node, at(10), Input::Signed(own.message.clone()));
    let to: Vec<PeerKey> =
        out.iter().filter_map(|out| if let Output::Push { to, .. } = out { Some(*to) } else { None }).collect();
    assert_eq!(to, [key(1), key(2)], "the origin pushes to its eager links");
    let Some(Output::Push { items, requested, .. }) = out.first() else { panic!("{out:?}") };
    let Some(Message::Gossip(Gossip::Push(batch))) = node.push_message(at(10), items, *requested) else { panic!() };
    assert_eq!(batch[..], [own], "its bytes as they were signed, over one link");
    let published_at = |node: &mut Node, s: u64| published(&handle(node, at(s * 1000), Input::Wake));
    let times: Vec<u64> = (1..=3_600).filter(|s| published_at(&mut node, *s) > 0).collect();
    assert!((5..=8).contains(&times.len()), "{times:?}");
    assert!(times.windows(2).all(|pair| (450..=600).contains(&(pair[1] - pair[0]))), "{times:?}");
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
    let prune = Output::Send(key(3), Message::Gossip(Gossip::Prune));
    assert_eq!(
        handle(&mut node, at(30), received(3, &item)),
        [prune],
        "known: dropped before its signature is checked"
    );
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

/// The `gossip` messages to a peer.
fn told(out: &[Output], n: u8) -> Vec<&Gossip> {
    let mut told = Vec::new();
    for out in out {
        if let Output::Send(to, Message::Gossip(gossip)) = out
            && *to == key(n)
        {
            told.push(gossip);
        }
    }
    told
}

fn from(n: u8, gossip: Gossip) -> Input {
    Input::Link(key(n), LinkInput::Received(Box::new(Message::Gossip(gossip))))
}

#[test]
fn a_link_that_pushes_what_is_known_is_pruned_and_gets_announcements_until_it_asks() {
    let (mut node, _) = linked(&[1, 2, 3]);
    let item = signed(1, 5, &fact(3));
    handle(&mut node, at(3_000), Input::Verified(key(1), item.clone()));
    let out = handle(&mut node, at(3_001), received(2, &item));
    assert_eq!(told(&out, 2), [&Gossip::Prune], "{out:?}");
    let out = handle(&mut node, at(4_000), Input::Verified(key(1), signed(1, 6, &fact(2))));
    let pushed = |out: &[Output], n| out.iter().any(|out| matches!(out, Output::Push { to, .. } if *to == key(n)));
    assert!(pushed(&out, 3) && !pushed(&out, 2), "{out:?}");
    let out = handle(&mut node, at(6_100), Input::Wake);
    let entry = Entry { origin: [1; 8], kind: Kind::Headroom, boot: 1, seq: 6 };
    let list = Box::new(Entries::from_slice(&[entry]).unwrap());
    assert_eq!(told(&out, 2), [&Gossip::IHave { ask: false, list: list.clone() }], "{out:?}");
    assert_eq!(told(&out, 3), [] as [&Gossip; 0], "it has the item itself");
    let out = handle(&mut node, at(6_200), from(2, Gossip::IWant(list)));
    assert!(pushed(&out, 2), "{out:?}");
    assert!(pushed(&handle(&mut node, at(7_000), Input::Verified(key(1), signed(1, 7, &fact(1)))), 2));
    handle(&mut node, at(7_500), from(2, Gossip::Prune));
    assert!(!pushed(&handle(&mut node, at(8_000), Input::Verified(key(1), signed(1, 8, &fact(3)))), 2), "it is pruned");
}

#[test]
fn an_announced_item_is_asked_of_the_first_that_announces_it_and_of_another_if_it_does_not_come() {
    let (mut node, _) = linked(&[1, 2, 3]);
    let entry = Entry { origin: [1; 8], kind: Kind::Headroom, boot: 1, seq: 6 };
    let want = Gossip::IWant(Box::new(Entries::from_slice(&[entry]).unwrap()));
    assert_eq!(told(&handle(&mut node, at(3_000), have(2, [entry])), 2), [&want]);
    assert_eq!(handle(&mut node, at(3_010), have(3, [entry])), []);
    assert_eq!(told(&handle(&mut node, at(4_000), have(3, [entry])), 3), [&want]);
}

#[test]
fn equal_hashes_are_not_answered_and_different_ones_with_the_items_of_their_part() {
    let (mut node, _) = linked(&[1, 2, 0x30]);
    handle(&mut node, at(3_000), Input::Verified(key(1), signed(1, 5, &fact(3))));
    handle(&mut node, at(3_000), Input::Verified(key(1), signed(0x30, 6, &fact(3))));
    let own = node.gossip.items.hashes(at(3_000));
    assert_eq!(handle(&mut node, at(3_001), from(2, Gossip::Compare { ask: true, hashes: own })), []);
    let mut other = own;
    other.0[3] = [7; 8];
    let out = handle(&mut node, at(3_002), from(2, Gossip::Compare { ask: true, hashes: other }));
    let entry = Entry { origin: [0x30; 8], kind: Kind::Headroom, boot: 1, seq: 6 };
    let list = Box::new(Entries::from_slice(&[entry]).unwrap());
    let (hashes, have) = (Gossip::Compare { ask: false, hashes: own }, Gossip::IHave { ask: false, list });
    assert_eq!(told(&out, 2), [&hashes, &have], "{out:?}");
    let out = handle(&mut node, at(3_003), from(2, Gossip::Compare { ask: false, hashes: other }));
    assert_eq!(told(&out, 2), [&have], "the answer to an answer has no hashes: that would go on for ever");
}

#[test]
fn a_lost_eager_link_is_replaced_and_a_removal_goes_to_everybody() {
    let (mut node, _) = linked(&[1, 2, 3]);
    handle(&mut node, at(3_000), from(2, Gossip::Prune));
    handle(&mut node, at(3_000), from(3, Gossip::Prune));
    let removed = signed(200, 1, &Fact::Removed(Removed { peer: [200; 32], serial: 0 }));
    let out = handle(&mut node, at(3_500), Input::Signed(removed.message));
    let to: Vec<u8> =
        out.iter().filter_map(|out| if let Output::Push { to, .. } = out { Some(to.0[0]) } else { None }).collect();
    assert_eq!(to, [1, 2, 3], "{out:?}");
    let out = handle(&mut node, at(4_000), Input::Link(key(1), LinkInput::Down("it is gone".to_owned())));
    let asked = [2, 3].map(|n| told(&out, n).contains(&&Gossip::IWant(Box::default())));
    assert!(asked[0] != asked[1], "{out:?}");
}
