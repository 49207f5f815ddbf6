//! Questions with phrases in quotes and with filters, asked over a home of several devices.

use super::super::{FOLDER, World};
use std::collections::BTreeSet;
use wattle::base::filter::{Filter, Key};
use wattle::base::time::Duration;
use wattle::node::input::Request;
use wattle::node::output::{Narrowed, RankedHit, Response};

const DEVICES: usize = 3;

/// A home at rest. The devices 1 and 2 have many texts with the words, and each one with the phrase.
fn home(seed: u64) -> World {
    let mut world = World::new(seed, DEVICES);
    (world.net.loss_permille, world.net.datagram_loss_permille) = (0, 0);
    for at in 0..DEVICES {
        let mut write = |name: &str, text: &str| {
            world.devices[at].files.write(&[FOLDER, b"/", name.as_bytes()].concat(), text.as_bytes());
        };
        write("garden.md", &format!("The garden{at}y of this house was wet, and we baked bread."));
        if at > 0 {
            for n in 0..30 {
                write(
                    &format!("moss{n}.md"),
                    &format!("North moss grows to the north, and side moss to the side, roof{at}x number {n}."),
                );
            }
            let walk =
                format!("On day {at} he walked for hours to the North Side of the old town, where the{at}z ends.");
            write("walk.txt", &walk);
        }
        world.boot(at);
        world.add_folder(at);
    }
    world.settle(Duration::from_secs(3600));
    world.run_until(world.after(60));
    world
}

/// The names of files of the answer with their devices, and whether it lacks the phrases.
fn asked(world: &mut World, question: &str) -> (BTreeSet<(String, String)>, bool) {
    let reply =
        world.request(0, Request::Search { question: question.to_owned(), count: 10, filter: Filter::default() });
    world.run_until(world.after(20));
    let (hits, narrowed) = hits_of(world.reply(0, reply)).expect("hits");
    (hits.into_iter().map(|hit| (hit.device, name(&hit.path))).collect(), narrowed.no_phrase)
}

fn hits_of(response: Response) -> Option<(Vec<RankedHit>, Narrowed)> {
    if let Response::Hits { hits, narrowed, .. } = response { Some((hits, narrowed)) } else { None }
}

fn name(path: &[u8]) -> String {
    String::from_utf8_lossy(path).rsplit('/').next().unwrap_or_default().to_owned()
}

fn of(files: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    files.iter().map(|(device, name)| ((*device).to_owned(), (*name).to_owned())).collect()
}

#[test]
fn the_passages_of_all_devices_with_the_words_in_quotes_are_the_answer_and_else_it_says_that_there_is_none() {
    for seed in 1..=2 {
        let mut world = home(seed);
        let walks = of(&[("device 1", "walk.txt"), ("device 2", "walk.txt")]);
        assert_eq!(asked(&mut world, "moss roof \"north side\""), (walks, false), "seed {seed}");
        let (near, lacks) = asked(&mut world, "moss roof \"side moss north\"");
        assert!(lacks && near.len() == 10, "seed {seed}: {near:?}");
        let (near, lacks) = asked(&mut world, "moss roof north side");
        assert!(!lacks && near.len() == 10, "seed {seed}: without quotes the nearest");
    }
}

#[test]
fn a_device_whose_search_takes_too_long_gives_the_best_that_it_had_and_the_answer_says_so() {
    for seed in 1..=2 {
        let mut world = home(seed);
        world.devices[1].agent.as_mut().expect("it is up").is_slow = true;
        let search = Request::Search { question: "moss roof".to_owned(), count: 10, filter: Filter::default() };
        let reply = world.request(0, search);
        world.run_until(world.after(20));
        let Response::Hits { hits, others, files, .. } = world.reply(0, reply) else { panic!("no hits") };
        assert!(hits.iter().any(|hit| hit.device == "device 1"), "seed {seed}: {hits:?}");
        let cut: BTreeSet<_> = others.iter().map(|other| (other.device.as_str(), other.files.cut_short)).collect();
        assert_eq!(cut, [("device 1", true), ("device 2", false)].into(), "seed {seed}");
        assert!(!files.cut_short, "seed {seed}");
    }
}

/// The files of the answer to a question with such filters.
fn filtered(world: &mut World, question: &str, values: &[(Key, &str)]) -> BTreeSet<(String, String)> {
    let mut filter = Filter::default();
    values.iter().for_each(|(key, value)| filter.add(*key, value).expect("it is one"));
    let reply = world.request(0, Request::Search { question: question.to_owned(), count: 10, filter });
    world.run_until(world.after(20));
    let (hits, narrowed) = hits_of(world.reply(0, reply)).expect("hits");
    assert_eq!(narrowed.unfiltered, [""; 0], "all know filters");
    assert_eq!(narrowed.unknown, [""; 0], "all said what they have");
    hits.into_iter().map(|hit| (hit.device, name(&hit.path))).collect()
}

#[test]
fn filters_leave_room_for_all_that_fits_on_every_device() {
    for seed in 1..=2 {
        let mut world = home(seed);
        let walks = || of(&[("device 1", "walk.txt"), ("device 2", "walk.txt")]);
        assert_eq!(filtered(&mut world, "moss roof", &[(Key::Type, "txt")]), walks(), "seed {seed}");
        assert_eq!(filtered(&mut world, "moss roof", &[(Key::Path, "wa*.t?t")]), walks(), "seed {seed}");
        let one = filtered(&mut world, "moss roof", &[(Key::Type, "txt"), (Key::Device, "device 2")]);
        assert_eq!(one, of(&[("device 2", "walk.txt")]), "seed {seed}");
        // The files of the simulator are of 1970.
        assert_eq!(filtered(&mut world, "moss roof", &[(Key::After, "2024")]), of(&[]), "seed {seed}");
        let all = filtered(&mut world, "town", &[(Key::Before, "1971"), (Key::Type, "text"), (Key::Path, "walk")]);
        assert_eq!(all, walks(), "seed {seed}");
        // Where others keep their folders is not found out by what fits: of their paths counts what they tell.
        let own = FOLDER.iter().map(|byte| char::from(*byte)).collect::<String>() + "/garden";
        let gardens = |own: &str| filtered(&mut world, "garden bread", &[(Key::Path, own)]).len();
        assert_eq!([own.as_str(), &own[1..]].map(gardens), [1, 3], "seed {seed}");
    }
}

#[test]
fn each_device_that_is_asked_is_told_before_it_and_the_answer_does_not_hang_on_that() {
    for seed in 1..=2 {
        let mut world = home(seed);
        let sent = |world: &World, kind| world.devices[0].sent.kinds.get(kind).map_or(0, |(messages, _)| *messages);
        let before = [sent(&world, "coming"), sent(&world, "ask")];
        asked(&mut world, "moss roof north side");
        assert_eq!([sent(&world, "coming"), sent(&world, "ask")].map(|now| now - before[0]), [2, 2], "seed {seed}");
        assert_eq!(before, [0, 0]);
        world.net.loss_permille = 300;
        for _ in 0..10 {
            let reply = world.request(
                0,
                Request::Search { question: "moss roof north side".to_owned(), count: 10, filter: Filter::default() },
            );
            world.run_until(world.after(20));
            let Response::Hits { hits, .. } = world.reply(0, reply) else { panic!("no hits") };
            assert!(!hits.is_empty(), "seed {seed}: it may be lost, as the question and the answer may");
        }
    }
}
