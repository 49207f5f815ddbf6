//! The Noise handshake and transport of libp2p: mutual authentication, and encryption of a link.
//!
//! Source: libp2p specs noise/README.md over the Noise Protocol Framework: `Noise_XX_25519_ChaChaPoly_SHA256` with an
//! empty prologue, every message in a frame with a two-byte big-endian length, and a payload {1: identity key, 2:
//! signature over "noise-libp2p-static-key:" and the static key, 4: extensions} in the second and the third message.
//! [`Extensions`] are ours: the mark of a start, the dialler's certificates, and whether it comes as a guest. Others are
//! ignored; the muxer is negotiated afterwards, which every libp2p implementation supports.
//!
//! [`Handshake`] is a state machine of bytes; snow does the Noise protocol, with the primitives of `crypto`. A finished
//! handshake gives the peer's PeerId and a [`Transport`]. A dialler names the PeerId that it expects, and sends its own
//! identity only after that peer has proven to be there; one that comes as a guest, to be paired by a code, may name none. A handshake frame has at most `NOISE_HANDSHAKE_FRAME_MAX`
//! bytes.
//!
//! No random numbers are drawn here: they come in as [`HandshakeKeys`], from the operating system (`platform`) or from
//! a seed in the simulator.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod chacha;
mod crypto;
mod extensions;

use super::peer_id::{BadPeerId, PeerId};
use crate::base::protobuf::{self, Value};
use crate::limits::{NOISE_FRAME_MAX, NOISE_HANDSHAKE_FRAME_MAX, NOISE_PLAIN_MAX};
use crypto::CryptoProvider;
use ed25519_dalek::{Signer as _, SigningKey};
use snow::params::NoiseParams;
use snow::{Builder, HandshakeState, TransportState};
use std::fmt;

pub use extensions::Extensions;

const PARAMS: &str = "Noise_XX_25519_ChaChaPoly_SHA256";
const SIGNED: &[u8] = b"noise-libp2p-static-key:";
const LENGTH: usize = 2;

/// Bytes that encryption adds to a frame: the length and the tag.
pub const NOISE_OVERHEAD: usize = LENGTH + 16;

/// Two random X25519 keys for one handshake. Never use them for a second one.
pub struct HandshakeKeys {
    /// The static key, which the identity key signs.
    pub fixed: [u8; 32],
    /// The ephemeral key, which gives forward secrecy.
    pub ephemeral: [u8; 32],
}

impl fmt::Debug for HandshakeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandshakeKeys")
    }
}

/// Why a handshake or a frame failed. The connection must be closed.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadNoise {
    /// A handshake frame above `NOISE_HANDSHAKE_FRAME_MAX` bytes.
    TooLarge,
    /// Decryption or key agreement failed: garbage or a forgery.
    Forged,
    /// The payload lacks an identity.
    Payload,
    /// The identity key is invalid or of another kind.
    Identity(BadPeerId),
    /// The identity key did not sign this connection's static key.
    Signature,
    /// Another agent answered than the one that was dialled.
    OtherPeer(PeerId),
    /// The peer has this agent's own identity.
    OwnIdentity,
    /// The peer has this agent's own identity, and is another start of it: another device has the same key.
    OwnKeyElsewhere,
}

impl fmt::Display for BadNoise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("the handshake's frame is too large"),
            Self::Forged => f.write_str("a frame could not be decrypted; it is garbage or was changed on its way"),
            Self::Payload => f.write_str("the handshake's payload holds no identity"),
            Self::Identity(why) => write!(f, "{why}"),
            Self::Signature => f.write_str("the identity key did not sign the static key"),
            Self::OtherPeer(peer) => write!(f, "another agent answered: {peer}"),
            Self::OwnIdentity => f.write_str("the agent reached itself"),
            Self::OwnKeyElsewhere => f.write_str("another device has this agent's own key"),
        }
    }
}

impl std::error::Error for BadNoise {}

