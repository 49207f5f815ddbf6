//! A TCP stream under Noise: bytes in and out, frames on the wire.

use crate::limits::{LINK_TURN_READS, LINK_WRITE_BYTES, NOISE_FRAME_MAX};
use crate::wire::noise::{BadNoise, NOISE_OVERHEAD, Transport};
use async_net::TcpStream;
use smol::io::{AsyncBufRead, AsyncRead, AsyncWrite};
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

/// The stream that yamux runs on. One frame that does not open ends it.
pub(super) struct Secure {
    tcp: TcpStream,
    transport: Transport,
    /// What arrived, from `begin` to `end`.
    input: Box<[u8]>,
    begin: usize,
    end: usize,
    /// One opened frame, read up to `read`.
    plain: Vec<u8>,
    read: usize,
    /// What is to be sealed: yamux writes its heads one by one.
    waiting: Vec<u8>,
    /// What is sealed, sent up to `sent`.
    sealed: Vec<u8>,
    sent: usize,
    /// Bytes that arrived, ever: the sign of life.
    heard: Arc<AtomicU64>,
    /// Reads since others had their turn.
    turn: u32,
    /// The peer broke yamux's rules; the link ends once that is said.
    broken: bool,
}

/// Whether yamux is saying good-bye because of a fault (yamux spec: type 3, code 1 or 2). The crate itself
/// would go on reading until the peer closes, and log every further fault.
fn tells_of_fault(written: &[u8]) -> bool {
    matches!(written, [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 | 2])
}

impl Secure {
    /// `early` arrived behind the handshake.
    pub(super) fn new(tcp: TcpStream, transport: Transport, early: &[u8]) -> Self {
        let mut input = vec![0; (NOISE_FRAME_MAX + NOISE_OVERHEAD).max(early.len())].into_boxed_slice();
        if let Some(place) = input.get_mut(..early.len()) {
            place.copy_from_slice(early);
        }
        Self {
            tcp,
            transport,
            input,
            begin: 0,
            end: early.len(),
            plain: Vec::new(),
            read: 0,
            waiting: Vec::with_capacity(LINK_WRITE_BYTES),
            sealed: Vec::new(),
            sent: 0,
            heard: Arc::default(),
            turn: 0,
            broken: false,
        }
    }

    /// Counts the bytes that arrive.
    pub(super) fn heard(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.heard)
    }

    /// Opens the next frame if it is whole.
    fn open_next(&mut self) -> Result<bool> {
        let arrived = self.input.get(self.begin..self.end).unwrap_or_default();
        let frame = Transport::frame_length(arrived).and_then(|length| arrived.get(..length));
        let Some(frame) = frame else { return Ok(false) };
        self.transport.open(frame, &mut self.plain).map_err(bad)?;
        self.begin += frame.len();
        self.read = 0;
        Ok(true)
    }

    fn seal(&mut self) -> Result<()> {
        self.transport.seal(&self.waiting, &mut self.sealed).map_err(bad)?;
        self.waiting.clear();
        Ok(())
    }

    /// Sends what is sealed.
    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while let Some(rest) = self.sealed.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.tcp).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        self.sealed.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Seals and sends everything.
    fn send_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.drain(cx))?;
        self.seal()?;
        self.drain(cx)
    }
}

fn bad(why: BadNoise) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

impl AsyncBufRead for Secure {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<&[u8]>> {
        let this = self.get_mut();
        while this.read >= this.plain.len() {
            if this.open_next()? {
                continue;
            }
            // The rest of a frame goes to the front: there the largest frame has room.
            this.input.copy_within(this.begin..this.end, 0);
            this.end -= this.begin;
            this.begin = 0;
            let room = this.input.get_mut(this.end..).unwrap_or_default();
            let arrived = ready!(Pin::new(&mut this.tcp).poll_read(cx, room))?;
            if arrived == 0 {
                let whole = this.end == 0;
                return Poll::Ready(if whole { Ok(&[]) } else { Err(ErrorKind::UnexpectedEof.into()) });
            }
            this.end += arrived;
            this.heard.fetch_add(arrived as u64, Ordering::Relaxed);
        }
        Poll::Ready(Ok(this.plain.get(this.read..).unwrap_or_default()))
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        let this = self.get_mut();
        this.read = (this.read + amt).min(this.plain.len());
    }
}

impl AsyncRead for Secure {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        // yamux reads for as long as something is there; so the end of a turn looks like nothing is.
        self.turn += 1;
        if self.turn > LINK_TURN_READS {
            self.turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let plain = ready!(self.as_mut().poll_fill_buf(cx))?;
        let length = plain.len().min(buf.len());
        if let (Some(place), Some(part)) = (buf.get_mut(..length), plain.get(..length)) {
            place.copy_from_slice(part);
        }
        self.consume(length);
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Secure {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        if this.waiting.len() >= LINK_WRITE_BYTES {
            ready!(this.drain(cx))?;
            this.seal()?;
            // If the socket is full the next write or flush waits for it.
            if let Poll::Ready(Err(error)) = this.drain(cx) {
                return Poll::Ready(Err(error));
            }
        }
        this.broken |= tells_of_fault(buf);
        let taken = buf.get(..LINK_WRITE_BYTES - this.waiting.len()).unwrap_or(buf);
        this.waiting.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        ready!(this.send_all(cx))?;
        if this.broken {
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, "it broke the rules of yamux")));
        }
        Pin::new(&mut this.tcp).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        ready!(this.send_all(cx))?;
        Pin::new(&mut this.tcp).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::tells_of_fault;

    #[test]
    fn only_a_good_bye_for_a_fault_is_taken_for_one() {
        let good_bye = |code| [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, code];
        assert!(tells_of_fault(&good_bye(1)) && tells_of_fault(&good_bye(2)));
        assert!(!tells_of_fault(&good_bye(0)) && !tells_of_fault(&[0; 12]) && !tells_of_fault(&good_bye(1)[..11]));
    }
}
