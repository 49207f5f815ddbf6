//! libp2p's Noise: who is at the other end, and nobody else can read along.
//!
//! Source: libp2p specs noise/README.md: `Noise_XX_25519_ChaChaPoly_SHA256`, empty prologue, every message in
//! a frame with a two-byte big-endian length; a payload {1: identity key, 2: signature over
//! "noise-libp2p-static-key:" and the static key, 4: extensions} in the second and third message. Extensions
//! are neither sent nor read: the muxer is agreed on afterwards, which every libp2p knows.
//!
//! Chance comes in as `HandshakeKeys`: from the operating system in `io`, from a seed in the simulator.

mod crypto;

use super::peer_id::{BadPeerId, PeerId};
use super::protobuf::{self, Value};
use crate::limits::{NOISE_FRAME_MAX, NOISE_HANDSHAKE_FRAME_MAX, NOISE_PLAIN_MAX};
use crypto::CryptoProvider;
use ed25519_dalek::{Signer as _, SigningKey};
use snow::params::NoiseParams;
use snow::{Builder, HandshakeState, TransportState};
use std::fmt;

const PARAMS: &str = "Noise_XX_25519_ChaChaPoly_SHA256";
const SIGNED: &[u8] = b"noise-libp2p-static-key:";
const LENGTH: usize = 2;

/// Bytes that sealing adds to a frame: its length and the tag.
pub const NOISE_OVERHEAD: usize = LENGTH + 16;

/// Two random X25519 keys for one handshake. Never use them for a second one.
pub struct HandshakeKeys {
    /// The static key, which the identity signs.
    pub fixed: [u8; 32],
    /// The ephemeral key, which gives forward secrecy.
    pub ephemeral: [u8; 32],
}

impl fmt::Debug for HandshakeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets")
    }
}

/// Why a handshake or a frame failed. The connection is to be closed.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadNoise {
    /// A handshake frame above `NOISE_HANDSHAKE_FRAME_MAX` bytes.
    TooLarge,
    /// The cryptography does not fit: garbage, a forgery, or a defect.
    Forged,
    /// The payload is no identity.
    Payload,
    /// The identity is of another kind.
    Identity(BadPeerId),
    /// The identity did not sign this connection's key.
    Signature,
    /// Another agent than the one that was dialled.
    OtherPeer(PeerId),
    /// The agent reached itself.
    Oneself,
}

impl fmt::Display for BadNoise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the handshake's frame is too large"),
            Self::Forged => f.write_str("a frame could not be opened; it is garbage or was changed on its way"),
            Self::Payload => f.write_str("the handshake's payload is no identity"),
            Self::Identity(why) => write!(f, "{why}"),
            Self::Signature => f.write_str("the identity has not signed the static key signature"),
            Self::OtherPeer(peer) => write!(f, "another agent answered: {peer}"),
            Self::Oneself => f.write_str("the agent reached itself"),
        }
    }
}

impl std::error::Error for BadNoise {}

impl From<snow::Error> for BadNoise {
    fn from(_: snow::Error) -> Self {
        Self::Forged
    }
}

/// The primitives for snow, and the one ephemeral key: for tests that lie in a handshake of their own.
#[must_use]
pub fn resolver(ephemeral: [u8; 32]) -> snow::resolvers::BoxedCryptoResolver {
    Box::new(CryptoProvider::new(ephemeral))
}

/// A handshake under way. Bytes in, bytes out.
pub struct Handshake {
    state: Option<HandshakeState>,
    dialer: bool,
    pinned: Option<PeerId>,
    own: PeerId,
    payload: Vec<u8>,
    frame: Vec<u8>,
    plain: Vec<u8>,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake(dialer: {})", self.dialer)
    }
}

/// What a finished handshake gives.
#[derive(Debug)]
pub struct Established {
    /// Who is at the other end.
    pub peer: PeerId,
    /// Seals and opens frames.
    pub transport: Transport,
}

