//! The bounded simulation: runs of one agent and of homes, each from a seed, with edits, renames, crashes, power cuts, losses and partitions. A seed that failed once joins `SEEDS_THAT_FAILED` and runs for ever.
#![allow(clippy::expect_used, reason = "tests fail by panicking; clippy spares only the test functions themselves")]

#[path = "sim/certificates.rs"]
mod certificates;
#[path = "sim/gossip.rs"]
mod gossip;
#[path = "sim/holders.rs"]
mod holders;
#[path = "sim/host.rs"]
mod host;
#[path = "sim/pairing.rs"]
mod pairing;
#[path = "sim/rings.rs"]
mod rings;
#[path = "sim/spread.rs"]
mod spread;
#[path = "sim/trust.rs"]
mod trust;
#[path = "sim/vectors.rs"]
mod vectors;
#[path = "sim/work.rs"]
mod work;

use std::collections::BTreeSet;
use wattle::base::id::Ring;
use wattle::base::rng::Rng;
use wattle::base::time::Duration;
use wattle::energy::decision::Decision;
use wattle::energy::fraction::Fraction;
use wattle::node::input::{Input, Request};
use wattle::node::output::{RankedHit, Response};
use wattle::sim::injected_bug::InjectedBug;
use wattle::sim::world::{FOLDER, World};
use wattle::store::record::Source;

const SEEDS: u64 = 60;
/// Homes of twenty devices; `WATTLE_SIM_HOMES` asks for more.
const HOMES: u64 = 8;
const BUG_HOMES: u64 = 8;
const SEEDS_THAT_FAILED: [u64; 0] = [];

const WORDS: [&str; 24] = [
    "heat", "pump", "valve", "garden", "wattle", "fence", "solar", "tax", "letter", "bread", "recipe", "boiler",
    "battery", "winter", "oak", "river", "stone", "school", "train", "ticket", "music", "violin", "harbour", "lamp",
];

/// How many seeds a scenario runs: so many, or as many as `WATTLE_SIM_SEEDS` asks for.
fn seeds(few: u64) -> u64 {
    #[expect(clippy::disallowed_methods, reason = "for a long run by hand")]
    std::env::var("WATTLE_SIM_SEEDS").map_or(few, |many| many.parse().expect("a number"))
}

fn prose(rng: &mut Rng, paragraphs: u64) -> String {
    let mut text = String::new();
    for n in 0..paragraphs {
        if rng.one_in(3) {
            text += &format!("# Heading {n}\n\n");
        }
        for _ in 0..=rng.below(120) {
            text += WORDS[usize::try_from(rng.below(24)).unwrap_or(0)];
            text.push(' ');
        }
        text += "end.\n\n";
    }
    text
}

fn path(rng: &mut Rng) -> Vec<u8> {
    let (folder, file) = (rng.below(4), rng.below(12));
    [FOLDER, format!("/{folder}/{file}.md").as_bytes()].concat()
}

/// One random edit of a device's files.
fn edit(world: &mut World, at: usize) {
    let mut rng = world.rng.clone();
    world.rng.next();
    match rng.below(10) {
        0 => {
            let path = path(&mut rng);
            world.devices[at].files.remove(&path);
            world.touched(at, &path);
        }
        1 => {
            let (from, to) = (rng.below(4), rng.below(8));
            let name = |n| [FOLDER, format!("/{n}").as_bytes()].concat();
            world.devices[at].files.rename_folder(&name(from), &name(to));
            world.touched(at, &name(from));
            world.touched(at, &name(to));
        }
        2 => {
            let path = path(&mut rng);
            world.devices[at].files.write(&path, if rng.one_in(2) { b" \n" } else { b"\0\x01binary" });
            world.touched(at, &path);
        }
        _ => {
            let path = path(&mut rng);
            let paragraphs = 1 + rng.below(6);
            let text = prose(&mut rng, paragraphs);
            world.devices[at].files.write(&path, text.as_bytes());
            world.touched(at, &path);
        }
    }
}

