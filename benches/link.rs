//! Links on loopback, all ends in this process: handshakes a second, pings idle and under bulk, MiB/s over one link, and over
//! eight links of one agent to eight others, in all.
//!
//! `cargo bench --bench link`. scripts/bench-link runs the same beside rust-libp2p.

#![allow(
    clippy::panic,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a bench fails by panicking, reads the clock, and is a part of scripts/bench-link as well"
)]

use ed25519_dalek::SigningKey;
use smol::Timer;
use smol::channel::Receiver;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use wattle::limits::FRAME_TASK_MAX;
use wattle::net::link::{Channel, LinkEvent, Links, SendError, Settings};
use wattle::wire::peer_id::PeerId;

const HANDSHAKES: u32 = 200;
const PINGS: usize = 1000;
const BULK: Duration = Duration::from_secs(5);

/// The figures of one implementation.
#[derive(Debug, Default)]
pub struct Figures {
    /// Links brought up and ended, one after the other, per second.
    pub handshakes: f64,
    /// Round trips on a link without other traffic.
    pub idle: Vec<Duration>,
    /// Round trips while the link carries as much as it can, one way.
    pub bulk: Vec<Duration>,
    /// MiB of content per second, one way.
    pub mebibytes: f64,
    /// The same from one agent to eight others, in all: as an owner of work sends it.
    pub eight: f64,
    /// Milliseconds of processor time for a MiB, both ends together: of the one, and of the eight. Beside other load these say more.
    pub cost: [f64; 2],
}

impl Figures {
    pub fn print(mut self, name: &str) {
        println!(
            "{name:24} {:6.0} handshakes/s   ping idle {}   under bulk {}   {:6.0} MiB/s ({:.2} ms of CPU/MiB)   eight {:6.0} MiB/s ({:.2})",
            self.handshakes,
            percentiles(&mut self.idle),
            percentiles(&mut self.bulk),
            self.mebibytes,
            self.cost[0],
            self.eight,
            self.cost[1]
        );
    }
}

/// Processor time of this process so far (proc(5), /proc/pid/stat: the two times after the name are the 12th and 13th, in hundredths of
/// a second).
pub fn processor_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, after_name) = stat.rsplit_once(')').unwrap();
    let ticks: u32 = after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum();
    f64::from(ticks) * 10.0
}

fn percentiles(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)));
    let [p50, p99] = [50, 99].map(|percent| at(percent).map_or(0.0, |time| time.as_secs_f64() * 1e3));
    format!("p50 {p50:.2} p99 {p99:.2} ms (n {})", times.len())
}

struct End {
    links: Links,
    events: Receiver<LinkEvent>,
    address: SocketAddr,
    name: PeerId,
}

fn end(seed: u8, friends: &[u8]) -> End {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, events) = smol::channel::bounded(64);
    let key = |seed: u8| SigningKey::from_bytes(&[seed; 32]);
    let name = |seed: u8| PeerId::from_public_key(key(seed).verifying_key().as_bytes());
    let friends: Vec<PeerId> = friends.iter().map(|seed| name(*seed)).collect();
    let (key, name) = (key(seed), name(seed));
    let settings = Settings { handshakes_per_second: 1_000_000, ..Settings::default() };
    End { links: Links::open_with(listener, key, &friends, tell, settings).unwrap(), events, address, name }
}

impl End {
    async fn until(&self, up: bool) {
        loop {
            match self.events.recv().await.unwrap() {
                LinkEvent::Up { .. } if up => return,
                LinkEvent::Down { .. } if !up => return,
                LinkEvent::DialFailed { why, .. } => panic!("{why}"),
                _ => {}
            }
        }
    }
}

