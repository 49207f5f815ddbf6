//! The agent under attack, a real one in a process of its own, and the peers around it.
//!
//! After each attack an honest peer dials it, pings it and gets a question answered, so link, driver, node and store
//! still work. The memory figures are the agent's own, read from /proc.

use super::super::super::harness::{Agent, Place};
use super::super::{End, key, name, soon, until};
use std::cell::RefCell;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use wattle::net::link::{Channel, LinkEvent};
use wattle::platform::home::Home;
use wattle::wire::envelope::{Signer, Verifier};
use wattle::wire::message::{Message, Query};
use wattle::wire::peer_id::PeerId;

/// Seeds of the keys: the honest peer, the attacker, the peer that the agent dials, and the one that answers instead.
pub(super) const FRIEND: u8 = 2;
pub(super) const ATTACKER: u8 = 3;
const WANTED: u8 = 5;
const IMPOSTOR: u8 = 6;

/// A member that sends too much gossip, and one whose items come by others only.
pub(super) const LOUD: u8 = 7;
pub(super) const ORIGIN: u8 = 8;

/// An agent under attack.
pub(super) struct Arena {
    pub(super) agent: Agent,
    pub(super) place: Place,
    pub(super) name: PeerId,
    pub(super) address: SocketAddr,
    pub(super) impostor: End,
    friend: TestPeer,
}

/// A peer that links with the agent, and signs and verifies messages.
pub(super) struct TestPeer {
    pub(super) end: End,
    pub(super) signer: RefCell<Signer>,
    verifier: RefCell<Verifier>,
    asked: RefCell<u64>,
}

impl TestPeer {
    pub(super) fn new(seed: u8, agent: PeerId, boot: u32) -> Self {
        let end = End::new(seed, &[]);
        assert!(end.links.add_peer(agent));
        let mut verifier = Verifier::new();
        assert!(verifier.add_peer(agent));
        let signer = RefCell::new(Signer::new(key(seed), boot));
        Self { end, signer, verifier: RefCell::new(verifier), asked: RefCell::new(0) }
    }

    /// Links, whichever side dials first.
    pub(super) async fn link(&self, agent: PeerId, address: SocketAddr) {
        self.end.links.dial(agent, address);
        until("the link", || self.end.links.known().iter().any(|known| known.peer == agent)).await;
    }

    /// Hangs up and waits until that is done.
    pub(super) async fn hang_up(&self, agent: PeerId) {
        self.end.links.hang_up(&agent, "done");
        until("the end of the link", || self.end.links.known().is_empty()).await;
        while self.end.events.try_recv().is_ok() {}
    }

    pub(super) fn sign(&self, message: &Message) -> Vec<u8> {
        self.signer.borrow_mut().sign(message.kind(), &[], &message.encode()).unwrap()
    }

    /// A question without an answer in any document, with a fresh id.
    pub(super) fn query(&self) -> (u64, Message) {
        let id = {
            let mut asked = self.asked.borrow_mut();
            *asked += 1;
            *asked
        };
        let question = "Is anybody there?".to_owned();
        (id, Message::Query(Query { id, question, model: [0; 32], scale: 0.0, codes: Vec::new(), count: 1 }))
    }

    /// Waits for the next message of the agent for which `wished` returns something.
    pub(super) async fn receive<T>(&self, mut wished: impl FnMut(Message) -> Option<T>) -> T {
        soon(async {
            loop {
                let LinkEvent::Frame { bytes, .. } = self.end.next().await else { continue };
                let Ok(message) =
                    self.verifier.borrow_mut().verify(&bytes).map(|verified| Message::decode(verified.body))
                else {
                    continue;
                };
                if let Some(found) = message.and_then(&mut wished) {
                    return found;
                }
            }
        })
        .await
    }

    /// Sends bytes unchanged, waiting while the queue is full. False if there is no link.
    pub(super) async fn send(&self, agent: PeerId, channel: Channel, bytes: Vec<u8>) -> bool {
        for _ in 0..2000 {
            match self.end.links.send(&agent, channel, bytes.clone()) {
                Ok(()) => return true,
                Err(wattle::net::link::SendError::Full) => {
                    smol::Timer::after(std::time::Duration::from_millis(5)).await
                }
                Err(_) => return false,
            };
        }
        false
    }
}

impl Arena {
    pub(super) fn new() -> Self {
        let place = Place::new();
        place.write("violin.txt", "The violin is kept in the cupboard under the stairs.");
        let name_of_agent = Home::open(&place.home()).unwrap().identity().unwrap().peer_id();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        // At the address of one peer, another one answers.
        let impostor = End::new(IMPOSTOR, &[]);
        assert!(impostor.links.add_peer(name_of_agent));
        let wanted = format!("/ip4/127.0.0.1/tcp/{}/p2p/{}", impostor.address.port(), name(WANTED));
        let [friend, attacker, loud, origin] =
            [FRIEND, ATTACKER, LOUD, ORIGIN].map(|seed| format!("/p2p/{}", name(seed)));
        let docs = place.docs();
        let listen = address.to_string();
        let peers = [&friend, &attacker, &loud, &origin, &wanted].map(|peer| ["--peer", peer]);
        let agent = place.up(&[&["--listen", &listen], peers.as_flattened(), &[docs.to_str().unwrap()]].concat());
        agent.wait_ready(1);
        let friend = TestPeer::new(FRIEND, name_of_agent, 1);
        Self { agent, place, name: name_of_agent, address, impostor, friend }
    }

    /// The honest peer, linked.
    pub(super) async fn linked_friend(&self) -> &TestPeer {
        self.friend.link(self.name, self.address).await;
        &self.friend
    }

    /// Asserts that the honest peer still gets its link, its ping and its answer.
    pub(super) async fn healthy(&self) {
        let friend = &self.friend;
        friend.link(self.name, self.address).await;
        friend.end.links.ping(&self.name).await.unwrap();
        let (id, query) = friend.query();
        assert!(friend.send(self.name, Channel::Task, friend.sign(&query)).await);
        friend.receive(|message| matches!(message, Message::Answer(answer) if answer.id == id).then_some(())).await;
        friend.hang_up(self.name).await;
    }

    /// A field of the agent's /proc/PID/status, in kB.
    pub(super) fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.agent.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Resets the agent's peak memory (proc(5), clear_refs).
    pub(super) fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.agent.child.id()), "5").unwrap();
    }

    /// Every path in the folder of the agent, sorted.
    pub(super) fn files(&self) -> Vec<std::path::PathBuf> {
        let (mut open, mut found) = (vec![self.place.path().to_owned()], Vec::new());
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path.clone());
                }
                found.push(path);
            }
        }
        found.sort();
        found
    }
}
