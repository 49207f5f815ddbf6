//! The flood as a table: who takes what, from whom, and when it ends. Whole homes are in tests/sim/rumour.rs.

use super::*;
use crate::wire::message::unsigned;
use crate::wire::peer::PeerId;
use crate::wire::rumour::{Energy, Removed, TYPE};

fn key(n: u64) -> PeerKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    PeerKey(bytes)
}

fn at(s: u64) -> Instant {
    Instant::from_millis(s * 1000)
}

fn headroom(valid_s: u8) -> Fact {
    Fact::Headroom(Headroom { quarters: 4, energy: Energy::Unknown, ms_per_task: 0, valid_s })
}

fn told(origin: PeerKey, order: (u32, u64), fact: &Fact) -> (Claim, Relayed) {
    let message = unsigned(PeerId::from_public_key(&origin.0), TYPE, order.0, order.1, &fact.seal());
    (Claim { origin, kind: fact.kind(), order }, Relayed { hops: 1, age_s: 0, message })
}

fn take(rumours: &mut Rumours, now: Instant, origin: u64, order: (u32, u64), fact: &Fact) -> Taken {
    let (claim, told) = told(key(origin), order, fact);
    rumours.take(now, &claim, fact, &told)
}

fn live(rumours: &Rumours, now: Instant) -> Vec<(u8, Kind, (u32, u64))> {
    rumours.names(now).map(|name| (name.origin[7], name.kind, (name.boot, name.seq))).collect()
}

#[test]
fn the_newest_wins_whatever_the_order_of_arrival() {
    let mut rumours = Rumours::new(1);
    assert!(matches!(take(&mut rumours, at(0), 1, (2, 5), &headroom(90)), Taken::News(_)));
    for old in [(2, 5), (2, 4), (1, 900)] {
        assert_eq!(take(&mut rumours, at(1), 1, old, &headroom(90)), Taken::Known, "{old:?}");
    }
    assert!(matches!(take(&mut rumours, at(1), 1, (2, 6), &headroom(90)), Taken::News(_)));
    assert!(matches!(take(&mut rumours, at(2), 1, (3, 1), &headroom(90)), Taken::News(_)));
    let list = Fact::Collections(Box::default());
    assert!(matches!(take(&mut rumours, at(2), 1, (1, 1), &list), Taken::News(_)), "another kind has its own order");
    assert_eq!(live(&rumours, at(3)), [(1, Kind::Headroom, (3, 1)), (1, Kind::Collections, (1, 1))]);
}

#[test]
fn a_claim_alone_changes_nothing() {
    let mut rumours = Rumours::new(1);
    let (claim, _) = told(key(1), (9, 9), &headroom(90));
    assert_eq!(rumours.weigh(&claim), Weight::News);
    assert_eq!(rumours.weigh(&claim), Weight::News);
    assert!(rumours.origins.is_empty());
    assert!(matches!(take(&mut rumours, at(0), 1, (1, 1), &headroom(90)), Taken::News(_)), "the liar won nothing");
}

#[test]
fn a_headroom_ends_by_the_receivers_clock_and_no_relay_renews_it() {
    let mut rumours = Rumours::new(1);
    let (claim, mut slow) = told(key(1), (1, 1), &headroom(60));
    slow.age_s = 25;
    let Taken::News(slot) = rumours.take(at(100), &claim, &headroom(60), &slow) else { panic!() };
    assert_eq!(rumours.pass(at(100), slot, false).unwrap().1, 25);
    assert_eq!(rumours.pass(Instant::from_millis(110_001), slot, false).unwrap().1, 36, "rounded up");
    assert!(rumours.headroom(at(134), key(1)).is_some());
    assert!(rumours.headroom(at(135), key(1)).is_none() && rumours.pass(at(135), slot, true).is_none());
    assert_eq!(live(&rumours, at(135)), []);
    let (claim, young) = told(key(1), (1, 1), &headroom(60));
    assert_eq!(rumours.take(at(135), &claim, &headroom(60), &young), Taken::Known, "said to be young again");
    let (claim, mut old) = told(key(1), (1, 2), &headroom(60));
    old.age_s = u16::MAX;
    assert!(matches!(rumours.take(at(136), &claim, &headroom(60), &old), Taken::News(_)));
    assert!(rumours.headroom(at(136), key(1)).is_none(), "it was over when it came");
}

