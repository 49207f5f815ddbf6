//! The envelope of every message between agents: exactly five fields, signed by its sender.
//!
//! `{type, task_id, payload, sender_id, signature}` in postcard; the payload is `{v, mesh, boot, seq, body}` in
//! postcard. The signature is Ed25519 over "wattle-msg-1", then type, task_id and sender_id, each after its
//! length (four bytes, big-endian), then the SHA-256 of the payload's bytes as they were sent.
//!
//! Postcard has more than one spelling for a number and passes over what follows a value; here every message
//! has one spelling, or it is refused: what is signed is what is read.

mod claim;
mod replay;

use super::peer::{PEER_ID_BYTES, PeerId};
use crate::limits::{MESSAGE_BODY_MAX, MESSAGE_BYTES_MAX, MESSAGE_KIND_MAX, MESSAGE_SENDERS_MAX, MESSAGE_TASK_MAX};
use ed25519_dalek::{Signer, SigningKey};
use replay::Window;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

pub use claim::{Carried, claim, unsigned};

const DOMAIN: &[u8] = b"wattle-msg-1";
const VERSION: u8 = 1;
const SIGNATURE: usize = 64;

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    kind: &'a str,
    task_id: &'a [u8],
    payload: &'a [u8],
    sender_id: &'a [u8],
    signature: &'a [u8],
}

#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    v: u8,
    mesh: Option<[u8; 32]>,
    boot: u32,
    seq: u64,
    body: &'a [u8],
}

/// Why a message was not sealed or not opened. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadMessage {
    /// A field above its cap, or the whole message.
    TooLarge,
    /// No message in the one spelling that it may have.
    Form,
    /// A newer agent's message.
    Version(u8),
    /// The sender is none that this agent listens to.
    Stranger,
    /// The sender did not sign this.
    Signature,
    /// It was here before, or is too old to tell.
    Replay,
    /// Something in the house failed: the encoder, or the count of messages ran out.
    House,
}

impl fmt::Display for BadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("The message is too large; it was not taken."),
            Self::Form => f.write_str("These bytes are no message; they were not taken."),
            Self::Version(v) => write!(f, "The message is of version {v}; this agent is older than its sender."),
            Self::Stranger => f.write_str("The message is of an agent that is not known here; it was not taken."),
            Self::Signature => f.write_str("The message is not signed by its sender; it was not taken."),
            Self::Replay => f.write_str("The message was here before; it was not taken a second time."),
            Self::House => f.write_str("The message could not be written; it was not sent."),
        }
    }
}

impl std::error::Error for BadMessage {}

/// Seals an agent's own messages and counts them.
pub struct Sealer {
    key: SigningKey,
    sender: [u8; PEER_ID_BYTES],
    mesh: Option<[u8; 32]>,
    boot: u32,
    seq: u64,
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer(boot: {}, seq: {})", self.boot, self.seq)
    }
}

impl Sealer {
    /// Seals by `key`. `boot` counts the starts of the agent and is never given twice: it orders this run's
    /// messages after all of the runs before.
    #[must_use]
    pub fn new(key: SigningKey, boot: u32) -> Self {
        let sender = PeerId::from_public_key(key.verifying_key().as_bytes()).to_bytes();
        Self { key, sender, mesh: None, boot, seq: 0 }
    }

    /// From now on messages say which mesh they belong to.
    pub const fn join(&mut self, mesh: [u8; 32]) {
        self.mesh = Some(mesh);
    }

    /// One message: `kind` says what it is, `task_id` what it belongs to (empty if to nothing).
    ///
    /// # Errors
    /// `TooLarge` if a field is above its cap; no number was used up then.
    pub fn seal(&mut self, kind: &str, task_id: &[u8], body: &[u8]) -> Result<Vec<u8>, BadMessage> {
        if kind.len() > MESSAGE_KIND_MAX || task_id.len() > MESSAGE_TASK_MAX || body.len() > MESSAGE_BODY_MAX {
            return Err(BadMessage::TooLarge);
        }
        let seq = self.seq.checked_add(1).ok_or(BadMessage::House)?;
        let payload = Payload { v: VERSION, mesh: self.mesh, boot: self.boot, seq, body };
        let payload = postcard::to_allocvec(&payload).map_err(|_| BadMessage::House)?;
        let signature = self.key.sign(&signed_bytes(kind, task_id, &self.sender, &payload)).to_bytes();
        let envelope = Envelope { kind, task_id, payload: &payload, sender_id: &self.sender, signature: &signature };
        let bytes = postcard::to_allocvec(&envelope).map_err(|_| BadMessage::House)?;
        self.seq = seq;
        Ok(bytes)
    }
}

