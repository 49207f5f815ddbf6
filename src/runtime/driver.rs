//! The loop that owns the node: wait for one event or the deadline, call the node, carry out its outputs.
//!
//! Some outputs produce an input at once (a dial that fails, a message that is verified). Those inputs are handled before
//! the next event is taken from the inbox, so the node sees the result of an output before anything newer.

use super::background::BackgroundThreads;
use super::event::{Event, Inbox};
use super::event_log::EventLog;
use super::executor::Clamp;
use super::gone::gone;
use super::governor::GovernorHandle;
use super::handle::Call;
use super::lanes::{Lanes, send_save};
use super::progress::Progress;
use super::records;
use super::seen::Seen;
use super::writer::Save;
use crate::base::id::{PeerKey, ReplyId, TaskId};
use crate::base::time::Duration;
use crate::energy::decision::Decision;
use crate::limits::{DISK_RETRY_MS, FAREWELL_MS, REPLIES_MAX};
use crate::mesh::trust::Rights;
use crate::net::address_book::AddressBook;
use crate::net::link::LinkEvent;
use crate::net::session::PeerSession;
use crate::node::input::Input;
use crate::node::output::{Notice, Output, Problem, Response};
use crate::node::status::FromDriver;
use crate::node::{Node, Out};
use crate::platform::home::{Home, commands_at_home, disk_free};
use crate::platform::store_place::StorePlace;
use crate::platform::watcher::FolderWatcher;
use crate::platform::{blocking, clock, panics, store};
use crate::scheduler::task::Task;
use crate::wire::certificate::Chain;
use crate::wire::envelope::BadMessage;
use crate::wire::gossip::Relayed;
use crate::wire::peer_id::PeerId;
use log::debug;
use smol::channel::Sender;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

/// Where the node's outputs go.
pub struct Outputs {
    /// The threads that run tasks.
    pub lanes: Lanes,
    /// The writer's queue.
    pub saves: Sender<Save>,
    /// The watcher of folders.
    pub watch: FolderWatcher,
    /// The addresses at which peers were reached.
    pub address_book: AddressBook,
    /// When each device of the mesh was first and last seen.
    pub seen: Seen,
    /// The threads behind the background queue, where the governor moves them.
    pub background: Option<BackgroundThreads>,
    /// The clamp of their CPU capacity.
    pub clamp: Clamp,
    /// The agent's home.
    pub home: PathBuf,
    /// The inbox of this loop, for what runs elsewhere.
    pub inputs: Sender<Input>,
}

/// The node and its outputs.
pub struct Driver {
    node: Node,
    out: Out,
    outputs: Outputs,
    replies: BTreeMap<ReplyId, Sender<Response>>,
    next_reply: ReplyId,
    progress: Progress,
    session: PeerSession,
    events: EventLog,
    governor_handle: GovernorHandle,
    /// The governor's decision that the node has.
    allowed: Option<Decision>,
    /// Inputs that the last outputs produced at once, at most one for each output.
    follow_ups: VecDeque<Input>,
    /// Where the open store lies on the disk.
    store_place: StorePlace,
}

impl Driver {
    /// A driver for `node`.
    #[must_use]
    pub fn new(
        node: Node,
        outputs: Outputs,
        progress: Progress,
        session: PeerSession,
        events: EventLog,
        governor_handle: GovernorHandle,
    ) -> Self {
        let (out, follow_ups) = (Out::new(), VecDeque::new());
        let (replies, next_reply, allowed) = (BTreeMap::new(), ReplyId(0), None);
        let store_place = store::place(&outputs.home);
        Self {
            session,
            node,
            out,
            outputs,
            replies,
            next_reply,
            progress,
            events,
            governor_handle,
            allowed,
            follow_ups,
            store_place,
        }
    }

