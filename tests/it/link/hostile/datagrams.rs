//! Attacks on the UDP socket: garbage from nobody, and true datagrams said again.

use super::super::{key, name, soon};
use super::arena::{Arena, FOE, Voice};
use super::words::foe;
use async_net::UdpSocket;
use smol::Timer;
use std::net::SocketAddr;
use std::time::Duration;
use wattle::base::id::PeerKey;
use wattle::base::rng::Rng;
use wattle::base::time::Instant;
use wattle::mesh::swim::{Effect, Liveness, MemberState, Membership};
use wattle::net::link::Channel;
use wattle::wire::datagram::{DATAGRAM_BYTES_MAX, Opening, Sealing};
use wattle::wire::message::{Entry, Keys, Message};

/// Where a packet's kind stands, and that of an answer (`mesh::member::packet`).
const KIND: usize = 26;
const ACK: u8 = 1;

/// The foe as a true member: a membership machine, a socket, and keys both ways.
struct Mate {
    foe: Voice,
    socket: UdpSocket,
    at: SocketAddr,
    agent: PeerKey,
    machine: Membership,
    sealing: Sealing,
    opening: Opening,
}

impl Mate {
    async fn new(arena: &Arena) -> Self {
        let foe = foe(arena).await;
        let keys = foe.hear(|talk| if let Message::Keys(keys) = talk { Some(keys) } else { None }).await;
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let ours = Keys { session: 77, key: [0x77; 32], port: socket.local_addr().unwrap().port() };
        let sealing = Sealing::new(ours.session, &ours.key);
        assert!(foe.send(arena.name, Channel::Gossip, foe.seal(&Message::Keys(ours))).await);
        let agent = PeerKey(*arena.name.public_key());
        let mut machine = Membership::new(PeerKey(*name(FOE).public_key()), 1, Rng::new(7));
        assert!(machine.know(agent));
        let opening = Opening::new(keys.session, &keys.key);
        let at = SocketAddr::new(arena.address.ip(), keys.port);
        Self { foe, socket, at, agent, machine, sealing, opening }
    }

    /// Says what it knows of the mesh, this agent's life among it, in a roll, and hears the agent's.
    async fn greet(&mut self, arena: &Arena) {
        let own = Entry {
            key: PeerKey(*name(FOE).public_key()),
            generation: 1,
            incarnation: 0,
            standing: 0,
            addresses: Vec::new(),
        };
        let roll = Message::Roll { ask: true, members: vec![own] };
        assert!(self.foe.send(arena.name, Channel::Task, self.foe.seal(&roll)).await);
        let agent = self.agent;
        let entry = self.foe.hear(|talk| match talk {
            Message::Roll { members, .. } => members.into_iter().find(|entry| entry.key == agent),
            _ => None,
        });
        let entry = entry.await;
        let told = MemberState {
            key: entry.key,
            generation: entry.generation,
            incarnation: entry.incarnation,
            standing: Liveness::Alive,
        };
        self.machine.told(Instant::from_millis(1), agent, &[told]);
    }

    /// A true probe of the agent, sealed.
    fn probe(&mut self) -> Vec<u8> {
        for second in 0..60 {
            self.machine.tick(Instant::from_millis(1_000 * second));
            for effect in self.machine.effects() {
                if let Effect::Send { packet, to, .. } = effect
                    && to == self.agent
                    && packet.get(KIND) == Some(&0)
                {
                    return self.seal(&packet);
                }
            }
        }
        panic!("the machine probes nobody")
    }

    fn seal(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        let length = self.sealing.seal(packet, &mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    /// The answers that come until it has been quiet for a while; other packets of the agent are passed over.
    async fn answers(&mut self, quiet: Duration) -> usize {
        let mut answers = 0;
        let mut buffer = [0; 2048];
        loop {
            let received = async { Some(self.socket.recv_from(&mut buffer).await.unwrap().0) };
            let late = async {
                Timer::after(quiet).await;
                None
            };
            let Some(length) = smol::future::or(received, late).await else { return answers };
            if let Ok(opened) = self.opening.open(&mut buffer[..length]) {
                answers += usize::from(opened.packet.get(KIND) == Some(&ACK));
            }
        }
    }
}

/// 9: one true probe is answered once, however often it is said, and in whatever changed encoding.
pub(super) async fn replay(arena: &Arena) -> String {
    let mut mate = Mate::new(arena).await;
    mate.greet(arena).await;
    let probe = mate.probe();
    let begun = soon(async {
        // The first may be lost, as datagrams may; so it is said until it is answered, and then a thousand times more.
        loop {
            mate.socket.send_to(&probe, mate.at).await.unwrap();
            let answers = mate.answers(Duration::from_millis(400)).await;
            if answers > 0 {
                return answers;
            }
        }
    })
    .await;
    assert_eq!(begun, 1);
    for number in 0..1000_usize {
        mate.socket.send_to(&probe, mate.at).await.unwrap();
        let mut changed = probe.clone();
        let at = number % changed.len();
        changed[at] ^= 1;
        mate.socket.send_to(&changed, mate.at).await.unwrap();
    }
    let more = mate.answers(Duration::from_millis(400)).await;
    assert_eq!(more, 0, "a datagram was taken twice");
    mate.foe.part(arena.name).await;
    "1,000 replays and 1,000 changed forms of an answered probe: 0 answers".to_owned()
}

/// 9, 12: whoever has no key hears nothing, not one byte.
pub(super) async fn garbage(arena: &Arena) -> String {
    let unknown_peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut bytes = vec![0; 60_000];
    getrandom::fill(&mut bytes).unwrap();
    let mut sent = 0;
    for round in 0..2_000_usize {
        for length in [0, 1, 27, 28, 200, DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MAX + 1, 9_000] {
            // The system may refuse one that is too many: it is a flood.
            let _ = unknown_peer.send_to(&bytes[round..round + length], arena.address).await;
            sent += 1;
        }
    }
    let heard = smol::future::or(async { unknown_peer.recv_from(&mut [0; 64]).await.ok() }, async {
        Timer::after(Duration::from_millis(300)).await;
        None
    })
    .await;
    assert_eq!(heard, None, "a stranger was answered");
    format!("{sent} datagrams of a stranger: 0 answers")
}

/// 16, 24: lies about who is down, of all lives, with the largest numbers.
pub(super) async fn false_deaths(arena: &Arena) -> String {
    let mut mate = Mate::new(arena).await;
    mate.greet(arena).await;
    let friend = name(super::arena::FRIEND);
    let mut said = 0;
    for number in 0..300_u32 {
        let generation = [1, 2, number, u32::MAX, u32::MAX - 1][number as usize % 5];
        let claim = |key, standing| Entry { key, generation, incarnation: u16::MAX, standing, addresses: Vec::new() };
        let members = vec![
            claim(PeerKey(*friend.public_key()), 2),
            claim(mate.agent, [1, 2][number as usize % 2]),
            claim(PeerKey(*key(200).verifying_key().as_bytes()), 2),
        ];
        let roll = Message::Roll { ask: false, members };
        assert!(mate.foe.send(arena.name, Channel::Task, mate.foe.seal(&roll)).await);
        said += 3;
    }
    mate.foe.part(arena.name).await;
    // The friend is up again at its next word, and the agent still counts itself among the living.
    arena.healthy().await;
    let status = arena.agent.status().to_string();
    assert!(!status.contains(&name(200).to_string()), "a stranger became a member: {status}");
    format!("{said} lies in 300 rolls; the friend linked again at once")
}
