//! The streams that a peer opens on a link: identify, ping, frames that arrive, and what it asks for by bitswap.

use super::bitswap::BitswapSession;
use super::channel::Channel;
use super::event::LinkEvent;
use super::scope::TaskScope;
use super::shared::Shared;
use super::stream::{Stream, choose, finish, within};
use super::table::Link;
use super::{identify, ping};
use crate::limits::{BITSWAP_LINK_STREAMS_MAX, LINK_HANDSHAKE_MS, LINK_STREAMS_MAX, LINK_STREAMS_PROTOCOL_MAX};
use crate::wire::bitswap::BITSWAP;
use crate::wire::envelope::Encoding;
use crate::wire::frame::Decoder;
use crate::wire::identify::IDENTIFY;
use crate::wire::json::line::Lines;
use log::debug;
use smol::io::AsyncBufReadExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The protocols that this agent supports; the last one only while blocks are served.
const PROTOCOLS: &[&str] = &[
    IDENTIFY,
    ping::PROTOCOL,
    Channel::Gossip.protocol(),
    Channel::Task.protocol(),
    Channel::Json.protocol(),
    BITSWAP,
];

/// Counts of the streams that a peer has open on a link: in all, then by protocol.
type Counts = Arc<[AtomicUsize; 1 + PROTOCOLS.len()]>;

/// The streams that a peer opens on a link.
pub(super) struct InboundStreams {
    counts: Counts,
    /// What it asks for; `None`: no blocks are served.
    blocks: Option<BitswapSession>,
}

/// One counted stream; no longer counted when dropped.
struct InboundSlot {
    counts: Counts,
    at: usize,
}

impl InboundSlot {
    fn take(counts: &Counts, at: usize, cap: usize) -> Option<Self> {
        let free = |count: usize| (count < cap).then_some(count + 1);
        counts.get(at)?.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free).ok()?;
        Some(Self { counts: Arc::clone(counts), at })
    }
}

impl Drop for InboundSlot {
    fn drop(&mut self) {
        if let Some(count) = self.counts.get(self.at) {
            count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl InboundStreams {
    /// Those of the link of this scope, in which blocks are served if they are at all.
    pub(super) fn begin(scope: &TaskScope) -> Self {
        let blocks = scope.shared.blocks.get().cloned().map(BitswapSession::new);
        if let Some(session) = blocks.clone() {
            // A peer that is only told why it may not link is no better than a guest.
            let limited = !scope.shared.table().is_allowed(&scope.link.info().peer);
            scope.spawn(session.answer(scope.link.streams(), limited));
        }
        Self { counts: Arc::default(), blocks }
    }

    /// Serves a stream, or resets it at once if the peer has too many.
    pub(super) fn receive(&mut self, scope: &TaskScope, stream: yamux::Stream) {
        let Some(slot) = InboundSlot::take(&self.counts, 0, LINK_STREAMS_MAX) else {
            debug!("A stream was reset: {} has {LINK_STREAMS_MAX} open.", scope.link.info().peer);
            return;
        };
        let (shared, link, counts) = (Arc::clone(&scope.shared), scope.link.clone(), Arc::clone(&self.counts));
        let blocks = self.blocks.clone();
        scope.spawn(async move {
            if let Err(why) = serve(&shared, &link, &counts, blocks.as_ref(), stream.into()).await {
                debug!("A stream of {} ended: {why}.", link.info().peer);
            }
            drop(slot);
        });
    }
}

async fn serve(
    shared: &Shared,
    link: &Link,
    counts: &Counts,
    blocks: Option<&BitswapSession>,
    mut stream: Stream,
) -> Result<(), String> {
    let limit = Duration::from_millis(LINK_HANDSHAKE_MS);
    let without = PROTOCOLS.split_last().map_or(PROTOCOLS, |(_, without)| without);
    let offered = if blocks.is_some() { PROTOCOLS } else { without };
    let chosen = within(limit, choose(&mut stream, offered)).await.ok_or("it asked for nothing")??;
    let at = PROTOCOLS.iter().position(|protocol| *protocol == chosen).unwrap_or_default();
    let cap = if chosen == BITSWAP { BITSWAP_LINK_STREAMS_MAX } else { LINK_STREAMS_PROTOCOL_MAX };
    let _slot = InboundSlot::take(counts, at + 1, cap).ok_or("it has enough of this protocol")?;
    let channel = Channel::ALL.into_iter().find(|channel| channel.protocol() == chosen);
    match (chosen, channel) {
        (_, Some(channel)) => receive_frames(shared, link, channel, &mut stream).await?,
        (IDENTIFY, _) => {
            identify::answer(shared, link.info().address, offered, &mut stream).await?;
        }
        (BITSWAP, _) => blocks.ok_or("no blocks are served")?.receive(&mut stream).await?,
        _ => ping::answer(&mut stream).await.map_err(|error| error.to_string())?,
    }
    finish(stream).await;
    Ok(())
}

/// Splits a stream into frames.
enum FrameSplitter {
    Frames(Decoder),
    Lines(Lines),
}

impl FrameSplitter {
    fn new(channel: Channel) -> Self {
        match channel.encoding() {
            Encoding::Postcard => Self::Frames(Decoder::new(channel.frame_max())),
            Encoding::Json => Self::Lines(Lines::default()),
        }
    }

    fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Vec<u8>>), String> {
        match self {
            Self::Frames(frames) => frames.feed(input).map_err(|why| why.to_string()),
            Self::Lines(lines) => lines.feed(input).map_err(|why| why.to_string()),
        }
    }

    /// How long the frame is that begins with this input, as far as can be told.
    fn announced(&self, input: &[u8]) -> usize {
        match self {
            Self::Frames(frames) => frames.announced(input).unwrap_or(0),
            Self::Lines(_) => input.len(),
        }
    }

    fn is_between(&self) -> bool {
        match self {
            Self::Frames(frames) => frames.is_between(),
            Self::Lines(lines) => lines.is_between(),
        }
    }

    fn reuse(&mut self, buffer: Vec<u8>) {
        match self {
            Self::Frames(frames) => frames.reuse(buffer),
            Self::Lines(lines) => lines.reuse(buffer),
        }
    }
}

/// Reads frames, and passes each to the driver before it reads the next one.
async fn receive_frames(shared: &Shared, link: &Link, channel: Channel, stream: &mut Stream) -> Result<(), String> {
    let peer = link.info().peer;
    let mut splitter = FrameSplitter::new(channel);
    loop {
        let input = stream.fill_buf().await.map_err(|error| error.to_string())?;
        if input.is_empty() {
            return if splitter.is_between() { Ok(()) } else { Err("it ended within a frame".to_owned()) };
        }
        if splitter.is_between() {
            splitter.reuse(shared.buffers.take(splitter.announced(input)));
        }
        let (used, frame) = splitter.feed(input)?;
        stream.consume(used);
        if let Some(bytes) = frame {
            link.set_encoding(channel.encoding());
            shared.report(LinkEvent::Frame { peer, channel, bytes: shared.buffers.frame(bytes) }).await;
        }
    }
}
