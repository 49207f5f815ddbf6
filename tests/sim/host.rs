//! Hosts with several agents, in one simulation with network, disks, heat and supply: leader election, pauses, heat and
//! an empty battery.

use super::{FOLDER, World, edit, prose};
use wattle::base::time::Duration;
use wattle::energy::coordinator::{HostCoordinator, Out};
use wattle::energy::decision::Decision;
use wattle::energy::fraction::Fraction;
use wattle::energy::policy::pause::Pause;
use wattle::energy::reason::Reason;
use wattle::sim::host::{Charge, Hardware};
use wattle::sim::power::plant::plant;

/// Runs of hosts, each run twice.
const HOST_SEEDS: u64 = 12;

/// So many agents on one host and one agent on another, all cool, each with so many files.
fn hosts(seed: u64, board: &str, agents: usize, files: usize) -> World {
    let mut world = World::new(seed, agents + 1);
    for at in 0..=agents {
        for n in 0..files {
            let text = prose(&mut world.rng, 6);
            world.devices[at].files.write(&[FOLDER, format!("/{n}.md").as_bytes()].concat(), text.as_bytes());
        }
    }
    world.add_host(Hardware::new(plant(board), 22.0, seed), &(0..agents).collect::<Vec<_>>());
    world.add_host(Hardware::new(plant("pi5_big_fan"), 22.0, seed + 1), &[agents]);
    for at in 0..=agents {
        world.boot(at);
        world.add_folder(at);
    }
    world
}

fn run(world: &mut World, seconds: u64) {
    world.run_until(world.after(seconds));
}

/// The decision that an agent's coordinator gives to the node.
fn allowed(world: &mut World, at: usize) -> Decision {
    let mut copy = world.coordinator(at).expect("running").clone();
    copy.decision(world.now, &mut Out::new())
}

/// Texts that an agent embedded since it was started.
fn embedded(world: &World, at: usize) -> u64 {
    world.devices[at].agent.as_ref().map_or(0, |agent| agent.embedder.texts)
}

/// Whether an agent has no unfinished work.
fn is_done(world: &World, at: usize) -> bool {
    let agent = world.devices[at].agent.as_ref().expect("running");
    let status = agent.node.status(world.now);
    status.work.to_do == 0 && !status.work.scanning && status.work.running == 0
}

/// The agents of a host that lead.
fn leaders(world: &World, host: usize) -> Vec<usize> {
    world.agents_of(host).filter(|at| world.coordinator(*at).is_some_and(HostCoordinator::leads)).collect()
}

/// Lets the world come to rest and checks it.
fn finish(world: &mut World) {
    world.settle(Duration::from_secs(12 * 3600));
    world.check_at_rest();
}

fn leader_crashes_while_work_runs(seed: u64) -> u64 {
    let mut world = hosts(seed, "pi5_big_fan", 3, 60);
    let works = |world: &World| (0..3).all(|at| embedded(world, at) > 0);
    assert!(world.run_till(Duration::from_secs(300), works).is_some(), "each agent embeds: {}", world.describe());
    assert_eq!(leaders(&world, 0), [0], "the first leads");
    assert_eq!(world.coordinator(0).expect("running").followers(), 2);
    assert!(!(0..3).any(|at| is_done(&world, at)), "all have work still");
    let parts: Vec<f64> = (0..3).map(|at| allowed(&mut world, at).headroom.value()).collect();
    assert!(parts.iter().sum::<f64>() <= 1.0 + 1e-9 && parts.iter().all(|part| *part > 0.0), "{parts:?}");

    // A person pauses the host at a follower; a second later the leader loses its power.
    world.pause_host(1, Some(Pause::OPEN));
    run(&mut world, 1);
    assert!((0..3).all(|at| allowed(&mut world, at).reason == Some(Reason::Paused)), "the pause holds for all agents");
    assert!((0..3).all(|at| world.pause_is_saved(at)), "whoever leads next has it on its disk");
    world.crash(0);
    let took_over = |world: &World| leaders(world, 0).len() == 1;
    assert!(world.run_till(Duration::from_secs(2), took_over).is_some(), "a follower takes over");
    run(&mut world, 2);
    let before: Vec<u64> = (0..3).map(|at| embedded(&world, at)).collect();
    run(&mut world, 600);
    let after: Vec<u64> = (0..3).map(|at| embedded(&world, at)).collect();
    assert_eq!(before, after, "the pause outlives its leader");
    // The pause ends at the new leader; the old one comes back with a file that says paused.
    world.pause_host(leaders(&world, 0)[0], None);
    run(&mut world, 1);
    world.boot(0);
    world.add_folder(0);
    run(&mut world, 2);
    assert_eq!(leaders(&world, 0).len(), 1);
    assert!((0..3).all(|at| allowed(&mut world, at).reason != Some(Reason::Paused)), "the newest pause state holds");
    finish(&mut world);
    world.trace
}

