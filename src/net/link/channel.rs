//! The three channels of frames on a link: for each a bounded queue, and the task that writes it out.

use super::frame::Frame;
use super::stream::{Streams, finish};
use crate::limits::{
    FRAME_GOSSIP_MAX, FRAME_KEPT_BYTES, FRAME_TASK_MAX, JSON_LINE_MAX, LINK_QUEUE_BYTES_MAX, LINK_QUEUE_MAX,
};
use crate::wire::envelope::Encoding;
use crate::wire::frame;
use crate::wire::varint;
use log::debug;
use smol::channel::{Receiver, Sender};
use smol::io::AsyncWriteExt;
use std::fmt;
use std::io::Result;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A channel of frames. Each has a stream of its own, so that a large task does not delay gossip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Membership, gossip items and datagram keys: frames of at most `FRAME_GOSSIP_MAX` bytes.
    Gossip,
    /// Tasks and their results: frames of at most `FRAME_TASK_MAX` bytes.
    Task,
    /// The messages of both as lines of JSON, for agents in any language. A frame is one line without its line feed.
    Json,
}

impl Channel {
    pub(super) const ALL: [Self; 3] = [Self::Gossip, Self::Task, Self::Json];

    /// The protocol id on the wire.
    #[must_use]
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::Gossip => "/wattle/gossip/1",
            Self::Task => "/wattle/task/1",
            Self::Json => "/wattle/json/1",
        }
    }

    /// Bytes of the largest frame.
    #[must_use]
    pub const fn frame_max(self) -> usize {
        match self {
            Self::Gossip => FRAME_GOSSIP_MAX,
            Self::Task => FRAME_TASK_MAX,
            Self::Json => JSON_LINE_MAX - 1,
        }
    }

    /// The encoding of the messages in its frames.
    #[must_use]
    pub const fn encoding(self) -> Encoding {
        match self {
            Self::Gossip | Self::Task => Encoding::Postcard,
            Self::Json => Encoding::Json,
        }
    }
}

/// Why a frame was not queued. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// There is no link to this peer.
    NoLink,
    /// The peer reads more slowly than frames are sent; try again later, or drop the frame.
    Full,
    /// The frame is empty, or larger than the channel allows.
    TooLarge,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLink => "There is no link to this device; nothing was sent.",
            Self::Full => "The device takes frames too slowly; this one was not sent.",
            Self::TooLarge => "The frame is empty or too large; it was not sent.",
        })
    }
}

impl std::error::Error for SendError {}

/// The sending end of a queue of frames, bounded in number and in bytes.
#[derive(Clone)]
pub(super) struct Queue {
    frames: Sender<Frame>,
    bytes: Arc<AtomicUsize>,
}

impl Queue {
    pub(super) fn new() -> (Self, QueueReceiver) {
        let (frames, receiver) = smol::channel::bounded(LINK_QUEUE_MAX);
        let bytes = Arc::new(AtomicUsize::new(0));
        (Self { frames, bytes: Arc::clone(&bytes) }, QueueReceiver { frames: receiver, bytes })
    }

    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes.load(Ordering::Relaxed) + bytes <= LINK_QUEUE_BYTES_MAX && !self.frames.is_full()
    }

    pub(super) fn push(&self, frame: Frame) -> std::result::Result<(), SendError> {
        let length = frame.len();
        let fits = |waiting: usize| Some(waiting + length).filter(|sum| *sum <= LINK_QUEUE_BYTES_MAX);
        self.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).map_err(|_| SendError::Full)?;
        self.frames.try_send(frame).map_err(|refused| {
            self.bytes.fetch_sub(length, Ordering::Relaxed);
            if refused.is_full() { SendError::Full } else { SendError::NoLink }
        })
    }
}

/// The receiving end of a [`Queue`].
pub(super) struct QueueReceiver {
    frames: Receiver<Frame>,
    bytes: Arc<AtomicUsize>,
}

