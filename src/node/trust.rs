//! The flow of trust: what a peer may do changes, and every machine and every list follows in the same input.
//!
//! The node's own machines are brought in line here; the driver does the same with the sockets and files, by
//! `Output::Admit` and `Output::Expel`, which leave before anything else that the input brings about.

use super::output::{Notice, Output};
use super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::Instant;
use crate::mesh::trust::{Effect, Input, Rights};
use crate::wire::peer_id::PeerId;
use core::net::SocketAddr;

impl Node {
    pub(super) fn on_trust(&mut self, now: Instant, input: Input, out: &mut Out) {
        let (Input::Grant(peer, _) | Input::Revoke(peer)) = input;
        // By the name that people know; it is forgotten with the peer.
        let name = self.peers.get(peer).map_or_else(|| peer_id(peer), |peer| peer.name().to_owned());
        match self.trust.handle(input) {
            Ok(None) => {}
            Ok(Some(Effect::Admit(peer, rights))) => {
                out.push(Output::Admit(peer, rights));
                out.push(Output::Notice(Notice::Admitted(name)));
                self.follow(now, peer, rights, out);
            }
            Ok(Some(Effect::Expel(peer))) => {
                out.push(Output::Expel(peer));
                out.push(Output::Notice(Notice::Expelled(name)));
                self.follow(now, peer, Rights::NONE, out);
            }
            Err(why) => out.push(Output::Notice(Notice::NotAdmitted(name, why))),
        }
    }

    /// Brings the machines in line with the whole table, of a node that was made just now.
    pub(super) fn follow_all(&mut self, now: Instant) {
        for (peer, rights) in self.trust.iter().collect::<Vec<_>>() {
            // Nobody is linked and nothing was asked yet: nothing can follow.
            self.follow(now, peer, rights, &mut Out::new());
        }
    }

    /// Brings the machines in line with what one peer may do.
    fn follow(&mut self, now: Instant, peer: PeerKey, rights: Rights, out: &mut Out) {
        // Queries first: they leave with the names of the peers as they were.
        if !rights.contains(Rights::ANSWER) {
            while let Some(ask) = self.queries.local.expel(peer) {
                self.answer(ask, out);
            }
        }
        if !rights.contains(Rights::SIGN) {
            self.gossip.forget(peer);
        }
        // There is room in all of them for whomever the table admits: `limits` says so.
        if rights.contains(Rights::LINK) {
            self.peers.know(now, peer, peer_id(peer));
        } else {
            self.on_unlinked(peer);
            self.peers.forget(peer);
        }
        if rights.contains(Rights::MEMBER) {
            self.member.know(peer);
        } else {
            self.member.forget(now, peer);
        }
        self.mesh.choose_soon(now);
    }

    /// The owner says where a peer is: it is dialled there, if it may link.
    pub fn give(&mut self, peer: PeerKey, address: SocketAddr) {
        self.peers.give(peer, address);
    }

    /// What a peer may do.
    #[must_use]
    pub fn rights(&self, peer: PeerKey) -> Rights {
        self.trust.rights(peer)
    }
}

fn peer_id(peer: PeerKey) -> String {
    PeerId::from_public_key(&peer.0).to_string()
}

#[cfg(test)]
mod tests;
