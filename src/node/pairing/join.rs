//! The flow of pairing on the joining side: `mesh::pairing::join` says whom to dial and what to send; the certificate that it
//! gets is checked, saved, and only then reported.

use super::super::input::Wanted as Asked;
use super::super::mesh_report::{JoinReport, hex, of_removal};
use super::super::output::{Output, Problem, Response};
use super::super::pairing_state::{Joining, Wanted};
use super::super::trust::peer_id;
use super::super::{Node, Out};
use crate::base::id::{MeshId, PeerKey, ReplyId};
use crate::base::outbox::Outbox;
use crate::base::time::Instant;
use crate::mesh::pairing::failure::{Failure, Lost};
use crate::mesh::pairing::join::{Candidate, Effect, Join, Joined, Settings};
use crate::mesh::pairing::window::{Closed, Own};
use crate::mesh::trust::authority::Order;
use crate::wire::certificate::Chain;
use crate::wire::certificate::exchange::Page;
use crate::wire::envelope::Encoding;
use crate::wire::pairing::{DeviceName, InviteId, Way};
use core::net::SocketAddr;

/// Devices that are named where a device is in a mesh already.
const MEMBERS_TOLD_MAX: usize = 4;

const OWN_CODE: &str = "This is the device that shows this code: it lets another one in. Type the command on the other device. Nothing was changed, \
                        and the code stays good.";

const OF_ANOTHER_MESH: &str = "The device that was found is of another mesh than this one, which belongs to a mesh that does not know it any more. Name a device of that \
     mesh with --at; or type `wattle leave` here and start the agent again, then join the other one. Nothing was changed.";

const PUT_OFF: &str = "A code was typed on this device, which goes first.";

const JOINED_BY_IT: &str =
    "This device has joined its mesh by this very code already: it is in, and the code is used. Nothing was changed.";

/// Why this device's own code lets nobody in any more.
fn own_code_is_over(why: Closed) -> String {
    let why = match why {
        Closed::Used => "another device has joined by it, and each code is for one",
        Closed::Expired => "its time is over",
        Closed::TooManyTries => "there were too many tries",
        Closed::ByOwner => "its window was closed",
    };
    format!(
        "This code was this device's own, to let another device in, and it is not good any more: {why}. This device is in its mesh already. \
         To let one more in, type `wattle pair` here, and `wattle join CODE` with the new code there. Nothing was changed."
    )
}

impl Node {
    /// A person wants this device to join a mesh.
    pub(super) fn on_join(&mut self, now: Instant, reply: ReplyId, asked: Asked, out: &mut Out) {
        if let Err((problem, why)) = self.may_join(&asked) {
            return out.push(Output::Reply(reply, Response::refused(problem, why)));
        }
        // The invite on a card is tried again by itself.
        self.end_join(Response::refused(Problem::Busy, PUT_OFF.to_owned()), out);
        let (secret, by_invite) = (asked.secret.clone(), matches!(asked.way, Way::Invite(_)));
        let settings = Settings {
            own: self.config.key,
            device: device_name(&self.config.device),
            secret: asked.secret,
            way: asked.way,
            mesh: asked.mesh.or(self.trust.records().mesh().map(|mesh| mesh.0)),
            is_member: self.is_member(),
            admins: asked.admins,
        };
        let machine = Join::new(now, settings, asked.searching);
        let given = asked.places.iter().map(|place| place.address).collect();
        self.mesh.trust.pairing.joining = Some(Joining::new(machine, (secret, by_invite), reply, given));
        if asked.searching {
            out.push(Output::SearchAdmins(true));
        }
        for place in &asked.places {
            self.joining(now, out, |join, effects| join.found(now, *place, effects));
        }
        if asked.places.is_empty() && !asked.searching {
            let is_here = self.mesh.listen.iter().all(|at| at.ip().is_loopback());
            let port = self.mesh.listen.first().filter(|_| is_here).map(SocketAddr::port);
            let why = port.map_or(Failure::NoSearch, Failure::OnlyHere);
            self.end_join(Response::refused(Problem::Conflict, self.said_of(why)), out);
        }
    }

    /// Whether this device has joined by this invite: all admins note each use, and hand it on to every device.
    pub(super) fn has_used(&self, invite: InviteId) -> Response {
        if self.trust.records().uses_of(invite.0).any(|used| used.holder == self.config.key) {
            return Response::Done("This device has joined by this invite.".to_owned());
        }
        let why = "This device is in that mesh already. As far as it knows, nobody has joined by this invite: give it to another device, or \
                   delete it.";
        Response::refused(Problem::Conflict, why)
    }

