//! Streams of a link: opening one, agreeing on its protocol, and closing it without loss.

use crate::limits::{LINK_CLOSE_MS, LINK_HANDSHAKE_MS};
use crate::wire::multistream::{Dialer, Listener};
use smol::Timer;
use smol::channel::Sender;
use smol::future::or;
use smol::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use smol::stream::Stream as _;
use std::fmt::Display;
use std::io::Result as IoResult;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// One stream of a link. It is read frame of yamux by frame, each where yamux put it: a buffer in between was a copy of
/// everything that arrives. What it holds unread is a part of yamux's window.
pub(super) struct Stream {
    yamux: yamux::Stream,
    /// The frame that is being read, up to `read`.
    packet: Option<yamux::Packet>,
    read: usize,
}

impl From<yamux::Stream> for Stream {
    fn from(yamux: yamux::Stream) -> Self {
        Self { yamux, packet: None, read: 0 }
    }
}

impl Stream {
    fn unread(&self) -> &[u8] {
        self.packet.as_ref().and_then(|packet| packet.as_ref().get(self.read..)).unwrap_or_default()
    }
}

impl AsyncBufRead for Stream {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<IoResult<&[u8]>> {
        let this = self.get_mut();
        while this.unread().is_empty() {
            (this.packet, this.read) = (None, 0);
            match ready!(Pin::new(&mut this.yamux).poll_next(cx)) {
                Some(packet) => this.packet = Some(packet?),
                None => break,
            }
        }
        Poll::Ready(Ok(this.unread()))
    }

    fn consume(self: Pin<&mut Self>, amt: usize) {
        self.get_mut().read += amt;
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<IoResult<usize>> {
        let unread = ready!(self.as_mut().poll_fill_buf(cx))?;
        let length = unread.len().min(buf.len());
        if let (Some(target), Some(part)) = (buf.get_mut(..length), unread.get(..length)) {
            target.copy_from_slice(part);
        }
        self.consume(length);
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<IoResult<usize>> {
        Pin::new(&mut self.get_mut().yamux).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<IoResult<()>> {
        Pin::new(&mut self.get_mut().yamux).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<IoResult<()>> {
        Pin::new(&mut self.get_mut().yamux).poll_close(cx)
    }
}

/// A request to the link's task for a new stream: the channel for its answer.
pub(super) type Order = Sender<Result<yamux::Stream, String>>;

/// Opens streams to the peer of one link.
#[derive(Clone)]
pub(super) struct Streams {
    orders: Sender<Order>,
}

impl Streams {
    pub(super) const fn new(orders: Sender<Order>) -> Self {
        Self { orders }
    }

    /// Opens a stream for `protocol`; the error is a phrase.
    pub(super) async fn open(&self, protocol: &'static str) -> Result<Stream, String> {
        let opened = async {
            let (order, answer) = smol::channel::bounded(1);
            self.orders.send(order).await.map_err(|_| gone())?;
            let stream = answer.recv().await.map_err(|_| gone())??;
            let mut stream = Stream::from(stream);
            propose(&mut stream, protocol).await?;
            Ok(stream)
        };
        within(Duration::from_millis(LINK_HANDSHAKE_MS), opened).await.unwrap_or_else(|| Err("no answer".to_owned()))
    }
}

fn gone() -> String {
    "the link is gone".to_owned()
}

/// The future's output, or `None` if it takes longer than `limit`.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    or(async { Some(future.await) }, async {
        Timer::after(limit).await;
        None
    })
    .await
}

/// Runs a state machine of `wire` on a stream until it is done: sends what is in `out`, then feeds what arrives.
/// Bytes that the machine does not use stay in the stream.
pub(super) async fn agree<S, T, E: Display>(
    stream: &mut S,
    out: &mut Vec<u8>,
    mut feed: impl FnMut(&[u8], &mut Vec<u8>) -> Result<(usize, Option<T>), E>,
) -> Result<T, String>
where
    S: AsyncBufRead + AsyncWrite + Unpin,
{
    loop {
        if !out.is_empty() {
            stream.write_all(out).await.map_err(|error| error.to_string())?;
            stream.flush().await.map_err(|error| error.to_string())?;
            out.clear();
        }
        let input = stream.fill_buf().await.map_err(|error| error.to_string())?;
        if input.is_empty() {
            return Err("the other end closed the connection".to_owned());
        }
        let (used, done) = feed(input, out).map_err(|error| error.to_string())?;
        stream.consume(used);
        if let Some(done) = done {
            stream.write_all(out).await.map_err(|error| error.to_string())?;
            stream.flush().await.map_err(|error| error.to_string())?;
            out.clear();
            return Ok(done);
        }
    }
}

/// Proposes `protocol`; an error if the other end refuses it.
pub(super) async fn propose<S: AsyncBufRead + AsyncWrite + Unpin>(
    stream: &mut S,
    protocol: &'static str,
) -> Result<(), String> {
    let mut out = Vec::new();
    let mut dialer = Dialer::new(protocol, &mut out);
    let feed = |input: &[u8], _: &mut Vec<u8>| dialer.feed(input).map(|(used, agreed)| (used, agreed.then_some(())));
    agree(stream, &mut out, feed).await
}

/// Waits for a proposal, and agrees to it if it is one of `protocols`.
pub(super) async fn choose<S: AsyncBufRead + AsyncWrite + Unpin>(
    stream: &mut S,
    protocols: &'static [&'static str],
) -> Result<&'static str, String> {
    let mut listener = Listener::new(protocols);
    agree(stream, &mut Vec::new(), |input, out| listener.feed(input, out)).await
}

/// Closes a stream, and waits up to `LINK_CLOSE_MS` for the other end to close it too. A stream that is dropped at once
/// is reset, and the peer loses what it has not read yet.
pub(super) async fn finish(mut stream: Stream) {
    let ended = async {
        if stream.close().await.is_err() {
            return;
        }
        let mut sink = [0; 512];
        while matches!(stream.read(&mut sink).await, Ok(read) if read > 0) {}
    };
    // If the time runs out, the stream is reset.
    let _ = within(Duration::from_millis(LINK_CLOSE_MS), ended).await;
}
