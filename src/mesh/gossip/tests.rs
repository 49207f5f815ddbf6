//! What the table takes, passes on and lets expire. Whole meshes are simulated in tests/sim.

use super::*;
use crate::base::level::Energy;
use crate::wire::envelope::unsigned;
use crate::wire::gossip::{Entries, Removed, TYPE};
use crate::wire::peer_id::PeerId;

fn key(n: u64) -> PeerKey {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&n.to_be_bytes());
    PeerKey(bytes)
}

fn at(s: u64) -> Instant {
    Instant::from_millis(s * 1000)
}

fn headroom(valid_s: u16) -> Fact {
    Fact::Headroom(Headroom { quarters: 4, energy: Energy::Unknown, ms_per_task: 0, valid_s })
}

fn relayed(origin: PeerKey, order: (u32, u64), fact: &Fact) -> (Claim, Relayed) {
    let message = unsigned(PeerId::from_public_key(&origin.0), TYPE, order.0, order.1, &fact.encode());
    (Claim { origin, kind: fact.kind(), order }, Relayed { hops: 1, age_s: 0, message })
}

fn take(items: &mut GossipTable, now: Instant, origin: u64, order: (u32, u64), fact: &Fact) -> Insertion {
    let (claim, relayed) = relayed(key(origin), order, fact);
    items.insert(now, key(1), &claim, fact, &relayed)
}

fn live(items: &GossipTable, now: Instant) -> Vec<(u8, Kind, (u32, u64))> {
    items.entries(now).map(|name| (name.origin[7], name.kind, (name.boot, name.seq))).collect()
}

#[test]
fn the_newest_wins_whatever_the_order_of_arrival() {
    let mut items = GossipTable::new();
    assert!(matches!(take(&mut items, at(0), 1, (2, 5), &headroom(90)), Insertion::Inserted(_)));
    for old in [(2, 5), (2, 4), (1, 900)] {
        assert_eq!(take(&mut items, at(1), 1, old, &headroom(90)), Insertion::Known, "{old:?}");
    }
    assert!(matches!(take(&mut items, at(1), 1, (2, 6), &headroom(90)), Insertion::Inserted(_)));
    assert!(matches!(take(&mut items, at(2), 1, (3, 1), &headroom(90)), Insertion::Inserted(_)));
    let list = Fact::Collections(Box::default());
    assert!(
        matches!(take(&mut items, at(2), 1, (1, 1), &list), Insertion::Inserted(_)),
        "another kind has its own order"
    );
    assert_eq!(live(&items, at(3)), [(1, Kind::Headroom, (3, 1)), (1, Kind::Collections, (1, 1))]);
}

#[test]
fn a_claim_alone_changes_nothing() {
    let mut items = GossipTable::new();
    let (claim, _) = relayed(key(1), (9, 9), &headroom(90));
    assert_eq!(items.novelty(&claim), Novelty::New);
    assert_eq!(items.novelty(&claim), Novelty::New);
    assert!(items.origins.is_empty());
    assert!(
        matches!(take(&mut items, at(0), 1, (1, 1), &headroom(90)), Insertion::Inserted(_)),
        "the unverified claims had no effect"
    );
}

