//! The invites that this agent can redeem: those that it issued, and those that another admin handed it.
//!
//! Kept of each: its id, the verifier that SPAKE2 takes (`wire::pairing::secret` says what that is worth), what the
//! device may do, how much of its life is left, and the device that it let in. The life is counted in this agent's running
//! time: a record that is saved and read again goes on with what was left when it was saved.

use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{INVITE_LIFE_MS_MAX, INVITES_MAX};
use crate::wire::pairing::secret::{Secret, Verifier};
use crate::wire::pairing::{InviteId, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An invite as it is saved, and handed to another admin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its public name.
    pub id: InviteId,
    /// The password of its exchange: as private as a key.
    pub verifier: Verifier,
    /// What the device may do, as bits of `wire::certificate`.
    pub caps: u8,
    /// Milliseconds of running time that are left of its life.
    pub left_ms: u64,
    /// The public key of the device that it let in.
    pub holder: Option<PeerKey>,
}

#[derive(Debug)]
struct Held {
    verifier: Verifier,
    caps: u8,
    until: Instant,
    holder: Option<PeerKey>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Invites {
    held: BTreeMap<InviteId, Held>,
}

impl Invites {
    /// Takes a record: a new invite, one that was saved, or another admin's. Of an invite that is here already, only the
    /// shorter life and its use count. False if the table is full: nothing was changed.
    pub fn take(&mut self, now: Instant, record: Record) -> bool {
        let until = now + Duration::from_millis(record.left_ms.min(INVITE_LIFE_MS_MAX));
        if let Some(held) = self.held.get_mut(&record.id) {
            held.until = held.until.min(until);
            held.holder = held.holder.or(record.holder);
            return true;
        }
        if self.held.len() >= INVITES_MAX {
            self.held.retain(|_, held| held.until > now);
        }
        if self.held.len() >= INVITES_MAX {
            return false;
        }
        let Record { id, verifier, caps, holder, .. } = record;
        self.held.insert(id, Held { verifier, caps, until, holder });
        true
    }

    /// The records to save. An invite whose life is over, or that was used, is among them until another one needs its
    /// place, so that who comes too late is told so.
    pub fn records(&self, now: Instant) -> impl Iterator<Item = Record> + '_ {
        self.held.iter().map(move |(id, held)| Record {
            id: *id,
            verifier: held.verifier.clone(),
            caps: held.caps,
            left_ms: u64::try_from(held.until.since(now).as_millis()).unwrap_or(u64::MAX),
            holder: held.holder,
        })
    }

    /// The secret for an exchange with this peer, and what the device may do.
    ///
    /// # Errors
    /// Why the invite is not good.
    pub(super) fn begin(&self, now: Instant, id: InviteId, peer: PeerKey) -> Result<(Secret, u8), Refusal> {
        let held = self.held.get(&id).ok_or(Refusal::UnknownInvite)?;
        if held.holder.is_some_and(|holder| holder != peer) {
            return Err(Refusal::Used);
        }
        if held.until <= now {
            return Err(Refusal::Expired);
        }
        Ok((held.verifier.secret(), held.caps))
    }

    /// The invite let this device in: here, or at another admin. The first one counts.
    pub fn used(&mut self, id: InviteId, holder: PeerKey) {
        if let Some(held) = self.held.get_mut(&id) {
            held.holder.get_or_insert(holder);
        }
    }

    /// Forgets an invite: its owner took it back. False if there is none.
    pub fn withdraw(&mut self, id: InviteId) -> bool {
        self.held.remove(&id).is_some()
    }
}
