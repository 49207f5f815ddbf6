//! Bad input on the link. After each attack a healthy peer dials and pings, and memory has stayed bounded.
//!
//! This file: attacks on the links alone, in this process. The folder: every attack of the list of threats
//! (docs/evidence.md, "Attacks") on a real agent in a process of its own; `table` runs them all.

mod arena;
mod crypto;
mod datagrams;
mod gossip_items;
mod handshake;
mod identity;
mod maps;
mod message_flood;
mod messages;
mod multicast;
mod names;
mod streams;
mod table;

use super::raw::{Muxed, agree, muxed, propose, secrets};
use super::{End, key, name, soon};
use async_net::TcpStream;
use identity::{dial_with, forgeries_of};
use smol::Timer;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::net::SocketAddr;
use std::time::Duration;
use wattle::limits::{LINK_HALF_OPEN_ADDRESS_MAX, LINK_STREAMS_MAX};
use wattle::net::link::{Channel, LinkEvent};
use wattle::wire::frame;
use wattle::wire::noise::Handshake;
use wattle::wire::varint;

/// The agent under attack and an honest peer (2). The attacker (3) is allowed to link too.
fn target() -> (End, End) {
    (End::new(1, &[2, 3]), End::new(2, &[1]))
}

/// Asserts that the honest peer still gets its link, its ping and its frame.
async fn healthy(target: &End, friend: &End) {
    friend.links.dial(target.name, target.address);
    assert_eq!(friend.up().await, target.name);
    friend.links.ping(&target.name).await.unwrap();
    friend.links.send(&target.name, Channel::Task, b"still there?".to_vec()).unwrap();
    soon(async {
        loop {
            if let LinkEvent::Frame { peer, bytes, .. } = target.next().await
                && peer == friend.name
            {
                assert_eq!(bytes, b"still there?");
                return;
            }
        }
    })
    .await;
    friend.links.hang_up(&target.name, "done");
    assert!(matches!(friend.next().await, LinkEvent::Down { .. }));
    // The other side notices it too, before the next attack.
    super::until("the link is gone", || !target.links.known().iter().any(|known| known.peer == friend.name)).await;
}

/// Resident memory of this process, in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// The tests share one process, and others load models in it, so the bound is generous; the attacks claim gigabytes.
fn bounded(before: u64) {
    let now = resident();
    assert!(now < before + 512 * 1024, "{before} kB grew to {now} kB");
}

/// A yamux header (yamux specification: version, type, flags, stream, length).
fn yamux(kind: u8, flags: u16, stream: u32, length: u32) -> Vec<u8> {
    let mut head = vec![0, kind];
    head.extend(flags.to_be_bytes());
    head.extend(stream.to_be_bytes());
    head.extend(length.to_be_bytes());
    head
}

const DATA: u8 = 0;
const WINDOW: u8 = 1;
const SYN: u16 = 1;

/// Sends `bytes` as plain TCP; returns how many bytes the agent sent back before it closed.
async fn plain(target: SocketAddr, bytes: &[u8]) -> usize {
    let mut tcp = TcpStream::connect(target).await.unwrap();
    // The agent may close before everything was written.
    let _ = tcp.write_all(bytes).await;
    let (mut answered, mut part) = (0, [0; 4096]);
    while let Ok(read @ 1..) = soon(tcp.read(&mut part)).await {
        answered += read;
    }
    answered
}

#[test]
fn garbage_http_and_floods_before_the_handshake_are_refused() {
    smol::block_on(async {
        let (target, friend) = target();
        let before = resident();
        let mut flood = b"\x13/multistream/1.0.0\n".to_vec();
        (0..20_000).for_each(|_| flood.extend(b"\x0a/whatever\n"));
        let mut frame = b"\x13/multistream/1.0.0\n\x07/noise\n\xff\xff".to_vec();
        frame.resize(frame.len() + 65_535, 7);
        let (ones, zeros) = (vec![0xff; 65_536], vec![0; 65_536]);
        let attacks: [&[u8]; 6] = [
            b"GET / HTTP/1.1\r\nHost: wattle\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            &ones,
            &zeros,
            &flood,
            &frame,
        ];
        for attack in attacks {
            assert!(plain(target.address, attack).await < 1000);
            healthy(&target, &friend).await;
        }
        bounded(before);
    });
}

/// `count` connections that send the start of a handshake and then nothing.
async fn half_handshakes(target: SocketAddr, count: usize) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for number in 0..count {
        let mut tcp = TcpStream::connect(target).await.unwrap();
        let half: &[u8] =
            if number % 2 == 0 { b"\x13/multi" } else { b"\x13/multistream/1.0.0\n\x07/noise\n\x00\x20half" };
        tcp.write_all(half).await.unwrap();
        open.push(tcp);
    }
    open
}

