//! One link from its handshake to its end: the task that drives it, and the tasks on its streams.

use super::channel::{Channel, Queue};
use super::event::LinkEvent;
use super::handshake::Handshaken;
use super::inbound::InboundStreams;
use super::scope::TaskScope;
use super::shared::Shared;
use super::stream::within;
use super::table::{Entry, Link, LinkInfo};
use super::yamux_driver::YamuxDriver;
use super::{handshake, identify, ping};
use crate::limits::{LINK_CONTEST_MS, LINK_DUPLICATE_MS};
use crate::platform::clock;
use crate::wire::peer_id::PeerId;
use async_net::TcpStream;
use smol::Timer;
use smol::future::{or, zip};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Dials a peer, and drives the link until it ends.
pub(super) async fn dial(shared: Arc<Shared>, peer: PeerId, address: SocketAddr) {
    let begun = shared.table().begin_dial(peer);
    let ended = match begun {
        Err(why) => Err(why.to_owned()),
        Ok(()) => {
            let limit = shared.settings.handshake;
            let stopped = async {
                let _ = shared.stopping.recv().await;
                Some(Err("the agent stops".to_owned()))
            };
            let taken = AtomicBool::new(false);
            let handshaken = or(stopped, within(limit, connect(&shared, peer, address, &taken))).await;
            shared.table().end_dial(&peer);
            match handshaken.unwrap_or_else(|| Err(no_answer(&taken).to_owned())) {
                Ok(handshaken) => run(&shared, handshaken, address, true).await,
                Err(why) => Err(why),
            }
        }
    };
    if let Err(why) = ended {
        if Shared::is_own_key(&why) {
            return shared.report_own_key(address).await;
        }
        shared.report(LinkEvent::DialFailed { peer, address: address.into(), why }).await;
    }
}

async fn connect(shared: &Shared, peer: PeerId, address: SocketAddr, taken: &AtomicBool) -> Result<Handshaken, String> {
    let tcp = tcp(address).await?;
    taken.store(true, Ordering::Relaxed);
    handshake::dial(shared, tcp, peer).await
}

/// Why there is no link in time: nothing came back, or somebody took the connection (`taken`) and said nothing. That the doctor tells apart.
fn no_answer(taken: &AtomicBool) -> &'static str {
    if taken.load(Ordering::Relaxed) { TAKEN } else { "no answer in time" }
}

/// What is said of a dial whose connection was taken, and whose handshake was not answered.
const TAKEN: &str = "it took the connection and did not answer in time";

/// A TCP connection that sends at once.
pub(super) async fn tcp(address: SocketAddr) -> Result<TcpStream, String> {
    let tcp = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(tcp)
}

