//! The flow of pairing on the side that lets devices in: what guests say reaches `mesh::pairing::admin`, and what that decides is
//! carried out. `join` is the other side.
//!
//! A device that has proven the secret is certified by an order like those of people (`trust::orders`): signed, saved, and only
//! then handed over. So whoever holds a certificate is known here, also after a power cut.

mod invites;
mod join;

use super::input::{GuestInput, Pairing};
use super::mesh_report::{
    ClosedWindow, JoinedDevice, MemberReport, MeshReport, OpenWindow, PairingReport, RemovalReport, hex, of_removal,
};
use super::output::{Notice, Output, Problem, Response};
use super::pairing_state::Wanted;
use super::trust::peer_id;
use super::{Node, Out};
use crate::base::count::plural;
use crate::base::id::{MeshId, PeerKey, ReplyId};
use crate::base::outbox::Outbox;
use crate::base::time::{Instant, earliest};
use crate::mesh::pairing::admin::{Admin, Effect, Issue, Received};
use crate::mesh::pairing::window::{Closed, Open, Secrets};
use crate::mesh::trust::authority::Order;
use crate::wire::certificate::{Caps, Refusal};
use crate::wire::envelope::Encoding;
use crate::wire::pairing::link::PairLink;
use crate::wire::pairing::{InviteId, Message, Refusal as Cause};
use core::net::SocketAddr;

impl Node {
    /// Something happened in a conversation with a guest, or with the device that this one is a guest of.
    pub(super) fn on_conversation(
        &mut self,
        now: Instant,
        peer: PeerKey,
        address: SocketAddr,
        what: GuestInput,
        out: &mut Out,
    ) {
        match what {
            GuestInput::Began { dialled: true, encoding } => self.on_host(now, peer, address, encoding, out),
            GuestInput::Began { dialled: false, encoding } => {
                if !self.mesh.trust.pairing.guest_began(peer, encoding) {
                    out.push(Output::EndGuest(peer));
                }
            }
            GuestInput::Received { bytes, random } if self.mesh.trust.pairing.is_host(peer) => {
                self.joining(now, out, |join, effects| join.received(now, &bytes, &random, effects));
            }
            GuestInput::Received { bytes, random } => {
                let Some(encoding) = self.mesh.trust.pairing.guest(peer) else { return };
                if self.trust.records().is_removed(peer) {
                    // Before it spends a try of whoever the code is for.
                    return refuse(peer, encoding, Cause::Removed, out);
                }
                if self.mesh.trust.pairing.admin.is_none() {
                    return refuse(peer, encoding, Cause::NoWindow, out);
                }
                let received = Received { peer, encoding, bytes: &bytes, random: &random };
                self.admitting(now, out, |admin, effects| admin.received(now, &received, effects));
            }
            GuestInput::Ended if self.mesh.trust.pairing.is_host(peer) => self.on_host_lost(now, out),
            GuestInput::Ended => {
                self.mesh.trust.pairing.guest_ended(peer);
                let is_member = self.trust.records().caps(peer).is_some();
                self.admitting(now, out, |admin, effects| admin.lost(now, peer, is_member, effects));
            }
        }
    }

    /// A request of a person about pairing.
    pub(super) fn on_pairing(&mut self, now: Instant, reply: ReplyId, request: Pairing, out: &mut Out) {
        match request {
            Pairing::Open(secrets) => {
                if let Err(why) = self.open_window(now, *secrets, out) {
                    return out.push(Output::Reply(reply, Response::refused(Problem::Conflict, why)));
                }
            }
            Pairing::Close => self.admitting(now, out, |admin, effects| admin.close(now, effects)),
            Pairing::Show => {}
            Pairing::Invite(record, replaces) => {
                return self.on_invite_order(now, reply, (*record, replaces), out);
            }
            Pairing::Used(invite) => return out.push(Output::Reply(reply, self.has_used(invite))),
            Pairing::Leave { anyway, noted } => return self.on_leave(reply, anyway, noted, out),
            Pairing::Join(wanted) => return self.on_join(now, reply, *wanted, out),
            Pairing::Mesh => {
                return out.push(Output::Reply(reply, Response::Mesh(Box::new(self.mesh_report(now)))));
            }
        }
        out.push(Output::Reply(reply, Response::Pairing(Box::new(self.pairing_report(now)))));
    }

