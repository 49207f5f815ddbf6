//! The story as a table: given this input, exactly these outputs. Whole homes are in tests/sim/item.rs.

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

/// What an input brings about, without what membership does beside.
fn handle(node: &mut Node, now: Instant, input: Input) -> Vec<Output> {
    let mut out = test::handle(node, now, input);
    out.retain(|out| {
        !matches!(
            out,
            Output::Member(..) | Output::Send(_, Message::Roll { .. } | Message::Member(_) | Message::Hello { .. })
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

fn told(origin: u8, seq: u64, fact: &Fact) -> Relayed {
    let message = unsigned(PeerId::from_public_key(&[origin; 32]), TYPE, 1, seq, &fact.encode());
    Relayed { hops: 1, age_s: 0, message }
}

fn said(from: u8, told: &Relayed) -> Input {
    let gossip = Gossip::Told(Box::new(Bounded::from_iter([told.clone()])));
    Input::Link(key(from), LinkInput::Said(Box::new(Message::Gossip(gossip))))
}

fn have(from: u8, list: impl IntoIterator<Item = Entry>) -> Input {
    let gossip = Gossip::Have { ask: false, list: Box::new(list.into_iter().collect()) };
    Input::Link(key(from), LinkInput::Said(Box::new(Message::Gossip(gossip))))
}

#[test]
fn nobody_is_told_anything_while_nobody_is_linked() {
    let mut node = node(u64::MAX);
    assert_eq!(handle(&mut node, at(1), Input::Wake), []);
    assert_eq!(node.gossip_deadline(), None);
}

#[test]
fn a_headroom_is_told_to_the_first_link_and_refreshed_every_minute() {
    let (mut node, out) = linked(&[1, 2]);
    let tells = |out: &[Output]| out.iter().filter(|out| **out == Output::Tell(fact(4))).count();
    assert_eq!(tells(&out), 1, "{out:?}");
    let sealed = told(9, 1, &fact(4));
    let out = handle(&mut node, at(10), Input::Told(sealed.message.clone()));
    let to: Vec<PeerKey> =
        out.iter().filter_map(|out| if let Output::Pass { to, .. } = out { Some(*to) } else { None }).collect();
    assert_eq!(to, [key(1), key(2)], "the origin tells all of its links");
    let Some(Output::Pass { slots, asked, .. }) = out.first() else { panic!("{out:?}") };
    let Some(Message::Gossip(Gossip::Told(batch))) = node.passed(at(10), slots, *asked) else { panic!() };
    assert_eq!(batch[..], [sealed], "its bytes as they were sealed, over one link");
    let told_at = |node: &mut Node, s: u64| tells(&handle(node, at(s * 1000), Input::Wake));
    let times: Vec<u64> = (1..=200).filter(|s| told_at(&mut node, *s) > 0).collect();
    assert_eq!(times.len(), 3, "{times:?}");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 60), "{times:?}");
}

#[test]
fn what_a_governor_allows_is_told_twice_a_minute_at_most_and_is_never_older_than_thirty_seconds() {
    let (mut node, _) = linked(&[1]);
    let mut rng = Rng::new(12);
    let mut decision = Decision { mode: Mode::Full, workers: 4, duty: Fraction::ALL, ..Decision::default() };
    let (mut words, mut shown, mut level, mut since) = (Vec::new(), None, 4, 0);
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
            if let Output::Tell(Fact::Headroom(word)) = out {
                words.push(second);
                shown = Some(word.quarters);
            }
        }
        let shown = shown.unwrap_or(4);
        assert!(second - since < 30 || shown == level, "{shown} is told, {level} holds for {} s", second - since);
        assert!(node.gossip_deadline().is_none_or(|due| due > now), "woken for what was told");
    }
    assert!(words.windows(3).all(|three| three[2] - three[0] >= 60), "twice a minute");
    assert!(words.len() > 120, "and often enough to be seen: {}", words.len());
}

#[test]
fn a_full_disk_is_told_as_no_headroom_after_the_dwell() {
    let (mut node, _) = linked(&[1]);
    handle(&mut node, at(1000), Input::Disk { free: 1 });
    let tells = |node: &mut Node, s: u64| handle(node, at(s * 1000), Input::Wake).contains(&Output::Tell(fact(0)));
    assert!(!tells(&mut node, 20) && tells(&mut node, 31));
}

#[test]
fn a_claim_is_checked_once_and_then_handed_on_and_comes_again_for_nothing() {
    let (mut node, _) = linked(&[1, 2, 3]);
    let item = told(2, 5, &fact(3));
    let verify = Output::Verify(key(1), item.clone());
    assert_eq!(handle(&mut node, at(20), said(1, &item)), [verify]);
    assert_eq!(node.heard_up_to(key(2), Kind::Headroom), None, "a claim changes nothing");
    let out = handle(&mut node, at(20), Input::Proven(key(1), item.clone()));
    let [Output::Pass { to, slots, asked: false }] = &out[..] else { panic!("{out:?}") };
    assert_eq!(*to, key(3), "neither to who brought it nor to its origin");
    let Some(Message::Gossip(Gossip::Told(batch))) = node.passed(at(20), slots, false) else { panic!() };
    assert_eq!((batch[0].hops, &batch[0].message), (2, &item.message));
    assert_eq!(node.heard(at(21))[1].headroom.map(|told| told.quarters), Some(3));
    assert_eq!(handle(&mut node, at(30), said(3, &item)), [], "known: dropped before its signature is looked at");
    assert_eq!(handle(&mut node, at(30), said(3, &told(2, 4, &fact(1)))), [], "older");
    assert_eq!(handle(&mut node, at(30), said(3, &told(77, 1, &fact(1)))), [], "of a stranger");
    assert_eq!(handle(&mut node, at(30), Input::Proven(key(3), told(77, 1, &fact(1)))), []);
}

