//! What happens on a link's streams: identify and ping, both ways, and frames that come in.

use super::channel::Channel;
use super::connection::TaskScope;
use super::handshake::choose;
use super::peers::Link;
use super::stream::{Stream, Streams, buffered, finish, within};
use super::{LinkEvent, Shared};
use crate::base::rng::Rng;
use crate::limits::{
    IDENTIFY_BYTES_MAX, LINK_HANDSHAKE_MS, LINK_PING_MS, LINK_PINGS_MISSED_MAX, LINK_STREAMS_MAX,
    LINK_STREAMS_PROTOCOL_MAX,
};
use crate::wire::envelope::Encoding;
use crate::wire::frame::Decoder;
use crate::wire::identify::{AGENT, IDENTIFY, Identify};
use crate::wire::json::line::Lines;
use crate::wire::multiaddr::Multiaddr;
use crate::wire::varint;
use log::{debug, warn};
use smol::Timer;
use smol::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// libp2p specs ping/ping.md: 32 random bytes come back.
const PING: &str = "/ipfs/ping/1.0.0";
const PING_BYTES: usize = 32;

const SPOKEN: &[&str] =
    &[IDENTIFY, PING, Channel::Gossip.protocol(), Channel::Task.protocol(), Channel::Json.protocol()];

/// The streams that a peer has open on a link, all and by protocol.
#[derive(Default)]
pub(super) struct InboundStreams {
    counts: Arc<[AtomicUsize; 1 + SPOKEN.len()]>,
}

/// One place among them, given back when dropped.
struct InboundSlot {
    counts: Arc<[AtomicUsize; 1 + SPOKEN.len()]>,
    at: usize,
}

impl InboundSlot {
    fn take(counts: &Arc<[AtomicUsize; 1 + SPOKEN.len()]>, at: usize, cap: usize) -> Option<Self> {
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
    /// Serves a stream, or resets it at once if the peer has too many.
    pub(super) fn receive(&mut self, scope: &TaskScope, stream: yamux::Stream) {
        let Some(place) = InboundSlot::take(&self.counts, 0, LINK_STREAMS_MAX) else {
            debug!("A stream was reset: {} has {LINK_STREAMS_MAX} open.", scope.link.known().peer);
            return;
        };
        let (shared, link, counts) = (Arc::clone(&scope.shared), scope.link.clone(), Arc::clone(&self.counts));
        scope.tend(async move {
            if let Err(why) = serve(&shared, &link, &counts, buffered(stream)).await {
                debug!("A stream of {} ended: {why}.", link.known().peer);
            }
            drop(place);
        });
    }
}

async fn serve(
    shared: &Shared,
    link: &Link,
    counts: &Arc<[AtomicUsize; 1 + SPOKEN.len()]>,
    mut stream: Stream,
) -> Result<(), String> {
    let limit = Duration::from_millis(LINK_HANDSHAKE_MS);
    let chosen = within(limit, choose(&mut stream, SPOKEN)).await.ok_or("it asked for nothing")??;
    let at = SPOKEN.iter().position(|protocol| *protocol == chosen).unwrap_or_default();
    let _place =
        InboundSlot::take(counts, at + 1, LINK_STREAMS_PROTOCOL_MAX).ok_or("it has enough of this protocol")?;
    let channel = Channel::ALL.into_iter().find(|channel| channel.protocol() == chosen);
    match (chosen, channel) {
        (_, Some(channel)) => receive_frames(shared, link, channel, &mut stream).await?,
        (IDENTIFY, _) => {
            let who = describe(shared, link.known().address).encode();
            stream.write_all(&who).await.map_err(|error| error.to_string())?;
        }
        _ => echo(&mut stream).await.map_err(|error| error.to_string())?,
    }
    finish(stream).await;
    Ok(())
}

/// What this agent says of itself.
fn describe(shared: &Shared, observed: Multiaddr) -> Identify {
    let places = shared.places.lock().unwrap_or_else(PoisonError::into_inner);
    let listen = places.iter().copied().map(Multiaddr::from).collect();
    let protocols = SPOKEN.iter().map(|protocol| (*protocol).to_owned()).collect();
    Identify { peer: Some(shared.own), listen, protocols, observed: Some(observed), agent: AGENT.to_owned() }
}

async fn echo(stream: &mut Stream) -> std::io::Result<()> {
    let mut bytes = [0; PING_BYTES];
    // A stream that is silent for long is ended; the peer opens another.
    while let Some(read) = within(Duration::from_millis(4 * LINK_PING_MS), stream.read_exact(&mut bytes)).await {
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            read => read?,
        }
        stream.write_all(&bytes).await?;
        stream.flush().await?;
    }
    Ok(())
}