#[test]
fn a_headroom_expires_by_the_receivers_clock_and_no_relay_renews_it() {
    let mut items = GossipTable::new();
    let (claim, mut slow) = relayed(key(1), (1, 1), &headroom(60));
    slow.age_s = 25;
    let Insertion::Inserted(slot) = items.insert(at(100), key(1), &claim, &headroom(60), &slow) else { panic!() };
    assert_eq!(items.outgoing(at(100), slot, false).unwrap().1, 25);
    assert_eq!(items.outgoing(Instant::from_millis(110_001), slot, false).unwrap().1, 36, "rounded up");
    assert!(items.headroom(at(134), key(1)).is_some());
    let ages = [101, 134, 135].map(|s| items.headroom_age_s(at(s), key(1)));
    assert_eq!(ages, [Some(26), Some(59), None], "by the age that it came with");
    assert!(items.headroom(at(135), key(1)).is_none() && items.outgoing(at(135), slot, true).is_none());
    assert_eq!(live(&items, at(135)), []);
    let (claim, young) = relayed(key(1), (1, 1), &headroom(60));
    assert_eq!(
        items.insert(at(135), key(1), &claim, &headroom(60), &young),
        Insertion::Known,
        "a relay claims a lower age"
    );
    let (claim, mut old) = relayed(key(1), (1, 2), &headroom(60));
    old.age_s = u16::MAX;
    assert_eq!(
        items.insert(at(136), key(1), &claim, &headroom(60), &old),
        Insertion::Known,
        "it has expired on arrival"
    );
    assert!(items.headroom(at(136), key(1)).is_none());
    let (claim, young) = relayed(key(1), (1, 1), &headroom(60));
    items.renew(at(136), &claim, &young);
    assert!(items.headroom(at(136), key(1)).is_none(), "and a relay renews none");
}

#[test]
fn an_item_at_its_last_hop_is_not_forwarded_but_sent_on_request() {
    let mut items = GossipTable::new();
    let (claim, mut last) = relayed(key(1), (2, 1), &headroom(90));
    last.hops = GOSSIP_HOPS_MAX - 1;
    let Insertion::Inserted(slot) = items.insert(at(600), key(2), &claim, &headroom(90), &last) else { panic!() };
    assert!(items.may_forward(slot));
    assert_eq!(items.brought_by(&claim), Some(Some(key(2))));
    let (claim, mut last) = relayed(key(1), (2, 2), &headroom(90));
    assert_eq!(items.brought_by(&claim), None, "a newer one is not held yet");
    last.hops = GOSSIP_HOPS_MAX;
    let Insertion::Inserted(slot) = items.insert(at(600), key(3), &claim, &headroom(90), &last) else { panic!() };
    assert!(!items.may_forward(slot));
    assert_eq!(items.outgoing(at(600), slot, true).unwrap().0, GOSSIP_HOPS_MAX, "a requester gets it");
}

#[test]
fn equal_tables_have_equal_hashes_and_one_item_changes_the_hash_of_its_part() {
    let (mut one, mut other) = (GossipTable::new(), GossipTable::new());
    let spread = |n: u64| n << 60 | n;
    (1..16).for_each(|n| _ = take(&mut one, at(0), spread(n), (1, n), &headroom(90)));
    (1..16).rev().for_each(|n| _ = take(&mut other, at(1), spread(n), (1, n), &headroom(90)));
    assert_eq!(one.hashes(at(2)), other.hashes(at(2)), "in whatever order they came");
    assert_eq!(one.hashes(at(2)).0[0], [0; 8], "an empty part");
    take(&mut other, at(2), spread(5), (1, 99), &headroom(90));
    let (one, other) = (one.hashes(at(3)).0, other.hashes(at(3)).0);
    let differing: Vec<usize> = (0..16).filter(|part| one[*part] != other[*part]).collect();
    assert_eq!(differing, [5]);
}

#[test]
fn announcements_leave_out_what_their_receiver_brought_or_published() {
    let mut items = GossipTable::new();
    for (n, from) in [(1, 8), (2, 9), (9, 1)] {
        let (claim, relayed) = relayed(key(n), (1, 1), &headroom(90));
        assert!(matches!(items.insert(at(n), key(from), &claim, &headroom(90), &relayed), Insertion::Inserted(_)));
    }
    let told = |from, until, to| -> Vec<u8> {
        items.recent(at(10), (at(from), at(until)), key(to)).iter().map(|entry| entry.origin[7]).collect()
    };
    assert_eq!(told(0, 10, 9), [1], "neither its own nor what it sent");
    assert_eq!(told(0, 10, 7), [1, 2, 9]);
    assert_eq!(told(2, 9, 7), [2], "from the one moment on, and before the other");
}

