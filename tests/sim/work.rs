//! Work that travels: devices of different speeds share what one of them has to embed, while some of them fail or lie.

mod scenarios;
mod uncomputed;

use super::{FOLDER, World};
use wattle::base::rng::Rng;
use wattle::base::time::Duration;
use wattle::energy::decision::Decision;
use wattle::energy::fraction::Fraction;
use wattle::energy::mode::Mode;
use wattle::energy::reason::Reason;
use wattle::sim::false_worker::FalseVectors;

/// The device with the files, and its speed.
const OWNER: usize = 0;
const MS: u64 = 100;

/// So many different notes on the owner's disk, of one chunk each.
fn notes(world: &mut World, count: usize) {
    for n in 0..count {
        let text =
            format!("Note {n}: the fence{n} by the river{} was mended in year {}.", n * 7 % 1000, 1900 + n % 120);
        world.devices[OWNER].files.write(&[FOLDER, format!("/{n}.md").as_bytes()].concat(), text.as_bytes());
    }
}

/// A home of devices with these speeds in milliseconds a chunk, the first of which is the owner.
fn home(seed: u64, speeds: &[u64], count: usize) -> World {
    let mut world = World::new(seed, speeds.len());
    (world.net.loss_permille, world.net.datagram_loss_permille) = (0, 0);
    notes(&mut world, count);
    for (at, ms) in speeds.iter().enumerate() {
        world.set_speed(at, *ms);
        world.boot(at);
    }
    world.run_until(world.after(20));
    world.add_folder(OWNER);
    world
}

fn whole(world: &World, count: usize) {
    world.check_at_rest();
    assert_eq!(world.check_vectors(OWNER), count);
}

#[test]
fn four_devices_of_one_speed_are_about_three_and_a_half_times_as_fast_as_one() {
    const NOTES: usize = 1600;
    const SEEDS: u64 = 5;
    let mut took = [0.0; 2];
    for (devices, seed) in [1, 4].into_iter().flat_map(|devices| (1..=SEEDS).map(move |seed| (devices, seed))) {
        let mut world = home(seed, &vec![MS; devices], NOTES);
        let time = world.run_until_embedded(OWNER, Duration::from_secs(1000));
        whole(&world, NOTES);
        // What somebody embeds just now that this device has embedded meanwhile is counted when it comes.
        world.run_until(world.after(2));
        let embedded: Vec<u64> = (0..devices).map(|at| world.texts_embedded(at)).collect();
        println!("{devices} devices, seed {seed}: {time:?}, embedded {embedded:?}");
        took[usize::from(devices > 1)] += time.as_secs_f64() / SEEDS as f64;
        let all: u64 = embedded.iter().sum();
        assert!(
            all <= (NOTES + NOTES / 12) as u64,
            "few are embedded twice, by far the most to check the first of each device: {embedded:?}"
        );
        let again = world.embedded_again(OWNER);
        // What a device is at when it is told to stop is not sent: one task of two each.
        let stopped = all - (NOTES as u64 + again.sum());
        assert!(stopped <= 2 * 8 * (devices as u64 - 1), "and each of those has a cause: {again:?}, but for {stopped}");
    }
    // 3.36 to 3.49 times in these seeds, by what is drawn; of 3.82, as 76 of 1,600 are embedded to check the others or are known. With 4,000 texts it is
    // more (cost.toml).
    assert!(took[0] > 3.35 * took[1], "{took:?}");
}

#[test]
fn a_slow_device_gets_less_and_holds_nobody_up() {
    const NOTES: usize = 400;
    let mut world = home(2, &[100, 50, 2000], NOTES);
    let time = world.run_until_embedded(OWNER, Duration::from_secs(300));
    whole(&world, NOTES);
    let embedded: Vec<u64> = (0..3).map(|at| world.texts_embedded(at)).collect();
    println!("{time:?}: {embedded:?}");
    assert!(embedded[1] > embedded[0] && embedded[2] < embedded[0] / 8, "{embedded:?}");
    // Without any loss 13.1 s: 1000 / (10 + 20 + 0.5) chunks a second.
    assert!(time < Duration::from_secs(20), "{time:?}");
}

