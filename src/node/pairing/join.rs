//! The flow of pairing on the joining side: `mesh::pairing::join` says whom to dial and what to send; the certificate that it
//! gets is checked, saved, and only then reported.

use super::super::input::Wanted as Asked;
use super::super::mesh_report::{JoinReport, hex};
use super::super::output::{Output, Problem, Response};
use super::super::pairing_state::{Joining, Wanted};
use super::super::trust::peer_id;
use super::super::{Node, Out};
use crate::base::id::{MeshId, PeerKey, ReplyId};
use crate::base::outbox::Outbox;
use crate::base::time::Instant;
use crate::mesh::pairing::failure::{Failure, Lost};
use crate::mesh::pairing::join::{Candidate, Effect, Join, Joined, Settings};
use crate::mesh::trust::authority::Order;
use crate::wire::certificate::Chain;
use crate::wire::envelope::Encoding;
use crate::wire::pairing::{DeviceName, InviteId};
use core::net::SocketAddr;

impl Node {
    /// A person wants this device to join a mesh.
    pub(super) fn on_join(&mut self, now: Instant, reply: ReplyId, asked: Asked, out: &mut Out) {
        if let Err((problem, why)) = self.may_join(asked.mesh) {
            return out.push(Output::Reply(reply, Response::refused(problem, why)));
        }
        let settings = Settings {
            own: self.config.key,
            device: device_name(&self.config.device),
            secret: asked.secret,
            way: asked.way,
            mesh: asked.mesh.or(self.trust.records().mesh().map(|mesh| mesh.0)),
            admins: asked.admins,
        };
        let machine = Join::new(now, settings, asked.searching);
        let given = asked.places.iter().map(|place| place.address).collect();
        let (dialled, host, reached, joined) = (None, None, None, None);
        self.mesh.trust.pairing.joining = Some(Joining { machine, reply, given, dialled, host, reached, joined });
        if asked.searching {
            out.push(Output::SearchAdmins(true));
        }
        for place in &asked.places {
            self.joining(now, out, |join, effects| join.found(now, *place, effects));
        }
        if asked.places.is_empty() && !asked.searching {
            self.end_join(Response::refused(Problem::Conflict, Failure::NotFound.to_string()), out);
        }
    }

    /// Whether this device has joined by this invite: all admins note each use, and hand it on to every device.
    pub(super) fn has_used(&self, invite: InviteId) -> Response {
        if self.trust.records().uses_of(invite.0).any(|used| used.holder == self.config.key) {
            return Response::Done("This device has joined by this invite.".to_owned());
        }
        let why = "This device is in that mesh already, and has not used the invite, so it is still good. Give it to another device, or \
                   delete it.";
        Response::refused(Problem::Conflict, why)
    }

    fn may_join(&self, mesh: Option<[u8; 32]>) -> Result<(), (Problem, String)> {
        let records = self.trust.records();
        if self.mesh.trust.pairing.joining.is_some() {
            return Err((
                Problem::Busy,
                "This device is joining a mesh already. Wait a minute, then join again.".to_owned(),
            ));
        }
        if records.is_removed(self.config.key) {
            return Err((Problem::Conflict, Failure::Removed.to_string()));
        }
        if mesh.is_some() && records.mesh().is_some_and(|own| mesh != Some(own.0)) {
            let why = "This device belongs to another mesh. It is in one mesh at a time; nothing was changed.";
            return Err((Problem::Conflict, why.to_owned()));
        }
        Ok(())
    }

    /// Has the joining machine do something, and carries out what follows.
    pub(super) fn joining(&mut self, now: Instant, out: &mut Out, act: impl FnOnce(&mut Join, &mut Outbox<Effect>)) {
        let Some(joining) = &mut self.mesh.trust.pairing.joining else { return };
        let mut effects = Outbox::new();
        act(&mut joining.machine, &mut effects);
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
                Effect::Joined(joined) => self.on_joined(now, joined, out),
                Effect::Failed(why) => {
                    self.end_join(Response::refused(Problem::Conflict, why.to_string()), out);
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
    fn on_joined(&mut self, now: Instant, joined: Joined, out: &mut Out) {
        let own = self.config.key;
        let is_sound = |chain: &Chain| chain.certificate.holder == own && chain.verify(MeshId(joined.mesh)).is_ok();
        let chain = Chain::decode(&joined.certificate).filter(is_sound);
        let order = chain.and_then(|chain| Some((chain, self.mesh.trust.pairing.order(Wanted::Enrol)?)));
        let Some((chain, reply)) = order else {
            return self.end_join(Response::refused(Problem::Conflict, Failure::Malformed.to_string()), out);
        };
        if let Some(joining) = &mut self.mesh.trust.pairing.joining {
            joining.joined = Some(joined);
        }
        self.on_order(now, reply, Order::Enrol(Box::new(chain)), out);
    }

    /// The certificate is on the disk, or was refused.
    pub(super) fn on_enrolled(&mut self, response: Response, out: &mut Out) {
        let Some(joining) = &mut self.mesh.trust.pairing.joining else { return };
        let (joined, reached) = (joining.joined.take(), joining.reached);
        let (Response::Done(_), Some(joined)) = (&response, joined) else { return self.end_join(response, out) };
        // It proved itself there, and its owner named the place or the network did.
        if let Some((peer, address)) = reached.filter(|(peer, _)| *peer == joined.admin) {
            self.add_given_address(peer, address);
            out.push(Output::Reached(peer, address));
            // As for any address at which a peer was reached: the next start dials it.
            if let Some(known) = self.peers.get(peer) {
                out.push(Output::SaveAddresses(peer, known.addresses.kept().to_vec()));
            }
        }
        let Joined { mesh, admin, words, .. } = joined;
        let report = JoinReport { mesh: hex(&mesh), admin: peer_id(admin), words: words.to_string() };
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