#[test]
fn a_follower_takes_over_from_a_leader_that_crashed_and_a_pause_outlives_it() {
    for seed in 1..=4 {
        assert_eq!(leader_crashes_while_work_runs(seed), leader_crashes_while_work_runs(seed), "seed {seed}");
    }
}

#[test]
fn the_newest_pause_wins_after_agents_of_a_host_were_cut_off_from_one_another() {
    // What people do meanwhile at the leader and at the follower: pause (true) or end the pause.
    for (at_leader, at_follower, paused) in [
        (&[true][..], &[][..], true),
        (&[], &[true], true),
        (&[true, false], &[true], false),
        (&[true], &[true, false], false),
        (&[true, false], &[true, false, true], true),
        (&[true, false, true], &[true, false], true),
    ] {
        let mut world = hosts(7, "pi5_big_fan", 2, 3);
        run(&mut world, 30);
        let follower = 1 - leaders(&world, 0)[0];
        world.cut_host_agent(follower);
        run(&mut world, 1);
        for (agent, commands) in [(1 - follower, at_leader), (follower, at_follower)] {
            for pause in commands {
                world.pause_host(agent, pause.then_some(Pause::OPEN));
            }
        }
        run(&mut world, 10);
        assert_eq!(leaders(&world, 0), [1 - follower], "it is cut off, and does not lead");
        world.heal_host(0);
        let same = |world: &World| {
            let known: Vec<_> = (0..2).filter_map(|at| Some(world.coordinator(at)?.pause_version(world.now))).collect();
            known[0] == known[1]
        };
        assert!(world.run_till(Duration::from_secs(70), same).is_some(), "they know the same");
        for at in 0..2 {
            let reason = allowed(&mut world, at).reason;
            assert_eq!(reason == Some(Reason::Paused), paused, "{at_leader:?} and {at_follower:?}: {reason:?}");
        }
    }
}

#[test]
fn a_follower_of_a_leader_that_hangs_works_at_a_trickle_until_it_answers_again() {
    let mut world = hosts(3, "pi5_big_fan", 2, 700);
    assert!(world.run_till(Duration::from_secs(300), |world| embedded(world, 1) > 0).is_some());
    world.stall(0, Duration::from_secs(60));
    run(&mut world, 40);
    let careful = allowed(&mut world, 1);
    assert_eq!((careful.reason, careful.workers), (Some(Reason::LeaderSilent), 1), "{careful:?}");
    assert!(careful.headroom <= Fraction::TRICKLE);
    run(&mut world, 40);
    assert_ne!(allowed(&mut world, 1).reason, Some(Reason::LeaderSilent));
    assert_eq!(leaders(&world, 0), [0]);
    finish(&mut world);
}