impl From<snow::Error> for BadNoise {
    fn from(_: snow::Error) -> Self {
        Self::Forged
    }
}

/// The primitives for snow with the one ephemeral key: public for tests that run a forged handshake.
#[must_use]
pub fn resolver(ephemeral: [u8; 32]) -> snow::resolvers::BoxedCryptoResolver {
    Box::new(CryptoProvider::new(ephemeral))
}

/// A handshake in progress, as a state machine of bytes.
pub struct Handshake {
    state: Option<HandshakeState>,
    dialer: bool,
    pinned: Option<PeerId>,
    own: PeerId,
    extensions: Extensions,
    payload: Vec<u8>,
    frame: Vec<u8>,
    plain: Vec<u8>,
}

impl fmt::Debug for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handshake(dialer: {})", self.dialer)
    }
}

/// The result of a handshake.
#[derive(Debug)]
pub struct Established {
    /// Who is at the other end.
    pub peer: PeerId,
    /// What it tells besides. Nothing of it is checked.
    pub extensions: Extensions,
    /// Encrypts and decrypts frames.
    pub transport: Transport,
}

impl Handshake {
    /// Begins as the dialler of `pinned`, or of whoever answers; appends the first message to `out`.
    ///
    /// # Errors
    /// Only if snow rejects its own parameters or keys, which is a defect.
    pub fn dial(
        key: &SigningKey,
        pinned: impl Into<Option<PeerId>>,
        secrets: HandshakeKeys,
        out: &mut Vec<u8>,
    ) -> Result<Self, BadNoise> {
        let mut handshake = Self::new(key, true, secrets)?;
        handshake.pinned = pinned.into();
        handshake.write(&[], out)?;
        Ok(handshake)
    }

    /// Sends these with this agent's identity.
    #[must_use]
    pub fn with(mut self, extensions: Extensions) -> Self {
        extensions.put(&mut self.payload);
        self.extensions = extensions;
        self
    }

    /// Begins as the listener.
    ///
    /// # Errors
    /// Only if snow rejects its own parameters or keys, which is a defect.
    pub fn listen(key: &SigningKey, secrets: HandshakeKeys) -> Result<Self, BadNoise> {
        Self::new(key, false, secrets)
    }

