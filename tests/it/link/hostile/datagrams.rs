//! Attacks on the UDP socket: garbage without a key, and replays of genuine datagrams.

use super::super::{key, name, soon};
use super::arena::{ATTACKER, Arena, TestPeer};
use super::messages::linked_attacker;
use async_net::UdpSocket;
use smol::Timer;
use std::net::SocketAddr;
use std::time::Duration;
use wattle::base::id::PeerKey;
use wattle::base::rng::Rng;
use wattle::base::time::Instant;
use wattle::mesh::swim::{Effect, Liveness, MemberState, Membership};
use wattle::net::link::Channel;
use wattle::wire::datagram::{DATAGRAM_BYTES_MAX, Decryptor, Encryptor};
use wattle::wire::message::{Entry, Keys, Message};

/// The offset of the kind in a packet, and the kind of an answer (`mesh::swim::packet`).
const KIND: usize = 26;
const ACK: u8 = 1;

/// The attacker as a genuine member: a membership machine, a socket, and keys for both directions.
struct Member {
    attacker: TestPeer,
    socket: UdpSocket,
    at: SocketAddr,
    agent: PeerKey,
    machine: Membership,
    encryptor: Encryptor,
    decryptor: Decryptor,
}

impl Member {
    async fn new(arena: &Arena) -> Self {
        let attacker = linked_attacker(arena).await;
        let keys = attacker.receive(|message| if let Message::Keys(keys) = message { Some(keys) } else { None }).await;
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let ours = Keys { session: 77, key: [0x77; 32], port: socket.local_addr().unwrap().port() };
        let encryptor = Encryptor::new(ours.session, &ours.key);
        assert!(attacker.send(arena.name, Channel::Gossip, attacker.sign(&Message::Keys(ours))).await);
        let agent = PeerKey(*arena.name.public_key());
        let mut machine = Membership::new(PeerKey(*name(ATTACKER).public_key()), 1, Rng::new(7));
        assert!(machine.add_peer(agent));
        let decryptor = Decryptor::new(keys.session, &keys.key);
        let at = SocketAddr::new(arena.address.ip(), keys.port);
        Self { attacker, socket, at, agent, machine, encryptor, decryptor }
    }

    /// Exchanges member lists with the agent, so that the machine knows the agent's generation.
    async fn exchange_member_lists(&mut self, arena: &Arena) {
        let own = Entry {
            key: PeerKey(*name(ATTACKER).public_key()),
            generation: 1,
            incarnation: 0,
            standing: 0,
            addresses: Vec::new(),
        };
        let roll = Message::MemberList { ask: true, members: vec![own] };
        assert!(self.attacker.send(arena.name, Channel::Task, self.attacker.sign(&roll)).await);
        let agent = self.agent;
        let entry = self.attacker.receive(|message| match message {
            Message::MemberList { members, .. } => members.into_iter().find(|entry| entry.key == agent),
            _ => None,
        });
        let entry = entry.await;
        let state = MemberState {
            key: entry.key,
            generation: entry.generation,
            incarnation: entry.incarnation,
            liveness: Liveness::Alive,
        };
        self.machine.apply_member_list(Instant::from_millis(1), agent, &[state]);
    }

    /// A genuine probe for the agent, encrypted.
    fn probe(&mut self) -> Vec<u8> {
        for second in 0..60 {
            self.machine.tick(Instant::from_millis(1_000 * second));
            for effect in self.machine.effects() {
                if let Effect::Send { packet, to, .. } = effect
                    && to == self.agent
                    && packet.get(KIND) == Some(&0)
                {
                    return self.encrypt(&packet);
                }
            }
        }
        panic!("the machine sent no probe")
    }

    fn encrypt(&mut self, packet: &[u8]) -> Vec<u8> {
        let mut buffer = [0; DATAGRAM_BYTES_MAX];
        let length = self.encryptor.encrypt(packet, &mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    /// Counts the answers that arrive until nothing has for `quiet`; other packets of the agent are skipped.
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
            if let Ok(decrypted) = self.decryptor.decrypt(&mut buffer[..length]) {
                answers += usize::from(decrypted.packet.get(KIND) == Some(&ACK));
            }
        }
    }
}

/// 9: a genuine probe is answered once, however often it is replayed or changed.
pub(super) async fn replay(arena: &Arena) -> String {
    let mut member = Member::new(arena).await;
    member.exchange_member_lists(arena).await;
    let probe = member.probe();
    let first = soon(async {
        // A datagram may be lost, so it is sent until it is answered, and then a thousand times more.
        loop {
            member.socket.send_to(&probe, member.at).await.unwrap();
            let answers = member.answers(Duration::from_millis(400)).await;
            if answers > 0 {
                return answers;
            }
        }
    })
    .await;
    assert_eq!(first, 1);
    for number in 0..1000_usize {
        member.socket.send_to(&probe, member.at).await.unwrap();
        let mut changed = probe.clone();
        let at = number % changed.len();
        changed[at] ^= 1;
        member.socket.send_to(&changed, member.at).await.unwrap();
    }
    let more = member.answers(Duration::from_millis(400)).await;
    assert_eq!(more, 0, "a datagram was taken twice");
    member.attacker.hang_up(arena.name).await;
    "1,000 replays and 1,000 changed copies of an answered probe: 0 answers".to_owned()
}

/// 9, 12: a sender without a key gets not one byte back.
pub(super) async fn garbage(arena: &Arena) -> String {
    let unknown_peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut bytes = vec![0; 60_000];
    getrandom::fill(&mut bytes).unwrap();
    let mut sent = 0;
    for round in 0..2_000_usize {
        for length in [0, 1, 27, 28, 200, DATAGRAM_BYTES_MAX, DATAGRAM_BYTES_MAX + 1, 9_000] {
            // The system may refuse some of the flood.
            let _ = unknown_peer.send_to(&bytes[round..round + length], arena.address).await;
            sent += 1;
        }
    }
    let answer = smol::future::or(async { unknown_peer.recv_from(&mut [0; 64]).await.ok() }, async {
        Timer::after(Duration::from_millis(300)).await;
        None
    })
    .await;
    assert_eq!(answer, None, "an unknown sender was answered");
    format!("{sent} datagrams of an unknown sender: 0 answers")
}

/// 16, 24: false claims about who is down, of all generations, with the largest numbers.
pub(super) async fn false_deaths(arena: &Arena) -> String {
    let mut member = Member::new(arena).await;
    member.exchange_member_lists(arena).await;
    let friend = name(super::arena::FRIEND);
    let mut claims = 0;
    for number in 0..300_u32 {
        let generation = [1, 2, number, u32::MAX, u32::MAX - 1][number as usize % 5];
        let claim = |key, standing| Entry { key, generation, incarnation: u16::MAX, standing, addresses: Vec::new() };
        let members = vec![
            claim(PeerKey(*friend.public_key()), 2),
            claim(member.agent, [1, 2][number as usize % 2]),
            claim(PeerKey(*key(200).verifying_key().as_bytes()), 2),
        ];
        let roll = Message::MemberList { ask: false, members };
        assert!(member.attacker.send(arena.name, Channel::Task, member.attacker.sign(&roll)).await);
        claims += 3;
    }
    member.attacker.hang_up(arena.name).await;
    // The friend is up again at its next message, and the agent still counts itself as up.
    arena.healthy().await;
    let status = arena.agent.status().to_string();
    assert!(!status.contains(&name(200).to_string()), "an unknown peer became a member: {status}");
    format!("{claims} false claims in 300 member lists; the friend linked again at once")
}