fn run_alone(seed: u64) -> (u64, u64) {
    let mut world = World::new(seed, 1);
    (0..20).for_each(|_| edit(&mut world, 0));
    world.boot(0);
    let added = world.add_folder(0);
    world.run_until(world.after(1));
    assert_eq!(world.reply(0, added), Response::Added);
    for _ in 0..40 {
        match world.rng.below(8) {
            0 => {
                world.crash(0);
                (0..world.rng.below(4)).for_each(|_| edit(&mut world, 0));
                world.boot(0);
            }
            _ => edit(&mut world, 0),
        }
        let pause = world.rng.below(3_000);
        world.run_until(world.now + Duration::from_millis(pause));
    }
    world.settle(Duration::from_secs(3 * 60 * 60));
    world.check_at_rest();
    (world.trace, world.inputs)
}

#[test]
fn every_file_ends_in_exactly_one_state_and_a_seed_gives_the_same_trace_twice() {
    let mut traces = BTreeSet::new();
    let mut inputs = 0;
    for seed in (1..=SEEDS).chain(SEEDS_THAT_FAILED) {
        println!("seed {seed}");
        let (trace, handled) = run_alone(seed);
        assert_eq!(run_alone(seed).0, trace, "seed {seed} gave two traces");
        traces.insert(trace);
        inputs += handled;
    }
    assert_eq!(traces.len() as u64, SEEDS + SEEDS_THAT_FAILED.len() as u64, "different seeds give different traces");
    println!("{SEEDS} seeds, each twice, {inputs} inputs");
}

#[test]
fn an_acknowledged_folder_outlives_a_power_cut_at_any_moment() {
    for cut_ms in 0..60 {
        let mut world = World::new(cut_ms, 1);
        world.boot(0);
        let added = world.add_folder(0);
        world.run_until(world.now + Duration::from_millis(cut_ms));
        let acknowledged = world.devices[0].replies.contains_key(&added);
        world.crash(0);
        world.boot(0);
        let agent = world.devices[0].agent.as_ref().expect("it was just started");
        let known = !agent.node.status(world.now).sources.is_empty();
        assert!(known || !acknowledged, "an acknowledged folder was lost by a cut after {cut_ms} ms");
    }
}

#[test]
fn any_decision_of_a_governor_is_obeyed_and_no_file_is_lost_by_it() {
    let run = |seed: u64| {
        let mut world = World::new(seed, 1);
        (0..20).for_each(|_| edit(&mut world, 0));
        let decision = world.random_decision();
        world.set_decision(0, decision);
        world.boot(0);
        let added = world.add_folder(0);
        world.run_until(world.after(1));
        assert_eq!(world.reply(0, added), Response::Added);
        for _ in 0..60 {
            match world.rng.below(8) {
                0 => {
                    world.crash(0);
                    world.boot(0);
                }
                1 => _ = world.request(0, Request::search("heat pump", 3)),
                2..=4 => edit(&mut world, 0),
                5 => {
                    // A full disk holds work that the governor would allow.
                    let free = if world.rng.one_in(2) { 1 } else { u64::MAX };
                    world.devices[0].agent.as_mut().expect("running").disk_free = free;
                    world.inject(0, Input::Disk { free });
                }
                _ => {
                    let decision = world.random_decision();
                    world.set_decision(0, decision);
                }
            }
            let pause = world.rng.below(3_000);
            world.run_until(world.now + Duration::from_millis(pause));
        }
        world.devices[0].agent.as_mut().expect("running").disk_free = u64::MAX;
        world.inject(0, Input::Disk { free: u64::MAX });
        // At a tenth of a core it takes longer, but everything is done.
        let slow = Decision { workers: 1, duty: Fraction::new(0.1), chunks: 1, ..Decision::default() };
        world.set_decision(0, slow);
        world.settle(Duration::from_secs(6 * 60 * 60));
        world.check_at_rest();
        (world.trace, embedded(&world))
    };
    let runs: Vec<_> = (1..=SEEDS).map(|seed| (run(seed), run(seed))).collect();
    assert!(runs.iter().all(|(a, b)| a == b), "a seed gave two traces");
    assert!(runs.iter().map(|(run, _)| run.1).sum::<u64>() > SEEDS, "something was embedded");
}

fn embedded(world: &World) -> u64 {
    world.devices[0].agent.as_ref().expect("running").embedder.texts
}

