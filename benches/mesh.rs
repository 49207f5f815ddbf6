//! Figures of the mesh in the simulator: `cargo bench --no-default-features --bench mesh -- [devices] [loss in per
//! cent] [seed] [kills; 0: no suspensions either]`. Without arguments it prints the table of docs/evidence.md. Virtual time, one thread;
//! datagrams take 1 to 8 ms; bytes include headers and encryption (`sim::net`).

#![expect(clippy::print_stdout, reason = "it prints a table")]

use wattle::base::level::Energy;
use wattle::base::time::{Duration, Instant};
use wattle::node::input::Input;
use wattle::sim::device::{Device, Sent};
use wattle::sim::net;
use wattle::sim::world::World;
use wattle::wire::gossip::{Fact, Headroom, Kind};

const MINUTE: Duration = Duration::from_secs(60);

/// Gossip items sent in each mesh, one after the other, each by another agent.
const ITEMS: usize = 10;

fn main() {
    let given: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    println!(
        "| N | loss | seed | all joined s | packets/s | B/s datagrams | B/s links | dials/s | down s: first / median / last (worst) | back s (worst) | gossip item s: half (worst) / all (worst) | false downs | of those in 20 suspensions |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    if let [devices, loss, seed, kills, ..] = given[..] {
        return run(devices, loss, seed, kills);
    }
    println!(
        "HashiCorp memberlist's defaults for a local network (probe 1 s, suspicion 4 to 24), by a model of its rules, not the \
         library: down known after, p50 / p95: N=5 5.9 / 7.4 s, N=50 9.1 / 11.3 s, \
         N=500 13.4 / 15.7 s."
    );
    for (devices, loss, kills) in [(5, 1, 20), (5, 5, 20), (20, 2, 20), (50, 1, 10), (500, 1, 3)] {
        run(devices, loss, 1, kills);
    }
}

/// Virtual times of one mesh, from its first start.
fn run(devices: u64, loss: u64, seed: u64, kills: u64) {
    let count = usize::try_from(devices).unwrap_or(0);
    let mut world = World::new(seed, count);
    world.bootstrap = Some(vec![0]);
    (world.net.delay_ms_max, world.net.datagram_loss_permille) = (8, 10 * loss);
    (0..count).for_each(|at| world.boot(at));
    let joined = world.run_till(10 * MINUTE, World::all_joined);
    world.run_until(world.after(60));

    let (before, start) = (sent(&world), world.now);
    let long = if count > 100 { 120 } else { 300 };
    world.run_until(world.after(long));
    let after = sent(&world);
    let rate = |of: fn(&Sent) -> u64| (of(&after) - of(&before)) as f64 / long as f64 / devices as f64;

    let items: Vec<(f64, f64)> = (0..ITEMS).map(|n| spread_one(&mut world, n * count / ITEMS)).collect();

    let (mut downs, mut backs) = (Vec::new(), Vec::new());
    let mut expected = 0;
    for kill in 0..kills {
        let victim = 1 + usize::try_from((kill * 37 + seed) % (devices - 1)).unwrap_or(0);
        world.run_until(world.now + Duration::from_millis(world.rng.clone().below(3_000)));
        downs.push(kill_one(&mut world, victim));
        expected += count - 1;
        world.run_until(world.after(5));
        world.boot(victim);
        backs.push(world.run_till(2 * MINUTE, World::all_joined).map_or(f64::NAN, |time| time.as_secs_f64()));
        world.run_until(world.after(10));
    }
    let suspensions_from = world.now;
    for round in 0..if kills > 0 { 20 } else { 0 } {
        world.stall(1 + (round * 13) % (count - 1), Duration::from_secs(3));
        world.run_until(world.after(if count > 100 { 15 } else { 30 }));
    }
    let first = middle(downs.iter().map(|down| down.0)).0;
    let half = middle(downs.iter().map(|down| down.1)).0;
    let (last, worst) = middle(downs.iter().map(|down| down.2));
    let (item_half, item_half_worst) = middle(items.iter().map(|item| item.0));
    let (item_all, item_all_worst) = middle(items.iter().map(|item| item.1));
    println!(
        "| {devices} | {loss} % | {seed} | {:.1} | {:.2} | {:.0} | {:.0} | {:.3} | {first:.1} / {half:.1} / {last:.1} ({worst:.1}) \
         | {:.1} | {item_half:.2} ({item_half_worst:.2}) / {item_all:.2} ({item_all_worst:.2}) | {} | {} |",
        joined.map_or(f64::NAN, |time| time.as_secs_f64()),
        rate(|sent| sent.datagrams),
        rate(|sent| sent.datagram_bytes),
        rate(|sent| sent.message_bytes),
        rate(|sent| sent.dials),
        backs.iter().copied().fold(0.0, f64::max),
        world.reported_down(start).saturating_sub(expected),
        world.reported_down(suspensions_from),
    );
    println!("on links, a second and agent: {}", by_kind(&before, &after, long as f64 * devices as f64));
}

