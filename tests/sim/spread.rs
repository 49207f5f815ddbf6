//! Texts of programs that other devices embed.

use super::World;
use wattle::base::id::Fingerprint;
use wattle::embed::Embedder;
use wattle::embed::stand_in::StandIn;
use wattle::node::input::Request;
use wattle::node::output::Response;

/// Two devices, that know each other's headroom.
fn home(seed: u64) -> World {
    let mut world = World::new(seed, 2);
    (world.net.loss_permille, world.net.datagram_loss_permille) = (0, 0);
    for at in 0..2 {
        world.set_speed(at, 50);
        world.boot(at);
    }
    world.run_until(world.after(60));
    world
}

fn texts(of: &str) -> Vec<String> {
    (0..64).map(|n| format!("Text {n} of a program: {of}.")).collect()
}

#[test]
fn a_linked_member_embeds_a_part_of_a_call_while_this_device_embeds_nothing_of_it() {
    for seed in 0..super::seeds(5) {
        let mut world = home(seed);
        let asked = [texts("the first"), texts("the second")];
        let replies = asked.clone().map(|part| world.request(0, Request::Embed(part)));
        world.run_until(world.after(30));
        for (part, reply) in asked.iter().zip(replies) {
            let Response::Embedded(Some(vectors)) = world.reply(0, reply) else { panic!("seed {seed}: nobody helped") };
            let own = |text: &String| StandIn::new(Fingerprint([7; 32])).embed(text).unwrap().quantize();
            assert!(part.iter().map(own).eq(vectors), "seed {seed}: each vector in its place");
        }
        assert_eq!((world.texts_embedded(0), world.texts_embedded(1)), (0, 128), "seed {seed}");
    }
}

#[test]
fn a_part_of_a_device_that_is_gone_and_one_that_nobody_may_help_with_are_answered_with_nothing() {
    for seed in 0..super::seeds(5) {
        let mut world = home(seed);
        let lent = world.request(0, Request::Embed(texts("lent")));
        world.run_until(world.after(1));
        world.crash(1);
        world.run_until(world.after(60));
        assert_eq!(world.reply(0, lent), Response::Embedded(None), "seed {seed}");
        let late = world.request(0, Request::Embed(texts("late")));
        world.run_until(world.after(1));
        assert_eq!(world.reply(0, late), Response::Embedded(None), "seed {seed}: at once");
    }
}
