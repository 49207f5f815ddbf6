//! Texts that their owner cannot compute, and helpers that work a part of the time, or whose owner is stopped for a moment.

use super::{MS, OWNER, free, home, notes, whole};
use wattle::base::time::Duration;
use wattle::energy::decision::Decision;
use wattle::energy::fraction::Fraction;
use wattle::sim::false_worker::FalseVectors;

#[test]
fn a_device_that_lies_only_where_nobody_compares_is_found_by_others_that_make_the_same_texts() {
    for seed in 0..super::super::seeds(4) {
        let mut world = home(seed, &[100, 60, 80, 90], 60);
        world.run_until_embedded(OWNER, Duration::from_secs(120));
        // From now on the owner can compute nothing of its own, and what helpers make of it is owed a check.
        world.break_own_engine(OWNER);
        world.make_knowing_false_worker(1, FalseVectors::Random);
        notes(&mut world, 90);
        (60..90).for_each(|n| world.touched(OWNER, format!("/docs/{n}.md").as_bytes()));
        let mut found = None;
        for second in 0..3_600 {
            world.run_until(world.after(1));
            if found.is_none() && world.found_false_results(OWNER) {
                found = Some(second);
            }
            if found.is_some_and(|found| second > found + 1_500) {
                break;
            }
        }
        println!("seed {seed}: {} lies, found after {found:?} s", world.false_results(1));
        assert!(world.false_results(1) == 0 || found.is_some(), "seed {seed}: {}", world.false_results(1));
        assert_eq!(world.undecided(OWNER), 0, "seed {seed}: whoever contradicted it is in no doubt any more");
        assert!(world.check_vectors(OWNER) > 0);
    }
}

#[test]
fn the_rests_of_a_throttled_helper_are_time_that_it_takes() {
    for seed in 1..=4 {
        let mut world = home(seed, &[400, 30], 2_000);
        world.run_until(world.after(8));
        let measured = |world: &super::World| world.measured_speeds(OWNER).into_iter().fold(0.0, f64::max);
        let before = measured(&world);
        let (headroom, duty) = (Fraction::new(0.15), Fraction::new(0.15));
        world.set_decision(1, Decision { headroom, duty, workers: 1, ..free() });
        world.run_until(world.after(40));
        let after = measured(&world);
        println!("seed {seed}: {before:.0} ms, then {after:.0} ms");
        assert!(before > 0.0 && before < 60.0 && after > 130.0, "seed {seed}: {before} {after}");
    }
}

#[test]
fn a_short_stop_of_an_owner_is_no_time_that_a_helper_takes_or_saves() {
    for seed in 1..=5 {
        let mut world = home(seed, &[MS, MS], 2_000);
        world.run_until(world.after(20));
        let measured = |world: &super::World| world.measured_speeds(OWNER).into_iter().fold(0.0, f64::max);
        let before = measured(&world);
        let (mut least, mut most) = (before, before);
        for stop in [5_000, 8_000, 4_000] {
            world.stall(OWNER, Duration::from_millis(stop));
            world.run_until(world.now + Duration::from_millis(stop));
            for _ in 0..40 {
                world.run_until(world.now + Duration::from_millis(100));
                (least, most) = (f64::min(least, measured(&world)), f64::max(most, measured(&world)));
            }
        }
        println!("seed {seed}: {before:.0} ms, {least:.0} to {most:.0} ms");
        assert!(before > 0.0 && least > 0.5 * before && most < 2.5 * before, "seed {seed}: {before} {least} {most}");
    }
    let mut world = home(9, &[MS, MS], 100);
    world.run_until_embedded(OWNER, Duration::from_secs(60));
    whole(&world, 100);
}
