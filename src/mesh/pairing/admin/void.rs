//! Invites that are void: with them go the exchanges that use them and have proven nothing yet.

use super::super::invites::{Before, Full, TakenBack};
use super::{Admin, Effect};
use crate::base::outbox::Outbox;
use crate::base::time::Instant;
use crate::wire::pairing::invite::InviteRecord;
use crate::wire::pairing::{InviteId, Refusal, Way};

impl Admin {
    /// So many admins of the mesh are removed: invites from before are void. Returns whether there were any.
    pub fn void_invites(&mut self, now: Instant, removed_admins: u32, out: &mut Outbox<Effect>) -> bool {
        let any = self.invites.void(removed_admins);
        self.end_void(now, Refusal::UnknownInvite, out);
        any
    }

    /// Takes a new invite, in the place of an earlier one where one is named, which is void from then on: see `Invites::write`.
    ///
    /// # Errors
    /// There is no room: nothing was changed.
    pub fn write_invite(
        &mut self,
        now: Instant,
        record: InviteRecord,
        replaces: Option<InviteId>,
        out: &mut Outbox<Effect>,
    ) -> Result<Option<(Before, Option<TakenBack>)>, Full> {
        if replaces.is_some_and(|old| self.is_proven_by(old)) {
            self.invites.write(now, record, None)?;
            return Ok(Some((Before::InUse, None)));
        }
        let before = self.invites.write(now, record, replaces)?;
        self.end_void(now, Refusal::Replaced, out);
        Ok(before)
    }

    /// Another admin says that its owner took an invite back. False if that changes nothing: whoever has proven its secret is let in.
    pub fn hear_of_void(&mut self, now: Instant, id: InviteId, out: &mut Outbox<Effect>) -> bool {
        let any = !self.is_proven_by(id) && self.invites.hear_of_void(now, id);
        self.end_void(now, Refusal::Replaced, out);
        any
    }

    fn is_proven_by(&self, id: InviteId) -> bool {
        self.running.iter().any(|running| running.way == Way::Invite(id) && running.is_proven(running.peer))
    }

    /// Ends the exchanges with invites that are held no more and that have proven nothing yet.
    fn end_void(&mut self, now: Instant, why: Refusal, out: &mut Outbox<Effect>) {
        let by_void = |all: &Self| {
            let is_void = |way: Way| matches!(way, Way::Invite(id) if !all.invites.holds(id));
            all.unproven().find(|running| is_void(running.way)).map(|of| of.peer)
        };
        while let Some(peer) = by_void(self) {
            self.end(now, peer, why, out);
        }
    }
}