    /// Runs until the node has stopped, or every sender of the inbox is dropped.
    pub async fn run(mut self, mut inbox: Inbox) {
        let mut next = Some(Event::Input(Input::Wake));
        while let Some(event) = next {
            let input = match event {
                // Only a wake-up: the governor's newest decision is read below, and this one may be older.
                Event::Input(Input::Power(_)) => None,
                Event::Input(input) => Some(input),
                Event::Request(call) => self.accept(call),
                Event::Link(event) => {
                    match &event {
                        LinkEvent::UnknownPeer { peer, address, told: true } => {
                            self.events.unknown_peer(peer, address.ip());
                        }
                        LinkEvent::Up { peer, .. } | LinkEvent::Down { peer, .. } => self.outputs.seen.linked(peer),
                        _ => {}
                    }
                    self.session.on_link_event(event)
                }
            };
            if let Some(Input::ListenAddresses(addresses)) = &input {
                self.session.set_identify_addresses(addresses);
            }
            let power = self.changed_decision();
            self.follow_ups.extend(gone(&mut self.replies));
            self.follow_ups.extend(power.into_iter().chain(input));
            while let Some(input) = self.follow_ups.pop_front() {
                let now = clock::now();
                let progressed = matches!(input, Input::Saved(..) | Input::Done(..));
                if let Input::Power(decision) = &input {
                    self.outputs.clamp.set(decision.clamp_percent);
                    let background = self.outputs.background.as_mut();
                    if let Some(queue) = background.and_then(|threads| threads.stand(decision.rank)) {
                        self.outputs.lanes.background = queue;
                    }
                }
                self.node.handle(now, input, &mut self.out);
                if progressed {
                    let (counts, has_work) = self.node.indexing();
                    self.progress.update(now, counts, has_work);
                }
                if self.carry_out() {
                    // What was said last leaves over the links first.
                    clock::sleep_until(Some(clock::now() + Duration::from_millis(FAREWELL_MS))).await;
                    self.outputs.seen.clone().save().await;
                    return self.session.close().await;
                }
            }
            next = inbox.next(self.node.deadline()).await;
        }
    }

    /// The governor's decision, where the node has another one. A change of duty sends no event, so it is found here.
    fn changed_decision(&mut self) -> Option<Input> {
        let decision = self.governor_handle.decision(clock::now())?;
        (self.allowed.replace(decision) != Some(decision)).then_some(Input::Power(decision))
    }

    /// The input for a call, whose reply is kept; `None` if too many replies are open.
    fn accept(&mut self, call: Call) -> Option<Input> {
        if self.replies.len() >= REPLIES_MAX {
            let busy = Response::refused(Problem::Busy, "The agent is busy; ask again in a moment.");
            // The caller may have gone.
            let _ = call.reply.try_send(busy);
            return None;
        }
        self.next_reply.0 += 1;
        self.replies.insert(self.next_reply, call.reply);
        Some(Input::Api(self.next_reply, call.request))
    }

