//! One run of a scenario: the world is built, what the timeline says happens, and what must hold is checked.

use super::documents::{PRIVATE_FOLDER, add_embedded, text_of, write};
use super::invariants::{check_caps, check_nothing_lost};
use super::plan::{Kind, Policy, Scenario};
use super::report::{Checked, DeviceReport, Joules, Report, Traffic};
use super::timeline::{Act, timeline};
use super::{day, round_robin};
use crate::base::id::Ring;
use crate::base::rng::Rng;
use crate::base::time::{Duration, Instant};
use crate::energy::decision::Decision;
use crate::energy::fraction::Fraction;
use crate::energy::mode::Mode;
use crate::energy::policy::pause::Pause;
use crate::energy::reason::Reason;
use crate::node::input::Request;
use crate::sim::net;
use crate::sim::tally::Further;
use crate::sim::world::{FOLDER, World};
use crate::store::record::Source;
use std::collections::BTreeSet;

/// Time for the agents to link before the run begins.
const LINK: Duration = Duration::from_secs(20);
/// The stores are audited so many times in a run, and at most once in a second.
const AUDITS: u32 = 300;

/// Runs a scenario. The same seed gives the same report.
///
/// # Panics
/// If an invariant is violated.
#[must_use]
pub fn run(scenario: &Scenario, seed: u64) -> Report {
    if scenario.policy == Policy::RoundRobin {
        return round_robin::run(scenario, seed);
    }
    let mut run = Run::new(scenario, seed);
    let seconds = run.live();
    run.report(seconds)
}

struct Run<'a> {
    scenario: &'a Scenario,
    seed: u64,
    world: World,
    rng: Rng,
    begin: Instant,
    /// Devices with documents.
    owners: BTreeSet<usize>,
    /// Documents that each device knew at the last look.
    known: Vec<u64>,
    isolated: BTreeSet<usize>,
    /// Devices whose lies were found.
    found: BTreeSet<usize>,
    /// The number of the next document.
    next_text: u64,
    checked: Checked,
    audited: Instant,
}

impl<'a> Run<'a> {
    fn new(scenario: &'a Scenario, seed: u64) -> Self {
        let devices = scenario.devices.len();
        let mut world = World::new(seed, devices);
        world.stop_trace();
        world.net.delay_ms_max = scenario.network.delay_ms;
        for (at, device) in scenario.devices.iter().enumerate() {
            world.set_speed(at, device.ms);
        }
        day::add_hosts(&mut world, scenario, seed);
        let next_text = add_embedded(&mut world, scenario);
        (0..devices).for_each(|at| world.boot(at));
        world.run_until(world.now + LINK);
        let network = scenario.network;
        (world.net.loss_permille, world.net.datagram_loss_permille) =
            (network.loss_permille, network.datagram_loss_permille);
        for of in scenario.documents.iter().filter(|of| of.private) {
            // Its folder is private before the first text is in it.
            world.devices[of.device].run.work.keeps_private = true;
        }
        let begin = world.now;
        let owners = scenario.documents.iter().map(|of| of.device).collect();
        Self {
            scenario,
            seed,
            world,
            rng: Rng::new(seed ^ 0x7363_656e),
            begin,
            owners,
            known: vec![0; devices],
            isolated: BTreeSet::new(),
            found: BTreeSet::new(),
            next_text,
            checked: Checked::default(),
            audited: begin,
        }
    }

    /// Lets it happen; gives the seconds until everything was embedded.
    fn live(&mut self) -> Option<f64> {
        let acts = timeline(self.scenario, &mut self.rng);
        let last = acts.last().map_or(Duration::ZERO, |(at, _)| *at);
        let end = self.begin + last + self.scenario.expected.within;
        let whole = end.since(self.begin);
        let tick = if whole > Duration::from_secs(1800) { Duration::from_secs(1) } else { Duration::from_millis(100) };
        let audit_each = (whole / AUDITS).max(Duration::from_secs(1));
        let (mut acts, mut before) = (acts.into_iter().peekable(), None);
        while self.world.now < end {
            while let Some((_, act)) = acts.next_if(|(at, _)| self.begin + *at <= self.world.now) {
                self.act(act);
            }
            let since = self.world.now.since(self.begin);
            day::follow(&mut self.world, self.scenario, since, before);
            before = Some(since);
            if acts.peek().is_none() && self.is_done() {
                self.audit();
                return Some(since.as_secs_f64());
            }
            let next = acts.peek().map_or(end, |(at, _)| self.begin + *at).min(self.world.now + tick);
            self.world.run_until(next);
            self.step();
            if self.world.now.since(self.audited) >= audit_each {
                self.audit();
            }
        }
        None
    }

