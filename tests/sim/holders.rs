//! Holders of keys in a home: two live devices with one key, a home restored from a copy, a lost count of starts, and a member
//! that raises the counts of others.

use super::{FOLDER, World};
use wattle::base::finding::Area;
use wattle::base::time::{Duration, Instant};
use wattle::node::output::Notice;
use wattle::sim::net;

const DEVICES: usize = 4;
/// A copy of device 1, which is not there at first.
const COPY: usize = DEVICES;
const SEEDS: u64 = 3;
const MINUTE: Duration = Duration::from_secs(60);

/// A home at rest, whose devices have a file each that no other has.
fn home(seed: u64, loss_permille: u64) -> World {
    let mut world = World::new(seed, DEVICES + 1);
    (world.net.loss_permille, world.net.datagram_loss_permille) = (loss_permille, loss_permille);
    world.copy_card(1, COPY);
    for at in 0..=COPY {
        let text = format!("The treasure of device {at} is called jewel{at}x.");
        world.devices[at].files.write(&[FOLDER, b"/treasure.md"].concat(), text.as_bytes());
    }
    for at in 0..DEVICES {
        world.boot(at);
        world.add_folder(at);
    }
    world.settle(Duration::from_secs(3600));
    world.run_until(world.after(60));
    world
}

fn restart(world: &mut World, at: usize) {
    world.crash(at);
    world.run_until(world.after(5));
    world.boot(at);
    world.run_until(world.after(10));
}

/// The sentences of a device's status about this area.
fn findings(world: &World, at: usize, area: Area) -> Vec<String> {
    let agent = world.devices[at].agent.as_ref().expect("running");
    let findings = agent.node.status(world.now).findings;
    findings.into_iter().filter(|finding| finding.area == area).map(|finding| finding.what).collect()
}

fn is_told(world: &World, at: usize) -> bool {
    findings(world, at, Area::Peers).iter().any(|what| what.contains("Two devices use the same key"))
}

/// Whether a search at `at` finds the treasure of `of`.
fn finds(world: &mut World, at: usize, of: usize) -> bool {
    let jewel = format!("jewel{of}x");
    world.search(at, &jewel).0.iter().any(|hit| hit.text.contains(&jewel))
}

/// How often a device lost its link to a device of this name.
fn links_lost(world: &World, at: usize, name: &str, since: Instant) -> usize {
    let lost = |notice: &Notice| matches!(notice, Notice::Unlinked(device, _) if device == name);
    world.notices.iter().filter(|(when, device, notice)| *when >= since && *device == at && lost(notice)).count()
}

/// A copy of device 1 starts beside it; `restarts` of the copy first give it another count of starts.
fn copied(seed: u64, restarts: u32) -> u64 {
    let mut world = home(seed, 0);
    restart(&mut world, 1);
    world.run_until(world.after(60));
    world.copy_card(1, COPY);
    world.devices[COPY].boots += restarts;
    let began = world.now;
    world.boot(COPY);
    world.add_folder(COPY);
    let told = world.run_till(MINUTE, |world| (0..=COPY).all(|at| is_told(world, at)));
    let who: Vec<bool> = (0..=COPY).map(|at| is_told(&world, at)).collect();
    assert!(told.is_some(), "seed {seed}: not all are told within a minute: {who:?}");
    // Each agent that sees both freezes both: none of them knows which is the right one.
    world.run_until(world.after(120));
    let generation = world.devices[1].agent.as_ref().expect("running").node.generation();
    for _ in 0..6 {
        for at in [0, 2, 3] {
            for of in [1, COPY] {
                assert!(!finds(&mut world, at, of), "seed {seed}: device {at} asks neither of them");
                assert!(!finds(&mut world, of, at), "seed {seed}: and device {at} answers neither");
            }
            let other = (at + 2) % DEVICES;
            assert!(other == 1 || finds(&mut world, at, other), "seed {seed}: the others answer each other");
        }
        assert!(finds(&mut world, 1, 1), "seed {seed}: its own documents answer");
    }
    assert!(world.now.since(began) > 10 * MINUTE);
    for at in [0, 2, 3] {
        assert_eq!(links_lost(&world, at, "device 1", began), 0, "seed {seed}: device {at} keeps its link");
    }
    assert!((0..=COPY).all(|at| is_told(&world, at)), "seed {seed}: and they are told as long as it is so");
    assert_eq!(world.reported_down(began), 0, "seed {seed}: {:?}", world.notices);
    let later = world.devices[1].agent.as_ref().expect("running").node.generation();
    assert!(later - generation <= 1, "seed {seed}: the two do not drive their counts up: {generation} to {later}");
    // The first one goes: the copy is let in, and after five minutes it is a device like any other.
    world.crash(1);
    world.run_until(world.after(540));
    assert!((0..=COPY).all(|at| at == 1 || !is_told(&world, at)), "seed {seed}: nobody is told of two any more");
    assert!([0, 2, 3].into_iter().all(|at| finds(&mut world, at, COPY)), "seed {seed}: what it has is found");
    world.trace
}