pub fn measure() -> Figures {
    // The thread that waits must not drive the reactor too: it would be one more that wants a processor than `SMOL_THREADS` says.
    smol::future::block_on(smol::spawn(async {
        let (a, b) = (end(1, &[2]), end(2, &[1]));
        let begun = Instant::now();
        for _ in 0..HANDSHAKES {
            a.links.dial(b.name, b.address);
            a.until(true).await;
            b.until(true).await;
            a.links.hang_up(&b.name, "next");
            a.until(false).await;
            b.until(false).await;
        }
        let handshakes = f64::from(HANDSHAKES) / begun.elapsed().as_secs_f64();
        a.links.dial(b.name, b.address);
        a.until(true).await;
        let mut idle = Vec::new();
        while idle.len() < PINGS {
            idle.push(a.links.ping(&b.name).await.unwrap());
        }
        let sender = send_bulk(a.links.clone(), b.name);
        let (links, name) = (a.links.clone(), b.name);
        let pinger = smol::spawn(async move {
            let (mut times, begun) = (Vec::new(), Instant::now());
            while begun.elapsed() < BULK {
                times.push(links.ping(&name).await.unwrap());
                Timer::after(Duration::from_millis(1)).await;
            }
            times
        });
        let (mut frames, begun, cost) = (0_u32, Instant::now(), processor_ms());
        while begun.elapsed() < BULK {
            if let LinkEvent::Frame { bytes, .. } = b.events.recv().await.unwrap() {
                assert_eq!(bytes.len(), FRAME_TASK_MAX);
                frames += 1;
            }
        }
        let mebibytes = f64::from(frames) / begun.elapsed().as_secs_f64();
        let cost = (processor_ms() - cost) / f64::from(frames);
        let drain = smol::spawn(async move { while b.events.recv().await.is_ok() {} });
        let bulk = pinger.await;
        drop((sender, drain));
        a.links.close().await;
        let (eight, cost_of_eight) = eight().await;
        Figures { handshakes, idle, bulk, mebibytes, eight, cost: [cost, cost_of_eight] }
    }))
}

/// Sends frames for as long as the task is held.
fn send_bulk(links: Links, to: PeerId) -> smol::Task<()> {
    smol::spawn(async move {
        loop {
            // What is filled and finds no room is filled for nothing, and again each millisecond.
            if !links.has_room(&to, Channel::Task, FRAME_TASK_MAX) {
                Timer::after(Duration::from_millis(1)).await;
                continue;
            }
            let mut frame = links.frame_for(FRAME_TASK_MAX);
            frame.buffer().resize(FRAME_TASK_MAX, 1);
            match links.send(&to, Channel::Task, frame) {
                Ok(()) => {}
                Err(SendError::Full) => drop(Timer::after(Duration::from_millis(1)).await),
                Err(_) => return,
            }
        }
    })
}

/// MiB a second from one agent to eight others, in all, and milliseconds of processor time for one.
async fn eight() -> (f64, f64) {
    let others: Vec<u8> = (11..19).collect();
    let a = end(10, &others);
    let others: Vec<End> = others.iter().map(|seed| end(*seed, &[10])).collect();
    let count = Arc::new(AtomicU32::new(0));
    let mut tasks = Vec::new();
    for other in &others {
        a.links.dial(other.name, other.address);
        a.until(true).await;
        other.until(true).await;
        tasks.push(send_bulk(a.links.clone(), other.name));
        let (count, events) = (Arc::clone(&count), other.events.clone());
        tasks.push(smol::spawn(async move {
            while let Ok(event) = events.recv().await {
                count.fetch_add(u32::from(matches!(event, LinkEvent::Frame { .. })), Ordering::Relaxed);
            }
        }));
    }
    Timer::after(Duration::from_millis(200)).await;
    let (before, begun, cost) = (count.load(Ordering::Relaxed), Instant::now(), processor_ms());
    Timer::after(BULK).await;
    let mebibytes = f64::from(count.load(Ordering::Relaxed) - before);
    (mebibytes / begun.elapsed().as_secs_f64(), (processor_ms() - cost) / mebibytes)
}

fn main() {
    measure().print("wattle");
}