impl Handshake {
    /// Begins as the end that dialled `pinned`; the first message goes to `out`.
    ///
    /// # Errors
    /// Only by a defect.
    pub fn dial(key: &SigningKey, pinned: PeerId, secrets: HandshakeKeys, out: &mut Vec<u8>) -> Result<Self, BadNoise> {
        let mut handshake = Self::new(key, Some(pinned), secrets)?;
        handshake.write(&[], out)?;
        Ok(handshake)
    }

    /// Begins as the end that was dialled.
    ///
    /// # Errors
    /// Only by a defect.
    pub fn listen(key: &SigningKey, secrets: HandshakeKeys) -> Result<Self, BadNoise> {
        Self::new(key, None, secrets)
    }

    #[expect(clippy::needless_pass_by_value, reason = "secrets are used up: nobody shall use them twice")]
    fn new(key: &SigningKey, pinned: Option<PeerId>, secrets: HandshakeKeys) -> Result<Self, BadNoise> {
        let params: NoiseParams = PARAMS.parse()?;
        let builder = Builder::with_resolver(params, resolver(secrets.ephemeral));
        let builder = builder.local_private_key(&secrets.fixed)?;
        let state = if pinned.is_some() { builder.build_initiator() } else { builder.build_responder() }?;
        let fixed = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secrets.fixed));
        let own = PeerId::from_public_key(key.verifying_key().as_bytes());
        let mut payload = Vec::new();
        protobuf::put_bytes(&mut payload, 1, &own.to_protobuf());
        protobuf::put_bytes(&mut payload, 2, &key.sign(&[SIGNED, fixed.as_bytes()].concat()).to_bytes());
        let (frame, plain) = (Vec::new(), Vec::new());
        Ok(Self { state: Some(state), dialer: pinned.is_some(), pinned, own, payload, frame, plain })
    }

    /// Takes what arrived: how many bytes were used, and the secured link once both know each other. What is
    /// to be sent goes to `out`, in the same call; bytes that were not used belong to the link's frames.
    ///
    /// # Errors
    /// Why the other end is not trusted. Close the connection.
    pub fn feed(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(usize, Option<Established>), BadNoise> {
        let mut used = 0;
        loop {
            let missing = missing(&self.frame, NOISE_HANDSHAKE_FRAME_MAX).ok_or(BadNoise::TooLarge)?;
            let rest = input.get(used..).unwrap_or_default();
            if missing > 0 {
                if rest.is_empty() {
                    return Ok((used, None));
                }
                let taken = rest.get(..missing).unwrap_or(rest);
                self.frame.extend_from_slice(taken);
                used += taken.len();
            } else if let Some(secured) = self.step(out)? {
                return Ok((used, Some(secured)));
            }
        }
    }

    /// Reads the whole frame that is there, and answers it.
    fn step(&mut self, out: &mut Vec<u8>) -> Result<Option<Established>, BadNoise> {
        let state = self.state.as_mut().ok_or(BadNoise::Forged)?;
        self.plain.resize(NOISE_HANDSHAKE_FRAME_MAX, 0);
        let length = state.read_message(self.frame.get(LENGTH..).unwrap_or_default(), &mut self.plain)?;
        self.plain.truncate(length);
        self.frame.clear();
        if !self.dialer && !state.is_handshake_finished() {
            // The first message, from a dialler: nobody has said yet who he is.
            let payload = std::mem::take(&mut self.payload);
            self.write(&payload, out)?;
            return Ok(None);
        }
        let peer = identity(&self.plain, state.get_remote_static().ok_or(BadNoise::Payload)?)?;
        if peer == self.own {
            return Err(BadNoise::Oneself);
        }
        if self.pinned.is_some_and(|pinned| pinned != peer) {
            return Err(BadNoise::OtherPeer(peer));
        }
        if self.dialer {
            // Only now: a unknown_peer at the address is not told who dialled.
            let payload = std::mem::take(&mut self.payload);
            self.write(&payload, out)?;
        }
        let state = self.state.take().ok_or(BadNoise::Forged)?.into_transport_mode()?;
        Ok(Some(Established { peer, transport: Transport { state } }))
    }

    fn write(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), BadNoise> {
        let state = self.state.as_mut().ok_or(BadNoise::Forged)?;
        let at = out.len();
        out.resize(at + LENGTH + NOISE_HANDSHAKE_FRAME_MAX, 0);
        let frame = out.get_mut(at..).unwrap_or_default();
        let length = state.write_message(payload, frame.get_mut(LENGTH..).unwrap_or_default())?;
        put_length(frame, length)?;
        out.truncate(at + LENGTH + length);
        Ok(())
    }
}

