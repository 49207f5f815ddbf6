//! How long a client may take: a TCP stream whose reads and writes time out.

use super::arrival::{Arrival, later};
use crate::base::time::Instant;
use crate::limits::{HTTP_ANSWER_MS, HTTP_ARRIVE_MS, HTTP_IDLE_MS, HTTP_LINGER_BYTES_MAX, HTTP_LINGER_MS};
use crate::platform::clock;
use async_net::TcpStream;
use smol::Timer;
use smol::future::{FutureExt, or};
use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use std::io::{ErrorKind, Result};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use trillium::Transport;

/// The time that a client has for each phase of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the connection, or from a later request's first byte, until the request is whole; each byte that arrives gives `HTTP_BYTE_MS` more.
    pub arrive: Duration,
    /// From an answer until the next request's first byte.
    pub idle: Duration,
    /// From an answer's first byte until all of it is sent.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            arrive: Duration::from_millis(HTTP_ARRIVE_MS),
            idle: Duration::from_millis(HTTP_IDLE_MS),
            answer: Duration::from_millis(HTTP_ANSWER_MS),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The client is sending a request.
    Arriving,
    /// The client is taking an answer.
    Answering,
    /// The client has its answer and may ask again.
    Idle,
}

/// A stream whose reads and writes fail with `TimedOut` once the client's phase has lasted too long. The time in which the
/// agent computes the answer does not count: no read or write waits during it.
#[derive(Debug)]
pub(super) struct TimedStream {
    stream: TcpStream,
    timeouts: Timeouts,
    phase: Phase,
    deadline: Timer,
    /// The answer goes on for as long as its reader wants: each piece of it has the time of an answer.
    endless: Arc<AtomicBool>,
    /// The last write found no room at the client.
    is_stuck: bool,
    /// From when the time of the request that arrives counts.
    from: Instant,
    arrival: Arrival,
}

impl TimedStream {
    /// The stream sends at once what is written (TCP_NODELAY): an answer's head and body are two writes, and Nagle's
    /// algorithm (RFC 896) would hold the body back until the client has acknowledged the head, which Linux delays by 40 ms.
    ///
    /// # Errors
    /// The system's, on a connection that is gone.
    pub(super) fn new(stream: TcpStream, timeouts: Timeouts, arrival: Arrival) -> Result<Self> {
        stream.set_nodelay(true)?;
        let (phase, deadline) = (Phase::Arriving, Timer::after(timeouts.arrive));
        let (endless, from) = (Arc::default(), clock::now());
        Ok(Self { stream, timeouts, phase, deadline, endless, is_stuck: false, from, arrival })
    }

    /// Says whether the answer under way goes on without an end.
    pub(super) fn endless(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.endless)
    }

    fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        self.from = clock::now();
        self.deadline.set_after(match phase {
            Phase::Arriving => self.timeouts.arrive,
            Phase::Answering => self.timeouts.answer,
            Phase::Idle => self.timeouts.idle,
        });
    }

    /// Bytes of a request have arrived: they give it time.
    fn progress(&mut self, read: usize) {
        let now = clock::now();
        self.from = later(self.from, read, now);
        self.deadline.set_after(self.timeouts.arrive.saturating_sub(now.since(self.from)));
    }

    /// Checked before every read and write, so that a client that sends byte by byte runs out of time as well.
    fn check_deadline(&mut self, cx: &mut Context<'_>) -> Result<()> {
        match self.deadline.poll(cx) {
            Poll::Ready(_) => {
                // Rearmed: a timer that fired once never fires again, and a second poll would wait for ever.
                self.deadline.set_after(Duration::ZERO);
                Err(ErrorKind::TimedOut.into())
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        if self.phase == Phase::Answering {
            self.begin(Phase::Idle);
        }
        self.check_deadline(cx)?;
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_pending() && self.phase == Phase::Arriving {
            self.arrival.awaits(self.from);
        } else {
            self.arrival.is_here();
        }
        let read = ready!(read)?;
        match self.phase {
            Phase::Idle => self.begin(Phase::Arriving),
            Phase::Arriving => self.progress(read),
            Phase::Answering => {}
        }
        Poll::Ready(Ok(read))
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        if self.phase != Phase::Answering || (!self.is_stuck && self.endless.load(Ordering::Relaxed)) {
            self.begin(Phase::Answering);
        }
        self.check_deadline(cx)?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.is_stuck = written.is_pending();
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl Transport for TimedStream {
    fn peer_addr(&self) -> Result<Option<SocketAddr>> {
        self.stream.peer_addr().map(Some)
    }
}

/// Closes the write side and drains what the client still sends, at most `HTTP_LINGER_MS` and `HTTP_LINGER_BYTES_MAX`. Closing with unread bytes
/// would reset the connection, and the client would lose the sentence that says what was wrong (RFC 9112, section 9.6).
pub(super) async fn linger(stream: &TcpStream) {
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    let mut rest = stream.clone();
    let drained = async {
        let (mut sink, mut left) = ([0; 8192], HTTP_LINGER_BYTES_MAX);
        while left > 0 {
            match rest.read(&mut sink).await {
                Ok(0) | Err(_) => break,
                Ok(read) => left = left.saturating_sub(read),
            }
        }
    };
    or(drained, async {
        Timer::after(Duration::from_millis(HTTP_LINGER_MS)).await;
    })
    .await;
}
