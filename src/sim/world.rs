//! Virtual time, one agent, its files, and what goes wrong.

use super::agent::Agent;
use super::files::Files;
use crate::base::id::{ReplyId, Ring, SaveId};
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::node::Out;
use crate::node::input::{Input, Request};
use crate::node::output::{Output, Response};
use crate::store::change::Applied;
use crate::store::memory::Memory;
use crate::store::record::Source;
use crate::work::looks::covers;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// The folder that every pretend agent watches.
pub const FOLDER: &[u8] = b"/docs";

/// Everything there is.
#[derive(Debug)]
pub struct World {
    /// The time.
    pub now: Instant,
    /// The agent, unless it is down.
    pub agent: Option<Agent>,
    /// Its files; people change them whether it runs or not.
    pub files: Files,
    /// Its disk; outlives crashes, less what was not synced.
    pub disk: Rc<Memory>,
    /// Chance.
    pub rng: Rng,
    /// Replies that came.
    pub replies: BTreeMap<ReplyId, Response>,
    /// A hash over every input and output in order.
    pub trace: u64,
    /// Inputs handled.
    pub inputs: u64,
    queue: BTreeMap<(Instant, u64), Happening>,
    order: u64,
    replies_due: u64,
    watching: bool,
}

#[derive(Debug)]
enum Happening {
    Input(Input),
    /// The disk has caught up with a save.
    Synced(SaveId, Vec<Applied>),
}

impl World {
    /// A world with no files and a new disk; the agent is started by `boot`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            now: Instant::from_millis(1000),
            agent: None,
            files: Files::default(),
            disk: Rc::new(Memory::new()),
            rng: Rng::new(seed),
            replies: BTreeMap::new(),
            trace: 0xcbf2_9ce4_8422_2325,
            inputs: 0,
            queue: BTreeMap::new(),
            order: 0,
            replies_due: 0,
            watching: false,
        }
    }

    /// Starts the agent on what the disk holds.
    ///
    /// # Panics
    /// If the disk cannot be opened: a pretend disk always can.
    pub fn boot(&mut self) {
        let agent = Agent::start(self.now, Rc::clone(&self.disk));
        match agent {
            Ok(agent) => {
                self.watching = !agent.node.status(self.now).sources.is_empty();
                self.agent = Some(agent);
            }
            Err(error) => panic!("the pretend disk cannot be opened: {error}"),
        }
        self.post(0, Input::Wake);
    }

    /// Cuts the power. A random part of what was not synced is lost.
    pub fn crash(&mut self) {
        let kept = self.rng.below(self.disk.unsynced() as u64 + 1);
        self.disk.cut_power(usize::try_from(kept).unwrap_or(0));
        self.agent = None;
        self.queue.clear();
        self.note("crash");
    }

    /// Asks the agent something; the reply appears in `replies`.
    pub fn ask(&mut self, request: Request) -> ReplyId {
        self.replies_due += 1;
        let reply = ReplyId(self.replies_due);
        self.post(0, Input::Api(reply, request));
        reply
    }

    /// Asks the agent to watch `FOLDER`.
    pub fn add_folder(&mut self) -> ReplyId {
        let source = Source { path: FOLDER.to_vec(), collection: "home".to_owned(), ring: Ring::Mesh, device: 1 };
        self.ask(Request::Add(source))
    }

    /// Tells the agent of a change, as a watcher does; one in fifty is lost with an overflow instead.
    pub fn touched(&mut self, path: &[u8]) {
        if self.watching && covers(FOLDER, path) {
            let lost = self.rng.one_in(50);
            let delay = self.rng.below(20);
            self.post(delay, if lost { Input::EventsLost } else { Input::Touched(path.to_vec()) });
        }
    }

    /// Lets time pass.
    pub fn run_until(&mut self, end: Instant) {
        while self.step(end) {}
        self.now = end;
    }

    fn post(&mut self, delay_ms: u64, input: Input) {
        self.schedule(delay_ms, Happening::Input(input));
    }

    fn schedule(&mut self, delay_ms: u64, what: Happening) {
        self.order += 1;
        self.queue.insert((self.now + Duration::from_millis(delay_ms), self.order), what);
    }

    /// One input, if one is due by `end`.
    fn step(&mut self, end: Instant) -> bool {
        let deadline = self.agent.as_ref().and_then(|agent| agent.node.deadline());
        let first = self.queue.first_key_value().map(|((at, _), _)| *at);
        let wake = deadline.filter(|deadline| first.is_none_or(|first| *deadline < first));
        let at = match wake.or(first) {
            Some(at) if at <= end => at,
            _ => return false,
        };
        self.now = self.now.max(at);
        let input = if wake.is_some() {
            Input::Wake
        } else {
            match self.queue.pop_first() {
                Some((_, Happening::Input(input))) => input,
                Some((_, Happening::Synced(save, applied))) => {
                    let Some(agent) = &mut self.agent else { return true };
                    Input::Saved(save, agent.sync(applied))
                }
                None => return false,
            }
        };
        self.handle(input);
        true
    }

    fn handle(&mut self, input: Input) {
        let Some(mut agent) = self.agent.take() else { return };
        self.note(&format!("{:?} {input:?}", self.now));
        self.inputs += 1;
        let woken = input == Input::Wake;
        let mut out = Out::new();
        agent.node.handle(self.now, input, &mut out);
        for output in out.drain() {
            self.note(&format!("{output:?}"));
            self.carry_out(&mut agent, output);
        }
        let deadline = agent.node.deadline();
        assert!(!woken || deadline.is_none_or(|at| at > self.now), "a woken node wants to be woken at once again");
        self.agent = Some(agent);
    }

    fn carry_out(&mut self, agent: &mut Agent, output: Output) {
        match output {
            Output::Start(id, task) => {
                let outcome = agent.run(&self.files, &task);
                let cost = 1 + self.rng.below(300);
                self.post(cost, Input::Done(id, outcome));
            }
            Output::Save(id, changes) => match agent.apply(&changes) {
                Ok(applied) => {
                    let cost = 1 + self.rng.below(30);
                    self.schedule(cost, Happening::Synced(id, applied));
                }
                Err(why) => self.post(1, Input::Saved(id, Err(why))),
            },
            Output::Reply(id, response) => {
                let twice = self.replies.insert(id, response);
                assert!(twice.is_none(), "a request was answered twice");
            }
            Output::Watch(path) => {
                self.watching = true;
                self.touched(&path);
            }
            Output::MeasureDisk => self.post(1, Input::Disk { free: agent.disk_free }),
            Output::Notice(_) | Output::Stopped => {}
        }
    }

    /// FNV-1a over the text of what happened.
    fn note(&mut self, what: &str) {
        for byte in what.bytes() {
            self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// How the world stands, for a message about a broken rule.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = format!("at {:?} after {} inputs: ", self.now, self.inputs);
        let _ = match &self.agent {
            Some(agent) => write!(text, "{:?}", agent.node.status(self.now)),
            None => write!(text, "the agent is down"),
        };
        text
    }
}
