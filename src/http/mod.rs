//! The agent's HTTP API for people and their programs, the page that uses it, and the command line's client of it.
//!
//! At most `HTTP_CONNECTIONS_MAX` connections are served; when more come, `slots` closes the oldest that has not shown the
//! token, or the one whose body is held back longest (`arrival`). Each request passes `auth` (Host, Origin,
//! bearer token) before any other handler sees it; then `routes` finds its row in the one table of calls, `api` checks the
//! body, asks the node through the `NodeHandle` or the governor, and answers with a JSON type of `dto`. `timeouts` gives a
//! client a bounded time to send a request and to take the answer (of a stream of events: each piece), so no client holds a connection by being slow.
//! `throttle` slows whoever tries tokens, `traffic` counts what `GET /metrics` tells. `lan_listener` serves the same API at one address for other devices, `opened` knows whether any reaches it there, `client` makes the calls of the command line.
//!
//! HTTP/1.1 is RFC 9112, bearer tokens are RFC 6750; trillium parses and writes both. The accept loop is our own, around
//! trillium's `HttpContext::run`: trillium-smol keeps connections beyond its cap open without a limit in number or time, and
//! runs on a second executor.
//!
//! Invariants: the token is in no log, answer or error; a head has at most `HTTP_HEAD_MAX` bytes and a body
//! `HTTP_BODY_MAX`; an acknowledgement is sent only after the node gave it, that is after its record was synced.
//!
//! The loopback address speaks plain HTTP, as nobody stands between a program and it; the one for other devices speaks TLS where its owner switched
//! that on (`tls`).

pub mod answer;
pub mod api;
mod arrival;
mod auth;
pub mod client;
pub mod dto;
pub mod events;
pub mod folders;
pub mod keys;
mod known_root;
pub mod lan_listener;
pub mod not_exported;
mod openapi;
pub mod opened;
pub mod page;
mod password;
mod pieces;
pub(crate) mod query;
pub mod routes;
mod shape;
pub mod silent_owner;
mod slots;
pub mod tasks;
mod throttle;
mod timeouts;
pub mod tls;
mod traffic;
mod turn;
pub mod why;

use crate::limits::{HTTP_BODY_MAX, HTTP_HEAD_MAX, HTTP_STOP_MS};
use crate::platform::clock;
use crate::platform::home::Token;
use crate::platform::socket_owner::Ends;
use crate::runtime::handle::NodeHandle;
use api::Api;
use async_net::{TcpListener, TcpStream};
use auth::Auth;
use keys::Keys;
use routes::Router;
use slots::{Slot, Slots};
use smol::Timer;
use smol::future::{or, yield_now};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use timeouts::{TimedStream, linger};
use tls::{Encrypted, Tls};
use traffic::{Reason, Traffic};
use trillium::{Conn, Handler, HttpConfig, HttpContext, Transport};
use zeroize::Zeroizing;

pub use timeouts::Timeouts;

/// Sets the page's password of a home in which no agent runs, and ends all sessions, as the call does: a browser of before is asked for the new one.
///
/// # Errors
/// One sentence: it is too short or too long, or a file cannot be written. Setting it once more does what is left.
pub async fn set_page_password(home: &Path, new: Zeroizing<String>) -> Result<(), String> {
    // Nobody shows a token here: the owner's is not needed.
    let keys = Keys::load(home, Token::random()?);
    let set = keys.password().set(new, false).await.and_then(|_| keys.end_sessions());
    set.map_err(|unchanged| unchanged.to_string())
}

/// A running server. Dropping it does not stop it; `stop` does.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    context: Arc<HttpContext>,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts no new request, and waits for the answers under way, for `HTTP_STOP_MS` at most.
    pub async fn stop(self) {
        let timeout = async {
            Timer::after(Duration::from_millis(HTTP_STOP_MS)).await;
        };
        or(self.context.shut_down(), timeout).await;
    }
}

/// Serves on a listener that the caller has bound, on smol's global executor. Signals are the caller's.
///
/// # Errors
/// The listener cannot be registered with the system's poller.
pub fn serve(
    listener: std::net::TcpListener,
    node: NodeHandle,
    keys: Keys,
    timeouts: Timeouts,
) -> std::io::Result<Server> {
    serve_with(listener, node, keys, timeouts, None)
}

