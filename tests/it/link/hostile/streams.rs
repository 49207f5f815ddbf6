//! Attacks of a linked peer on yamux and on the frames of our channels.

use super::super::raw::muxed;
use super::arena::{Arena, FOE};
use super::{SYN, WINDOW, broken_promises, broken_yamux, stream, yamux};
use smol::Timer;
use std::time::Duration;

/// 1, 2, 3: frames that yamux must not take.
pub(super) async fn broken(arena: &Arena) -> String {
    let attacks = broken_yamux();
    let all = attacks.len();
    for (_, attack) in attacks {
        let mut attacker = muxed(arena.address, FOE, arena.name).await.unwrap();
        let _ = attacker.send(&attack).await;
        attacker.closed().await;
        arena.healthy().await;
    }
    format!("{all} kinds: each ended its link")
}

/// 4: 64 streams are survived by the link, a thousand by the agent.
pub(super) async fn flood(arena: &Arena) -> String {
    for protocol in ["/ipfs/ping/1.0.0", "/wattle/task/1", "/nothing/1"] {
        let mut attacker = muxed(arena.address, FOE, arena.name).await.unwrap();
        let all: Vec<u8> = (0..64).flat_map(|number| stream(number * 2 + 1, protocol, &[])).collect();
        attacker.send(&all).await.unwrap();
        arena.healthy().await;
        let more: Vec<u8> = (64..1064).flat_map(|number| yamux(WINDOW, SYN, number * 2 + 1, 0)).collect();
        let _ = attacker.send(&more).await;
        arena.healthy().await;
    }
    "3,192 streams: the agent served others meanwhile".to_owned()
}

/// 4: answers that nobody reads.
pub(super) async fn pings(arena: &Arena) -> String {
    let mut attacker = muxed(arena.address, FOE, arena.name).await.unwrap();
    let pings: Vec<u8> = (0..100_000).flat_map(|number| yamux(2, 1, 0, number)).collect();
    let sent = smol::spawn(async move {
        let _ = smol::future::or(attacker.send(&pings), async {
            Timer::after(Duration::from_secs(3)).await;
            Ok(())
        })
        .await;
        attacker
    });
    arena.healthy().await;
    drop(sent.await);
    "100,000 pings, no answer read".to_owned()
}

/// 1: lengths of four gigabytes, one more than the cap, half a frame, an empty one.
pub(super) async fn promises(arena: &Arena) -> String {
    let mut attacker = muxed(arena.address, FOE, arena.name).await.unwrap();
    let streams = broken_promises();
    let all = streams.len();
    attacker.send(&streams.concat()).await.unwrap();
    arena.healthy().await;
    format!("{all} streams ended, the link lived")
}
