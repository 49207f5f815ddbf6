//! One link from its handshake to its end: the task that drives it, and the small tasks on its streams.

use super::channel::{Channel, Queue};
use super::handshake;
use super::handshake::Handshaken;
use super::noise_stream::Secure;
use super::peers::{AllowedPeer, Link};
use super::stream::{Order, Streams, within};
use super::table::Entry;
use super::{LinkEvent, Shared, inbound};
use crate::limits::LINK_CLOSE_MS;
use crate::platform::clock;
use crate::wire::peer_id::PeerId;
use async_net::TcpStream;
use smol::channel::{Receiver, Sender};
use smol::future::{or, poll_fn, zip};
use smol::stream::Stream as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Streams that may be asked for at once; who asks beyond waits.
const ORDERS_MAX: usize = 8;

/// Dials, and lives the link that comes of it.
pub(super) async fn dial(shared: Arc<Shared>, peer: PeerId, address: SocketAddr) {
    let begun = shared.table().begin_dial(peer);
    let lived = match begun {
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
                Ok(handshaken) => live(&shared, handshaken, address, true).await,
                Err(why) => Err(why),
            }
        }
    };
    if let Err(why) = lived {
        shared.tell(LinkEvent::DialFailed { peer, address: address.into(), why }).await;
    }
}

async fn connect(shared: &Shared, peer: PeerId, address: SocketAddr) -> Result<Handshaken, String> {
    let tcp = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    tcp.set_nodelay(true).map_err(|error| error.to_string())?;
    handshake::dial(shared, tcp, peer).await
}

/// Enters a link, tells of it, drives it to its end, and tells of that. An error means that it was not kept
/// and nothing was told.
pub(super) async fn live(
    shared: &Arc<Shared>,
    handshaken: Handshaken,
    address: SocketAddr,
    dialled: bool,
) -> Result<(), String> {
    let Handshaken { peer, mux, heard } = handshaken;
    let (orders, ordered) = smol::channel::bounded(ORDERS_MAX);
    let (stop, stopped) = smol::channel::bounded(1);
    let (ending, end) = smol::channel::bounded::<()>(1);
    let (gossip, gossip_outlet) = Queue::new();
    let (task, task_outlet) = Queue::new();
    let (json, json_outlet) = Queue::new();
    let address = address.into();
    let known = AllowedPeer { peer, address, dialled, agent: String::new(), protocols: Vec::new(), ping: None };
    let streams = Streams::new(orders);
    let now = clock::now();
    let link = Link::new(known, now, [gossip, task, json], stop, end, streams);
    let entry = shared.table().enter(now, link.clone());
    let mut line = YamuxDriver { mux, ordered: Box::pin(ordered), stopped: Box::pin(stopped), wanted: None };
    let serial = match entry {
        Entry::Refused(why) => {
            line.close().await;
            return Err(why.to_owned());
        }
        Entry::Entered(serial, None) => serial,
        Entry::Entered(serial, Some(old)) => {
            old.hang_up("a newer link to this device came up");
            let _ = old.end().recv().await;
            serial
        }
    };
    shared.tell(LinkEvent::Up { peer, address, dialled }).await;
    let (over, tending) = smol::channel::bounded::<()>(1);
    let (leaving, left) = smol::channel::bounded::<()>(1);
    let scope = TaskScope { shared: Arc::clone(shared), link, over: tending, leaving };
    for (channel, outlet) in Channel::ALL.into_iter().zip([gossip_outlet, task_outlet, json_outlet]) {
        scope.tend(outlet.write_out(scope.link.streams(), channel));
    }
    scope.tend(inbound::keep_alive(Arc::clone(shared), scope.link.clone(), heard));
    scope.tend(inbound::ask_who(scope.link.clone()));
    let why = line.drive(&scope).await;
    shared.table().leave(&peer, serial);
    // First the small tasks end, so that no frame comes after `Down`.
    drop((over, scope));
    let _ = left.recv().await;
    zip(shared.tell(LinkEvent::Down { peer, why }), line.close()).await;
    shared.table().ended(&peer, serial);
    drop(ending);
    Ok(())
}

/// Starts the small tasks of a link; they end with it.
pub(super) struct TaskScope {
    pub(super) shared: Arc<Shared>,
    pub(super) link: Link,
    over: Receiver<()>,
    leaving: Sender<()>,
}

impl TaskScope {
    pub(super) fn tend(&self, work: impl Future<Output = ()> + Send + 'static) {
        let (over, leaving) = (self.over.clone(), self.leaving.clone());
        let ended = async move {
            // Closed when the link ends, never sent to.
            let _ = over.recv().await;
        };
        smol::spawn(async move {
            or(work, ended).await;
            drop(leaving);
        })
        .detach();
    }
}

/// yamux, which moves only while it is polled, and who wants something of it.
struct YamuxDriver {
    mux: yamux::Connection<Secure>,
    ordered: Pin<Box<Receiver<Order>>>,
    stopped: Pin<Box<Receiver<String>>>,
    wanted: Option<Order>,
}

impl YamuxDriver {
    /// Drives the link until it ends; why it did.
    async fn drive(&mut self, scope: &TaskScope) -> String {
        let mut inbound = inbound::InboundStreams::default();
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
                // Who asked may have given up.
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

    /// Says good-bye, if the other end still listens.
    async fn close(&mut self) {
        let closed = poll_fn(|cx| self.mux.poll_close(cx));
        // An error means that it is closed already.
        let _ = within(Duration::from_millis(LINK_CLOSE_MS), closed).await;
    }
}
