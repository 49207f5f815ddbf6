//! A libp2p client that does each step of the handshake by itself, so that tests can break the rules.

use super::{key, soon};
use async_net::TcpStream;
use smol::io::{AsyncReadExt, AsyncWriteExt};
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use wattle::wire::multistream::Dialer;
use wattle::wire::noise::{Extensions, Handshake, HandshakeKeys, Transport};
use wattle::wire::peer_id::PeerId;

pub(super) fn bad(why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, why.to_string())
}

pub(super) fn secrets() -> HandshakeKeys {
    let mut secrets = HandshakeKeys { fixed: [0; 32], ephemeral: [0; 32] };
    getrandom::fill(&mut secrets.fixed).unwrap();
    getrandom::fill(&mut secrets.ephemeral).unwrap();
    secrets
}

/// Feeds a machine one byte at a time, so that no byte after its end is lost.
pub(super) async fn agree<T, E: std::fmt::Display>(
    tcp: &mut TcpStream,
    out: &mut Vec<u8>,
    mut feed: impl FnMut(&[u8], &mut Vec<u8>) -> std::result::Result<(usize, Option<T>), E>,
) -> Result<T> {
    loop {
        tcp.write_all(out).await?;
        out.clear();
        let mut byte = [0];
        soon(tcp.read_exact(&mut byte)).await?;
        if let (_, Some(done)) = feed(&byte, out).map_err(bad)? {
            tcp.write_all(out).await?;
            return Ok(done);
        }
    }
}

pub(super) async fn propose(tcp: &mut TcpStream, protocol: &'static str) -> Result<()> {
    let mut out = Vec::new();
    let mut dialer = Dialer::new(protocol, &mut out);
    agree(tcp, &mut out, |input, _| dialer.feed(input).map(|(used, agreed)| (used, agreed.then_some(())))).await
}

/// A connection after the handshake; the caller sends yamux frames in it.
pub(super) struct Muxed {
    pub(super) tcp: TcpStream,
    pub(super) transport: Transport,
}

impl Muxed {
    pub(super) async fn send(&mut self, plain: &[u8]) -> Result<()> {
        let mut encrypted = Vec::new();
        self.transport.encrypt(plain, &mut encrypted).map_err(bad)?;
        self.tcp.write_all(&encrypted).await
    }

    pub(super) async fn receive(&mut self) -> Result<Vec<u8>> {
        let mut frame = vec![0; 2];
        soon(self.tcp.read_exact(&mut frame)).await?;
        frame.resize(Transport::frame_length(&frame).unwrap(), 0);
        soon(self.tcp.read_exact(&mut frame[2..])).await?;
        let mut plain = Vec::new();
        self.transport.decrypt(&frame, &mut plain).map_err(bad)?;
        Ok(plain)
    }

    /// Opens a stream of yamux and proposes a protocol on it; whether the other end agrees.
    pub(super) async fn is_taken(&mut self, protocol: &str) -> Result<bool> {
        let line = |text: &str| [&[text.len() as u8 + 1][..], text.as_bytes(), b"\n"].concat();
        let proposal = [line("/multistream/1.0.0"), line(protocol)].concat();
        // A data frame with SYN of stream 1: version, kind, flags, stream, length.
        let length = u32::try_from(proposal.len()).unwrap().to_be_bytes();
        self.send(&[&[0, 0, 0, 1, 0, 0, 0, 1][..], &length, &proposal].concat()).await?;
        let mut answer = Vec::new();
        loop {
            answer.extend(self.receive().await?);
            let has = |line: &[u8]| answer.windows(line.len()).any(|part| part == line);
            if has(b"\x03na\n") || has(&line(protocol)) {
                return Ok(has(&line(protocol)));
            }
        }
    }

    /// Reads until the other end closes, however it does so; returns how many bytes it still sent.
    pub(super) async fn closed(mut self) -> usize {
        let mut received = 0;
        let mut bytes = vec![0; 65_536];
        while let Ok(read @ 1..) = soon(self.tcp.read(&mut bytes)).await {
            received += read;
        }
        received
    }
}

/// Dials `peer` as agent `seed`, up to the point where yamux begins.
pub(super) async fn muxed(address: SocketAddr, seed: u8, peer: PeerId) -> Result<Muxed> {
    muxed_with(address, seed, peer, Extensions::default()).await
}

/// The same, and the handshake tells these extensions.
pub(super) async fn muxed_with(address: SocketAddr, seed: u8, peer: PeerId, extensions: Extensions) -> Result<Muxed> {
    let mut tcp = TcpStream::connect(address).await?;
    propose(&mut tcp, "/noise").await?;
    let mut out = Vec::new();
    let mut handshake = Handshake::dial(&key(seed), peer, secrets(), &mut out).map_err(bad)?.with(extensions);
    let secured = agree(&mut tcp, &mut out, |input, out| handshake.feed(input, out)).await?;
    let mut muxed = Muxed { tcp, transport: secured.transport };
    muxed.send(b"\x13/multistream/1.0.0\n\x0d/yamux/1.0.0\n").await?;
    let mut answer = Vec::new();
    while answer.len() < 20 + 14 {
        answer.extend(muxed.receive().await?);
    }
    Ok(muxed)
}
