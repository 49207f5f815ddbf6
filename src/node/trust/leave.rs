//! Devices that leave their mesh for good: one asks an admin to remove it, and an admin does so when it is asked.
//!
//! An admin that leaves is removed by another one as well: that one certifies anew whom it had admitted (`mesh::trust::authority`).

use super::super::output::{Notice, Output, Problem, Response};
use super::super::pairing_state::Wanted;
use super::super::{Node, Out};
use super::exchange::trust;
use crate::base::id::{PeerKey, ReplyId};
use crate::base::time::Instant;
use crate::mesh::trust::Rights;
use crate::mesh::trust::authority::Order;
use crate::wire::certificate::exchange::Exchange;

impl Node {
    /// The owner wants this device to leave its mesh; `anyway`: also if nobody is left who lets devices in. An admin is asked to remove it
    /// once that it leaves is `noted` on the disk: else a power cut in between would leave a device that does not know that it is removed.
    pub(in crate::node) fn on_leave(&self, reply: ReplyId, anyway: bool, noted: bool, out: &mut Out) {
        let response = match self.leave(anyway, noted, out) {
            Ok(done) => Response::Done(done),
            Err(why) => Response::refused(Problem::Conflict, why),
        };
        out.push(Output::Reply(reply, response));
    }

    fn leave(&self, anyway: bool, noted: bool, out: &mut Out) -> Result<String, &'static str> {
        let (own, records) = (self.config.key, self.trust.records());
        if records.mesh().is_none() {
            return Err("This device belongs to no mesh. Nothing was changed.");
        }
        if records.is_removed(own) || records.members().all(|certificate| certificate.holder == own) {
            return Ok("This device has left its mesh.".to_owned());
        }
        let admins: Vec<PeerKey> = records.admins().filter(|peer| *peer != own).collect();
        if admins.is_empty() && records.is_admin(own) && !anyway {
            return Err(
                "This device is the only admin of its mesh: without it nobody lets devices in or removes them. Make another one first \
                 with `wattle mesh admin PEERID`, or leave with --anyway. Nothing was changed.",
            );
        }
        if !noted {
            return Ok("This device may leave its mesh.".to_owned());
        }
        let told = admins.into_iter().find(|peer| self.peers.get(*peer).is_some_and(|peer| peer.linked));
        if let Some(admin) = told {
            out.push(trust(admin, Exchange::Leave));
            return Ok(format!(
                "This device has left its mesh; {admin} is asked to remove it, and lists it in `wattle mesh` there until it has.",
                admin = self.title(Some(admin))
            ));
        }
        Ok("This device has left its mesh. No admin is linked now, so the others go on to list it, and would take it in with its old \
            key, until one removes it with `wattle remove DEVICE` there."
            .to_owned())
    }

    /// A member leaves: an admin removes it, so that its key is worth nothing any more.
    pub(super) fn on_leaver(&mut self, now: Instant, peer: PeerKey, out: &mut Out) {
        let is_admin = self.trust.may(peer, Rights::MEMBER) && self.trust.records().is_admin(self.config.key);
        if !is_admin {
            return;
        }
        match self.mesh.trust.pairing.order(Wanted::Leaver(peer)) {
            Some(reply) => self.on_order(now, reply, Order::Remove(peer), out),
            None => self.not_removed(peer, "Other devices are being paired or removed.", out),
        }
    }

    /// The order to remove a member that leaves has ended.
    pub(in crate::node) fn on_leaver_handled(&self, peer: PeerKey, response: &Response, out: &mut Out) {
        if let Response::Refused(_, why) = response {
            self.not_removed(peer, why, out);
        }
    }

    /// It is gone and asks no more: a person has to.
    fn not_removed(&self, peer: PeerKey, why: &str, out: &mut Out) {
        if !self.trust.records().is_removed(peer) {
            let (device, id) = (self.title_of(peer), super::peer_id(peer));
            out.push(Output::Notice(Notice::Held(format!(
                "{device} leaves the mesh, and could not be removed from it. {why} Type `wattle remove {id}` in a moment."
            ))));
        }
    }
}
