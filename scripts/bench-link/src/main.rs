//! The link beside rust-libp2p, in turns (three, or as many as the argument says), both on loopback with both ends in this process and two threads each.

#[path = "../../../benches/link.rs"]
mod ours;

use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder, identify, noise, ping, tcp, yamux};
use ours::Figures;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const HANDSHAKES: u32 = 200;
const PINGS: usize = 1000;
const BULK: Duration = Duration::from_secs(5);
const BULK_PROTOCOL: StreamProtocol = StreamProtocol::new("/wattle/task/1");

#[derive(NetworkBehaviour)]
struct Behaviour {
    ping: ping::Behaviour,
    identify: identify::Behaviour,
    stream: libp2p_stream::Behaviour,
}

async fn swarm(ping_every: Duration) -> (Swarm<Behaviour>, Multiaddr) {
    let mut swarm = SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|key| Behaviour {
            ping: ping::Behaviour::new(ping::Config::new().with_interval(ping_every)),
            identify: identify::Behaviour::new(identify::Config::new("ipfs/0.1.0".into(), key.public())),
            stream: libp2p_stream::Behaviour::new(),
        })
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(60)))
        .build();
    swarm.listen_on("/ip4/127.0.0.1/tcp/0".parse().unwrap()).unwrap();
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            return (swarm, address);
        }
    }
}

async fn handshakes() -> f64 {
    let (mut a, _) = swarm(Duration::from_secs(15)).await;
    let (mut b, address) = swarm(Duration::from_secs(15)).await;
    let name = *b.local_peer_id();
    let begun = Instant::now();
    for _ in 0..HANDSHAKES {
        a.dial(address.clone()).unwrap();
        both(&mut a, &mut b, true).await;
        a.disconnect_peer_id(name).unwrap();
        both(&mut a, &mut b, false).await;
    }
    f64::from(HANDSHAKES) / begun.elapsed().as_secs_f64()
}

/// Until both ends have noticed that the connection stands, or that it is gone.
async fn both(a: &mut Swarm<Behaviour>, b: &mut Swarm<Behaviour>, up: bool) {
    let (mut one, mut other) = (false, false);
    let noticed = |event: &SwarmEvent<BehaviourEvent>| match event {
        SwarmEvent::ConnectionEstablished { .. } => up,
        SwarmEvent::ConnectionClosed { .. } => !up,
        _ => false,
    };
    while !(one && other) {
        tokio::select! {
            event = a.select_next_some() => one |= noticed(&event),
            event = b.select_next_some() => other |= noticed(&event),
        }
    }
}

async fn traffic() -> Figures {
    let (mut a, _) = swarm(Duration::from_millis(1)).await;
    let (mut b, address) = swarm(Duration::from_secs(15)).await;
    let name: PeerId = *b.local_peer_id();
    let mut incoming = b.behaviour().stream.new_control().accept(BULK_PROTOCOL).unwrap();
    let mut control = a.behaviour().stream.new_control();
    a.dial(address).unwrap();
    // They end with this function.
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { while b.next().await.is_some() {} });
    let (tell, mut times) = futures::channel::mpsc::unbounded();
    tasks.spawn(async move {
        loop {
            if let SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) = a.select_next_some().await {
                let _ = tell.unbounded_send(event.result.unwrap());
            }
        }
    });
    let mut idle = Vec::new();
    while idle.len() < PINGS {
        idle.push(times.next().await.unwrap());
    }
    let mut out = control.open_stream(name, BULK_PROTOCOL).await.unwrap();
    tasks.spawn(async move {
        // Each frame is made anew, as ours are: a program that sends something fills it first.
        let mut frame = vec![1; 1 << 20];
        while out.write_all(&frame).await.is_ok() {
            frame.fill(1);
        }
    });
    let (_, mut inbound) = incoming.next().await.unwrap();
    while times.try_recv().is_ok() {}
    // Whole frames, as ours are told.
    let (mut read, mut frame, begun, cost) = (0_u64, vec![0; 1 << 20], Instant::now(), ours::processor_ms());
    while begun.elapsed() < BULK {
        inbound.read_exact(&mut frame).await.unwrap();
        read += frame.len() as u64;
    }
    let mebibytes = read as f64 / f64::from(1 << 20);
    let cost = (ours::processor_ms() - cost) / mebibytes;
    let mebibytes = mebibytes / begun.elapsed().as_secs_f64();
    let mut bulk = Vec::new();
    while let Ok(time) = times.try_recv() {
        bulk.push(time);
    }
    Figures { handshakes: 0.0, idle, bulk, mebibytes, eight: 0.0, cost: [cost, 0.0] }
}

/// MiB a second from one swarm to eight others, in all, and milliseconds of processor time for one.
async fn eight() -> (f64, f64) {
    let (mut a, _) = swarm(Duration::from_secs(15)).await;
    let mut control = a.behaviour().stream.new_control();
    let (mut names, count) = (Vec::new(), Arc::new(AtomicU64::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut b, address) = swarm(Duration::from_secs(15)).await;
        let mut incoming = b.behaviour().stream.new_control().accept(BULK_PROTOCOL).unwrap();
        names.push(*b.local_peer_id());
        a.dial(address).unwrap();
        both(&mut a, &mut b, true).await;
        tasks.spawn(async move { while b.next().await.is_some() {} });
        let count = Arc::clone(&count);
        tasks.spawn(async move {
            let ((_, mut inbound), mut frame) = (incoming.next().await.unwrap(), vec![0; 1 << 20]);
            while inbound.read_exact(&mut frame).await.is_ok() {
                count.fetch_add(frame.len() as u64, Ordering::Relaxed);
            }
        });
    }
    tasks.spawn(async move { while a.next().await.is_some() {} });
    for name in names {
        let mut out = control.open_stream(name, BULK_PROTOCOL).await.unwrap();
        tasks.spawn(async move {
            // Each frame is made anew, as ours are: a program that sends something fills it first.
            let mut frame = vec![1; 1 << 20];
            while out.write_all(&frame).await.is_ok() {
                frame.fill(1);
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (before, begun, cost) = (count.load(Ordering::Relaxed), Instant::now(), ours::processor_ms());
    tokio::time::sleep(BULK).await;
    let mebibytes = (count.load(Ordering::Relaxed) - before) as f64 / f64::from(1 << 20);
    (mebibytes / begun.elapsed().as_secs_f64(), (ours::processor_ms() - cost) / mebibytes)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rounds = std::env::args().nth(1).and_then(|rounds| rounds.parse().ok()).unwrap_or(3);
    for _ in 0..rounds {
        ours::measure().print("wattle");
        runtime.block_on(async {
            let handshakes = handshakes().await;
            let figures = traffic().await;
            let (eight, cost) = eight().await;
            Figures { handshakes, eight, cost: [figures.cost[0], cost], ..figures }.print("rust-libp2p 0.57.1");
        });
    }
}