    fn may_join(&self, asked: &Asked) -> Result<(), (Problem, String)> {
        let (own, records) = (self.config.key, self.trust.records());
        let is_code = !matches!(asked.way, Way::Invite(_));
        // A person who types a code does not wait for the invite on the card, unless some device answers it just now.
        let goes_first = |under_way: &Joining| {
            is_code && under_way.by_invite && under_way.host.is_none() && under_way.joined.is_none()
        };
        if self.mesh.trust.pairing.joining.as_ref().is_some_and(|under_way| !goes_first(under_way)) {
            return Err((
                Problem::Busy,
                "This device is joining a mesh already. Wait a minute, then join again.".to_owned(),
            ));
        }
        let own_code = self.mesh.trust.pairing.admin.as_deref().filter(|_| is_code);
        let refused = if records.is_removed(own) {
            of_removal(self.removed_by().as_deref())
        } else if let Some(own) = own_code.and_then(|admin| admin.window().own(&asked.secret)) {
            match own {
                Own::Good => OWN_CODE.to_owned(),
                Own::Over(why) => own_code_is_over(why),
            }
        } else if !self.is_member() {
            return Ok(());
        } else if is_code && self.mesh.trust.pairing.joined_by.as_ref() == Some(&asked.secret) {
            JOINED_BY_IT.to_owned()
        } else if asked.mesh.is_some() && asked.mesh == records.mesh().map(|mesh| mesh.0) {
            match asked.way {
                Way::Invite(invite) => match self.has_used(invite) {
                    Response::Refused(_, why) => why,
                    _ => "This device has joined its mesh by this invite already. Delete the file.".to_owned(),
                },
                Way::Code | Way::Link => Failure::Member.to_string(),
            }
        } else if asked.mesh.is_some() || records.members().all(|of| of.holder == own) {
            self.in_own_mesh()
        } else if asked.places.is_empty() {
            // Whoever shows the digits has no other answer, so nobody waits for a search.
            format!("{}{}", self.shows_another(), self.needs_no_code())
        } else {
            // At the place that was named is a device that may know more: that it is of this mesh, or that this one was removed.
            return Ok(());
        };
        Err((Problem::Conflict, refused))
    }

    /// Whether this device is in a mesh, by a certificate that counts.
    fn is_member(&self) -> bool {
        self.trust.records().caps(self.config.key).is_some()
    }

    /// Why a device that is in a mesh joins no other one, and what to do.
    fn in_own_mesh(&self) -> String {
        if self.trust.records().members().all(|of| of.holder == self.config.key) {
            return format!(
                "{}This device is in a mesh of its own, as `wattle pair` makes one: nobody else is in it. A device is in one mesh at a time. \
                 Type `wattle leave` here and start the agent again, then join the other one; or have the other device join this one, by \
                 `wattle pair` here. Nothing was changed.",
                self.shows_another()
            );
        }
        format!(
            "The code is of another mesh, and this device is in one already, with {}. A device is in one mesh at a time. Type \
             `wattle leave` here and start the agent again, then join the other one. Nothing was changed.",
            self.others_told()
        )
    }

    /// Why the device was not let in, and what to do. Only a code of eight digits brings a member here: it may be of any mesh, or of none.
    fn said_of(&self, why: Failure) -> String {
        let joining = self.mesh.trust.pairing.joining.as_ref();
        let by_invite = joining.is_some_and(|joining| joining.by_invite);
        let tried = joining.map(|joining| joining.tried(why)).unwrap_or_default();
        match why.to_member().filter(|_| self.is_member()) {
            Some(cause) => format!("{}{cause}{tried} {}", self.shows_another(), self.needs_no_code()),
            None if by_invite => format!("{}{tried}", why.of_invite().map_or_else(|| why.to_string(), str::to_owned)),
            None if why != Failure::OtherMesh => format!("{why}{tried}"),
            None if self.is_member() => format!("{}{tried}", self.in_own_mesh()),
            None if self.trust.records().mesh().is_some() => format!("{OF_ANOTHER_MESH}{tried}"),
            None => format!("{why}{tried}"),
        }
    }

    /// That a member has no use for a code.
    fn needs_no_code(&self) -> String {
        format!(
            "This device is in a mesh already, with {}, and needs no code for that: a code is typed on the device that is to come in. To join \
             another mesh, type `wattle leave` here and start the agent again. Nothing was changed.",
            self.others_told()
        )
    }

