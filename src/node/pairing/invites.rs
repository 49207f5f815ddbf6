//! The flow of invites: one that is issued is saved before its file is handed out, and then handed to the other admins, so that the
//! device can join at whichever is up.
//!
//! How much of its life is left is saved every `INVITE_SAVE_MS`: after a power cut an invite lives that much longer at most. Whether it
//! was used is a record of the mesh, which all admins hold (`mesh::trust`).

use super::super::mesh_report::InviteReport;
use super::super::output::{Notice, Output, Problem, Response};
use super::super::pairing_state::OrderedInvite;
use super::super::trust::exchange::trust;
use super::super::{Node, Out};
use crate::base::id::{PeerKey, ReplyId};
use crate::base::time::{Duration, Instant};
use crate::limits::{INVITE_ADDRESSES_MAX, INVITE_ISSUERS_MAX, INVITE_SAVE_MS, INVITES_MAX, INVITES_VOID_MAX};
use crate::mesh::pairing::admin::Admin;
use crate::mesh::pairing::invites::{Before, Full, Saved, encode};
use crate::mesh::trust::Rights;
use crate::wire::certificate::exchange::Exchange;
use crate::wire::pairing::InviteId;
use crate::wire::pairing::invite::InviteRecord;

impl Node {
    /// The invites of the home, read before anything else happens.
    pub fn load_invites(&mut self, now: Instant, saved: Saved) {
        // What was voided just before a power cut is void here again: the records say how many admins are removed.
        if let Some(admin) = self.admin_machine() {
            admin.invites().load(now, saved);
            self.mesh.trust.pairing.invites.save_at = Some(now + Duration::from_millis(INVITE_SAVE_MS));
        }
    }

    /// The certificates and removals of the home are those of a backup: said before anything else happens.
    pub const fn has_records_of_backup(&mut self) {
        self.mesh.records.are_of_backup = true;
    }

    /// The machine that lets devices in, where this device is an admin.
    pub(super) fn admin_machine(&mut self) -> Option<&mut Admin> {
        let (own, records) = (self.config.key, self.trust.records());
        let mesh = records.mesh().filter(|_| records.is_admin(own))?;
        let removed_admins = records.removed_admins();
        Some(self.mesh.trust.pairing.admin.get_or_insert_with(|| {
            let mut admin = Box::new(Admin::new(own, mesh.0));
            admin.invites().void(removed_admins);
            admin
        }))
    }

    /// A person wants an invite, in the place of an earlier one where one is named. Either both are on the disk, that this one is good and
    /// that the other one is void, or nothing is changed; nobody is told anything before.
    pub(super) fn on_invite_order(
        &mut self,
        now: Instant,
        reply: ReplyId,
        (record, replaces): (InviteRecord, Option<InviteId>),
        out: &mut Out,
    ) {
        let record = InviteRecord { removed_admins: self.trust.records().removed_admins(), ..record };
        let mut written = None;
        let refused = if self.mesh.trust.pairing.invites.ordered.is_some() {
            Some((Problem::Busy, "Another invite is being written; ask again in a moment.".to_owned()))
        } else if self.admin_machine().is_none() {
            Some((Problem::Conflict, self.no_admin("wattle invite")))
        } else {
            let new = record.clone();
            self.admitting(now, out, |admin, effects| written = Some(admin.write_invite(now, new, replaces, effects)));
            None
        };
        let before = match (refused, written) {
            (Some((problem, why)), _) => return out.push(Output::Reply(reply, Response::refused(problem, why))),
            (None, Some(Err(full))) => {
                return out.push(Output::Reply(reply, Response::refused(Problem::Conflict, no_room(full))));
            }
            (None, Some(Ok(before))) => before,
            (None, None) => None,
        };
        let (before, back) = before.map_or((None, None), |(before, back)| (Some(before), back));
        let invites = &mut self.mesh.trust.pairing.invites;
        (invites.ordered, invites.unsaved) = (Some(OrderedInvite { reply, record, replaces, before, back }), true);
    }

    /// This device is no admin any more: nobody waits for the invite that it was to write.
    pub(in crate::node) fn end_invite_order(&mut self, out: &mut Out) {
        if let Some(ordered) = self.mesh.trust.pairing.invites.ordered.take() {
            let why = self.no_admin("wattle invite");
            out.push(Output::Reply(ordered.reply, Response::refused(Problem::Conflict, why)));
        }
    }