#[test]
fn heat_holds_background_work_while_gossip_goes_on() {
    let run_once = |seed| {
        let mut world = hosts(seed, "pi4_heatsink", 2, 3);
        let done = |world: &World| (0..2).all(|at| is_done(world, at) && embedded(world, at) > 0);
        assert!(world.run_till(Duration::from_secs(600), done).is_some());
        world.hosts[0].hardware.air = 85.0;
        let hot = |world: &World| world.hosts[0].hardware.die() > 80.0;
        assert!(world.run_till(Duration::from_secs(3600), hot).is_some(), "the room is hot");
        let before: Vec<u64> = (0..2).map(|at| embedded(&world, at)).collect();
        for at in 0..2 {
            for n in 0..20 {
                let (path, text) = ([FOLDER, format!("/new{n}.md").as_bytes()].concat(), prose(&mut world.rng, 6));
                world.devices[at].files.write(&path, text.as_bytes());
                world.touched(at, &path);
            }
        }
        let sent = |world: &World| -> Vec<u64> {
            world.devices.iter().map(|device| device.sent.messages + device.sent.datagrams).collect()
        };
        let sent_before = sent(&world);
        run(&mut world, 600);
        let reasons: Vec<_> = (0..2).map(|at| allowed(&mut world, at).reason).collect();
        assert_eq!(reasons, [Some(Reason::TooHot); 2]);
        let after: Vec<u64> = (0..2).map(|at| embedded(&world, at)).collect();
        assert_eq!(before, after, "nothing is embedded in heat");
        assert!((0..2).all(|at| !is_done(&world, at)), "and there is work");
        let sends = sent(&world).iter().zip(sent_before).all(|(now, before)| *now > before + 600);
        assert!(sends && world.all_joined(), "the mesh holds: a message a second at least from each");
        let newest = wattle::wire::gossip::Kind::Headroom;
        assert!((0..3).all(|at| world.holding(at, newest) == 3), "every agent holds every headroom");
        world.hosts[0].hardware.air = 22.0;
        finish(&mut world);
        // Whoever has time: the other host may have done much of it.
        let all = |counts: &[u64]| counts.iter().sum::<u64>();
        let now: Vec<u64> = (0..3).map(|at| embedded(&world, at)).collect();
        assert!(all(&now) > all(&before) && is_done(&world, 0) && is_done(&world, 1));
        assert!(world.hosts[0].hardware.die() < 80.0);
        world.trace
    };
    assert_eq!(run_once(5), run_once(5));
}

#[test]
fn an_empty_battery_stops_one_host_and_the_other_goes_on() {
    let run_once = |seed| {
        let mut world = hosts(seed, "pi5_active", 2, 300);
        world.hosts[0].hardware.battery = Some(Charge { percent: 90.0, full_wh: 1.0, charger_watts: 20.0 });
        let works = |world: &World| (0..3).all(|at| embedded(world, at) > 0);
        assert!(world.run_till(Duration::from_secs(600), works).is_some());
        world.hosts[0].hardware.plugged = false;
        run(&mut world, 10);
        assert_eq!(allowed(&mut world, 0).reason, Some(Reason::OnBattery));
        let before: Vec<u64> = (0..3).map(|at| embedded(&world, at)).collect();
        let flat = |world: &World| (0..2).all(|at| world.devices[at].agent.is_none());
        run(&mut world, 300);
        assert!(!flat(&world));
        let after: Vec<u64> = (0..3).map(|at| embedded(&world, at)).collect();
        assert_eq!(before[..2], after[..2], "nothing is embedded on battery");
        assert!(after[2] > before[2], "the other host goes on");
        assert!(world.run_till(Duration::from_secs(3600), flat).is_some(), "it goes down with all its agents");
        let alone = |world: &World| world.all_joined();
        assert!(world.run_till(Duration::from_secs(120), alone).is_some(), "the mesh knows");
        // It is plugged in and started.
        world.hosts[0].hardware.plugged = true;
        for at in 0..2 {
            world.boot(at);
            world.add_folder(at);
        }
        finish(&mut world);
        // The work may be done before.
        let charged = |world: &World| world.hosts[0].hardware.battery.expect("it has one").percent > 20.0;
        assert!(world.run_till(Duration::from_secs(600), charged).is_some());
        world.trace
    };
    assert_eq!(run_once(11), run_once(11));
}

