//! The envelope of every message between agents: exactly five fields, signed by its sender.
//!
//! `{type, task_id, payload, sender_id, signature}`; the payload is `{v, mesh, boot, seq, body}`. Both are in
//! postcard, or both in JSON (`wire::json`). The signature is Ed25519 over "wattle-msg-1", then type, task_id and
//! sender_id as bytes, each after its length (four bytes, big-endian), then the SHA-256 of the payload's bytes as
//! they were sent. So a message keeps its sender's encoding: who passes it on passes these bytes on.
//!
//! In either encoding a message has one encoding, or it is refused: what is signed is what is read. Sealing and
//! opening allocate nothing of their own once the caller's buffer has grown.
//! docs/messages.md says all of this for other languages.

mod binary;
mod claim;
mod json;
mod replay;
mod sign;
mod verify;

use super::peer_id::PEER_ID_BYTES;
use crate::limits::{MESSAGE_KIND_MAX, MESSAGE_TASK_MAX};
use heapless::Vec as Bounded;
use std::fmt;

pub use claim::{claim, unsigned};
pub use sign::Signer;
pub use verify::{VerifiedMessage, Verifier};

const DOMAIN: &[u8] = b"wattle-msg-1";
const VERSION: u8 = 1;
const SIGNATURE: usize = 64;

/// Bytes that are signed at most: the domain, three fields behind their lengths, one hash.
const SIGNED_MAX: usize = DOMAIN.len() + 3 * 4 + MESSAGE_KIND_MAX + MESSAGE_TASK_MAX + PEER_ID_BYTES + 32;

/// How a message is spelt. Its sender chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// postcard: between our own agents.
    Postcard,
    /// Canonical JSON, one line a message: for agents in any language.
    Json,
}

/// The five fields of either encoding, as they are read.
struct Envelope<'a> {
    kind: &'a str,
    task_id: Bounded<u8, MESSAGE_TASK_MAX>,
    payload: &'a [u8],
    sender: [u8; PEER_ID_BYTES],
    signature: [u8; SIGNATURE],
}

/// The five fields of a payload.
struct Payload<'a> {
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
    /// No message in the one encoding that it may have.
    Malformed,
    /// A newer agent's message.
    Version(u8),
    /// The sender is none that this agent listens to.
    UnknownPeer,
    /// It came straight from a peer that is not its sender.
    HandedOn,
    /// The sender did not sign this.
    Signature,
    /// It was here before, or is too old to tell.
    Replay,
    /// Something in the house failed: the encoder, or the count of messages ran out.
    Internal,
}

impl fmt::Display for BadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("The message is too large; it was not taken."),
            Self::Malformed => f.write_str("These bytes are no message; they were not taken."),
            Self::Version(v) => write!(f, "The message is of version {v}; this agent is older than its sender."),
            Self::UnknownPeer => f.write_str("The message is of an agent that is not known here; it was not taken."),
            Self::HandedOn => {
                f.write_str("The message is of another agent than the one that sent it; it was not taken.")
            }
            Self::Signature => f.write_str("The message is not signed by its sender; it was not taken."),
            Self::Replay => f.write_str("The message was here before; it was not taken a second time."),
            Self::Internal => f.write_str("The message could not be written; it was not sent."),
        }
    }
}

impl std::error::Error for BadMessage {}

/// What is signed. Every field is below its cap: `None` never comes of a message that was checked.
fn signed_bytes(kind: &str, task_id: &[u8], sender: &[u8], payload: [u8; 32]) -> Option<Bounded<u8, SIGNED_MAX>> {
    let mut bytes = Bounded::from_slice(DOMAIN).ok()?;
    for field in [kind.as_bytes(), task_id, sender] {
        bytes.extend_from_slice(&u32::try_from(field.len()).ok()?.to_be_bytes()).ok()?;
        bytes.extend_from_slice(field).ok()?;
    }
    bytes.extend_from_slice(&payload).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests;
