//! Gossip in a home: items reach every agent, an agent that starts late gets them, old items expire, and a peer that
//! floods or forges is held to its budget.

#[path = "updates.rs"]
mod updates;

use super::{FOLDER, World};
use std::collections::BTreeMap;
use wattle::base::id::{PeerKey, Ring};
use wattle::base::level::Energy;
use wattle::base::time::Duration;
use wattle::limits::{GOSSIP_ORIGIN_BURST, GOSSIP_ORIGIN_RATE};
use wattle::node::input::{Input, LinkInput, Request};
use wattle::scheduler::addition::{Addition, Patterns};
use wattle::sim::net;
use wattle::wire::envelope::unsigned;
use wattle::wire::gossip::{Fact, Gossip, Headroom, Kind, Relayed, TYPE};
use wattle::wire::message::Message;
use wattle::wire::peer_id::PeerId;

/// So many running agents; 5 % of the messages are lost. With `degree`, each agent reaches only so many others.
fn home(seed: u64, devices: usize, degree: Option<usize>) -> World {
    let mut world = World::new(seed, devices);
    world.net.loss_permille = 50;
    if let Some(degree) = degree {
        // A ring with chords: neighbours at distances 1, 2, 4 .. on both sides.
        let near: Vec<usize> = (0..degree / 2).map(|n| 1 << n).collect();
        for a in 0..devices {
            for b in a + 1..devices {
                let apart = (b - a).min(devices - (b - a));
                if !near.contains(&apart) {
                    world.net.cut(a, b);
                }
            }
        }
    }
    (0..devices).for_each(|at| world.boot(at));
    world
}

fn run(world: &mut World, seconds: u64) {
    world.run_until(world.after(seconds));
}

/// Milliseconds until every agent holds every origin's newest headroom.
fn until_all_hold(world: &mut World, limit_s: u64) -> u64 {
    let began = world.now;
    let devices = world.devices.len();
    while (0..devices).any(|origin| world.holding(origin, Kind::Headroom) < devices) {
        world.run_until(world.now + Duration::from_millis(100));
        let missing: Vec<usize> = (0..devices).filter(|at| world.holding(*at, Kind::Headroom) < devices).collect();
        assert!(
            world.now.since(began) < Duration::from_secs(limit_s),
            "the headroom of {missing:?} has not reached all agents"
        );
    }
    u64::try_from(world.now.since(began).as_millis()).unwrap_or(u64::MAX)
}

/// Has an agent publish a headroom, as if it had changed.
fn publish(world: &mut World, origin: usize) {
    let fact = Fact::Headroom(Headroom { quarters: 3, energy: Energy::Surplus, ms_per_task: 7, valid_s: 1_500 });
    let message = world.signer.sign(origin, net::key(origin), &fact);
    world.inject(origin, Input::Signed(message));
    world.run_until(world.now);
}

/// Milliseconds from the moment at which an agent publishes a headroom until every running agent holds it.
fn time_of_one(world: &mut World, origin: usize) -> u64 {
    let devices = world.running().count();
    let step = |world: &mut World| world.run_until(world.now + Duration::from_millis(10));
    publish(world, origin);
    let (began, end) = (world.now, world.after(55));
    while world.holding(origin, Kind::Headroom) < devices {
        step(world);
        let holding = world.holding(origin, Kind::Headroom);
        assert!(world.now < end, "after 55 seconds {holding} of {devices} hold the headroom of {origin}");
    }
    u64::try_from(world.now.since(began).as_millis()).unwrap_or(u64::MAX)
}

#[test]
fn gossip_reaches_every_agent_in_spite_of_losses() {
    for (devices, degree, seeds) in [(5, None, 3), (50, None, 1), (50, Some(12), 1)] {
        let (mut joined, mut spread) = (Vec::new(), Vec::new());
        for seed in 1..=seeds {
            let mut world = home(seed, devices, degree);
            // In a mesh that is not fully linked there is always some item that has not reached all agents yet.
            if degree.is_none() {
                joined.push(until_all_hold(&mut world, 130));
            }
            run(&mut world, 100);
            let (sent, began) = (world.messages_sent(), world.now);
            spread.extend((0..5).map(|n| time_of_one(&mut world, n * devices / 5)));
            let agent_ms = world.now.since(began).as_millis() * devices as u128;
            let per_second = |count: u64| u128::from(count) * 1000 / agent_ms;
            println!(
                "{devices} agents, links {degree:?}, seed {seed}: {} bytes and {} hundredths of a message a second \
                 and agent, before encryption",
                per_second(world.messages_sent().1 - sent.1),
                per_second(100 * (world.messages_sent().0 - sent.0)),
            );
        }
        spread.sort_unstable();
        println!(
            "{devices} agents, links {degree:?}: all agents hold all items {joined:?} ms after the start; one new item reaches all agents after:"
        );
        println!("  median {} ms, last {:?} of {} ms", spread[spread.len() / 2], spread.last(), spread.len());
    }
}

