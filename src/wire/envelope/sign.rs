//! The signing half: an agent's own messages, numbered and signed.

use super::{BadMessage, Encoding, Payload, binary, json, signed_bytes};
use crate::limits::{JSON_LINE_MAX, MESSAGE_BODY_MAX, MESSAGE_BYTES_MAX, MESSAGE_KIND_MAX, MESSAGE_TASK_MAX};
use crate::wire::certificate::Record;
use crate::wire::peer_id::{PEER_ID_BYTES, PeerId, PeerText};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest, Sha256};
use std::fmt;

/// Signs an agent's own messages and numbers them.
pub struct Signer {
    key: SigningKey,
    sender: [u8; PEER_ID_BYTES],
    name: PeerText,
    mesh: Option<[u8; 32]>,
    boot: u32,
    seq: u64,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer(boot: {}, seq: {})", self.boot, self.seq)
    }
}

impl Signer {
    /// Signs with `key`. `boot` counts the starts of the agent; no two starts may have the same one, since it orders
    /// this run's messages after those of all earlier runs.
    #[must_use]
    pub fn new(key: SigningKey, boot: u32) -> Self {
        let sender = PeerId::from_public_key(key.verifying_key().as_bytes());
        Self { key, sender: sender.to_bytes(), name: sender.to_text(), mesh: None, boot, seq: 0 }
    }

    /// Puts this mesh id into all later messages.
    pub const fn join(&mut self, mesh: [u8; 32]) {
        self.mesh = Some(mesh);
    }

    /// Counts all later messages to a later start; nothing changes if it is no later one. For an agent that lost its count of
    /// starts: the number is on its disk before.
    pub const fn raise(&mut self, boot: u32) {
        if boot > self.boot {
            (self.boot, self.seq) = (boot, 0);
        }
    }

    /// Signs a record of which this agent is the issuer, with the same key.
    #[must_use]
    pub fn sign_record(&self, record: Record) -> Record {
        record.signed(&self.key)
    }

    /// Whether a message with these numbers can be of this run or of an earlier start. If not, another run has used this
    /// count of starts, or a higher one: it was lost, or restored from a copy.
    #[must_use]
    pub const fn has_reached(&self, boot: u32, seq: u64) -> bool {
        boot < self.boot || (boot == self.boot && seq <= self.seq)
    }

    /// Signs a message in postcard. `kind` is its type, `task_id` the task that it belongs to, or empty.
    ///
    /// # Errors
    /// As [`sign_into`](Self::sign_into).
    pub fn sign(&mut self, kind: &str, task_id: &[u8], body: &[u8]) -> Result<Vec<u8>, BadMessage> {
        let mut out = Vec::new();
        self.sign_into(Encoding::Postcard, kind, task_id, body, &mut out)?;
        Ok(out)
    }

    /// The same in either encoding, into the caller's buffer, whose content is replaced. `body` has the same encoding;
    /// in JSON it is one canonical value.
    ///
    /// # Errors
    /// `TooLarge` if a field or the whole is above its cap, `Malformed` if JSON would escape the type. No number was
    /// used, and the buffer's content is undefined.
    pub fn sign_into(
        &mut self,
        encoding: Encoding,
        kind: &str,
        task_id: &[u8],
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), BadMessage> {
        if kind.len() > MESSAGE_KIND_MAX || task_id.len() > MESSAGE_TASK_MAX || body.len() > MESSAGE_BODY_MAX {
            return Err(BadMessage::TooLarge);
        }
        let seq = self.seq.checked_add(1).ok_or(BadMessage::Internal)?;
        let payload = Payload { mesh: self.mesh, boot: self.boot, seq, body };
        out.clear();
        let begin = match encoding {
            Encoding::Postcard => binary::begin(kind, task_id, &payload, out)?,
            Encoding::Json if json::is_plain(kind) => json::begin(&payload, out)?,
            Encoding::Json => return Err(BadMessage::Malformed),
        };
        let hash = Sha256::digest(out.get(begin..).unwrap_or_default());
        let signed = signed_bytes(kind, task_id, &self.sender, hash.into()).ok_or(BadMessage::Internal)?;
        let signature = self.key.sign(&signed).to_bytes();
        let cap = match encoding {
            Encoding::Postcard => {
                binary::end(&self.sender, &signature, out)?;
                MESSAGE_BYTES_MAX
            }
            Encoding::Json => {
                json::end(kind, task_id, &self.name, signature, out)?;
                JSON_LINE_MAX - 1
            }
        };
        if out.len() > cap {
            return Err(BadMessage::TooLarge);
        }
        self.seq = seq;
        Ok(())
    }
}