#[test]
fn time_in_which_a_device_is_stopped_is_none_that_it_takes_for_its_work() {
    const NOTES: usize = 1200;
    for seed in 1..=5 {
        let mut world = home(seed, &[MS, MS], NOTES);
        world.run_until(world.after(20));
        let measured = |world: &World| world.measured_speeds(OWNER).into_iter().fold(0.0, f64::max);
        let (before, mut slowest) = (measured(&world), 0.0_f64);
        for stop in [5_000, 3_000, 4_000] {
            world.stall(1, Duration::from_millis(stop));
            world.run_until(world.now + Duration::from_millis(stop));
            for _ in 0..40 {
                world.run_until(world.now + Duration::from_millis(100));
                slowest = slowest.max(measured(&world));
            }
        }
        println!("seed {seed}: {before:.0} ms, at most {slowest:.0} ms");
        assert!(before > 0.0 && slowest < 3.0 * before, "seed {seed}: {before} {slowest}");
    }
}

#[test]
fn whatever_happens_to_the_devices_every_text_is_stored_once_and_no_vector_is_false() {
    const NOTES: usize = 300;
    for seed in 0..super::seeds(12) {
        let mut world = home(seed, &[100, 60, 80, 200, 400, 1000], NOTES);
        let mut rng = Rng::new(seed);
        (world.net.loss_permille, world.net.datagram_loss_permille) = (2, 50);
        for _ in 0..12 {
            world.run_until(world.now + Duration::from_millis(500 + rng.below(2000)));
            let at = usize::try_from(rng.below(6)).unwrap_or(0);
            match rng.below(5) {
                0 => {
                    world.crash(at);
                    world.run_until(world.now + Duration::from_millis(rng.below(4000)));
                    world.boot(at);
                }
                1 if at != OWNER && rng.one_in(2) => world.suspend(at, Duration::from_secs(60 + rng.below(60))),
                1 => world.stall(at, Duration::from_secs(1 + rng.below(30))),
                2 => {
                    let n = rng.below(NOTES as u64);
                    let path = [FOLDER, format!("/{n}.md").as_bytes()].concat();
                    world.devices[OWNER].files.write(&path, format!("Changed{n} to {}.", rng.next()).as_bytes());
                    world.touched(OWNER, &path);
                }
                3 if at != OWNER => {
                    world.net.cut(OWNER, at);
                    world.run_until(world.now + Duration::from_millis(rng.below(8000)));
                    world.net.heal();
                }
                _ => {}
            }
        }
        world.run_until(world.after(40));
        world.settle(Duration::from_secs(7200));
        whole(&world, NOTES);
    }
}

#[test]
fn a_device_that_lies_from_the_start_is_found_within_ten_results() {
    for seed in 0..super::seeds(8) {
        for kind in [FalseVectors::Random, FalseVectors::Stale, FalseVectors::Zeros] {
            let mut world = home(seed, &[100, 50, 100], 200);
            world.make_false_worker(1, kind, 0);
            world.run_until_embedded(OWNER, Duration::from_secs(300));
            whole(&world, 200);
            let lies = world.false_results(1);
            assert!(world.found_false_results(OWNER) && lies <= 10, "seed {seed}, {kind:?}: {lies}");
        }
    }
}

#[test]
fn a_device_that_was_found_false_gets_no_work_for_an_hour_although_its_owner_starts_anew() {
    let mut world = home(1, &[100, 50], 200);
    world.make_false_worker(1, FalseVectors::Random, 0);
    while !world.found_false_results(OWNER) {
        world.run_until(world.now + Duration::from_millis(100));
    }
    world.run_until(world.after(1));
    let (embedded, lies) = (world.texts_embedded(1), world.false_results(1));
    world.crash(OWNER);
    world.boot(OWNER);
    world.run_until_embedded(OWNER, Duration::from_secs(120));
    whole(&world, 200);
    assert_eq!((world.texts_embedded(1), world.false_results(1)), (embedded, lies));
}