/// The median and the maximum.
fn middle(all: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    (all.get(all.len() / 2).copied().unwrap_or(f64::NAN), all.last().copied().unwrap_or(f64::NAN))
}

fn sent(world: &World) -> Sent {
    world.devices.iter().fold(Sent::default(), |mut sum, Device { sent, .. }| {
        sum.datagrams += sent.datagrams;
        sum.datagram_bytes += sent.datagram_bytes;
        sum.messages += sent.messages;
        sum.message_bytes += sent.message_bytes;
        sum.dials += sent.dials;
        for (kind, (messages, bytes)) in &sent.kinds {
            let of_kind = sum.kinds.entry(kind).or_default();
            *of_kind = (of_kind.0 + messages, of_kind.1 + bytes);
        }
        sum
    })
}

/// What one agent sends on links in a second, by kind: messages and bytes.
fn by_kind(before: &Sent, after: &Sent, agents_and_seconds: f64) -> String {
    let of_kind = after.kinds.iter().map(|(kind, (messages, bytes))| {
        let (messages_before, bytes_before) = before.kinds.get(kind).copied().unwrap_or_default();
        let rate = |new: u64| new as f64 / agents_and_seconds;
        format!("{kind} {:.3} ({:.0} B)", rate(messages - messages_before), rate(bytes - bytes_before))
    });
    of_kind.collect::<Vec<_>>().join("; ")
}

/// Seconds until the first, the median and the last of the other agents take it for down.
fn kill_one(world: &mut World, victim: usize) -> (f64, f64, f64) {
    world.crash(victim);
    let start: Instant = world.now;
    let all = world.count_seen_up(victim);
    let mut reached = |left: usize| {
        world.run_till(2 * MINUTE, |world| world.count_seen_up(victim) <= left);
        world.now.since(start).as_secs_f64()
    };
    (reached(all - 1), reached(all / 2), reached(0))
}

/// Seconds until half of the running agents, and all of them, have an item of this one; NaN: not within two minutes.
fn spread_one(world: &mut World, origin: usize) -> (f64, f64) {
    let fact = Fact::Headroom(Headroom { quarters: 3, energy: Energy::Surplus, ms_per_task: 7, valid_s: 1_500 });
    let message = world.signer.sign(origin, net::key(origin), &fact);
    world.inject(origin, Input::Signed(message));
    let start = world.now;
    world.run_until(start);
    let order = |world: &World, at: usize| {
        world.devices[at].agent.as_ref().and_then(|agent| agent.node.newest_gossip(net::key(origin), Kind::Headroom))
    };
    // A later item of it counts too: it replaces this one.
    let sent = order(world, origin);
    let all = world.devices.len();
    let mut reached = |enough: usize| {
        while world.running().filter(|at| order(world, *at) >= sent).count() < enough {
            if world.now.since(start) > 2 * MINUTE {
                return f64::NAN;
            }
            world.run_until(world.now + Duration::from_millis(5));
        }
        world.now.since(start).as_secs_f64()
    };
    let reached = (reached(all.div_ceil(2)), reached(all));
    world.run_until(world.after(7));
    reached
}
