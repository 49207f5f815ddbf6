//! The verifying half: messages of allowed senders, each accepted once.

use super::replay::{Stale, Window};
use super::{BadMessage, Encoding, Payload, binary, json, signed_bytes};
use crate::limits::{
    JSON_LINE_MAX, MESSAGE_BODY_MAX, MESSAGE_BYTES_MAX, MESSAGE_KIND_MAX, MESSAGE_SENDERS_MAX, MESSAGE_TASK_MAX,
};
use crate::wire::peer_id::PeerId;
use heapless::Vec as Bounded;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A message that its sender signed. Unless it was relayed, it was accepted for the first time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedMessage<'a> {
    /// The message type.
    pub kind: &'a str,
    /// The task that it belongs to, or empty.
    pub task_id: Bounded<u8, MESSAGE_TASK_MAX>,
    /// Who signed it.
    pub sender: PeerId,
    /// The mesh that it belongs to, if to one.
    pub mesh: Option<[u8; 32]>,
    /// The sender's count of its starts.
    pub boot: u32,
    /// Its number within that start, from 1.
    pub seq: u64,
    /// The body, in the message's encoding; in JSON one canonical value.
    pub body: &'a [u8],
}

/// Verifies messages of the allowed senders. Both encodings share one replay window per sender.
#[derive(Debug, Default)]
pub struct Verifier {
    senders: BTreeMap<PeerId, Window>,
}

impl Verifier {
    /// Allows no sender yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts messages of `peer` from now on; false if `MESSAGE_SENDERS_MAX` others are allowed.
    #[must_use]
    pub fn add_peer(&mut self, peer: PeerId) -> bool {
        let room = self.senders.len() < MESSAGE_SENDERS_MAX || self.senders.contains_key(&peer);
        if room {
            self.senders.entry(peer).or_default();
        }
        room
    }

    /// Accepts no messages of `peer` any more, and forgets its window: allowed again, its old messages could be
    /// replayed.
    pub fn remove_peer(&mut self, peer: &PeerId) {
        self.senders.remove(peer);
    }

    /// How many senders are allowed.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.senders.len()
    }

    /// Verifies a message in postcard.
    ///
    /// # Errors
    /// As [`verify_as`](Self::verify_as).
    pub fn verify<'a>(&mut self, bytes: &'a [u8]) -> Result<VerifiedMessage<'a>, BadMessage> {
        self.verify_as(Encoding::Postcard, bytes)
    }

    /// Verifies a message in either encoding; a line of JSON comes without its line feed. Checks the encoding, the
    /// sender, the signature and the replay window, in this order.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify_as<'a>(&mut self, encoding: Encoding, bytes: &'a [u8]) -> Result<VerifiedMessage<'a>, BadMessage> {
        let verified = self.verify_relayed_as(encoding, bytes)?;
        self.take(verified, bytes)
    }

    /// Accepts a message that was verified, once.
    fn take<'a>(&mut self, verified: VerifiedMessage<'a>, bytes: &[u8]) -> Result<VerifiedMessage<'a>, BadMessage> {
        let window = self.senders.get_mut(&verified.sender).ok_or(BadMessage::UnknownPeer)?;
        // A message with a key is no proof to keep and to send back, nor one of a task, which may be a question of somebody: a copy of the
        // sender's home has its key, too.
        let private = verified.kind == "keys" || !verified.task_id.is_empty();
        let proof = if private { &[][..] } else { bytes };
        match window.take(verified.boot, verified.seq, proof) {
            Ok(()) => Ok(verified),
            Err(Stale::Number) => Err(BadMessage::Replay),
            Err(Stale::Start(latest)) => Err(BadMessage::EarlierStart { boot: verified.boot, latest }),
        }
    }

    /// A message of the latest start of `sender`, whole, for its [`proven_start`]; empty if none was accepted.
    #[must_use]
    pub fn latest_start(&self, sender: &PeerId) -> &[u8] {
        self.senders.get(sender).map_or(&[], Window::proof)
    }

    /// As [`verify_as`](Self::verify_as), for a message that came over the link of `from`: that of any other sender is
    /// refused without moving its window, so that its sender may still deliver it.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify_from<'a>(
        &mut self,
        from: &PeerId,
        encoding: Encoding,
        bytes: &'a [u8],
    ) -> Result<VerifiedMessage<'a>, BadMessage> {
        let verified = self.verify_relayed_as(encoding, bytes)?;
        if verified.sender != *from {
            return Err(BadMessage::NotFromSender);
        }
        self.take(verified, bytes)
    }

    /// Checks a relayed message: encoding, sender and signature, in this order. Relayed messages arrive in any order
    /// and more than once, so there is no replay window for them; the caller knows which ones it has.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify_relayed_as<'a>(
        &self,
        encoding: Encoding,
        bytes: &'a [u8],
    ) -> Result<VerifiedMessage<'a>, BadMessage> {
        signed_by(encoding, bytes, |sender| self.senders.contains_key(sender))
    }
}

/// The boot counter and number of a message that `own` signed, in either encoding; `None` if it is not one. An agent that lost its
/// count of starts, or is a restored copy, believes its own signature, and nobody's word.
#[must_use]
pub fn proven_start(own: &PeerId, message: &[u8]) -> Option<(u32, u64)> {
    // A message in postcard begins with the length of its type, which is shorter.
    let encoding = if message.first() == Some(&b'{') { Encoding::Json } else { Encoding::Postcard };
    signed_by(encoding, message, |sender| sender == own).ok().map(|verified| (verified.boot, verified.seq))
}

/// Checks a message: encoding, sender and signature, in this order.
fn signed_by(
    encoding: Encoding,
    bytes: &[u8],
    is_allowed: impl FnOnce(&PeerId) -> bool,
) -> Result<VerifiedMessage<'_>, BadMessage> {
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
    if !is_allowed(&sender) {
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
    let signed = signed_bytes(envelope.kind, &envelope.task_id, &envelope.sender, hash).ok_or(BadMessage::Internal)?;
    if !sender.signed(&signed, &envelope.signature) {
        return Err(BadMessage::Signature);
    }
    Ok(VerifiedMessage { kind: envelope.kind, task_id: envelope.task_id, sender, mesh, boot, seq, body })
}
