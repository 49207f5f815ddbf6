//! The loop that owns the node: wait for one event or the deadline, let the node decide, carry it out.

use super::boot;
use super::clock;
use super::compute::Clamp;
use super::errand;
use super::events::Events;
use super::gate::Asked;
use super::governor::Governing;
use super::home::disk_free;
use super::link::LinkEvent;
use super::progress::Progress;
use super::remember::Memory;
use super::store;
use super::tongue::Tongue;
use super::watch::Watch;
use super::writer::Save;
use crate::base::id::{ReplyId, TaskId};
use crate::energy::decision::Decision;
use crate::limits::{OUT_PER_INPUT_MAX, REPLIES_MAX};
use crate::node::input::Input;
use crate::node::output::{Notice, Output, Problem, Response};
use crate::node::{Node, Out};
use crate::wire::message::BadMessage;
use crate::wire::peer::PeerId;
use crate::work::task::Task;
use futures_lite::future::or;
use log::debug;
use smol::channel::{Receiver, Sender};
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What reaches the driver.
#[derive(Debug)]
pub enum Event {
    /// For the node.
    Input(Input),
    /// A person asks.
    Asked(Asked),
    /// Something happened on a link.
    Link(LinkEvent),
}

/// Where outputs go.
pub struct Hands {
    /// Background tasks; as many places as the node has slots.
    pub background: Sender<(TaskId, Task)>,
    /// Tasks that a person waits for.
    pub people: Sender<(TaskId, Task)>,
    /// The writer.
    pub saves: Sender<Save>,
    /// The watcher of folders.
    pub watch: Arc<Mutex<Watch>>,
    /// Where peers were reached.
    pub memory: Memory,
    /// What background threads are clamped to.
    pub clamp: Clamp,
    /// The agent's home.
    pub home: PathBuf,
    /// Back to this loop.
    pub events: Sender<Event>,
}

/// The node and its hands.
pub struct Driver {
    node: Node,
    out: Out,
    hands: Hands,
    replies: BTreeMap<ReplyId, Sender<Response>>,
    next_reply: ReplyId,
    progress: Progress,
    tongue: Tongue,
    events: Events,
    governing: Governing,
    /// What the node was told last that is allowed.
    allowed: Option<Decision>,
    /// What the last outputs brought at once; at most one input for each of them.
    back: VecDeque<Input>,
}

impl Driver {
    /// A driver for `node`.
    #[must_use]
    pub fn new(
        node: Node,
        hands: Hands,
        progress: Progress,
        tongue: Tongue,
        events: Events,
        governing: Governing,
    ) -> Self {
        let (out, back) = (Out::new(), VecDeque::with_capacity(OUT_PER_INPUT_MAX));
        let (replies, next_reply, allowed) = (BTreeMap::new(), ReplyId(0), None);
        Self { tongue, node, out, hands, replies, next_reply, progress, events, governing, allowed, back }
    }

    /// Runs until the node has stopped, or everybody hung up.
    pub async fn run(mut self, events: Receiver<Event>) {
        let mut next = Some(Event::Input(Input::Wake));
        while let Some(event) = next {
            let input = match event {
                // It says that there is news of power. What is allowed by now is asked for below; this may be older.
                Event::Input(Input::Power(_)) => None,
                Event::Input(input) => Some(input),
                Event::Asked(asked) => self.admit(asked),
                Event::Link(event) => {
                    if let LinkEvent::Stranger { peer, address } = &event {
                        self.events.stranger(peer, address.ip());
                    }
                    self.tongue.hear(event)
                }
            };
            if let Some(Input::Here(places)) = &input {
                self.tongue.stand_at(places);
            }
            let power = self.news_of_power();
            self.back.extend(power);
            self.back.extend(input);
            // What was sealed or checked for the node comes back before anything else happens.
            while let Some(input) = self.back.pop_front() {
                let now = clock::now();
                let moved = matches!(input, Input::Saved(..) | Input::Done(..));
                if let Input::Power(decision) = &input {
                    self.hands.clamp.set(decision.clamp_percent);
                }
                self.node.handle(now, input, &mut self.out);
                if moved {
                    self.progress.update(now, &self.node.status(now));
                }
                if self.carry_out() {
                    return self.tongue.close().await;
                }
            }
            let due = async {
                clock::sleep_until(self.node.deadline()).await;
                Some(Event::Input(Input::Wake))
            };
            next = or(async { events.recv().await.ok() }, due).await;
        }
    }