    fn step(&mut self) {
        self.checked.steps += 1;
        for at in self.owners.clone() {
            check_caps(&self.world, at);
            let Some(agent) = &self.world.devices[at].agent else { continue };
            let banned = agent.node.lent(self.world.clock(at)).filter(|lent| lent.banned.is_some());
            self.found.extend(banned.map(|lent| net::agent(lent.peer)));
        }
    }

    fn audit(&mut self) {
        self.audited = self.world.now;
        for at in self.owners.clone() {
            self.known[at] = check_nothing_lost(&self.world, at, self.known[at]);
        }
    }

    fn is_done(&self) -> bool {
        self.owners.iter().all(|at| {
            let Some(agent) = &self.world.devices[*at].agent else { return false };
            let status = agent.node.status(self.world.clock(*at));
            let (work, folders) = (&status.work, self.folders(*at).len());
            status.sources.len() == folders && work.to_do == 0 && !work.scanning && status.counts.live_chunks() > 0
        })
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Arrive(of) => {
                let documents = self.scenario.documents[of].clone();
                if !documents.embedded {
                    write(&mut self.world, &documents, &mut self.next_text);
                }
                self.watch(documents.device);
            }
            Act::Begin(kind, at, lasts) => {
                self.checked.faults += 1;
                self.begin_fault(kind, at, lasts);
            }
            Act::End(kind, at) => self.end_fault(kind, at),
        }
    }

    fn begin_fault(&mut self, kind: Kind, at: usize, lasts: Duration) {
        let device = &self.world.devices[at];
        let is_up = device.agent.is_some() && device.suspended.is_none();
        match kind {
            Kind::Kill if is_up => self.world.crash(at),
            Kind::Sleep if is_up => self.world.suspend(at, lasts),
            Kind::Stall if is_up => self.world.stall(at, lasts),
            Kind::Kill | Kind::Sleep | Kind::Stall => {}
            Kind::Partition => {
                self.isolated.insert(at);
                self.isolate();
            }
            Kind::Pause => self.pause(at, true),
            Kind::Loss(permille) => {
                (self.world.net.loss_permille, self.world.net.datagram_loss_permille) = (permille, permille);
            }
            Kind::Clock => self.world.jump_clock(at, lasts),
            Kind::Lie(vectors, after) => self.world.make_false_worker(at, vectors, after),
            Kind::LieAsking(vectors, after) => self.world.make_asking_false_worker(at, vectors, after),
            Kind::Edit(documents) => self.edit(at, documents),
            Kind::Break => self.world.break_engine(at),
        }
    }

    fn end_fault(&mut self, kind: Kind, at: usize) {
        match kind {
            Kind::Kill if self.world.devices[at].agent.is_none() => {
                self.world.boot(at);
                self.watch(at);
            }
            Kind::Partition => {
                self.isolated.remove(&at);
                self.world.net.heal();
                self.isolate();
            }
            Kind::Pause => {
                let lent = self.world.lent(at).into_iter().map(|(_, unchecked, _)| unchecked as u64);
                self.checked.unchecked = self.checked.unchecked.max(lent.sum());
                self.pause(at, false);
            }
            Kind::Loss(_) => {
                let network = self.scenario.network;
                (self.world.net.loss_permille, self.world.net.datagram_loss_permille) =
                    (network.loss_permille, network.datagram_loss_permille);
            }
            _ => {}
        }
    }

    /// Cuts the isolated devices off from all others.
    fn isolate(&mut self) {
        for at in self.isolated.clone() {
            (0..self.known.len()).filter(|other| *other != at).for_each(|other| self.world.cut(at, other));
        }
    }

    fn pause(&mut self, at: usize, begins: bool) {
        if self.world.host_of(at).is_some() {
            return self.world.pause_host(at, begins.then_some(Pause::OPEN));
        }
        let free = Decision {
            headroom: Fraction::ALL,
            mode: Mode::Full,
            workers: 2,
            duty: Fraction::ALL,
            chunks: Mode::Full.chunks(),
            ..Decision::default()
        };
        let paused = Decision { reason: Some(Reason::Paused), ..Decision::default() };
        self.world.set_decision(at, if begins { paused } else { free });
    }

    /// The owner of a device has it watch its folders, as a person does again where nothing said that it was done.
    fn watch(&mut self, at: usize) {
        for source in self.folders(at) {
            let Some(agent) = &self.world.devices[at].agent else { return };
            if !agent.node.status(self.world.clock(at)).sources.iter().any(|known| known.path == source.path) {
                self.world.request(at, Request::Add(source.into()));
                self.world.run_until(self.world.now + Duration::from_millis(200));
            }
        }
    }

    /// The folders of a device: the private one first, so that none of its texts is ever taken for one that is shared.
    fn folders(&self, at: usize) -> Vec<Source> {
        let source = |path: &[u8], collection: &str, ring| Source {
            path: path.to_vec(),
            collection: collection.to_owned(),
            ring,
            device: 1,
        };
        let mut folders = Vec::new();
        if self.world.devices[at].run.work.keeps_private {
            folders.push(source(PRIVATE_FOLDER, "diary", Ring::Private));
        }
        if self.owners.contains(&at) {
            folders.push(source(FOLDER, "home", Ring::Mesh));
        }
        folders
    }

    /// Some documents of a device get another text.
    fn edit(&mut self, at: usize, documents: usize) {
        for _ in 0..documents {
            let count = self.world.devices[at].files.iter().count() as u64;
            let which = usize::try_from(self.rng.below(count.max(1))).unwrap_or(0);
            let path = self.world.devices[at].files.iter().nth(which).map(|(path, _)| path.to_vec());
            let Some(path) = path.filter(|path| !path.starts_with(PRIVATE_FOLDER)) else { continue };
            self.next_text += 1;
            let text = text_of(self.next_text, 1, false, self.rng.next());
            self.world.devices[at].files.write(&path, text.as_bytes());
            self.world.touched(at, &path);
        }
    }

    fn report(mut self, seconds: Option<f64>) -> Report {
        let mut devices: Vec<DeviceReport> = Vec::new();
        let (mut further, mut chunks, mut all, mut paid) = (Further::default(), 0, 0.0, 0.0);
        let mut network = Traffic::default();
        for (at, of) in self.scenario.devices.iter().enumerate() {
            let device = &self.world.devices[at];
            let work = &device.run.work;
            let joules = |ms: u64| of.watts * ms as f64 / 1000.0;
            further.add(&work.further);
            chunks += work.texts();
            all += joules(work.busy_ms);
            paid += joules(work.busy_ms - work.surplus_ms);
            network.bytes += device.sent.message_bytes + device.sent.datagram_bytes;
            network.messages += device.sent.messages;
            devices.push(DeviceReport {
                embedded: work.embedded,
                on_surplus: work.on_surplus,
                on_battery: work.on_battery,
                joules: joules(work.busy_ms),
                lies: self.world.false_results(at),
                found: self.found.contains(&at),
                ..DeviceReport::new(&of.name)
            });
        }
        if seconds.is_some() {
            self.world.check_at_rest();
            self.owners.iter().for_each(|at| assert!(self.world.check_vectors(*at) > 0, "device {at} has no vector"));
        }
        self.checked.inputs = self.world.inputs;
        let thousands = chunks.max(1) as f64 / 1000.0;
        let embedded: u64 = devices.iter().map(|device| device.embedded).sum();
        let on_surplus: u64 = devices.iter().map(|device| device.on_surplus).sum();
        let mut report = Report {
            seed: self.seed,
            policy: "wattle",
            seconds: seconds.unwrap_or(self.world.now.since(self.begin).as_secs_f64()),
            chunks,
            further,
            further_percent: further.all() as f64 / 10.0 / thousands,
            joules: Joules {
                all,
                per_1000: all / thousands,
                paid_per_1000: paid / thousands,
                surplus_percent: on_surplus as f64 * 100.0 / embedded.max(1) as f64,
            },
            network,
            devices,
            checked: self.checked,
            unmet: Vec::new(),
        };
        let state = if seconds.is_none() { self.world.describe() } else { String::new() };
        report.unmet = self.scenario.unmet(&report, seconds.is_some(), &state);
        report
    }
}