#[test]
fn a_device_that_turns_false_after_a_hundred_good_results_is_found_within_160() {
    let (seeds, mut late) = (super::seeds(8), 0);
    for seed in 0..seeds {
        let mut world = home(seed, &[200, 20], 500);
        world.make_false_worker(1, FalseVectors::Random, 100);
        world.run_until_embedded(OWNER, Duration::from_secs(300));
        let lies = world.false_results(1);
        println!("seed {seed}: {lies} lies");
        late += u64::from(lies > 160);
        assert!(world.found_false_results(OWNER), "seed {seed}");
        world.check_at_rest();
    }
    assert!(late * 100 <= seeds, "{late} of {seeds} were found late");
}

/// A word of letters for a number: rows of figures are no text.
fn named(number: usize) -> String {
    let letter = |place: u32| char::from(b'a' + u8::try_from(number / 26_usize.pow(place) % 26).expect("below 26"));
    (0..4).map(letter).collect()
}

#[test]
fn one_long_document_is_shared_too() {
    const CHUNKS: usize = 600;
    let mut times = Vec::new();
    for devices in [1, 3] {
        let mut world = World::new(5, devices);
        (world.net.loss_permille, world.net.datagram_loss_permille) = (0, 0);
        let mut book = String::new();
        for n in 0..CHUNKS {
            book += &format!("# Part {n}\n\n");
            for word in 0..40 {
                book += &format!("{} of {} ", named(n * 31 + word), named(n));
            }
            book += "end.\n\n";
        }
        world.devices[OWNER].files.write(&[FOLDER, b"/book.md"].concat(), book.as_bytes());
        for at in 0..devices {
            world.set_speed(at, MS);
            world.boot(at);
        }
        world.run_until(world.after(20));
        world.add_folder(OWNER);
        let time = world.run_until_embedded(OWNER, Duration::from_secs(600));
        let embedded: Vec<u64> = (0..devices).map(|at| world.texts_embedded(at)).collect();
        world.check_at_rest();
        println!("{devices} devices: {time:?}, {embedded:?}, {} chunks", world.check_vectors(OWNER));
        times.push(time.as_secs_f64());
    }
    assert!(times[0] > 2.0 * times[1], "{times:?}");
}

/// What a governor says in a pause.
fn paused() -> Decision {
    Decision { reason: Some(Reason::Paused), ..Decision::default() }
}

/// What one says that lets everything go on.
fn free() -> Decision {
    let (headroom, duty) = (Fraction::ALL, Fraction::ALL);
    Decision { headroom, mode: Mode::Full, workers: 2, duty, chunks: Mode::Full.chunks(), ..Decision::default() }
}

#[test]
fn while_the_owner_is_paused_others_do_its_work_and_it_embeds_nothing_not_even_to_check() {
    for (seed, lies) in (0..super::seeds(6)).flat_map(|seed| [(seed, false), (seed, true)]) {
        let mut world = home(seed, &[100, 60, 80], 300);
        while world.texts_embedded(OWNER) < 20 {
            world.run_until(world.now + Duration::from_millis(100));
        }
        world.set_decision(OWNER, paused());
        world.run_until(world.after(3));
        let before = world.texts_embedded(OWNER);
        if lies {
            world.make_false_worker(1, FalseVectors::Stale, 0);
        }
        let took = world.run_until_embedded(OWNER, Duration::from_secs(120));
        assert_eq!(world.texts_embedded(OWNER), before, "seed {seed}");
        assert_eq!(world.found_false_results(OWNER), lies, "seed {seed}");
        whole(&world, 300);
        println!("seed {seed}, liar {lies}: {took:?}, {} lies", world.false_results(1));
    }
}