    /// What is allowed, where that is not what the node knows; a change of duty alone is nobody's event.
    fn news_of_power(&mut self) -> Option<Input> {
        let decision = self.governing.decision(clock::now())?;
        (self.allowed.replace(decision) != Some(decision)).then_some(Input::Power(decision))
    }

    fn admit(&mut self, asked: Asked) -> Option<Input> {
        if self.replies.len() >= REPLIES_MAX {
            let busy = Response::refused(Problem::Busy, "The agent is busy; ask again in a moment.");
            // The asker may have hung up.
            let _ = asked.reply.try_send(busy);
            return None;
        }
        self.next_reply.0 += 1;
        self.replies.insert(self.next_reply, asked.reply);
        Some(Input::Api(self.next_reply, asked.request))
    }

    /// Carries out everything; true when all is at rest after a stop.
    fn carry_out(&mut self) -> bool {
        let mut stopped = false;
        for output in self.out.drain() {
            match output {
                Output::Start(id, task) => {
                    let people = matches!(task, Task::Mean { .. } | Task::Retrieve(_) | Task::Audit);
                    let hands = if people { &self.hands.people } else { &self.hands.background };
                    assert!(
                        hands.try_send((id, task)).is_ok(),
                        "the node never starts more than the threads' queue holds"
                    );
                }
                Output::Save(id, changes) => {
                    assert!(
                        self.hands.saves.try_send((id, changes)).is_ok(),
                        "the node never saves more than the writer's queue holds"
                    );
                }
                Output::Reply(id, mut response) => {
                    if let Response::Status(status) = &mut response {
                        status.round_trips = self.tongue.round_trips();
                    }
                    if let Some(reply) = self.replies.remove(&id) {
                        let _ = reply.try_send(response);
                    }
                }
                Output::Dial(peer, address) => self.tongue.dial(peer, address),
                Output::Send(peer, talk) => self.tongue.say(peer, &talk),
                Output::Member(peer, packet) => self.tongue.probe(peer, &packet),
                Output::Remember(peer, places) => {
                    self.hands.memory.remember(PeerId::from_public_key(&peer.0), places);
                }
                Output::HangUp(peer) => self.tongue.hang_up(peer),
                Output::BootAtLeast(boot) => {
                    let home = self.hands.home.clone();
                    smol::spawn(errand::run(move || boot::at_least(&home, boot))).detach();
                }
                Output::Tell(fact) => self.back.extend(self.tongue.seal(&fact).map(Input::Told)),
                Output::Verify(from, told) => self.back.extend(match self.tongue.verify(&told.message) {
                    Ok(()) => Some(Input::Proven(from, told)),
                    // Who is not listened to yet may have signed it all the same.
                    Err(BadMessage::Stranger) => None,
                    Err(why) => {
                        debug!("A rumour that was handed on was not taken. {why}");
                        Some(Input::Forged(from))
                    }
                }),
                Output::Pass { to, slots, asked } => {
                    if let Some(talk) = self.node.passed(clock::now(), &slots, asked) {
                        self.tongue.say(to, &talk);
                    }
                }
                Output::Watch(path) => self.watch(path),
                Output::Demand(backlog) => self.governing.demand(clock::now(), backlog),
                Output::Answering(yes) => {
                    let decision = self.governing.answering(clock::now(), yes);
                    self.back.extend(decision.map(Input::Power));
                }
                Output::Spent { cpu, chunks } => self.governing.spent(clock::now(), cpu, chunks),
                Output::MeasureDisk => self.measure_disk(),
                Output::Notice(notice) => {
                    if matches!(notice, Notice::Broken(_)) {
                        store::mark_suspect(&self.hands.home);
                    }
                    self.events.notice(&notice);
                }
                Output::Stopped => stopped = true,
            }
        }
        stopped
    }

    /// Watches a folder, without waiting for it.
    pub fn watch(&self, path: Vec<u8>) {
        let watch = Arc::clone(&self.hands.watch);
        let events = self.hands.events.clone();
        let errand = errand::run(move || {
            watch.lock().unwrap_or_else(PoisonError::into_inner).watch(&path);
            // What changed before the watch stood is found by looking once more.
            let _ = events.send_blocking(Event::Input(Input::Touched(path)));
        });
        smol::spawn(errand).detach();
    }

    fn measure_disk(&self) {
        let (home, events) = (self.hands.home.clone(), self.hands.events.clone());
        let errand = errand::run(move || {
            let _ = events.send_blocking(Event::Input(Input::Disk { free: disk_free(&home) }));
        });
        smol::spawn(errand).detach();
    }
}