    /// Another admin hands over an invite, or says by one without life that it was taken back. Whether it may was checked.
    pub(in crate::node) fn on_invite(&mut self, now: Instant, peer: PeerKey, record: InviteRecord, out: &mut Out) {
        let Some(admin) = self.admin_machine() else { return };
        let (id, mut any) = (record.id, false);
        if record.left_ms == 0 {
            self.admitting(now, out, |admin, effects| any = admin.hear_of_void(now, id, effects));
            // It stays void, also if what replaces it here cannot be saved.
            let ordered = self.mesh.trust.pairing.invites.ordered.as_mut();
            if let Some(ordered) = ordered.filter(|of| of.back.as_ref().is_some_and(|back| back.id() == id)) {
                ordered.back = None;
            }
        } else if admin.invites().is_void(id) {
            // It was off when that was told. While that is not on the disk it is not told.
            if !self.is_being_written(id) {
                self.tell_void(now, &[peer], id, out);
            }
        } else {
            any = !admin.invites().knows(&record) && admin.invites().take(now, record);
        }
        self.mesh.trust.pairing.invites.unsaved |= any;
    }

    /// Tells those of these peers that are admins that an invite was taken back.
    fn tell_void(&mut self, now: Instant, peers: &[PeerKey], id: InviteId, out: &mut Out) {
        let record = InviteRecord::taken_back(id, self.trust.records().removed_admins());
        for peer in peers {
            if self.pass_or_hold(now, *peer) {
                out.push(trust(*peer, Exchange::Invite(Box::new(record.clone()))));
            }
        }
    }

    /// A link to another admin is up: it hears which invites are void, and gets those that can still be used.
    pub(in crate::node) fn hand_over_invites(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        if !self.pass_or_hold(now, peer) {
            return;
        }
        let Some(admin) = self.admin_machine() else { return };
        for id in admin.invites().void_now(now).collect::<Vec<_>>() {
            if !self.is_being_written(id) {
                self.tell_void(now, &[peer], id, out);
            }
        }
        let Some(admin) = self.admin_machine() else { return };
        let usable = admin.invites().records(now).filter(|record| record.holder.is_none() && record.left_ms > 0);
        let usable: Vec<InviteRecord> = usable.collect();
        let told = usable.into_iter().filter(|record| !self.is_being_written(record.id));
        out.extend(told.map(|record| trust(peer, Exchange::Invite(Box::new(record)))));
    }

    /// Whether this invite is the one that is being written, or that whose place it takes: if that fails, all is as it was, so nobody is
    /// told of either before.
    fn is_being_written(&self, id: InviteId) -> bool {
        let ordered = self.mesh.trust.pairing.invites.ordered.as_ref();
        ordered.is_some_and(|of| of.record.id == id || of.back.as_ref().is_some_and(|back| back.id() == id))
    }

    /// True if invites go to a peer now: to admins, and to none of two devices with one key, as nobody can tell which of them is the right
    /// one. Such a key is held, and gets them once there is one device with it.
    fn pass_or_hold(&mut self, now: Instant, peer: PeerKey) -> bool {
        let is_frozen = self.is_frozen(now, peer);
        if !self.trust.may(peer, Rights::ADMIN) || !is_frozen {
            return self.trust.may(peer, Rights::ADMIN);
        }
        let held = &mut self.mesh.trust.pairing.invites.held;
        if !held.contains(&peer) {
            // There is room for all keys that are frozen; those that are no more leave with the next wake.
            let _ = held.push(peer);
        }
        false
    }

    /// When an admin that was to get invites, and is frozen, is no more.
    pub(super) fn thaw_at(&self) -> Option<Instant> {
        let until = |peer: &PeerKey| self.mesh.records.duplicates.frozen_until(*peer).unwrap_or(Instant::ZERO);
        self.mesh.trust.pairing.invites.held.iter().map(until).min()
    }

    /// Hands the invites to admins that are frozen no more. One without a link gets them with the next.
    fn hand_over_held(&mut self, now: Instant, out: &mut Out) {
        if self.thaw_at().is_none_or(|at| now < at) {
            return;
        }
        for peer in std::mem::take(&mut self.mesh.trust.pairing.invites.held) {
            if self.is_frozen(now, peer) || self.peers.get(peer).is_some_and(|peer| peer.linked) {
                self.hand_over_invites(now, peer, out);
            }
        }
    }

    /// Records came. If an admin is removed, it knows what lets a device in by an invite, and could come back with another key: no
    /// invite from before is good any more, on any admin that learns of it.
    pub(in crate::node) fn void_invites(&mut self, now: Instant, out: &mut Out) {
        let (removed_admins, mut any) = (self.trust.records().removed_admins(), false);
        self.admitting(now, out, |admin, effects| any = admin.void_invites(now, removed_admins, effects));
        self.mesh.trust.pairing.invites.unsaved |= any;
    }

    /// An invite was used here.
    pub(super) fn invites_changed(&mut self) {
        self.mesh.trust.pairing.invites.unsaved = true;
    }

    /// Does what is due.
    pub(super) fn run_invites(&mut self, now: Instant, out: &mut Out) {
        self.hand_over_held(now, out);
        self.save_invites(now, out);
    }

