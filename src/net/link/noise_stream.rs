//! A TCP stream encrypted by Noise transport messages, as libp2p's noise specification frames them.

use super::pieces::{Pieces, TOO_SMALL};
use crate::limits::{LINK_READS_PER_TURN, LINK_WRITE_BYTES, NOISE_FRAME_MAX};
use crate::platform::clock;
use crate::wire::noise::{BadNoise, NOISE_OVERHEAD, Transport};
use async_net::TcpStream;
use smol::io::{AsyncBufRead, AsyncRead, AsyncWrite};
use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

/// The stream that yamux runs on. A frame that cannot be decrypted ends it.
pub(super) struct NoiseStream {
    tcp: TcpStream,
    transport: Transport,
    incoming: Incoming,
    outgoing: Outgoing,
    /// Bytes that have arrived in all: shows that the peer is alive.
    received: Arc<AtomicU64>,
    /// Reads since this stream last yielded to others.
    reads: u32,
    /// Whether a flush waits for the next poll, so that what yamux writes until then goes into the same frame.
    collects: bool,
    /// Whether something was written since the last flush.
    written: bool,
    /// In how small pieces the peer sends.
    pieces: Pieces,
    /// The peer violated the yamux specification; the link ends once yamux has sent its Go Away.
    violated: bool,
}

/// Bytes from the peer.
struct Incoming {
    /// Encrypted bytes, from `begin` to `end`.
    input: Box<[u8]>,
    begin: usize,
    end: usize,
    /// One decrypted frame, from `read` to `whole`.
    plain: Vec<u8>,
    read: usize,
    whole: usize,
}

/// Bytes to the peer.
struct Outgoing {
    /// Not encrypted yet: yamux writes each header by itself, and several writes make one Noise frame.
    plain: Vec<u8>,
    /// Encrypted, from `sent` to `ready`.
    encrypted: Vec<u8>,
    sent: usize,
    ready: usize,
}

/// Whether this is a Go Away of yamux because of an error (yamux specification: type 3, code 1 or 2). The crate itself
/// would go on reading until the peer closes, and log every further error.
fn is_error_go_away(written: &[u8]) -> bool {
    matches!(written, [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 | 2])
}

impl NoiseStream {
    /// `early` arrived after the handshake, in the same reads.
    pub(super) fn new(tcp: TcpStream, transport: Transport, early: &[u8]) -> Self {
        let mut input = vec![0; (NOISE_FRAME_MAX + NOISE_OVERHEAD).max(early.len())].into_boxed_slice();
        if let Some(start) = input.get_mut(..early.len()) {
            start.copy_from_slice(early);
        }
        Self {
            tcp,
            transport,
            incoming: Incoming { input, begin: 0, end: early.len(), plain: Vec::new(), read: 0, whole: 0 },
            outgoing: Outgoing {
                plain: Vec::with_capacity(LINK_WRITE_BYTES),
                encrypted: Vec::new(),
                sent: 0,
                ready: 0,
            },
            received: Arc::default(),
            reads: 0,
            collects: false,
            written: false,
            pieces: Pieces::new(clock::now()),
            violated: false,
        }
    }

    /// Counts the bytes that arrive.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    /// From now on a flush right after a write only asks to be polled again, and the next one sends. yamux flushes after each of
    /// its frames, and each flush was a frame of Noise and a write to the socket. Only for yamux, which flushes whenever it is
    /// polled: who flushes once, and waits for the answer, would wait for ever.
    pub(super) const fn collect(&mut self) {
        self.collects = true;
    }

    /// Encrypts and sends everything.
    fn send_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.outgoing.drain(&mut self.tcp, cx))?;
        self.outgoing.encrypt(&mut self.transport)?;
        self.outgoing.drain(&mut self.tcp, cx)
    }
}

impl Incoming {
    /// Decrypts the next frame if it is complete.
    fn open_next(&mut self, transport: &mut Transport) -> Result<bool> {
        let arrived = self.input.get(self.begin..self.end).unwrap_or_default();
        let frame = Transport::frame_length(arrived).and_then(|length| arrived.get(..length));
        let Some(frame) = frame else { return Ok(false) };
        self.whole = transport.decrypt_over(frame, &mut self.plain).map_err(bad)?;
        self.begin += frame.len();
        self.read = 0;
        Ok(true)
    }

