//! Attacks on who is who.

use super::super::raw::muxed;
use super::super::{name, until};
use super::arena::{Arena, FOE};
use super::liar::{lie, lies_of};
use smol::io::AsyncWriteExt;
use wattle::net::link::LinkEvent;

/// 7: keys that did not sign, signatures of other handshakes, huge keys of other kinds, unknown_peers.
pub(super) async fn lies(arena: &Arena) -> String {
    let (truth, lies) = lies_of(FOE);
    lie(arena.address, truth).await.expect("the truth passes, so that the lies fail for the right reason");
    let all = lies.len();
    for payload in lies {
        assert!(lie(arena.address, payload).await.is_err());
        arena.healthy().await;
    }
    assert!(muxed(arena.address, 9, arena.name).await.is_err(), "a stranger with a good key");
    format!("{all} lies and a stranger: no link")
}

/// 8: the agent itself dials an address where somebody else answers (as a lying mDNS record would have it).
pub(super) async fn impostor(arena: &Arena) -> String {
    let mut seen = 0;
    // It tells of nothing: the agent goes away before its own name is said.
    while let Ok(event) = arena.impostor.events.try_recv() {
        assert!(!matches!(event, LinkEvent::Up { .. } | LinkEvent::Frame { .. }), "{event:?}");
        seen += 1;
    }
    until("the dial that failed", || arena.agent.log().contains("another agent answered")).await;
    assert!(arena.impostor.links.known().is_empty());
    format!("the pinned name was missed, no link ({seen} events there)")
}

/// 10: a forged frame ends its link only.
pub(super) async fn forged(arena: &Arena) -> String {
    for length in [16_u16, 64, u16::MAX] {
        let mut attacker = muxed(arena.address, FOE, arena.name).await.unwrap();
        let mut frame = length.to_be_bytes().to_vec();
        frame.resize(2 + usize::from(length), 7);
        let _ = attacker.tcp.write_all(&frame).await;
        attacker.closed().await;
        arena.healthy().await;
    }
    until("the reason", || arena.agent.log().contains("could not be opened")).await;
    format!("3 frames: each ended the link of {} only", &name(FOE).to_string()[..12])
}