#[test]
fn news_goes_to_a_few_others_and_not_beyond_its_hops() {
    let mut rumours = Rumours::new(7);
    let linked: Vec<PeerKey> = (1..=20).map(key).collect();
    let mut reached = [0; 21];
    for seq in 1..=50 {
        let Taken::News(slot) = take(&mut rumours, at(seq * 10), 1, (1, seq), &headroom(90)) else { panic!() };
        let to = rumours.spread(slot, key(2), &linked);
        assert_eq!(to.len(), RUMOUR_FANOUT);
        assert!(!to.contains(&key(1)) && !to.contains(&key(2)), "neither the origin nor who brought it");
        to.iter().for_each(|to| reached[usize::from(to.0[7])] += 1);
    }
    assert!(reached[3..].iter().all(|times| *times > 0), "chance leaves nobody out: {reached:?}");
    let (claim, mut last) = told(key(1), (2, 1), &headroom(90));
    last.hops = RUMOUR_HOPS_MAX;
    let Taken::News(slot) = rumours.take(at(600), &claim, &headroom(90), &last) else { panic!() };
    assert!(rumours.spread(slot, key(2), &linked).is_empty());
    assert_eq!(rumours.pass(at(600), slot, true).unwrap().0, RUMOUR_HOPS_MAX, "who asks gets it");
}

#[test]
fn what_is_asked_for_is_not_flooded_again() {
    let (mut one, mut other) = (Rumours::new(1), Rumours::new(2));
    let (claim, told) = told(key(9), (1, 1), &headroom(90));
    let slot = one.tell(at(0), &claim, &headroom(90), told.message).unwrap();
    assert_eq!(one.pass(at(0), slot, false).unwrap().0, 1);
    let (hops, age_s, message) = one.pass(at(0), slot, true).unwrap();
    let handed = Relayed { hops, age_s, message: message.to_vec() };
    let Taken::News(slot) = other.take(at(0), &claim, &headroom(90), &handed) else { panic!() };
    assert!(other.spread(slot, key(9), &[key(3), key(4)]).is_empty());
}

#[test]
fn two_that_compare_end_with_the_same() {
    let (mut one, mut other) = (Rumours::new(1), Rumours::new(2));
    for n in 1..=9 {
        if n < 7 {
            take(&mut one, at(0), n, (1, n), &headroom(90));
        }
        if n > 3 {
            take(&mut other, at(0), n, (1, 1 + 2 * (n % 4)), &headroom(90));
        }
    }
    for _ in 0..2 {
        let list: Entries = one.names(at(1)).collect();
        for want in other.lacking(&list, |_| true) {
            let (slot, bytes) = one.named(at(1), &want).unwrap();
            let (hops, age_s, message) = one.pass(at(1), slot, true).unwrap();
            assert_eq!(message.len(), bytes);
            let (claim, fact) = Claim::and_fact(message).unwrap();
            let told = Relayed { hops, age_s, message: message.to_vec() };
            assert!(matches!(other.take(at(1), &claim, &fact, &told), Taken::News(_)));
        }
        std::mem::swap(&mut one, &mut other);
    }
    assert_eq!(live(&one, at(1)), live(&other, at(1)));
    assert_eq!(one.origins.len(), 9);
    let list: Entries = one.names(at(1)).collect();
    assert!(other.lacking(&list, |_| true).is_empty());
    assert!(Rumours::new(3).lacking(&list, |_| false).is_empty(), "what strangers tell is not asked for");
}

#[test]
fn ones_own_rumours_come_from_nobody_else() {
    let mut rumours = Rumours::new(1);
    let (claim, mine) = told(key(5), (1, 1), &headroom(90));
    assert!(rumours.tell(at(0), &claim, &headroom(90), mine.message).is_some());
    assert_eq!(take(&mut rumours, at(1), 5, (9, 9), &headroom(90)), Taken::Known);
    let entry = Entry { origin: key(5).0[..8].try_into().unwrap(), kind: Kind::Headroom, boot: 9, seq: 9 };
    assert!(rumours.lacking(&[entry], |_| true).is_empty());
}