    /// Whoever removed this device from its mesh.
    pub(super) fn removed_by(&self) -> Option<String> {
        let by = self.trust.records().removed_by(self.config.key)?;
        Some(self.mesh.trust.pairing.remover.clone().unwrap_or_else(|| self.title_of(by)))
    }

    /// Why this device lets nobody in, being no admin. The command is what its owner types on one.
    pub(super) fn no_admin(&self, command: &str) -> String {
        if self.trust.records().is_removed(self.config.key) {
            return of_removal(self.removed_by().as_deref());
        }
        if self.trust.records().mesh().is_none() {
            return "This device belongs to no mesh, so it lets nobody in. `wattle pair` makes one; `wattle join CODE` joins that of another device."
                .to_owned();
        }
        format!(
            "This device is no admin of its mesh, so it lets nobody in. Run `{command}` on one that is: `wattle mesh` lists them."
        )
    }

    fn open_window(&mut self, now: Instant, secrets: Secrets, out: &mut Out) -> Result<(), String> {
        if self.admin_machine().is_none() {
            return Err(self.no_admin("wattle pair"));
        }
        let joined = self.mesh.trust.pairing.closed.take().filter(|closed| closed.joined.is_some());
        self.mesh.trust.pairing.trouble = None;
        self.admitting(now, out, |admin, effects| admin.open(now, secrets, Caps::DEVICE.into(), effects));
        // An earlier window that this one took the place of is not what its owner wants to read about. Who joined by one is: whoever opened
        // that may not have read the words yet.
        self.mesh.trust.pairing.closed = joined;
        self.mesh.trust.pairing.windows += 1;
        Ok(())
    }

    /// Has the machine that lets devices in do something, and carries out what follows.
    fn admitting(&mut self, now: Instant, out: &mut Out, act: impl FnOnce(&mut Admin, &mut Outbox<Effect>)) {
        let Some(admin) = &mut self.mesh.trust.pairing.admin else { return };
        let mut effects = Outbox::new();
        act(admin, &mut effects);
        let opened = admin.window().opened();
        for effect in effects.drain() {
            match effect {
                Effect::Send(peer, bytes) => out.push(Output::SendToGuest(peer, bytes)),
                Effect::HangUp(peer) => out.push(Output::EndGuest(peer)),
                Effect::Issue(issue) => self.issue(now, &issue, out),
                Effect::Paired(peer, device, words, window) => {
                    // Whoever joins by an invite shows no words, so nobody is asked to compare them.
                    let (device, words) = (device.to_string(), window.map(|_| words.to_string()));
                    self.on_name(now, peer, device.clone(), out);
                    out.push(Output::Notice(Notice::Paired(device.clone(), words.clone())));
                    let joined = Some(JoinedDevice { device, peer_id: peer_id(peer), words });
                    // The machine counts its own windows, and is made anew where this device becomes an admin once more.
                    let newer = |window: u64| opened.saturating_sub(window);
                    let number = window.map(|window| self.mesh.trust.pairing.windows.saturating_sub(newer(window)));
                    self.mesh.trust.pairing.closed =
                        Some(ClosedWindow { number, why: sentence(Closed::Used).to_owned(), joined });
                }
                Effect::Failed(peer, why, left) => {
                    if let Some(trouble) = trouble(why, left) {
                        self.mesh.trust.pairing.trouble = Some(trouble);
                    }
                    out.push(Output::Notice(Notice::NotPaired(peer_id(peer), why, left)));
                }
                // With the device that joined.
                Effect::Closed(Closed::Used) => {}
                Effect::Closed(why) => {
                    let number = Some(self.mesh.trust.pairing.windows);
                    self.mesh.trust.pairing.closed =
                        Some(ClosedWindow { number, why: sentence(why).to_owned(), joined: None });
                }
            }
        }
    }

