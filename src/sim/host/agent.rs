//! The inputs and outputs of the coordinator of a simulated agent.

use super::event::{HostEvent, Link};
use super::state::{Host, HostAgent};
use crate::base::time::{Duration, Instant};
use crate::energy::coordinator::{FollowerId, HostCoordinator, Input, Out, Output, Setup};
use crate::energy::host_protocol::{FrameBuffer, encode_frame};
use crate::limits::SENSOR_LATE_MS;
use crate::node::input::Input as NodeInput;
use crate::node::output::Output as NodeOutput;
use crate::sim::event::Event;
use crate::sim::power::control::board_report;
use crate::sim::trace_hash::note;
use crate::sim::world::World;

/// Milliseconds that a message takes between agents of a host.
const SOCKET_MS: u64 = 1;

impl World {
    /// An agent of a host starts: it leads if nobody does.
    pub(in crate::sim) fn begin_coordinator(&mut self, at: usize) {
        let Some(host) = self.host_of(at) else { return };
        self.advance_host(host);
        let Host { hardware, agents, leader, settings, .. } = &mut self.hosts[host];
        let Some(agent) = agents.get_mut(&at) else { return };
        let setup = Setup {
            cores: hardware.plant.cores,
            found: &board_report(hardware.plant.limit),
            settings: settings.governor.clone(),
            can_wait: settings.can_wait,
            // Its hosts have no name for a start: what is stored is read as after a reboot.
            boot: None,
            persisted: agent.persisted.clone(),
        };
        agent.coordinator = Some(Box::new(HostCoordinator::new(self.now, None, setup)));
        agent.due = None;
        self.devices[at].decision = None;
        if leader.is_none() {
            *leader = Some(at);
            self.tell_coordinator(at, self.now, &Input::Elected);
        }
        self.rewake_coordinator(at);
        self.pull_power(at);
    }

    /// Gives the node the coordinator's decision if it changed, as the driver does before every input of the node.
    pub(in crate::sim) fn pull_power(&mut self, at: usize) {
        let now = self.now;
        let asked = self.with_coordinator(at, |coordinator, out| coordinator.decision(now, out));
        let Some((decision, outputs)) = asked else { return };
        self.carry_out_all(at, outputs);
        self.rewake_coordinator(at);
        if self.devices[at].decision.replace(decision) != Some(decision) {
            self.handle(at, NodeInput::Power(decision));
        }
    }

    /// Hands an input to an agent's coordinator.
    pub(in crate::sim) fn tell_coordinator(&mut self, at: usize, now: Instant, input: &Input<'_>) {
        let handled = self.with_coordinator(at, |coordinator, out| coordinator.handle(now, input.clone(), out));
        let Some(((), outputs)) = handled else { return };
        note(&mut self.trace, format_args!("{now:?} host {at} {input:?}"));
        self.carry_out_all(at, outputs);
        self.check_host(at);
        self.rewake_coordinator(at);
    }

    fn with_coordinator<T>(
        &mut self,
        at: usize,
        what: impl FnOnce(&mut HostCoordinator, &mut Out) -> T,
    ) -> Option<(T, Vec<Output>)> {
        let host = self.host_of(at)?;
        let coordinator = self.hosts[host].agents.get_mut(&at)?.coordinator.as_mut()?;
        let mut out = Out::new();
        let result = what(coordinator, &mut out);
        let outputs = out.drain().collect();
        Some((result, outputs))
    }

    fn carry_out_all(&mut self, at: usize, outputs: Vec<Output>) {
        for output in outputs {
            note(&mut self.trace, format_args!("{output:?}"));
            self.carry_out_host(at, output);
        }
    }

    fn carry_out_host(&mut self, at: usize, output: Output) {
        let Some(host) = self.host_of(at) else { return };
        match output {
            Output::Power(_) => self.host_event(at, HostEvent::Power),
            Output::ReadSensors { .. } => {
                self.advance_host(host);
                let sample = Box::new(self.hosts[host].hardware.sample(self.now));
                let read = Event::Host(HostEvent::Read(self.now, sample));
                self.schedule(at, self.hosts[host].read_ms, read);
            }
            Output::Save => self.save_energy(at),
            Output::Connect => self.connect(at),
            Output::Campaign => self.host_event(at, HostEvent::Campaigned),
            Output::ToLeader(message) => {
                let link = self.hosts[host].links.iter().find(|(_, link)| link.follower == at).map(|(id, l)| (*id, *l));
                if let Some((id, link)) = link {
                    self.send_on_host(link.leader, id, encode_frame(&message));
                }
            }
            Output::ToFollower(id, message) => {
                if let Some(link) = self.hosts[host].links.get(&id).copied() {
                    self.send_on_host(link.follower, id, encode_frame(&message));
                }
            }
            Output::HangUp(id) => {
                if let Some(link) = self.hosts[host].links.remove(&id) {
                    self.host_event(link.follower, HostEvent::Closed(id, link));
                }
            }
            Output::HintRefused(_) => {}
        }
    }

    fn send_on_host(&mut self, to: usize, link: FollowerId, frame: Vec<u8>) {
        self.schedule(to, SOCKET_MS, Event::Host(HostEvent::Arrived(link, frame)));
    }

    /// Begins to write an agent's energy state to its disk.
    pub(super) fn save_energy(&mut self, at: usize) {
        if let Some(coordinator) = self.coordinator(at) {
            let state = Box::new(coordinator.persisted(self.now));
            let cost = 1 + self.rng.below(30);
            self.schedule(at, cost, Event::Host(HostEvent::Saved(state)));
        }
    }

