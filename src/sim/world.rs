//! The event loop of the simulation: takes what is due, hands it to an agent, carries out the outputs.

use super::agent::{Agent, MODEL};
use super::device::Device;
use super::event::Event;
use super::event_queue::EventQueue;
use super::host::Host;
use super::injected_bug::{InjectedBug, hash_order};
use super::net::{self, Net};
use super::signer::SimulatedSigner;
use super::trace_hash::note;
use crate::base::id::{PeerKey, ReplyId, Ring};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::mesh::trust::Rights;
use crate::node::Out;
use crate::node::input::{Input, LinkInput, NotSaved, Request};
use crate::node::output::{Notice, Output, Response};
use crate::scheduler::path::covers;
use crate::store::record::Source;
use crate::wire::message::Message;
use std::rc::Rc;

/// The folder that simulated agents watch.
pub const FOLDER: &[u8] = b"/docs";

/// The simulated world.
#[derive(Debug)]
pub struct World {
    /// The virtual time.
    pub now: Instant,
    /// The devices.
    pub devices: Vec<Device>,
    /// The network between them.
    pub net: Net,
    /// Hosts, each with one or more agents; an agent without a host has no governor.
    pub hosts: Vec<Host>,
    /// The source of all randomness.
    pub rng: Rng,
    /// An injected defect.
    pub bug: Option<InjectedBug>,
    /// A hash over every input, output and packet, in order.
    pub trace: u64,
    /// Inputs handled.
    pub inputs: u64,
    /// The devices whose addresses all agents know at their start; `None`: all devices.
    pub bootstrap: Option<Vec<usize>>,
    /// Notices about other members that tests look at, and of suspension; with time and device.
    pub notices: Vec<(Instant, usize, Notice)>,
    /// The simulated signatures.
    pub signer: SimulatedSigner,
    pub(super) queue: EventQueue,
}

impl World {
    /// A world of so many devices without files, with new disks; `boot` starts their agents.
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

    /// Starts a device's agent on what its disk holds. It trusts every other device and knows the addresses of those of
    /// `bootstrap`.
    ///
    /// # Panics
    /// If the disk cannot be opened, which would be a defect of the simulation.
    pub fn boot(&mut self, at: usize) {
        let disk = Rc::clone(&self.devices[at].disk);
        self.devices[at].boots += 1;
        self.begin_start(at);
        self.devices[at].requests.open.clear();
        let who = (self.key_of(at), self.devices[at].boots);
        let (seed, trust) = (self.rng.next(), self.trusted(at));
        self.set_all_rights(at, &trust);
        let (device, model) = (format!("device {at}"), self.devices[at].run.model.unwrap_or(MODEL));
        let mut agent = match Agent::start(self.clock(at), who, trust, (seed, model), &device, disk) {
            Ok(agent) => agent,
            Err(error) => panic!("the simulated disk cannot be opened: {error}"),
        };
        agent.embedder.noise = self.devices[at].run.engine_noise;
        for other in 0..self.devices.len() {
            let known = !self.net.copies.contains_key(&other);
            if known && self.bootstrap.as_ref().is_none_or(|some| some.contains(&other)) {
                agent.node.add_given_address(net::key(other), net::address(other));
            }
        }
        self.devices[at].run.watching = !agent.node.status(self.clock(at)).sources.is_empty();
        self.devices[at].agent = Some(Box::new(agent));
        self.begin_coordinator(at);
        self.send_decision(at);
        self.post(at, 0, Input::ListenAddresses(vec![net::address(at)]));
        for (peer, addresses) in self.devices[at].peers.addresses.clone() {
            addresses.into_iter().for_each(|address| self.post(at, 0, Input::PeerDiscovered(peer, address)));
        }
        self.post(at, 0, Input::Wake);
        self.rewake(at);
    }

    /// Cuts a device's power. A random part of what was not synced is lost; its links break.
    pub fn crash(&mut self, at: usize) {
        self.host_crash(at);
        let device = &mut self.devices[at];
        let survives = self.rng.below(device.disk.unsynced() as u64 + 1);
        device.disk.cut_power(usize::try_from(survives).unwrap_or(0));
        (device.agent, device.suspended) = (None, None);
        device.run.tasks.clear();
        device.run.lanes.clear();
        self.queue.forget(at);
        note(&mut self.trace, format_args!("crash {at}"));
        self.net.forget_keys(at);
        self.end_conversations(at);
        for other in self.net.unlink_all(at) {
            self.unlinked(other, at);
        }
        self.rewake(at);
    }

    /// The link of a device from another one is gone.
    pub(super) fn unlinked(&mut self, at: usize, from: usize) {
        self.devices[at].run.work.unlinked.insert(from, self.now);
        // Without delay: if the link comes back, the node must see it go down first.
        self.post(at, 0, link_down(self.key_of(from)));
    }

    /// Makes a request to a device's agent; the reply appears in its `replies`.
    pub fn request(&mut self, at: usize, request: Request) -> ReplyId {
        let reply = self.devices[at].requests.begin();
        self.post(at, 0, Input::Api(reply, request));
        reply
    }