#[test]
fn a_requested_item_is_not_forwarded_again() {
    let (mut one, mut other) = (GossipTable::new(), GossipTable::new());
    let (claim, relayed) = relayed(key(9), (1, 1), &headroom(90));
    let slot = one.insert_own(at(0), &claim, &headroom(90), relayed.message).unwrap();
    assert_eq!(one.outgoing(at(0), slot, false).unwrap().0, 1);
    let (hops, age_s, message) = one.outgoing(at(0), slot, true).unwrap();
    let passed = Relayed { hops, age_s, message: message.to_vec() };
    let Insertion::Inserted(slot) = other.insert(at(0), key(1), &claim, &headroom(90), &passed) else { panic!() };
    assert!(!other.may_forward(slot));
}

#[test]
fn two_tables_that_compare_end_with_the_same_items() {
    let (mut one, mut other) = (GossipTable::new(), GossipTable::new());
    for n in 1..=9 {
        if n < 7 {
            take(&mut one, at(0), n, (1, n), &headroom(90));
        }
        if n > 3 {
            take(&mut other, at(0), n, (1, 1 + 2 * (n % 4)), &headroom(90));
        }
    }
    for _ in 0..2 {
        let list: Entries = one.entries(at(1)).collect();
        for want in other.missing(&list, |_| true) {
            let (slot, bytes) = one.find_item(at(1), &want).unwrap();
            let (hops, age_s, message) = one.outgoing(at(1), slot, true).unwrap();
            assert_eq!(message.len(), bytes);
            let (claim, fact) = Claim::with_fact(message).unwrap();
            let relayed = Relayed { hops, age_s, message: message.to_vec() };
            assert!(matches!(other.insert(at(1), key(1), &claim, &fact, &relayed), Insertion::Inserted(_)));
        }
        std::mem::swap(&mut one, &mut other);
    }
    assert_eq!(live(&one, at(1)), live(&other, at(1)));
    assert_eq!(one.origins.len(), 9);
    let list: Entries = one.entries(at(1)).collect();
    assert!(other.missing(&list, |_| true).is_empty());
    assert!(GossipTable::new().missing(&list, |_| false).is_empty(), "items of unknown peers are not requested");
}

#[test]
fn own_items_are_taken_from_nobody_else() {
    let mut items = GossipTable::new();
    let (claim, mine) = relayed(key(5), (1, 1), &headroom(90));
    assert!(items.insert_own(at(0), &claim, &headroom(90), mine.message).is_some());
    assert_eq!(take(&mut items, at(1), 5, (9, 9), &headroom(90)), Insertion::Known);
    let entry = Entry { origin: key(5).0[..8].try_into().unwrap(), kind: Kind::Headroom, boot: 9, seq: 9 };
    assert!(items.missing(&[entry], |_| true).is_empty());
}

#[test]
fn an_origin_that_left_for_good_is_ignored_and_only_itself_can_sign_that() {
    let mut items = GossipTable::new();
    take(&mut items, at(0), 1, (1, 1), &headroom(90));
    let left = |peer: u64| Fact::Removed(Removed { peer: key(peer).0, serial: 0 });
    assert!(matches!(take(&mut items, at(0), 2, (1, 1), &left(1)), Insertion::Inserted(_)), "it is passed on");
    assert!(
        matches!(take(&mut items, at(1), 1, (1, 2), &headroom(90)), Insertion::Inserted(_)),
        "but has no effect on 1"
    );
    assert!(matches!(take(&mut items, at(2), 1, (1, 3), &left(1)), Insertion::Inserted(_)));
    assert_eq!(take(&mut items, at(3), 1, (5, 4), &headroom(90)), Insertion::Known);
    items.retain_origins(|_| false);
    assert_eq!(items.origins.len(), 2, "removals stay for ever");
}