#[test]
fn of_two_live_holders_of_one_key_all_are_told_within_a_minute_and_both_are_frozen_until_one_has_ended() {
    for seed in 1..=SEEDS {
        println!("seed {seed}");
        let restarts = u32::try_from(seed % 3).expect("small");
        assert_eq!(copied(seed, restarts), copied(seed, restarts), "seed {seed} gave two traces");
    }
}

#[test]
fn a_restart_of_a_device_is_no_second_holder_of_its_key() {
    for seed in 1..=SEEDS {
        let mut world = home(seed, 20);
        for round in 0..6 {
            let pause = world.rng.below(4_000);
            world.crash(1 + round % 2);
            world.run_until(world.now + Duration::from_millis(pause));
            world.boot(1 + round % 2);
            world.run_until(world.after(20));
        }
        assert!((0..DEVICES).all(|at| !is_told(&world, at)), "seed {seed}");
    }
}

/// Device 1 starts with this count in place of its own, while the others run.
fn behind(seed: u64, boots: u32) {
    let mut world = home(seed, 20);
    (0..4).for_each(|_| restart(&mut world, 1));
    let before = world.devices[1].boots;
    world.crash(1);
    world.run_until(world.after(20));
    world.devices[1].boots = boots;
    world.boot(1);
    let heard = |world: &World| {
        let node = |at: usize| &world.devices[at].agent.as_ref().expect("running").node;
        (0..DEVICES).all(|at| at == 1 || (node(at).is_up(net::key(1)) && node(1).is_up(net::key(at))))
            && world.devices[1].boots > before
    };
    let back = world.run_till(MINUTE, heard);
    println!("seed {seed}: from start {boots}, of which {before} was known, heard again after {back:?}");
    assert!(back.is_some_and(|time| time < Duration::from_secs(15)), "seed {seed}: {back:?}: {}", world.describe());
    world.net.loss_permille = 0;
    world.run_until(world.after(30));
    for at in [0, 2, 3] {
        assert!(finds(&mut world, at, 1) && finds(&mut world, 1, at), "seed {seed}: {at} and 1 answer each other");
        assert_eq!(findings(&world, at, Area::Messages), [""; 0], "seed {seed}: and nothing of it is refused any more");
        assert!(!is_told(&world, at), "seed {seed}: it is no second device");
    }
    let newest = wattle::wire::gossip::Kind::Headroom;
    // One that was published just now is on its way.
    let all = world.run_till(MINUTE, |world| world.holding(1, newest) == DEVICES);
    assert!(
        all.is_some_and(|time| time < Duration::from_secs(10)),
        "seed {seed}: its gossip is the newest for all: {all:?}"
    );
}

#[test]
fn a_restored_home_and_a_lost_count_of_starts_go_on_within_seconds() {
    for seed in 1..=SEEDS {
        // The last: its next start has the count of the one that ended, and uses its messages' numbers again.
        for boots in [0, 2, 4] {
            behind(seed, boots);
        }
    }
}

#[test]
fn one_member_cannot_raise_the_count_of_another_far_nor_make_it_mute() {
    for seed in 1..=SEEDS {
        let mut world = home(seed, 0);
        let before = world.devices[2].boots;
        for second in 0..62_u32 {
            // Always far above what the victim has, and now and then as far as the number goes.
            let own = world.devices[2].agent.as_ref().expect("running").node.generation();
            let far = if second % 7 == 0 { u32::MAX } else { own + (1 << (second % 21)) };
            world.claim_generation(1, 2, far);
            world.run_until(world.after(1));
        }
        let raised = world.devices[2].boots - before;
        // A thousand by its own word, and a little by the word of those whom it misled, every five seconds.
        assert!(raised <= 1025 + 13 * 17, "seed {seed}: raised by {raised}");
        assert!(finds(&mut world, 0, 2) && finds(&mut world, 3, 2), "seed {seed}: it answers all the while");
        world.run_until(world.after(60));
        assert_eq!(world.count_seen_up(2), DEVICES - 1, "seed {seed}: it is up for all: {}", world.describe());
        let named = |at| {
            findings(&world, at, Area::Peers).iter().any(|what| what.starts_with("device 1 says that this device"))
        };
        assert!(named(2), "seed {seed}: the victim names the liar: {:?}", findings(&world, 2, Area::Peers));
        assert!(!named(0) && !named(3), "seed {seed}");
    }
}
