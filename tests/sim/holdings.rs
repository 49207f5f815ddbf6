//! Questions go only to devices that have something else than the one that asks, and none misses a text by that.

use super::super::{FOLDER, World};
use wattle::base::filter::{Filter, Key};
use wattle::base::id::Ring;
use wattle::base::time::Duration;
use wattle::node::input::Request;
use wattle::node::output::Response;
use wattle::store::record::Source;

const DEVICES: usize = 4;
/// It has the files of device 0 in another folder.
const TWIN: usize = 1;
const OTHER: usize = 2;
/// It has nothing at first.
const EMPTY: usize = 3;

fn write(world: &mut World, at: usize, name: &str, text: &str) {
    let path = [FOLDER, b"/", name.as_bytes()].concat();
    world.devices[at].files.write(&path, text.as_bytes());
    world.touched(at, &path);
}

/// A home at rest.
fn home(seed: u64) -> World {
    let mut world = World::new(seed, DEVICES);
    (world.net.loss_permille, world.net.datagram_loss_permille) = (0, 0);
    for at in 0..DEVICES {
        world.boot(at);
        world.add_folder(at);
        for n in (0..4).filter(|_| at != EMPTY) {
            let whose = if at == TWIN { 0 } else { at };
            let folder = if at == TWIN { "copies/" } else { "" };
            write(&mut world, at, &format!("{folder}note{n}.md"), &format!("The violin{whose}x of note {n} is old."));
        }
    }
    let path = b"/bills".to_vec();
    world.devices[OTHER].files.write(b"/bills/1.md", b"The bill for the violin strings.");
    let bills = Source { path, collection: "bills".to_owned(), ring: Ring::Mesh, device: 1 };
    world.run_until(world.after(10));
    let added = world.request(OTHER, Request::Add(bills.into()));
    world.settle(Duration::from_secs(3600));
    assert_eq!(world.reply(OTHER, added), Response::Added);
    world.run_until(world.after(120));
    world
}

/// How many devices were asked, the names of those that have nothing else, the devices of the hits, and what is told of unknown names.
fn asked(world: &mut World, question: &str, filter: &Filter) -> Result<(usize, String, String, Vec<String>), String> {
    let (question, filter) = (question.to_owned(), filter.clone());
    let reply = world.request(0, Request::Search { question, count: 10, filter });
    world.run_until(world.after(5));
    match world.reply(0, reply) {
        Response::Hits { hits, asked, answered, nothing_else, narrowed, .. } => {
            assert_eq!(asked, answered);
            let mut names: Vec<String> = nothing_else.into_iter().map(|other| other.device).collect();
            names.sort();
            let names = names.join(", ");
            let mut devices: Vec<String> = hits.into_iter().map(|hit| hit.device).collect();
            devices.sort();
            devices.dedup();
            Ok((asked, names, devices.join(", "), narrowed.unknown))
        }
        Response::Refused(_, why) => Err(why),
        other => Err(format!("{other:?}")),
    }
}

#[test]
fn who_has_nothing_else_is_not_asked_and_is_named() {
    for seed in 1..=3 {
        let mut world = home(seed);
        let found = asked(&mut world, "violin", &Filter::default()).expect("hits");
        let expected = (2, "device 1, device 3".to_owned(), "device 0, device 2".to_owned(), Vec::new());
        assert_eq!(found, expected, "seed {seed}");
        let mut foo = Filter::default();
        foo.add(Key::Type, "foo").expect("it may be one");
        let (_, _, devices, unknown) = asked(&mut world, "violin", &foo).expect("no hits");
        let is_told = unknown.iter().any(|says| says.starts_with("Nothing of the type \"foo\" was found."));
        assert!(devices.is_empty() && is_told, "seed {seed}: {devices} {unknown:?}");
        let of = |name: &str| {
            let mut filter = Filter::default();
            filter.add(Key::Collection, name).expect("it is one");
            filter
        };
        let (asked_of, _, devices, unknown) = asked(&mut world, "violin", &of("Bills")).expect("hits");
        assert_eq!(
            (asked_of, devices.as_str(), unknown),
            (2, "device 2", Vec::new()),
            "seed {seed}: that one alone has it"
        );
        let refused = "No collection is called \"bill\". Known here: bills, home.";
        assert_eq!(
            asked(&mut world, "violin", &of("bill")),
            Err(refused.to_owned()),
            "seed {seed}: all said what they have"
        );
        world.crash(OTHER);
        world.run_until(world.after(60));
        let found = asked_with_silent(&mut world, &of("bill"));
        assert_eq!(found, [refused], "seed {seed}: device 2 may have it by now");
    }
}

/// What is told of unknown names where a device is silent.
fn asked_with_silent(world: &mut World, filter: &Filter) -> Vec<String> {
    let reply = world.request(0, Request::Search { question: "violin".to_owned(), count: 10, filter: filter.clone() });
    world.run_until(world.after(20));
    let told = |response: Response| match response {
        Response::Hits { narrowed, uncovered, silent, .. } => Some((narrowed.unknown, uncovered, silent.len())),
        _ => None,
    };
    let (unknown, uncovered, silent) = told(world.reply(0, reply)).expect("hits");
    assert_eq!((silent, uncovered.elsewhere, uncovered.unknown_devices), (1, 5, 0), "what it said last");
    unknown
}

/// From the second on in which a device finds a text of its own, the others find it too: whatever was said of it before.
#[test]
fn a_text_that_its_device_finds_is_found_by_the_others_at_once() {
    for seed in 1..=4 {
        let mut world = home(seed);
        for round in 0..3 {
            for at in [TWIN, EMPTY] {
                let word = format!("gargoyle{at}r{round}");
                write(&mut world, at, &format!("new{round}.md"), &format!("The {word} stands on the roof."));
                let has = |world: &mut World, by: usize| {
                    let (hits, silent) = world.search(by, &word);
                    assert_eq!(silent, [""; 0], "seed {seed}");
                    hits.iter().any(|hit| hit.text.contains(&word))
                };
                let mut tries = 0;
                while !has(&mut world, at) {
                    tries += 1;
                    assert!(tries < 20, "seed {seed}: {word} is not found where it is");
                }
                assert!(has(&mut world, 0), "seed {seed}: {word} of device {at}, after {tries} tries");
                let pause = 1 + world.rng.below(60);
                world.run_until(world.after(pause));
                assert!(has(&mut world, 0) && has(&mut world, OTHER), "seed {seed}: {word}, later");
            }
            world.crash(TWIN);
            world.run_until(world.after(30));
            world.boot(TWIN);
            world.run_until(world.after(60));
        }
    }
}