fn signed_bytes(kind: &str, task_id: &[u8], sender: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut bytes = DOMAIN.to_vec();
    for field in [kind.as_bytes(), task_id, sender] {
        // Every field is below its cap, far below four gigabytes.
        bytes.extend(u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(field);
    }
    bytes.extend(Sha256::digest(payload));
    bytes
}

/// A message that was opened: signed by its sender, and here for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// What it is.
    pub kind: &'a str,
    /// What it belongs to; empty if to nothing.
    pub task_id: &'a [u8],
    /// Who said it.
    pub sender: PeerId,
    /// The mesh that it belongs to.
    pub mesh: Option<[u8; 32]>,
    /// The start of the sender that it is of.
    pub boot: u32,
    /// Its number within that start, from 1.
    pub seq: u64,
    /// What it says.
    pub body: &'a [u8],
}

/// Opens the messages of the senders that it was told to listen to.
#[derive(Debug, Default)]
pub struct Opener {
    senders: BTreeMap<PeerId, Window>,
}

impl Opener {
    /// Listens to nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens to `sender` from now on; false if `MESSAGE_SENDERS_MAX` others are listened to.
    #[must_use]
    pub fn allow(&mut self, sender: PeerId) -> bool {
        let room = self.senders.len() < MESSAGE_SENDERS_MAX || self.senders.contains_key(&sender);
        if room {
            self.senders.entry(sender).or_default();
        }
        room
    }

    /// Listens to `sender` no longer. What it said before could then be said again, should it be allowed again.
    pub fn forget(&mut self, sender: &PeerId) {
        self.senders.remove(sender);
    }

    /// Opens a message: form, sender, signature, and that it was not here before, in this order.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn open<'a>(&mut self, bytes: &'a [u8]) -> Result<Opened<'a>, BadMessage> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(BadMessage::TooLarge);
        }
        let envelope: Envelope<'a> = exactly(bytes)?;
        if envelope.kind.len() > MESSAGE_KIND_MAX || envelope.task_id.len() > MESSAGE_TASK_MAX {
            return Err(BadMessage::TooLarge);
        }
        if envelope.signature.len() != SIGNATURE {
            return Err(BadMessage::Form);
        }
        let sender = PeerId::from_bytes(envelope.sender_id).map_err(|_| BadMessage::Form)?;
        if sender.to_bytes() != envelope.sender_id {
            return Err(BadMessage::Form);
        }
        let window = self.senders.get_mut(&sender).ok_or(BadMessage::Stranger)?;
        // A newer form may be longer, but its version stands first.
        if envelope.payload.first() != Some(&VERSION) {
            return Err(envelope.payload.first().map_or(BadMessage::Form, |v| BadMessage::Version(*v)));
        }
        let payload: Payload<'a> = exactly(envelope.payload)?;
        if payload.body.len() > MESSAGE_BODY_MAX {
            return Err(BadMessage::TooLarge);
        }
        let signed = signed_bytes(envelope.kind, envelope.task_id, envelope.sender_id, envelope.payload);
        if !sender.signed(&signed, envelope.signature) {
            return Err(BadMessage::Signature);
        }
        if !window.take(payload.boot, payload.seq) {
            return Err(BadMessage::Replay);
        }
        let Payload { mesh, boot, seq, body, .. } = payload;
        Ok(Opened { kind: envelope.kind, task_id: envelope.task_id, sender, mesh, boot, seq, body })
    }
}

/// Decodes what is exactly one value, in the one spelling that the encoder gives it.
fn exactly<'a, T: Serialize + Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BadMessage> {
    let (value, rest) = postcard::take_from_bytes::<T>(bytes).map_err(|_| BadMessage::Form)?;
    let again = postcard::to_allocvec(&value).map_err(|_| BadMessage::Form)?;
    if rest.is_empty() && again == bytes { Ok(value) } else { Err(BadMessage::Form) }
}

#[cfg(test)]
mod tests;