    /// Carries out all outputs; true once the node has stopped.
    fn carry_out(&mut self) -> bool {
        let mut stopped = false;
        // Put back below, so that its allocation is reused.
        let mut out = std::mem::take(&mut self.out);
        for output in out.drain() {
            match output {
                Output::Start(id, task) => self.start(id, task),
                Output::Save(id, changes) => self.save(Save { id, changes, mends: false }),
                Output::Mend(id, changes) => self.save(Save { id, changes, mends: true }),
                Output::Reply(id, mut response) => {
                    match &mut response {
                        Response::Status(status) => {
                            let (round_trips, index) = (self.session.round_trips(), self.outputs.lanes.memory());
                            let silent = self.session.silent();
                            status.driver = FromDriver { round_trips, silent, panics: panics::count(), index };
                        }
                        Response::Mesh(report) => {
                            self.outputs.seen.add_to(report);
                            report.add_silent(&self.session.silent());
                        }
                        _ => {}
                    }
                    if let Some(reply) = self.replies.remove(&id) {
                        let _ = reply.try_send(response);
                    }
                }
                Output::SaveBootCounter(boot) => {
                    smol::spawn(save_boot_counter(self.outputs.home.clone(), boot, self.outputs.inputs.clone()))
                        .detach();
                }
                Output::SignRecords(_) | Output::VerifyRecords(..) | Output::SaveRecords(..) => self.on_records(output),
                Output::SaveInvites(bytes) => {
                    let (home, inputs) = (self.outputs.home.clone(), self.outputs.inputs.clone());
                    smol::spawn(records::save_invites(home, bytes, inputs)).detach();
                }
                Output::Watch(path) => self.watch(path),
                Output::Unwatch(path) => self.outputs.watch.unwatch(path),
                Output::GiveWay => self.outputs.lanes.people.expect(),
                Output::Demand(backlog) => self.governor_handle.demand(clock::now(), backlog),
                Output::Answering(yes) => {
                    let decision = self.governor_handle.answering(clock::now(), yes);
                    self.follow_ups.extend(decision.map(Input::Power));
                }
                Output::Spent { cpu, chunks } => self.governor_handle.spent(clock::now(), cpu, chunks),
                Output::MeasureDisk => self.measure_disk(),
                Output::Notice(mut notice) => {
                    if matches!(notice, Notice::Broken(_)) {
                        store::mark_suspect(&self.outputs.home);
                    } else if matches!(notice, Notice::RemovedHere(..)) {
                        self.outputs.seen.expelled(&self.node.status(clock::now()).peer_id, true);
                    }
                    // Beside the bar it is told once, and not in the log as well.
                    let is_shown = match &mut notice {
                        Notice::WorkWaits(why) => {
                            *why = commands_at_home(why, &self.outputs.home);
                            self.progress.wait(Some(why))
                        }
                        Notice::WorkGoesOn => self.progress.wait(None),
                        _ => false,
                    };
                    if !is_shown {
                        self.events.notice(&notice);
                    }
                }
                Output::Stopped => stopped = true,
                other => self.on_network(other),
            }
        }
        self.out = out;
        stopped
    }

    /// Carries out what is for other devices.
    fn on_network(&mut self, output: Output) {
        match output {
            Output::Admit(peer, rights) => {
                if rights.contains(Rights::MEMBER) {
                    self.outputs.seen.admitted(peer);
                }
                let found = self.session.set_rights(peer, rights);
                self.follow_ups.extend(found.into_iter().map(|at| Input::PeerDiscovered(peer, at)));
            }
            Output::Expel(peer) => {
                let _ = self.session.set_rights(peer, Rights::NONE);
                let id = PeerId::from_public_key(&peer.0);
                self.outputs.seen.expelled(&id.to_string(), self.node.records().is_removed(peer));
                self.outputs.address_book.remove_peer(&id);
            }
            Output::Dial(peer, address) => self.follow_ups.extend(self.session.dial(peer, address)),
            Output::Send(peer, message) => self.session.send(peer, &message),
            Output::SwimPacket(peer, packet) => self.session.probe(peer, &packet),
            Output::SaveAddresses(peer, addresses) => {
                self.outputs.address_book.remember(PeerId::from_public_key(&peer.0), addresses);
            }
            Output::SaveName(peer, name) => self.outputs.seen.named(peer, name),
            Output::HangUp(peer, why) => self.session.hang_up(peer, why),
            Output::RaiseBoot(boot) => self.session.raise_boot(boot),
            Output::ProveStart(peer) => self.session.prove_start(peer),
            Output::TellDuplicate(peer, message) => self.session.tell_duplicate(peer, &message),
            Output::Sign(fact) => self.follow_ups.extend(self.session.sign(&fact).map(Input::Signed)),
            Output::Verify(from, item) => self.follow_ups.extend(verified(&self.session, from, item)),
            Output::Push { to, items, requested } => {
                if let Some(message) = self.node.push_message(clock::now(), &items, requested) {
                    self.session.send(to, &message);
                }
            }
            other => self.on_pairing(other),
        }
    }