    #[expect(clippy::needless_pass_by_value, reason = "the keys must not be used for a second handshake")]
    fn new(key: &SigningKey, dialer: bool, secrets: HandshakeKeys) -> Result<Self, BadNoise> {
        let params: NoiseParams = PARAMS.parse()?;
        let builder = Builder::with_resolver(params, resolver(secrets.ephemeral));
        let builder = builder.local_private_key(&secrets.fixed)?;
        let state = if dialer { builder.build_initiator() } else { builder.build_responder() }?;
        let fixed = x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secrets.fixed));
        let own = PeerId::from_public_key(key.verifying_key().as_bytes());
        let mut payload = Vec::new();
        protobuf::put_bytes(&mut payload, 1, &own.to_protobuf());
        protobuf::put_bytes(&mut payload, 2, &key.sign(&[SIGNED, fixed.as_bytes()].concat()).to_bytes());
        let (frame, plain) = (Vec::new(), Vec::new());
        let extensions = Extensions::default();
        Ok(Self { state: Some(state), dialer, pinned: None, own, extensions, payload, frame, plain })
    }

    /// Takes input; returns how many bytes were used, and the established link once both ends are authenticated.
    /// Appends what is to be sent to `out`. Bytes that were not used belong to the link's first frames.
    ///
    /// # Errors
    /// Why the peer is not accepted. The connection must be closed.
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
            } else if let Some(established) = self.step(out)? {
                return Ok((used, Some(established)));
            }
        }
    }

    /// Reads the complete frame and appends the reply.
    fn step(&mut self, out: &mut Vec<u8>) -> Result<Option<Established>, BadNoise> {
        let state = self.state.as_mut().ok_or(BadNoise::Forged)?;
        self.plain.resize(NOISE_HANDSHAKE_FRAME_MAX, 0);
        let length = state.read_message(self.frame.get(LENGTH..).unwrap_or_default(), &mut self.plain)?;
        self.plain.truncate(length);
        self.frame.clear();
        if !self.dialer && !state.is_handshake_finished() {
            // The first message, from a dialler: it holds no identity yet.
            let payload = std::mem::take(&mut self.payload);
            self.write(&payload, out)?;
            return Ok(None);
        }
        let extensions = Extensions::of(&self.plain);
        let peer = identity(&self.plain, state.get_remote_static().ok_or(BadNoise::Payload)?)?;
        if peer == self.own {
            let other = self.extensions.start.zip(extensions.start).is_some_and(|(own, other)| own != other);
            return Err(if other { BadNoise::OwnKeyElsewhere } else { BadNoise::OwnIdentity });
        }
        if self.pinned.is_some_and(|pinned| pinned != peer) {
            return Err(BadNoise::OtherPeer(peer));
        }
        if self.dialer {
            // Only now: another agent at this address does not learn who dialled.
            let payload = std::mem::take(&mut self.payload);
            self.write(&payload, out)?;
        }
        let state = self.state.take().ok_or(BadNoise::Forged)?.into_transport_mode()?;
        Ok(Some(Established { peer, extensions, transport: Transport { state } }))
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

/// Bytes that are missing until the frame is complete; `None` if its length is above `cap`.
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

/// Encrypts and decrypts the frames of a link, in order. A frame that cannot be decrypted ends the link.
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
    pub fn encrypt(&mut self, plain: &[u8], out: &mut Vec<u8>) -> Result<(), BadNoise> {
        let at = out.len();
        self.encrypt_over(plain, out, at).map(drop)
    }

    /// The same over what is in `out` from `at` on; returns where the frames end. `out` grows as it must, and is not cleared before:
    /// that costs as much as a copy.
    ///
    /// # Errors
    /// As those of `encrypt`.
    pub fn encrypt_over(&mut self, plain: &[u8], out: &mut Vec<u8>, mut at: usize) -> Result<usize, BadNoise> {
        for part in plain.chunks(NOISE_PLAIN_MAX) {
            let end = at + part.len() + NOISE_OVERHEAD;
            out.resize(out.len().max(end), 0);
            let frame = out.get_mut(at..end).unwrap_or_default();
            let length = self.state.write_message(part, frame.get_mut(LENGTH..).unwrap_or_default())?;
            put_length(frame, length)?;
            at = end;
        }
        Ok(at)
    }

    /// The length of the frame that begins with `head`, including the two bytes of the length; `None` as long as these
    /// are incomplete.
    #[must_use]
    pub fn frame_length(head: &[u8]) -> Option<usize> {
        let length = head.first_chunk::<LENGTH>()?;
        Some(LENGTH + usize::from(u16::from_be_bytes(*length)))
    }

    /// Decrypts one complete frame into `plain`, whose content is replaced.
    ///
    /// # Errors
    /// The frame is forged or damaged. The connection must be closed, although the genuine frame could still be read.
    pub fn decrypt(&mut self, frame: &[u8], plain: &mut Vec<u8>) -> Result<(), BadNoise> {
        let length = self.decrypt_over(frame, plain)?;
        plain.truncate(length);
        Ok(())
    }

    /// The same over what is in `plain`; returns how many bytes were decrypted. `plain` grows as it must, and keeps what is behind them.
    ///
    /// # Errors
    /// As those of `decrypt`.
    pub fn decrypt_over(&mut self, frame: &[u8], plain: &mut Vec<u8>) -> Result<usize, BadNoise> {
        let encrypted = frame.get(LENGTH..).unwrap_or_default();
        plain.resize(plain.len().max(encrypted.len().min(NOISE_FRAME_MAX)), 0);
        Ok(self.state.read_message(encrypted, plain)?)
    }
}

#[cfg(test)]
mod tests;
