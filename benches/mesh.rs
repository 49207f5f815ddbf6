//! The mesh in the pretend world, measured: `cargo bench --no-default-features --bench mesh -- [devices] [loss in
//! per cent] [seed] [kills]`. Without arguments the table of docs/evidence.md. Virtual time, one thread, datagrams
//! 1 to 8 ms late; bytes with heads and seals (`sim::net`).

#![expect(clippy::print_stdout, reason = "it prints a table")]

use wattle::base::time::{Duration, Instant};
use wattle::sim::device::Sent;
use wattle::sim::world::World;

const MINUTE: Duration = Duration::from_secs(60);

fn main() {
    let given: Vec<u64> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    println!(
        "| N | loss | seed | all joined s | packets/s | B/s datagrams | B/s links | dials/s | death s: first / median / last (worst) | back s (worst) | deaths told falsely | of those in 20 naps |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    if let [devices, loss, seed, kills, ..] = given[..] {
        return run(devices, loss, seed, kills);
    }
    println!(
        "HashiCorp memberlist's defaults for a local network (probe 1 s, suspicion 4 to 24), by a model of its rules, not the \
         library (shared/reference/protocol.md section 1): death known after, p50 / p95: N=5 5.9 / 7.4 s, N=50 9.1 / 11.3 s, \
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
    let long = if count > 100 { 60 } else { 300 };
    world.run_until(world.after(long));
    let after = sent(&world);
    let rate = |of: fn(&Sent) -> u64| (of(&after) - of(&before)) as f64 / long as f64 / devices as f64;

    let (mut deaths, mut backs) = (Vec::new(), Vec::new());
    let mut told = 0;
    for kill in 0..kills {
        let victim = 1 + usize::try_from((kill * 37 + seed) % (devices - 1)).unwrap_or(0);
        world.run_until(world.now + Duration::from_millis(world.rng.clone().below(3_000)));
        deaths.push(kill_one(&mut world, victim));
        told += count - 1;
        world.run_until(world.after(5));
        world.boot(victim);
        backs.push(world.run_till(2 * MINUTE, World::all_joined).map_or(f64::NAN, |time| time.as_secs_f64()));
        world.run_until(world.after(10));
    }
    let naps_from = world.now;
    for nap in 0..20 {
        world.nap(1 + (nap * 13) % (count - 1), Duration::from_secs(3));
        world.run_until(world.after(if count > 100 { 15 } else { 30 }));
    }
    let middle = |of: fn(&(f64, f64, f64)) -> f64| {
        let mut all: Vec<f64> = deaths.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        (all.get(all.len() / 2).copied().unwrap_or(f64::NAN), all.last().copied().unwrap_or(f64::NAN))
    };
    let (last, worst) = middle(|death| death.2);
    println!(
        "| {devices} | {loss} % | {seed} | {:.1} | {:.2} | {:.0} | {:.0} | {:.3} | {:.1} / {:.1} / {last:.1} ({worst:.1}) | {:.1} | {} | {} |",
        joined.map_or(f64::NAN, |time| time.as_secs_f64()),
        rate(|sent| sent.datagrams),
        rate(|sent| sent.datagram_bytes),
        rate(|sent| sent.message_bytes),
        rate(|sent| sent.dials),
        middle(|death| death.0).0,
        middle(|death| death.1).0,
        backs.iter().copied().fold(0.0, f64::max),
        world.deaths_told(start).saturating_sub(told),
        world.deaths_told(naps_from),
    );
}

fn sent(world: &World) -> Sent {
    world.devices.iter().fold(Sent::default(), |sum, device| Sent {
        datagrams: sum.datagrams + device.sent.datagrams,
        datagram_bytes: sum.datagram_bytes + device.sent.datagram_bytes,
        messages: sum.messages + device.sent.messages,
        message_bytes: sum.message_bytes + device.sent.message_bytes,
        dials: sum.dials + device.sent.dials,
    })
}

/// Seconds until the first, the middle and the last of the others have it for down.
fn kill_one(world: &mut World, victim: usize) -> (f64, f64, f64) {
    world.crash(victim);
    let start: Instant = world.now;
    let all = world.believers(victim);
    let mut reached = |left: usize| {
        world.run_till(2 * MINUTE, |world| world.believers(victim) <= left);
        world.now.since(start).as_secs_f64()
    };
    (reached(all - 1), reached(all / 2), reached(0))
}