#[test]
fn silent_and_half_open_connections_delay_nobody() {
    smol::block_on(async {
        let (target, friend) = target();
        let mut silent = Vec::new();
        for _ in 0..40 {
            silent.push(TcpStream::connect(target.address).await.unwrap());
        }
        healthy(&target, &friend).await;
        silent.extend(half_handshakes(target.address, 40).await);
        healthy(&target, &friend).await;
        // All of them are closed in the end, the last few by the time limit.
        for tcp in &mut silent {
            let mut byte = [0; 64];
            soon(async { while matches!(tcp.read(&mut byte).await, Ok(1..)) {} }).await;
        }
        const { assert!(LINK_HALF_OPEN_ADDRESS_MAX < 40) };
    });
}

#[test]
fn unknown_peers_and_wrong_peer_ids_get_no_link() {
    smol::block_on(async {
        let (target, friend) = target();
        // An unknown peer with a valid key of its own is a guest.
        for channel in [Channel::Gossip, Channel::Task, Channel::Json] {
            let mut guest = muxed(target.address, 9, target.name).await.unwrap();
            assert!(!guest.is_taken(channel.protocol()).await.unwrap(), "{channel:?}");
        }
        let mut guest = muxed(target.address, 9, target.name).await.unwrap();
        assert!(guest.is_taken("/ipfs/ping/1.0.0").await.unwrap());
        healthy(&target, &friend).await;
        // The friend dials this address for another PeerId.
        assert!(friend.links.add_peer(name(5)));
        friend.links.dial(name(5), target.address);
        let LinkEvent::DialFailed { peer, why, .. } = friend.next().await else { panic!("linked") };
        assert!(peer == name(5) && why.contains("another agent answered"), "{why}");
        healthy(&target, &friend).await;
        assert!(target.links.known().is_empty());
    });
}

#[test]
fn forged_identities_get_no_link() {
    smol::block_on(async {
        let (target, friend) = target();
        let (genuine, forgeries) = forgeries_of(3);
        // The genuine payload is accepted, so the forgeries fail for the right reason.
        dial_with(target.address, genuine).await.unwrap();
        healthy(&target, &friend).await;
        for payload in forgeries {
            assert!(dial_with(target.address, payload).await.is_err());
            healthy(&target, &friend).await;
        }
    });
}

/// Links as the attacker, and takes its `Up`.
async fn inside(target: &End) -> Muxed {
    let muxed = muxed(target.address, 3, target.name).await.unwrap();
    // A link of before leaves the list before its end is told.
    let up = loop {
        match target.next().await {
            LinkEvent::Down { .. } => {}
            event => break event,
        }
    };
    assert!(matches!(up, LinkEvent::Up { peer, .. } if peer == name(3)), "{up:?}");
    muxed
}

/// Input that yamux must refuse.
fn broken_yamux() -> Vec<(&'static str, Vec<u8>)> {
    let overflow = [yamux(WINDOW, SYN, 1, 0), yamux(WINDOW, 0, 1, u32::MAX), yamux(WINDOW, 0, 1, u32::MAX)].concat();
    let mut credit = yamux(DATA, SYN, 1, 262_145);
    credit.resize(credit.len() + 262_145, 0);
    vec![
        ("a frame of four gigabytes", yamux(DATA, SYN, 1, u32::MAX)),
        ("CVE-2026-32314: more than the window at once", credit),
        ("CVE-2026-31814: a window that overflows", overflow),
        ("an unknown version", vec![9; 64]),
        ("stream numbers of the other side", yamux(WINDOW, SYN, 2, 0)),
    ]
}

#[test]
fn forged_frames_and_broken_yamux_end_only_that_link() {
    smol::block_on(async {
        let (target, friend) = target();
        let before = resident();
        for (what, attack) in broken_yamux() {
            let mut attacker = inside(&target).await;
            let _ = attacker.send(&attack).await;
            soon(async { while !matches!(target.next().await, LinkEvent::Down { .. }) {} }).await;
            attacker.closed().await;
            println!("{what}: the link ended");
            healthy(&target, &friend).await;
            while target.events.try_recv().is_ok() {}
        }
        let mut attacker = inside(&target).await;
        attacker.tcp.write_all(&[&[0, 64][..], &[7; 64]].concat()).await.unwrap();
        let LinkEvent::Down { why, .. } = target.next().await else { panic!("the link is still up") };
        assert!(why.contains("could not be decrypted"), "{why}");
        healthy(&target, &friend).await;
        bounded(before);
    });
}

/// A yamux frame that opens a stream and proposes its protocol, with `then` after it.
fn stream(number: u32, protocol: &str, then: &[u8]) -> Vec<u8> {
    let mut body = b"\x13/multistream/1.0.0\n".to_vec();
    varint::put(&mut body, protocol.len() as u64 + 1);
    body.extend(protocol.as_bytes());
    body.push(b'\n');
    body.extend(then);
    [yamux(DATA, SYN, number, body.len() as u32), body].concat()
}