    /// A device has proven a secret: it is certified.
    fn issue(&mut self, now: Instant, issue: &Issue, out: &mut Out) {
        let holder = issue.holder;
        let records = self.trust.records();
        // The root made it an admin, and it asks for its certificate again. An invite is used by that, which is noted first.
        if records.is_admin(holder)
            && issue.invite.is_none()
            && let Some(chain) = records.chain(holder)
        {
            return self.admitting(now, out, |admin, effects| admin.granted(now, holder, &chain.encode(), effects));
        }
        let caps = Caps::try_from(issue.caps).unwrap_or(Caps::MEMBER);
        let order = match issue.invite {
            Some(InviteId(invite)) => Order::Redeem { invite, holder, caps },
            None => Order::Issue { holder, caps },
        };
        match self.mesh.trust.pairing.order(Wanted::Grant(holder)) {
            Some(reply) => self.on_order(now, reply, order, out),
            None => self.admitting(now, out, |admin, effects| admin.denied(now, holder, Cause::Interrupted, effects)),
        }
    }

    /// An order has ended, with why it was refused, if it was: whoever waits for it is told.
    pub(super) fn end_order(
        &mut self,
        now: Instant,
        reply: ReplyId,
        response: Response,
        why: Option<Refusal>,
        out: &mut Out,
    ) {
        match self.mesh.trust.pairing.take_order(reply) {
            None => out.push(Output::Reply(reply, response)),
            Some(Wanted::Enrol) => self.on_enrolled(response, out),
            Some(Wanted::Leaver(peer)) => self.on_leaver_handled(peer, &response, out),
            Some(Wanted::Grant(peer)) => {
                self.admitting(now, out, |admin, effects| match response {
                    Response::Certified(chain) => admin.granted(now, peer, &chain, effects),
                    Response::Refused(Problem::DiskFull, _) => admin.denied(now, peer, Cause::DiskFull, effects),
                    Response::Refused(Problem::Broken, _) => admin.denied(now, peer, Cause::NotSaved, effects),
                    _ => admin.denied(now, peer, cause(why), effects),
                });
                self.invites_changed();
            }
        }
    }

    /// Does what is due.
    pub(super) fn run_pairing(&mut self, now: Instant, out: &mut Out) {
        if self.mesh.trust.pairing.deadline().is_some_and(|due| due <= now) {
            self.admitting(now, out, |admin, effects| admin.tick(now, effects));
            self.joining(now, out, |join, effects| join.tick(now, effects));
        }
        self.run_invites(now, out);
    }

    /// When something of this flow is due.
    pub(super) fn pairing_deadline(&self) -> Option<Instant> {
        earliest(self.mesh.trust.pairing.deadline(), self.thaw_at())
    }

    fn pairing_report(&self, now: Instant) -> PairingReport {
        let shown = self
            .mesh
            .trust
            .pairing
            .admin
            .as_deref()
            .and_then(|admin| admin.window().shown())
            .zip(self.trust.records().mesh());
        let letting_in = self.mesh.trust.pairing.is_letting_in();
        PairingReport {
            trouble: self.mesh.trust.pairing.trouble.clone().filter(|_| shown.is_some()),
            window: shown.map(|(open, mesh)| self.window(now, open, mesh)),
            // Whoever is being let in may yet be who it was for.
            closed: self.mesh.trust.pairing.closed.clone().filter(|closed| !letting_in || closed.joined.is_some()),
            letting_in,
            waits: self.mesh.trust.pairing.joining.as_ref().and_then(|joining| joining.machine.waits(now)),
        }
    }

    fn window(&self, now: Instant, open: &Open, mesh: MeshId) -> OpenWindow {
        let addresses = self.mesh.listen.clone();
        let secret = open.secrets.link.clone();
        let shown = addresses.iter().map(ToString::to_string).collect();
        let link = PairLink { addresses, secret, admin: self.config.key, mesh: mesh.0 };
        OpenWindow {
            number: self.mesh.trust.pairing.windows,
            code: open.secrets.code.shown().to_string(),
            link: link.text().to_string(),
            addresses: shown,
            seconds_left: u64::try_from(open.until.since(now).as_millis() / 1000).unwrap_or(0),
            tries_left: open.tries_left,
        }
    }