    /// Connects an agent to the leader. A leader that gets no CPU time accepts all the same: the system does that for
    /// it.
    fn connect(&mut self, at: usize) {
        let Some(host) = self.host_of(at) else { return };
        let Host { leader, links, cut, next_link, .. } = &mut self.hosts[host];
        let reached = leader.filter(|leader| *leader != at && !cut.contains(&at) && !cut.contains(leader));
        let link = reached.map(|leader| {
            *next_link += 1;
            links.insert(FollowerId(*next_link), Link { follower: at, leader });
            (FollowerId(*next_link), leader)
        });
        if let Some((id, leader)) = link {
            self.host_event(leader, HostEvent::Joined(id));
        }
        self.host_event(at, HostEvent::Connected(link.map(|(id, _)| id)));
    }

    /// Something happens to an agent of a host.
    pub(in crate::sim) fn on_host_event(&mut self, at: usize, event: HostEvent) {
        let Some(host) = self.host_of(at) else { return };
        let now = self.now;
        match event {
            HostEvent::Due => self.wake_coordinator(at),
            HostEvent::Power => self.pull_power(at),
            HostEvent::Read(began, sample) => {
                if now.since(began) > Duration::from_millis(SENSOR_LATE_MS) {
                    self.tell_coordinator(at, now, &Input::SampleLate);
                } else {
                    self.tell_coordinator(at, began, &Input::Sample(&sample, None));
                }
            }
            HostEvent::Saved(state) => {
                if let Some(agent) = self.hosts[host].agents.get_mut(&at) {
                    agent.persisted = *state.clone();
                }
                self.tell_coordinator(at, now, &Input::Saved(Some(&state)));
            }
            HostEvent::Connected(link) => {
                // It may have been cut meanwhile; then `Closed` follows.
                let found = if link.is_some() { Input::LeaderFound } else { Input::LeaderAbsent };
                self.tell_coordinator(at, now, &found);
            }
            HostEvent::Campaigned => {
                let leader = &mut self.hosts[host].leader;
                let wins = leader.is_none();
                if wins {
                    *leader = Some(at);
                }
                self.tell_coordinator(at, now, &if wins { Input::Elected } else { Input::NotElected });
            }
            HostEvent::Joined(id) => {
                self.tell_coordinator(at, now, &Input::FollowerJoined { id, process: 0 });
            }
            HostEvent::Arrived(id, frame) => self.receive_on_host(at, id, &frame),
            HostEvent::Closed(id, link) if link.leader == at => {
                self.tell_coordinator(at, now, &Input::FollowerLeft(id));
            }
            HostEvent::Closed(..) => self.tell_coordinator(at, now, &Input::LeaderLost),
            HostEvent::Flat => {
                let running: Vec<usize> = self.agents_of(host).filter(|at| self.devices[*at].agent.is_some()).collect();
                running.into_iter().for_each(|at| self.crash(at));
            }
        }
    }

    fn receive_on_host(&mut self, at: usize, id: FollowerId, frame: &[u8]) {
        let Some(link) = self.host_of(at).and_then(|host| self.hosts[host].links.get(&id).copied()) else { return };
        let mut buffer = FrameBuffer::default();
        assert!(buffer.take(frame), "a frame is short");
        if link.leader == at {
            if let Ok(Some(message)) = buffer.next_message() {
                self.tell_coordinator(at, self.now, &Input::FromFollower(id, message));
            }
        } else if let Ok(Some(message)) = buffer.next_message() {
            self.tell_coordinator(at, self.now, &Input::FromLeader(message));
        }
    }

    /// Schedules the wake of an agent's coordinator at its deadline.
    fn rewake_coordinator(&mut self, at: usize) {
        let now = self.now;
        let Some(host) = self.host_of(at) else { return };
        let Some(agent) = self.hosts[host].agents.get_mut(&at) else { return };
        let Some(next) = agent.coordinator.as_ref().and_then(|coordinator| coordinator.deadline(now)) else { return };
        if agent.due.is_none_or(|due| next < due) {
            agent.due = Some(next);
            let wait = u64::try_from(next.since(now).as_millis()).unwrap_or(u64::MAX);
            self.schedule(at, wait, Event::Host(HostEvent::Due));
        }
    }

    fn wake_coordinator(&mut self, at: usize) {
        let now = self.now;
        let Some(host) = self.host_of(at) else { return };
        let Some(agent) = self.hosts[host].agents.get_mut(&at) else { return };
        agent.due = None;
        let due = |agent: &HostAgent| {
            agent.coordinator.as_ref().and_then(|coordinator| coordinator.deadline(now)).is_some_and(|due| due <= now)
        };
        if due(agent) {
            self.tell_coordinator(at, now, &Input::Wake);
            let again = self.hosts[host].agents.get(&at).is_some_and(due);
            assert!(!again, "a woken coordinator wants to be woken at once again");
        }
        self.rewake_coordinator(at);
    }

    /// A task of an agent begins or ends: the hardware is advanced with the load until now.
    pub(in crate::sim) fn load_changes(&mut self, at: usize) {
        if let Some(host) = self.host_of(at) {
            self.advance_host(host);
        }
    }

    /// Passes an output of a node to its coordinator.
    pub(in crate::sim) fn tell_governor(&mut self, at: usize, output: &NodeOutput) {
        let input = match output {
            NodeOutput::Demand(backlog) => Input::Demand(*backlog),
            NodeOutput::Answering(yes) => Input::Answering(*yes),
            NodeOutput::Spent { cpu, chunks } => Input::TaskEnded { cpu: *cpu, chunks: *chunks },
            _ => return,
        };
        self.tell_coordinator(at, self.now, &input);
    }
}