#[test]
fn a_renamed_folder_embeds_nothing_and_answers_from_its_new_place() {
    let mut world = World::new(5, 1);
    for n in 0..20 {
        let text = prose(&mut world.rng, 4);
        world.devices[0].files.write(&[FOLDER, format!("/old/{n}.md").as_bytes()].concat(), text.as_bytes());
    }
    world.boot(0);
    world.add_folder(0);
    world.settle(Duration::from_secs(3600));
    let before = embedded(&world);
    world.devices[0].files.rename_folder(&[FOLDER, b"/old"].concat(), &[FOLDER, b"/new"].concat());
    world.touched(0, &[FOLDER, b"/old"].concat());
    world.touched(0, &[FOLDER, b"/new"].concat());
    world.settle(Duration::from_secs(3600));
    world.check_at_rest();
    assert_eq!(embedded(&world), before, "nothing is embedded again");
    let (hits, _) = world.search(0, "violin harbour lamp");
    assert!(!hits.is_empty() && hits.iter().all(|hit| hit.path.starts_with(b"/docs/new/")));
}

#[test]
fn on_a_full_disk_nothing_new_starts_and_searches_go_on() {
    let mut world = World::new(9, 1);
    let write = |world: &mut World, name: &[u8], text: &[u8]| {
        let path = [FOLDER, name].concat();
        world.devices[0].files.write(&path, text);
        world.touched(0, &path);
    };
    write(&mut world, b"/a.md", b"the violin is in the harbour");
    world.boot(0);
    world.add_folder(0);
    world.settle(Duration::from_secs(600));
    world.devices[0].agent.as_mut().expect("running").disk_free = 1;
    // The next save reports the full disk; the one after must not happen.
    write(&mut world, b"/b.md", b"bread recipe");
    world.run_until(world.after(5));
    write(&mut world, b"/c.md", b"tax letter");
    world.run_until(world.after(60));
    let status = world.devices[0].agent.as_ref().expect("running").node.status(world.now);
    assert!(status.work.held.is_some_and(|why| why.contains("MiB free")));
    assert!(!world.search(0, "violin").0.is_empty());
    let add = world.add_folder(0);
    world.run_until(world.after(1));
    assert!(matches!(world.reply(0, add), Response::Refused(..)));
    world.devices[0].agent.as_mut().expect("running").disk_free = u64::MAX;
    world.settle(Duration::from_secs(600));
    world.check_at_rest();
}

/// A run of a home of so many devices with files, crashes, cuts and searches. In the end every device finds what the
/// others have.
fn home(seed: u64, devices: usize, bug: Option<InjectedBug>) -> (u64, u64) {
    let mut world = World::new(seed, devices);
    (world.net.loss_permille, world.bug) = (50, bug);
    for at in 0..devices {
        let text = format!("The treasure of device {at} is a {} called jewel{at}x.", WORDS[at % WORDS.len()]);
        world.devices[at].files.write(&[FOLDER, b"/treasure.md"].concat(), text.as_bytes());
        world.boot(at);
        world.add_folder(at);
    }
    for _ in 0..12 {
        let at = usize::try_from(world.rng.below(devices as u64)).expect("small");
        match world.rng.below(5) {
            0 => {
                world.crash(at);
                let pause = world.rng.below(2_000);
                world.run_until(world.now + Duration::from_millis(pause));
                world.boot(at);
            }
            1 => world.cut(at, (at + 1) % devices),
            2 => world.net.heal(),
            3 => {
                world.request(at, Request::search("treasure jewel", 5));
            }
            _ => edit(&mut world, at),
        }
        let asked = usize::try_from(world.rng.below(devices as u64)).expect("small");
        world.request(asked, Request::search("violin harbour", 5));
        let pause = world.rng.below(2_000);
        world.run_until(world.now + Duration::from_millis(pause));
    }
    world.net.heal();
    // A device may have gone down before it acknowledged its folder; the request is made again, as a person would.
    for at in 0..devices {
        world.add_folder(at);
    }
    world.net.loss_permille = 0;
    // A few more edits without faults: nothing that goes wrong here is repaired by a later start.
    for _ in 0..3 {
        (0..devices).for_each(|at| edit(&mut world, at));
        world.run_until(world.after(3));
    }
    world.settle(Duration::from_secs(3 * 60 * 60));
    world.check_at_rest();
    world.run_until(world.after(120));
    for at in [0, devices - 1] {
        let other = (at + devices / 2) % devices;
        let before = world.devices[at].replies.len();
        let (hits, silent) = world.search(at, &format!("jewel{other}x"));
        assert_eq!(world.devices[at].replies.len(), before + 1);
        assert_eq!(silent, Vec::<String>::new(), "every device answers");
        assert_eq!(hits[0].device, format!("device {other}"), "seed {seed}: {hits:?}");
    }
    (world.trace, world.inputs)
}