/// Enters a link into the table, reports `Up`, drives it to its end and reports `Down`. An error means that the table
/// refused it and no `Up` was reported.
pub(super) async fn run(
    shared: &Arc<Shared>,
    handshaken: Handshaken,
    address: SocketAddr,
    dialled: bool,
) -> Result<(), String> {
    let Handshaken { peer, extensions, mux, received } = handshaken;
    let start = extensions.start;
    let (mut driver, streams, stop) = YamuxDriver::new(mux);
    let (ending, end) = smol::channel::bounded::<()>(1);
    let (gossip, gossip_outlet) = Queue::new();
    let (task, task_outlet) = Queue::new();
    let (json, json_outlet) = Queue::new();
    let (from, address) = (Some(address), address.into());
    let info =
        LinkInfo { peer, address, dialled, agent: String::new(), protocols: Vec::new(), ping: None, silent: None };
    let now = clock::now();
    let link = Link::new(info, start, now, [gossip, task, json], stop, end, streams);
    let entry = contest(shared, link.clone()).await;
    let serial = match entry {
        Entry::Refused(why) => {
            driver.close().await;
            return Err(why.to_owned());
        }
        Entry::Contested(standing) => {
            tell_duplicate(shared, &standing, link, driver, gossip_outlet).await;
            return Err("another device with the same key is linked, and answers".to_owned());
        }
        Entry::Entered(serial, None) => serial,
        Entry::Entered(serial, Some(old)) => {
            old.hang_up("a newer link to this device came up");
            let _ = old.end().recv().await;
            serial
        }
    };
    shared.report(LinkEvent::Up { peer, address, dialled }).await;
    if let Some(start) = start {
        shared.report(LinkEvent::Started { peer, address, start }).await;
    }
    let (scope, scope_end) = TaskScope::new(Arc::clone(shared), link);
    for (channel, outlet) in Channel::ALL.into_iter().zip([gossip_outlet, task_outlet, json_outlet]) {
        scope.spawn(outlet.write_out(scope.link.streams(), channel));
    }
    scope.spawn(ping::keep_alive(shared.settings.ping, scope.link.clone(), received));
    scope.spawn(identify::request(scope.link.clone()));
    if !shared.table().is_allowed(&peer) {
        // One that was removed, and shows its certificates: it is told why, and its try counts as any other.
        if let Some(address) = from.filter(|_| !dialled) {
            shared.report(LinkEvent::UnknownPeer { peer, address, told: false }).await;
        }
        scope.spawn(end_in_time(Arc::clone(shared), scope.link.clone()));
    }
    let mut inbound = InboundStreams::begin(&scope);
    let why = driver.drive(&shared.stopping, |stream| inbound.receive(&scope, stream)).await;
    shared.table().leave(&peer, serial);
    // The tasks end first, so that no frame is reported after `Down`.
    scope_end.end(scope).await;
    zip(shared.report(LinkEvent::Down { peer, why }), driver.close()).await;
    shared.table().ended(&peer, serial);
    drop(ending);
    Ok(())
}

/// Ends the link of a peer that may not link, and is told why, after the time of a handshake: also if nobody tells it anything.
async fn end_in_time(shared: Arc<Shared>, link: Link) {
    Timer::after(shared.settings.handshake).await;
    if !shared.table().is_allowed(&link.info().peer) {
        link.hang_up("it may not link, and was told why");
    }
}

/// Enters a link into the table. If an older link of another start of the same key stands there, it is pinged: without an
/// answer it is dead, and the new link takes its place.
async fn contest(shared: &Shared, link: Link) -> Entry {
    let entry = shared.table().enter(clock::now(), link.clone(), None);
    let Entry::Contested(older) = entry else { return entry };
    match ping::ping(&older.streams(), Duration::from_millis(LINK_CONTEST_MS)).await {
        Ok(_) => Entry::Contested(older),
        // A link that ended meanwhile has left the table, so the serial of a link that is dead does no harm.
        Err(_) => shared.table().enter(clock::now(), link, Some(older.serial)),
    }
}

/// A link of another start of the key whose link `standing` answers. If this one answers as well, two devices with one key are
/// up: it gets the frame that the driver sends upon `Duplicate`, and nothing that it sends is read.
async fn tell_duplicate(
    shared: &Arc<Shared>,
    standing: &Link,
    link: Link,
    mut driver: YamuxDriver,
    outlet: super::channel::QueueReceiver,
) {
    let LinkInfo { peer, address, .. } = link.info();
    if shared.table().enter_duplicate(peer, link.clone()) {
        let (scope, end) = TaskScope::new(Arc::clone(shared), link);
        scope.spawn(outlet.write_out(scope.link.streams(), Channel::Gossip));
        let streams = scope.link.streams();
        let told = async {
            // A handshake that somebody on the way held back, or that came late by itself, is no second device: nobody answers
            // on that link any more.
            if ping::ping(&streams, Duration::from_millis(LINK_CONTEST_MS)).await.is_ok() {
                shared.report(LinkEvent::Duplicate { peer, linked: standing.info().address, other: address }).await;
                // Its end is all that can come of it.
                Timer::after(Duration::from_millis(LINK_DUPLICATE_MS)).await;
            }
        };
        let ended = async {
            let _ = driver.drive(&shared.stopping, drop).await;
        };
        or(told, ended).await;
        shared.table().leave_duplicate(&peer);
        end.end(scope).await;
    }
    driver.close().await;
}
