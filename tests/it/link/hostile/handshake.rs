//! Attacks before and during the handshake.

use super::super::raw::{propose, secrets};
use super::super::{key, soon};
use super::arena::{ATTACKER, Arena};
use super::{half_handshakes, plain};
use async_net::TcpStream;
use smol::Timer;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use wattle::limits::{LINK_HANDSHAKES_BURST, LINK_HANDSHAKES_PER_SECOND};
use wattle::wire::noise::Handshake;
use wattle::wire::peer_id::PeerId;
use wattle::wire::varint;

/// 28: HTTP, TLS, SSH, and 64 KiB of anything.
pub(super) async fn junk(arena: &Arena) -> String {
    let (ones, zeros) = (vec![0xff; 65_536], vec![0; 65_536]);
    let random: Vec<u8> = {
        let mut bytes = vec![0; 65_536];
        getrandom::fill(&mut bytes).unwrap();
        bytes
    };
    let attacks: [&[u8]; 6] = [
        b"GET / HTTP/1.1\r\nHost: wattle\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        &ones,
        &zeros,
        &random,
    ];
    for attack in attacks {
        assert_eq!(plain(arena.address, attack).await, 0, "other protocols get no byte back");
    }
    "6 kinds: nothing sent back, closed".to_owned()
}

/// 1: lines and frames above their caps, and 20,000 proposals.
pub(super) async fn oversized(arena: &Arena) -> String {
    let header = b"\x13/multistream/1.0.0\n";
    let mut proposals = header.to_vec();
    (0..20_000).for_each(|_| proposals.extend(b"\x0a/whatever\n"));
    let mut line = header.to_vec();
    varint::put(&mut line, u64::MAX >> 1);
    line.resize(line.len() + 65_536, b'x');
    let mut frame = [header, &b"\x07/noise\n\xff\xff"[..]].concat();
    frame.resize(frame.len() + 65_535, 7);
    let mut largest = 0;
    for attack in [proposals, line, frame] {
        largest = largest.max(plain(arena.address, &attack).await);
    }
    assert!(largest < 300, "{largest} bytes were sent back");
    format!("3 kinds: at most {largest} bytes sent back, closed")
}

/// 5: silent connections and half handshakes occupy slots, no more.
pub(super) async fn slowloris(arena: &Arena) -> String {
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(TcpStream::connect(arena.address).await.unwrap());
    }
    arena.healthy().await;
    silent.extend(half_handshakes(arena.address, 40).await);
    arena.healthy().await;
    // All of them are closed in the end, the last few by the time limit.
    let all = silent.len();
    for tcp in &mut silent {
        let mut bytes = [0; 64];
        soon(async { while matches!(tcp.read(&mut bytes).await, Ok(1..)) {} }).await;
    }
    format!("{all} connections, a healthy dial among them twice, all closed")
}

/// Sends the first handshake message, which costs the attacker one key; the answer costs the agent a signature and
/// three curve multiplications. Whether the answer came.
async fn first_half(address: SocketAddr, agent: PeerId) -> bool {
    let answered = async {
        let mut tcp = TcpStream::connect(address).await.ok()?;
        propose(&mut tcp, "/noise").await.ok()?;
        let mut out = Vec::new();
        Handshake::dial(&key(ATTACKER), agent, secrets(), &mut out).ok()?;
        tcp.write_all(&out).await.ok()?;
        let mut head = [0; 2];
        tcp.read_exact(&mut head).await.ok()
    };
    let late = async {
        Timer::after(Duration::from_millis(300)).await;
        None
    };
    smol::future::or(answered, late).await.is_some()
}

/// 6: handshakes are rate-limited; those of one source beyond its rate are not answered.
pub(super) async fn flood(arena: &Arena) -> String {
    let begun = Instant::now();
    let mut answered = 0_u32;
    let mut tried = 0_u32;
    while begun.elapsed() < Duration::from_secs(4) {
        let several: Vec<_> = (0..32).map(|_| smol::spawn(first_half(arena.address, arena.name))).collect();
        for one in several {
            tried += 1;
            answered += u32::from(one.await);
        }
    }
    let seconds = begun.elapsed().as_secs() as u32 + 1;
    let allowed = LINK_HANDSHAKES_BURST + LINK_HANDSHAKES_PER_SECOND * seconds;
    assert!(
        answered > 0 && answered <= allowed && tried > allowed,
        "{answered} of {tried} handshakes in {seconds} s, {allowed} are allowed"
    );
    format!("{answered} of {tried} answered in {seconds} s ({allowed} allowed)")
}
