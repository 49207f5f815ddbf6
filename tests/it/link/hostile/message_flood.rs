//! 11, 26: a member that sends far too many messages.

use super::arena::Arena;
use super::messages::{linked_attacker, still_answered};
use wattle::net::link::Channel;
use wattle::wire::message::Message;

/// Thousands of well-formed messages of every kind, most of them new to the agent.
pub(super) async fn flood(arena: &Arena) -> String {
    let attacker = linked_attacker(arena).await;
    let mut sent = 0_u32;
    for number in 0..5_000_u32 {
        let message = match number % 2 {
            0 => Message::Hello { device: format!("device {number}"), ask: false, listen: Vec::new() },
            _ => Message::Member(number.to_le_bytes().repeat(250)),
        };
        let channel = if number % 4 < 2 { Channel::Gossip } else { Channel::Task };
        assert!(attacker.send(arena.name, channel, attacker.sign(&message)).await);
        sent += 1;
    }
    still_answered(arena, &attacker).await;
    attacker.hang_up(arena.name).await;
    format!("{sent} messages, the sender's next question still answered")
}
