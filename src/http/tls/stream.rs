//! A connection after its handshake, as trillium takes it.
//!
//! trillium writes an answer and never flushes, and a session keeps what the client has no room for. So a write counts as done once all of it has gone
//! to the socket: else the end of an answer could stay behind, and its client's time would not count.

use crate::http::timeouts::TimedStream;
use smol::io::{AsyncRead, AsyncWrite};
use std::io::Result;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use trillium::Transport;

/// A connection with TLS.
#[derive(Debug)]
pub(crate) struct TlsStream {
    session: Box<futures_rustls::server::TlsStream<TimedStream>>,
    /// Bytes that the session has taken of the write under way, all of which are encrypted and not all sent.
    taken: usize,
}

impl TlsStream {
    pub(super) fn new(session: futures_rustls::server::TlsStream<TimedStream>) -> Self {
        Self { session: Box::new(session), taken: 0 }
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.session).poll_read(cx, buf)
    }
}

impl AsyncWrite for TlsStream {
    /// Whoever is told to wait comes again with the same bytes, as every writer does.
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        if self.taken == 0 {
            self.taken = ready!(Pin::new(&mut self.session).poll_write(cx, buf))?;
        }
        ready!(Pin::new(&mut self.session).poll_flush(cx))?;
        Poll::Ready(Ok(std::mem::take(&mut self.taken)))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.session).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.session).poll_close(cx)
    }
}

impl Drop for TlsStream {
    /// Says that nothing more comes (RFC 8446, section 6.1), so that no client takes an end for one that somebody else made. Where there is no
    /// room for it the client is gone, or slow, and does without.
    fn drop(&mut self) {
        let _ = Pin::new(&mut self.session).poll_close(&mut Context::from_waker(Waker::noop()));
    }
}

impl Transport for TlsStream {
    fn peer_addr(&self) -> Result<Option<SocketAddr>> {
        self.session.get_ref().0.peer_addr()
    }
}
