//! How long a client may take: a TCP stream that gives up on one that is slow or silent.

use crate::limits::{HTTP_ANSWER_MS, HTTP_ARRIVE_MS, HTTP_IDLE_MS};
use async_net::TcpStream;
use smol::Timer;
use smol::future::{FutureExt, or};
use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use std::io::{ErrorKind, Result};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use trillium::Transport;

/// The time that a client has for each part of its turn.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// From the connection, or from a later request's first byte, until the request is whole.
    pub arrive: Duration,
    /// From an answer until the next request's first byte.
    pub idle: Duration,
    /// From an answer's first byte until it is taken.
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

/// A stream whose reads and writes fail with `TimedOut` once the client's turn has lasted too long. The
/// time in which the agent itself works counts for nobody: no read or write waits in it.
#[derive(Debug)]
pub(super) struct TimedStream {
    stream: TcpStream,
    timeouts: Timeouts,
    turn: Phase,
    until: Timer,
}

impl TimedStream {
    pub(super) fn new(stream: TcpStream, timeouts: Timeouts) -> Self {
        Self { stream, timeouts, turn: Phase::Arriving, until: Timer::after(timeouts.arrive) }
    }

    fn begin(&mut self, turn: Phase) {
        self.turn = turn;
        self.until.set_after(match turn {
            Phase::Arriving => self.timeouts.arrive,
            Phase::Answering => self.timeouts.answer,
            Phase::Idle => self.timeouts.idle,
        });
    }

    /// Asked before every read and write, so that a client that drips bytes runs out of time as well.
    fn in_time(&mut self, cx: &mut Context<'_>) -> Result<()> {
        match self.until.poll(cx) {
            Poll::Ready(_) => {
                // The timer would otherwise never fire again, and a second poll would wait for ever.
                self.until.set_after(Duration::ZERO);
                Err(ErrorKind::TimedOut.into())
            }
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        if self.turn == Phase::Answering {
            self.begin(Phase::Idle);
        }
        self.in_time(cx)?;
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        if self.turn == Phase::Idle {
            self.begin(Phase::Arriving);
        }
        Poll::Ready(Ok(read))
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        if self.turn != Phase::Answering {
            self.begin(Phase::Answering);
        }
        self.in_time(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
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

/// Closes so that the last answer arrives: closing with unread bytes would reset the connection, and the
/// client would lose the very sentence that tells what was wrong. At most a second and a mebibyte.
pub(super) async fn linger(stream: &TcpStream) {
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    let mut rest = stream.clone();
    let drained = async {
        let mut sink = [0; 4096];
        for _ in 0..256 {
            match rest.read(&mut sink).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    };
    or(drained, async {
        Timer::after(Duration::from_secs(1)).await;
    })
    .await;
}
