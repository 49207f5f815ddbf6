//! The node: every decision of one agent, and every small table that a decision needs.
//!
//! `Node::handle(now, input, out)` takes one event and appends the orders that follow from it to the outbox. The node
//! is pure: it is given the time, it opens no socket, file or thread, and chance comes from one seeded generator, so
//! the driver (`runtime`) and the simulator (`sim`) run the same code. `deadline()` says when it wants `Input::Wake` if
//! nothing else happens.
//!
//! The decisions themselves lie in machines of the layer below (`scheduler`, `query`, `mesh`, `energy`). The node owns
//! them and routes between them in flows, one file each: `ingest` (files), `query`, `link` (links and
//! messages), `membership` (SWIM, the member list, which links to keep), `gossip`, `energy`, `trust`, `pairing` (devices that join)
//! `conduct` (what is doubtful about peers)
//! and `update` (whose turn it is to update its system). A `*_state` file holds what a flow remembers between two inputs; `resave` says when a
//! file that could not be saved is tried again, and `rest` whether the agent is at rest. The status (`report`) is put together with `folders` and `collections` (what is so, and
//! what is wrong, with them), `mesh_report` (the devices of the mesh), `names` (their names for people) and `members` (which device a
//! person means).
//!
//! Invariants: a promise (the reply to `Add`, a new boot counter) leaves only after its record was reported as saved;
//! the driver drains the outbox wholly before the next input; after `handle(now, ..)` no deadline lies at or before
//! `now`. The bounded tables of the machines bound what one input can cause.
//!
//! It does not compute (`worker`), store (`store`), sign or verify (see `output`).

mod answer;
pub(crate) mod collections;
pub(crate) mod conduct;
mod coverage;
pub(crate) mod crowd;
mod energy;
mod energy_state;
pub(crate) mod folders;
mod gossip;
mod gossip_state;
mod holdings;
mod holdings_state;
mod ingest;
pub mod input;
mod link;
mod member_lists;
mod member_news;
pub mod members;
mod membership;
pub mod mesh_report;
mod mesh_state;
pub(crate) mod models;
mod names;
mod offload;
pub mod output;
mod pairing;
mod pairing_state;
mod query;
mod query_filters;
mod query_send;
mod query_state;
pub(crate) mod report;
mod resave;
mod rest;
mod stall;
pub mod status;
mod trust;
mod trust_state;
mod update;
mod update_turns;
mod why;
pub(crate) mod work_findings;

use crate::base::fluency::Fluency;
use crate::base::id::{Fingerprint, PeerKey, ReplyId, TaskId};
use crate::base::outbox::Outbox;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant, earliest};
use crate::limits::{AUDITS_MAX, STOP_WORK_MS};
use crate::mesh::peers::Peers;
use crate::mesh::swim::Membership;
use crate::mesh::trust::Trust;
use crate::query::question::Question;
use crate::scheduler::path::covers;
use crate::scheduler::task::{Outcome, Task};
use crate::scheduler::{self, Scheduler};
use crate::store::record::NamedModel;
use crate::wire::peer_id::PeerId;
use energy_state::EnergyState;
use gossip_state::{GossipState, seed_of};
use input::{Input, Request};
use mesh_state::MeshState;
use output::{Output, Problem, Response};
use query_state::QueryState;
use std::borrow::Cow;

/// The orders that one input causes.
pub type Out = Outbox<Output>;

/// What the node is started with; `cli::up` reads it from the home.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// The agent's public key.
    pub key: PeerKey,
    /// The agent's PeerId, as text.
    pub peer_id: String,
    /// The key that the home had in other hardware, if that is still put aside.
    pub key_before: Option<PeerId>,
    /// The number of this start of the agent.
    pub boot: u32,
    /// Seeds the node's random decisions.
    pub seed: u64,
    /// The device's name for people.
    pub device: String,
    /// The agent's home, absolute.
    pub home: Vec<u8>,
    /// The model's name for people.
    pub model: String,
    /// The model's fingerprint.
    pub fingerprint: Fingerprint,
    /// Which languages the model knows.
    pub fluency: Fluency,
    /// The model of many languages, if its file is there and the home's is another one.
    pub multilingual: Option<NamedModel>,
    /// What the scheduler starts with.
    pub scheduler: scheduler::Config,
}

impl NodeConfig {
    /// The agent's home, for commands that people type.
    fn home_name(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.home)
    }
}

/// One agent.
#[derive(Debug)]
pub struct Node {
    config: NodeConfig,
    trust: Trust,
    scheduler: Scheduler,
    /// Orders of the scheduler, empty between two inputs.
    orders: Vec<scheduler::Output>,
    queries: QueryState,
    peers: Peers,
    member: Membership,
    mesh: MeshState,
    gossip: GossipState,
    energy: EnergyState,
    audits: heapless::Vec<(TaskId, ReplyId), AUDITS_MAX>,
    /// Until when a stop waits for what is under way; `None`: the agent is not stopping.
    stop_by: Option<Instant>,
}

