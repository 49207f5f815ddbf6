//! The envelope of every message between agents: exactly five fields, signed by the sender.
//!
//! The envelope is `{type, task_id, payload, sender_id, signature}`, and its payload is `{v, mesh, boot, seq, body}`.
//! Both are in postcard, or both in JSON (`wire::json`). The signature is Ed25519 (RFC 8032) over "wattle-msg-1", then
//! type, task_id and sender_id as bytes, each preceded by its length (four bytes, big-endian), then the SHA-256 of the
//! payload's bytes as they were sent. A message therefore keeps its sender's encoding: a relay passes its bytes on
//! unchanged.
//!
//! `Signer` numbers and signs an agent's own messages. `Verifier` knows the allowed senders, checks encoding, sender
//! and signature, and accepts each (boot, seq) of a sender once (`replay`). `claim` reads a gossip item before its
//! signature is checked, so that most unwanted ones cost no verification.
//!
//! In either encoding a message has exactly one form, and any other is refused. Signing and verifying allocate nothing
//! once the caller's buffer has grown (tests/heap.rs counts that). docs/messages.md describes all of this for other
//! languages.

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
pub use verify::{VerifiedMessage, Verifier, proven_start};

const DOMAIN: &[u8] = b"wattle-msg-1";
const VERSION: u8 = 1;
const SIGNATURE: usize = 64;

/// Most bytes that are signed: the domain, three fields with their lengths, one hash.
const SIGNED_MAX: usize = DOMAIN.len() + 3 * 4 + MESSAGE_KIND_MAX + MESSAGE_TASK_MAX + PEER_ID_BYTES + 32;

/// The encoding of a message, which its sender chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Postcard, between our own agents.
    Postcard,
    /// Canonical JSON, one line a message: for agents in any language.
    Json,
}

/// The five fields of an envelope, read from either encoding.
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

/// Why a message was not signed or not accepted. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadMessage {
    /// A field or the whole message is above its cap.
    TooLarge,
    /// The bytes are not a message in its canonical encoding.
    Malformed,
    /// The message has a newer version than this agent knows.
    Version(u8),
    /// The sender is not an allowed one.
    UnknownPeer,
    /// It came over the link of a peer that is not its sender, outside a gossip message.
    NotFromSender,
    /// The signature is not the sender's over these bytes.
    Signature,
    /// Its number was accepted before, or is too old to tell.
    Replay,
    /// It is of an earlier start of its sender than the latest one known.
    EarlierStart {
        /// The sender's count of its starts.
        boot: u32,
        /// The latest one known here.
        latest: u32,
    },
    /// The encoder failed, or the message numbers of this start are used up.
    Internal,
}

impl fmt::Display for BadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => f.write_str("The message is too large; it was refused."),
            Self::Malformed => f.write_str("These bytes are not a message; they were refused."),
            Self::Version(v) => {
                write!(f, "The message has version {v}, which this agent does not know; update this agent.")
            }
            Self::UnknownPeer => f.write_str("The message's sender is not known here; it was refused."),
            Self::NotFromSender => {
                f.write_str("The message was signed by another agent than the one that sent it; it was refused.")
            }
            Self::Signature => f.write_str("The message is not signed by its sender; it was refused."),
            Self::Replay => f.write_str("The message was received before; it was refused."),
            Self::EarlierStart { boot, latest } => write!(
                f,
                "The message is of start {boot} of its sender, of which start {latest} is known; it was refused."
            ),
            Self::Internal => f.write_str("The message could not be written; it was not sent."),
        }
    }
}

impl std::error::Error for BadMessage {}

/// The bytes that are signed. `None` if a field is above its cap, which callers have checked before.
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
