//! Guests: peers that finished the Noise handshake and may not link.
//!
//! A guest may identify, ping and be paired. It has `GUEST_STREAMS_MAX` streams and `GUEST_MS`, and there are `GUESTS_MAX` of
//! them at once, of which `GUESTS_ADDRESS_MAX` from one address; the oldest silent one gives way (`guest_table`). Where blocks are served, a guest
//! may fetch them by bitswap: it has `BITSWAP_STREAMS_MAX` streams then, of which `GUEST_STREAMS_MAX` may be for anything else, and stays for `GUEST_MS` after each block, `BITSWAP_GUEST_MS` at
//! most, and keeps its place from nobody. Pairing is a conversation: frames in both directions on one
//! stream, `/wattle/pair/1` with frames as on the other channels, or `/wattle/pair-json/1` with lines of JSON for agents in
//! any language. What the frames say is `wire::pairing`'s, and what follows from it is the node's to decide.

use super::bitswap::BitswapSession;
use super::event::{GuestEvent, LinkEvent};
use super::handshake::{self, Handshaken};
use super::scope::TaskScope;
use super::shared::Shared;
use super::stream::{Stream, choose, finish, within};
use super::yamux_driver::YamuxDriver;
use super::{connection, identify, ping};
use crate::limits::{
    BITSWAP_GUEST_MS, BITSWAP_STREAMS_MAX, GUEST_MS, GUEST_STREAMS_MAX, LINK_HANDSHAKE_MS, PAIR_FRAME_MAX,
    PAIR_LINE_MAX,
};
use crate::platform::clock;
use crate::wire::bitswap::BITSWAP;
use crate::wire::frame::{self, Decoder};
use crate::wire::identify::IDENTIFY;
use crate::wire::json::line::Lines;
use crate::wire::pairing::{PROTOCOL as PAIR, PROTOCOL_JSON as PAIR_JSON};
use crate::wire::peer_id::PeerId;
use log::debug;
use smol::Timer;
use smol::future::or;
use smol::io::{AsyncBufReadExt, AsyncWriteExt};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

const PROTOCOLS: &[&str] = &[IDENTIFY, ping::PROTOCOL, PAIR, PAIR_JSON];

/// The same where blocks are served.
const PROTOCOLS_AND_BLOCKS: &[&str] = &[IDENTIFY, ping::PROTOCOL, PAIR, PAIR_JSON, BITSWAP];

/// Why a stream ends on which this agent cannot write.
const SLOW: &str = "it reads too slowly";

/// One guest's connection.
#[derive(Clone)]
struct Guest {
    peer: PeerId,
    address: SocketAddr,
    /// The number of its place.
    place: u64,
    streams: Arc<AtomicUsize>,
    /// Those of its streams that have a protocol, and another one than bitswap.
    others: Arc<AtomicUsize>,
    /// Whether a conversation began.
    began: Arc<AtomicBool>,
    /// Whether it has said something in a conversation that lasts.
    speaks: Arc<AtomicBool>,
    /// The blocks that it asks for; `None`: none are served.
    blocks: Option<BitswapSession>,
}

impl Guest {
    const fn protocols(&self) -> &'static [&'static str] {
        if self.blocks.is_some() { PROTOCOLS_AND_BLOCKS } else { PROTOCOLS }
    }

    const fn streams_max(&self) -> usize {
        if self.blocks.is_some() { BITSWAP_STREAMS_MAX } else { GUEST_STREAMS_MAX }
    }

    /// Waits until its time is over.
    async fn time(&self) -> String {
        let (came, idle) = (clock::now(), Duration::from_millis(GUEST_MS));
        let last = came + Duration::from_millis(BITSWAP_GUEST_MS);
        loop {
            let sent_at = self.blocks.as_ref().and_then(BitswapSession::sent_at).unwrap_or(came);
            let left = (sent_at + idle).min(last).since(clock::now());
            if left.is_zero() {
                return "its time is over".to_owned();
            }
            Timer::after(left).await;
        }
    }
}

/// Dials `peer`, or whoever answers at `address`, as a guest, and begins a conversation.
pub(super) async fn dial(shared: Arc<Shared>, peer: Option<PeerId>, address: SocketAddr) {
    let connected = async { handshake::dial_as_guest(&shared, connection::tcp(address).await?, peer).await };
    let connected = within(shared.settings.handshake, connected).await;
    let (ended, met) = match connected.unwrap_or_else(|| Err("no answer in time".to_owned())) {
        Ok(handshaken) => (run(&shared, handshaken, address, true).await, true),
        Err(why) => (Err(why), false),
    };
    if let Err(why) = ended {
        shared.report(LinkEvent::GuestFailed { address, why, met }).await;
    }
}