#[test]
fn a_link_survives_sixty_four_streams_at_once_and_the_agent_a_thousand() {
    smol::block_on(async {
        let (target, friend) = target();
        let before = resident();
        for protocol in ["/ipfs/ping/1.0.0", "/wattle/task/1", "/nothing/1"] {
            let mut attacker = inside(&target).await;
            let all: Vec<u8> = (0..64).flat_map(|number| stream(number * 2 + 1, protocol, &[])).collect();
            attacker.send(&all).await.unwrap();
            healthy(&target, &friend).await;
            assert!(target.links.known().iter().any(|known| known.peer == name(3)), "the link with 64 streams is up");
            // A thousand: the rest of them are reset, or the link is.
            let more: Vec<u8> = (64..1064).flat_map(|number| yamux(WINDOW, SYN, number * 2 + 1, 0)).collect();
            let _ = attacker.send(&more).await;
            healthy(&target, &friend).await;
            drop(attacker);
            while !target.links.known().is_empty() {
                Timer::after(Duration::from_millis(10)).await;
            }
            while target.events.try_recv().is_ok() {}
        }
        const { assert!(LINK_STREAMS_MAX < 64) };
        bounded(before);
    });
}

/// Streams whose frames are longer than allowed, shorter than their length says, or empty.
fn wrong_lengths() -> Vec<Vec<u8>> {
    let prefix = |length: u64| {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, length);
        bytes
    };
    vec![
        stream(1, "/wattle/task/1", &prefix(4 << 30)),
        stream(3, "/wattle/gossip/1", &prefix(64 * 1024 + 1)),
        stream(5, "/wattle/task/1", &[prefix(1 << 20), vec![1; 1000]].concat()),
        stream(7, "/wattle/task/1", &[0]),
        stream(11, "/wattle/json/1", b"\n"),
        stream(13, "/wattle/json/1", b"{\"payload\":{"),
    ]
}

#[test]
fn frames_with_a_wrong_length_are_not_delivered() {
    smol::block_on(async {
        let (target, friend) = target();
        let before = resident();
        let mut attacker = inside(&target).await;
        let mut good = Vec::new();
        frame::put(&mut good, b"good");
        let mut streams = wrong_lengths();
        // The link itself is unharmed: a well-formed frame arrives.
        streams.push(stream(9, "/wattle/gossip/1", &good));
        attacker.send(&streams.concat()).await.unwrap();
        let LinkEvent::Frame { peer, channel, bytes } = target.next().await else { panic!("no frame") };
        assert_eq!((peer, channel, bytes), (name(3), Channel::Gossip, b"good".to_vec().into()));
        healthy(&target, &friend).await;
        bounded(before);
    });
}

#[test]
fn a_peer_that_pings_without_end_delays_nobody() {
    smol::block_on(async {
        let (target, friend) = target();
        let before = resident();
        let mut attacker = inside(&target).await;
        let pings: Vec<u8> = (0..20_000).flat_map(|number| yamux(2, 1, 0, number)).collect();
        // It never reads the answers, so its socket fills up or the agent closes it.
        let sent = smol::spawn(async move {
            let _ = smol::future::or(attacker.send(&pings), async {
                Timer::after(Duration::from_secs(3)).await;
                Ok(())
            })
            .await;
            attacker
        });
        healthy(&target, &friend).await;
        drop(sent.await);
        bounded(before);
    });
}

#[test]
fn a_peer_that_sends_in_pieces_of_nothing_loses_its_link_with_a_reason() {
    smol::block_on(async {
        let (target, friend) = target();
        let one = [yamux(DATA, 0, 1, 1), vec![7]].concat();
        let (empty, window) = (yamux(DATA, 0, 1, 0), yamux(WINDOW, 0, 1, 0));
        // As many as go into one frame of Noise, and last each byte in a frame of its own.
        for (piece, size) in [(one.clone(), 52_000), (empty, 48_000), (window, 48_000), (one, 1)] {
            let mut attacker = inside(&target).await;
            let sending = smol::spawn(async move {
                let pieces = piece.repeat(4_000);
                while let Some(part) = pieces.get(..size) {
                    if attacker.send(part).await.is_err() {
                        return;
                    }
                }
            });
            let LinkEvent::Down { peer, why } = target.next().await else { panic!("it is still there") };
            assert!(peer == name(3) && why.contains("too small pieces"), "{why}");
            sending.await;
            healthy(&target, &friend).await;
        }
    });
}

#[test]
fn a_handshake_that_breaks_off_gives_no_link() {
    smol::block_on(async {
        let (target, friend) = target();
        // The handshake of an allowed peer, broken off after some bytes.
        for cut in [1, 20, 29, 40, 100] {
            let mut tcp = TcpStream::connect(target.address).await.unwrap();
            let mut out = Vec::new();
            propose(&mut tcp, "/noise").await.unwrap();
            let mut handshake = Handshake::dial(&key(3), target.name, secrets(), &mut out).unwrap();
            let mut fed = 0;
            let cut_off = agree(&mut tcp, &mut out, |input, out| {
                fed += 1;
                if fed > cut {
                    Err("enough".to_owned())
                } else {
                    handshake.feed(input, out).map_err(|why| why.to_string())
                }
            });
            assert!(cut_off.await.is_err());
            drop(tcp);
        }
        healthy(&target, &friend).await;
        assert!(target.links.known().is_empty());
    });
}
