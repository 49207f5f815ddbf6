//! Every attack of the list on one real agent, one after the other, with a table of the results.
//!
//! The numbers are those of the list of threats in docs/evidence.md ("Attacks"). Attacks on features that do not exist
//! yet (22 decompression, 23 poisoned embeddings, 27 public bitswap) are missing.

use super::arena::Arena;
use super::{crypto, datagrams, gossip_items, handshake, message_flood, messages, names, streams};
use std::future::Future;
use std::pin::Pin;

/// Kilobytes by which one attack may raise the agent's peak: a link at its worst, twice over (`limits::LINKS_MAX`).
const GROWTH_MAX: u64 = 24 * 1024;

type Attack = for<'a> fn(&'a Arena) -> Pin<Box<dyn Future<Output = String> + 'a>>;

macro_rules! attack {
    ($numbers:literal, $what:literal, $run:path) => {
        ($numbers, $what, (|arena| Box::pin($run(arena))) as Attack)
    };
}

/// The numbers in the list, the attack, and the function that runs it and returns what it observed.
const ATTACKS: &[(&str, &str, Attack)] = &[
    attack!("28", "other protocols and junk on the port", handshake::junk),
    attack!("1", "frames that claim or hold too much, before Noise", handshake::oversized),
    attack!("5", "silent and half-open connections, 440 of them", handshake::slowloris),
    attack!("6", "a flood of handshakes", handshake::flood),
    attack!("7", "forged identities", crypto::forged_identities),
    attack!("8", "another agent at the address that is dialled", crypto::impostor),
    attack!("10", "forged frames under Noise", crypto::forged),
    attack!("1, 2, 3", "broken yamux: claims, credit, windows", streams::broken),
    attack!("4", "a thousand streams, of three protocols", streams::flood),
    attack!("4", "pings of yamux without end", streams::pings),
    attack!("1", "frames of our channels with a wrong length", streams::lengths),
    attack!("28", "encrypted frames of junk on every channel", messages::junk),
    attack!("11", "a replayed message", messages::replay),
    attack!("16", "the largest numbers in every message", messages::numbers),
    attack!("17, 18, 19", "the worst bodies for postcard", messages::postcard),
    attack!("20", "second encodings and changed bytes", messages::malleable),
    attack!("21", "names that look like paths", names::paths),
    attack!("11, 26", "a flood of messages", message_flood::flood),
    attack!("11", "replayed old gossip items of others", gossip_items::replay),
    attack!("26", "hops at the limit and gossip items in a circle", gossip_items::hops),
    attack!("26", "a flood of gossip items, names and requests", gossip_items::flood),
    attack!("11", "gossip items forged in the names of others", gossip_items::forged),
    attack!("9, 12", "garbage on the UDP socket", datagrams::garbage),
    attack!("9", "genuine datagrams replayed, and changed", datagrams::replay),
    attack!("16, 24", "false claims about who is down", datagrams::false_deaths),
];

#[test]
fn every_attack_is_survived_and_the_table_says_at_what_cost() {
    smol::block_on(async {
        let arena = Arena::new();
        arena.healthy().await;
        arena.healthy().await;
        let (mut worst, begun) = (0, arena.memory("VmRSS:"));
        println!("\n{:>10} | {:48} | {:>8} | {:>9} | seen", "number", "attack", "survived", "peak +kB");
        for (numbers, what, run) in ATTACKS {
            arena.forget_peak();
            let before = arena.memory("VmRSS:");
            let seen = run(&arena).await;
            arena.healthy().await;
            let grown = arena.memory("VmHWM:").saturating_sub(before);
            worst = worst.max(grown);
            println!("{numbers:>10} | {what:48} | {:>8} | {grown:>9} | {seen}", "yes");
            assert!(grown < GROWTH_MAX, "{what}: memory grew by {grown} kB at its peak");
        }
        let end = arena.memory("VmRSS:");
        println!(
            "{} attacks tried, {} survived; largest peak growth {worst} kB; {begun} kB before the first, {end} kB after the last",
            ATTACKS.len(),
            ATTACKS.len()
        );
        assert!(end < begun + GROWTH_MAX, "{begun} kB became {end} kB");
        let log = arena.agent.log();
        assert!(!log.contains("panicked"), "{log}");
        arena.agent.stop();
    });
}
