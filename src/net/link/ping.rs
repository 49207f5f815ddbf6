//! Ping, `/ipfs/ping/1.0.0` (libp2p specs, ping/ping.md): 32 random bytes, which the peer sends back.

use super::stream::{Stream, Streams, finish, within};
use super::table::{Link, Overdue};
use crate::base::rng::Rng;
use crate::limits::{LINK_PING_MS, LINK_PINGS_MISSED_MAX, LINK_SILENT_PART};
use crate::platform::clock;
use log::debug;
use smol::Timer;
use smol::future::{or, pending};
use smol::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

pub(super) const PROTOCOL: &str = "/ipfs/ping/1.0.0";
const BYTES: usize = 32;

/// Sends back what arrives, until the peer ends the stream.
pub(super) async fn answer(stream: &mut Stream) -> std::io::Result<()> {
    answer_in(Duration::from_millis(LINK_PING_MS), stream).await
}

/// The same; a peer that takes nothing back for so long loses the stream: what it sends meanwhile waits in memory.
async fn answer_in<S: AsyncRead + AsyncWrite + Unpin>(patience: Duration, stream: &mut S) -> std::io::Result<()> {
    let mut bytes = [0; BYTES];
    // A stream that is silent for long is ended; the peer can open another.
    while let Some(read) = within(Duration::from_millis(4 * LINK_PING_MS), stream.read_exact(&mut bytes)).await {
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            read => read?,
        }
        let sent = async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        };
        within(patience, sent).await.unwrap_or_else(|| Err(std::io::ErrorKind::TimedOut.into()))?;
    }
    Ok(())
}

/// Pings a silent link, and ends it when `LINK_PINGS_MISSED_MAX` pings in a row bring nothing back. `limit` is how long
/// the link is silent before a ping, and how long a ping waits; `received` counts the bytes that arrive. A link on which nothing comes for a part of
/// that time after a ping is told as silent: in the other direction it may still carry all that is sent.
pub(super) async fn keep_alive(limit: Duration, link: Link, received: Arc<AtomicU64>) {
    let mut seed = [0; 8];
    // Without random numbers all links would be pinged at the same moment, which does no harm.
    let _ = getrandom::fill(&mut seed);
    let mut rng = Rng::new(u64::from_le_bytes(seed));
    let (mut before, mut missed, mut since) = (0, 0, clock::now());
    loop {
        let now = received.load(Ordering::Relaxed);
        if now != before || missed == 0 {
            // After a lost ping the next one follows at once, without this pause.
            (before, missed, since) = (now, 0, clock::now());
            link.set_overdue(None);
            let percent = 80 + u32::try_from(rng.below(41)).unwrap_or(20);
            Timer::after(limit * percent / 100).await;
            if received.load(Ordering::Relaxed) != before {
                continue;
            }
        }
        let overdue = async {
            Timer::after(limit / LINK_SILENT_PART).await;
            link.set_overdue(Some(Overdue { since, before, received: Arc::clone(&received) }));
            pending().await
        };
        match or(ping(&link.streams(), limit), overdue).await {
            Ok(time) => link.update(|info| info.ping = Some(time)),
            Err(why) => debug!("A ping to {} failed: {why}.", link.info().peer),
        }
        // Any byte shows that the peer is alive, even a refusal of the ping protocol.
        missed = if received.load(Ordering::Relaxed) == before { missed + 1 } else { 0 };
        if missed >= LINK_PINGS_MISSED_MAX {
            link.hang_up("it did not answer");
            return;
        }
    }
}

/// One ping on a stream of its own: the round-trip time, without the time to open the stream.
pub(super) async fn ping(streams: &Streams, limit: Duration) -> Result<Duration, String> {
    let pinged = async {
        let mut stream = streams.open(PROTOCOL).await?;
        let (mut sent, mut back) = ([0; BYTES], [0; BYTES]);
        getrandom::fill(&mut sent).map_err(|error| error.to_string())?;
        let clock = Stopwatch::start();
        stream.write_all(&sent).await.map_err(|error| error.to_string())?;
        stream.flush().await.map_err(|error| error.to_string())?;
        stream.read_exact(&mut back).await.map_err(|error| error.to_string())?;
        let time = clock.time();
        smol::spawn(finish(stream)).detach();
        if sent == back { Ok(time) } else { Err("other bytes came back".to_owned()) }
    };
    within(limit, pinged).await.unwrap_or_else(|| Err("no answer in time".to_owned()))
}

/// Measures a duration in finer steps than the agent's clock.
struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a duration for display, which decides nothing")]
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    #[expect(clippy::disallowed_methods, reason = "a duration for display, which decides nothing")]
    fn time(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Result as IoResult};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// A peer that sends without an end, and takes nothing.
    struct Deaf;

    impl AsyncRead for Deaf {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut [u8]) -> Poll<IoResult<usize>> {
            buf.fill(7);
            Poll::Ready(Ok(buf.len()))
        }
    }

    impl AsyncWrite for Deaf {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<IoResult<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<IoResult<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn who_takes_no_answers_to_its_pings_loses_the_stream() {
        let ended = smol::block_on(answer_in(Duration::from_millis(20), &mut Deaf));
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
