//! Devices of a home find each other: multicast DNS, and the addresses of this device.
//!
//! Duty: announce this agent and browse for others by `_wattle._tcp.local.` and libp2p's `_p2p._udp.local.`; keep
//! watch over the interfaces. In/out: `Input::Seen` of peers that may link, `Input::Here`; notes for the doctor.
//! Invariants: an agent that listens on this machine only sends no multicast; no host or user name leaves; what is
//! heard is a hint, taken only of peers that may link and only where it lies in the home.
//! Limits: one address an interface; `ADDRESSES_MAX` of them; mdns-sd answers once a second at most and doubles the
//! pause between its queries up to an hour. A daemon that fails is started again after a pause that doubles.
//! Not here: whom to dial and when (`node`), the TXT records (`wire::announce`).

mod browse;
mod daemon;
mod foreign;
pub mod interface;

use super::clock;
use super::driver::Event;
use super::network::{Network, Place};
use crate::base::time::Instant;
use crate::limits::{INTERFACES_LOOK_MS, MULTICAST_RESTART_MS, MULTICAST_RESTART_MS_MAX};
use crate::node::input::Input;
use crate::wire::announce::{Heard, Service, is_scoped};
use crate::wire::peer::PeerId;
use browse::Ear;
use daemon::Daemon;
use foreign::Foreign;
use log::{debug, info, warn};
use mdns_sd::ServiceEvent;
use smol::channel::Sender;
use smol::future::or;
use std::net::SocketAddr;
use std::time::Duration;

/// What discovery must know.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// Who this agent is.
    pub own: PeerId,
    /// Where it listens, as bound.
    pub listen: SocketAddr,
    /// Whether multicast may be used.
    pub multicast: bool,
    /// The notes.
    pub network: Network,
    /// To the driver.
    pub events: Sender<Event>,
}

impl Discovery {
    /// Runs until the driver is gone. The first look at the interfaces is over when this returns.
    pub fn begin(self) {
        let places = interface::places(self.listen);
        self.network.stands(&places);
        smol::spawn(self.run(places)).detach();
    }

    async fn run(self, mut places: Vec<Place>) {
        let beyond = !self.listen.ip().is_loopback();
        if !beyond || !self.multicast {
            let why = if self.multicast { "the agent listens on this machine only" } else { "it is switched off" };
            self.network.multicast(|multicast| multicast.why = Some(why.to_owned()));
        }
        if !self.tell_here(&places).await || !beyond {
            // Loopback does not move.
            return;
        }
        let mut pause = Duration::from_millis(MULTICAST_RESTART_MS);
        let mut daemon = None;
        let mut begin_at = self.multicast.then(clock::now);
        let mut ear = Ear::new(&self);
        let mut foreign: Option<Foreign> = None;
        // Soon: what is up by itself at the start of the machine comes up about now.
        let mut look_at = clock::now() + Duration::from_secs(1);
        let mut begun = clock::now();
        loop {
            let now = clock::now();
            if begin_at.is_some_and(|at| at <= now) && !places.is_empty() {
                begin_at = None;
                match Daemon::begin(self.own, self.listen, &places) {
                    Ok(started) => {
                        self.network.multicast(|multicast| (multicast.on, multicast.why) = (true, None));
                        begun = now;
                        daemon = Some(started);
                    }
                    Err(why) => begin_at = Some(now + self.failed(&why, &mut pause)),
                }
            }
            let told = async {
                match &daemon {
                    Some(daemon) => daemon.next().await,
                    None => smol::future::pending().await,
                }
            };
            let overheard = async {
                match &mut foreign {
                    Some(foreign) => Change::Overheard(foreign.next().await),
                    None => smol::future::pending().await,
                }
            };
            let change = or(look(look_at), or(told, overheard));
            let goes_on = match change.await {
                Change::Look => {
                    look_at = clock::now() + LOOK;
                    let now = interface::places(self.listen);
                    let moved = now != places;
                    if moved || daemon.is_none() || !self.network.is_lonely() {
                        foreign = None;
                    }
                    if foreign.is_none() && daemon.is_some() && self.network.is_lonely() {
                        foreign = Foreign::open(&now);
                    }
                    places = now;
                    !moved || self.moved(&places, daemon.as_mut()).await
                }
                Change::Overheard(heard) => ear.foreign(heard).await,
                Change::Heard(service, event) => ear.hear(service, event).await,
                Change::Failed(why) => {
                    if clock::now().since(begun) > Duration::from_millis(MULTICAST_RESTART_MS_MAX) {
                        pause = Duration::from_millis(MULTICAST_RESTART_MS);
                    }
                    if let Some(daemon) = daemon.take() {
                        daemon.end();
                    }
                    begin_at = Some(clock::now() + self.failed(&why, &mut pause));
                    true
                }
            };
            if !goes_on || self.events.is_closed() {
                if let Some(daemon) = daemon {
                    daemon.end();
                }
                return;
            }
        }
    }

    /// This device has other addresses now.
    async fn moved(&self, places: &[Place], daemon: Option<&mut Daemon>) -> bool {
        info!("This device's addresses are now: {}.", told(places));
        self.network.stands(places);
        if let Some(daemon) = daemon {
            daemon.announce(places);
        }
        self.tell_here(places).await
    }

    /// Multicast failed: how long to leave it at that.
    fn failed(&self, why: &str, pause: &mut Duration) -> Duration {
        warn!(
            "Devices are not looked for by multicast just now: {why}. The next try is in {} seconds.",
            pause.as_secs()
        );
        self.network.multicast(|multicast| {
            (multicast.on, multicast.why) = (false, Some(why.to_owned()));
            multicast.restarts += 1;
        });
        let wait = *pause;
        *pause = (*pause * 2).min(Duration::from_millis(MULTICAST_RESTART_MS_MAX));
        wait
    }

    async fn tell_here(&self, places: &[Place]) -> bool {
        let mut addresses: Vec<SocketAddr> = places.iter().map(|place| place.address).collect();
        // An address with a scope means nothing to somebody on another interface.
        addresses.retain(|address| !is_scoped(address.ip()));
        self.events.send(Event::Input(Input::Here(addresses))).await.is_ok()
    }
}

const LOOK: Duration = Duration::from_millis(INTERFACES_LOOK_MS);

/// What ends a wait.
enum Change {
    /// It is time to look at the interfaces.
    Look,
    /// The daemon heard something.
    Heard(Service, ServiceEvent),
    /// Foreign agents announced themselves.
    Overheard(Vec<Heard>),
    /// The daemon failed; a phrase why.
    Failed(String),
}

async fn look(at: Instant) -> Change {
    clock::sleep_until(Some(at)).await;
    Change::Look
}

fn told(places: &[Place]) -> String {
    if places.is_empty() {
        debug!("No interface is up.");
        return "none".to_owned();
    }
    places.iter().map(|place| format!("{} ({})", place.address, place.interface)).collect::<Vec<_>>().join(", ")
}
