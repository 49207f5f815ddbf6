//! Messages that others carry: what one claims to be, cheaply and unproven, and whether its sender signed it.

use super::{BadMessage, Envelope, Opener, Payload, SIGNATURE, VERSION, exactly, signed_bytes};
use crate::limits::{MESSAGE_BODY_MAX, MESSAGE_BYTES_MAX, MESSAGE_KIND_MAX, MESSAGE_TASK_MAX};
use crate::wire::peer::{PEER_ID_BYTES, PeerId};

/// A message that somebody else handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried<'a> {
    /// What it is.
    pub kind: &'a str,
    /// Who said it.
    pub sender: PeerId,
    /// The start of the sender that it is of.
    pub boot: u32,
    /// Its number within that start, from 1.
    pub seq: u64,
    /// What it says.
    pub body: &'a [u8],
}

/// What a message claims. Nobody has proven a word of it: it may only be used to drop the message.
///
/// Allocates nothing. A claim may be spelt in a way that [`Opener::verify`] refuses.
#[must_use]
pub fn claim(bytes: &[u8]) -> Option<Carried<'_>> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    let (envelope, []) = postcard::take_from_bytes::<Envelope<'_>>(bytes).ok()? else { return None };
    if envelope.payload.first() != Some(&VERSION) {
        return None;
    }
    let (payload, []) = postcard::take_from_bytes::<Payload<'_>>(envelope.payload).ok()? else { return None };
    let sender = named(envelope.sender_id)?;
    let Payload { boot, seq, body, .. } = payload;
    Some(Carried { kind: envelope.kind, sender, boot, seq, body })
}

/// The sender by its spelling alone. Whether the key is one is a matter of the signature.
fn named(sender_id: &[u8]) -> Option<PeerId> {
    let key = sender_id.get(PEER_ID_BYTES - 32..)?.try_into().ok()?;
    let sender = PeerId::from_public_key(key);
    (sender.to_bytes() == sender_id).then_some(sender)
}

impl Opener {
    /// Checks a message that somebody else handed on: form, sender, signature, in this order. Whether it was here
    /// before is the caller's to know: handed-on messages come in any order, and have no window.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn verify<'a>(&self, bytes: &'a [u8]) -> Result<Carried<'a>, BadMessage> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(BadMessage::TooLarge);
        }
        let envelope: Envelope<'a> = exactly(bytes)?;
        if envelope.kind.len() > MESSAGE_KIND_MAX || envelope.task_id.len() > MESSAGE_TASK_MAX {
            return Err(BadMessage::TooLarge);
        }
        let sender = PeerId::from_bytes(envelope.sender_id).map_err(|_| BadMessage::Form)?;
        if sender.to_bytes() != envelope.sender_id || envelope.signature.len() != SIGNATURE {
            return Err(BadMessage::Form);
        }
        if !self.senders.contains_key(&sender) {
            return Err(BadMessage::Stranger);
        }
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
        let Payload { boot, seq, body, .. } = payload;
        Ok(Carried { kind: envelope.kind, sender, boot, seq, body })
    }
}

/// A message in the shape of a sealed one, with zeros for a signature: for the pretend world, whose agents have
/// no keys. Every [`Opener`] refuses it.
#[must_use]
pub fn unsigned(sender: PeerId, kind: &str, boot: u32, seq: u64, body: &[u8]) -> Vec<u8> {
    let payload = Payload { v: VERSION, mesh: None, boot, seq, body };
    // Writing plain data into a growing vector has no way to fail.
    let payload = postcard::to_allocvec(&payload).unwrap_or_default();
    let (sender_id, signature) = (sender.to_bytes(), [0; SIGNATURE]);
    let envelope = Envelope { kind, task_id: &[], payload: &payload, sender_id: &sender_id, signature: &signature };
    postcard::to_allocvec(&envelope).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::Sealer;
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::chance;
    use ed25519_dalek::SigningKey;

    fn sealed() -> (PeerId, Vec<u8>) {
        let key = SigningKey::from_bytes(&[5; 32]);
        let peer = PeerId::from_public_key(key.verifying_key().as_bytes());
        (peer, Sealer::new(key, 4).seal("rumour", &[], b"body").unwrap())
    }

    #[test]
    fn a_handed_on_message_is_verified_as_often_as_it_comes_and_a_claim_says_the_same() {
        let (peer, bytes) = sealed();
        let mut opener = Opener::new();
        assert_eq!(opener.verify(&bytes), Err(BadMessage::Stranger));
        assert!(opener.allow(peer));
        let opened = opener.verify(&bytes).unwrap();
        assert_eq!((opened.sender, opened.boot, opened.seq, opened.body), (peer, 4, 1, &b"body"[..]));
        assert_eq!(opener.verify(&bytes), Ok(opened.clone()));
        assert_eq!(claim(&bytes), Some(opened));
        assert!(opener.open(&bytes).is_ok() && opener.open(&bytes) == Err(BadMessage::Replay));
    }

    #[test]
    fn one_changed_byte_anywhere_is_refused() {
        let (peer, bytes) = sealed();
        let mut opener = Opener::new();
        assert!(opener.allow(peer));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(opener.verify(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn what_has_no_signature_has_the_shape_and_is_refused() {
        let (peer, _) = sealed();
        let bytes = unsigned(peer, "rumour", 2, 9, b"body");
        assert!(claim(&bytes).is_some_and(|claim| (claim.sender, claim.boot, claim.seq) == (peer, 2, 9)));
        let mut opener = Opener::new();
        assert!(opener.allow(peer));
        assert_eq!(opener.verify(&bytes), Err(BadMessage::Signature));
    }

    #[test]
    fn any_bytes_are_a_claim_or_none() {
        let (mut rng, (_, good)) = (Rng::new(8), sealed());
        for _ in 0..5_000 {
            let mut bytes = good.clone();
            chance::damage(&mut rng, &mut bytes, 4);
            bytes.truncate(chance::below(&mut rng, bytes.len() + 1));
            let _ = claim(&bytes);
        }
    }
}