#[test]
fn who_leaves_for_good_is_not_heard_again_and_others_cannot_say_it_for_it() {
    let mut rumours = Rumours::new(1);
    take(&mut rumours, at(0), 1, (1, 1), &headroom(90));
    let left = |peer: u64| Fact::Removed(Removed { peer: key(peer).0, serial: 0 });
    assert!(matches!(take(&mut rumours, at(0), 2, (1, 1), &left(1)), Taken::News(_)), "it is carried");
    assert!(matches!(take(&mut rumours, at(1), 1, (1, 2), &headroom(90)), Taken::News(_)), "and means nothing yet");
    assert!(matches!(take(&mut rumours, at(2), 1, (1, 3), &left(1)), Taken::News(_)));
    assert_eq!(take(&mut rumours, at(3), 1, (5, 4), &headroom(90)), Taken::Known);
    rumours.keep(|_| false);
    assert_eq!(rumours.origins.len(), 2, "removals are kept for ever");
}

#[test]
fn an_origin_that_tells_too_much_is_cut_and_heard_again_later() {
    let mut rumours = Rumours::new(1);
    let taken = |rumours: &mut Rumours, seq| {
        matches!(take(rumours, at(seq / 1000), 1, (1, seq), &headroom(90)), Taken::News(_))
    };
    let news = (1..=60_000).filter(|seq| taken(&mut rumours, *seq)).count() as u64;
    let length = told(key(1), (1, 1), &headroom(90)).1.message.len() as u64;
    let most = (RUMOUR_ORIGIN_BURST + 60 * RUMOUR_ORIGIN_RATE) / length + 1;
    println!("of 60,000 in a minute {news} were news, {length} bytes each");
    assert!((most / 2..=most).contains(&news), "{news} of at most {most}");
    assert!(matches!(take(&mut rumours, at(200), 2, (1, 1), &headroom(90)), Taken::News(_)), "others are heard");
    assert!(taken(&mut rumours, 200_000));
}

#[test]
fn a_link_that_brings_too_much_is_cut_and_forgeries_cost_more() {
    let mut rumours = Rumours::new(1);
    let brought = (0..100_000).filter(|_| rumours.spend(at(0), key(1), 200)).count() as u64;
    assert!((RUMOUR_LINK_BURST / 250..=RUMOUR_LINK_BURST / 200).contains(&brought), "{brought}");
    assert!(rumours.spend(at(0), key(2), 200), "others are heard");
    for _ in 0..RUMOUR_LINK_BURST / RUMOUR_FORGERY_BYTES {
        assert!(rumours.spend(at(0), key(3), 0));
        rumours.forged(at(0), key(3));
    }
    assert!(!rumours.spend(at(0), key(3), 200));
    assert!(rumours.spend(at(60), key(1), 200));
}

#[test]
fn a_million_origins_and_links_fill_nothing_beyond_its_cap() {
    let mut rumours = Rumours::new(1);
    for n in 0..1_000_000 {
        take(&mut rumours, at(0), n, (1, 1), &headroom(90));
        let _ = rumours.spend(at(0), key(n), 1);
    }
    assert_eq!((rumours.origins.len(), rumours.links.len()), (RUMOUR_ORIGINS_MAX, RUMOUR_LINKS_MAX));
    assert_eq!(take(&mut rumours, at(0), 2_000_000, (1, 1), &headroom(90)), Taken::Full);
    rumours.keep(|origin| *origin == key(3));
    assert_eq!(rumours.origins.len(), 1);
}

#[test]
fn a_newer_value_is_written_into_the_bytes_of_the_older() {
    let mut rumours = Rumours::new(1);
    take(&mut rumours, at(0), 1, (1, 1), &headroom(90));
    let place = |rumours: &Rumours| {
        let message = &rumours.origins[0].values[0].message;
        (message.as_ptr(), message.capacity(), rumours.origins.capacity())
    };
    let before = place(&rumours);
    for seq in 2..=400 {
        let order = (u32::MAX, u64::MAX - 400 + seq);
        assert!(matches!(take(&mut rumours, at(seq * 3), 1, order, &headroom(90)), Taken::News(_)));
    }
    assert_eq!(place(&rumours), before);
}
