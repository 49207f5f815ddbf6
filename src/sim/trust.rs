//! The rights of peers on simulated devices: links, messages and datagrams obey `Admit` and `Expel`, as in
//! `net::session`.

use super::event::Event;
use super::net;
use super::signer::is_signed;
use super::world::World;
use crate::base::id::PeerKey;
use crate::limits::TRUST_FILE_BYTES_MAX;
use crate::mesh::trust::records::Records;
use crate::mesh::trust::{self, Rights, Trust};
use crate::node::input::Input;
use crate::node::output::Output;
use crate::wire::certificate::exchange::Exchange;
use crate::wire::certificate::{Record, Signature};
use crate::wire::envelope::claim;
use crate::wire::gossip::Relayed;
use crate::wire::message::Message;

impl World {
    /// A device's owner gives another device exactly these rights on it.
    pub fn grant(&mut self, at: usize, other: usize, rights: Rights) {
        self.post(at, 0, Input::Trust(trust::Input::Grant(net::key(other), rights)));
    }

    /// A device's owner takes all rights on it from another device.
    pub fn revoke(&mut self, at: usize, other: usize) {
        self.post(at, 0, Input::Trust(trust::Input::Revoke(net::key(other))));
    }

    /// The rights of another device on a device. Without certificates all, unless its owner decided otherwise.
    #[must_use]
    pub fn rights(&self, at: usize, other: usize) -> Rights {
        let device = &self.devices[at];
        let other = device.peers.rights.get(&net::key(other)).copied();
        match &device.agent {
            Some(agent) if device.peers.records.is_some() => match other {
                Some(rights) if rights != Rights::NONE => rights,
                _ if agent.node.records().mesh().is_some() => Rights::GUEST,
                _ => Rights::NONE,
            },
            _ => other.unwrap_or(Rights::ALL),
        }
    }

    pub(super) fn may(&self, at: usize, other: usize, right: Rights) -> bool {
        self.rights(at, other).contains(right)
    }

    /// Whether two devices let each other link.
    pub(super) fn may_link(&self, a: usize, b: usize) -> bool {
        let answers = |at, other| self.may(at, other, Rights::LINK) || self.may(at, other, Rights::GUEST);
        self.may(a, b, Rights::LINK) && answers(b, a)
    }

    /// The trust table with which a device's agent starts.
    pub(super) fn trusted(&self, at: usize) -> Trust {
        let own = self.key_of(at);
        if let Some(bytes) = &self.devices[at].peers.records {
            return Trust::with_records(own, Records::decode(bytes).unwrap_or_default());
        }
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

    /// The agent of a device starts: its sockets obey the same table.
    pub(super) fn set_all_rights(&mut self, at: usize, trust: &Trust) {
        if self.devices[at].peers.records.is_some() {
            self.devices[at].peers.rights = trust.iter().collect();
            let known: Vec<_> = trust.iter().map(|(peer, _)| peer).collect();
            known.into_iter().for_each(|peer| self.discover(at, peer));
        }
    }

    /// From its next start on a device trusts certificates, of which it has none yet, in place of grants.
    pub fn certify(&mut self, at: usize) {
        self.devices[at].peers.records = Some(Records::default().encode());
    }

    /// Discovery finds a device that was admitted by its certificate.
    pub(super) fn discover(&mut self, at: usize, peer: PeerKey) {
        let other = net::agent(peer);
        if self.devices[at].peers.records.is_some() && other < self.devices.len() {
            self.post(at, 1, Input::PeerDiscovered(peer, net::address(other)));
        }
    }

    /// Whether a device's sockets pass a message of another one on to its node.
    pub(super) fn may_say(&mut self, at: usize, from: usize, message: &Message) -> bool {
        let shows = matches!(message, Message::Trust(Exchange::Show(_) | Exchange::Refused(_)));
        let passes = self.may(at, from, Rights::SIGN) || (shows && self.may(at, from, Rights::GUEST));
        let key = self.key_of(from);
        let knows = self.devices[at].agent.as_ref().is_some_and(|agent| agent.node.records().is_removed(key));
        self.devices[at].peers.of_removed += u64::from(passes && knows && !shows);
        passes
    }

    /// Messages that were accepted of devices that the receiver's own records name as removed: none, or a defect.
    #[must_use]
    pub fn accepted_of_removed(&self) -> u64 {
        self.devices.iter().map(|device| device.peers.of_removed).sum()
    }

    /// Signs, checks and saves records. A simulated signature is empty; a forger writes other bytes.
    pub(super) fn on_records(&mut self, at: usize, output: Output) {
        match output {
            Output::SignRecords(records) => self.post(at, 1, Input::RecordsSigned(records)),
            Output::VerifyRecords(from, mut page) => {
                let all = page.count();
                page.retain(|record: &Record| record.signature() == Signature::NONE);
                let forged = all - page.count();
                self.post(at, 1, Input::RecordsVerified(from, page, forged));
            }
            Output::SaveRecords(save, bytes) => {
                assert!(bytes.len() <= TRUST_FILE_BYTES_MAX, "{} bytes of records", bytes.len());
                let delay = 1 + self.rng.below(30);
                self.schedule(at, delay, Event::RecordsSynced(save, bytes));
            }
            _ => {}
        }
    }

    /// A save of records reaches the disk.
    pub(super) fn records_synced(&mut self, at: usize, save: u64, bytes: Vec<u8>) {
        self.devices[at].peers.records = Some(bytes);
        self.handle(at, Input::RecordsSaved(save, Ok(())));
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