/// What cuts a stream into frames.
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

/// Reads frames and hands each to the driver before the next one is read.
async fn receive_frames(shared: &Shared, link: &Link, channel: Channel, stream: &mut Stream) -> Result<(), String> {
    let peer = link.known().peer;
    let mut cutter = FrameSplitter::new(channel);
    loop {
        let input = stream.fill_buf().await.map_err(|error| error.to_string())?;
        if input.is_empty() {
            return if cutter.is_between() { Ok(()) } else { Err("it ended within a frame".to_owned()) };
        }
        if cutter.is_between() {
            cutter.reuse(shared.kept.take());
        }
        let (used, frame) = cutter.feed(input)?;
        stream.consume(used);
        if let Some(bytes) = frame {
            link.speak(channel.encoding());
            shared.tell(LinkEvent::Frame { peer, channel, bytes: shared.kept.frame(bytes) }).await;
        }
    }
}

/// Asks the peer what it is, once.
pub(super) async fn ask_who(link: Link) {
    let peer = link.known().peer;
    let asked = async {
        let mut stream = link.streams().open(IDENTIFY).await?;
        let (mut said, cap) = (Vec::new(), IDENTIFY_BYTES_MAX + varint::BYTES_MAX);
        (&mut stream).take(cap as u64).read_to_end(&mut said).await.map_err(|error| error.to_string())?;
        finish(stream).await;
        Identify::decode(&said).ok_or_else(|| "its answer could not be read".to_owned())
    };
    let limit = Duration::from_millis(LINK_HANDSHAKE_MS);
    match within(limit, asked).await.unwrap_or_else(|| Err("no answer in time".to_owned())) {
        Ok(who) => {
            if who.peer.is_some_and(|said| said != peer) {
                warn!("The device {peer} says of itself that it is another one.");
            }
            debug!("The device {peer} is {} and speaks {}.", who.agent, who.protocols.join(" "));
            let speaks = |channel: Channel| who.protocols.iter().any(|spoken| spoken == channel.protocol());
            if speaks(Channel::Json) && !speaks(Channel::Task) && !speaks(Channel::Gossip) {
                link.speak(Encoding::Json);
            }
            link.learn(|known| {
                known.agent = who.agent;
                known.protocols = who.protocols;
            });
        }
        Err(why) => debug!("The device {peer} did not say what it is: {why}."),
    }
}

/// Pings a silent link, and ends it when too many pings in a row stay without an answer.
pub(super) async fn keep_alive(shared: Arc<Shared>, link: Link, heard: Arc<AtomicU64>) {
    let mut seed = [0; 8];
    // Without chance all links would be pinged at the same moment: a pity, no failure.
    let _ = getrandom::fill(&mut seed);
    let mut rng = Rng::new(u64::from_le_bytes(seed));
    let limit = shared.settings.ping;
    let (mut before, mut missed) = (0, 0);
    loop {
        let now = heard.load(Ordering::Relaxed);
        if now != before || missed == 0 {
            // A lost ping is followed by the next one at once.
            (before, missed) = (now, 0);
            let percent = 80 + u32::try_from(rng.below(41)).unwrap_or(20);
            Timer::after(limit * percent / 100).await;
            if heard.load(Ordering::Relaxed) != before {
                continue;
            }
        }
        match ping(&link.streams(), limit).await {
            Ok(time) => link.learn(|known| known.ping = Some(time)),
            Err(why) => debug!("A ping to {} failed: {why}.", link.known().peer),
        }
        // Any byte is a sign of life, even a refusal to speak of pings.
        missed = if heard.load(Ordering::Relaxed) == before { missed + 1 } else { 0 };
        if missed >= LINK_PINGS_MISSED_MAX {
            link.hang_up("it did not answer");
            return;
        }
    }
}

/// One ping on a stream of its own: the time to the peer and back, without that of opening the stream.
pub(super) async fn ping(streams: &Streams, limit: Duration) -> Result<Duration, String> {
    let pinged = async {
        let mut stream = streams.open(PING).await?;
        let (mut sent, mut back) = ([0; PING_BYTES], [0; PING_BYTES]);
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

/// Measures how long something takes, in finer steps than the agent's clock.
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
