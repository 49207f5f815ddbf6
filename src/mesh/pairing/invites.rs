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
//!
//! An invite that its owner took back is void, and stays so: another admin that was off meanwhile holds it as good still, and hands it over
//! with its next link. So its id is kept until its first life is over, and after that until another one needs its place.

use crate::base::bounded;
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::{INVITE_LIFE_MS_MAX, INVITES_MAX, INVITES_VOID_MAX};
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

/// What the file of invites in a home says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The invites.
    #[serde(deserialize_with = "bounded::list::<_, _, INVITES_MAX>")]
    pub records: Vec<Record>,
    /// Those that were taken back, each with what is left of its first life in milliseconds.
    #[serde(deserialize_with = "bounded::list::<_, _, INVITES_VOID_MAX>")]
    pub void: Vec<(InviteId, u64)>,
}

/// The file's first version: the records alone.
#[derive(Serialize, Deserialize)]
struct First(#[serde(deserialize_with = "bounded::list::<_, _, INVITES_MAX>")] Vec<Record>);

const FIRST: u8 = 1;
const VERSION: u8 = 2;

/// The bytes of the file: a version, and the rest in postcard.
#[must_use]
pub fn encode(saved: &Saved) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    // Encoding plain data into a growing vector cannot fail.
    let _ = put(saved, &mut bytes);
    bytes
}

/// What a file says; `None` if it is damaged or of a later version.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Saved> {
    match bytes.split_first() {
        Some((&FIRST, rest)) => exactly::<First>(rest).map(|First(records)| Saved { records, void: Vec::new() }),
        Some((&VERSION, rest)) => exactly::<Saved>(rest),
        _ => None,
    }
}

/// What is known of the invite in whose place another one is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// It was good until then, and is void.
    Void,
    /// A device has joined by it.
    Used,
    /// A device has proven its secret, and is being let in.
    InUse,
    /// Its life was over.
    Expired,
    /// It was void already: another one took its place.
    Replaced,
    /// There is no record of it.
    Unknown,
}

/// Why an invite is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// All places are taken by invites that are good.
    Invites,
    /// No more can be taken back: so many are void within their first life.
    Void,
}

/// An invite whose place another one takes, for the case that this cannot be saved.
#[derive(Debug)]
pub struct TakenBack(InviteId, Held);

impl TakenBack {
    /// Which one.
    #[must_use]
    pub const fn id(&self) -> InviteId {
        self.0
    }
}

/// All of them.
#[derive(Debug, Default)]
pub struct Invites {
    held: BTreeMap<InviteId, Held>,
    /// Those that were taken back, and until when each could have been used. None of them is held.
    void: BTreeMap<InviteId, Instant>,
    /// How many admins are removed, as far as is known here.
    removed_admins: u32,
}

