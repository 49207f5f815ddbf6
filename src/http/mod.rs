//! The agent's own auth for people and their programs: HTTP on a loopback address.
//!
//! Duty: requests in, checked for form, to the node by the `NodeHandle`; its answers out as JSON; the page; the
//! command line's side of the same calls. In/out: bytes of TCP, `Request`, `Response`.
//! Invariants: nothing is looked at before the auth let it in; the token is in no log, answer or error; what
//! the node promises is sent only after the node said so.
//! Limits: `HTTP_CONNECTIONS_MAX` connections, `HTTP_HEAD_MAX` and `HTTP_BODY_MAX` bytes, and `Timeouts`: no
//! client holds a connection by being slow. HTTP/1 only.
//! Not here: decisions (`node`), other devices (the link), TLS (a loopback address has nobody in between).
//!
//! The accept loop is our own, around trillium's `HttpContext::run`: trillium-smol's keeps connections beyond
//! its cap open without a limit in number or time, and runs on a second executor.

mod answer;
pub mod api;
mod auth;
pub mod client;
pub mod dto;
pub mod lan_listener;
pub mod page;
pub mod routes;
mod timeouts;

use crate::limits::{HTTP_BODY_MAX, HTTP_CONNECTIONS_MAX, HTTP_HEAD_MAX};
use crate::platform::home::Token;
use crate::runtime::handle::NodeHandle;
use api::Api;
use async_net::{TcpListener, TcpStream};
use auth::Auth;
use routes::Router;
use smol::Timer;
use smol::future::or;
use smol::lock::{Semaphore, SemaphoreGuardArc};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use timeouts::{TimedStream, linger};
use trillium::{Conn, Handler, HttpConfig, HttpContext, KnownHeaderName};

pub use timeouts::Timeouts;

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

    /// Takes no new request, and waits at most two seconds for the answers under way.
    pub async fn stop(self) {
        let timeouts = async {
            Timer::after(Duration::from_secs(2)).await;
        };
        or(self.context.shut_down(), timeouts).await;
    }
}

/// Begins to answer on a listener that the caller has bound, on smol's own executor. Signals are the caller's.
///
/// # Errors
/// The system's: the listener cannot be waited for.
pub fn serve(
    listener: std::net::TcpListener,
    gate: NodeHandle,
    token: Token,
    timeouts: Timeouts,
) -> std::io::Result<Server> {
    let address = listener.local_addr()?;
    let listener = TcpListener::try_from(listener)?;
    let lan_listener = (!address.ip().is_loopback()).then_some(address);
    let config =
        HttpConfig::default().with_head_max_len(HTTP_HEAD_MAX).with_received_body_max_len(HTTP_BODY_MAX as u64);
    let mut context = HttpContext::new().with_config(config);
    // Trillium puts these on every answer, those to requests that it cannot parse among them.
    context.shared_state_mut().insert(answer::house_headers());
    let context = Arc::new(context);
    let house = Service {
        context: Arc::clone(&context),
        rooms: Arc::new((Auth::new(token, lan_listener), Router(Api::new(gate)))),
        slots: Arc::new(Semaphore::new(HTTP_CONNECTIONS_MAX)),
        timeouts,
    };
    smol::spawn(house.open(listener)).detach();
    Ok(Server { address, context })
}

#[derive(Clone)]
struct Service {
    context: Arc<HttpContext>,
    rooms: Arc<(Auth, Router)>,
    slots: Arc<Semaphore>,
    timeouts: Timeouts,
}

impl Service {
    /// Lets connections in while there are slots; the system's queue holds the next ones.
    async fn open(self, listener: TcpListener) {
        let stop = self.context.swansong();
        let listening = stop.guard();
        while let Some(slot) = stop.interrupt(self.slots.acquire_arc()).await {
            match stop.interrupt(listener.accept()).await {
                Some(Ok((stream, _))) => smol::spawn(self.clone().serve(stream, slot)).detach(),
                Some(Err(error)) => {
                    log::warn!("A connection could not be taken: {error}. The next try is in a second.");
                    stop.interrupt(Timer::after(Duration::from_secs(1))).await;
                }
                None => break,
            }
        }
        // `Server::stop` waits for this: whoever connects afterwards is refused, not left without an answer.
        drop(listener);
        drop(listening);
    }

    async fn serve(self, stream: TcpStream, slot: SemaphoreGuardArc) {
        let transport = TimedStream::new(stream.clone(), self.timeouts);
        let (rooms, slots) = (&self.rooms, &self.slots);
        let served = Arc::clone(&self.context).run(transport, |conn| async move {
            let conn = rooms.run(Conn::from(conn)).await;
            let mut conn = rooms.before_send(conn).await;
            if slots.try_acquire().is_none() {
                // Somebody may be waiting for this slot.
                conn.response_headers_mut().insert(KnownHeaderName::Connection, "close");
            }
            conn.into_inner()
        });
        match served.await {
            Ok(_) => linger(&stream).await,
            Err(error) => log::debug!("A connection ended: {error}."),
        }
        drop(slot);
    }
}
