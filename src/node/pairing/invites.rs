//! The flow of invites: one that is issued is saved before its file is handed out, and then handed to the other admins, so that the
//! device can join at whichever is up.
//!
//! How much of its life is left is saved every `INVITE_SAVE_MS`: after a power cut an invite lives that much longer at most. Whether it
//! was used is a record of the mesh, which all admins hold (`mesh::trust`).

use super::super::mesh_report::InviteReport;
use super::super::output::{Notice, Output, Problem, Response};
use super::super::trust::exchange::trust;
use super::super::{Node, Out};
use crate::base::id::{PeerKey, ReplyId};
use crate::base::time::{Duration, Instant};
use crate::limits::{INVITE_ADDRESSES_MAX, INVITE_ISSUERS_MAX, INVITE_SAVE_MS, INVITES_MAX};
use crate::mesh::pairing::admin::Admin;
use crate::mesh::pairing::invites::encode;
use crate::mesh::trust::Rights;
use crate::wire::certificate::exchange::Exchange;
use crate::wire::pairing::InviteId;
use crate::wire::pairing::invite::InviteRecord;

impl Node {
    /// The invites of the home, read before anything else happens.
    pub fn load_invites(&mut self, now: Instant, records: Vec<InviteRecord>) {
        // What was voided just before a power cut is void here again: the records say how many admins are removed.
        if let Some(admin) = self.admin_machine() {
            records.into_iter().for_each(|record| _ = admin.invites().take(now, record));
            self.mesh.trust.pairing.invites.save_at = Some(now + Duration::from_millis(INVITE_SAVE_MS));
        }
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

    /// A person wants an invite.
    pub(super) fn on_invite_order(&mut self, now: Instant, reply: ReplyId, record: InviteRecord, out: &mut Out) {
        let record = InviteRecord { removed_admins: self.trust.records().removed_admins(), ..record };
        let refused = if self.mesh.trust.pairing.invites.ordered.is_some() {
            Some((Problem::Busy, "Another invite is being written; ask again in a moment.".to_owned()))
        } else {
            match self.admin_machine() {
                None => Some((Problem::Conflict, self.no_admin("wattle invite"))),
                Some(admin) => (!admin.invites().take(now, record.clone())).then(|| {
                    let full = "There is room for so many invites at once, and all of it is taken until one is over";
                    (Problem::Conflict, format!("{full}: {INVITES_MAX}."))
                }),
            }
        };
        if let Some((problem, why)) = refused {
            return out.push(Output::Reply(reply, Response::refused(problem, why)));
        }
        let invites = &mut self.mesh.trust.pairing.invites;
        (invites.ordered, invites.unsaved) = (Some((reply, record)), true);
    }

    /// A person takes an invite back. The admins that are linked hear of it at once; on one that is off it is good for as long as it was.
    pub(super) fn on_invite_back(&mut self, now: Instant, reply: ReplyId, id: InviteId, out: &mut Out) {
        let Some(record) = self.admin_machine().and_then(|admin| admin.invites().take_back(now, id)) else {
            let why = "No invite of this number is good here.";
            return out.push(Output::Reply(reply, Response::refused(Problem::Conflict, why)));
        };
        self.mesh.trust.pairing.invites.unsaved = true;
        for peer in self.peers.all_linked().collect::<Vec<_>>() {
            if self.pass_or_hold(now, peer) {
                out.push(trust(peer, Exchange::Invite(Box::new(record.clone()))));
            }
        }
        out.push(Output::Reply(reply, Response::Done("The invite is void.".to_owned())));
    }

    /// Another admin hands over an invite, or says by one without life that it was taken back. Whether it may was checked.
    pub(in crate::node) fn on_invite(&mut self, now: Instant, record: InviteRecord) {
        let Some(admin) = self.admin_machine() else { return };
        if (record.left_ms == 0 || !admin.invites().knows(&record)) && admin.invites().take(now, record) {
            self.mesh.trust.pairing.invites.unsaved = true;
        }
    }

    /// A link to another admin is up: it gets the invites that can still be used.
    pub(in crate::node) fn hand_over_invites(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        if !self.pass_or_hold(now, peer) {
            return;
        }
        let Some(admin) = self.admin_machine() else { return };
        let usable = admin.invites().records(now).filter(|record| record.holder.is_none() && record.left_ms > 0);
        out.extend(usable.map(|record| trust(peer, Exchange::Invite(Box::new(record)))));
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

    /// Saves what has changed, and now and then how much is left of each life.
    pub(super) fn run_invites(&mut self, now: Instant, out: &mut Out) {
        self.hand_over_held(now, out);
        let invites = &mut self.mesh.trust.pairing.invites;
        let may_save = invites.ordered.is_some() || invites.resave.is_due(now);
        let is_due = invites.unsaved && may_save || invites.save_at.is_some_and(|at| at <= now);
        if invites.saving.is_some() || !is_due {
            return;
        }
        let Some(admin) = self.mesh.trust.pairing.admin.as_mut() else { return };
        let records: Vec<InviteRecord> = admin.invites().records(now).collect();
        let live = records.iter().any(|record| record.holder.is_none() && record.left_ms > 0);
        let invites = &mut self.mesh.trust.pairing.invites;
        invites.save_at = live.then(|| now + Duration::from_millis(INVITE_SAVE_MS));
        (invites.unsaved, invites.saving) = (false, Some(invites.ordered.is_some()));
        out.push(Output::SaveInvites(encode(&records)));
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
            (Some((reply, record)), Err(why)) => {
                if let Some(admin) = self.mesh.trust.pairing.admin.as_mut() {
                    admin.invites().withdraw(record.id);
                }
                let why = format!("No invite was written. {why}");
                out.push(Output::Reply(reply, Response::refused(Problem::Broken, why)));
            }
            (Some((reply, record)), Ok(())) => {
                for peer in self.peers.all_linked().collect::<Vec<_>>() {
                    if self.pass_or_hold(now, peer) {
                        out.push(trust(peer, Exchange::Invite(Box::new(record.clone()))));
                    }
                }
                let report = self.invite_report(now);
                out.push(Output::Reply(reply, Response::Invited(Box::new(report))));
            }
        }
    }

    /// Where an invite that was just written can be used: here, and at the other admins, but for those that do not get it now.
    fn invite_report(&self, now: Instant) -> InviteReport {
        let (own, records) = (self.config.key, self.trust.records());
        let others = records.admins().filter(|peer| *peer != own && !self.is_frozen(now, *peer));
        let issuers: Vec<PeerKey> = [own].into_iter().chain(others).take(INVITE_ISSUERS_MAX).collect();
        let known = issuers.iter().filter_map(|peer| self.peers.get(*peer)).flat_map(|peer| peer.addresses.kept());
        let addresses = self.mesh.listen.iter().chain(known).copied().take(INVITE_ADDRESSES_MAX).collect();
        InviteReport { mesh: records.mesh().map_or([0; 32], |mesh| mesh.0), issuers, addresses }
    }
}

#[cfg(test)]
mod tests;
