//! The house: every decision and every small table of one agent. Pure: told the time, never asks for it.
//!
//! Duty: route inputs to machines, wire the machines into stories (`ingest`, `energy`, `ask`, `link`, `member`, `item`, `trust`). In/out: `Input`, `Output`.
//! Invariants: a promise (a reply to `add`) leaves only after its record was `Saved`; the outbox is drained
//! wholly before the next input; after `handle(now, ..)` no deadline lies at or before `now`, unless it stops.
//! Limits: those of its machines' tables, which bound what one input causes.
//! Not here: sockets, files, threads, clocks (`io`, `sim`); computing (`worker`); the store (`store`).

mod ask;
mod energy;
mod energy_state;
mod gossip;
mod gossip_state;
mod ingest;
pub mod input;
mod link;
mod membership;
mod mesh_state;
pub mod output;
mod query_state;
mod report;
pub mod status;
mod trust;

use crate::base::id::{Fingerprint, PeerKey, ReplyId, TaskId};
use crate::base::outbox::Outbox;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::AUDITS_MAX;
use crate::mesh::peers::Peers;
use crate::mesh::swim::Membership;
use crate::mesh::trust::Trust;
use crate::scheduler::task::{Outcome, Task};
use crate::scheduler::{self, Scheduler};
use energy_state::EnergyState;
use gossip_state::{GossipState, seed_of};
use input::{Input, Request};
use mesh_state::MeshState;
use output::{Output, Problem, Response};
use query_state::QueryState;

/// What one input causes.
pub type Out = Outbox<Output>;

/// What the node must know to begin; read by the driver.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The agent's public key.
    pub key: PeerKey,
    /// The agent's PeerId, as text.
    pub peer_id: String,
    /// Counts this start of the agent.
    pub boot: u32,
    /// For decisions by chance.
    pub seed: u64,
    /// The device's name for people.
    pub device: String,
    /// The model's name for people.
    pub model: String,
    /// The model's fingerprint.
    pub fingerprint: Fingerprint,
    /// What the scheduler begins with.
    pub scheduler: scheduler::Config,
}

/// One agent.
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    trust: Trust,
    scheduler: Scheduler,
    /// What the scheduler wants done, within one input.
    orders: Vec<scheduler::Output>,
    queries: QueryState,
    peers: Peers,
    member: Membership,
    mesh: MeshState,
    gossip: GossipState,
    energy: EnergyState,
    audits: heapless::Vec<(TaskId, ReplyId), AUDITS_MAX>,
    stopping: bool,
}

impl Node {
    /// A node that knows `config`, and deals with the peers of `trust`; whoever made that table has filled the sockets'
    /// lists from it. Feed it `Input::Wake` to set it going.
    #[must_use]
    pub fn new(now: Instant, mut config: NodeConfig, trust: Trust) -> Self {
        let mut rng = Rng::new(config.seed);
        let member = Membership::new(config.key, config.boot, Rng::new(rng.next()));
        let mut node = Self {
            trust,
            scheduler: Scheduler::new(now, core::mem::take(&mut config.scheduler)),
            orders: Vec::new(),
            gossip: GossipState::new(now, seed_of(&config.peer_id, &config.device)),
            config,
            queries: QueryState::default(),
            peers: Peers::new(Rng::new(rng.next())),
            member,
            mesh: MeshState::new(now, rng),
            energy: EnergyState::default(),
            audits: heapless::Vec::new(),
            stopping: false,
        };
        node.follow_all(now);
        node
    }

    /// Takes one input and decides what follows.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Out) {
        self.member.wake(now);
        match input {
            Input::Wake => {}
            Input::Api(reply, request) => self.on_request(now, reply, request, out),
            Input::Done(task, outcome, spent) => self.on_done(now, task, outcome, spent, out),
            Input::Saved(save, result) => self.schedule(now, scheduler::Input::Saved(save, result), out),
            Input::BootKept(number) => self.on_boot_kept(number, out),
            Input::Touched(path) => self.schedule(now, scheduler::Input::Changed(path), out),
            Input::Link(peer, input) => self.on_link(now, peer, input, out),
            Input::Member(peer, packet) => self.on_packet(now, peer, &packet, false, out),
            Input::Seen(peer, address) => self.on_seen(now, peer, address),
            Input::Told(message) => self.on_told(now, message, out),
            Input::Proven(peer, told) => self.on_proven(now, peer, &told, out),
            Input::Forged(peer) => self.on_forged(now, peer, out),
            Input::Trust(input) => self.on_trust(now, input, out),
            Input::Here(addresses) => self.mesh.listen = addresses,
            Input::EventsLost => self.schedule(now, scheduler::Input::ChangesLost, out),
            Input::Power(decision) => self.on_power(decision),
            Input::Disk { free } => self.schedule(now, scheduler::Input::DiskFree(free), out),
            Input::Stop => self.stopping = true,
        }
        self.answer_overdue(now, out);
        if self.stopping {
            if self.scheduler.at_rest() {
                out.push(Output::Stopped);
            }
            return;
        }
        self.keep_mesh(now, out);
        self.notice_people(now, out);
        self.work(now, out);
        self.tell_demand(now, out);
        // After the work: what this agent tells of itself depends on it.
        self.gossip(now, out);
        self.dial(now, out);
    }

    /// When to `Wake` the node if nothing else happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let links = if self.stopping { None } else { earliest(self.mesh_deadline(), self.gossip_deadline()) };
        let work = if self.stopping { None } else { self.power_deadline() };
        earliest(earliest(links, work), earliest(self.scheduler.deadline(), self.queries.local.deadline()))
    }

    fn on_request(&mut self, now: Instant, reply: ReplyId, request: Request, out: &mut Out) {
        match request {
            _ if self.stopping => {
                out.push(Output::Reply(reply, Response::refused(Problem::Busy, "The agent is stopping.")));
            }
            Request::Add(source) => self.schedule(now, scheduler::Input::Add(reply, source), out),
            Request::Audit => {
                let task = self.scheduler.issue();
                if self.audits.push((task, reply)).is_ok() {
                    out.push(Output::Start(task, Task::Audit));
                } else {
                    let busy = "The store is being checked already; ask again when that is done.";
                    out.push(Output::Reply(reply, Response::refused(Problem::Busy, busy)));
                }
            }
            Request::Search { question, count } => self.on_search(now, reply, question, count, out),
            Request::Status => out.push(Output::Reply(reply, Response::Status(Box::new(self.status(now))))),
        }
    }

    fn on_done(&mut self, now: Instant, task: TaskId, outcome: Outcome, spent: Duration, out: &mut Out) {
        if let Some(at) = self.audits.iter().position(|(audit, _)| *audit == task) {
            let (_, reply) = self.audits.swap_remove(at);
            let response = match outcome {
                Outcome::Audited(audit) => Response::Audit(audit),
                Outcome::Failed(why) => Response::refused(Problem::Broken, why),
                Outcome::Panicked(why) => Response::refused(Problem::Broken, stopped("The audit", &why)),
                other => unreachable!("an audit came back as {other:?}"),
            };
            out.push(Output::Reply(reply, response));
        } else if !self.on_answer(now, task, &outcome, out) {
            self.on_background_done(now, task, outcome, spent, out);
        }
    }
}

/// What people are told of a task that panicked.
fn stopped(what: &str, why: &str) -> String {
    format!("{what} was stopped by a defect of the program ({why}). Please report it.")
}

#[cfg(test)]
mod test;