    /// Requests that a device's agent watches `FOLDER`.
    pub fn add_folder(&mut self, at: usize) -> ReplyId {
        let source = Source { path: FOLDER.to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        self.request(at, Request::Add(source.into()))
    }

    /// Reports a change to a device's agent, as the watcher does; one report in fifty is an overflow instead.
    pub fn touched(&mut self, at: usize, path: &[u8]) {
        if self.devices[at].run.watching && covers(FOLDER, path) {
            let lost = self.rng.one_in(50);
            let delay = self.rng.below(20);
            self.post(at, delay, if lost { Input::EventsLost } else { Input::PathChanged(path.to_vec()) });
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

    /// Moves the wake of a device to its node's deadline.
    pub(super) fn rewake(&mut self, at: usize) {
        let device = &mut self.devices[at];
        let next = device.agent.as_ref().filter(|_| device.suspended.is_none()).and_then(|agent| agent.node.deadline());
        let next = next.map(|next| device.run.clock.to_world(next));
        let before = core::mem::replace(&mut device.run.wake, next);
        self.queue.move_wake(at, before, next);
    }

    pub(super) fn schedule(&mut self, at: usize, delay_ms: u64, event: Event) {
        self.queue.push(self.now + Duration::from_millis(delay_ms), at, event);
    }

    /// One event, if one is due by `end`.
    fn step(&mut self, end: Instant) -> bool {
        let Some(due) = self.queue.next(end) else { return false };
        self.now = self.now.max(due.time);
        match due.event {
            None => self.handle(due.at, Input::Wake),
            Some(event) => self.process(due.at, event),
        }
        true
    }

    pub(super) fn process(&mut self, at: usize, event: Event) {
        let Some(event) = self.unless_suspended(at, event) else { return };
        match event {
            Event::Resumed => self.resume(at),
            Event::Host(event) => self.on_host_event(at, event),
            Event::Guest(event) => self.on_guest_event(at, event),
            Event::DatagramArrived(from, packet) if self.may(at, from, Rights::PROBE) => {
                self.fold(at, &packet);
                self.deliver(at, Input::SwimPacket(self.key_of(from), packet));
            }
            Event::DatagramArrived(..) => {}
            Event::Input(input) => {
                if let Input::Done(task, ..) = &input {
                    self.load_changes(at);
                    self.devices[at].run.tasks.remove(task);
                    self.devices[at].run.lanes.remove(task);
                }
                if let Input::Api(reply, _) = &input {
                    self.devices[at].requests.open.insert(*reply);
                }
                self.handle(at, input);
            }
            Event::RecordsSynced(save, bytes) => self.records_synced(at, save, bytes),
            Event::Synced(save, applied) => {
                let Some(agent) = &mut self.devices[at].agent else { return };
                let result = agent.sync(applied);
                self.handle(at, Input::Saved(save, result.map_err(NotSaved::for_now)));
            }
            Event::Dialled(key, address) => {
                let Some(peer) = self.device_at(key, address) else {
                    return self.handle(at, Input::Link(key, LinkInput::DialFailed));
                };
                let device = &self.devices[peer];
                if device.suspended.as_ref().is_some_and(|suspension| !suspension.deaf) {
                    // The system accepted the connection; the handshake waits for the process.
                    return self.schedule(at, 100, Event::Dialled(key, address));
                }
                let answers =
                    device.agent.is_some() && !device.suspended.as_ref().is_some_and(|suspension| suspension.deaf);
                let there = answers && self.may_link(at, peer) && self.net.can_dial(at, peer);
                if there {
                    self.link_up(at, peer, address);
                } else {
                    self.handle(at, Input::Link(key, LinkInput::DialFailed));
                }
            }
            Event::MessageArrived(from, boot, bytes) => {
                if self.net.linked(at, from)
                    && let Some(message) = Message::decode(&bytes)
                    && self.may_say(at, from, &message)
                {
                    self.fold(at, &bytes);
                    let input = self.accept(at, from, boot, message);
                    self.deliver(at, input);
                }
            }
        }
    }

    pub(super) fn handle(&mut self, at: usize, input: Input) {
        if self.devices[at].agent.is_some() {
            note(&mut self.trace, format_args!("{:?} {at} {input:?}", self.now));
            self.deliver(at, input);
        }
    }

    /// Hands an agent an input that is in the trace already.
    fn deliver(&mut self, at: usize, input: Input) {
        self.pull_power(at);
        let Some(mut agent) = self.devices[at].agent.take() else { return };
        self.inputs += 1;
        let woken = input == Input::Wake;
        let mut out = Out::new();
        agent.node.handle(self.clock(at), input, &mut out);
        let mut outputs: Vec<Output> = out.drain().collect();
        if self.bug == Some(InjectedBug::HashOrder) {
            outputs = hash_order(outputs);
        }
        for output in outputs {
            // Of these the bytes go into the trace, when they are sent.
            if !matches!(output, Output::Send(..) | Output::SwimPacket(..)) {
                note(&mut self.trace, format_args!("{output:?}"));
            }
            self.carry_out(at, &mut agent, output);
        }
        let (deadline, now) = (agent.node.deadline(), self.clock(at));
        assert!(!woken || deadline.is_none_or(|at| at > now), "a woken node wants to be woken at once again");
        self.devices[at].agent = Some(agent);
        self.rewake(at);
    }

    fn carry_out(&mut self, at: usize, agent: &mut Agent, output: Output) {
        match output {
            Output::Start(id, task) => {
                self.check_lane(at, id, &task);
                self.check_start(at, id, &task);
                let (before, outcome) = (agent.embedder.texts, agent.run(&self.devices[at].files, &task));
                let outcome = self.unless_broken(at, &task, outcome);
                let cost = self.cost_ms(at, &task, agent.embedder.texts - before);
                self.count_embedded(at, &task, &outcome, cost);
                self.post(at, cost, Input::Done(id, outcome, Duration::from_millis(cost)));
            }
            Output::Save(id, changes) | Output::Mend(id, changes) => {
                let lost = self.bug == Some(InjectedBug::LostSave) && self.rng.one_in(2);
                let cost = 1 + self.rng.below(30);
                let stored = self.stored_before(at, &changes);
                let applied = if lost { Ok(Vec::new()) } else { agent.apply(&changes) };
                self.check_stored(at, &stored);
                match applied {
                    Ok(applied) => self.schedule(at, cost, Event::Synced(id, applied)),
                    Err(why) => self.post(at, cost, Input::Saved(id, Err(NotSaved::for_now(why)))),
                }
            }
            Output::Reply(id, response) => self.replied(at, id, response),
            Output::Admit(peer, rights) => {
                self.set_rights(at, peer, rights);
                self.discover(at, peer);
            }
            Output::Expel(peer) => self.set_rights(at, peer, Rights::NONE),
            Output::Dial(peer, address) => {
                self.devices[at].sent.dials += 1;
                let delay = 1 + self.rng.below(self.net.delay_ms_max);
                self.schedule(at, delay, Event::Dialled(peer, address));
            }
            Output::Send(peer, message) => {
                let message = self.as_sent(at, peer, message);
                self.send(at, peer, &message);
            }
            Output::SwimPacket(peer, packet) => self.send_datagram(at, peer, packet),
            Output::HangUp(peer, _) => {
                let other = self.holder(at, peer);
                if self.net.unlink(at, other) {
                    self.unlinked(at, other);
                    self.unlinked(other, at);
                }
            }
            Output::SaveBootCounter(number) => {
                self.devices[at].boots = self.devices[at].boots.max(number);
                self.post(at, 0, Input::BootCounterSaved(number));
            }
            Output::RaiseBoot(_) | Output::ProveStart(_) | Output::TellDuplicate(..) => self.on_holders(at, output),
            Output::SaveAddresses(peer, addresses) => _ = self.devices[at].peers.addresses.insert(peer, addresses),
            Output::Sign(fact) => {
                let message = self.signer.sign(at, self.key_of(at), &fact);
                self.post(at, 0, Input::Signed(message));
            }
            Output::Verify(from, item) => self.verify(at, from, item),
            Output::Push { to, items, requested } => {
                if let Some(message) = agent.node.push_message(self.clock(at), &items, requested) {
                    self.send(at, to, &message);
                }
            }
            Output::Watch(path) => {
                self.devices[at].run.watching = true;
                self.touched(at, &path);
            }
            Output::MeasureDisk => self.post(at, 1, Input::Disk { free: agent.disk_free }),
            Output::SignRecords(_) | Output::VerifyRecords(..) | Output::SaveRecords(..) => self.on_records(at, output),
            Output::Notice(notice) if is_kept(&notice) => self.notices.push((self.now, at, notice)),
            Output::Demand(_) | Output::Answering(_) | Output::Spent { .. } => self.tell_governor(at, &output),
            other => self.on_guest_output(at, other),
        }
    }

    fn replied(&mut self, at: usize, id: ReplyId, response: Response) {
        if self.bug == Some(InjectedBug::DroppedReply) && self.rng.one_in(10) {
            return;
        }
        self.devices[at].requests.open.remove(&id);
        let twice = self.devices[at].replies.insert(id, response);
        assert!(twice.is_none(), "a request was answered twice");
    }
}

/// Whether tests look at a notice.
const fn is_kept(notice: &Notice) -> bool {
    matches!(
        notice,
        Notice::CertificateRefused(..)
            | Notice::RefusedBy(..)
            | Notice::RemovedHere(..)
            | Notice::Offence(..)
            | Notice::Disputed(_)
            | Notice::Down(_)
            | Notice::Quarantined(_)
            | Notice::Suspended(_)
            | Notice::Unlinked(..)
    )
}

/// The input for a link that broke.
pub(super) fn link_down(from: PeerKey) -> Input {
    Input::Link(from, LinkInput::Down("the link broke".to_owned()))
}
