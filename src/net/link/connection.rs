//! One link from its handshake to its end: the task that drives it, and the tasks on its streams.

use super::channel::{Channel, Queue};
use super::event::LinkEvent;
use super::handshake::Handshaken;
use super::inbound::InboundStreams;
use super::noise_stream::NoiseStream;
use super::scope::TaskScope;
use super::shared::Shared;
use super::stream::{Order, Streams, within};
use super::table::{Entry, Link, LinkInfo};
use super::{handshake, identify, ping};
use crate::limits::{LINK_CLOSE_MS, LINK_CONTEST_MS, LINK_DUPLICATE_MS};
use crate::platform::clock;
use crate::wire::peer_id::PeerId;
use async_net::TcpStream;
use smol::channel::Receiver;
use smol::future::{or, poll_fn, zip};
use smol::stream::Stream as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Requests for a new stream that may wait at once; a further one blocks.
const ORDERS_MAX: usize = 8;

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
            let handshaken = or(stopped, within(limit, connect(&shared, peer, address))).await;
            shared.table().end_dial(&peer);
            match handshaken.unwrap_or_else(|| Err("no answer in time".to_owned())) {
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

async fn connect(shared: &Shared, peer: PeerId, address: SocketAddr) -> Result<Handshaken, String> {
    let tcp = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    handshake::dial(shared, tcp, peer).await
}

/// Enters a link into the table, reports `Up`, drives it to its end and reports `Down`. An error means that the table
/// refused it and no `Up` was reported.
pub(super) async fn run(
    shared: &Arc<Shared>,
    handshaken: Handshaken,
    address: SocketAddr,
    dialled: bool,
) -> Result<(), String> {
    let Handshaken { peer, start, mux, received } = handshaken;
    let (orders, ordered) = smol::channel::bounded(ORDERS_MAX);
    let (stop, stopped) = smol::channel::bounded(1);
    let (ending, end) = smol::channel::bounded::<()>(1);
    let (gossip, gossip_outlet) = Queue::new();
    let (task, task_outlet) = Queue::new();
    let (json, json_outlet) = Queue::new();
    let address = address.into();
    let info = LinkInfo { peer, address, dialled, agent: String::new(), protocols: Vec::new(), ping: None };
    let streams = Streams::new(orders);
    let now = clock::now();
    let link = Link::new(info, start, now, [gossip, task, json], stop, end, streams);
    let entry = contest(shared, link.clone()).await;
    let mut driver = YamuxDriver { mux, ordered: Box::pin(ordered), stopped: Box::pin(stopped), wanted: None };
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
    let why = driver.drive(&scope).await;
    shared.table().leave(&peer, serial);
    // The tasks end first, so that no frame is reported after `Down`.
    scope_end.end(scope).await;
    zip(shared.report(LinkEvent::Down { peer, why }), driver.close()).await;
    shared.table().ended(&peer, serial);
    drop(ending);
    Ok(())
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

/// Two devices with one key are up, and `standing` is linked: the other one gets the frame that the driver sends upon
/// `Duplicate`, and nothing that it sends is read.
async fn tell_duplicate(
    shared: &Arc<Shared>,
    standing: &Link,
    link: Link,
    mut driver: YamuxDriver,
    outlet: super::channel::QueueReceiver,
) {
    let LinkInfo { peer, address, .. } = link.info();
    if shared.table().enter_duplicate(peer, link.clone()) {
        shared.report(LinkEvent::Duplicate { peer, linked: standing.info().address, other: address }).await;
        let (scope, end) = TaskScope::new(Arc::clone(shared), link);
        scope.spawn(outlet.write_out(scope.link.streams(), Channel::Gossip));
        let ignored = async { while poll_fn(|cx| driver.poll_next(cx)).await.is_ok() {} };
        // Its end is all that can come of it.
        let _ = within(Duration::from_millis(LINK_DUPLICATE_MS), ignored).await;
        shared.table().leave_duplicate(&peer);
        end.end(scope).await;
    }
    driver.close().await;
}

/// yamux, which makes progress only while it is polled, and the requests to it.
struct YamuxDriver {
    mux: yamux::Connection<NoiseStream>,
    ordered: Pin<Box<Receiver<Order>>>,
    stopped: Pin<Box<Receiver<String>>>,
    wanted: Option<Order>,
}

impl YamuxDriver {
    /// Drives the link until it ends; returns the reason.
    async fn drive(&mut self, scope: &TaskScope) -> String {
        let mut inbound = InboundStreams::default();
        let stopping = scope.shared.stopping.clone();
        let driven = async {
            loop {
                match poll_fn(|cx| self.poll_next(cx)).await {
                    Ok(stream) => inbound.receive(scope, stream),
                    Err(why) => return why,
                }
            }
        };
        let stopped = async {
            let _ = stopping.recv().await;
            "the agent stops".to_owned()
        };
        or(driven, stopped).await
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<yamux::Stream, String>> {
        if let Poll::Ready(why) = self.stopped.as_mut().poll_next(cx) {
            return Poll::Ready(Err(why.unwrap_or_else(|| "nobody needs it".to_owned())));
        }
        loop {
            if self.wanted.is_none()
                && let Poll::Ready(Some(order)) = self.ordered.as_mut().poll_next(cx)
            {
                self.wanted = Some(order);
            }
            if self.wanted.is_some()
                && let Poll::Ready(opened) = self.mux.poll_new_outbound(cx)
                && let Some(order) = self.wanted.take()
            {
                // The receiver may have given up.
                let _ = order.try_send(opened.map_err(|error| error.to_string()));
                continue;
            }
            return self.mux.poll_next_inbound(cx).map(|stream| match stream {
                Some(Ok(stream)) => Ok(stream),
                Some(Err(error)) => Err(error.to_string()),
                None => Err("the other end closed it".to_owned()),
            });
        }
    }

    /// Closes the connection, with a Go Away for the other end if it still reads.
    async fn close(&mut self) {
        let closed = poll_fn(|cx| self.mux.poll_close(cx));
        // An error means that it is closed already.
        let _ = within(Duration::from_millis(LINK_CLOSE_MS), closed).await;
    }
}
