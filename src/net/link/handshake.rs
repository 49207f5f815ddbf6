//! The handshake: from a TCP connection to a multiplexed connection with a proven peer.
//!
//! multistream-select agrees on `/noise`, Noise proves both PeerIds, and multistream-select agrees on `/yamux/1.0.0`
//! inside the encrypted stream.

use super::noise_stream::NoiseStream;
use super::shared::Shared;
use super::stream::{agree, choose, propose};
use crate::limits::{LINK_SPLIT_BYTES, LINK_STREAMS_HARD_MAX, LINK_WINDOW_BYTES};
use crate::wire::noise::{Established, Extensions, Handshake, HandshakeKeys};
use crate::wire::peer_id::PeerId;
use async_net::TcpStream;
use smol::io::{AsyncBufReadExt, BufReader};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, PoisonError};

const NOISE: &str = "/noise";
const YAMUX: &str = "/yamux/1.0.0";

/// A link that is ready for streams.
pub(super) struct Handshaken {
    pub(super) peer: PeerId,
    /// What it tells besides, which is not checked.
    pub(super) extensions: Extensions,
    pub(super) mux: yamux::Connection<NoiseStream>,
    /// Counts the bytes that arrive.
    pub(super) received: Arc<AtomicU64>,
}

/// The dialling end of a link. Fails unless the other end proves to be `peer`.
pub(super) async fn dial(shared: &Shared, tcp: TcpStream, peer: PeerId) -> Result<Handshaken, String> {
    let certificates = shared.shown.certificates.lock().unwrap_or_else(PoisonError::into_inner).clone();
    begin(shared, tcp, Some(peer), Extensions { start: Some(shared.start), certificates, guest: false }).await
}

/// The dialling end that comes as a guest, to `peer` or to whoever answers.
pub(super) async fn dial_as_guest(shared: &Shared, tcp: TcpStream, peer: Option<PeerId>) -> Result<Handshaken, String> {
    begin(shared, tcp, peer, Extensions { start: Some(shared.start), certificates: Vec::new(), guest: true }).await
}

async fn begin(
    shared: &Shared,
    tcp: TcpStream,
    peer: Option<PeerId>,
    extensions: Extensions,
) -> Result<Handshaken, String> {
    let (mut stream, mut out) = (BufReader::new(tcp), Vec::new());
    propose(&mut stream, NOISE).await?;
    let handshake = Handshake::dial(&shared.key, peer, secrets()?, &mut out).map_err(|why| why.to_string())?;
    let mut handshake = handshake.with(extensions);
    let secured = agree(&mut stream, &mut out, |input, out| handshake.feed(input, out)).await?;
    let (peer, extensions) = (secured.peer, secured.extensions.clone());
    let mut secure = secure(stream, secured);
    propose(&mut secure, YAMUX).await?;
    Ok(multiplex(secure, peer, extensions, yamux::Mode::Client))
}

/// A listening end's connection to a proven peer, before it is said whether that may have streams.
pub(super) struct Proven {
    pub(super) peer: PeerId,
    /// What it tells besides, which is not checked.
    pub(super) extensions: Extensions,
    stream: NoiseStream,
}

impl Proven {
    /// The multiplexed connection.
    pub(super) async fn multiplexed(self) -> Result<Handshaken, String> {
        let Self { peer, extensions, mut stream } = self;
        choose(&mut stream, &[YAMUX]).await?;
        Ok(multiplex(stream, peer, extensions, yamux::Mode::Server))
    }
}

/// The listening end. `turn` is awaited before any costly computation.
pub(super) async fn listen(shared: &Shared, tcp: TcpStream, turn: impl Future<Output = ()>) -> Result<Proven, String> {
    let (mut stream, mut out) = (BufReader::new(tcp), Vec::new());
    choose(&mut stream, &[NOISE]).await?;
    if stream.fill_buf().await.map_err(|error| error.to_string())?.is_empty() {
        return Err("the other end closed the connection".to_owned());
    }
    turn.await;
    let handshake = Handshake::listen(&shared.key, secrets()?).map_err(|why| why.to_string())?;
    let mut handshake = handshake.with(Extensions { start: Some(shared.start), ..Extensions::default() });
    let secured = agree(&mut stream, &mut out, |input, out| handshake.feed(input, out)).await?;
    let (peer, extensions) = (secured.peer, secured.extensions.clone());
    Ok(Proven { peer, extensions, stream: secure(stream, secured) })
}

fn secure(stream: BufReader<TcpStream>, secured: Established) -> NoiseStream {
    let early = stream.buffer().to_vec();
    NoiseStream::new(stream.into_inner(), secured.transport, &early)
}

fn multiplex(mut secure: NoiseStream, peer: PeerId, extensions: Extensions, mode: yamux::Mode) -> Handshaken {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(LINK_STREAMS_HARD_MAX);
    config.set_max_connection_receive_window(Some(LINK_STREAMS_HARD_MAX * LINK_WINDOW_BYTES));
    config.set_split_send_size(LINK_SPLIT_BYTES);
    secure.collect();
    let received = secure.received();
    Handshaken { peer, extensions, mux: yamux::Connection::new(secure, config, mode), received }
}

/// The two keys of one handshake, from the operating system's generator.
fn secrets() -> Result<HandshakeKeys, String> {
    let mut secrets = HandshakeKeys { fixed: [0; 32], ephemeral: [0; 32] };
    for key in [&mut secrets.fixed, &mut secrets.ephemeral] {
        getrandom::fill(key).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    }
    Ok(secrets)
}
