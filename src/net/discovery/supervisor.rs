//! The task that runs discovery: it checks the interfaces, takes announcements, and restarts a failed daemon.

use super::browse::Browser;
use super::context::Discovery;
use super::daemon::Daemon;
use super::interface;
use super::libp2p::Libp2pBrowser;
use crate::base::time::Instant;
use crate::limits::{INTERFACES_POLL_MS, MULTICAST_RESTART_MS, MULTICAST_RESTART_MS_MAX};
use crate::net::diagnostics::ListenAddress;
use crate::platform::clock;
use crate::wire::mdns::{PeerAdvert, Service};
use log::{info, warn};
use mdns_sd::ServiceEvent;
use smol::future::or;
use std::time::Duration;

const CHECK: Duration = Duration::from_millis(INTERFACES_POLL_MS);
const PAUSE: Duration = Duration::from_millis(MULTICAST_RESTART_MS);
const PAUSE_MAX: Duration = Duration::from_millis(MULTICAST_RESTART_MS_MAX);

impl Discovery {
    /// Runs until the driver is gone. The first check of the interfaces is over when this returns.
    pub fn begin(self) {
        let listening = interface::listen_addresses(self.listen).unwrap_or_default();
        self.network.set_listen_addresses(&listening);
        smol::spawn(self.run(listening)).detach();
    }

    async fn run(self, listening: Vec<ListenAddress>) {
        let beyond = !self.listen.ip().is_loopback();
        if !beyond || !self.multicast {
            let why = if self.multicast { "the agent listens on this machine only" } else { "it is switched off" };
            self.network.never_searches();
            self.network.multicast(|multicast| multicast.why = Some(why.to_owned()));
        }
        // The loopback address never changes.
        if self.send_addresses(&listening).await && beyond {
            Supervisor::new(&self, listening).run().await;
        }
    }
}

/// What ends a wait.
enum Wakeup {
    /// It is time to check the interfaces.
    Check,
    /// The daemon reported an event.
    Event(Service, ServiceEvent),
    /// libp2p agents that are not Wattle announced themselves.
    Adverts(Vec<PeerAdvert>),
    /// The daemon failed; a phrase why.
    Failed(String),
}

/// The state of the task.
struct Supervisor<'a> {
    discovery: &'a Discovery,
    browser: Browser<'a>,
    listening: Vec<ListenAddress>,
    check_at: Instant,
    daemon: Option<Daemon>,
    /// When to start the daemon; `None`: it runs, or multicast is not wanted.
    begin_at: Option<Instant>,
    begun: Instant,
    /// The pause after the next failure.
    pause: Duration,
    libp2p: Option<Libp2pBrowser>,
}

impl<'a> Supervisor<'a> {
    fn new(discovery: &'a Discovery, listening: Vec<ListenAddress>) -> Self {
        let now = clock::now();
        Self {
            discovery,
            browser: Browser::new(discovery),
            listening,
            // Soon: after a boot of the machine, interfaces come up at about the same time as the agent.
            check_at: now + Duration::from_secs(1),
            daemon: None,
            begin_at: discovery.multicast.then_some(now),
            begun: now,
            pause: PAUSE,
            libp2p: None,
        }
    }

    async fn run(mut self) {
        let mut goes_on = true;
        while goes_on && !self.discovery.inputs.is_closed() {
            self.begin_if_due();
            goes_on = match self.wait().await {
                Wakeup::Check => self.check_interfaces().await,
                Wakeup::Event(service, event) => self.browser.on_event(service, event).await,
                Wakeup::Adverts(adverts) => self.browser.on_adverts(adverts).await,
                Wakeup::Failed(why) => {
                    self.fail(&why);
                    true
                }
            };
        }
        if let Some(daemon) = self.daemon {
            daemon.end();
        }
    }

    fn begin_if_due(&mut self) {
        let now = clock::now();
        if self.begin_at.is_none_or(|at| at > now) || self.listening.is_empty() {
            return;
        }
        match Daemon::begin(self.discovery.own, self.discovery.listen, &self.listening) {
            Ok(daemon) => {
                self.discovery.network.multicast(|multicast| (multicast.on, multicast.why) = (true, None));
                (self.daemon, self.begin_at, self.begun) = (Some(daemon), None, now);
            }
            Err(why) => self.fail(&why),
        }
    }