#[test]
fn an_item_crosses_about_one_link_for_each_agent_and_reaches_all_within_a_second() {
    let mut world = home(11, 60, None);
    world.net.loss_permille = 0;
    run(&mut world, 120);
    // The first items make a tree of the links.
    (0..10).for_each(|n| _ = time_of_one(&mut world, n * 6));
    run(&mut world, 30);
    let before = world.messages_sent().1;
    run(&mut world, 60);
    let quiet = world.messages_sent().1 - before;
    let before = world.messages_sent().1;
    let mut slowest = 0;
    for n in 0..30 {
        slowest = slowest.max(time_of_one(&mut world, n * 2 + 1));
        let next = 2_000 - (world.now.millis() % 2_000);
        world.run_until(world.now + Duration::from_millis(next));
    }
    let bytes = (world.messages_sent().1 - before).saturating_sub(quiet) / (30 * 59);
    let item = 170;
    println!(
        "an item costs {bytes} bytes a delivery before encryption, {item} of them its own; all have it after {slowest} ms"
    );
    assert!(bytes < 2 * item, "{bytes} bytes for each agent and item: more than one push and its announcements");
    assert!(slowest < 1_000, "{slowest} ms");
}

#[test]
fn items_reach_everybody_through_losses_churn_and_a_partition() {
    let mut world = home(12, 40, None);
    run(&mut world, 120);
    let mut spread = Vec::new();
    for round in 0..12 {
        let (lost, origin) = (1 + (round * 7) % 39, (round * 11 + 3) % 40);
        world.crash(lost);
        if origin != lost {
            // Half of the time it goes on before the others know of it.
            run(&mut world, if round % 2 == 0 { 1 } else { 20 });
            spread.push(time_of_one(&mut world, origin));
        }
        world.boot(lost);
        run(&mut world, 15);
    }
    spread.sort_unstable();
    println!(
        "under 5 % loss and churn one item reaches all after: median {} ms, last {:?} ms",
        spread[spread.len() / 2],
        spread.last()
    );
    for a in 0..20 {
        (20..40).for_each(|b| _ = world.net.cut(a, b));
    }
    run(&mut world, 60);
    (0..40).for_each(|origin| publish(&mut world, origin));
    // A device that is down by mistake for a moment lacks some until it is linked again.
    let looks = (0..6).map(|_| {
        run(&mut world, 5);
        (0..40).map(|origin| world.holding(origin, Kind::Headroom)).collect::<Vec<_>>()
    });
    let looks: Vec<_> = looks.collect();
    assert!(looks.iter().flatten().all(|held| *held <= 20), "each side has its own: {looks:?}");
    assert!(looks.iter().any(|held| held.iter().all(|held| *held == 20)), "and all of it: {looks:?}");
    world.net.heal();
    let took = until_all_hold(&mut world, 240);
    println!("after a partition all agents hold all items in {took} ms");
    spread = (0..5).map(|n| time_of_one(&mut world, n * 8)).collect();
    assert!(spread.iter().all(|ms| *ms < 30_000), "{spread:?}");
}

#[test]
fn a_seed_gives_the_same_gossip_twice() {
    let trace = |seed| {
        let mut world = home(seed, 12, Some(4));
        run(&mut world, 200);
        world.trace
    };
    assert_eq!(trace(3), trace(3));
    assert_ne!(trace(3), trace(4));
}

#[test]
fn an_agent_that_starts_again_gets_all_items_and_the_others_get_its_new_ones() {
    let mut world = home(2, 5, None);
    until_all_hold(&mut world, 70);
    world.crash(3);
    world.boot(3);
    assert_eq!(world.devices[3].agent.as_ref().expect("running").node.newest_gossip(net::key(0), Kind::Headroom), None);
    let took = until_all_hold(&mut world, 40);
    println!("after a start all agents hold all items again in {took} ms");
    let (boot, _) = world.devices[0]
        .agent
        .as_ref()
        .expect("running")
        .node
        .newest_gossip(net::key(3), Kind::Headroom)
        .expect("published");
    assert_eq!(boot, 2, "an item of the second start is newer than any of the first");
}

fn headroom(world: &World, at: usize, of: usize) -> Option<Headroom> {
    let agent = world.devices[at].agent.as_ref().expect("running");
    let all = agent.node.status(world.now).gossip;
    all.into_iter().find(|gossip| gossip.peer == net::key(of)).expect("known").headroom
}

#[test]
fn the_headroom_of_a_crashed_agent_expires_and_that_of_a_full_disk_is_none() {
    let mut world = home(4, 5, None);
    run(&mut world, 100);
    assert_eq!(headroom(&world, 0, 4).map(|headroom| headroom.quarters), Some(4), "at rest");
    world.crash(4);
    run(&mut world, 121);
    assert_eq!(headroom(&world, 0, 4), None);
    assert!(headroom(&world, 0, 3).is_some(), "the running agents publish it again");
    world.devices[1].agent.as_mut().expect("running").disk_free = 1;
    world.devices[1].files.write(&[FOLDER, b"/a.md"].concat(), b"violin");
    world.add_folder(1);
    run(&mut world, 100);
    assert_eq!(headroom(&world, 0, 1).map(|headroom| headroom.quarters), Some(0), "its disk is full");
}

