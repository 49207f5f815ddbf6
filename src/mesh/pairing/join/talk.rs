//! The exchange with one device, as the joining side keeps it.

use super::port::{Candidate, Effect, Joined};
use crate::base::id::PeerKey;
use crate::base::outbox::Outbox;
use crate::base::time::Instant;
use crate::wire::envelope::Encoding;
use crate::wire::pairing::Message;
use crate::wire::pairing::exchange::{SessionKey, Side, Transcript};

#[derive(Debug)]
pub(super) struct Talk {
    pub(super) candidate: Candidate,
    pub(super) admin: PeerKey,
    pub(super) encoding: Encoding,
    pub(super) until: Instant,
    pub(super) messages: Transcript,
    /// The mesh and the key, once the proof was sent.
    pub(super) proven: Option<([u8; 32], SessionKey)>,
    pub(super) certificate: Option<Vec<u8>>,
}

impl Talk {
    /// Sends a message, which the confirmations cover.
    pub(super) fn send(&mut self, message: &Message, out: &mut Outbox<Effect>) {
        let mut bytes = Vec::new();
        message.put(self.encoding, &mut bytes);
        self.messages.add(&bytes);
        out.push(Effect::Send(bytes));
    }

    /// What the device has, if this is the admin's proof over all messages, the certificate among them.
    pub(super) fn joined(&mut self, proof: &[u8; 32]) -> Option<Joined> {
        let ((mesh, key), certificate) = self.proven.as_ref().zip(self.certificate.take())?;
        let words = key.words();
        key.confirms(Side::Admin, &self.messages, proof).then_some(Joined {
            certificate,
            admin: self.admin,
            mesh: *mesh,
            words,
        })
    }
}
