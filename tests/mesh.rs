//! The mesh in the simulator: who joins, who is found to be down and who is not, from a seed.
//! Figures for larger meshes: `cargo bench --bench mesh`.

#![allow(clippy::expect_used, reason = "tests fail by panicking; clippy spares only the test functions themselves")]

use wattle::base::filter::Filter;
use wattle::base::time::Duration;
use wattle::limits::{LINKS_CROWDED, LINKS_MAX, LINKS_WANTED, SILENT_NAMED_MAX};
use wattle::node::input::{Input, LinkInput, Request};
use wattle::node::output::{Notice, Response};
use wattle::sim::net;
use wattle::sim::world::World;
use wattle::wire::message::{MemberDigest, Message};

const MINUTE: Duration = Duration::from_secs(60);

/// A mesh in which every agent knows every PeerId, and the address of the first agent only.
fn mesh(seed: u64, devices: usize) -> World {
    let mut world = World::new(seed, devices);
    world.bootstrap = Some(vec![0]);
    world.net.delay_ms_max = 8;
    world.net.datagram_loss_permille = 10;
    (0..devices).for_each(|at| world.boot(at));
    world
}

fn joined(seed: u64, devices: usize) -> World {
    let mut world = mesh(seed, devices);
    let time = world.run_till(5 * MINUTE, World::all_joined);
    assert!(time.is_some(), "seed {seed}: {devices} did not join: {}", world.describe());
    println!("seed {seed}: {devices} joined after {time:?}, {} inputs", world.inputs);
    world
}

#[test]
fn all_join_by_one_address_and_a_seed_gives_the_same_trace_twice() {
    for (devices, seeds) in [(2, 5), (5, 10), (50, 2)] {
        for seed in 1..=seeds {
            let (one, other) = (joined(seed, devices), joined(seed, devices));
            assert_eq!(one.trace, other.trace, "seed {seed} gave two traces");
            assert_eq!(one.reported_down(wattle::base::time::Instant::ZERO), 0, "seed {seed}");
        }
    }
}

#[test]
fn more_agents_than_one_has_links_can_join_by_its_address() {
    for seed in [1, 4] {
        join_by_one_address(seed);
    }
}

fn join_by_one_address(seed: u64) {
    let devices = LINKS_MAX + 26;
    let mut world = mesh(seed, devices);
    let full = world.run_till(MINUTE, |world| world.net.links_of(0).len() == LINKS_MAX);
    assert!(full.is_some(), "its links are all taken");
    let time = world.run_till(20 * Duration::from_secs(1), World::all_joined);
    println!("{devices} joined after {time:?}");
    assert!(time.is_some(), "{}", world.describe());
    world.run_until(world.after(30));
    let most = (0..devices).map(|at| world.net.links_of(at).len()).max();
    assert!(most.is_some_and(|most| most < LINKS_CROWDED), "{most:?}: a large mesh needs few links");
    // Most pairs have no link yet, so that a probe may come late and its target be a suspect; it hears of that in time.
    assert_eq!(world.reported_down(wattle::base::time::Instant::ZERO), 0, "nobody is taken for down");
}

#[test]
fn in_a_large_mesh_a_query_names_agents_that_do_not_answer_and_counts_those_not_asked() {
    let mut world = joined(2, 50);
    world.run_until(world.after(20));
    (1..=20).for_each(|at| world.crash(at));
    assert!(world.run_till(2 * MINUTE, World::all_joined).is_some(), "{}", world.describe());
    world.run_until(world.after(20));
    let reply =
        world.request(0, Request::Search { question: "violin".to_owned(), count: 3, filter: Filter::default() });
    world.run_until(world.after(15));
    let Response::Hits { asked, answered, silent, not_asked, nothing_else, .. } = world.reply(0, reply) else {
        panic!("no hits")
    };
    let near = nothing_else.len();
    println!("asked {asked}, answered {answered}, not asked {not_asked} and {near}, silent {silent:?}");
    assert_eq!(asked + not_asked + near, 50, "every agent is in one of the three");
    assert_eq!(asked - answered, 20, "crashed agents do not answer");
    assert_eq!(silent.len(), SILENT_NAMED_MAX);
    assert!(silent.iter().all(|silent| (1..=20).any(|at| silent.device == format!("device {at}"))), "{silent:?}");
    // None has any documents, and those that have said so are not asked.
    assert!(not_asked > 0 && asked - 21 + near >= LINKS_WANTED / 2, "the neighbours are asked: {asked}, {near}");
}

