//! Which links are wanted in a large mesh. Each agent computes its own, without messages.
//!
//! The sorted keys form a ring. Each agent links with those at distances 1, 2, 4 … on both sides: a circulant graph, as
//! the fingers of Chord (Stoica et al., 2001). Both ends choose the same link if they know the same members; otherwise
//! the end that wants it dials.

use crate::base::id::PeerKey;

/// At most `count` neighbours of `own` among `others` (sorted, without `own`).
#[must_use]
pub fn neighbours(others: &[PeerKey], own: PeerKey, count: usize) -> Vec<PeerKey> {
    let after = others.partition_point(|key| *key < own);
    let (size, mut chosen) = (others.len(), Vec::with_capacity(count));
    let mut distance = 1;
    while chosen.len() < count.min(size) && distance <= size {
        // Forward from `after - 1 + distance`, backward from `after - distance`, around the ring.
        for at in [(after + distance - 1) % size, (after + size - distance) % size] {
            let other = others.get(at).filter(|key| !chosen.contains(*key));
            if let Some(key) = other.filter(|_| chosen.len() < count) {
                chosen.push(*key);
            }
        }
        distance *= 2;
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use std::collections::BTreeSet;

    fn keys(count: usize, rng: &mut Rng) -> Vec<PeerKey> {
        let mut keys = BTreeSet::new();
        while keys.len() < count {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&rng.next().to_be_bytes());
            keys.insert(PeerKey(key));
        }
        keys.into_iter().collect()
    }

    fn graph(keys: &[PeerKey]) -> Vec<Vec<PeerKey>> {
        let without = |own: &PeerKey| keys.iter().copied().filter(|key| key != own).collect::<Vec<_>>();
        keys.iter().map(|own| neighbours(&without(own), *own, 12)).collect()
    }

    #[test]
    fn both_ends_choose_the_same_links_and_no_more_than_twelve() {
        let keys = keys(500, &mut Rng::new(1));
        let graph = graph(&keys);
        for (at, chosen) in graph.iter().enumerate() {
            assert_eq!(chosen.len(), 12);
            for other in chosen {
                let back = keys.binary_search(other).unwrap();
                assert!(graph[back].contains(&keys[at]), "{at}");
            }
        }
    }

    #[test]
    fn a_third_of_the_agents_may_be_gone_and_the_rest_stays_connected() {
        let mut rng = Rng::new(2);
        let keys = keys(500, &mut rng);
        let graph = graph(&keys);
        for _ in 0..50 {
            let gone: BTreeSet<PeerKey> = keys.iter().copied().filter(|_| rng.one_in(3)).collect();
            let left = keys.len() - gone.len();
            let start = *keys.iter().find(|key| !gone.contains(*key)).unwrap();
            let (mut seen, mut todo) = (BTreeSet::from([start]), vec![start]);
            while let Some(key) = todo.pop() {
                for next in &graph[keys.binary_search(&key).unwrap()] {
                    if !gone.contains(next) && seen.insert(*next) {
                        todo.push(*next);
                    }
                }
            }
            assert_eq!(seen.len(), left);
        }
    }

    #[test]
    fn few_agents_are_nearly_all_neighbours() {
        let keys = keys(5, &mut Rng::new(3));
        for (at, own) in keys.iter().enumerate() {
            let others: Vec<_> = keys.iter().copied().filter(|key| key != own).collect();
            let chosen: BTreeSet<_> = neighbours(&others, *own, 12).into_iter().collect();
            assert!(chosen.len() >= 3, "{at}: {chosen:?}");
        }
        assert_eq!(neighbours(&[], keys[0], 12), []);
    }
}
