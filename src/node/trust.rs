//! The flow of trust: when the rights of a peer change, every machine follows within the same input.
//!
//! The node's machines are updated here. The driver updates sockets and files by `Output::Admit` and `Output::Expel`,
//! which precede everything else that the input causes.
//!
//! `exchange` brings in the records of other agents, and `orders` those of this device's own admin.

pub(super) mod exchange;
mod leave;
mod orders;

use super::input::LinkInput;
use super::output::{Notice, Output};
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::mesh::trust::records::Records;
use crate::mesh::trust::{Effect, Input, Rights};
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;

impl Node {
    pub(super) fn on_trust(&mut self, now: Instant, input: Input, out: &mut Out) {
        let (Input::Grant(peer, _) | Input::Revoke(peer)) = input;
        match self.trust.handle(input) {
            Ok(None) => {}
            Ok(Some(effect)) => self.follow(now, effect, out),
            Err(why) => out.push(Output::Notice(Notice::NotAdmitted(self.title_of(peer), why))),
        }
    }

    /// The rights of a peer changed: every machine follows.
    fn follow(&mut self, now: Instant, effect: Effect, out: &mut Out) {
        let (Effect::Admit(peer, _) | Effect::Expel(peer)) = effect;
        // The name that people know; read before the peer is removed.
        let name = self.title_of(peer);
        let by = self.trust.records().removed_by(peer).map(|by| self.title_of_any(by));
        match effect {
            Effect::Admit(peer, rights) => {
                out.push(Output::Admit(peer, rights));
                out.push(Output::Notice(Notice::Admitted(name)));
                self.apply_rights(now, peer, rights, out);
                // Its link is up already; what it was sent before was for a guest.
                if let Some(guest) = self.mesh.trust.take_guest(peer) {
                    self.on_link(now, peer, LinkInput::Up(guest.address), out);
                    self.send_buckets(now, peer, true, out);
                } else if self.peers.get(peer).is_some_and(|peer| peer.linked) {
                    // It may be an admin from now on.
                    self.hand_over_invites(now, peer, out);
                }
            }
            Effect::Expel(peer) => {
                out.push(Output::Expel(peer));
                // Where it is this device that was removed, that is said once, of all the others.
                let records = self.trust.records();
                if !records.is_removed(self.config.key) {
                    let is_removed = records.is_removed(peer);
                    let notice = if is_removed { Notice::Expelled(name, by) } else { Notice::Uncertified(name) };
                    out.push(Output::Notice(notice));
                }
                self.apply_rights(now, peer, Rights::NONE, out);
            }
        }
    }

    /// Applies the whole table to the machines of a new node.
    pub(super) fn apply_all_rights(&mut self, now: Instant) {
        for (peer, rights) in self.trust.iter().collect::<Vec<_>>() {
            // Nobody is linked and no query runs yet: there are no outputs.
            self.apply_rights(now, peer, rights, &mut Out::new());
        }
    }

    /// Applies the rights of one peer to the machines.
    fn apply_rights(&mut self, now: Instant, peer: PeerKey, rights: Rights, out: &mut Out) {
        // Queries first: their answers name the peers as they were known.
        if !rights.contains(Rights::WORK) {
            self.scheduler.worker_expelled(now, peer);
        }
        if !rights.contains(Rights::ANSWER) {
            self.queries.local.remove_peer(peer);
            self.go_on_with_queries(now, out);
        }
        if !rights.contains(Rights::SIGN) {
            self.gossip.remove_peer(peer);
        }
        // Each machine has room for every peer of the table; `limits` asserts it.
        if rights.contains(Rights::LINK) {
            self.peers.add_peer(now, peer, peer_id(peer));
        } else {
            self.on_unlinked(peer, out);
            self.mesh.trust.unlinked(peer);
            self.peers.remove_peer(peer);
            self.queries.holdings.forget(peer);
            self.forget_conduct(peer);
        }
        if rights.contains(Rights::MEMBER) {
            self.member.add_peer(peer);
        } else {
            self.member.remove_peer(now, peer);
        }
        self.mesh.choose_links_soon(now);
    }

    /// An address of a peer that the owner gave: it is dialled there, if it may link.
    pub fn add_given_address(&mut self, peer: PeerKey, address: SocketAddr) {
        self.peers.add_given_address(peer, address);
    }

    /// The certificates and removals that this agent holds.
    #[must_use]
    pub const fn records(&self) -> &Records {
        self.trust.records()
    }

    /// What a peer may do.
    #[must_use]
    pub fn rights(&self, peer: PeerKey) -> Rights {
        self.trust.rights(peer)
    }
}

pub(super) fn peer_id(peer: PeerKey) -> String {
    PeerId::from_public_key(&peer.0).to_string()
}

#[cfg(test)]
mod certificates_test;
#[cfg(test)]
mod tests;
