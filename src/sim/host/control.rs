//! What a test can do to hosts, and see of them.

use super::event::{HostEvent, Link};
use super::hardware::Hardware;
use super::state::{Host, HostAgent, HostSettings};
use crate::energy::coordinator::{FollowerId, HostCoordinator, Input};
use crate::energy::policy::pause::Pause;
use crate::sim::event::Event;
use crate::sim::world::World;
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// Puts these agents, which must not be running, on one host.
    ///
    /// # Panics
    /// If one of them is running, or has a host.
    pub fn add_host(&mut self, hardware: Hardware, agents: &[usize]) -> usize {
        for at in agents {
            assert!(
                self.host_of(*at).is_none() && self.devices[*at].agent.is_none(),
                "{at} is running or has a host already"
            );
        }
        self.hosts.push(Host {
            hardware,
            leader: None,
            agents: agents.iter().map(|at| (*at, HostAgent::default())).collect(),
            links: BTreeMap::new(),
            next_link: 0,
            cut: BTreeSet::new(),
            read_ms: 3,
            settings: HostSettings::default(),
        });
        self.hosts.len() - 1
    }

    /// The host of an agent.
    #[must_use]
    pub fn host_of(&self, at: usize) -> Option<usize> {
        self.hosts.iter().position(|host| host.agents.contains_key(&at))
    }

    /// The coordinator of an agent, if the agent runs and has a host.
    #[must_use]
    pub fn coordinator(&self, at: usize) -> Option<&HostCoordinator> {
        self.hosts.get(self.host_of(at)?)?.agents.get(&at)?.coordinator.as_deref()
    }

    /// A person pauses the host, or ends a pause, at one of its agents. It is acknowledged once it is on the disk.
    pub fn pause_host(&mut self, at: usize, pause: Option<Pause>) {
        self.tell_coordinator(at, self.now, &Input::Pause(pause));
        self.save_energy(at);
    }

    /// A device has surplus energy now or not, and is unplugged or not.
    pub(in crate::sim) fn set_energy(&mut self, at: usize, surplus: bool, unplugged: bool) {
        let work = &mut self.devices[at].run.work;
        (work.has_surplus, work.on_battery_now) = (surplus, unplugged);
        if let Some(host) = self.host_of(at)
            && self.hosts[host].hardware.plugged == unplugged
        {
            self.advance_host(host);
            self.hosts[host].hardware.plugged = !unplugged;
        }
    }

    /// Whether the newest pause that an agent knows is on its disk.
    #[must_use]
    pub fn pause_is_saved(&self, at: usize) -> bool {
        let agent = self.host_of(at).and_then(|host| self.hosts[host].agents.get(&at));
        agent.is_some_and(|agent| {
            let known = agent.coordinator.as_ref().map(|coordinator| coordinator.pause_version(self.now).number);
            known == Some(agent.persisted.said)
        })
    }

    /// Cuts an agent off from the other agents of its host.
    pub fn cut_host_agent(&mut self, at: usize) {
        if let Some(host) = self.host_of(at) {
            self.hosts[host].cut.insert(at);
            self.close_links(host, at);
        }
    }

    /// All agents of a host reach each other again.
    pub fn heal_host(&mut self, host: usize) {
        self.hosts[host].cut.clear();
    }

    /// The agents of a host.
    pub fn agents_of(&self, host: usize) -> impl Iterator<Item = usize> {
        self.hosts[host].agents.keys().copied()
    }

    /// Something happens to an agent of a host, without delay.
    pub(in crate::sim) fn host_event(&mut self, at: usize, event: HostEvent) {
        self.schedule(at, 0, Event::Host(event));
    }

    /// The connections of an agent end, on both sides.
    pub(super) fn close_links(&mut self, host: usize, at: usize) {
        let links = &mut self.hosts[host].links;
        let gone: Vec<(FollowerId, Link)> = links
            .iter()
            .filter(|(_, link)| link.follower == at || link.leader == at)
            .map(|(id, l)| (*id, *l))
            .collect();
        links.retain(|_, link| link.follower != at && link.leader != at);
        for (id, link) in gone {
            for end in [link.follower, link.leader] {
                self.host_event(end, HostEvent::Closed(id, link));
            }
        }
    }

    /// An agent goes down: the system frees its lock and closes its connections.
    pub(in crate::sim) fn host_crash(&mut self, at: usize) {
        let Some(host) = self.host_of(at) else { return };
        self.advance_host(host);
        if let Some(agent) = self.hosts[host].agents.get_mut(&at) {
            (agent.coordinator, agent.due) = (None, None);
        }
        if self.hosts[host].leader == Some(at) {
            self.hosts[host].leader = None;
        }
        self.close_links(host, at);
    }

    /// Advances the hardware to now, with the tasks that ran until now.
    pub(in crate::sim) fn advance_host(&mut self, host: usize) {
        let busy: usize = self.hosts[host].agents.keys().map(|at| self.devices[*at].run.tasks.len()).sum();
        let hardware = &mut self.hosts[host].hardware;
        hardware.advance(self.now, busy as f64);
        let running = self.hosts[host].agents.keys().copied().find(|at| self.devices[*at].agent.is_some());
        if let Some(at) = running.filter(|_| self.hosts[host].hardware.is_flat()) {
            self.host_event(at, HostEvent::Flat);
        }
    }
}