/// The same, with TLS where there is some: a connection without is sent on to one with it, or told of the root certificate.
///
/// # Errors
/// As [`serve`].
pub fn serve_with(
    listener: std::net::TcpListener,
    node: NodeHandle,
    keys: Keys,
    timeouts: Timeouts,
    tls: Option<Tls>,
) -> std::io::Result<Server> {
    let address = listener.local_addr()?;
    let listener = TcpListener::try_from(listener)?;
    let lan_address = (!address.ip().is_loopback()).then_some(address);
    let config =
        HttpConfig::default().with_head_max_len(HTTP_HEAD_MAX).with_received_body_max_len(HTTP_BODY_MAX as u64);
    let mut context = HttpContext::new().with_config(config);
    // Trillium sends these with every answer, also with those to requests that it cannot parse.
    context.shared_state_mut().insert(answer::common_headers());
    let context = Arc::new(context);
    let traffic = Arc::clone(keys.traffic());
    let service = Service {
        context: Arc::clone(&context),
        handlers: Arc::new((Auth::new(keys.clone(), lan_address, tls.clone()), Router(Api::new(node, keys)))),
        tls,
        slots: Slots::new(),
        timeouts,
        traffic,
    };
    smol::spawn(service.accept(listener)).detach();
    Ok(Server { address, context })
}

#[derive(Clone)]
struct Service {
    context: Arc<HttpContext>,
    handlers: Arc<(Auth, Router)>,
    slots: Arc<Slots>,
    timeouts: Timeouts,
    traffic: Arc<Traffic>,
    tls: Option<Tls>,
}

impl Service {
    /// Accepts connections; while all slots are taken by callers that are being answered, the kernel's backlog holds the
    /// next ones.
    async fn accept(self, listener: TcpListener) {
        let stop = self.context.swansong();
        let listening = stop.guard();
        loop {
            match stop.interrupt(listener.accept()).await {
                Some(Ok((stream, peer))) => {
                    let Some(slot) = stop.interrupt(self.slots.enter(&stream)).await else { break };
                    smol::spawn(self.clone().serve(stream, peer, slot)).detach();
                    // The connections before this one read what they were sent: who shows the token is no stranger.
                    yield_now().await;
                }
                Some(Err(error)) => {
                    log::warn!("A connection could not be accepted: {error}. The next try is in a second.");
                    stop.interrupt(Timer::after(Duration::from_secs(1))).await;
                }
                None => break,
            }
        }
        // `Server::stop` waits for this guard, so that a later connection is refused instead of left without an answer.
        drop(listener);
        drop(listening);
    }

    /// Makes what is said on a connection out of its bytes, and answers it. Whoever begins with TLS has for the handshake the time of a request.
    async fn serve(self, stream: TcpStream, peer: SocketAddr, slot: Slot) {
        let (since, arrive) = (clock::now(), self.timeouts.arrive);
        let begins = match &self.tls {
            Some(tls) => Tls::begins(&stream, arrive).await.map(|begins| begins.then_some(tls)),
            None => Some(None),
        };
        let Some(tls) = begins else { return log::debug!("A connection ended before its first byte.") };
        let transport = match TimedStream::new(stream.clone(), self.timeouts, slot.arrival()) {
            Ok(transport) => transport,
            Err(error) => return log::debug!("A connection ended: {error}."),
        };
        let _open = self.traffic.connections.open();
        let endless = transport.endless();
        match tls {
            None => self.answer((transport, false), (stream, peer), &endless, &slot).await,
            Some(tls) => {
                let left = arrive.saturating_sub(clock::now().since(since));
                if let Some(transport) = tls.accept(transport, left).await {
                    self.answer((transport, true), (stream, peer), &endless, &slot).await;
                }
            }
        }
    }

    /// Answers the requests of a connection.
    async fn answer<T: Transport>(
        &self,
        (transport, is_encrypted): (T, bool),
        (stream, peer): (TcpStream, SocketAddr),
        endless: &AtomicBool,
        slot: &Slot,
    ) {
        let ends = stream.local_addr().ok().map(|local| Ends { peer, local });
        let (handlers, traffic) = (&self.handlers, &self.traffic);
        let served = Arc::clone(&self.context).run(transport, |conn| async move {
            let mut conn = Conn::from(conn);
            conn.set_peer_ip(Some(peer.ip()));
            if is_encrypted {
                conn.insert_state(Encrypted);
            }
            if let Some(ends) = ends {
                conn.insert_state(ends);
            }
            conn.insert_state(slot.place());
            let (route, began) = (routes::number(conn.method(), conn.path()), clock::now());
            let mut conn = handlers.0.run(conn).await;
            if !conn.is_halted() {
                if routes::access(conn.method(), conn.path()).role().is_some() {
                    slot.answering();
                }
                conn = handlers.1.run(conn).await;
            }
            let is_secure = is_encrypted || ends.is_some_and(|ends| ends.local.ip().is_loopback());
            let mut conn = answer::finished(handlers.before_send(conn).await, is_secure);
            if let Some(status) = conn.status() {
                let reason = conn.take_state::<Reason>();
                traffic.answered(route, status, reason, clock::now().since(began));
            }
            endless.store(answer::is_endless(&conn), Ordering::Relaxed);
            slot.answered();
            conn.into_inner()
        });
        match served.await {
            Ok(_) => {
                slot.drained();
                linger(&stream).await;
            }
            Err(error) => log::debug!("A connection ended: {error}."),
        }
    }
}