    /// That this device shows a code, and that what was typed is another one; nothing if it shows none.
    fn shows_another(&self) -> &'static str {
        let admin = self.mesh.trust.pairing.admin.as_deref();
        let shows = admin.is_some_and(|admin| admin.window().shown().is_some());
        if shows { "This device shows a code itself, and what was typed is another one. " } else { "" }
    }

    /// The other devices of the mesh by name, as far as a sentence has room.
    fn others_told(&self) -> String {
        let others = self.trust.records().members().filter(|of| of.holder != self.config.key);
        let others: Vec<String> = others.map(|of| self.title_of(of.holder)).collect();
        let more = if others.len() > MEMBERS_TOLD_MAX { " and others" } else { "" };
        let some: Vec<&str> = others.iter().take(MEMBERS_TOLD_MAX).map(String::as_str).collect();
        format!("{}{more}", some.join(", "))
    }

    /// The device that was reached says that this one is in its mesh, or was removed from it. It is dialled there as a peer: that makes the
    /// link, or brings the proof of the removal.
    fn dial_host(&mut self, now: Instant, out: &mut Out) {
        let joining = self.mesh.trust.pairing.joining.as_ref();
        let Some((peer, address)) = joining.and_then(|joining| joining.reached) else { return };
        let is_given = joining.is_some_and(|joining| joining.given.contains(&address));
        if self.peers.get(peer).is_none_or(|peer| peer.linked) {
            return;
        }
        self.peers.add_hint(now, peer, address);
        if is_given {
            self.keep_reached(peer, address, out);
        }
    }

    /// A device of the mesh was reached at an address that the owner named, or at which it let this one in: the next start dials it there
    /// too.
    fn keep_reached(&mut self, peer: PeerKey, address: SocketAddr, out: &mut Out) {
        self.add_given_address(peer, address);
        out.push(Output::Reached(peer, address));
        if let Some(known) = self.peers.get(peer) {
            out.push(Output::SaveAddresses(peer, known.addresses.kept().to_vec()));
        }
    }

    /// Has the joining machine do something, and carries out what follows.
    pub(super) fn joining(&mut self, now: Instant, out: &mut Out, act: impl FnOnce(&mut Join, &mut Outbox<Effect>)) {
        let Some(joining) = &mut self.mesh.trust.pairing.joining else { return };
        let mut effects = Outbox::new();
        joining.act(act, &mut effects);
        for effect in effects.drain() {
            let Some(joining) = &mut self.mesh.trust.pairing.joining else { return };
            match effect {
                Effect::Dial(candidate) => {
                    joining.dialled = Some(candidate);
                    let Candidate { address, peer } = candidate;
                    let given = joining.given.contains(&address);
                    out.push(Output::DialAsGuest { peer, address, given });
                }
                Effect::Send(bytes) => out.extend(joining.host.map(|host| Output::SendToGuest(host, bytes))),
                Effect::HangUp => {
                    joining.dialled = None;
                    out.extend(joining.host.take().map(Output::EndGuest));
                }
                Effect::Joined(joined) => self.on_joined(joined, out),
                Effect::Failed(why) => {
                    if matches!(why, Failure::Member | Failure::Removed) {
                        self.dial_host(now, out);
                    }
                    self.end_join(Response::refused(Problem::Conflict, self.said_of(why)), out);
                }
            }
        }
    }

    /// The conversation that was dialled began.
    pub(super) fn on_host(
        &mut self,
        now: Instant,
        peer: PeerKey,
        address: SocketAddr,
        encoding: Encoding,
        out: &mut Out,
    ) {
        let awaited = self.mesh.trust.pairing.joining.as_mut().filter(|joining| {
            joining.host.is_none() && joining.dialled.is_some_and(|dialled| dialled.address == address)
        });
        // Of an earlier dial, which took too long.
        let Some(joining) = awaited else { return out.push(Output::EndGuest(peer)) };
        (joining.host, joining.reached) = (Some(peer), Some((peer, address)));
        self.joining(now, out, |join, effects| join.linked(now, peer, encoding, effects));
    }

    /// The conversation ended.
    pub(super) fn on_host_lost(&mut self, now: Instant, out: &mut Out) {
        if let Some(joining) = &mut self.mesh.trust.pairing.joining {
            (joining.host, joining.dialled) = (None, None);
        }
        self.joining(now, out, |join, effects| join.lost(now, Lost::Ended, effects));
    }

    /// A dial led to no conversation.
    pub(in crate::node) fn on_guest_failed(&mut self, now: Instant, address: SocketAddr, why: Lost, out: &mut Out) {
        let is_awaited = |joining: &Joining| {
            joining.host.is_none() && joining.dialled.is_some_and(|dialled| dialled.address == address)
        };
        if self.mesh.trust.pairing.joining.as_ref().is_some_and(is_awaited) {
            self.joining(now, out, |join, effects| join.lost(now, why, effects));
        }
    }

    /// A device was found in the network: it may be an admin.
    pub(in crate::node) fn on_candidate(&mut self, now: Instant, peer: PeerKey, address: SocketAddr, out: &mut Out) {
        self.joining(now, out, |join, effects| join.found(now, Candidate { address, peer: Some(peer) }, effects));
    }

    /// An admin handed over a certificate: it is checked, and saved with the mesh that it is of.
    fn on_joined(&mut self, joined: Joined, out: &mut Out) {
        let own = self.config.key;
        let is_sound = |chain: &Chain| chain.certificate.holder == own && chain.check(MeshId(joined.mesh)).is_ok();
        let chain = Chain::decode(&joined.certificate).filter(is_sound);
        let (Some(chain), Some(joining)) = (chain, &mut self.mesh.trust.pairing.joining) else {
            return self.end_join(Response::refused(Problem::Conflict, Failure::Malformed.to_string()), out);
        };
        out.push(Output::VerifyRecords(joined.admin, Page::from(chain)));
        joining.joined = Some((joined, chain));
    }

    /// Takes the result of the check of the signatures that `on_joined` ordered; false if it is of something else.
    pub(in crate::node) fn take_verified_chain(
        &mut self,
        now: Instant,
        peer: PeerKey,
        (page, forged): (&Page, usize),
        out: &mut Out,
    ) -> bool {
        let Some(joining) = self.mesh.trust.pairing.joining.as_mut().filter(|joining| !joining.verified) else {
            return false;
        };
        let Some((_, chain)) = joining.joined.as_ref().filter(|(joined, _)| joined.admin == peer) else { return false };
        let ours = Page::from(*chain);
        if *page != ours {
            // The same admin may have sent other records before. Of these, what is forged was left out.
            let is_ours = forged > 0 && page.iter().all(|record| ours.iter().any(|of| of == record));
            if !is_ours {
                return false;
            }
            self.end_join(Response::refused(Problem::Conflict, Failure::Malformed.to_string()), out);
            return true;
        }
        joining.verified = true;
        // Where the admin is comes first, and the certificate after it: without multicast a device of the mesh that does not know where
        // to look would never find the others again.
        match joining.reached.filter(|(reached, _)| *reached == peer) {
            Some((peer, address)) => out.push(Output::KeepAddresses(peer, vec![address])),
            None => self.on_addresses_kept(now, peer, Ok(()), out),
        }
        true
    }

    /// It is on the disk where the admin that let this device in is reached; or it is not, and this device does not join.
    pub(in crate::node) fn on_addresses_kept(
        &mut self,
        now: Instant,
        peer: PeerKey,
        kept: Result<(), String>,
        out: &mut Out,
    ) {
        let joining = self.mesh.trust.pairing.joining.as_ref().filter(|joining| joining.verified);
        let joined = joining.and_then(|joining| joining.joined.as_ref());
        let Some(chain) = joined.filter(|(joined, _)| joined.admin == peer).map(|(_, chain)| *chain) else { return };
        if let Err(why) = kept {
            let why = format!(
                "This device could not write down where the device is that lets it in, and has not joined: after a restart it might find \
                 nobody. {why} Mend that, then join again by the same code or invite while its time lasts: it stays good for this device."
            );
            return self.end_join(Response::refused(Problem::Broken, why), out);
        }
        match self.mesh.trust.pairing.order(Wanted::Enrol) {
            Some(reply) => self.on_order(now, reply, Order::Enrol(Box::new(chain)), out),
            None => self.end_join(Response::refused(Problem::Busy, Failure::Busy.to_string()), out),
        }
    }

    /// The certificate is on the disk, or was refused.
    pub(super) fn on_enrolled(&mut self, response: Response, out: &mut Out) {
        let Some(joining) = &mut self.mesh.trust.pairing.joining else { return };
        let (joined, reached, secret) = (joining.joined.take(), joining.reached, joining.secret.clone());
        let by_invite = joining.by_invite;
        let (Response::Done(_), Some((joined, _))) = (&response, joined) else { return self.end_join(response, out) };
        // It proved itself there, and its owner named the place or the network did.
        if let Some((peer, address)) = reached.filter(|(peer, _)| *peer == joined.admin) {
            self.keep_reached(peer, address, out);
        }
        self.mesh.trust.pairing.joined_by = Some(secret);
        let Joined { mesh, admin, words, .. } = joined;
        let words = (!by_invite).then(|| words.to_string());
        let report = JoinReport { mesh: hex(&mesh), admin: peer_id(admin), words };
        self.end_join(Response::Joined(Box::new(report)), out);
    }

    fn end_join(&mut self, response: Response, out: &mut Out) {
        let Some(joining) = self.mesh.trust.pairing.joining.take() else { return };
        out.push(Output::SearchAdmins(false));
        out.push(Output::Reply(joining.reply, response));
    }
}

/// The device's name as the protocol carries it.
fn device_name(device: &str) -> DeviceName {
    DeviceName::try_from(device).unwrap_or_default()
}

#[cfg(test)]
mod test;