#[test]
fn a_list_is_answered_by_what_is_lacking_and_a_wish_by_the_gossip() {
    let (mut node, _) = linked(&[1, 2]);
    handle(&mut node, at(20), Input::Proven(key(1), told(1, 7, &fact(2))));
    let entry = |origin: u8, seq| Entry { origin: [origin; 8], kind: Kind::Headroom, boot: 1, seq };
    let out = handle(&mut node, at(30), have(2, [entry(1, 7), entry(2, 3), entry(77, 1)]));
    let want = |list: &[Entry]| Gossip::Want(Box::new(list.iter().copied().collect()));
    assert_eq!(out, [Output::Send(key(2), Message::Gossip(want(&[entry(2, 3)])))], "of members only");
    let wish = |list: &[Entry]| Input::Link(key(2), LinkInput::Said(Box::new(Message::Gossip(want(list)))));
    let out = handle(&mut node, at(40), wish(&[entry(1, 1), entry(2, 3)]));
    let [Output::Pass { to, slots, asked: false }] = &out[..] else { panic!("{out:?}") };
    assert_eq!((*to, slots.len()), (key(2), 1), "a few go on as news");
    let many: Vec<Entry> = (0..20).map(|n| entry(if n == 0 { 1 } else { 100 + n }, 1)).collect();
    let out = handle(&mut node, at(50), wish(&many));
    let [Output::Pass { slots, asked: true, .. }] = &out[..] else { panic!("{out:?}") };
    let Some(Message::Gossip(Gossip::Told(batch))) = node.passed(at(50), slots, true) else { panic!() };
    assert_eq!(batch[0].hops, GOSSIP_HOPS_MAX, "who asks for many came late: that is no news to others");
}

#[test]
fn a_link_over_its_budget_is_told_to_people_once_and_lives_on() {
    let (mut node, _) = linked(&[1, 2]);
    let mut notices = 0;
    let length = told(2, 1, &fact(1)).message.len() as u64;
    for n in 0..2 * GOSSIP_LINK_BURST / length {
        let out = handle(&mut node, at(20), said(1, &told(2, 1 + n, &fact(1))));
        notices += out.iter().filter(|out| matches!(out, Output::Notice(Notice::Hearsay(..)))).count();
        assert!(!out.iter().any(|out| matches!(out, Output::Pass { .. })), "nothing goes on unproven");
    }
    assert_eq!(notices, 1);
    assert!(node.status(at(20)).peers.iter().all(|peer| peer.linked));
    assert_eq!(handle(&mut node, at(20), said(2, &told(1, 1, &fact(1)))).len(), 1, "others are heard");
}

#[test]
fn a_forgery_is_told_with_the_name_of_who_brought_it() {
    let (mut node, _) = linked(&[1]);
    let out = handle(&mut node, at(20), Input::Forged(key(1)));
    assert!(
        matches!(&out[..], [Output::Notice(Notice::Hearsay(name, _))] if *name == PeerId::from_public_key(&key(1).0).to_string()),
        "{out:?}"
    );
}

#[test]
fn who_left_for_good_is_not_dialled_again_and_nobody_can_say_it_for_another() {
    let (mut node, _) = linked(&[1, 2]);
    let left = Fact::Removed(Removed { peer: [1; 32], serial: 0 });
    handle(&mut node, at(20), Input::Proven(key(2), told(2, 1, &left)));
    let down = |n| Input::Link(key(n), LinkInput::Down("it is gone".to_owned()));
    handle(&mut node, at(30), down(1));
    let dials = |node: &mut Node| {
        (1..60).any(|s| {
            handle(node, at(s * 1000), Input::Wake)
                .iter()
                .any(|out| matches!(out, Output::Dial(to, _) if *to == key(1)))
        })
    };
    assert!(dials(&mut node), "another's word means nothing yet");
    let out = handle(&mut node, at(60_000), Input::Proven(key(2), told(1, 1, &left)));
    assert!(out.iter().any(|out| matches!(out, Output::Notice(Notice::Hearsay(..)))), "{out:?}");
    handle(&mut node, at(61_000), Input::Link(key(1), LinkInput::NotDialled));
    let dialled = (62..400).any(|s| {
        handle(&mut node, at(s * 1000), Input::Wake)
            .iter()
            .any(|out| matches!(out, Output::Dial(to, _) if *to == key(1)))
    });
    assert!(!dialled);
}