#[test]
fn a_crashed_agent_is_down_for_all_and_comes_back() {
    for (devices, seeds) in [(5, 10), (50, 2)] {
        for seed in 1..=seeds {
            let mut world = joined(seed, devices);
            world.run_until(world.after(20));
            let before = world.now;
            world.crash(1);
            let time = world.run_till(MINUTE, |world| world.count_seen_up(1) == 0);
            let time = time.unwrap_or_else(|| panic!("seed {seed}: it still counts as up: {}", world.describe()));
            world.run_until(world.after(5));
            assert_eq!(world.reported_down(before), devices - 1, "seed {seed}: nobody else is down");
            world.boot(1);
            let back = world.run_till(MINUTE, World::all_joined);
            println!("seed {seed}: {devices}: down for all after {time:?}, back after {back:?}");
            assert!(back.is_some(), "seed {seed}: it did not come back: {}", world.describe());
        }
    }
}

#[test]
fn twenty_suspensions_of_three_seconds_take_nobody_down() {
    for seed in 1..=10 {
        let mut world = joined(seed, 5);
        let before = world.now;
        for round in 0..20 {
            world.stall(round % 5, Duration::from_secs(3));
            world.run_until(world.after(10));
        }
        assert_eq!(world.reported_down(before), 0, "seed {seed}: {:?}", world.notices);
        assert!(world.all_joined());
    }
}

#[test]
fn an_agent_cut_off_from_some_is_up_while_others_reach_it() {
    for seed in 1..=10 {
        let mut world = joined(seed, 5);
        world.run_until(world.after(5));
        let before = world.now;
        world.cut_one_way(1, 2);
        world.cut(3, 4);
        world.run_until(world.after(300));
        assert_eq!(world.reported_down(before), 0, "seed {seed}: {:?}", world.notices);
    }
}

#[test]
fn without_datagrams_the_links_carry_the_probes() {
    for seed in 1..=5 {
        let mut world = joined(seed, 5);
        let before = world.now;
        world.net.datagram_loss_permille = 1000;
        world.run_until(world.after(120));
        assert_eq!(world.reported_down(before), 0, "seed {seed}: {:?}", world.notices);
        world.crash(3);
        let time = world.run_till(MINUTE, |world| world.count_seen_up(3) == 0);
        assert!(time.is_some(), "seed {seed}: the crash is noticed");
        world.boot(3);
        assert!(world.run_till(MINUTE, World::all_joined).is_some(), "seed {seed}: {}", world.describe());
    }
}

#[test]
fn false_claims_that_a_member_is_down_are_refuted_and_the_claimant_is_quarantined() {
    for (seed, devices) in [(1, 5), (2, 5), (3, 5), (4, 50)] {
        let mut world = joined(seed, devices);
        world.run_until(world.after(5));
        for claim in 0..6_u16 {
            world.claim_down(1, 2, 100 * claim);
            let back = world.run_till(MINUTE, |world| world.count_seen_up(2) == devices - 1);
            assert!(back.is_some_and(|time| time < Duration::from_secs(10)), "seed {seed}: {back:?}");
            world.run_until(world.after(30));
            assert!(world.all_joined(), "seed {seed}: {}", world.describe());
        }
        let quarantined = world.notices.iter().filter(|(.., notice)| matches!(notice, Notice::Quarantined(_))).count();
        let others = world.notices.iter().filter_map(|(.., notice)| match notice {
            Notice::Quarantined(name) => Some(name.as_str()),
            _ => None,
        });
        assert!(others.clone().all(|name| name == "device 1"), "seed {seed}: {:?}", others.collect::<Vec<_>>());
        println!(
            "seed {seed}: {quarantined} of {devices} quarantined the claimant; down {}",
            world.reported_down(world.now)
        );
        assert!(quarantined > 0, "seed {seed}: no agent quarantined it: {:?}", world.notices);
    }
}

#[test]
fn an_agent_suspended_for_ten_minutes_is_down_meanwhile_and_back_afterwards() {
    for seed in 1..=5 {
        let mut world = joined(seed, 5);
        world.run_until(world.after(10));
        world.suspend(2, 10 * MINUTE);
        let time = world.run_till(MINUTE, |world| world.count_seen_up(2) == 0);
        assert!(time.is_some(), "seed {seed}: it does not answer");
        world.run_until(world.after(590));
        assert_eq!(world.count_seen_up(2), 0, "seed {seed}: it is suspended");
        let before = world.now;
        let back = world.run_till(2 * MINUTE, World::all_joined);
        println!("seed {seed}: down after {time:?}, back {back:?}");
        assert!(back.is_some(), "seed {seed}: {}", world.describe());
        assert_eq!(world.reported_down(before), 0, "seed {seed}: it takes nobody for down after its suspension");
    }
}

