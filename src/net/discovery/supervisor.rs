//! The watch over interfaces and multicast: looks, listens, and starts what failed again.

use super::browse::Browser;
use super::daemon::Daemon;
use super::libp2p::Libp2pBrowser;
use super::{Discovery, interface};
use crate::base::time::Instant;
use crate::limits::{INTERFACES_LOOK_MS, MULTICAST_RESTART_MS, MULTICAST_RESTART_MS_MAX};
use crate::net::diagnostics::ListenAddress;
use crate::platform::clock;
use crate::wire::mdns::{PeerAdvert, Service};
use log::{info, warn};
use mdns_sd::ServiceEvent;
use smol::future::or;
use std::time::Duration;

const LOOK: Duration = Duration::from_millis(INTERFACES_LOOK_MS);
const PAUSE: Duration = Duration::from_millis(MULTICAST_RESTART_MS);
const PAUSE_MAX: Duration = Duration::from_millis(MULTICAST_RESTART_MS_MAX);

/// What ends a wait.
pub(super) enum Wakeup {
    /// It is time to look at the interfaces.
    Look,
    /// The daemon heard something.
    Event(Service, ServiceEvent),
    /// Libp2pBrowser agents announced themselves.
    Overheard(Vec<PeerAdvert>),
    /// The daemon failed; a phrase why.
    Failed(String),
}

/// One watch, for as long as the driver lives.
pub(super) struct Supervisor<'a> {
    discovery: &'a Discovery,
    ear: Browser<'a>,
    places: Vec<ListenAddress>,
    look_at: Instant,
    daemon: Option<Daemon>,
    /// When to start the daemon; `None`: it runs, or multicast is not wanted.
    begin_at: Option<Instant>,
    begun: Instant,
    /// How long to leave it at that after the next failure.
    pause: Duration,
    foreign: Option<Libp2pBrowser>,
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(discovery: &'a Discovery, places: Vec<ListenAddress>) -> Self {
        let now = clock::now();
        Self {
            discovery,
            ear: Browser::new(discovery),
            places,
            // Soon: what comes up by itself at the start of the machine comes up about now.
            look_at: now + Duration::from_secs(1),
            daemon: None,
            begin_at: discovery.multicast.then_some(now),
            begun: now,
            pause: PAUSE,
            foreign: None,
        }
    }

    pub(super) async fn run(mut self) {
        let mut goes_on = true;
        while goes_on && !self.discovery.inputs.is_closed() {
            self.begin_if_due();
            goes_on = match self.wait().await {
                Wakeup::Look => self.look().await,
                Wakeup::Event(service, event) => self.ear.hear(service, event).await,
                Wakeup::Overheard(heard) => self.ear.foreign(heard).await,
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
        if self.begin_at.is_none_or(|at| at > now) || self.places.is_empty() {
            return;
        }
        match Daemon::begin(self.discovery.own, self.discovery.listen, &self.places) {
            Ok(daemon) => {
                self.discovery.network.multicast(|multicast| (multicast.on, multicast.why) = (true, None));
                (self.daemon, self.begin_at, self.begun) = (Some(daemon), None, now);
            }
            Err(why) => self.fail(&why),
        }
    }

    /// Multicast failed: it is left at that for a while.
    fn fail(&mut self, why: &str) {
        let now = clock::now();
        if let Some(daemon) = self.daemon.take() {
            daemon.end();
            if now.since(self.begun) > PAUSE_MAX {
                self.pause = PAUSE;
            }
        }
        self.foreign = None;
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

    /// Waits for the next thing that matters. All of it can be given up without a loss.
    async fn wait(&mut self) -> Wakeup {
        let until = self.begin_at.filter(|_| !self.places.is_empty()).map_or(self.look_at, |at| at.min(self.look_at));
        let look = async {
            clock::sleep_until(Some(until)).await;
            Wakeup::Look
        };
        let told = async {
            match &self.daemon {
                Some(daemon) => daemon.next().await,
                None => smol::future::pending().await,
            }
        };
        let overheard = async {
            match &mut self.foreign {
                Some(foreign) => Wakeup::Overheard(foreign.next().await),
                None => smol::future::pending().await,
            }
        };
        or(look, or(told, overheard)).await
    }

    /// Looks at the interfaces; false when the driver is gone.
    async fn look(&mut self) -> bool {
        let now = clock::now();
        if now < self.look_at {
            return true;
        }
        self.look_at = now + LOOK;
        let places = interface::places(self.discovery.listen);
        let moved = places != self.places;
        self.places = places;
        let needed = self.daemon.is_some() && self.discovery.network.is_lonely();
        if moved || !needed {
            self.foreign = None;
        }
        if needed && self.foreign.is_none() {
            self.foreign = Libp2pBrowser::open(&self.places);
        }
        if !moved {
            return true;
        }
        info!("This device's addresses are now: {}.", told(&self.places));
        self.discovery.network.stands(&self.places);
        if let Some(daemon) = &mut self.daemon {
            daemon.announce(&self.places);
        }
        self.discovery.tell_here(&self.places).await
    }
}

fn told(places: &[ListenAddress]) -> String {
    if places.is_empty() {
        return "none".to_owned();
    }
    places.iter().map(|place| format!("{} ({})", place.address, place.interface)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::diagnostics::Diagnostics;
    use crate::wire::peer_id::PeerId;
    use std::net::{Ipv4Addr, SocketAddr};

    #[test]
    fn a_daemon_that_ended_is_noticed_and_started_again() {
        smol::block_on(async {
            let (inputs, _told) = smol::channel::bounded(8);
            // On loopback only, so that nothing is sent.
            let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
            let own = PeerId::from_public_key(&[1; 32]);
            let network = Diagnostics::default();
            let discovery = Discovery { own, listen, multicast: true, network: network.clone(), inputs };
            let state = || network.around(clock::now()).multicast;
            let mut watch = Supervisor::new(&discovery, interface::places(listen));
            watch.begin_if_due();
            assert!(state().on && watch.begin_at.is_none());
            watch.daemon.as_ref().unwrap().stop();
            loop {
                watch.look_at = clock::now() + LOOK;
                if let Wakeup::Failed(why) = watch.wait().await {
                    break watch.fail(&why);
                }
            }
            assert!(!state().on && state().why.is_some() && state().restarts == 1);
            assert!(watch.begin_at.is_some_and(|at| at > clock::now()), "not at once: it may fail again");
            let pause = watch.pause;
            watch.fail("again");
            assert!(watch.pause > pause && watch.pause <= PAUSE_MAX);
            watch.begin_at = Some(Instant::ZERO);
            watch.begin_if_due();
            assert!(state().on && state().restarts == 2);
            watch.daemon.take().unwrap().end();
        });
    }
}
