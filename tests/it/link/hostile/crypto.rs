//! Attacks on identities and on the encryption.

use super::super::raw::muxed;
use super::super::{name, until};
use super::arena::{ATTACKER, Arena};
use super::identity::{dial_with, forgeries_of};
use smol::io::AsyncWriteExt;
use wattle::net::link::LinkEvent;

/// 7: keys that did not sign, signatures of other handshakes, huge keys of other kinds, an unknown peer.
pub(super) async fn forged_identities(arena: &Arena) -> String {
    let (genuine, forgeries) = forgeries_of(ATTACKER);
    dial_with(arena.address, genuine).await.expect("accepted, so the forgeries fail for the right reason");
    let all = forgeries.len();
    for payload in forgeries {
        assert!(dial_with(arena.address, payload).await.is_err());
        arena.healthy().await;
    }
    let mut guest = muxed(arena.address, 9, arena.name).await.unwrap();
    assert!(!guest.is_taken("/wattle/gossip/1").await.unwrap(), "an unknown peer with a valid key");
    format!("{all} forgeries: no connection; an unknown peer: no link")
}

/// 8: the agent dials an address where another one answers, as after a forged mDNS record.
pub(super) async fn impostor(arena: &Arena) -> String {
    let mut seen = 0;
    // No link comes about: the agent closes before it sends its own PeerId.
    while let Ok(event) = arena.impostor.events.try_recv() {
        assert!(!matches!(event, LinkEvent::Up { .. } | LinkEvent::Frame { .. }), "{event:?}");
        seen += 1;
    }
    until("the dial that failed", || arena.agent.log().contains("another agent answered")).await;
    assert!(arena.impostor.links.known().is_empty());
    format!("another PeerId than the dialled one: no link ({seen} events there)")
}

/// 10: a forged frame ends its link only.
pub(super) async fn forged(arena: &Arena) -> String {
    for length in [16_u16, 64, u16::MAX] {
        let mut attacker = muxed(arena.address, ATTACKER, arena.name).await.unwrap();
        let mut frame = length.to_be_bytes().to_vec();
        frame.resize(2 + usize::from(length), 7);
        let _ = attacker.tcp.write_all(&frame).await;
        attacker.closed().await;
        arena.healthy().await;
    }
    until("the reason", || arena.agent.log().contains("could not be decrypted")).await;
    format!("3 frames: each ended the link of {} only", &name(ATTACKER).to_string()[..12])
}
