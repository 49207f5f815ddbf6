//! Faults of the mesh: cuts and false claims; and what a test can see of the mesh.

use super::event::Event;
use super::net;
use super::world::World;
use crate::base::time::{Duration, Instant};
use crate::node::output::Notice;
use crate::wire::message::{Entry, Message};

impl World {
    /// Cuts the connection between two devices, in both directions.
    pub fn cut(&mut self, a: usize, b: usize) {
        if self.net.cut(a, b) {
            self.unlinked(a, b);
            self.unlinked(b, a);
        }
    }

    /// Cuts the connection from one device to another; a link needs both directions, so it breaks.
    pub fn cut_one_way(&mut self, from: usize, to: usize) {
        if self.net.cut_one_way(from, to) {
            self.unlinked(from, to);
            self.unlinked(to, from);
        }
    }

    /// A device claims to all its links that another one, in its present generation, is down.
    pub fn claim_down(&mut self, claimant: usize, victim: usize, incarnation: u16) {
        let generation = self.devices[victim].agent.as_ref().map_or(0, |agent| agent.node.generation());
        let entry = Entry { key: net::key(victim), generation, incarnation, standing: 2, addresses: Vec::new() };
        self.claim(claimant, entry);
    }

    /// A device claims to all its links that another one is up in this generation.
    pub fn claim_generation(&mut self, liar: usize, victim: usize, generation: u32) {
        let entry = Entry { key: net::key(victim), generation, incarnation: 0, standing: 0, addresses: Vec::new() };
        self.claim(liar, entry);
    }

    fn claim(&mut self, claimant: usize, entry: Entry) {
        let bytes = Message::MemberList { ask: false, members: vec![entry] }.encode();
        let boot = self.devices[claimant].starts.signing;
        for other in self.net.links_of(claimant) {
            self.schedule(other, 1, Event::MessageArrived(claimant, boot, bytes.clone()));
        }
    }

    /// Running devices.
    pub fn running(&self) -> impl Iterator<Item = usize> {
        (0..self.devices.len()).filter(|at| self.devices[*at].agent.is_some())
    }

    /// Whether every running agent takes exactly the other running ones for members that are up.
    #[must_use]
    pub fn all_joined(&self) -> bool {
        let up: Vec<usize> = self.running().collect();
        let knows = |at: &usize| {
            let Some(agent) = &self.devices[*at].agent else { return true };
            agent.node.members_up() == up.len() - 1
                && up.iter().all(|other| other == at || agent.node.is_up(net::key(*other)))
        };
        up.iter().all(knows)
    }

    /// How many running agents see this device as a member that is up.
    #[must_use]
    pub fn count_seen_up(&self, of: usize) -> usize {
        let sees_up = |at: &usize| {
            let agent = self.devices[*at].agent.as_ref();
            *at != of && agent.is_some_and(|agent| agent.node.is_up(net::key(of)))
        };
        self.running().filter(sees_up).count()
    }

    /// Lets time pass until a condition holds, checked every 50 ms; `None` if it does not within `limit`.
    pub fn run_till(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> Option<Duration> {
        let start = self.now;
        while self.now.since(start) < limit {
            if holds(self) {
                return Some(self.now.since(start));
            }
            self.run_until(self.now + Duration::from_millis(50));
        }
        None
    }

    /// Members that agents reported as down since `since`.
    #[must_use]
    pub fn reported_down(&self, since: Instant) -> usize {
        let down = |notice: &Notice| if let Notice::Down(names) = notice { names.len() } else { 0 };
        self.notices.iter().filter(|(at, ..)| *at >= since).map(|(.., notice)| down(notice)).sum()
    }
}
