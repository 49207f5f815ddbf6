//! Virtual time, agents with their files and disks, the network between them, and what goes wrong.

use super::agent::Agent;
use super::device::Device;
use super::event::Event;
use super::event_queue::{EventQueue, Next};
use super::host::Host;
use super::injected_bug::{InjectedBug, hash_order};
use super::net::{self, Net};
use super::signer::SimulatedSigner;
use crate::base::id::{PeerKey, ReplyId, Ring};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::{FRAME_TASK_MAX, MEMBER_BYTES_MAX};
use crate::mesh::trust::Rights;
use crate::node::Out;
use crate::node::input::{Input, LinkInput, Request};
use crate::node::output::{Notice, Output};
use crate::scheduler::scans::covers;
use crate::store::record::Source;
use crate::wire::message::Message;
use core::net::SocketAddr;
use std::rc::Rc;

/// The folder that every pretend agent watches.
pub const FOLDER: &[u8] = b"/docs";

/// Everything there is.
#[derive(Debug)]
pub struct World {
    /// The time.
    pub now: Instant,
    /// The devices.
    pub devices: Vec<Device>,
    /// The network between them.
    pub net: Net,
    /// Hosts with several agents; an agent of none is governed by nobody.
    pub hosts: Vec<Host>,
    /// Chance.
    pub rng: Rng,
    /// An injected defect.
    pub bug: Option<InjectedBug>,
    /// A hash over every input and output in order.
    pub trace: u64,
    /// Inputs handled.
    pub inputs: u64,
    /// The devices whose address everybody knows from the start; `None`: all.
    pub bootstrap: Option<Vec<usize>>,
    /// Who told its people that others are down, that somebody lies, or that it slept; in order.
    pub notices: Vec<(Instant, usize, Notice)>,
    /// The simulated signatures.
    pub signer: SimulatedSigner,
    pub(super) queue: EventQueue,
}

impl World {
    /// A world of so many devices, with no files and new disks; agents are started by `boot`.
    #[must_use]
    pub fn new(seed: u64, devices: usize) -> Self {
        Self {
            now: Instant::from_millis(1000),
            devices: (0..devices).map(|_| Device::new()).collect(),
            net: Net::new(),
            hosts: Vec::new(),
            rng: Rng::new(seed),
            bug: None,
            trace: 0xcbf2_9ce4_8422_2325,
            inputs: 0,
            bootstrap: None,
            notices: Vec::new(),
            signer: SimulatedSigner::default(),
            queue: EventQueue::default(),
        }
    }

    /// Starts a device's agent on what its disk holds. It knows every other device's name, and the addresses of
    /// those of `bootstrap`.
    ///
    /// # Panics
    /// If the disk cannot be opened: a pretend disk always can.
    pub fn boot(&mut self, at: usize) {
        self.signer.boot(at);
        let disk = Rc::clone(&self.devices[at].disk);
        self.devices[at].boots += 1;
        self.devices[at].requests.open.clear();
        let who = (net::key(at), self.devices[at].boots);
        let (seed, trust) = (self.rng.next(), self.trusted(at));
        let mut agent = match Agent::start(self.now, who, trust, seed, &format!("device {at}"), disk) {
            Ok(agent) => agent,
            Err(error) => panic!("the pretend disk cannot be opened: {error}"),
        };
        for other in 0..self.devices.len() {
            if self.bootstrap.as_ref().is_none_or(|some| some.contains(&other)) {
                agent.node.give(net::key(other), net::address(other));
            }
        }
        self.devices[at].run.watching = !agent.node.status(self.now).sources.is_empty();
        self.devices[at].agent = Some(Box::new(agent));
        self.begin_coordinator(at);
        self.obey(at);
        self.post(at, 0, Input::Here(vec![net::address(at)]));
        for (peer, places) in self.devices[at].peers.addresses.clone() {
            places.into_iter().for_each(|place| self.post(at, 0, Input::Seen(peer, place)));
        }
        self.post(at, 0, Input::Wake);
        self.rewake(at);
    }

    /// Cuts a device's power. A random part of what was not synced is lost; its links break.
    pub fn crash(&mut self, at: usize) {
        self.host_crash(at);
        let device = &mut self.devices[at];
        let kept = self.rng.below(device.disk.unsynced() as u64 + 1);
        device.disk.cut_power(usize::try_from(kept).unwrap_or(0));
        (device.agent, device.suspended) = (None, None);
        device.run.tasks.clear();
        self.queue.forget(at);
        self.note(&format!("crash {at}"));
        self.net.forget_keys(at);
        for other in self.net.unlink_all(at) {
            self.unlinked(other, at);
        }
        self.rewake(at);
    }

    pub(super) fn unlinked(&mut self, at: usize, from: usize) {
        // At once: a link that comes back is told only after it was told to be gone.
        self.post(at, 0, link_down(from));
    }

    /// Asks a device's agent something; the reply appears in its `replies`.
    pub fn ask(&mut self, at: usize, request: Request) -> ReplyId {
        let reply = self.devices[at].requests.begin();
        self.post(at, 0, Input::Api(reply, request));
        reply
    }

