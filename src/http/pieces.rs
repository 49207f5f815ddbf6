//! Bodies of answers that are made piece by piece, or that hold something until they are sent.

use futures_lite::{AsyncRead, Stream, StreamExt as _};
use smol::Timer;
use smol::future::FutureExt as _;
use std::fmt;
use std::io::{ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// A body of pieces; it ends with the stream that makes them.
pub(super) struct Pieces {
    next: Pin<Box<dyn Stream<Item = Result<Vec<u8>>> + Send>>,
    piece: Vec<u8>,
    sent: usize,
    /// When the reader has had it for long enough.
    ends: Option<Timer>,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("sent", &self.sent).finish_non_exhaustive()
    }
}

impl Pieces {
    pub(super) fn new(next: impl Stream<Item = Vec<u8>> + Send + 'static) -> Self {
        Self::that_may_fail(next.map(Ok))
    }

    /// Pieces of which one may fail: then the connection is cut, so that nobody takes a part of the body for the whole.
    pub(super) fn that_may_fail(next: impl Stream<Item = Result<Vec<u8>>> + Send + 'static) -> Self {
        Self { next: Box::pin(next), piece: Vec::new(), sent: 0, ends: None }
    }

    /// The same, which fails once its reader took so long for what it has: what it holds is free then for others.
    pub(super) fn within(self, time: Duration) -> Self {
        Self { ends: Some(Timer::after(time)), ..self }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize>> {
        if let Some(ends) = &mut self.ends
            && ends.poll(context).is_ready()
        {
            // Rearmed: a timer that fired once never fires again.
            ends.set_after(Duration::ZERO);
            return Poll::Ready(Err(ErrorKind::TimedOut.into()));
        }
        while self.sent == self.piece.len() {
            match ready!(self.next.as_mut().poll_next(context)) {
                Some(piece) => (self.piece, self.sent) = (piece?, 0),
                None => return Poll::Ready(Ok(0)),
            }
        }
        let rest = &self.piece[self.sent..];
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.sent += length;
        Poll::Ready(Ok(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_lite::{AsyncReadExt, stream};

    #[test]
    fn pieces_follow_each_other_and_empty_ones_do_not_end_the_body() {
        let pieces = [&b"abc"[..], b"", b"defgh"].map(<[u8]>::to_vec);
        let mut body = Pieces::new(stream::iter(pieces));
        let mut small = [0; 2];
        let mut all = Vec::new();
        smol::block_on(async {
            while let Ok(read @ 1..) = body.read(&mut small).await {
                all.extend_from_slice(&small[..read]);
            }
        });
        assert_eq!(all, b"abcdefgh");
    }

    #[test]
    fn a_reader_that_takes_too_long_gets_no_more_however_little_it_takes_at_a_time() {
        let pieces = || stream::repeat(vec![7; 4]);
        let (mut late, mut early) =
            (Pieces::new(pieces()).within(Duration::ZERO), Pieces::new(pieces()).within(Duration::from_secs(3600)));
        let mut one = [0];
        smol::block_on(async {
            Timer::after(Duration::from_millis(1)).await;
            for _ in 0..2 {
                assert_eq!(late.read(&mut one).await.unwrap_err().kind(), ErrorKind::TimedOut);
                assert_eq!(early.read(&mut one).await.unwrap(), 1);
            }
        });
    }

    #[test]
    fn a_piece_that_fails_fails_the_body() {
        let pieces = [Ok(b"abc".to_vec()), Err(std::io::Error::other("gone"))];
        let mut body = Pieces::that_may_fail(stream::iter(pieces));
        let mut all = Vec::new();
        assert!(smol::block_on(body.read_to_end(&mut all)).is_err());
        assert_eq!(all, b"abc");
    }
}
