//! The handshake: from a TCP connection to a multiplexed connection with a proven peer.
//!
//! multistream-select agrees on `/noise`, Noise proves both PeerIds, and multistream-select agrees on `/yamux/1.0.0`
//! inside the encrypted stream.

use super::noise_stream::NoiseStream;
use super::shared::Shared;
use super::stream::{agree, choose, propose};
use crate::limits::LINK_STREAMS_HARD_MAX;
use crate::wire::noise::{Established, Handshake, HandshakeKeys};
use crate::wire::peer_id::PeerId;
use async_net::TcpStream;
use smol::io::{AsyncBufReadExt, BufReader};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

const NOISE: &str = "/noise";
const YAMUX: &str = "/yamux/1.0.0";

/// Bytes of one stream's window, fixed by the yamux specification. Windows do not grow, so memory stays bounded.
const WINDOW: usize = 256 * 1024;

/// A link that is ready for streams.
pub(super) struct Handshaken {
    pub(super) peer: PeerId,
    /// The mark of the start of its agent, if it sends one.
    pub(super) start: Option<u64>,
    pub(super) mux: yamux::Connection<NoiseStream>,
    /// Counts the bytes that arrive.
    pub(super) received: Arc<AtomicU64>,
}

/// Why a handshake failed.
pub(super) enum HandshakeError {
    /// The peer proved this PeerId, and is not allowed to link.
    UnknownPeer(PeerId),
    /// A phrase for people.
    Failed(String),
}

impl From<String> for HandshakeError {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// The dialling end. Fails unless the other end proves to be `peer`.
pub(super) async fn dial(shared: &Shared, tcp: TcpStream, peer: PeerId) -> Result<Handshaken, String> {
    let (mut stream, mut out) = (BufReader::new(tcp), Vec::new());
    propose(&mut stream, NOISE).await?;
    let handshake = Handshake::dial(&shared.key, peer, secrets()?, &mut out).map_err(|why| why.to_string())?;
    let mut handshake = handshake.with_start(shared.start);
    let secured = agree(&mut stream, &mut out, |input, out| handshake.feed(input, out)).await?;
    let (peer, start) = (secured.peer, secured.start);
    let mut secure = secure(stream, secured);
    propose(&mut secure, YAMUX).await?;
    Ok(multiplex(secure, peer, start, yamux::Mode::Client))
}

/// The listening end. `turn` is awaited before any costly computation.
pub(super) async fn listen(
    shared: &Shared,
    tcp: TcpStream,
    turn: impl Future<Output = ()>,
) -> Result<Handshaken, HandshakeError> {
    let (mut stream, mut out) = (BufReader::new(tcp), Vec::new());
    choose(&mut stream, &[NOISE]).await?;
    if stream.fill_buf().await.map_err(|error| error.to_string())?.is_empty() {
        return Err("the other end closed the connection".to_owned().into());
    }
    turn.await;
    let handshake = Handshake::listen(&shared.key, secrets()?).map_err(|why| why.to_string())?;
    let mut handshake = handshake.with_start(shared.start);
    let secured = agree(&mut stream, &mut out, |input, out| handshake.feed(input, out)).await?;
    let (peer, start) = (secured.peer, secured.start);
    if !shared.table().is_allowed(&peer) {
        return Err(HandshakeError::UnknownPeer(peer));
    }
    let mut secure = secure(stream, secured);
    choose(&mut secure, &[YAMUX]).await?;
    Ok(multiplex(secure, peer, start, yamux::Mode::Server))
}

fn secure(stream: BufReader<TcpStream>, secured: Established) -> NoiseStream {
    let early = stream.buffer().to_vec();
    NoiseStream::new(stream.into_inner(), secured.transport, &early)
}

fn multiplex(secure: NoiseStream, peer: PeerId, start: Option<u64>, mode: yamux::Mode) -> Handshaken {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(LINK_STREAMS_HARD_MAX);
    config.set_max_connection_receive_window(Some(LINK_STREAMS_HARD_MAX * WINDOW));
    let received = secure.received();
    Handshaken { peer, start, mux: yamux::Connection::new(secure, config, mode), received }
}

/// The two keys of one handshake, from the operating system's generator.
fn secrets() -> Result<HandshakeKeys, String> {
    let mut secrets = HandshakeKeys { fixed: [0; 32], ephemeral: [0; 32] };
    for key in [&mut secrets.fixed, &mut secrets.ephemeral] {
        getrandom::fill(key).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    }
    Ok(secrets)
}
