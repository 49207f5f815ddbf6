//! Virtual time, agents with their files and disks, the network between them, and what goes wrong.

use super::agent::Agent;
use super::files::Files;
use super::net::{self, Net};
use super::rumour::{Seals, is_signed};
use crate::base::id::{PeerKey, ReplyId, Ring, SaveId};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::limits::FRAME_TASK_MAX;
use crate::node::Out;
use crate::node::input::{Input, LinkInput, Request};
use crate::node::output::{Output, Response};
use crate::store::change::Applied;
use crate::store::memory::Memory;
use crate::store::record::Source;
use crate::wire::talk::Talk;
use crate::work::looks::covers;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// The folder that every pretend agent watches.
pub const FOLDER: &[u8] = b"/docs";

/// A defect of the house that can be planted, to prove that it would be caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Now and then a save is reported and never done.
    LostSave,
    /// Outputs are carried out in the order of a hash map.
    HashOrder,
    /// Now and then a reply is forgotten.
    DroppedReply,
}

/// One pretend device. Its files and its disk outlive its agent.
#[derive(Debug)]
pub struct Device {
    /// The agent, unless it is down.
    pub agent: Option<Agent>,
    /// Its files; people change them whether it runs or not.
    pub files: Files,
    /// Its disk; outlives crashes, less what was not synced.
    pub disk: Rc<Memory>,
    /// Replies that came.
    pub replies: BTreeMap<ReplyId, Response>,
    /// Requests made.
    replies_due: u64,
    watching: bool,
}

/// Everything there is.
#[derive(Debug)]
pub struct World {
    /// The time.
    pub now: Instant,
    /// The devices.
    pub devices: Vec<Device>,
    /// The network between them.
    pub net: Net,
    /// Chance.
    pub rng: Rng,
    /// A planted defect.
    pub plant: Option<Plant>,
    /// A hash over every input and output in order.
    pub trace: u64,
    /// Inputs handled.
    pub inputs: u64,
    /// Messages sent between agents, and their bytes before they are sealed.
    pub sent: (u64, u64),
    /// The counts behind the pretend seals.
    pub seals: Seals,
    queue: BTreeMap<(Instant, u64), (usize, Happening)>,
    order: u64,
}

#[derive(Debug)]
enum Happening {
    Input(Input),
    /// The disk has caught up with a save.
    Synced(SaveId, Vec<Applied>),
    /// A dial of this peer ends.
    Dialled(usize),
    /// A message arrives from this peer, as bytes.
    Arrived(usize, Vec<u8>),
}

impl World {
    /// A world of so many devices, with no files and new disks; agents are started by `boot`.
    #[must_use]
    pub fn new(seed: u64, devices: usize) -> Self {
        let device = || Device {
            agent: None,
            files: Files::default(),
            disk: Rc::new(Memory::new()),
            replies: BTreeMap::new(),
            replies_due: 0,
            watching: false,
        };
        Self {
            now: Instant::from_millis(1000),
            devices: (0..devices).map(|_| device()).collect(),
            net: Net::new(),
            rng: Rng::new(seed),
            plant: None,
            trace: 0xcbf2_9ce4_8422_2325,
            inputs: 0,
            sent: (0, 0),
            seals: Seals::default(),
            queue: BTreeMap::new(),
            order: 0,
        }
    }

    /// Starts a device's agent on what its disk holds. It knows every other device.
    ///
    /// # Panics
    /// If the disk cannot be opened: a pretend disk always can.
    pub fn boot(&mut self, at: usize) {
        self.seals.boot(at);
        let disk = Rc::clone(&self.devices[at].disk);
        let mut agent = match Agent::start(self.now, &format!("device {at}"), disk) {
            Ok(agent) => agent,
            Err(error) => panic!("the pretend disk cannot be opened: {error}"),
        };
        for other in (0..self.devices.len()).filter(|other| *other != at) {
            agent.node.know(self.now, net::key(other), format!("peer {other}"), Some(net::address(other)));
        }
        self.devices[at].watching = !agent.node.status(self.now).sources.is_empty();
        self.devices[at].agent = Some(agent);
        self.post(at, 0, Input::Wake);
    }

