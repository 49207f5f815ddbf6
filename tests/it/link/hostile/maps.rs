//! 25: the tables that unknown peers and members could fill, each with a million different keys.
//!
//! Measured in a process that does nothing else: this test starts itself again, alone.

use std::net::SocketAddr;
use std::process::Command;
use wattle::base::id::PeerKey;
use wattle::base::rng::Rng;
use wattle::base::time::Instant;
use wattle::limits::{MESSAGE_SENDERS_MAX, PEERS_MAX};
use wattle::mesh::swim::{Liveness, MemberState, Membership};
use wattle::wire::envelope::Verifier;
use wattle::wire::peer_id::PeerId;

const KEYS: u64 = 1_000_000;

/// Kilobytes by which a million keys may raise the peak; a million of 32 bytes alone would be 31,250.
const GROWTH_MAX: u64 = 8 * 1024;

fn key(number: u64) -> [u8; 32] {
    let mut key = [0; 32];
    let mut rng = Rng::new(number);
    key.chunks_mut(8).for_each(|part| part.copy_from_slice(&rng.next().to_le_bytes()));
    key
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn fill(what: &str, mut one: impl FnMut(u64)) {
    one(0);
    let before = peak();
    (1..KEYS).for_each(one);
    let grown = peak() - before;
    println!("{what:44} {KEYS} keys, peak + {grown} kB");
    assert!(grown < GROWTH_MAX, "{what}: {grown} kB");
}

#[test]
fn a_million_keys_leave_every_table_at_its_cap() {
    if std::env::var_os("WATTLE_ALONE").is_none() {
        let name = "link::hostile::maps::a_million_keys_leave_every_table_at_its_cap";
        let me = std::env::current_exe().unwrap();
        let output = Command::new(me).args(["--exact", name, "--nocapture"]).env("WATTLE_ALONE", "1").output().unwrap();
        let printed = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
        assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
        printed.lines().filter(|line| line.contains("keys, peak")).for_each(|line| println!("{line}"));
        return;
    }
    let mut verifier = Verifier::new();
    let mut allowed = 0;
    fill("senders of messages", |number| {
        allowed += usize::from(verifier.add_peer(PeerId::from_public_key(&key(number))));
    });
    assert_eq!(allowed, MESSAGE_SENDERS_MAX);

    let mut machine = Membership::new(PeerKey(key(u64::MAX)), 1, Rng::new(1));
    let friend = PeerKey(key(1));
    let mut known = 0;
    fill("members", |number| known += usize::from(machine.add_peer(PeerKey(key(number)))));
    assert!(known <= PEERS_MAX, "{known}");
    fill("members in a member list", |number| {
        let entry = MemberState { key: PeerKey(key(number)), generation: 1, incarnation: 0, liveness: Liveness::Alive };
        machine.apply_member_list(Instant::from_millis(number), friend, &[entry]);
        drop(machine.effects());
    });
    assert!(machine.count() <= PEERS_MAX);

    let mut peers = wattle::mesh::peers::Peers::default();
    let here: SocketAddr = "192.168.1.7:7781".parse().unwrap();
    assert!(peers.add_peer(Instant::ZERO, friend, String::new()));
    fill("hints of addresses", |number| {
        let address = SocketAddr::new(here.ip(), (number % 60_000 + 1) as u16);
        peers.add_hint(Instant::from_millis(number), friend, address);
        peers.add_hint(Instant::from_millis(number), PeerKey(key(number)), address);
    });
}