#[test]
fn an_origin_that_sends_too_much_is_limited_and_taken_again_later() {
    let mut items = GossipTable::new();
    let taken = |items: &mut GossipTable, seq| {
        matches!(take(items, at(seq / 1000), 1, (1, seq), &headroom(90)), Insertion::Inserted(_))
    };
    let taken_items = (1..=60_000).filter(|seq| taken(&mut items, *seq)).count() as u64;
    let length = relayed(key(1), (1, 1), &headroom(90)).1.message.len() as u64;
    let most = (GOSSIP_ORIGIN_BURST + 60 * GOSSIP_ORIGIN_RATE) / length + 1;
    println!("of 60,000 in a minute {taken_items} were taken, {length} bytes each");
    assert!((most / 2..=most).contains(&taken_items), "{taken_items} of at most {most}");
    assert!(
        matches!(take(&mut items, at(200), 2, (1, 1), &headroom(90)), Insertion::Inserted(_)),
        "others are not limited"
    );
    assert!(taken(&mut items, 200_000));
}

#[test]
fn a_link_that_sends_too_much_is_limited_and_forgeries_cost_more() {
    let mut items = GossipTable::new();
    let taken = (0..100_000).filter(|_| items.spend(at(0), key(1), 200)).count() as u64;
    assert!((GOSSIP_LINK_BURST / 250..=GOSSIP_LINK_BURST / 200).contains(&taken), "{taken}");
    assert!(items.spend(at(0), key(2), 200), "others are not limited");
    for _ in 0..GOSSIP_LINK_BURST / GOSSIP_FORGERY_BYTES {
        assert!(items.spend(at(0), key(3), 0));
        items.penalise_forgery(at(0), key(3));
    }
    assert!(!items.spend(at(0), key(3), 200));
    assert!(items.spend(at(60), key(1), 200));
}

#[test]
fn a_million_origins_and_links_fill_nothing_beyond_its_cap() {
    let mut items = GossipTable::new();
    for n in 0..1_000_000 {
        take(&mut items, at(0), n, (1, 1), &headroom(90));
        let _ = items.spend(at(0), key(n), 1);
    }
    assert_eq!((items.origins.len(), items.links.len()), (GOSSIP_ORIGINS_MAX, GOSSIP_LINKS_MAX));
    assert_eq!(take(&mut items, at(0), 2_000_000, (1, 1), &headroom(90)), Insertion::Full);
    items.retain_origins(|origin| *origin == key(3));
    assert_eq!(items.origins.len(), 1);
}

#[test]
fn a_newer_item_overwrites_the_bytes_of_the_older_one() {
    let mut items = GossipTable::new();
    take(&mut items, at(0), 1, (1, 1), &headroom(90));
    let memory = |items: &GossipTable| {
        let message = &items.origins[0].values[0].message;
        (message.as_ptr(), message.capacity(), items.origins.capacity())
    };
    let before = memory(&items);
    for seq in 2..=400 {
        let order = (u32::MAX, u64::MAX - 400 + seq);
        assert!(matches!(take(&mut items, at(seq * 3), 1, order, &headroom(90)), Insertion::Inserted(_)));
    }
    assert_eq!(memory(&items), before);
}

#[test]
fn a_device_that_relays_an_item_as_older_or_farther_than_it_is_ends_nothing_by_it() {
    let mut items = GossipTable::new();
    let (claim, honest) = relayed(key(1), (1, 1), &headroom(90));
    let with = |age_s, hops| Relayed { age_s, hops, message: honest.message.clone() };
    let insert =
        |items: &mut GossipTable, relayed: &Relayed| items.insert(at(0), key(9), &claim, &headroom(90), relayed);
    assert_eq!(insert(&mut items, &with(u16::MAX, 1)), Insertion::Known, "it would be over at once");
    assert!(matches!(insert(&mut items, &with(89, GOSSIP_HOPS_MAX)), Insertion::Inserted(_)));
    let slot = ItemRef { origin: 0, kind: Kind::Headroom };
    assert!(!items.may_forward(slot) && items.headroom(at(1), key(1)).is_none());
    items.renew(at(0), &claim, &with(1, 1));
    assert!(items.may_forward(slot) && items.headroom(at(88), key(1)).is_some());
    assert!(items.headroom(at(89), key(1)).is_none(), "and lives no longer than it says");
    let (_, another) = relayed(key(1), (1, 1), &headroom(91));
    items.renew(at(2), &claim, &Relayed { age_s: 0, ..another });
    assert!(items.headroom(at(90), key(1)).is_none(), "another message");
}