/// Serves a guest until its connection ends. An error means that it was not let in, or that the conversation of one that
/// was `dialled` did not begin.
pub(super) async fn run(
    shared: &Arc<Shared>,
    handshaken: Handshaken,
    address: SocketAddr,
    dialled: bool,
) -> Result<(), String> {
    let Handshaken { peer, mux, .. } = handshaken;
    let (mut driver, streams, stop) = YamuxDriver::new(mux);
    let speaks = Arc::new(AtomicBool::new(false));
    // Strangers that are this agent's guests must not keep it from joining.
    let entered =
        if dialled { Ok(shared.guests().enter_own()) } else { shared.guests().enter(address, Arc::clone(&speaks)) };
    let place = match entered {
        Ok(place) => place,
        Err(why) => {
            driver.close().await;
            shared.report(LinkEvent::GuestsCrowded { address, refused: true }).await;
            return Err(why.to_owned());
        }
    };
    if let Some(address) = place.displaced {
        shared.report(LinkEvent::GuestsCrowded { address, refused: false }).await;
    }
    let (streams_open, began) = (Arc::default(), Arc::default());
    let blocks = shared.blocks.get().filter(|_| !dialled).cloned().map(BitswapSession::new);
    let (place_number, others) = (place.number, Arc::default());
    let guest = Guest { peer, address, place: place_number, streams: streams_open, others, began, speaks, blocks };
    let (scope, end) = TaskScope::new(Arc::clone(shared), guest);
    if let Some(session) = scope.link.blocks.clone() {
        scope.spawn(session.answer(streams.clone(), true));
    }
    if dialled {
        let (shared, guest) = (Arc::clone(shared), scope.link.clone());
        scope.spawn(async move {
            let conversed = match streams.open(PAIR).await {
                Ok(stream) => converse(&shared, &guest, false, true, stream).await,
                Err(why) => Err(why),
            };
            let _ = stop.try_send(conversed.err().unwrap_or_else(|| "it is done".to_owned()));
        });
    }
    let driven = driver.drive(&shared.stopping, |stream| receive(&scope, stream));
    let driven = or(driven, async {
        place.lost().await;
        "its place was needed for another device".to_owned()
    });
    let why = or(driven, scope.link.time()).await;
    debug!("The guest {peer} at {address} is gone: {why}.");
    shared.guests().end_at(&peer, place.number);
    let began = scope.link.began.load(Ordering::Relaxed);
    end.end(scope).await;
    driver.close().await;
    if !dialled {
        shared.guests().leave(place.number);
    }
    if dialled && !began { Err(why) } else { Ok(()) }
}

/// Serves a stream, or resets it at once if the guest has too many.
fn receive(scope: &TaskScope<Guest>, stream: yamux::Stream) {
    let (shared, guest) = (Arc::clone(&scope.shared), scope.link.clone());
    if guest.streams.fetch_add(1, Ordering::Relaxed) >= guest.streams_max() {
        guest.streams.fetch_sub(1, Ordering::Relaxed);
        return debug!("A stream was reset: the guest {} has {} open.", guest.peer, guest.streams_max());
    }
    scope.spawn(async move {
        if let Err(why) = serve(&shared, &guest, stream.into()).await {
            debug!("A stream of the guest {} ended: {why}.", guest.peer);
        }
        guest.streams.fetch_sub(1, Ordering::Relaxed);
    });
}

async fn serve(shared: &Shared, guest: &Guest, mut stream: Stream) -> Result<(), String> {
    let limit = Duration::from_millis(LINK_HANDSHAKE_MS);
    let chosen = within(limit, choose(&mut stream, guest.protocols())).await.ok_or("it asked for nothing")??;
    if chosen == BITSWAP {
        shared.guests().fetches(guest.place);
        guest.blocks.as_ref().ok_or("no blocks are served")?.receive(&mut stream).await?;
        finish(stream).await;
        return Ok(());
    }
    // The many streams are for fetching: on the others this agent also writes, and what arrives meanwhile waits in memory.
    let served = match guest.others.fetch_add(1, Ordering::Relaxed) {
        before if before < GUEST_STREAMS_MAX => serve_other(shared, guest, chosen, stream).await,
        _ => Err("it has enough streams that fetch nothing".to_owned()),
    };
    guest.others.fetch_sub(1, Ordering::Relaxed);
    served
}

