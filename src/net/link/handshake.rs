//! From a TCP connection to a multiplexed link with a known peer: multistream-select, Noise, again, yamux.

use super::Shared;
use super::noise_stream::Secure;
use super::stream::agree;
use crate::limits::LINK_STREAMS_HARD_MAX;
use crate::wire::multistream::{Dialer, Listener};
use crate::wire::noise::{Established, Handshake, HandshakeKeys};
use crate::wire::peer_id::PeerId;
use async_net::TcpStream;
use smol::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, BufReader};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

const NOISE: &str = "/noise";
const YAMUX: &str = "/yamux/1.0.0";

/// Bytes of one stream's window, fixed by yamux; windows do not grow, so that memory stays bounded.
const WINDOW: usize = 256 * 1024;

/// A link that is ready for streams.
pub(super) struct Handshaken {
    pub(super) peer: PeerId,
    pub(super) mux: yamux::Connection<Secure>,
    /// Bytes that arrived.
    pub(super) heard: Arc<AtomicU64>,
}

/// Why no link came about.
pub(super) enum NoLink {
    /// Known to be this one, and not allowed.
    UnknownPeer(PeerId),
    /// A phrase for people.
    Failed(String),
}

impl From<String> for NoLink {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

/// The dialling end. Nobody but `peer` will do.
pub(super) async fn dial(shared: &Shared, tcp: TcpStream, peer: PeerId) -> Result<Handshaken, String> {
    let (mut stream, mut out) = (BufReader::new(tcp), Vec::new());
    propose(&mut stream, NOISE).await?;
    let mut handshake = Handshake::dial(&shared.key, peer, secrets()?, &mut out).map_err(|why| why.to_string())?;
    let secured = agree(&mut stream, &mut out, |input, out| handshake.feed(input, out)).await?;
    let peer = secured.peer;
    let mut secure = secure(stream, secured);
    propose(&mut secure, YAMUX).await?;
    Ok(multiplex(secure, peer, yamux::Mode::Client))
}

/// The listening end. `turn` is awaited before anything that costs computing.
pub(super) async fn listen(
    shared: &Shared,
    tcp: TcpStream,
    turn: impl Future<Output = ()>,
) -> Result<Handshaken, NoLink> {
    let (mut stream, mut out) = (BufReader::new(tcp), Vec::new());
    choose(&mut stream, &[NOISE]).await?;
    if stream.fill_buf().await.map_err(|error| error.to_string())?.is_empty() {
        return Err("the other end closed the connection".to_owned().into());
    }
    turn.await;
    let mut handshake = Handshake::listen(&shared.key, secrets()?).map_err(|why| why.to_string())?;
    let secured = agree(&mut stream, &mut out, |input, out| handshake.feed(input, out)).await?;
    let peer = secured.peer;
    if !shared.table().is_allowed(&peer) {
        return Err(NoLink::UnknownPeer(peer));
    }
    let mut secure = secure(stream, secured);
    choose(&mut secure, &[YAMUX]).await?;
    Ok(multiplex(secure, peer, yamux::Mode::Server))
}

async fn propose<S: AsyncBufRead + AsyncWrite + Unpin>(stream: &mut S, protocol: &'static str) -> Result<(), String> {
    let mut out = Vec::new();
    let mut dialer = Dialer::new(protocol, &mut out);
    let feed = |input: &[u8], _: &mut Vec<u8>| dialer.feed(input).map(|(used, agreed)| (used, agreed.then_some(())));
    agree(stream, &mut out, feed).await
}

/// Agrees to one of `protocols`.
pub(super) async fn choose<S: AsyncBufRead + AsyncWrite + Unpin>(
    stream: &mut S,
    protocols: &'static [&'static str],
) -> Result<&'static str, String> {
    let mut listener = Listener::new(protocols);
    agree(stream, &mut Vec::new(), |input, out| listener.feed(input, out)).await
}

fn secure(stream: BufReader<TcpStream>, secured: Established) -> Secure {
    let early = stream.buffer().to_vec();
    Secure::new(stream.into_inner(), secured.transport, &early)
}

fn multiplex(secure: Secure, peer: PeerId, mode: yamux::Mode) -> Handshaken {
    let mut config = yamux::Config::default();
    config.set_max_num_streams(LINK_STREAMS_HARD_MAX);
    config.set_max_connection_receive_window(Some(LINK_STREAMS_HARD_MAX * WINDOW));
    let heard = secure.heard();
    Handshaken { peer, mux: yamux::Connection::new(secure, config, mode), heard }
}

/// The two keys of one handshake, from the operating system's generator.
fn secrets() -> Result<HandshakeKeys, String> {
    let mut secrets = HandshakeKeys { fixed: [0; 32], ephemeral: [0; 32] };
    for key in [&mut secrets.fixed, &mut secrets.ephemeral] {
        getrandom::fill(key).map_err(|error| format!("the system gives no random numbers: {error}"))?;
    }
    Ok(secrets)
}