impl Node {
    /// A node whose peers are those of `trust`. The caller has filled the sockets' own lists from the same table. Feed
    /// it `Input::Wake` to start it.
    #[must_use]
    pub fn new(now: Instant, mut config: NodeConfig, trust: Trust) -> Self {
        let mut rng = Rng::new(config.seed);
        let (boot, chance) = (config.boot, Rng::new(config.seed.rotate_left(32)));
        let member = Membership::new(config.key, boot, Rng::new(rng.next()));
        let mut node = Self {
            trust,
            scheduler: Scheduler::new(now, core::mem::take(&mut config.scheduler)),
            orders: Vec::new(),
            gossip: GossipState::new(now, seed_of(&config.peer_id, &config.device)),
            config,
            queries: QueryState::new(chance),
            peers: Peers::new(Rng::new(rng.next())),
            member,
            mesh: MeshState::new(now, rng, boot),
            energy: EnergyState::default(),
            audits: heapless::Vec::new(),
            stop_by: None,
        };
        node.apply_all_rights(now);
        node
    }

    /// Takes one input and appends what follows from it to `out`.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut Out) {
        self.note_stand(now);
        self.member.wake(now);
        match input {
            Input::Wake => {}
            Input::Api(reply, request) => self.on_request(now, reply, request, out),
            Input::Gone(reply) => self.schedule(now, scheduler::Input::Unspread(reply), out),
            Input::Done(task, outcome, spent) => self.on_done(now, task, outcome, spent, out),
            Input::Saved(save, result) => self.schedule(now, scheduler::Input::Saved(save, result), out),
            Input::StoreLost(why) => self.schedule(now, scheduler::Input::StoreLost(why), out),
            Input::StoreDamaged(why) => self.schedule(now, scheduler::Input::StoreDamaged(why), out),
            Input::BootCounterSaved(number) => self.on_boot_counter_saved(now, number, out),
            Input::PathChanged(path) => self.schedule(now, scheduler::Input::Changed(path), out),
            Input::Link(peer, input) => self.on_link(now, peer, input, out),
            Input::SwimPacket(peer, packet) => self.on_packet(now, peer, &packet, false, out),
            Input::PeerDiscovered(peer, address) => self.on_seen(now, peer, address, out),
            Input::Signed(message) => self.on_signed(now, message, out),
            Input::Verified(peer, item) => self.on_verified(now, peer, &item, out),
            Input::VerifyFailed(peer) => self.on_verify_failed(now, peer, out),
            Input::Trust(input) => self.on_trust(now, input, out),
            Input::RecordsSigned(records) => self.on_records_signed(records),
            Input::RecordsVerified(peer, page, forged) => self.on_records_verified(now, peer, &page, forged, out),
            Input::RecordsSaved(save, result) => self.on_records_saved(now, save, result, out),
            Input::AddressesKept(peer, kept) => self.on_addresses_kept(now, peer, kept, out),
            Input::InvitesSaved(result) => self.on_invites_saved(now, result, out),
            Input::Presented(peer, chain) => self.on_shown(now, peer, &chain, out),
            Input::Guest(peer, address, what) => self.on_conversation(now, peer, address, what, out),
            Input::GuestFailed(address, why) => self.on_guest_failed(now, address, why, out),
            Input::GuestsCrowded { address, refused } => {
                self.mesh.trust.pairing.crowd.note(now, address.ip(), refused);
            }
            Input::ListenAddresses(addresses) => self.mesh.listen = addresses,
            Input::Unwatched(sources) => self.schedule(now, scheduler::Input::Unwatched(sources), out),
            Input::Followed(sources) => self.schedule(now, scheduler::Input::Followed(sources), out),
            Input::Locked(places) => self.schedule(now, scheduler::Input::Locked(places), out),
            Input::EventsLost => self.schedule(now, scheduler::Input::ChangesLost, out),
            Input::Power(decision) => self.on_decision(now, decision),
            Input::Disk { free } => self.schedule(now, scheduler::Input::DiskFree(free), out),
            Input::Stop => self.begin_stop(now),
        }
        self.answer_overdue(now, out);
        if let Some(by) = self.stop_by {
            self.answer_at_stop(out);
            self.save_invites(now, out);
            if now >= by || self.scheduler.at_rest() && self.mesh.trust.pairing.invites.at_rest() {
                self.say_farewell(out);
                out.extend(self.peers.names_to_save().map(|(peer, name)| Output::SaveName(peer, name)));
                out.push(Output::Stopped);
            }
            return;
        }
        self.run_membership(now, out);
        self.run_pairing(now, out);
        self.run_trust(now, out);
        self.report_answering(now, out);
        self.share_work(now, out);
        self.start_work(now, out);
        self.report_demand(now, out);
        // After the work: the headroom that is published depends on it.
        self.gossip(now, out);
        self.dial(now, out);
    }

    /// When to `Wake` the node if nothing else happens.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let answers = self.queries.local.deadline();
        // Nothing else is done at its time any more: a stop waits for tasks and saves, whose ends are inputs, and not for long.
        if self.stop_by.is_some() {
            return earliest(answers, self.stop_by);
        }
        let links = earliest(self.mesh_deadline(), self.gossip_deadline());
        let mesh = earliest(links, earliest(self.trust_deadline(), self.pairing_deadline()));
        let works = self.scheduler.under_way() > 0;
        let work = earliest(self.energy_deadline(), earliest(self.scheduler.deadline(), self.energy.stall.tick(works)));
        earliest(answers, earliest(mesh, work))
    }

    /// A further wish for it makes it no longer.
    fn begin_stop(&mut self, now: Instant) {
        self.stop_by.get_or_insert(now + Duration::from_millis(STOP_WORK_MS));
    }

    const fn is_stopping(&self) -> bool {
        self.stop_by.is_some()
    }

    fn on_request(&mut self, now: Instant, reply: ReplyId, request: Request, out: &mut Out) {
        match request {
            _ if self.is_stopping() => {
                out.push(Output::Reply(reply, Response::refused(Problem::Busy, "The agent is stopping.")));
            }
            Request::Add(new) if covers(&self.config.home, &new.path) => {
                let own = own_home(&self.config.home_name(), &new.path);
                out.push(Output::Reply(reply, Response::refused(Problem::Conflict, own)));
            }
            Request::Add(new) => self.schedule(now, scheduler::Input::Add(reply, new), out),
            Request::Regroup(regroup) => self.schedule(now, scheduler::Input::Regroup(reply, regroup), out),
            Request::Forget(path) => self.schedule(now, scheduler::Input::Forget(reply, path), out),
            Request::ForgetKept(path) => self.schedule(now, scheduler::Input::ForgetKept(reply, path), out),
            Request::Keep(path) => self.schedule(now, scheduler::Input::Keep(reply, path), out),
            Request::Decide(which, decided) => {
                self.schedule(now, scheduler::Input::Decide(reply, which, decided), out);
            }
            Request::Audit => {
                let task = self.scheduler.issue();
                if self.audits.push((task, reply)).is_ok() {
                    out.push(Output::Start(task, Task::Audit));
                    // Whether the store is still on the disk: the audit itself may read files that were deleted.
                    out.push(Output::MeasureDisk);
                } else {
                    out.push(Output::Reply(reply, Response::refused(Problem::Busy, AUDITS)));
                }
            }
            Request::Search { question, count, filter } => {
                self.on_search(
                    now,
                    reply,
                    Question { text: question, filter, fluency: self.config.fluency },
                    count,
                    out,
                );
            }
            Request::Embed(texts) if self.any_helper(now) => {
                self.schedule(now, scheduler::Input::Spread(reply, texts), out);
            }
            Request::Embed(_) => out.push(Output::Reply(reply, Response::Embedded(None))),
            Request::Mesh(order) => self.on_order(now, reply, order, out),
            Request::Pairing(request) => self.on_pairing(now, reply, request, out),
            Request::Stop => {
                self.begin_stop(now);
                out.push(Output::Reply(reply, Response::Done("The agent stops.".to_owned())));
            }
            Request::Update(said) => self.on_update(now, reply, said, out),
            Request::AskWhy => {
                let asked = self.ask_why(out);
                out.push(Output::Reply(reply, Response::Asked(asked)));
            }
            Request::Status => {
                self.queries.looked.get_or_insert(now);
                out.push(Output::Reply(reply, Response::Status(Box::new(self.status(now)))));
            }
        }
    }

    fn on_done(&mut self, now: Instant, task: TaskId, outcome: Outcome, spent: Duration, out: &mut Out) {
        if let Some(at) = self.audits.iter().position(|(audit, _)| *audit == task) {
            let (_, reply) = self.audits.swap_remove(at);
            let response = match outcome {
                Outcome::Audited(mut audit) => {
                    let spot = audit.spot.as_mut();
                    spot.into_iter().for_each(|spot| spot.set_aside(|doc| self.scheduler.knows_gone(doc)));
                    Response::Audit(*audit)
                }
                Outcome::StoreFailed(why) | Outcome::Failed(why) => Response::refused(Problem::Broken, why),
                Outcome::Panicked(why) => Response::refused(Problem::Broken, panicked("The audit", &why)),
                Outcome::Busy => Response::refused(Problem::Busy, AUDITS),
                other => unreachable!("an audit came back as {other:?}"),
            };
            out.push(Output::Reply(reply, response));
        } else if self.scheduler.on_check(now, task, &outcome) {
            self.tell_false_results(now, out);
        } else {
            self.note_own_answer(task, &outcome);
            if !self.on_query_task(now, task, &outcome, out) {
                self.on_background_done(now, task, outcome, spent, out);
            }
        }
    }
}

/// Why an audit does not begin.
const AUDITS: &str = "The store is being checked already; ask again when that is done.";

/// Why the place is not watched: it is the agent's own.
fn own_home(home: &str, place: &[u8]) -> String {
    format!(
        "{} is a part of this agent's own home, {home}: its store and its keys are no documents. Name a folder that holds documents. \
         Nothing was changed.",
        String::from_utf8_lossy(place)
    )
}

/// The sentence for a task that panicked.
fn panicked(what: &str, why: &str) -> String {
    format!("{what} was stopped by a defect of the program ({why}). Please report it.")
}

#[cfg(test)]
mod test;