    /// Asks a device's agent to watch `FOLDER`.
    pub fn add_folder(&mut self, at: usize) -> ReplyId {
        let source = Source { path: FOLDER.to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        self.ask(at, Request::Add(source))
    }

    /// Tells a device's agent of a change, as a watcher does; one in fifty is lost with an overflow instead.
    pub fn touched(&mut self, at: usize, path: &[u8]) {
        if self.devices[at].run.watching && covers(FOLDER, path) {
            let lost = self.rng.one_in(50);
            let delay = self.rng.below(20);
            self.post(at, delay, if lost { Input::EventsLost } else { Input::Touched(path.to_vec()) });
        }
    }

    /// Lets time pass.
    pub fn run_until(&mut self, end: Instant) {
        while self.step(end) {}
        self.now = end;
    }

    pub(super) fn post(&mut self, at: usize, delay_ms: u64, input: Input) {
        self.schedule(at, delay_ms, Event::Input(input));
    }

    /// Notes anew when the agent wants to be woken.
    pub(super) fn rewake(&mut self, at: usize) {
        let device = &mut self.devices[at];
        let next = device.agent.as_ref().filter(|_| device.suspended.is_none()).and_then(|agent| agent.node.deadline());
        let before = core::mem::replace(&mut device.run.wake, next);
        self.queue.move_wake(at, before, next);
    }

    pub(super) fn schedule(&mut self, at: usize, delay_ms: u64, what: Event) {
        self.queue.push(self.now + Duration::from_millis(delay_ms), at, what);
    }

    /// One event, if one is due by `end`.
    fn step(&mut self, end: Instant) -> bool {
        let Some((due, at, next)) = self.queue.next(end) else { return false };
        self.now = self.now.max(due);
        match next {
            Next::Wake => self.handle(at, Input::Wake),
            Next::Event(what) => self.happen(at, what),
        }
        true
    }

    pub(super) fn happen(&mut self, at: usize, what: Event) {
        let Some(what) = self.unless_asleep(at, what) else { return };
        match what {
            Event::Woken => self.wake_up(at),
            Event::Host(event) => self.on_host_event(at, event),
            Event::Landed(from, packet) if self.may(at, from, Rights::PROBE) => {
                self.fold(at, &packet);
                self.deliver(at, Input::Member(net::key(from), packet));
            }
            Event::Landed(..) => {}
            Event::Input(input) => {
                if let Input::Done(task, ..) = &input {
                    self.load_changes(at);
                    self.devices[at].run.tasks.remove(task);
                }
                if let Input::Api(reply, _) = &input {
                    self.devices[at].requests.open.insert(*reply);
                }
                self.handle(at, input);
            }
            Event::Synced(save, applied) => {
                let Some(agent) = &mut self.devices[at].agent else { return };
                let result = agent.sync(applied);
                self.handle(at, Input::Saved(save, result));
            }
            Event::Dialled(peer, address) => {
                let device = &self.devices[peer];
                if device.suspended.as_ref().is_some_and(|sleep| !sleep.deaf) {
                    // The connection stands; the handshake waits for its process.
                    return self.schedule(at, 100, Event::Dialled(peer, address));
                }
                let answers = device.agent.is_some() && !device.suspended.as_ref().is_some_and(|sleep| sleep.deaf);
                let there =
                    answers && address == net::address(peer) && self.may_link(at, peer) && self.net.open(at, peer);
                if there && self.net.link(at, peer) {
                    // Who is dialled sees some port that the dialler does not listen on.
                    let from = SocketAddr::new(net::address(at).ip(), 1);
                    self.happen(peer, Event::Input(Input::Link(net::key(at), LinkInput::Up(from))));
                    self.handle(at, Input::Link(net::key(peer), LinkInput::Up(address)));
                } else if !there {
                    self.handle(at, Input::Link(net::key(peer), LinkInput::NotDialled));
                }
            }
            Event::Arrived(from, bytes) => {
                if self.net.linked(at, from)
                    && self.may(at, from, Rights::SIGN)
                    && let Some(talk) = Message::decode(&bytes)
                {
                    self.fold(at, &bytes);
                    self.deliver(at, Input::Link(net::key(from), LinkInput::Said(Box::new(talk))));
                }
            }
        }
    }

    pub(super) fn handle(&mut self, at: usize, input: Input) {
        if self.devices[at].agent.is_some() {
            self.note(&format!("{:?} {at} {input:?}", self.now));
            self.deliver(at, input);
        }
    }

    /// Hands an input that is noted already to an agent.
    fn deliver(&mut self, at: usize, input: Input) {
        self.pull_power(at);
        let Some(mut agent) = self.devices[at].agent.take() else { return };
        self.inputs += 1;
        let woken = input == Input::Wake;
        let mut out = Out::new();
        agent.node.handle(self.now, input, &mut out);
        let mut outputs: Vec<Output> = out.drain().collect();
        if self.bug == Some(InjectedBug::HashOrder) {
            outputs = hash_order(outputs);
        }
        for output in outputs {
            // The bytes of these are noted when they are sent.
            if !matches!(output, Output::Send(..) | Output::Member(..)) {
                self.note(&format!("{output:?}"));
            }
            self.carry_out(at, &mut agent, output);
        }
        let deadline = agent.node.deadline();
        assert!(!woken || deadline.is_none_or(|at| at > self.now), "a woken node wants to be woken at once again");
        self.devices[at].agent = Some(agent);
        self.rewake(at);
    }

    fn carry_out(&mut self, at: usize, agent: &mut Agent, output: Output) {
        match output {
            Output::Start(id, task) => {
                self.watch_power(at, id, &task);
                let outcome = agent.run(&self.devices[at].files, &task);
                let cost = 1 + self.rng.below(300);
                self.post(at, cost, Input::Done(id, outcome, Duration::from_millis(cost)));
            }
            Output::Save(id, changes) => {
                let lost = self.bug == Some(InjectedBug::LostSave) && self.rng.one_in(4);
                let cost = 1 + self.rng.below(30);
                match if lost { Ok(Vec::new()) } else { agent.apply(&changes) } {
                    Ok(applied) => self.schedule(at, cost, Event::Synced(id, applied)),
                    Err(why) => self.post(at, cost, Input::Saved(id, Err(why))),
                }
            }
            Output::Reply(id, response) => {
                if self.bug == Some(InjectedBug::DroppedReply) && self.rng.one_in(10) {
                    return;
                }
                self.devices[at].requests.open.remove(&id);
                let twice = self.devices[at].replies.insert(id, response);
                assert!(twice.is_none(), "a request was answered twice");
            }
            Output::Admit(peer, rights) => self.admit(at, peer, rights),
            Output::Expel(peer) => self.admit(at, peer, Rights::NONE),
            Output::Dial(peer, address) => {
                self.devices[at].sent.dials += 1;
                let delay = 1 + self.rng.below(self.net.delay_ms_max);
                self.schedule(at, delay, Event::Dialled(net::agent(peer), address));
            }
            Output::Send(peer, talk) => self.send(at, peer, &talk),
            Output::Member(peer, packet) => self.fly(at, peer, packet),
            Output::HangUp(peer) => {
                if self.net.unlink(at, net::agent(peer)) {
                    self.unlinked(at, net::agent(peer));
                    self.unlinked(net::agent(peer), at);
                }
            }
            Output::BootAtLeast(number) => {
                self.devices[at].boots = self.devices[at].boots.max(number);
                self.post(at, 0, Input::BootKept(number));
            }
            Output::Remember(peer, places) => _ = self.devices[at].peers.addresses.insert(peer, places),
            Output::Tell(fact) => {
                let message = self.signer.sign(at, &fact);
                self.post(at, 0, Input::Told(message));
            }
            Output::Verify(from, told) => self.verify(at, from, told),
            Output::Pass { to, slots, asked } => {
                if let Some(talk) = agent.node.passed(self.now, &slots, asked) {
                    self.send(at, to, &talk);
                }
            }
            Output::Watch(path) => {
                self.devices[at].run.watching = true;
                self.touched(at, &path);
            }
            Output::MeasureDisk => self.post(at, 1, Input::Disk { free: agent.disk_free }),
            Output::Notice(notice @ (Notice::Lost(_) | Notice::Liar(_) | Notice::Slept(_))) => {
                self.notices.push((self.now, at, notice));
            }
            Output::Demand(_) | Output::Answering(_) | Output::Spent { .. } => self.tell_governor(at, &output),
            Output::Notice(_) | Output::Stopped => {}
        }
    }

    fn send(&mut self, at: usize, peer: PeerKey, talk: &Message) {
        let bytes = talk.encode();
        assert!(bytes.len() <= FRAME_TASK_MAX, "a message of {} bytes is larger than a frame", bytes.len());
        self.fold(net::agent(peer), &bytes);
        let sent = &mut self.devices[at].sent;
        sent.messages += 1;
        sent.message_bytes += bytes.len() as u64 + net::LINK_BYTES;
        if let Some(delay) = self.net.passage_ms(&mut self.rng) {
            self.schedule(net::agent(peer), delay, Event::Arrived(at, bytes));
        }
    }

    fn fly(&mut self, at: usize, peer: PeerKey, packet: Vec<u8>) {
        assert!(packet.len() <= MEMBER_BYTES_MAX, "a packet of {} bytes is too long", packet.len());
        self.fold(net::agent(peer), &packet);
        let sent = &mut self.devices[at].sent;
        sent.datagrams += 1;
        sent.datagram_bytes += packet.len() as u64 + net::DATAGRAM_BYTES;
        if let Some(delay) = self.net.flight_ms(&mut self.rng, at, net::agent(peer)) {
            self.schedule(net::agent(peer), delay, Event::Landed(at, packet));
        }
    }
}

/// The link to this device is gone.
pub(super) fn link_down(from: usize) -> Input {
    Input::Link(net::key(from), LinkInput::Down("the link broke".to_owned()))
}
