//! Time as one device sees it: an agent that gets no CPU time for a while, a device that sleeps, a clock that jumps.

use super::device::Suspension;
use super::event::Event;
use super::world::World;
use crate::base::time::{Duration, Instant};

/// Milliseconds until a peer finds out that nobody answers on a link: three times `LINK_PING_MS`.
const SILENT_MS: u64 = 45_000;

impl World {
    /// What a device's clock shows.
    #[must_use]
    pub fn clock(&self, at: usize) -> Instant {
        self.now + self.devices[at].run.clock.ahead
    }

    /// A device's clock jumps ahead by so much, also across restarts. Its agent is not told.
    pub fn jump_clock(&mut self, at: usize, by: Duration) {
        self.devices[at].run.clock.ahead += by;
        self.rewake(at);
    }

    /// The agent gets no CPU time for so long (a busy processor, SIGSTOP). What arrives meanwhile is delivered all at
    /// once afterwards.
    pub fn stall(&mut self, at: usize, time: Duration) {
        self.suspend_agent(at, time, false);
    }

    /// The whole device is suspended for so long, a minute at least. What is sent to it is lost, and its links break.
    ///
    /// # Panics
    /// If the time is less than a minute.
    pub fn suspend(&mut self, at: usize, time: Duration) {
        assert!(time >= Duration::from_secs(60), "peers must have found out that the links are broken");
        self.suspend_agent(at, time, true);
        for other in self.net.unlink_all(at) {
            let (own, its) = (self.key_of(at), self.key_of(other));
            self.devices[other].run.work.unlinked.insert(at, self.now);
            let down = |of| Event::Input(super::world::link_down(of));
            self.schedule(other, SILENT_MS, down(own));
            self.schedule(at, u64::try_from(time.as_millis()).unwrap_or(u64::MAX), down(its));
        }
    }

    fn suspend_agent(&mut self, at: usize, time: Duration, deaf: bool) {
        // One that is suspended already keeps what waits.
        let waiting = self.devices[at].suspended.take().map(|before| before.waiting).unwrap_or_default();
        self.devices[at].suspended = Some(Suspension { deaf, waiting });
        self.rewake(at);
        self.schedule(at, u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Event::Resumed);
    }

    /// The event, unless the device is suspended; then the event waits or is lost.
    pub(super) fn unless_suspended(&mut self, at: usize, event: Event) -> Option<Event> {
        let Some(suspension) = &mut self.devices[at].suspended else { return Some(event) };
        match event {
            Event::Resumed => return Some(event),
            Event::DatagramArrived(..) | Event::MessageArrived(..) if suspension.deaf => {}
            event => suspension.waiting.push(event),
        }
        None
    }

    /// The suspension ends: what waited is delivered at once, by chance after or before the node's own deadline.
    pub(super) fn resume(&mut self, at: usize) {
        let Some(suspension) = self.devices[at].suspended.take() else { return };
        if self.rng.one_in(2) {
            self.handle(at, crate::node::input::Input::Wake);
        }
        for event in suspension.waiting {
            self.process(at, event);
        }
        self.rewake(at);
    }
}