    /// Saves what has changed, and now and then how much is left of each life. A stop waits for it.
    pub(in crate::node) fn save_invites(&mut self, now: Instant, out: &mut Out) {
        let invites = &mut self.mesh.trust.pairing.invites;
        let may_save = invites.ordered.is_some() || invites.resave.is_due(now);
        let is_due = invites.unsaved && may_save || invites.save_at.is_some_and(|at| at <= now);
        if invites.saving.is_some() || !is_due {
            return;
        }
        let Some(admin) = self.mesh.trust.pairing.admin.as_mut() else { return };
        let saved = admin.invites().saved(now);
        let live = saved.records.iter().any(|record| record.holder.is_none() && record.left_ms > 0);
        let invites = &mut self.mesh.trust.pairing.invites;
        invites.save_at = live.then(|| now + Duration::from_millis(INVITE_SAVE_MS));
        (invites.unsaved, invites.saving) = (false, Some(invites.ordered.is_some()));
        out.push(Output::SaveInvites(encode(&saved)));
    }

    /// The file of invites is on the disk, or cannot be written.
    pub(in crate::node) fn on_invites_saved(&mut self, now: Instant, result: Result<(), String>, out: &mut Out) {
        let invites = &mut self.mesh.trust.pairing.invites;
        // The file does not say what was voided, used or handed over: it is saved again.
        invites.unsaved |= result.is_err();
        let is_news = invites.resave.ended(now, result.as_ref().err().map(String::as_str));
        let with_order = invites.saving.take().unwrap_or(false);
        let ordered = if with_order { invites.ordered.take() } else { None };
        match (ordered, result) {
            (None, Err(why)) if is_news => {
                out.push(Output::Notice(Notice::Held(format!("The list of invites could not be saved. {why}"))));
            }
            (None, _) => {}
            (Some(OrderedInvite { reply, record, back, .. }), Err(why)) => {
                let then = back.as_ref().map_or("", |_| " The one that was to be replaced is as it was.");
                if let Some(admin) = self.mesh.trust.pairing.admin.as_mut() {
                    admin.invites().withdraw(record.id);
                    back.into_iter().for_each(|back| admin.invites().restore(back));
                }
                let why = format!("No invite was written. {why}{then}");
                out.push(Output::Reply(reply, Response::refused(Problem::Broken, why)));
            }
            (Some(OrderedInvite { reply, record, .. }), Ok(())) if !self.holds_invite(&record) => {
                let why =
                    "An admin was removed while the invite was written, which makes all invites void. Write it again.";
                out.push(Output::Reply(reply, Response::refused(Problem::Conflict, why)));
            }
            (Some(OrderedInvite { reply, record, before, replaces, .. }), Ok(())) => {
                let linked: Vec<PeerKey> = self.peers.all_linked().collect();
                if let (Some(old), Some(Before::Void)) = (replaces, before) {
                    self.tell_void(now, &linked, old, out);
                }
                for peer in linked {
                    if self.pass_or_hold(now, peer) {
                        out.push(trust(peer, Exchange::Invite(Box::new(record.clone()))));
                    }
                }
                let report = self.invite_report(now, before);
                out.push(Output::Reply(reply, Response::Invited(Box::new(report))));
            }
        }
    }

    fn holds_invite(&mut self, record: &InviteRecord) -> bool {
        self.admin_machine().is_some_and(|admin| admin.invites().knows(record))
    }

    /// Where an invite that was just written can be used: here, and at the other admins, but for those that do not get it now.
    fn invite_report(&self, now: Instant, before: Option<Before>) -> InviteReport {
        let (own, records) = (self.config.key, self.trust.records());
        let others = records.admins().filter(|peer| *peer != own && !self.is_frozen(now, *peer));
        let issuers: Vec<PeerKey> = [own].into_iter().chain(others).take(INVITE_ISSUERS_MAX).collect();
        let known = issuers.iter().filter_map(|peer| self.peers.get(*peer)).flat_map(|peer| peer.addresses.kept());
        let addresses = self.mesh.listen.iter().chain(known).copied().take(INVITE_ADDRESSES_MAX).collect();
        InviteReport { mesh: records.mesh().map_or([0; 32], |mesh| mesh.0), issuers, addresses, before }
    }
}

/// Why no invite is written.
fn no_room(full: Full) -> String {
    match full {
        Full::Invites => format!(
            "There is room for so many invites at once, and all of it is taken until one is over: {INVITES_MAX}. Nothing was changed."
        ),
        Full::Void => format!(
            "So many invites were replaced lately that no more can be until the time of one is over: {INVITES_VOID_MAX}. Nothing was changed."
        ),
    }
}

#[cfg(test)]
mod tests;
