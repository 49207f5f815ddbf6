//! Streams of a link: asking for one, agreeing on its protocol, and ending it so that nothing is lost.

use crate::limits::{LINK_CLOSE_MS, LINK_HANDSHAKE_MS};
use crate::wire::multistream::Dialer;
use smol::Timer;
use smol::channel::Sender;
use smol::future::or;
use smol::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use std::fmt::Display;
use std::time::Duration;

/// Bytes that a stream reads ahead.
const AHEAD: usize = 16 * 1024;

/// One stream of a link.
pub(super) type Stream = BufReader<yamux::Stream>;

/// Asks the link's task for a new stream; the answer comes by the channel in it.
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

    /// A stream that speaks `protocol`, or a phrase why not.
    pub(super) async fn open(&self, protocol: &'static str) -> Result<Stream, String> {
        let opened = async {
            let (order, answer) = smol::channel::bounded(1);
            self.orders.send(order).await.map_err(|_| gone())?;
            let stream = answer.recv().await.map_err(|_| gone())??;
            let (mut stream, mut out) = (buffered(stream), Vec::new());
            let mut dialer = Dialer::new(protocol, &mut out);
            let feed =
                |input: &[u8], _: &mut Vec<u8>| dialer.feed(input).map(|(used, agreed)| (used, agreed.then_some(())));
            agree(&mut stream, &mut out, feed).await?;
            Ok(stream)
        };
        within(Duration::from_millis(LINK_HANDSHAKE_MS), opened).await.unwrap_or_else(|| Err("no answer".to_owned()))
    }
}

fn gone() -> String {
    "the link is gone".to_owned()
}

pub(super) fn buffered(stream: yamux::Stream) -> Stream {
    BufReader::with_capacity(AHEAD, stream)
}

/// The future's output, or nothing if it takes longer than `limit`.
pub(super) async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    or(async { Some(future.await) }, async {
        Timer::after(limit).await;
        None
    })
    .await
}

/// Runs a machine of `wire` on a stream until it is done: first sends what is in `out`, then feeds what
/// arrives. Bytes that the machine does not use stay in the stream.
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

/// Ends a stream: says that nothing more comes, and waits a moment for the other end to say so too. A stream
/// that is dropped at once is reset, and the peer loses what it has not read yet.
pub(super) async fn finish(mut stream: Stream) {
    let ended = async {
        if stream.close().await.is_err() {
            return;
        }
        let mut sink = [0; 512];
        while matches!(stream.read(&mut sink).await, Ok(read) if read > 0) {}
    };
    // If time runs out the stream is reset, which the peer has earned.
    let _ = within(Duration::from_millis(LINK_CLOSE_MS), ended).await;
}