    /// Multicast failed: the next start is after a pause.
    fn fail(&mut self, why: &str) {
        let now = clock::now();
        if let Some(daemon) = self.daemon.take() {
            daemon.end();
            if now.since(self.begun) > PAUSE_MAX {
                self.pause = PAUSE;
            }
        }
        self.libp2p = None;
        warn!(
            "Devices are not looked for by multicast just now: {why}. The next try is in {} seconds.",
            self.pause.as_secs()
        );
        self.discovery.network.multicast(|multicast| {
            (multicast.on, multicast.why) = (false, Some(why.to_owned()));
            multicast.restarts += 1;
        });
        self.begin_at = Some(now + self.pause);
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }

    /// Waits for the next event. Cancel-safe, and so are all the futures in it.
    async fn wait(&mut self) -> Wakeup {
        let until =
            self.begin_at.filter(|_| !self.listening.is_empty()).map_or(self.check_at, |at| at.min(self.check_at));
        let check = async {
            clock::sleep_until(Some(until)).await;
            Wakeup::Check
        };
        let event = async {
            match &self.daemon {
                Some(daemon) => match daemon.next().await {
                    Ok((service, event)) => Wakeup::Event(service, event),
                    Err(why) => Wakeup::Failed(why),
                },
                None => smol::future::pending().await,
            }
        };
        let adverts = async {
            match &mut self.libp2p {
                Some(libp2p) => Wakeup::Adverts(libp2p.next().await),
                None => smol::future::pending().await,
            }
        };
        or(check, or(event, adverts)).await
    }

    /// Checks the interfaces, if it is time; false when the driver is gone.
    async fn check_interfaces(&mut self) -> bool {
        let now = clock::now();
        if now < self.check_at {
            return true;
        }
        self.check_at = now + CHECK;
        // What cannot be listed for a moment has not changed.
        let listening = interface::listen_addresses(self.discovery.listen);
        let moved = listening.as_ref().is_some_and(|listening| *listening != self.listening);
        self.listening = listening.unwrap_or_else(|| core::mem::take(&mut self.listening));
        let needed = self.daemon.is_some() && self.discovery.network.has_unlinked_peer();
        if moved || !needed {
            self.libp2p = None;
        }
        if needed && self.libp2p.is_none() {
            self.libp2p = Libp2pBrowser::open(&self.listening);
        }
        if !moved {
            return true;
        }
        info!("This device's addresses are now: {}.", display(&self.listening));
        self.discovery.network.set_listen_addresses(&self.listening);
        if let Some(daemon) = &mut self.daemon {
            daemon.announce(&self.listening);
        }
        self.discovery.send_addresses(&self.listening).await
    }
}

fn display(listening: &[ListenAddress]) -> String {
    if listening.is_empty() {
        return "none".to_owned();
    }
    listening.iter().map(|one| format!("{} ({})", one.address, one.interface)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::diagnostics::Diagnostics;
    use crate::wire::peer_id::PeerId;
    use std::net::{Ipv4Addr, SocketAddr};

    #[test]
    fn a_daemon_that_ended_is_noticed_and_restarted() {
        smol::block_on(async {
            let (inputs, _received) = smol::channel::bounded(8);
            // On loopback only, so that nothing is sent.
            let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
            let own = PeerId::from_public_key(&[1; 32]);
            let network = Diagnostics::default();
            let discovery = Discovery { own, listen, multicast: true, network: network.clone(), inputs };
            let state = || network.report(clock::now()).multicast;
            let mut supervisor = Supervisor::new(&discovery, interface::listen_addresses(listen).unwrap_or_default());
            supervisor.begin_if_due();
            assert!(state().on && supervisor.begin_at.is_none());
            supervisor.daemon.as_ref().unwrap().stop();
            loop {
                supervisor.check_at = clock::now() + CHECK;
                if let Wakeup::Failed(why) = supervisor.wait().await {
                    break supervisor.fail(&why);
                }
            }
            assert!(!state().on && state().why.is_some() && state().restarts == 1);
            assert!(supervisor.begin_at.is_some_and(|at| at > clock::now()), "not at once: it may fail again");
            let pause = supervisor.pause;
            supervisor.fail("again");
            assert!(supervisor.pause > pause && supervisor.pause <= PAUSE_MAX);
            supervisor.begin_at = Some(Instant::ZERO);
            supervisor.begin_if_due();
            assert!(state().on && state().restarts == 2);
            supervisor.daemon.take().unwrap().end();
        });
    }
}
