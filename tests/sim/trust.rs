//! Trust in a home: a device is expelled while queries and gossip run, and let in again.

use super::{FOLDER, WORDS, World};
use std::collections::BTreeSet;
use wattle::base::filter::Filter;
use wattle::base::id::ReplyId;
use wattle::base::time::{Duration, Instant};
use wattle::mesh::trust::Rights;
use wattle::node::Node;
use wattle::node::input::Request;
use wattle::node::output::Response;
use wattle::sim::net;
use wattle::wire::gossip::Kind;

const DEVICES: usize = 5;
const SEEDS: u64 = 5;
const MINUTE: Duration = Duration::from_secs(60);

fn node(world: &World, at: usize) -> Option<&Node> {
    world.devices[at].agent.as_ref().map(|agent| &agent.node)
}

/// A home at rest: all agents are members, have published, and each has a file that no other has.
fn home(seed: u64) -> World {
    let mut world = World::new(seed, DEVICES);
    (world.net.loss_permille, world.net.datagram_loss_permille) = (20, 20);
    for (at, word) in WORDS.iter().enumerate().take(DEVICES) {
        let text = format!("The treasure of device {at} is a {word} called jewel{at}x.");
        world.devices[at].files.write(&[FOLDER, b"/treasure.md"].concat(), text.as_bytes());
        world.boot(at);
        world.add_folder(at);
    }
    world.settle(Duration::from_secs(3600));
    world.run_until(world.after(100));
    assert!(world.all_joined(), "seed {seed}: {}", world.describe());
    world
}

/// The devices that have expelled the victim, each with the replies that are checked already.
struct Expelled {
    victim: usize,
    by: Vec<(usize, BTreeSet<ReplyId>)>,
}

impl Expelled {
    fn expel(&mut self, world: &mut World, at: usize) {
        world.revoke(at, self.victim);
        world.run_until(world.now);
        self.by.push((at, world.devices[at].replies.keys().copied().collect()));
    }

    /// No device that expelled the victim knows it, is linked with it, holds items of it or answers with its hits.
    fn check(&mut self, world: &World) {
        let (victim, name) = (net::key(self.victim), format!("device {}", self.victim));
        for (at, before) in &mut self.by {
            assert!(!world.net.linked(*at, self.victim), "{at} is linked with it");
            let Some(node) = node(world, *at) else { continue };
            let status = node.status(world.now);
            assert!(!node.is_up(victim), "it is a member for {at}");
            assert!(status.peers.iter().all(|peer| peer.key != victim), "{at} knows it");
            for kind in Kind::ALL {
                assert_eq!(node.newest_gossip(victim, kind), None, "{at} took a gossip item of it");
            }
            let later = world.devices[*at].replies.iter().filter(|(reply, _)| !before.contains(reply));
            for (_, response) in later {
                if let Response::Hits { hits, silent, .. } = response {
                    assert!(hits.iter().all(|hit| hit.device != name), "{at} answered with its hits: {hits:?}");
                    assert!(silent.iter().all(|silent| silent.device != name), "{at} waited for it");
                }
            }
            before.extend(world.devices[*at].replies.keys());
        }
    }
}

fn begin_query(world: &mut World, at: usize) {
    if world.devices[at].agent.is_some() {
        world.request(
            at,
            Request::Search { question: "treasure jewel".to_owned(), count: 8, filter: Filter::default() },
        );
    }
}

/// Lets time pass with queries at random devices, and checks all the time.
fn busy(world: &mut World, expelled: &mut Expelled, time: Duration) {
    let end = world.now + time;
    while world.now < end {
        let at = usize::try_from(world.rng.below(DEVICES as u64)).expect("small");
        begin_query(world, at);
        let pause = 1 + world.rng.below(400);
        world.run_until(world.now + Duration::from_millis(pause));
        expelled.check(world);
    }
}

/// The others expel one device, one after another; a crash in between changes nothing; then it is admitted again.
fn removed(seed: u64) -> u64 {
    let mut world = home(seed);
    let victim = usize::try_from(seed).expect("small") % DEVICES;
    let others: Vec<usize> = (0..DEVICES).filter(|at| *at != victim).collect();
    let mut expelled = Expelled { victim, by: Vec::new() };
    for at in &others {
        (0..DEVICES).for_each(|at| begin_query(&mut world, at));
        // While those queries run.
        let pause = world.rng.below(60);
        world.run_until(world.now + Duration::from_millis(pause));
        expelled.expel(&mut world, *at);
        expelled.check(&world);
        busy(&mut world, &mut expelled, Duration::from_secs(5));
    }
    world.crash(others[0]);
    world.run_until(world.after(2));
    world.boot(others[0]);
    busy(&mut world, &mut expelled, MINUTE);
    let began = world.now;
    world.run_until(world.after(60));
    expelled.check(&world);
    let among = |world: &World, at: usize| {
        node(world, at).is_some_and(|node| {
            node.members_up() == DEVICES - 2 && others.iter().all(|other| *other == at || node.is_up(net::key(*other)))
        })
    };
    assert!(others.iter().all(|at| among(&world, *at)), "seed {seed}: the others are one mesh: {}", world.describe());
    assert_eq!(world.reported_down(began), 0, "seed {seed}: no other member is reported down");
    let (hits, _) = world.search(victim, "treasure jewel");
    let alone = hits.iter().all(|hit| hit.device == format!("device {victim}"));
    assert!(alone && !hits.is_empty(), "seed {seed}: nobody answers it: {hits:?}");

    for at in &others {
        world.grant(*at, victim, Rights::ALL);
    }
    let back = world.run_till(5 * MINUTE, World::all_joined);
    assert!(back.is_some(), "seed {seed}: it did not come back: {}", world.describe());
    world.net.loss_permille = 0;
    world.run_until(world.after(120));
    assert_eq!(world.holding(victim, Kind::Headroom), DEVICES, "seed {seed}: its items spread again");
    let (hits, silent) = world.search(others[1], &format!("jewel{victim}x"));
    assert_eq!((hits[0].device.clone(), silent), (format!("device {victim}"), Vec::new()), "seed {seed}");
    world.check_at_rest();
    world.trace
}

#[test]
fn a_device_that_is_expelled_has_no_effect_on_the_others_until_it_is_admitted_again() {
    for seed in 1..=SEEDS {
        println!("seed {seed}");
        assert_eq!(removed(seed), removed(seed), "seed {seed} gave two traces");
    }
}

#[test]
fn a_device_that_only_one_expelled_stays_with_the_others() {
    for seed in 1..=SEEDS {
        let mut world = home(seed);
        let mut expelled = Expelled { victim: 1, by: Vec::new() };
        expelled.expel(&mut world, 0);
        busy(&mut world, &mut expelled, MINUTE);
        let members = (2..DEVICES).filter(|at| node(&world, *at).is_some_and(|node| node.is_up(net::key(1)))).count();
        assert_eq!(members, DEVICES - 2, "seed {seed}: {}", world.describe());
        assert_eq!(world.reported_down(Instant::ZERO), 0, "seed {seed}: {:?}", world.notices);
    }
}