#[test]
fn agents_that_restart_all_the_time_agree_in_the_end() {
    for seed in 1..=5 {
        let mut world = mesh(seed, 20);
        for _ in 0..60 {
            let at = 1 + usize::try_from(world.rng.below(19)).expect("small");
            if world.devices[at].agent.is_some() {
                world.crash(at);
            } else {
                world.boot(at);
            }
            let pause = world.rng.below(8_000);
            world.run_until(world.now + Duration::from_millis(pause));
        }
        for at in (3..20).step_by(3) {
            if world.devices[at].agent.is_none() {
                world.boot(at);
            }
        }
        let time = world.run_till(3 * MINUTE, World::all_joined);
        println!("seed {seed}: agreed after {time:?}");
        assert!(time.is_some(), "seed {seed}: {}", world.describe());
    }
}

#[test]
fn an_agent_with_an_old_boot_counter_renews_its_generation() {
    for seed in 1..=5 {
        let mut world = joined(seed, 5);
        for _ in 0..4 {
            world.crash(3);
            world.boot(3);
            world.run_until(world.after(10));
        }
        world.crash(3);
        world.run_until(world.after(30));
        world.devices[3].boots = 0;
        world.boot(3);
        let back = world.run_till(MINUTE, World::all_joined);
        assert!(back.is_some(), "seed {seed}: {}", world.describe());
        assert!(world.devices[3].boots > 4, "seed {seed}: its counter is above the old one");
    }
}

/// Whole member lists, or parts of them, and hashes of them that all agents sent: messages and bytes.
fn lists_and_digests(world: &World) -> [(u64, u64); 2] {
    ["roll", "roll-digest"].map(|kind| {
        let of = world.devices.iter().filter_map(|device| device.sent.kinds.get(kind));
        of.fold((0, 0), |sum, (messages, bytes)| (sum.0 + messages, sum.1 + bytes))
    })
}

#[test]
fn a_large_mesh_compares_member_lists_by_hashes_and_agents_of_before_get_whole_ones() {
    let mut world = joined(1, 40);
    world.run_until(world.after(60));
    let since = |world: &World, before: [(u64, u64); 2]| {
        let [lists, digests] = lists_and_digests(world);
        [lists.0 - before[0].0, digests.0 - before[1].0]
    };
    let before = lists_and_digests(&world);
    world.run_until(world.after(600));
    // 20 exchanges of each agent, of which one in sixteen is of whole lists.
    let [lists, digests] = since(&world, before);
    assert!(lists < 200 && digests > 1_300, "{lists} lists, {digests} digests");

    // Hashes that differ in one part: the answer is this agent's own, and the members of that part.
    let peer = world.net.links_of(7)[0];
    let mut hashes = world.devices[7].agent.as_ref().expect("it runs").node.member_hashes();
    let in_part = |part: usize| (0..40).filter(|at| usize::from(net::key(*at).0[0] >> 4) == part).count() as u64;
    let part = (0..16).max_by_key(|part| in_part(*part)).expect("there are sixteen");
    hashes.0[part] = [9; 8];
    let sent = |world: &World| ["roll", "roll-digest"].map(|kind| world.devices[7].sent.kinds[kind]);
    let before = sent(&world);
    let digest = Message::MemberDigest(MemberDigest { ask: true, hashes });
    world.inject(7, Input::Link(net::key(peer), LinkInput::Received(Box::new(digest))));
    world.run_until(world.now);
    let [(lists, bytes), (digests, _)] = sent(&world);
    assert_eq!((lists - before[0].0, digests - before[1].0), (1, 1));
    let members = in_part(part);
    assert!(members > 1 && bytes - before[0].1 < net::LINK_BYTES + 10 + 60 * members, "{members} members");

    // Half of them are of before: with them it is a whole list each time but the first.
    world.net.old = (0..40).step_by(2).collect();
    let before = lists_and_digests(&world);
    world.run_until(world.after(600));
    let [lists, _] = since(&world, before);
    assert!(lists > 500, "{lists} lists");
    assert!(world.all_joined());
}
