//! Bodies of answers that are made piece by piece, or that hold something until they are sent.

use futures_lite::{AsyncRead, Stream, StreamExt as _};
use std::fmt;
use std::io::Result;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A body of pieces; it ends with the stream that makes them.
pub(super) struct Pieces {
    next: Pin<Box<dyn Stream<Item = Result<Vec<u8>>> + Send>>,
    piece: Vec<u8>,
    sent: usize,
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
        Self { next: Box::pin(next), piece: Vec::new(), sent: 0 }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<Result<usize>> {
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
    fn a_piece_that_fails_fails_the_body() {
        let pieces = [Ok(b"abc".to_vec()), Err(std::io::Error::other("gone"))];
        let mut body = Pieces::that_may_fail(stream::iter(pieces));
        let mut all = Vec::new();
        assert!(smol::block_on(body.read_to_end(&mut all)).is_err());
        assert_eq!(all, b"abc");
    }
}
