//! Relayed messages: what one claims before its signature is checked, and whether its origin signed it.

use super::{BadMessage, Encoding, Payload, SIGNATURE, VerifiedMessage, Verifier, binary};
use crate::limits::MESSAGE_BYTES_MAX;
use crate::wire::peer_id::{PEER_ID_BYTES, PeerId};

/// The fields of a message in postcard, unverified: use them only to decide that the message is dropped.
#[must_use]
pub fn claim(bytes: &[u8]) -> Option<VerifiedMessage<'_>> {
    if bytes.len() > MESSAGE_BYTES_MAX {
        return None;
    }
    let envelope = binary::envelope(bytes).ok()?;
    let Payload { mesh, boot, seq, body } = binary::payload(envelope.payload).ok()?;
    let sender = claimed_sender(&envelope.sender)?;
    Some(VerifiedMessage { kind: envelope.kind, task_id: envelope.task_id, sender, mesh, boot, seq, body })
}

/// The sender, checked for its encoding only: that the key is a valid one is checked with the signature.
fn claimed_sender(sender_id: &[u8; PEER_ID_BYTES]) -> Option<PeerId> {
    let sender = PeerId::from_public_key(sender_id.last_chunk()?);
    (sender.to_bytes() == *sender_id).then_some(sender)
}

impl Verifier {
    /// Checks a relayed message in postcard; see [`verify_relayed_as`](Self::verify_relayed_as).
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify_relayed<'a>(&self, bytes: &'a [u8]) -> Result<VerifiedMessage<'a>, BadMessage> {
        self.verify_relayed_as(Encoding::Postcard, bytes)
    }
}

/// A message whose signature is zeros, for the simulator, whose agents have no keys. Every [`Verifier`] refuses it.
#[must_use]
pub fn unsigned(sender: PeerId, kind: &str, boot: u32, seq: u64, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Encoding plain data into a growing vector cannot fail.
    let _ = binary::begin(kind, &[], &Payload { mesh: None, boot, seq, body }, &mut bytes);
    let _ = binary::end(&sender.to_bytes(), &[0; SIGNATURE], &mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;
    use crate::wire::envelope::Signer;
    use crate::wire::random_bytes;
    use ed25519_dalek::SigningKey;

    fn signed() -> (PeerId, Vec<u8>) {
        let key = SigningKey::from_bytes(&[5; 32]);
        let peer = PeerId::from_public_key(key.verifying_key().as_bytes());
        (peer, Signer::new(key, 4).sign("rumour", &[], b"body").unwrap())
    }

    #[test]
    fn a_relayed_message_is_verified_each_time_and_its_claim_has_the_same_fields() {
        let (peer, bytes) = signed();
        let mut verifier = Verifier::new();
        assert_eq!(verifier.verify_relayed(&bytes), Err(BadMessage::UnknownPeer));
        assert!(verifier.add_peer(peer));
        let verified = verifier.verify_relayed(&bytes).unwrap();
        assert_eq!((verified.sender, verified.boot, verified.seq, verified.body), (peer, 4, 1, &b"body"[..]));
        assert_eq!(verifier.verify_relayed(&bytes), Ok(verified.clone()));
        assert_eq!(claim(&bytes), Some(verified));
        assert!(verifier.verify(&bytes).is_ok() && verifier.verify(&bytes) == Err(BadMessage::Replay));
    }

    #[test]
    fn one_changed_byte_anywhere_is_refused() {
        let (peer, bytes) = signed();
        let mut verifier = Verifier::new();
        assert!(verifier.add_peer(peer));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(verifier.verify_relayed(&changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn an_unsigned_message_has_a_claim_and_is_refused() {
        let (peer, _) = signed();
        let bytes = unsigned(peer, "rumour", 2, 9, b"body");
        assert!(claim(&bytes).is_some_and(|claim| (claim.sender, claim.boot, claim.seq) == (peer, 2, 9)));
        let mut verifier = Verifier::new();
        assert!(verifier.add_peer(peer));
        assert_eq!(verifier.verify_relayed(&bytes), Err(BadMessage::Signature));
    }

    #[test]
    fn a_claim_of_damaged_bytes_never_panics() {
        let (mut rng, (_, good)) = (Rng::new(8), signed());
        for _ in 0..5_000 {
            let mut bytes = good.clone();
            random_bytes::damage(&mut rng, &mut bytes, 4);
            bytes.truncate(random_bytes::below(&mut rng, bytes.len() + 1));
            let _ = claim(&bytes);
        }
    }
}