    /// Reads more encrypted bytes; how many. 0: the peer closed the connection between two frames.
    fn fill(&mut self, tcp: &mut TcpStream, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        // The part of a frame moves to the front, where the largest frame has room. What is there already would be copied onto itself, at each
        // read of a frame that comes in pieces.
        if self.begin > 0 {
            self.input.copy_within(self.begin..self.end, 0);
            self.end -= self.begin;
            self.begin = 0;
        }
        let room = self.input.get_mut(self.end..).unwrap_or_default();
        let arrived = ready!(Pin::new(tcp).poll_read(cx, room))?;
        if arrived == 0 && self.end > 0 {
            return Poll::Ready(Err(ErrorKind::UnexpectedEof.into()));
        }
        self.end += arrived;
        Poll::Ready(Ok(arrived))
    }
}

impl Outgoing {
    fn encrypt(&mut self, transport: &mut Transport) -> Result<()> {
        self.ready = transport.encrypt_over(&self.plain, &mut self.encrypted, self.ready).map_err(bad)?;
        self.plain.clear();
        Ok(())
    }

    /// Sends what is encrypted.
    fn drain(&mut self, tcp: &mut TcpStream, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while let Some(rest) = self.encrypted.get(self.sent..self.ready).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut *tcp).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                sent => self.sent += sent,
            }
        }
        (self.sent, self.ready) = (0, 0);
        Poll::Ready(Ok(()))
    }
}

fn bad(why: BadNoise) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

fn too_small() -> Error {
    Error::new(ErrorKind::InvalidData, TOO_SMALL)
}

impl AsyncBufRead for NoiseStream {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<&[u8]>> {
        let this = self.get_mut();
        let incoming = &mut this.incoming;
        while incoming.read >= incoming.whole {
            if incoming.open_next(&mut this.transport)? {
                if this.pieces.noise_frame(incoming.whole, clock::now) {
                    continue;
                }
                return Poll::Ready(Err(too_small()));
            }
            let arrived = ready!(incoming.fill(&mut this.tcp, cx))?;
            if arrived == 0 {
                return Poll::Ready(Ok(&[]));
            }
            this.received.fetch_add(arrived as u64, Ordering::Relaxed);
        }
        Poll::Ready(Ok(incoming.plain.get(incoming.read..incoming.whole).unwrap_or_default()))
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        let incoming = &mut self.get_mut().incoming;
        incoming.read = (incoming.read + amt).min(incoming.whole);
    }
}

impl AsyncRead for NoiseStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        // yamux reads for as long as there is something to read. After `LINK_READS_PER_TURN` reads this stream reports that
        // there is nothing, so that other tasks of the executor run.
        self.reads += 1;
        if self.reads > LINK_READS_PER_TURN {
            self.reads = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let plain = ready!(self.as_mut().poll_fill_buf(cx))?;
        let length = plain.len().min(buf.len());
        if let (Some(target), Some(part)) = (buf.get_mut(..length), plain.get(..length)) {
            target.copy_from_slice(part);
        }
        self.as_mut().consume(length);
        let this = self.get_mut();
        let read = buf.get(..length).unwrap_or_default();
        // Before, it is no yamux that is read.
        if this.collects && !this.pieces.read(read, clock::now) {
            return Poll::Ready(Err(too_small()));
        }
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for NoiseStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<Result<usize>> {
        let this = self.get_mut();
        if this.outgoing.plain.len() >= LINK_WRITE_BYTES {
            ready!(this.outgoing.drain(&mut this.tcp, cx))?;
            this.outgoing.encrypt(&mut this.transport)?;
            // If the socket is full, the next write or flush waits for it.
            if let Poll::Ready(Err(error)) = this.outgoing.drain(&mut this.tcp, cx) {
                return Poll::Ready(Err(error));
            }
        }
        this.written = true;
        this.violated |= is_error_go_away(buf);
        let taken = buf.get(..LINK_WRITE_BYTES - this.outgoing.plain.len()).unwrap_or(buf);
        this.outgoing.plain.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let more = core::mem::take(&mut this.written) && this.outgoing.plain.len() < LINK_WRITE_BYTES;
        if this.collects && more && !this.violated {
            cx.waker().wake_by_ref();
            return Poll::Ready(Ok(()));
        }
        ready!(this.send_all(cx))?;
        if this.violated {
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
    use super::is_error_go_away;

    #[test]
    fn only_a_go_away_with_an_error_code_counts_as_a_violation() {
        let go_away = |code| [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, code];
        assert!(is_error_go_away(&go_away(1)) && is_error_go_away(&go_away(2)));
        assert!(!is_error_go_away(&go_away(0)) && !is_error_go_away(&[0; 12]) && !is_error_go_away(&go_away(1)[..11]));
    }
}