/// A run of two hosts, with three and two agents, under all kinds of faults.
fn run_two_hosts(seed: u64) -> (u64, u64) {
    let agents = 5;
    let mut world = World::new(seed, agents);
    world.net.loss_permille = 20;
    (0..agents).for_each(|at| (0..10).for_each(|_| edit(&mut world, at)));
    world.add_host(Hardware::new(plant("pi4_bare"), 22.0, seed), &[0, 1, 2]);
    world.add_host(Hardware::new(plant("zero2w_case"), 22.0, seed + 1), &[3, 4]);
    world.hosts[1].hardware.battery = Some(Charge { percent: 60.0, full_wh: 5.0, charger_watts: 10.0 });
    for at in 0..agents {
        world.boot(at);
        world.add_folder(at);
    }
    for _ in 0..60 {
        let at = usize::try_from(world.rng.below(agents as u64)).expect("small");
        let host = world.host_of(at).expect("each has one");
        match world.rng.below(12) {
            0 if world.devices[at].agent.is_some() => world.crash(at),
            0 | 1 if world.devices[at].agent.is_none() => world.boot(at),
            2 => world.cut_host_agent(at),
            3 => world.heal_host(host),
            4 => world.pause_host(at, Some(Pause::lasting(world.now, Duration::from_secs(60)))),
            5 => world.pause_host(at, None),
            6 => {
                let air = [10.0, 22.0, 35.0, 80.0][usize::try_from(world.rng.below(4)).expect("small")];
                world.hosts[host].hardware.air = air;
            }
            7 => world.hosts[1].hardware.plugged = world.rng.one_in(2),
            8 => world.hosts[host].read_ms = [3, 3, 300, 5000][usize::try_from(world.rng.below(4)).expect("small")],
            9 => world.hosts[host].hardware.foreign = world.rng.below(4) as f64,
            10 if world.devices[at].agent.is_some() => {
                let time = Duration::from_secs(1 + world.rng.below(40));
                world.stall(at, time);
                world.run_until(world.now + time);
            }
            _ => edit(&mut world, at),
        }
        let pause = world.rng.below(20_000);
        world.run_until(world.now + Duration::from_millis(pause));
    }
    for host in 0..2 {
        world.heal_host(host);
        let host = &mut world.hosts[host];
        (host.read_ms, host.hardware.air, host.hardware.foreign, host.hardware.plugged) = (3, 22.0, 0.0, true);
    }
    world.net.loss_permille = 0;
    run(&mut world, 70);
    for at in 0..agents {
        if world.devices[at].agent.is_none() {
            world.boot(at);
        }
        world.add_folder(at);
        world.pause_host(at, None);
    }
    run(&mut world, 130);
    for host in 0..2 {
        let leads = leaders(&world, host);
        assert_eq!(leads.len(), 1, "{leads:?} lead host {host}");
        let leader = leads[0];
        let agents: Vec<usize> = world.agents_of(host).collect();
        let followers = world.coordinator(leader).expect("it leads").followers();
        assert_eq!(followers, agents.len() - 1, "all others follow the leader");
        let known = |at: &usize| world.coordinator(*at).map(|agent| agent.pause_version(world.now));
        assert!(agents.iter().all(|at| known(at) == known(&leader)), "all agents know the same pause state");
    }
    finish(&mut world);
    (world.trace, world.inputs)
}

#[test]
fn one_agent_leads_each_host_in_the_end_and_a_seed_gives_the_same_trace_twice() {
    let mut inputs = 0;
    for seed in 1..=HOST_SEEDS {
        println!("seed {seed}");
        let run = run_two_hosts(seed);
        assert_eq!(run_two_hosts(seed), run, "seed {seed} gave two traces");
        inputs += run.1;
    }
    println!("{HOST_SEEDS} runs of two hosts, each twice, {inputs} inputs");
}