impl Invites {
    /// Takes a record: a new invite, one that was saved, or another admin's. Of an invite that is here already, only the
    /// shorter life and its use count. False if it is void, or the table is full: nothing was changed.
    pub fn take(&mut self, now: Instant, record: Record) -> bool {
        if record.removed_admins < self.removed_admins || self.is_void(record.id) {
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
            left_ms: left_ms(now, held.until),
            removed_admins: held.removed_admins,
            holder: held.holder,
        })
    }

    /// The secret for an exchange with this peer, and what the device may do.
    ///
    /// # Errors
    /// Why the invite is not good.
    pub(super) fn begin(&self, now: Instant, id: InviteId, peer: PeerKey) -> Result<(Secret, u8), Refusal> {
        let unknown = if self.is_void(id) { Refusal::Replaced } else { Refusal::UnknownInvite };
        let held = self.held.get(&id).ok_or(unknown)?;
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

    /// What a file says, read again.
    pub fn load(&mut self, now: Instant, saved: Saved) {
        let until = |left_ms: u64| now + Duration::from_millis(left_ms.min(INVITE_LIFE_MS_MAX));
        self.void.extend(saved.void.into_iter().take(INVITES_VOID_MAX).map(|(id, left_ms)| (id, until(left_ms))));
        saved.records.into_iter().for_each(|record| _ = self.take(now, record));
    }

    /// What is saved.
    #[must_use]
    pub fn saved(&self, now: Instant) -> Saved {
        let void = self.void.iter().map(|(id, until)| (*id, left_ms(now, *until))).collect();
        Saved { records: self.records(now).collect(), void }
    }

    /// Takes a new invite, in the place of an earlier one where one is named: that is void from then on if it was good.
    ///
    /// # Errors
    /// There is no room: nothing was changed.
    pub(super) fn write(
        &mut self,
        now: Instant,
        record: Record,
        replaces: Option<InviteId>,
    ) -> Result<Option<(Before, Option<TakenBack>)>, Full> {
        let before = replaces.map(|old| self.before(now, old));
        let is_full = self.held.values().filter(|held| held.until > now).count() >= INVITES_MAX;
        let back = match (replaces, before) {
            (Some(old), Some(Before::Void)) => Some(self.take_back(now, old).ok_or(Full::Void)?),
            // That it was used is a record of the mesh.
            (Some(old), Some(Before::Used)) if is_full => self.held.remove(&old).map(|held| TakenBack(old, held)),
            _ => None,
        };
        if self.take(now, record) {
            return Ok(before.map(|before| (before, back)));
        }
        back.into_iter().for_each(|back| self.restore(back));
        Err(Full::Invites)
    }

    /// What is known of an invite that another one is to replace.
    fn before(&self, now: Instant, id: InviteId) -> Before {
        match self.held.get(&id) {
            None if self.is_void(id) => Before::Replaced,
            None => Before::Unknown,
            Some(held) if held.holder.is_some() => Before::Used,
            Some(held) if held.until <= now => Before::Expired,
            Some(_) => Before::Void,
        }
    }

    /// Takes back an invite that is held and let nobody in yet; `None` if there is none, or no room to remember that.
    pub(super) fn take_back(&mut self, now: Instant, id: InviteId) -> Option<TakenBack> {
        let until = self.held.get(&id).filter(|held| held.holder.is_none())?.until;
        if self.void.len() >= INVITES_VOID_MAX {
            let first = self.void.iter().min_by_key(|(_, until)| **until);
            let (over, _) = first.filter(|(_, until)| **until <= now)?;
            let over = *over;
            self.void.remove(&over);
        }
        self.void.insert(id, until);
        self.held.remove(&id).map(|held| TakenBack(id, held))
    }

    /// Another admin says that an invite was taken back. False if that changes nothing.
    ///
    /// Of one that is not held here the first life is unknown: it is the longest that there is. Such ones get half of the places, and no other one
    /// goes for them, so that two admins cannot tell each other for ever of what is over.
    pub(super) fn hear_of_void(&mut self, now: Instant, id: InviteId) -> bool {
        if self.is_void(id) || self.held.get(&id).is_some_and(|held| held.holder.is_some()) {
            return false;
        }
        if self.take_back(now, id).is_some() {
            return true;
        }
        if let Some(held) = self.held.get_mut(&id) {
            // No room to remember it: at least its life is over.
            let was_good = held.until > now;
            held.until = held.until.min(now);
            return was_good;
        }
        let has_room = self.void.len() < INVITES_VOID_MAX / 2;
        if has_room {
            self.void.insert(id, now + Duration::from_millis(INVITE_LIFE_MS_MAX));
        }
        has_room
    }

    /// An invite is good again, as taking it back could not be saved.
    pub fn restore(&mut self, TakenBack(id, held): TakenBack) {
        self.void.remove(&id);
        if held.removed_admins >= self.removed_admins {
            self.held.insert(id, held);
        }
    }

    /// Whether this invite was taken back.
    #[must_use]
    pub fn is_void(&self, id: InviteId) -> bool {
        self.void.contains_key(&id)
    }

    /// Those that were taken back and whose first life goes on.
    pub fn void_now(&self, now: Instant) -> impl Iterator<Item = InviteId> + '_ {
        self.void.iter().filter(move |(_, until)| **until > now).map(|(id, _)| *id)
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

    /// Forgets an invite that could not be saved, so that nobody has it. False if there is none.
    pub fn withdraw(&mut self, id: InviteId) -> bool {
        self.held.remove(&id).is_some()
    }
}

fn left_ms(now: Instant, until: Instant) -> u64 {
    u64::try_from(until.since(now).as_millis()).unwrap_or(u64::MAX)
}
