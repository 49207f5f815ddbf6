//! Devices with different models in one home, and one whose model changes while its power is cut.

use super::super::{FOLDER, World};
use wattle::base::id::Fingerprint;
use wattle::base::time::Duration;
use wattle::store::audit::audit;
use wattle::store::kv::{Kv, Space};
use wattle::store::read::walk;
use wattle::store::record::{Record, Vector};

const SEEDS: u64 = 4;
/// The number of the other model.
const OTHER: u8 = 9;

fn home(seed: u64, devices: usize, files: usize) -> World {
    let mut world = World::new(seed, devices);
    (world.net.loss_permille, world.net.datagram_loss_permille) = (0, 0);
    for at in 0..devices {
        for n in 0..files {
            let text = format!("On day {n} the keeper of device {at} painted the lighthouse{at}x{n} white.");
            world.devices[at].files.write(&[FOLDER, format!("/{n}.md").as_bytes()].concat(), text.as_bytes());
        }
    }
    world
}

/// How many vectors a device has of a model that count, and how many of any that are to be made anew.
fn vectors(world: &World, at: usize, model: Fingerprint) -> (u64, u64) {
    let kv = world.devices[at].agent.as_ref().expect("running").library.kv();
    let found = audit(kv).expect("it is read");
    assert!(found.clean(), "{:?}", found.faults);
    let (mut of, mut stale) = (0, 0);
    walk(kv, Space::Vector, |_, value| {
        let vector = Vector::decode_stored(value)?;
        stale += u64::from(vector.is_stale);
        of += u64::from(!vector.is_stale && vector.model == model.into());
        Ok(())
    })
    .expect("it is read");
    (of, stale)
}

#[test]
fn devices_of_different_models_find_what_the_other_has_by_its_words_and_embed_nothing_for_it() {
    for seed in 1..=SEEDS {
        let mut world = home(seed, 2, 8);
        world.set_model(1, OTHER);
        for at in 0..2 {
            world.boot(at);
            world.add_folder(at);
        }
        world.settle(Duration::from_secs(3600));
        world.run_until(world.after(60));
        world.check_at_rest();
        for (asked, other) in [(0, 1), (1, 0)] {
            assert_eq!(world.texts_embedded(asked), 8, "seed {seed}: its own, and no more");
            let (hits, silent) = world.search(asked, &format!("lighthouse{other}x5"));
            assert_eq!(silent, [""; 0], "seed {seed}: it answers");
            let first =
                hits.first().map(|hit| (hit.device.clone(), hit.text.contains(&format!("lighthouse{other}x5"))));
            assert_eq!(first, Some((format!("device {other}"), true)), "seed {seed}");
        }
    }
}

#[test]
fn a_home_that_starts_with_another_model_is_embedded_anew_through_power_cuts_and_answers_all_the_while() {
    for seed in 1..=SEEDS {
        let mut world = home(seed, 1, 40);
        world.boot(0);
        world.add_folder(0);
        world.settle(Duration::from_secs(3600));
        // Else the first power cut costs what can be read again.
        world.devices[0].disk.sync().expect("it syncs");
        world.set_model(0, OTHER);
        for _ in 0..4 {
            world.crash(0);
            world.boot(0);
            let (hits, _) = world.search(0, "lighthouse0x7");
            assert!(hits.first().is_some_and(|hit| hit.text.contains("lighthouse0x7 ")), "seed {seed}: {hits:?}");
        }
        world.settle(Duration::from_secs(3600));
        world.check_at_rest();
        assert_eq!(vectors(&world, 0, Fingerprint([OTHER; 32])), (40, 0), "seed {seed}");

        // Back again: what was kept is copied.
        world.set_model(0, 7);
        world.crash(0);
        world.boot(0);
        world.settle(Duration::from_secs(3600));
        world.check_at_rest();
        assert_eq!((world.texts_embedded(0), vectors(&world, 0, Fingerprint([7; 32]))), (0, (40, 0)), "seed {seed}");
    }
}