/// Serves a stream of another protocol than bitswap.
async fn serve_other(shared: &Shared, guest: &Guest, chosen: &str, mut stream: Stream) -> Result<(), String> {
    match chosen {
        IDENTIFY => {
            let answered = identify::answer(shared, guest.address.into(), guest.protocols(), &mut stream);
            within(Duration::from_millis(LINK_HANDSHAKE_MS), answered).await.ok_or(SLOW)??;
            finish(stream).await;
            Ok(())
        }
        protocol @ (PAIR | PAIR_JSON) => converse(shared, guest, protocol == PAIR_JSON, false, stream).await,
        _ => ping::answer(&mut stream).await.map_err(|error| error.to_string()),
    }
}

/// Passes frames both ways until either side ends it. An error means that it did not begin.
async fn converse(shared: &Shared, guest: &Guest, json: bool, dialled: bool, mut stream: Stream) -> Result<(), String> {
    let &Guest { peer, address, place, .. } = guest;
    let outgoing = shared.guests().begin(peer, place)?;
    guest.began.store(true, Ordering::Relaxed);
    let report = |what| shared.report(LinkEvent::Guest { peer, address, what });
    report(GuestEvent::Began { dialled, json }).await;
    let mut reader = Reader::new(json);
    let why = loop {
        let frame = async { Turn::Received(reader.next(&mut stream).await) };
        let answer = async { Turn::Send(outgoing.recv().await.ok()) };
        // Both can be dropped and begun again: what was read stays in the stream or in the reader.
        match or(answer, frame).await {
            Turn::Received(Ok(Some(bytes))) => {
                guest.speaks.store(true, Ordering::Relaxed);
                report(GuestEvent::Frame(bytes)).await;
            }
            Turn::Received(Ok(None)) => break "the other end closed it".to_owned(),
            Turn::Received(Err(why)) => break why,
            Turn::Send(None) => break "it is done".to_owned(),
            Turn::Send(Some(bytes)) => {
                let limit = Duration::from_millis(LINK_HANDSHAKE_MS);
                match within(limit, write(&mut stream, json, &bytes)).await {
                    Some(Ok(())) => {}
                    Some(Err(error)) => break error.to_string(),
                    None => break SLOW.to_owned(),
                }
            }
        }
    };
    shared.guests().end_at(&peer, place);
    guest.speaks.store(false, Ordering::Relaxed);
    report(GuestEvent::Ended(why)).await;
    finish(stream).await;
    Ok(())
}

enum Turn {
    Received(Result<Option<Vec<u8>>, String>),
    Send(Option<Vec<u8>>),
}

async fn write(stream: &mut Stream, json: bool, bytes: &[u8]) -> std::io::Result<()> {
    let mut wire = Vec::new();
    if json {
        wire.extend_from_slice(bytes);
        wire.push(b'\n');
    } else {
        frame::put(&mut wire, bytes);
    }
    stream.write_all(&wire).await?;
    stream.flush().await
}

/// Reads frames of at most `PAIR_FRAME_MAX` bytes, or lines of at most `PAIR_LINE_MAX`.
enum Reader {
    Frames(Decoder),
    Lines(Lines, usize),
}

impl Reader {
    fn new(json: bool) -> Self {
        if json { Self::Lines(Lines::default(), 0) } else { Self::Frames(Decoder::new(PAIR_FRAME_MAX)) }
    }

    /// The next frame; `None` at the end of the stream.
    async fn next(&mut self, stream: &mut Stream) -> Result<Option<Vec<u8>>, String> {
        loop {
            let input = stream.fill_buf().await.map_err(|error| error.to_string())?;
            if input.is_empty() {
                return Ok(None);
            }
            let (used, frame) = match self {
                Self::Frames(frames) => frames.feed(input).map_err(|why| why.to_string())?,
                Self::Lines(lines, length) => {
                    let (used, line) = lines.feed(input).map_err(|why| why.to_string())?;
                    *length = if line.is_some() { 0 } else { *length + used };
                    if *length > PAIR_LINE_MAX || line.as_ref().is_some_and(|line| line.len() >= PAIR_LINE_MAX) {
                        return Err(format!("a line has more than {PAIR_LINE_MAX} bytes"));
                    }
                    (used, line)
                }
            };
            stream.consume(used);
            if frame.is_some() {
                return Ok(frame);
            }
        }
    }
}
