//! The tree by tables, and a flood over it: each item to each agent about once. Whole meshes are in tests/sim.

use super::*;

fn key(n: u8) -> PeerKey {
    PeerKey([n; 32])
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

/// A tree with these links, which are lasting.
fn linked(links: core::ops::RangeInclusive<u8>) -> PushTree {
    let mut tree = PushTree::new(1);
    links.for_each(|n| tree.linked(at(0), key(n), true));
    tree
}

fn eager(tree: &PushTree) -> Vec<u8> {
    let mut eager: Vec<u8> = tree.push_to(key(0), key(0)).map(|key| key.0[0]).collect();
    eager.sort_unstable();
    eager
}

#[test]
fn the_first_lasting_links_are_eager_and_a_link_for_one_probe_only_if_it_is_the_first() {
    assert_eq!(eager(&linked(1..=9)).len(), GOSSIP_EAGER_FIRST);
    let mut tree = PushTree::new(1);
    tree.linked(at(0), key(7), false);
    assert_eq!(eager(&tree), [7], "else nothing would reach it");
    tree.linked(at(0), key(8), false);
    tree.linked(at(0), key(9), true);
    assert_eq!(eager(&tree), [7, 9]);
}

#[test]
fn an_item_goes_to_neither_its_sender_nor_its_origin() {
    let tree = linked(1..=4);
    assert_eq!(tree.push_to(key(1), key(2)).collect::<Vec<_>>(), [key(3), key(4)]);
}

#[test]
fn a_link_that_brings_what_another_one_brought_is_pruned_once_and_used_again_when_it_is_asked() {
    let mut tree = linked(1..=3);
    assert!(tree.on_duplicate(at(10), key(2), Some(key(1))));
    assert_eq!(eager(&tree), [1, 3]);
    assert!(!tree.on_duplicate(at(11), key(2), Some(key(1))), "the Prune is on its way");
    tree.on_first(at(12), key(2));
    assert_eq!(eager(&tree), [1, 3], "what it brings first was on its way as well");
    assert!(!tree.on_duplicate(at(13), key(1), Some(key(2))), "else both sides would be cut off");
    assert!(tree.on_duplicate(at(10 + GOSSIP_PRUNE_MS), key(2), Some(key(1))), "the Prune was lost");
    tree.on_first(at(20 + 2 * GOSSIP_PRUNE_MS), key(2));
    assert_eq!(eager(&tree), [1, 2, 3]);
    tree.on_prune(key(3));
    assert_eq!(eager(&tree), [1, 2]);
    tree.make_eager(key(3));
    assert_eq!(eager(&tree), [1, 2, 3]);
    assert!(tree.on_duplicate(at(9_000), key(3), None), "it sends this agent its own items");
}

#[test]
fn a_lost_eager_link_is_replaced_by_a_lazy_one() {
    let mut tree = linked(1..=4);
    (2..=4).for_each(|n| tree.on_prune(key(n)));
    assert_eq!(tree.unlinked(key(3), |_| true), None, "it was lazy");
    let chosen = tree.unlinked(key(1), |_| true).unwrap();
    assert!([key(2), key(4)].contains(&chosen));
    assert_eq!(eager(&tree), [chosen.0[0]]);
    assert_eq!(linked(1..=1).unlinked(key(1), |_| true), None, "there is none");
}

#[test]
fn every_lazy_link_is_told_once_a_few_at_a_time_and_only_of_what_has_settled() {
    let mut tree = linked(1..=10);
    assert_eq!(tree.deadline(), None);
    tree.on_new_item(at(1_000));
    let mut told = Vec::new();
    let mut last = at(0);
    while let Some(due) = tree.deadline() {
        assert!(due.since(last) >= RECENT || last == at(0));
        assert!(tree.announcements(due - Duration::from_millis(1), |_| true).is_empty());
        for announcement in tree.announcements(due, |_| true) {
            assert_eq!((announcement.from, announcement.until), (at(0), due - SETTLE));
            told.push(announcement.to.0[0]);
        }
        last = due;
    }
    told.sort_unstable();
    assert_eq!(told, [5, 6, 7, 8, 9, 10], "the eager ones got the item");
    // An item that comes just before the moment is told at the next one.
    let due = at(20_000) + RECENT;
    let late = due - Duration::from_millis(100);
    tree.on_new_item(at(20_000));
    tree.on_new_item(late);
    let first = tree.announcements(due, |_| true);
    assert_eq!(first.len(), GOSSIP_ANNOUNCE_LINKS);
    assert!(first.iter().all(|of| of.until == due - SETTLE));
    let mut all = 0;
    while let Some(due) = tree.deadline() {
        all += tree.announcements(due, |_| true).iter().filter(|of| of.until > late).count();
    }
    assert_eq!(all, 6, "each lazy link is told of the second one too");
}

#[test]
fn a_link_that_is_not_to_last_is_told_of_nothing_and_replaces_an_eager_one_only_if_there_is_no_other() {
    let mut tree = linked(1..=GOSSIP_EAGER_FIRST.try_into().unwrap());
    tree.linked(at(0), key(8), false);
    tree.linked(at(0), key(9), true);
    let lasts = |peer: PeerKey| peer != key(8);
    tree.on_new_item(at(1_000));
    let told: Vec<PeerKey> = tree.announcements(tree.deadline().unwrap(), lasts).iter().map(|of| of.to).collect();
    assert_eq!((told, tree.deadline()), (vec![key(9)], None));
    assert_eq!(tree.unlinked(key(1), lasts), Some(key(9)));
    assert_eq!(tree.unlinked(key(2), lasts), Some(key(8)), "else fewer would push to it");
}

/// A mesh of trees, whose messages arrive in rounds; 30 agents, each linked with twelve.
struct Mesh {
    trees: Vec<PushTree>,
    now: u64,
}

impl Mesh {
    fn new() -> Self {
        let mut trees: Vec<PushTree> = (0..30).map(PushTree::new).collect();
        for n in 0..30_u8 {
            for apart in [1, 2, 4, 8, 13, 15] {
                let other = (n + apart) % 30;
                trees[usize::from(n)].linked(at(0), key(other), true);
                trees[usize::from(other)].linked(at(0), key(n), true);
            }
        }
        Self { trees, now: 0 }
    }

    /// Floods one item: how often it was pushed, and how many agents it missed. Odd agents take it a round later.
    fn flood(&mut self, origin: u8) -> (usize, usize) {
        let mut brought: Vec<Option<Option<PeerKey>>> = vec![None; 30];
        brought[usize::from(origin)] = Some(None);
        let own = key(origin);
        let mut under_way: Vec<(u8, u8)> =
            self.trees[usize::from(origin)].push_to(own, own).map(|to| (origin, to.0[0])).collect();
        let (mut sent, mut missed) = (0, 0);
        loop {
            while !under_way.is_empty() {
                self.now += 10;
                let late = |to: u8| to % 2 == 1 && !self.now.is_multiple_of(20);
                let (later, arrived): (Vec<_>, Vec<_>) = under_way.into_iter().partition(|(_, to)| late(*to));
                under_way = later;
                for (from, to) in arrived {
                    sent += 1;
                    under_way.extend(self.arrive(from, to, own, &mut brought));
                }
            }
            // One that got nothing hears of the item from a neighbour, and asks for it.
            let Some(to) = (0..30_u8).find(|to| brought[usize::from(*to)].is_none()) else { break };
            let has_it = |from: &&PeerKey| brought[usize::from(from.0[0])].is_some();
            let from = *self.trees[usize::from(to)].links().find(has_it).expect("the mesh is connected");
            missed += 1;
            self.trees[usize::from(to)].make_eager(from);
            self.trees[usize::from(from.0[0])].make_eager(key(to));
            under_way.push((from.0[0], to));
        }
        self.now += 5_000;
        (sent, missed)
    }

    /// An item arrives: whom it is pushed to next.
    fn arrive(&mut self, from: u8, to: u8, own: PeerKey, brought: &mut [Option<Option<PeerKey>>]) -> Vec<(u8, u8)> {
        let tree = &mut self.trees[usize::from(to)];
        match brought[usize::from(to)] {
            None => {
                brought[usize::from(to)] = Some(Some(key(from)));
                tree.on_first(at(self.now), key(from));
                return tree.push_to(key(from), own).map(|next| (to, next.0[0])).collect();
            }
            Some(first) => {
                if tree.on_duplicate(at(self.now), key(from), first) {
                    self.trees[usize::from(from)].on_prune(key(to));
                }
            }
        }
        Vec::new()
    }
}

#[test]
fn after_a_few_items_each_one_crosses_about_one_link_for_each_agent() {
    let mut mesh = Mesh::new();
    let floods: Vec<(usize, usize)> = (0..10).map(|n| mesh.flood(n * 3)).collect();
    println!("pushed, missed: {floods:?}");
    assert!(floods[0].0 > 40, "at first the links form circles: {floods:?}");
    assert!(floods[7..].iter().all(|flood| *flood == (29, 0)), "then they are a tree: {floods:?}");
}