    /// Cuts a device's power. A random part of what was not synced is lost; its links break.
    pub fn crash(&mut self, at: usize) {
        let device = &mut self.devices[at];
        let kept = self.rng.below(device.disk.unsynced() as u64 + 1);
        device.disk.cut_power(usize::try_from(kept).unwrap_or(0));
        device.agent = None;
        self.queue.retain(|_, (of, _)| *of != at);
        self.note(&format!("crash {at}"));
        for other in self.net.unlink_all(at) {
            self.unlinked(other, at);
        }
    }

    /// Cuts the way between two devices.
    pub fn cut(&mut self, a: usize, b: usize) {
        if self.net.cut(a, b) {
            self.unlinked(a, b);
            self.unlinked(b, a);
        }
    }

    fn unlinked(&mut self, at: usize, from: usize) {
        // At once: a link that comes back is told only after it was told to be gone.
        self.post(at, 0, Input::Link(net::key(from), LinkInput::Down("the link broke".to_owned())));
    }

    /// Asks a device's agent something; the reply appears in its `replies`.
    pub fn ask(&mut self, at: usize, request: Request) -> ReplyId {
        self.devices[at].replies_due += 1;
        let reply = ReplyId(self.devices[at].replies_due);
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
        if self.devices[at].watching && covers(FOLDER, path) {
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
        self.schedule(at, delay_ms, Happening::Input(input));
    }

    fn schedule(&mut self, at: usize, delay_ms: u64, what: Happening) {
        self.order += 1;
        self.queue.insert((self.now + Duration::from_millis(delay_ms), self.order), (at, what));
    }

    /// One event, if one is due by `end`.
    fn step(&mut self, end: Instant) -> bool {
        let deadline = |(at, device): (usize, &Device)| Some((device.agent.as_ref()?.node.deadline()?, at));
        let wake = self.devices.iter().enumerate().filter_map(deadline).min();
        let first = self.queue.first_key_value().map(|((at, _), _)| *at);
        let wake = wake.filter(|(wake, _)| first.is_none_or(|first| *wake < first));
        match wake.map(|(at, _)| at).or(first) {
            Some(at) if at <= end => self.now = self.now.max(at),
            _ => return false,
        }
        if let Some((_, at)) = wake {
            self.handle(at, Input::Wake);
        } else if let Some((_, (at, what))) = self.queue.pop_first() {
            self.happen(at, what);
        }
        true
    }

    fn happen(&mut self, at: usize, what: Happening) {
        match what {
            Happening::Input(input) => self.handle(at, input),
            Happening::Synced(save, applied) => {
                let Some(agent) = &mut self.devices[at].agent else { return };
                let result = agent.sync(applied);
                self.handle(at, Input::Saved(save, result));
            }
            Happening::Dialled(peer) => {
                let there = self.devices[peer].agent.is_some() && self.net.open(at, peer);
                if there && self.net.link(at, peer) {
                    self.handle(peer, Input::Link(net::key(at), LinkInput::Up(net::address(at))));
                    self.handle(at, Input::Link(net::key(peer), LinkInput::Up(net::address(peer))));
                } else if !there {
                    self.handle(at, Input::Link(net::key(peer), LinkInput::NotDialled));
                }
            }
            Happening::Arrived(from, bytes) => {
                if self.net.linked(at, from)
                    && let Some(talk) = Talk::parse(&bytes)
                {
                    self.handle(at, Input::Link(net::key(from), LinkInput::Said(Box::new(talk))));
                }
            }
        }
    }

    fn handle(&mut self, at: usize, input: Input) {
        let Some(mut agent) = self.devices[at].agent.take() else { return };
        self.note(&format!("{:?} {at} {input:?}", self.now));
        self.inputs += 1;
        let woken = input == Input::Wake;
        let mut out = Out::new();
        agent.node.handle(self.now, input, &mut out);
        let mut outputs: Vec<Output> = out.drain().into_iter().collect();
        if self.plant == Some(Plant::HashOrder) {
            outputs = hash_order(outputs);
        }
        for output in outputs {
            self.note(&format!("{output:?}"));
            self.carry_out(at, &mut agent, output);
        }
        let deadline = agent.node.deadline();
        assert!(!woken || deadline.is_none_or(|at| at > self.now), "a woken node wants to be woken at once again");
        self.devices[at].agent = Some(agent);
    }

    fn carry_out(&mut self, at: usize, agent: &mut Agent, output: Output) {
        match output {
            Output::Start(id, task) => {
                let outcome = agent.run(&self.devices[at].files, &task);
                let cost = 1 + self.rng.below(300);
                self.post(at, cost, Input::Done(id, outcome));
            }
            Output::Save(id, changes) => {
                let lost = self.plant == Some(Plant::LostSave) && self.rng.one_in(4);
                let cost = 1 + self.rng.below(30);
                match if lost { Ok(Vec::new()) } else { agent.apply(&changes) } {
                    Ok(applied) => self.schedule(at, cost, Happening::Synced(id, applied)),
                    Err(why) => self.post(at, cost, Input::Saved(id, Err(why))),
                }
            }
            Output::Reply(id, response) => {
                if self.plant == Some(Plant::DroppedReply) && self.rng.one_in(10) {
                    return;
                }
                let twice = self.devices[at].replies.insert(id, response);
                assert!(twice.is_none(), "a request was answered twice");
            }
            Output::Dial(peer, _) => {
                let delay = 1 + self.rng.below(self.net.delay_ms_max);
                self.schedule(at, delay, Happening::Dialled(net::agent(peer)));
            }
            Output::Send(peer, talk) => self.send(at, peer, &talk),
            Output::Member(..) | Output::Remember(..) => {}
            Output::Tell(fact) => {
                let message = self.seals.seal(at, &fact);
                self.post(at, 0, Input::Told(message));
            }
            Output::Verify(from, told) if is_signed(&told.message) => self.post(at, 0, Input::Proven(from, told)),
            Output::Verify(from, _) => self.post(at, 0, Input::Forged(from)),
            Output::Pass { to, slots, asked } => {
                if let Some(talk) = agent.node.passed(self.now, &slots, asked) {
                    self.send(at, to, &talk);
                }
            }
            Output::Watch(path) => {
                self.devices[at].watching = true;
                self.touched(at, &path);
            }
            Output::MeasureDisk => self.post(at, 1, Input::Disk { free: agent.disk_free }),
            Output::Notice(_) | Output::Stopped => {}
        }
    }

    fn send(&mut self, at: usize, peer: PeerKey, talk: &Talk) {
        let bytes = talk.seal();
        assert!(bytes.len() <= FRAME_TASK_MAX, "a message of {} bytes is larger than a frame", bytes.len());
        self.sent = (self.sent.0 + 1, self.sent.1 + bytes.len() as u64);
        if let Some(delay) = self.net.passage_ms(&mut self.rng) {
            self.schedule(net::agent(peer), delay, Happening::Arrived(at, bytes));
        }
    }

    /// FNV-1a over the text of what happened.
    fn note(&mut self, what: &str) {
        for byte in what.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// Requests that got no reply.
    #[must_use]
    pub fn unanswered(&self, at: usize) -> Vec<ReplyId> {
        let device = &self.devices[at];
        (1..=device.replies_due).map(ReplyId).filter(|reply| !device.replies.contains_key(reply)).collect()
    }

    /// How the world stands, for a message about a broken rule.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("at {:?} after {} inputs: ", self.now, self.inputs);
        for (at, device) in self.devices.iter().enumerate() {
            let _ = match &device.agent {
                Some(agent) => write!(text, "{at}: {:?}; ", agent.node.status(self.now)),
                None => write!(text, "{at} is down; "),
            };
        }
        text
    }
}

#[expect(clippy::disallowed_types, clippy::iter_over_hash_type, reason = "the planted defect itself")]
fn hash_order(outputs: Vec<Output>) -> Vec<Output> {
    let mut table = std::collections::HashMap::new();
    for (at, output) in outputs.into_iter().enumerate() {
        table.insert(at, output);
    }
    let mut shuffled = Vec::new();
    for (_, output) in table {
        shuffled.push(output);
    }
    shuffled
}
