//! The rights of peers on simulated devices: links, messages and datagrams obey `Admit` and `Expel`, as in
//! `net::session`.

use super::net;
use super::signer::is_signed;
use super::world::World;
use crate::base::id::PeerKey;
use crate::mesh::trust::{self, Rights, Trust};
use crate::node::input::Input;
use crate::wire::envelope::claim;
use crate::wire::gossip::Relayed;

impl World {
    /// A device's owner gives another device exactly these rights on it.
    pub fn grant(&mut self, at: usize, other: usize, rights: Rights) {
        self.post(at, 0, Input::Trust(trust::Input::Grant(net::key(other), rights)));
    }

    /// A device's owner takes all rights on it from another device.
    pub fn revoke(&mut self, at: usize, other: usize) {
        self.post(at, 0, Input::Trust(trust::Input::Revoke(net::key(other))));
    }

    /// The rights of another device on a device; all, unless its owner decided otherwise.
    #[must_use]
    pub fn rights(&self, at: usize, other: usize) -> Rights {
        self.devices[at].peers.rights.get(&net::key(other)).copied().unwrap_or(Rights::ALL)
    }

    pub(super) fn may(&self, at: usize, other: usize, right: Rights) -> bool {
        self.rights(at, other).contains(right)
    }

    /// Whether two devices let each other link.
    pub(super) fn may_link(&self, a: usize, b: usize) -> bool {
        self.may(a, b, Rights::LINK) && self.may(b, a, Rights::LINK)
    }

    /// The trust table with which a device's agent starts.
    pub(super) fn trusted(&self, at: usize) -> Trust {
        let own = self.key_of(at);
        let mut trust = Trust::new(own);
        for other in (0..self.devices.len()).filter(|other| self.key_of(*other) != own) {
            let granted = trust.handle(trust::Input::Grant(self.key_of(other), self.rights(at, other)));
            assert!(granted.is_ok(), "there is room for {other}");
        }
        trust
    }

    /// The rights of a peer on a device changed: its links and datagrams obey.
    pub(super) fn set_rights(&mut self, at: usize, peer: PeerKey, rights: Rights) {
        let other = self.holder(at, peer);
        self.devices[at].peers.rights.insert(peer, rights);
        if !rights.contains(Rights::PROBE) {
            self.net.forget_keys_of(at, other);
        }
        if !rights.contains(Rights::LINK) {
            self.devices[at].peers.addresses.remove(&peer);
            if self.net.unlink(at, other) {
                self.unlinked(at, other);
                self.unlinked(other, at);
            }
        }
    }

    /// Verifies the simulated signature of a forwarded item, unless its origin may not sign here.
    pub(super) fn verify(&mut self, at: usize, from: PeerKey, item: Relayed) {
        let origin = claim(&item.message).map(|claim| PeerKey(*claim.sender.public_key()));
        if origin.is_some_and(|origin| !self.may(at, net::agent(origin), Rights::SIGN)) {
            return;
        }
        let signed = is_signed(&item.message);
        self.post(at, 0, if signed { Input::Verified(from, item) } else { Input::VerifyFailed(from) });
    }
}
