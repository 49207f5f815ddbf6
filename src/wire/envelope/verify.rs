//! Opening: messages of the senders that are listened to, each once.

use super::replay::Window;
use super::{BadMessage, Encoding, Payload, binary, json, signed_bytes};
use crate::limits::{
    JSON_LINE_MAX, MESSAGE_BODY_MAX, MESSAGE_BYTES_MAX, MESSAGE_KIND_MAX, MESSAGE_SENDERS_MAX, MESSAGE_TASK_MAX,
};
use crate::wire::peer_id::PeerId;
use heapless::Vec as Bounded;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A message that was verified: signed by its sender, and here for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedMessage<'a> {
    /// What it is.
    pub kind: &'a str,
    /// What it belongs to; empty if to nothing.
    pub task_id: Bounded<u8, MESSAGE_TASK_MAX>,
    /// Who said it.
    pub sender: PeerId,
    /// The mesh that it belongs to.
    pub mesh: Option<[u8; 32]>,
    /// The start of the sender that it is of.
    pub boot: u32,
    /// Its number within that start, from 1.
    pub seq: u64,
    /// What it says, in the encoding in which the message was; in JSON one canonical value.
    pub body: &'a [u8],
}

/// Opens the messages of the senders that it was told to listen to. Both encodings share one count.
#[derive(Debug, Default)]
pub struct Verifier {
    senders: BTreeMap<PeerId, Window>,
}

impl Verifier {
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

    /// How many senders are listened to.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.senders.len()
    }

    /// Opens a message in postcard.
    ///
    /// # Errors
    /// As [`verify_as`](Self::verify_as).
    pub fn verify<'a>(&mut self, bytes: &'a [u8]) -> Result<VerifiedMessage<'a>, BadMessage> {
        self.verify_as(Encoding::Postcard, bytes)
    }

    /// Opens a message in either encoding; a line of JSON comes without its line feed. Looked at are encoding, sender,
    /// signature, and that it was not here before, in this order.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn verify_as<'a>(&mut self, encoding: Encoding, bytes: &'a [u8]) -> Result<VerifiedMessage<'a>, BadMessage> {
        let verified = self.verify_relayed_as(encoding, bytes)?;
        self.take(verified)
    }

    /// Takes a message that was verified, once.
    fn take<'a>(&mut self, verified: VerifiedMessage<'a>) -> Result<VerifiedMessage<'a>, BadMessage> {
        let window = self.senders.get_mut(&verified.sender).ok_or(BadMessage::UnknownPeer)?;
        if window.take(verified.boot, verified.seq) { Ok(verified) } else { Err(BadMessage::Replay) }
    }

    /// The same for a message that came straight from `from`, who may speak of itself only: a message of another one
    /// is refused, and may still come from its sender.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn open_from<'a>(
        &mut self,
        from: &PeerId,
        encoding: Encoding,
        bytes: &'a [u8],
    ) -> Result<VerifiedMessage<'a>, BadMessage> {
        let verified = self.verify_relayed_as(encoding, bytes)?;
        if verified.sender != *from {
            return Err(BadMessage::HandedOn);
        }
        self.take(verified)
    }

    /// Checks a message that somebody else handed on: encoding, sender, signature, in this order. Whether it was here
    /// before is the caller's to know: handed-on messages come in any order, and have no window.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn verify_relayed_as<'a>(
        &self,
        encoding: Encoding,
        bytes: &'a [u8],
    ) -> Result<VerifiedMessage<'a>, BadMessage> {
        let cap = match encoding {
            Encoding::Postcard => MESSAGE_BYTES_MAX,
            Encoding::Json => JSON_LINE_MAX - 1,
        };
        if bytes.len() > cap {
            return Err(BadMessage::TooLarge);
        }
        let envelope = match encoding {
            Encoding::Postcard => binary::envelope(bytes)?,
            Encoding::Json => json::envelope(bytes)?,
        };
        if envelope.kind.len() > MESSAGE_KIND_MAX {
            return Err(BadMessage::TooLarge);
        }
        let sender = PeerId::from_bytes(&envelope.sender).map_err(|_| BadMessage::Malformed)?;
        if sender.to_bytes() != envelope.sender {
            return Err(BadMessage::Malformed);
        }
        if !self.senders.contains_key(&sender) {
            return Err(BadMessage::UnknownPeer);
        }
        let Payload { mesh, boot, seq, body } = match encoding {
            Encoding::Postcard => binary::payload(envelope.payload)?,
            Encoding::Json => json::payload(envelope.payload)?,
        };
        if body.len() > MESSAGE_BODY_MAX {
            return Err(BadMessage::TooLarge);
        }
        let hash = Sha256::digest(envelope.payload).into();
        let signed =
            signed_bytes(envelope.kind, &envelope.task_id, &envelope.sender, hash).ok_or(BadMessage::Internal)?;
        if !sender.signed(&signed, &envelope.signature) {
            return Err(BadMessage::Signature);
        }
        Ok(VerifiedMessage { kind: envelope.kind, task_id: envelope.task_id, sender, mesh, boot, seq, body })
    }
}
