//! The invites that this agent can redeem: those that it issued, and those that another admin handed it.
//!
//! Kept of each: its id, the verifier that SPAKE2 takes (`wire::pairing::secret` says what that is worth), what the
//! device may do, how much of its life is left, and the device that it let in. The life is counted in this agent's running
//! time: a record that is saved and read again goes on with what was left when it was saved.
//!
//! An admin knows the verifiers of all invites, and could come back by one with another key once it is removed. So each invite says how many
//! admins were removed when it was written, and it is void where more are known. That number only grows, so a void invite is void for
//! ever, whoever hands it over and from whichever file it is read. A number that is too high counts as the number here: an admin that
//! writes one into an invite gains nothing.

use crate::base::bounded;
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{INVITE_LIFE_MS_MAX, INVITES_MAX};
use crate::wire::canonical::{exactly, put};
use crate::wire::pairing::invite::InviteRecord as Record;
use crate::wire::pairing::secret::{Secret, Verifier};
use crate::wire::pairing::{InviteId, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug)]
struct Held {
    verifier: Verifier,
    caps: u8,
    until: Instant,
    removed_admins: u32,
    holder: Option<PeerKey>,
}

/// The file of invites in a home: a version, and the records in postcard.
#[derive(Serialize, Deserialize)]
struct File(#[serde(deserialize_with = "bounded::list::<_, _, INVITES_MAX>")] Vec<Record>);

const VERSION: u8 = 1;

/// The bytes of the file.
#[must_use]
pub fn encode(records: &[Record]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    // Encoding plain data into a growing vector cannot fail.
    let _ = put(records, &mut bytes);
    bytes
}

/// The records of a file; `None` if it is damaged or of a later version.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Vec<Record>> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => exactly::<File>(rest).map(|File(records)| records),
        _ => None,
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Invites {
    held: BTreeMap<InviteId, Held>,
    /// How many admins are removed, as far as is known here.
    removed_admins: u32,
}

impl Invites {
    /// Takes a record: a new invite, one that was saved, or another admin's. Of an invite that is here already, only the
    /// shorter life and its use count. False if it is void, or the table is full: nothing was changed.
    pub fn take(&mut self, now: Instant, record: Record) -> bool {
        if record.removed_admins < self.removed_admins {
            return false;
        }
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
        let removed_admins = self.removed_admins;
        self.held.insert(id, Held { verifier, caps, until, removed_admins, holder });
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
            removed_admins: held.removed_admins,
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

    /// Its owner takes an invite back that let nobody in yet: its life is over. Returns its record; `None` if there is no such one.
    pub fn take_back(&mut self, now: Instant, id: InviteId) -> Option<Record> {
        let held = self.held.get_mut(&id).filter(|held| held.holder.is_none() && now < held.until)?;
        held.until = now;
        self.records(now).find(|record| record.id == id)
    }

    /// Whether this invite is held.
    pub(super) fn holds(&self, id: InviteId) -> bool {
        self.held.contains_key(&id)
    }

    /// Whether a record would change nothing but the life that is left.
    #[must_use]
    pub fn knows(&self, record: &Record) -> bool {
        self.held.get(&record.id).is_some_and(|held| held.holder.is_some() || record.holder.is_none())
    }

    /// So many admins are removed: forgets the invites from before, and returns whether there were any. Those that were used as well,
    /// since the word of an admin alone says by whom.
    pub fn void(&mut self, removed_admins: u32) -> bool {
        self.removed_admins = self.removed_admins.max(removed_admins);
        let before = self.held.len();
        self.held.retain(|_, held| held.removed_admins >= self.removed_admins);
        self.held.len() < before
    }

    /// Forgets an invite: its owner took it back. False if there is none.
    pub fn withdraw(&mut self, id: InviteId) -> bool {
        self.held.remove(&id).is_some()
    }
}
