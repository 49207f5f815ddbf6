//! A private collection answers no other device, whatever is done to it: folders join it, it gets another name or ring, its
//! agent starts again.

use super::World;
use wattle::base::id::Ring;
use wattle::base::time::Duration;
use wattle::node::input::Request;
use wattle::node::output::Response;
use wattle::scheduler::addition::{Addition, Patterns};
use wattle::scheduler::regroup::{NewGroup, Regroup};

/// Two devices, of which the first has three files in three folders.
fn two_devices() -> World {
    let mut world = World::new(5, 2);
    for n in 0..3 {
        world.devices[0].files.write(format!("/docs{n}/a.md").as_bytes(), format!("violin number {n}").as_bytes());
    }
    (0..2).for_each(|at| world.boot(at));
    world
}

fn asked(world: &mut World, request: Request) -> Response {
    let reply = world.request(0, request);
    world.settle(Duration::from_secs(600));
    world.devices[0].replies[&reply].clone()
}

fn add(world: &mut World, path: &str, collection: &str, ring: Option<Ring>) -> Response {
    let (path, collection) = (path.as_bytes().to_vec(), collection.to_owned());
    asked(
        world,
        Request::Add(Addition { path, collection, unnamed: false, ring, device: 1, patterns: Patterns::default() }),
    )
}

fn regroup(world: &mut World, collection: &str, to: NewGroup) {
    let done = asked(world, Request::Regroup(Regroup { collection: collection.to_owned(), to }));
    assert!(matches!(done, Response::Regrouped(_)), "{done:?}");
}

/// How many passages the device with the files finds, and how many the other one.
fn found(world: &mut World) -> (usize, usize) {
    (world.search(0, "violin").0.len(), world.search(1, "violin").0.len())
}

#[test]
fn what_joins_a_private_collection_is_private_and_stays_it_after_a_new_name_and_a_restart() {
    let mut world = two_devices();
    assert_eq!(add(&mut world, "/docs0", "home", None), Response::Added);
    assert_eq!(found(&mut world), (1, 1), "a new collection is for the mesh");
    regroup(&mut world, "home", NewGroup::Ring(Ring::Private));
    assert_eq!(found(&mut world), (1, 0));
    assert_eq!(add(&mut world, "/docs1", "home", None), Response::Added);
    assert_eq!(found(&mut world), (2, 0), "an addition");
    let refused = add(&mut world, "/docs2", "home", Some(Ring::Mesh));
    assert!(matches!(refused, Response::Refused(..)), "{refused:?}");
    regroup(&mut world, "home", NewGroup::Name("diary".to_owned()));
    assert_eq!(found(&mut world), (2, 0), "another name");
    assert_eq!(add(&mut world, "/docs2", "diary", None), Response::Added);
    assert_eq!(found(&mut world), (3, 0), "an addition under that name");
    for _ in 0..2 {
        world.crash(0);
        world.boot(0);
        world.settle(Duration::from_secs(600));
        assert_eq!(found(&mut world), (3, 0), "a restart");
    }
    regroup(&mut world, "diary", NewGroup::Ring(Ring::Mesh));
    assert_eq!(found(&mut world), (3, 3));
    regroup(&mut world, "diary", NewGroup::Ring(Ring::Private));
    assert_eq!(found(&mut world), (3, 0), "a ring");
}
