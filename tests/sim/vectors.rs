//! A home in which a device sends the question's own vector beside any text, among honest ones, of which one has another
//! engine.

#[path = "holdings.rs"]
mod holdings;
#[path = "models.rs"]
mod models;
#[path = "question.rs"]
mod question;

use super::{FOLDER, World};
use wattle::base::time::Duration;

const DEVICES: usize = 5;
const LIAR: usize = 1;
/// Its engine gives vectors with a cosine of 0.98 to those of the others, far below what honest engines have.
const OTHER_ENGINE: usize = 2;
const SEEDS: u64 = 4;

fn home(seed: u64) -> World {
    let mut world = World::new(seed, DEVICES);
    (world.net.loss_permille, world.net.datagram_loss_permille) = (0, 0);
    world.set_engine_noise(OTHER_ENGINE, 0.01);
    for at in 0..DEVICES {
        let texts: Vec<String> = match at {
            LIAR => (0..9).map(|n| format!("Buy watch number {n} today, it is cheap and shines.")).collect(),
            _ => vec![
                format!("The treasure of device {at} lies below the stone{at}x near the old river bank."),
                format!("On day {at} the garden{at}y was wet and we baked bread."),
            ],
        };
        for (n, text) in texts.iter().enumerate() {
            world.devices[at].files.write(&[FOLDER, format!("/{n}.md").as_bytes()].concat(), text.as_bytes());
        }
        world.boot(at);
        world.add_folder(at);
    }
    world.settle(Duration::from_secs(3600));
    world.run_until(world.after(60));
    world
}

/// The devices that a device's status names for false vectors.
fn named(world: &World, at: usize) -> Vec<usize> {
    let agent = world.devices[at].agent.as_ref().expect("running");
    let findings = agent.node.status(world.now).findings;
    let names = |of: &usize| {
        let begin = format!("device {of} answered with vectors that are not those of its texts");
        findings.iter().any(|finding| finding.what.starts_with(&begin))
    };
    (0..DEVICES).filter(names).collect()
}

fn asked(seed: u64) -> u64 {
    let mut world = home(seed);
    world.lie_about_vectors(LIAR);
    let before = world.texts_embedded(0);
    for round in 0..4 {
        for of in [2, 3, 4] {
            let (hits, silent) = world.search(0, &format!("treasure below stone{of}x"));
            assert_eq!(silent, [""; 0], "seed {seed}");
            let first = hits.first().map(|hit| (hit.device.clone(), hit.text.contains(&format!("stone{of}x"))));
            assert_eq!(first, Some((format!("device {of}"), true)), "seed {seed}, round {round}: {hits:?}");
        }
    }
    assert_eq!(named(&world, 0), [LIAR], "seed {seed}");
    let embedded = world.texts_embedded(0) - before;
    println!("seed {seed}: 12 questions, of them {} texts of others embedded", embedded - 12);
    assert!((13..=12 + 30).contains(&embedded), "seed {seed}: {embedded} texts for twelve questions");
    assert!((2..DEVICES).all(|at| named(&world, at).is_empty()), "seed {seed}: who asked nothing knows nothing");
    world.trace
}

#[test]
fn a_device_that_lies_about_vectors_is_named_and_the_honest_hit_stands_first() {
    for seed in 1..=SEEDS {
        assert_eq!(asked(seed), asked(seed), "seed {seed} gave two traces");
    }
}

#[test]
fn honest_devices_are_never_named_whatever_their_engine() {
    for seed in 1..=SEEDS {
        let mut world = home(seed);
        for at in 0..DEVICES {
            for question in
                ["treasure near the river", "the garden was wet", "buy a cheap watch today", "nothing of this"]
            {
                assert_eq!(world.search(at, question).1, [""; 0], "seed {seed}");
            }
        }
        assert!((0..DEVICES).all(|at| named(&world, at).is_empty()), "seed {seed}");
    }
}

#[test]
fn a_device_that_says_the_truth_again_is_believed_an_hour_later() {
    let mut world = home(9);
    world.lie_about_vectors(LIAR);
    // Simulated links do not keep the order of messages: vectors that come after their answer are not looked at.
    let found = (0..10).any(|_| {
        world.search(0, "treasure below the stone");
        named(&world, 0) == [LIAR]
    });
    assert!(found);
    world.stop_lying(LIAR);
    world.search(0, "watch that shines");
    assert_eq!(named(&world, 0), [LIAR], "its vectors are not even looked at");
    world.run_until(world.after(3600));
    let (hits, _) = world.search(0, "buy watch number 3 today");
    assert!(hits[0].text.contains("number 3") && named(&world, 0).is_empty(), "{hits:?}");
}