    fn removal_of(&self, peer: PeerKey) -> RemovalReport {
        let by = self.trust.records().removed_by(peer).map(|by| self.title_of_any(by));
        RemovalReport { peer_id: peer_id(peer), name: None, by, known_since: None }
    }

    fn mesh_report(&self, now: Instant) -> MeshReport {
        let (own, records) = (self.config.key, self.trust.records());
        let mut members: Vec<MemberReport> = records
            .members()
            .map(|certificate| {
                let key = certificate.holder;
                let peer = self.peers.get(key);
                let is_named = key == own || peer.is_some_and(|peer| peer.device.is_some());
                MemberReport {
                    device: is_named.then(|| self.title(Some(key).filter(|key| *key != own))),
                    name: if key == own {
                        Some(self.config.device.clone())
                    } else {
                        peer.and_then(|of| of.device.clone())
                    },
                    peer_id: peer_id(key),
                    caps: certificate.caps.names().map(str::to_owned).collect(),
                    here: key == own,
                    linked: peer.is_some_and(|peer| peer.linked),
                    since: None,
                    seen: None,
                    no_help: self.no_help(now, key).filter(|_| key != own),
                    silent_s: None,
                }
            })
            .collect();
        members.sort_by_key(|member| !member.here);
        MeshReport {
            mesh: records.mesh().map(|mesh| hex(&mesh.0)),
            peer_id: self.config.peer_id.clone(),
            removed_here: records.is_removed(own),
            removed_by: self.removed_by(),
            members,
            removed: records.removed().count(),
            removals: records.removed().map(|peer| self.removal_of(peer)).collect(),
            epoch: records.epoch(),
            next_serial: records.next_serial(),
        }
    }
}

fn refuse(peer: PeerKey, encoding: Encoding, cause: Cause, out: &mut Out) {
    let mut bytes = Vec::new();
    Message::Refused { cause, wait: 0 }.put(encoding, &mut bytes);
    out.push(Output::SendToGuest(peer, bytes));
    out.push(Output::EndGuest(peer));
}

/// What a device is told when it got no certificate.
const fn cause(why: Option<Refusal>) -> Cause {
    match why {
        Some(Refusal::Removed) => Cause::Removed,
        Some(Refusal::Full) => Cause::Full,
        Some(Refusal::Used) => Cause::Used,
        // This device is no admin any more.
        Some(Refusal::NotAllowed) => Cause::NoWindow,
        // Too many orders at once: the device tries again.
        _ => Cause::Interrupted,
    }
}

/// What the owner of this device reads, and does so that a device that has the code gets in. `left`: the tries that the code has left, where
/// one was used.
fn trouble(why: Cause, left: Option<u8>) -> Option<String> {
    let told = match (why, left) {
        (Cause::DiskFull, _) => {
            "A device has the right code, and cannot be let in: the disk of this one is full. Free some space; the code stays good, and \
             the device joins again by it."
        }
        (Cause::NotSaved, _) => {
            "A device has the right code, and cannot be let in: this one cannot save anything. `wattle doctor` says why; the code stays \
             good, and the device joins again by it."
        }
        // With the last one the window closes, which says why.
        (Cause::WrongSecret, Some(left @ 1..)) => {
            let tries = plural(left.into(), "try", "tries");
            return Some(format!("A wrong code was entered on a device. This one is good for {left} more {tries}."));
        }
        _ => return None,
    };
    Some(told.to_owned())
}

const fn sentence(why: Closed) -> &'static str {
    match why {
        Closed::Used => "A device has joined.",
        Closed::Expired => "The time was over, and nobody joined. `wattle pair` opens the next window.",
        Closed::TooManyTries => {
            "There were too many wrong tries, so the code is not good any more. Nobody joined. `wattle pair` opens the next \
             window."
        }
        Closed::ByOwner => "The window was closed. Nobody joined.",
    }
}