impl QueueReceiver {
    /// Writes frames to their stream for as long as the link is up. The stream is opened for the first frame, and again
    /// after a failure; a frame that failed is lost, as it would be with the link.
    pub(super) async fn write_out(self, streams: Streams, channel: Channel) {
        let (mut open, mut wire) = (None, Vec::new());
        while let Ok(frame) = self.frames.recv().await {
            let stream = match open.take() {
                Some(stream) => Ok(stream),
                None => streams.open(channel.protocol()).await,
            };
            match stream {
                Ok(mut stream) => match self.write(&mut stream, channel, frame, &mut wire).await {
                    Ok(()) => open = Some(stream),
                    Err(error) => debug!("A frame on {} was lost: {error}.", channel.protocol()),
                },
                Err(why) => {
                    debug!("A frame on {} was not sent: {why}.", channel.protocol());
                    self.bytes.fetch_sub(frame.len(), Ordering::Relaxed);
                }
            }
        }
        if let Some(stream) = open {
            finish(stream).await;
        }
    }

    /// Writes a frame, with the small ones behind it in the same write: yamux allocates for every write.
    async fn write(
        &self,
        stream: &mut super::stream::Stream,
        channel: Channel,
        first: Frame,
        wire: &mut Vec<u8>,
    ) -> Result<()> {
        wire.clear();
        wire.reserve(FRAME_KEPT_BYTES);
        let mut waiting = 0;
        let (mut next, mut written) = (Some(first), Ok(()));
        while let Some(frame) = next.take() {
            waiting += frame.len();
            if frame.len() > FRAME_KEPT_BYTES {
                written = write_large(stream, channel, &frame, wire).await;
                break;
            }
            put(channel, &frame, wire);
            if wire.len() < FRAME_KEPT_BYTES / 2 {
                next = self.frames.try_recv().ok();
            }
        }
        if written.is_ok() && !wire.is_empty() {
            written = stream.write_all(wire).await;
        }
        self.bytes.fetch_sub(waiting, Ordering::Relaxed);
        written?;
        // If more frames wait, the flush after them covers this one too.
        if self.frames.is_empty() { stream.flush().await } else { Ok(()) }
    }
}

/// Appends a small frame in its form on the wire.
fn put(channel: Channel, bytes: &[u8], wire: &mut Vec<u8>) {
    match channel {
        Channel::Gossip | Channel::Task => frame::put(wire, bytes),
        Channel::Json => {
            wire.extend_from_slice(bytes);
            wire.push(b'\n');
        }
    }
}

/// Writes what is in `wire`, then a large frame, without copying the frame.
async fn write_large(
    stream: &mut super::stream::Stream,
    channel: Channel,
    bytes: &[u8],
    wire: &mut Vec<u8>,
) -> Result<()> {
    if channel != Channel::Json {
        varint::put(wire, bytes.len() as u64);
    }
    stream.write_all(wire).await?;
    wire.clear();
    stream.write_all(bytes).await?;
    if channel == Channel::Json { stream.write_all(b"\n").await } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_refuses_and_loses_nothing() {
        let (queue, receiver) = Queue::new();
        for _ in 0..LINK_QUEUE_MAX {
            assert_eq!(queue.push(vec![1].into()), Ok(()));
        }
        assert_eq!(queue.push(vec![1].into()), Err(SendError::Full));
        assert_eq!(receiver.bytes.load(Ordering::Relaxed), LINK_QUEUE_MAX);
        let (queue, receiver) = Queue::new();
        assert_eq!(queue.push(vec![1; FRAME_TASK_MAX].into()), Ok(()));
        assert_eq!(queue.push(vec![1; FRAME_TASK_MAX].into()), Ok(()));
        assert_eq!(queue.push(vec![1].into()), Err(SendError::Full), "bytes are capped as well");
        drop(receiver);
        let (queue, receiver) = Queue::new();
        drop(receiver);
        assert_eq!(queue.push(vec![1].into()), Err(SendError::NoLink));
    }
}
