//! 12, 13, 14: hostile multicast DNS, in a network namespace; nothing of it leaves this machine.
//!
//! The test starts itself again inside `unshare`. Where that is not allowed, it says so and proves nothing.

use super::super::super::harness::{Agent, Place};
use super::super::{End, name, until};
use super::arena::FRIEND;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};
use wattle::base::rng::Rng;
use wattle::platform::home::Home;

const GROUP: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353));
const HERE: &str = "10.78.0.1";
const PORT: u16 = 17_790;

/// Malformed packets; a few thousand are more than a home sees in an hour.
const PACKETS: u64 = 20_000;

fn ip(args: &str) {
    let done = Command::new("ip").args(args.split(' ')).output().unwrap();
    assert!(done.status.success(), "ip {args}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A name in DNS's encoding.
fn dns(name: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        name.split('.').flat_map(|label| [&[label.len() as u8][..], label.as_bytes()].concat()).collect();
    bytes.push(0);
    bytes
}

/// A DNS header: flags, questions, answers.
fn head(flags: u16, questions: u16, answers: u16) -> Vec<u8> {
    [0, flags, questions, answers, 0, 0].into_iter().flat_map(u16::to_be_bytes).collect()
}

fn question() -> Vec<u8> {
    [head(0, 1, 0), dns("_wattle._tcp.local"), vec![0, 12, 0, 1]].concat()
}

/// An answer with one TXT record of any data, and a length that may be wrong.
fn txt(data: &[u8], claimed: u16) -> Vec<u8> {
    let name = dns("x._p2p._udp.local");
    let record = [&[0, 16, 0x80, 1, 0, 0, 0, 120][..], &claimed.to_be_bytes(), data].concat();
    [head(0x8400, 0, 1), name, record].concat()
}

/// Input that breaks DNS decoders: loops of pointers, counts without records, labels and lengths beyond the end.
fn malformed(rng: &mut Rng) -> Vec<u8> {
    let byte = rng.next().to_le_bytes()[0];
    let mut packet = match rng.below(9) {
        0 => [head(0x8400, 0, 1), vec![0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 1, 0, 2, 0xc0, 12]].concat(),
        1 => head(0x8400, u16::MAX, u16::MAX),
        2 => [head(0, 1, 0), vec![63; 300]].concat(),
        3 => txt(&[byte; 200], 9_000),
        4 => txt(&[255; 40], 40),
        5 => txt(&[[20; 1], [byte; 1]].concat(), 2),
        6 => {
            [head(0x8400, 0, 1), dns("_wattle._tcp.local"), vec![0, 12, 0, 1, 0, 0, 0, 1, 0, 3, 0xc0, 0xff, 0]].concat()
        }
        7 => vec![byte; rng.below(9_100) as usize],
        _ => question(),
    };
    for _ in 0..rng.below(4) {
        let at = rng.below(packet.len().max(1) as u64) as usize;
        if let Some(byte) = packet.get_mut(at) {
            *byte = rng.next().to_le_bytes()[0];
        }
    }
    packet
}

/// Counts the packets until `end` that answer questions for the service.
fn answers(socket: &UdpSocket, end: Instant) -> usize {
    let (mut buffer, mut count) = ([0; 9_000], 0);
    while Instant::now() < end {
        if let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let answer = buffer[2] & 0x80 != 0 && buffer[..length].windows(7).any(|part| part == b"_wattle");
            count += usize::from(answer && from.port() == 5353);
        }
    }
    count
}

fn network() {
    ip("link set lo up");
    // A virtual cable with both ends here: multicast reaches every socket on this machine.
    ip("link add near type veth peer name far");
    ip(&format!("addr add {HERE}/24 dev near"));
    ip("link set near up");
    ip("link set far up");
    ip("route add 224.0.0.0/4 dev near");
}

fn inside() {
    network();
    let place = Place::new();
    let agent_name = Home::open(&place.home()).unwrap().identity().unwrap().peer_id();
    let friend_name = format!("/p2p/{}", name(FRIEND));
    let agent: Agent = place.up(&["--listen", &format!("{HERE}:{PORT}"), "--peer", &friend_name]);
    let memory = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", agent.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    };
    let attacker = UdpSocket::bind((HERE, 0)).unwrap();
    let client = UdpSocket::bind("0.0.0.0:0").unwrap();
    client.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let still_found = |what: &str| {
        let begun = Instant::now();
        loop {
            // A question from another port than 5353 is answered directly (RFC 6762, 6.7).
            client.send_to(&question(), GROUP).unwrap();
            if answers(&client, Instant::now() + Duration::from_millis(700)) > 0 {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{what}: no answer any more\n{}", agent.log());
        }
    };
    still_found("before");
    let before = memory();
    let mut rng = Rng::new(143);
    for number in 0..PACKETS {
        let _ = attacker.send_to(&malformed(&mut rng), GROUP);
        if number % 64 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    still_found("after malformed packets");
    println!("{PACKETS} malformed packets: the agent is still found, peak + {} kB", memory() - before);

    // A storm: the same question a thousand times in two seconds; and a thousand different services.
    let begun = Instant::now();
    let (mut sent, mut answered) = (0, 0);
    while begun.elapsed() < Duration::from_secs(2) {
        client.send_to(&question(), GROUP).unwrap();
        sent += 1;
        answered += answers(&client, Instant::now() + Duration::from_millis(1));
    }
    answered += answers(&client, Instant::now() + Duration::from_secs(1));
    for number in 0..10_000_u32 {
        let instance = dns(&format!("i{number}._p2p._udp.local"));
        let data = format!("dnsaddr=/ip4/10.78.0.{}/tcp/1/p2p/{}", number % 250, name((number % 250) as u8));
        let record =
            [&[0, 16, 0x80, 1, 0, 0, 0, 120][..], &[0, data.len() as u8 + 1, data.len() as u8], data.as_bytes()];
        let _ = attacker.send_to(&[head(0x8400, 0, 1), instance, record.concat()].concat(), GROUP);
        if number % 64 == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    still_found("after a storm");
    let grown = memory() - before;
    println!(
        "{sent} questions in 2 s: {answered} answers; 10,000 announcements of unknown peers; peak + {grown} kB in all"
    );
    assert!(answered <= sent, "{answered} answers to {sent} questions");
    assert!(grown < 32 * 1024, "{grown} kB");
    smol::block_on(async {
        let friend = End::new(FRIEND, &[]);
        assert!(friend.links.add_peer(agent_name));
        friend.links.dial(agent_name, SocketAddr::new(HERE.parse().unwrap(), PORT));
        until("the link", || !friend.links.known().is_empty()).await;
        friend.links.ping(&agent_name).await.unwrap();
    });
    let log = agent.log();
    assert!(!log.contains("panicked"), "{log}");
    agent.stop();
}

#[test]
fn hostile_multicast_stops_neither_discovery_nor_the_agent() {
    if std::env::var_os("WATTLE_INSIDE").is_some() {
        return inside();
    }
    let unshare = |args: &[&str]| {
        let mut command = Command::new("unshare");
        // Without privileges: the user namespace makes this root in the network namespace only.
        command.args(["--user", "--map-root-user", "--net"]).args(args);
        command
    };
    let possible = unshare(&["ip", "link", "add", "near", "type", "veth", "peer", "name", "far"]).output();
    if !possible.as_ref().is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED, nothing is proven: hostile multicast needs network namespaces and ip: {possible:?}");
        return;
    }
    let name = "link::hostile::multicast::hostile_multicast_stops_neither_discovery_nor_the_agent";
    let me = std::env::current_exe().unwrap();
    let output =
        unshare(&[me.to_str().unwrap(), "--exact", name, "--nocapture"]).env("WATTLE_INSIDE", "1").output().unwrap();
    let printed = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}");
    printed.lines().filter(|line| line.contains("peak +")).for_each(|line| println!("{line}"));
}