#[test]
fn two_devices_find_what_the_other_has() {
    for seed in 1..=20 {
        assert_eq!(home(seed, 2, None), home(seed, 2, None), "seed {seed}");
    }
}

#[test]
fn twenty_devices_with_losses_crashes_and_cuts_find_what_the_others_have_and_a_seed_repeats() {
    #[expect(clippy::disallowed_methods, reason = "scripts/check sets how many homes to run")]
    let many = std::env::var("WATTLE_SIM_HOMES").map_or(HOMES, |many| many.parse().unwrap());
    let run_from = |first: u64| {
        let twice = |seed: u64| {
            println!("seed {seed}");
            let run = home(seed, 20, None);
            assert_eq!(home(seed, 20, None), run, "seed {seed} gave two traces");
            run
        };
        (first..=many).step_by(2).map(twice).collect::<Vec<_>>()
    };
    // A home runs in one thread; two threads side by side take half the time.
    let homes = std::thread::scope(|scope| {
        let odd = scope.spawn(|| run_from(1));
        let even = run_from(2);
        [odd.join().expect("the other half failed"), even].concat()
    });
    let traces: BTreeSet<u64> = homes.iter().map(|(trace, _)| *trace).collect();
    let inputs: u64 = homes.iter().map(|(_, handled)| handled).sum();
    assert_eq!(traces.len() as u64, many, "different seeds give different traces");
    println!("{many} homes of 20, each twice, {inputs} inputs");
}

/// Whether a run with the defect panics, or two runs of one seed differ.
fn is_caught(bug: InjectedBug, seed: u64) -> bool {
    let run = || std::panic::catch_unwind(|| home(seed, 3, Some(bug)));
    match (run(), run()) {
        (Ok(one), Ok(other)) => one != other,
        _ => true,
    }
}

#[test]
fn a_lost_save_a_hash_order_and_a_dropped_reply_are_each_caught() {
    for bug in [InjectedBug::LostSave, InjectedBug::HashOrder, InjectedBug::DroppedReply] {
        let caught = (1..=BUG_HOMES).filter(|seed| is_caught(bug, *seed)).count() as u64;
        println!("{bug:?}: caught in {caught} of {BUG_HOMES} homes");
        assert!(2 * caught > BUG_HOMES, "{bug:?} was caught in {caught} of {BUG_HOMES} homes only");
    }
    assert!((1..=5).all(|seed| home(seed, 3, None) == home(seed, 3, None)), "without a defect nothing is caught");
}

#[test]
fn a_private_collection_answers_its_own_device_only() {
    let mut world = World::new(3, 2);
    for (at, ring) in [(0, Ring::Private), (1, Ring::Mesh)] {
        let text = format!("The violin of device {at} is old.");
        world.devices[at].files.write(&[FOLDER, b"/a.md"].concat(), text.as_bytes());
        world.boot(at);
        let source = Source { path: FOLDER.to_vec(), collection: "home".to_owned(), ring, device: 1 };
        world.request(at, Request::Add(source.into()));
    }
    world.settle(Duration::from_secs(600));
    let devices = |hits: &[RankedHit]| hits.iter().map(|hit| hit.device.clone()).collect::<BTreeSet<_>>();
    assert_eq!(devices(&world.search(0, "violin").0).len(), 2);
    assert_eq!(devices(&world.search(1, "violin").0), BTreeSet::from(["device 1".to_owned()]));
}

#[test]
fn a_device_that_is_down_is_named_and_the_others_answer() {
    let mut world = World::new(4, 3);
    for at in 0..3 {
        world.devices[at].files.write(&[FOLDER, b"/a.md"].concat(), format!("violin number {at}").as_bytes());
        world.boot(at);
        world.add_folder(at);
    }
    world.settle(Duration::from_secs(600));
    world.crash(2);
    world.run_until(world.after(5));
    let (hits, silent) = world.search(0, "violin");
    assert_eq!(silent, ["device 2"]);
    assert_eq!(hits.len(), 2);
}