#[test]
fn shared_collections_are_published_with_their_counts_and_private_ones_are_not() {
    let mut world = home(6, 3, None);
    for (n, ring) in [(0_usize, Ring::Mesh), (1, Ring::Private)] {
        for file in 0..3 {
            world.devices[0]
                .files
                .write(format!("/docs{n}/{file}.md").as_bytes(), format!("violin {n} {file}").as_bytes());
        }
        let (path, collection) = (format!("/docs{n}").into_bytes(), ["letters", "diary"][n].to_owned());
        world.request(
            0,
            Request::Add(Addition {
                path,
                collection,
                unnamed: false,
                ring: Some(ring),
                device: 1,
                patterns: Patterns::default(),
            }),
        );
    }
    world.settle(Duration::from_secs(600));
    run(&mut world, 150);
    let agent = world.devices[2].agent.as_ref().expect("running");
    let published: BTreeMap<PeerKey, Vec<(String, u32, u32)>> = agent
        .node
        .peer_gossip(world.now)
        .into_iter()
        .map(|gossip| {
            let collections =
                gossip.collections.iter().map(|of| (of.name.as_str().to_owned(), of.documents, of.passages));
            (gossip.peer, collections.collect())
        })
        .collect();
    assert_eq!(published[&net::key(0)], [("letters".to_owned(), 3, 3)]);
    assert_eq!(published[&net::key(1)], []);
}

/// A peer pushes an item of any origin over its link, with this last byte of the signature.
fn push(world: &mut World, sender: usize, to: usize, origin: usize, seq: u64, signature: u8) {
    let fact = Fact::Headroom(Headroom { quarters: 1, energy: Energy::Surplus, ms_per_task: 7, valid_s: 120 });
    let mut message = unsigned(PeerId::from_public_key(&net::key(origin).0), TYPE, 9, seq, &fact.encode());
    if let Some(last) = message.last_mut() {
        *last = signature;
    }
    let item = Relayed { hops: 1, age_s: 0, message };
    let gossip = Gossip::Push(Box::new([item].into_iter().collect()));
    let input = Input::Link(net::key(sender), LinkInput::Received(Box::new(Message::Gossip(gossip))));
    world.inject(to, input);
}

#[test]
fn a_peer_that_floods_is_held_to_its_budgets_and_its_forgeries_are_dropped() {
    let mut world = home(8, 5, None);
    world.net.loss_permille = 0;
    until_all_hold(&mut world, 70);
    run(&mut world, 20);
    let before = world.messages_sent();
    run(&mut world, 60);
    let quiet = world.messages_sent().1 - before.1;
    let before = world.messages_sent();
    for n in 1..=6_000 {
        push(&mut world, 4, 0, 4, n, 0);
        push(&mut world, 4, 0, 2, n, 1);
        world.run_until(world.now + Duration::from_millis(10));
    }
    let loud = world.messages_sent().1 - before.1;
    println!("a quiet minute of five agents: {quiet} bytes; with a peer that pushes 12,000 items: {loud} bytes");
    let agent = world.devices[1].agent.as_ref().expect("running");
    assert!(
        agent.node.newest_gossip(net::key(4), Kind::Headroom).expect("held").0 == 9,
        "its own items are forwarded, within its budget"
    );
    // What the first agent accepts goes to three others, and from each of them to two.
    let taken = GOSSIP_ORIGIN_BURST + 60 * GOSSIP_ORIGIN_RATE;
    assert!(loud < 2 * quiet + 10 * taken, "{loud} bytes, {quiet} in quiet");
    assert_ne!(headroom(&world, 0, 2).map(|headroom| headroom.quarters), Some(1), "the forgery is not accepted");
    assert_eq!(
        world.devices[0]
            .agent
            .as_ref()
            .expect("running")
            .node
            .status(world.now)
            .peers
            .iter()
            .filter(|peer| peer.linked)
            .count(),
        4,
        "the links stay up"
    );
    run(&mut world, 70);
    assert!(
        (0..4).all(|origin| world.holding(origin, Kind::Headroom) == 5),
        "the items of the others spread as before"
    );
}

#[test]
fn items_of_unknown_origins_are_dropped_unverified() {
    let mut world = home(9, 3, None);
    run(&mut world, 30);
    push(&mut world, 1, 0, 77, 1, 0);
    run(&mut world, 1);
    let agent = world.devices[0].agent.as_ref().expect("running");
    assert_eq!(agent.node.newest_gossip(net::key(77), Kind::Headroom), None);
}
