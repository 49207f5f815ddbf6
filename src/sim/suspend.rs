//! Suspension: an agent that gets no CPU time for a while, and a device that sleeps.

use super::device::Suspension;
use super::event::Event;
use super::world::World;
use crate::base::time::Duration;

/// Milliseconds until a peer finds out that a link leads to nobody: `LINK_PING_MS` three times.
const SILENT_MS: u64 = 45_000;

impl World {
    /// The agent gets no time for so long (a busy processor, SIGSTOP, a Wi-Fi that naps). What comes meanwhile
    /// comes all at once afterwards.
    pub fn stall(&mut self, at: usize, time: Duration) {
        self.sleep(at, time, false);
    }

    /// The whole device sleeps for so long, a minute at least. What is sent to it is lost; its links break.
    ///
    /// # Panics
    /// If it is less than a minute.
    pub fn suspend(&mut self, at: usize, time: Duration) {
        assert!(time >= Duration::from_secs(60), "peers must have found out that the links are broken");
        self.sleep(at, time, true);
        for other in self.net.unlink_all(at) {
            let down = |of: usize| Event::Input(super::world::link_down(of));
            self.schedule(other, SILENT_MS, down(at));
            self.schedule(at, u64::try_from(time.as_millis()).unwrap_or(u64::MAX), down(other));
        }
    }

    fn sleep(&mut self, at: usize, time: Duration, deaf: bool) {
        self.devices[at].suspended = Some(Suspension { deaf, waiting: Vec::new() });
        self.rewake(at);
        self.schedule(at, u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Event::Woken);
    }

    /// What happens to a device now; `None`: it sleeps.
    pub(super) fn unless_asleep(&mut self, at: usize, what: Event) -> Option<Event> {
        let Some(sleep) = &mut self.devices[at].suspended else { return Some(what) };
        match what {
            Event::Woken => return Some(what),
            Event::Landed(..) | Event::Arrived(..) if sleep.deaf => {}
            what => sleep.waiting.push(what),
        }
        None
    }

    /// It has time again: what waited comes at once, before its own timers or after the first of them.
    pub(super) fn wake_up(&mut self, at: usize) {
        let Some(sleep) = self.devices[at].suspended.take() else { return };
        if self.rng.one_in(2) {
            self.handle(at, crate::node::input::Input::Wake);
        }
        for what in sleep.waiting {
            self.happen(at, what);
        }
        self.rewake(at);
    }
}
