//! Attacks of a linked peer on yamux and on the frames of our channels.

use super::super::raw::muxed;
use super::arena::{ATTACKER, Arena};
use super::{SYN, WINDOW, broken_yamux, stream, wrong_lengths, yamux};
use smol::Timer;
use smol::io::AsyncReadExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// 1, 2, 3: frames that yamux must refuse.
pub(super) async fn broken(arena: &Arena) -> String {
    let attacks = broken_yamux();
    let all = attacks.len();
    for (_, attack) in attacks {
        let mut attacker = muxed(arena.address, ATTACKER, arena.name).await.unwrap();
        let _ = attacker.send(&attack).await;
        attacker.closed().await;
        arena.healthy().await;
    }
    format!("{all} kinds: each ended its link")
}

/// 4: the link survives 64 streams, the agent a thousand.
pub(super) async fn flood(arena: &Arena) -> String {
    for protocol in ["/ipfs/ping/1.0.0", "/wattle/task/1", "/nothing/1"] {
        let mut attacker = muxed(arena.address, ATTACKER, arena.name).await.unwrap();
        let all: Vec<u8> = (0..64).flat_map(|number| stream(number * 2 + 1, protocol, &[])).collect();
        attacker.send(&all).await.unwrap();
        arena.healthy().await;
        let more: Vec<u8> = (64..1064).flat_map(|number| yamux(WINDOW, SYN, number * 2 + 1, 0)).collect();
        let _ = attacker.send(&more).await;
        arena.healthy().await;
    }
    "3,192 streams: the agent served others meanwhile".to_owned()
}

/// 4: pings as fast as the agent takes them, first with their answers read, then not.
pub(super) async fn pings(arena: &Arena) -> String {
    let mut total = 0;
    for read_answers in [true, false] {
        let mut attacker = muxed(arena.address, ATTACKER, arena.name).await.unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        // On a thread of its own, so that nothing here slows it down.
        let flood = std::thread::spawn(move || {
            smol::block_on(async {
                let pings: Vec<u8> = (0..5_000).flat_map(|number| yamux(2, 1, 0, number)).collect();
                let mut answers = attacker.tcp.clone();
                let sending = async {
                    let mut sent = 0_u32;
                    while !stopped.load(Ordering::Relaxed) && attacker.send(&pings).await.is_ok() {
                        sent += 5_000;
                    }
                    sent
                };
                let reading = async {
                    let mut sink = vec![0; 65_536];
                    while read_answers && matches!(answers.read(&mut sink).await, Ok(1..)) {}
                    while !stopped.load(Ordering::Relaxed) {
                        Timer::after(Duration::from_millis(10)).await;
                    }
                    0
                };
                smol::future::or(sending, reading).await
            })
        });
        Timer::after(Duration::from_millis(300)).await;
        arena.healthy().await;
        arena.healthy().await;
        stop.store(true, Ordering::Relaxed);
        total += flood.join().unwrap();
    }
    format!("{total} pings and more, others served meanwhile")
}

/// 1: lengths of four gigabytes, one more than the cap, half a frame, an empty one.
pub(super) async fn lengths(arena: &Arena) -> String {
    let mut attacker = muxed(arena.address, ATTACKER, arena.name).await.unwrap();
    let streams = wrong_lengths();
    let all = streams.len();
    attacker.send(&streams.concat()).await.unwrap();
    arena.healthy().await;
    format!("{all} streams ended, the link stayed up")
}
