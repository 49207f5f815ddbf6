//! Our own three channels of a link: a bounded queue of frames each, and the task that writes them out.

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

/// What a frame is about. Each has its own stream: a large task does not hold up gossip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    /// Membership and items: frames of at most `FRAME_GOSSIP_MAX` bytes.
    Gossip,
    /// Tasks and their results: frames of at most `FRAME_TASK_MAX` bytes.
    Task,
    /// Either of them as lines of JSON, for agents in any language: a frame is one line without its line feed.
    Json,
}

impl Channel {
    pub(super) const ALL: [Self; 3] = [Self::Gossip, Self::Task, Self::Json];

    /// The protocol's id on the wire.
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
    /// The peer takes frames more slowly than they are sent; try again later, or do without.
    Full,
    /// The frame is empty, or larger than the channel takes.
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

/// Frames that wait for their stream, bounded in number and in bytes.
#[derive(Clone)]
pub(super) struct Queue {
    frames: Sender<Frame>,
    bytes: Arc<AtomicUsize>,
}

impl Queue {
    pub(super) fn new() -> (Self, QueueReceiver) {
        let (frames, outlet) = smol::channel::bounded(LINK_QUEUE_MAX);
        let bytes = Arc::new(AtomicUsize::new(0));
        (Self { frames, bytes: Arc::clone(&bytes) }, QueueReceiver { frames: outlet, bytes })
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

/// The other end of a `Queue`.
pub(super) struct QueueReceiver {
    frames: Receiver<Frame>,
    bytes: Arc<AtomicUsize>,
}

impl QueueReceiver {
    /// Writes frames out as they come, for as long as the link stands. The stream is opened by the first one,
    /// and anew after a failure; what failed is lost, as it would be with the link.
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

    /// Writes a frame, and those behind it as far as they are small: yamux takes memory for every write.
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
        // What follows at once goes out with it.
        if self.frames.is_empty() { stream.flush().await } else { Ok(()) }
    }
}

/// Appends a small frame as it stands on the wire.
fn put(channel: Channel, bytes: &[u8], wire: &mut Vec<u8>) {
    match channel {
        Channel::Gossip | Channel::Task => frame::put(wire, bytes),
        Channel::Json => {
            wire.extend_from_slice(bytes);
            wire.push(b'\n');
        }
    }
}

/// Writes what is in `wire`, then a large frame behind it, without copying that.
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
    fn a_full_queue_answers_and_keeps_what_it_has() {
        let (queue, outlet) = Queue::new();
        for _ in 0..LINK_QUEUE_MAX {
            assert_eq!(queue.push(vec![1].into()), Ok(()));
        }
        assert_eq!(queue.push(vec![1].into()), Err(SendError::Full));
        assert_eq!(outlet.bytes.load(Ordering::Relaxed), LINK_QUEUE_MAX);
        let (queue, _outlet) = Queue::new();
        assert_eq!(queue.push(vec![1; FRAME_TASK_MAX].into()), Ok(()));
        assert_eq!(queue.push(vec![1; FRAME_TASK_MAX].into()), Ok(()));
        assert_eq!(queue.push(vec![1].into()), Err(SendError::Full), "bytes count as well");
        drop(_outlet);
        let (queue, outlet) = Queue::new();
        drop(outlet);
        assert_eq!(queue.push(vec![1].into()), Err(SendError::NoLink));
    }
}