#[test]
fn a_device_that_tells_known_texts_from_others_in_a_pause_is_found_after_it_and_nothing_false_stays() {
    for seed in 0..super::seeds(4) {
        let mut world = home(seed, &[100, 60], 300);
        while world.texts_embedded(OWNER) < 40 {
            world.run_until(world.now + Duration::from_millis(100));
        }
        world.set_decision(OWNER, paused());
        world.run_until(world.after(3));
        world.make_knowing_false_worker(1, FalseVectors::Random);
        world.run_until_embedded(OWNER, Duration::from_secs(120));
        let lies = world.false_results(1);
        assert!(lies > 50 && !world.found_false_results(OWNER), "seed {seed}: {lies}");
        // What is owed a check stands in the store.
        if seed % 2 == 1 {
            world.crash(OWNER);
            world.boot(OWNER);
        }
        world.set_decision(OWNER, free());
        world.run_until(world.after(30));
        assert!(world.found_false_results(OWNER), "seed {seed}");
        world.run_until_embedded(OWNER, Duration::from_secs(120));
        whole(&world, 300);
        println!("seed {seed}: {lies} lies");
    }
}

#[test]
fn a_device_that_tells_known_texts_from_others_is_found_within_160_where_its_owner_embeds_too_and_nothing_false_stays()
{
    for seed in 0..super::seeds(12) {
        let mut world = home(seed, &[200, 20], 600);
        while world.lent(OWNER).iter().map(|(.., done)| done).sum::<u64>() < 100 {
            world.run_until(world.now + Duration::from_millis(50));
        }
        world.make_knowing_false_worker(1, FalseVectors::Random);
        world.run_until_embedded(OWNER, Duration::from_secs(300));
        let lies = world.false_results(1);
        println!("seed {seed}: {lies} lies");
        assert!(world.found_false_results(OWNER) && lies <= 160, "seed {seed}: {lies}");
        whole(&world, 600);
    }
}

#[test]
fn a_device_with_little_work_gets_its_turn_beside_one_with_much() {
    const OTHER: usize = 2;
    for seed in 0..super::seeds(3) {
        let mut world = home(seed, &[400, 20, 400], 2000);
        world.run_until(world.after(5));
        for n in 0..60 {
            let path = [FOLDER, format!("/{n}.md").as_bytes()].concat();
            world.devices[OTHER].files.write(&path, format!("Another note, number {n}.").as_bytes());
        }
        world.add_folder(OTHER);
        let time = world.run_until_embedded(OTHER, Duration::from_secs(15));
        let helped = world.lent(OTHER).iter().map(|(.., done)| done).sum::<u64>();
        println!("seed {seed}: {time:?}, {helped} of 60 by the helper");
        assert!(helped >= 20, "seed {seed}: {helped}");
        let of_other = world.lent(OWNER).iter().map(|(.., done)| done).sum::<u64>();
        assert!((100..1500).contains(&of_other), "the other has more all the while: {of_other}");
    }
}

#[test]
fn a_file_that_was_moved_while_its_text_waited_for_a_sleeping_device_is_not_lent_although_no_event_told_of_it() {
    for seed in 0..super::seeds(3) {
        let mut world = home(seed, &[100, 1000], 300);
        while world.texts_embedded(1) < 20 {
            world.run_until(world.now + Duration::from_millis(100));
        }
        world.set_decision(OWNER, paused());
        world.run_until(world.after(5));
        world.suspend(1, Duration::from_secs(60));
        world.run_until(world.after(50));
        world.devices[OWNER].files.rename_folder(FOLDER, b"/diary");
        let before = world.texts_embedded(1);
        world.run_until(world.after(20));
        let since = world.texts_embedded(1) - before;
        println!("seed {seed}: {before} texts before, {since} since");
        assert_eq!(since, 0, "seed {seed}");
    }
}

#[test]
fn work_waits_for_a_device_that_was_away_for_ten_minutes_and_goes_on_within_ten_seconds() {
    for seed in 0..super::seeds(4) {
        let mut world = home(seed, &[100, 60], 600);
        while world.texts_embedded(OWNER) < 20 {
            world.run_until(world.now + Duration::from_millis(100));
        }
        world.set_decision(OWNER, paused());
        world.run_until(world.after(2));
        world.suspend(1, Duration::from_secs(600));
        let done = |world: &World| world.lent(OWNER).iter().map(|(.., done)| done).sum::<u64>();
        world.run_until(world.after(599));
        let before = done(&world);
        world.run_until(world.after(11));
        assert!(done(&world) > before, "seed {seed}: it goes on");
        world.run_until_embedded(OWNER, Duration::from_secs(120));
        whole(&world, 600);
    }
}