    /// Carries out what pairing wants.
    fn on_pairing(&mut self, output: Output) {
        match output {
            Output::ShowCertificates(certificates) => {
                if let Some(chain) = Chain::decode(&certificates) {
                    self.outputs.seen.admitted(chain.certificate.holder);
                }
                self.session.show_certificates(certificates);
            }
            Output::DialAsGuest { peer, address, given } => {
                self.follow_ups.extend(self.session.dial_as_guest(peer, address, given));
            }
            Output::HearOut(peer) => self.session.hear_out(peer),
            Output::KeepAddresses(peer, addresses) => {
                let (book, inputs) = (self.outputs.address_book.clone(), self.outputs.inputs.clone());
                smol::spawn(async move {
                    let kept = book.keep(PeerId::from_public_key(&peer.0), addresses).await;
                    // Without the node nobody waits for it.
                    let _ = inputs.send(Input::AddressesKept(peer, kept)).await;
                })
                .detach();
            }
            Output::SendToGuest(peer, bytes) => self.session.send_to_guest(peer, bytes),
            Output::EndGuest(peer) => self.session.end_guest(peer),
            Output::SearchAdmins(on) => self.follow_ups.extend(self.session.search_admins(on)),
            Output::Reached(peer, address) => self.session.reached(peer, address),
            Output::RecordsAgree => records::forget_backup(self.outputs.home.clone()),
            _ => {}
        }
    }

    /// Signs, checks and saves certificates and removals.
    fn on_records(&mut self, output: Output) {
        match output {
            Output::SignRecords(records) => {
                self.follow_ups.push_back(Input::RecordsSigned(self.session.sign_records(records)));
            }
            Output::VerifyRecords(from, page) => self.follow_ups.push_back(records::verified(from, page)),
            Output::SaveRecords(save, bytes) => {
                let (home, inputs) = (self.outputs.home.clone(), self.outputs.inputs.clone());
                smol::spawn(records::save(home, save, bytes, inputs)).detach();
            }
            _ => {}
        }
    }

    fn start(&mut self, id: TaskId, task: Task) {
        if let Err(instead) = self.outputs.lanes.start(id, task) {
            self.follow_ups.push_back(Input::Done(id, instead, Duration::ZERO));
        }
    }

    fn save(&mut self, save: Save) {
        let id = save.id;
        if let Err(why) = send_save(&self.outputs.saves, save) {
            self.follow_ups.push_back(Input::Saved(id, Err(why)));
        }
    }

    /// Watches a folder or file, without waiting for it.
    pub fn watch(&self, path: Vec<u8>) {
        self.outputs.watch.watch(path);
    }

    fn measure_disk(&self) {
        let (home, inputs, place) = (self.outputs.home.clone(), self.outputs.inputs.clone(), self.store_place.clone());
        let task = blocking::run(move || {
            let _ = inputs.send_blocking(Input::Disk { free: disk_free(&home) });
            if let Err(why) = place.look() {
                let _ = inputs.send_blocking(Input::StoreLost(why));
            }
        });
        smol::spawn(task).detach();
    }
}

/// The result of verifying a relayed gossip item; `None` if its origin is an unknown peer.
fn verified(session: &PeerSession, from: PeerKey, item: Relayed) -> Option<Input> {
    match session.verify_relayed(&item.message) {
        Ok(()) => Some(Input::Verified(from, item)),
        // Its signature may be valid, so the relay is not to blame.
        Err(BadMessage::UnknownPeer) => None,
        Err(why) => {
            debug!("A relayed gossip item was not accepted. {why}");
            Some(Input::VerifyFailed(from))
        }
    }
}

/// Saves a boot counter of at least `boot`, and tells the node once it is on the disk; retries until then.
async fn save_boot_counter(home: PathBuf, boot: u32, inputs: Sender<Input>) {
    let retry = Duration::from_millis(DISK_RETRY_MS);
    loop {
        let home = home.clone();
        if blocking::run(move || Home::at(&home).boot_at_least(boot)).await == Some(true) {
            let _ = inputs.send(Input::BootCounterSaved(boot)).await;
            return;
        }
        clock::sleep_until(Some(clock::now() + retry)).await;
        if inputs.is_closed() {
            return;
        }
    }
}