/// Bytes that are missing until the frame is whole; `None` if it claims more than `cap`.
fn missing(frame: &[u8], cap: usize) -> Option<usize> {
    let Some(length) = frame.first_chunk::<LENGTH>() else { return Some(LENGTH - frame.len()) };
    let length = usize::from(u16::from_be_bytes(*length));
    (length <= cap).then(|| LENGTH + length - frame.len().min(LENGTH + length))
}

fn put_length(frame: &mut [u8], length: usize) -> Result<(), BadNoise> {
    let length = u16::try_from(length).map_err(|_| BadNoise::TooLarge)?;
    frame.first_chunk_mut::<LENGTH>().ok_or(BadNoise::TooLarge)?.copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn identity(payload: &[u8], fixed: &[u8]) -> Result<PeerId, BadNoise> {
    let (mut key, mut signature) = (None, None);
    protobuf::fields(payload, |field, value| match (field, value) {
        (1, Value::Bytes(bytes)) => key = Some(bytes),
        (2, Value::Bytes(bytes)) => signature = Some(bytes),
        _ => {}
    })
    .map_err(|_| BadNoise::Payload)?;
    let peer = PeerId::from_protobuf(key.ok_or(BadNoise::Payload)?).map_err(BadNoise::Identity)?;
    let signature = signature.ok_or(BadNoise::Payload)?;
    if peer.signed(&[SIGNED, fixed].concat(), signature) { Ok(peer) } else { Err(BadNoise::Signature) }
}

/// Seals and opens the frames of a link, in order. A frame that does not open ends the link.
pub struct Transport {
    state: TransportState,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Transport")
    }
}

impl Transport {
    /// Appends `plain` to `out` in frames of at most `NOISE_PLAIN_MAX` bytes.
    ///
    /// # Errors
    /// Only after 2^64 frames.
    pub fn seal(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), BadNoise> {
        for part in plain.chunks(NOISE_PLAIN_MAX) {
            let at = out.len();
            out.resize(at + part.len() + NOISE_OVERHEAD, 0);
            let frame = out.get_mut(at..).unwrap_or_default();
            let length = self.state.write_message(part, frame.get_mut(LENGTH..).unwrap_or_default())?;
            put_length(frame, length)?;
        }
        Ok(())
    }

    /// The whole length of the frame that begins with `head`, its own two bytes counted in; `None` if those
    /// are not there yet.
    #[must_use]
    pub fn frame_length(head: &[u8]) -> Option<usize> {
        let length = head.first_chunk::<LENGTH>()?;
        Some(LENGTH + usize::from(u16::from_be_bytes(*length)))
    }

    /// Opens one whole frame into `plain`, which it replaces.
    ///
    /// # Errors
    /// The frame is forged or damaged. Close the connection; a true frame would still open.
    pub fn open(&mut self, frame: &[u8], plain: &mut Vec<u8>) -> Result<(), BadNoise> {
        let sealed = frame.get(LENGTH..).unwrap_or_default();
        plain.resize(sealed.len().min(NOISE_FRAME_MAX), 0);
        let length = self.state.read_message(sealed, plain)?;
        plain.truncate(length);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
