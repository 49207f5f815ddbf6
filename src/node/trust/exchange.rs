//! The exchange of records with other agents: a device shows its certificate, sets are compared, and what is new is pushed.

use super::super::input::LinkInput;
use super::super::output::{HangUp, Notice, Output};
use super::super::trust_state::Refused;
use super::super::{Node, Out};
use crate::base::id::PeerKey;
use crate::base::time::{Duration, Instant};
use crate::limits::TRUST_DIGEST_MS;
use crate::mesh::conduct::Offence;
use crate::mesh::trust::{Effect, Rights};
use crate::wire::certificate::exchange::{Buckets, Exchange, Page};
use crate::wire::certificate::{Chain, Record, Refusal};
use crate::wire::message::Message;

impl Node {
    /// A link of a member is up: this agent shows its certificate, in case the peer does not know it yet, and its hashes.
    pub(in crate::node) fn greet(&mut self, now: Instant, peer: PeerKey, ask: bool, out: &mut Out) {
        if self.trust.records().mesh().is_none() {
            return;
        }
        if let Some(chain) = self.trust.records().chain(self.config.key) {
            out.push(trust(peer, Exchange::Show(Box::new(chain))));
        }
        self.send_buckets(now, peer, ask, out);
        self.hand_over_invites(now, peer, out);
    }

    /// The same for all links, when this device has got its certificate.
    pub(super) fn greet_links(&mut self, now: Instant, out: &mut Out) {
        for peer in self.peers.all_linked().collect::<Vec<_>>() {
            self.greet(now, peer, true, out);
        }
    }

    /// Has the peers that are dialled shown this device's certificate, when that has changed.
    fn show_certificates(&mut self, out: &mut Out) {
        if std::mem::take(&mut self.mesh.trust.unshown) && self.trust.records().mesh().is_some() {
            let chain = self.trust.records().chain(self.config.key);
            out.push(Output::ShowCertificates(chain.map_or_else(Vec::new, |chain| chain.encode())));
        }
    }

    /// Something happened on the link of a peer that is not in the table of peers: a guest.
    pub(in crate::node) fn on_guest(&mut self, now: Instant, peer: PeerKey, input: LinkInput, out: &mut Out) {
        match input {
            // A device without a mesh has no guests. It may have lost its right just now, or a driver let it in by mistake.
            LinkInput::Up(_) if !self.trust.may(peer, Rights::GUEST) => {
                out.push(Output::HangUp(peer, HangUp::NotAdmitted));
            }
            LinkInput::Received(_) if !self.trust.may(peer, Rights::GUEST) => {}
            LinkInput::Up(_) if self.mesh.trust.is_to_be_told(peer) => {
                let told = self.mesh.trust.take_told(peer);
                told.into_iter().for_each(|told| self.tell(told, out));
                out.push(Output::HangUp(peer, HangUp::NotAdmitted));
            }
            LinkInput::Up(address) if self.mesh.trust.add_guest(now, peer, address) => {}
            LinkInput::Up(_) => out.push(Output::HangUp(peer, HangUp::NotAdmitted)),
            LinkInput::Down(_) => self.mesh.trust.unlinked(peer),
            LinkInput::Received(message) => {
                let may = self.trust.may(peer, Rights::needed_for(&message));
                if let (true, Message::Trust(exchange)) = (may, *message) {
                    self.on_exchange(now, peer, exchange, out);
                }
            }
            _ => {}
        }
    }

    /// A `trust` message. Whether the peer may send it was checked.
    pub(in crate::node) fn on_exchange(&mut self, now: Instant, peer: PeerKey, exchange: Exchange, out: &mut Out) {
        match exchange {
            Exchange::Show(chain) => self.on_shown(now, peer, &chain, out),
            Exchange::Digest { ask, buckets } => self.on_buckets(now, peer, ask, &buckets, out),
            Exchange::Push(page) => self.on_page(now, peer, *page, out),
            Exchange::Invite(record) => self.on_invite(now, peer, *record, out),
            Exchange::Leave => self.on_leaver(now, peer, out),
            Exchange::Refused(why) => {
                if self.may_be_told_of(now, peer) {
                    out.push(Output::Notice(Notice::RefusedBy(self.title_of(peer), why)));
                }
            }
        }
    }

    /// A peer shows its certificate. That of a member is known, or comes with the records.
    pub(in crate::node) fn on_shown(&mut self, now: Instant, peer: PeerKey, chain: &Chain, out: &mut Out) {
        if self.trust.may(peer, Rights::MEMBER) || !self.mesh.trust.link(now, peer).may_push(now, 2) {
            return;
        }
        match self.trust.may_enter(peer, chain) {
            Ok(()) => out.push(Output::VerifyRecords(peer, Page::from(*chain))),
            // It gets the proof of its issuer's removal, which names admins, only if that one has signed what it shows.
            Err(Refusal::Removed) if !self.trust.records().is_removed(peer) => {
                out.push(Output::VerifyRecords(peer, Page::from(*chain)));
            }
            Err(why) => self.refuse(now, Refused { peer, issuer: chain.certificate.issuer, why }, out),
        }
    }

    /// What a peer showed was not taken: it is told, on its link, or on one that it gets for that.
    fn refuse(&mut self, now: Instant, refused: Refused, out: &mut Out) {
        let Refused { peer, why, .. } = refused;
        if self.mesh.trust.has_guest(peer) {
            self.tell(refused, out);
        } else if self.trust.records().mesh().is_some() && self.mesh.trust.will_tell(refused) {
            // A device without a mesh takes in nobody: there is nothing to tell, and no link is spent on strangers.
            out.push(Output::HearOut(peer));
        }
        // The admin that lets this device in dials it as a peer at once, before the certificate is saved here: that is nobody's fault.
        if self.mesh.trust.pairing.joining.is_none() {
            self.tell_refused(now, peer, why, out);
        }
    }

    /// Tells a peer why what it showed was not taken. If it, or else the admin that admitted it, was removed, it gets the proof of that.
    fn tell(&self, Refused { peer, issuer, why }: Refused, out: &mut Out) {
        if why == Refusal::Removed {
            let records = self.trust.records();
            let removed = if records.is_removed(peer) { peer } else { issuer };
            let proof = records.proof_of_removal(removed);
            out.extend(proof.into_iter().map(|page| trust(peer, Exchange::Push(Box::new(page)))));
        }
        out.push(trust(peer, Exchange::Refused(why)));
    }

    /// Tells people that something that a peer showed or sent was not taken: at most once in a while for each peer of the mesh, and for
    /// all strangers together.
    fn tell_refused(&mut self, now: Instant, peer: PeerKey, why: Refusal, out: &mut Out) {
        if self.may_be_told_of(now, peer) {
            out.push(Output::Notice(Notice::CertificateRefused(self.title_of(peer), why)));
        }
    }

    fn may_be_told_of(&mut self, now: Instant, peer: PeerKey) -> bool {
        let is_known = self.trust.may(peer, Rights::MEMBER) || self.trust.records().certificate(peer).is_some();
        self.mesh.trust.of_link_or_stranger(now, peer, is_known).may_be_told_of(now)
    }

    /// The hashes of a member's set: it gets the parts that differ.
    fn on_buckets(&mut self, now: Instant, peer: PeerKey, ask: bool, theirs: &Buckets, out: &mut Out) {
        if self.trust.records().mesh().is_none() {
            return;
        }
        let own = self.buckets();
        if own == *theirs && std::mem::take(&mut self.mesh.records.are_of_backup) {
            out.push(Output::RecordsAgree);
        }
        if own != *theirs {
            let differs = |part: usize| own.0.get(part) != theirs.0.get(part);
            for page in self.trust.records().pages(differs) {
                if !self.mesh.trust.link(now, peer).may_be_sent(now, page.count()) {
                    break;
                }
                out.push(trust(peer, Exchange::Push(Box::new(page))));
            }
            if ask {
                self.send_buckets(now, peer, false, out);
            }
        }
    }

    /// Records of a member. What is known costs nothing; the rest is checked within the member's budget.
    fn on_page(&mut self, now: Instant, peer: PeerKey, mut page: Page, out: &mut Out) {
        let Some(mesh) = self.trust.records().mesh() else { return };
        let foreign = page.iter().filter(|record| record.mesh() != mesh).count();
        if foreign > 0 {
            page.retain(|record| record.mesh() == mesh);
            self.tell_refused(now, peer, Refusal::OtherMesh, out);
        }
        // Of the issuers too: what proves them is in the set.
        page.retain(|record| !self.trust.records().is_known(record));
        if page.count() == 0 {
            return;
        }
        // What is too much is dropped; the next comparison finds it.
        if self.mesh.trust.link(now, peer).may_push(now, page.count()) {
            out.push(Output::VerifyRecords(peer, page));
        }
    }

    /// Records that a peer sent: those whose signature is their issuer's, and how many others there were.
    pub(in crate::node) fn on_records_verified(
        &mut self,
        now: Instant,
        peer: PeerKey,
        page: &Page,
        forged: usize,
        out: &mut Out,
    ) {
        if self.take_verified_chain(now, peer, (page, forged), out) {
            return;
        }
        if self.trust.may(peer, Rights::MEMBER) {
            if forged > 0 {
                self.on_offence(now, peer, Offence::ForgedRecord, out);
            }
            if let Some((_, why)) = self.take_records(now, Some(peer), page, out).first() {
                self.tell_refused(now, peer, *why, out);
            }
            return;
        }
        if forged > 0 {
            // Who signed it is not known; only the proof of a removal asks for that.
            return self.refuse(now, Refused { peer, issuer: peer, why: Refusal::Signature }, out);
        }
        // What it shows was checked before; the table may have changed since.
        let Some(Record::Certificate(certificate)) = page.records.first().copied() else { return };
        let chain = Chain { certificate, issuer: page.issuers.first().copied() };
        if let Err(why) = self.trust.may_enter(peer, &chain) {
            return self.refuse(now, Refused { peer, issuer: certificate.issuer, why }, out);
        }
        let refused = self.take_records(now, Some(peer), page, out);
        if !self.trust.may(peer, Rights::MEMBER) {
            let why = refused.first().map_or(Refusal::NoAdmin, |(_, why)| *why);
            self.refuse(now, Refused { peer, issuer: certificate.issuer, why }, out);
        }
    }

    /// Takes records into the table: peers follow at once, the links are told what is new, and it is saved. Returns what was
    /// refused.
    pub(in crate::node) fn take_records(
        &mut self,
        now: Instant,
        from: Option<PeerKey>,
        page: &Page,
        out: &mut Out,
    ) -> Vec<(PeerKey, Refusal)> {
        let was_removed = self.trust.records().is_removed(self.config.key);
        let linked: Vec<PeerKey> = self.peers.all_linked().collect();
        let (taken, effects) = self.trust.take(page);
        if taken.new.is_empty() {
            return taken.refused;
        }
        // Those of an order are on the disk already.
        self.mesh.trust.unsaved |= from.is_some();
        self.mesh.trust.buckets = None;
        self.mesh.trust.unshown = true;
        // While there is a link: whoever is removed gets the proof, and nothing else from then on.
        for peer in linked.into_iter().filter(|peer| self.trust.records().is_removed(*peer)) {
            let proof = self.trust.records().proof_of_removal(peer);
            out.extend(proof.into_iter().map(|page| trust(peer, Exchange::Push(Box::new(page)))));
        }
        let ended = effects.iter().filter_map(|effect| match effect {
            Effect::Expel(peer) => Some(self.title_of(*peer)),
            Effect::Admit(..) => None,
        });
        let ended: Vec<String> = ended.collect();
        if !was_removed {
            self.mesh.trust.pairing.remover = self.removed_by();
        }
        for effect in effects {
            self.follow(now, effect, out);
        }
        self.void_invites(now, out);
        if !was_removed && self.trust.records().is_removed(self.config.key) {
            self.mesh.trust.pairing.admin = None;
            self.end_invite_order(out);
            out.push(Output::Notice(Notice::RemovedHere(self.removed_by(), ended)));
        }
        let pages = self.trust.records().pages_of(taken.new.into_iter());
        for peer in self.peers.all_linked().filter(|peer| Some(*peer) != from).collect::<Vec<_>>() {
            if self.trust.may(peer, Rights::MEMBER) {
                out.extend(pages.iter().map(|page| trust(peer, Exchange::Push(Box::new(page.clone())))));
            }
        }
        taken.refused
    }

    /// Compares with linked peers when that is due, and ends the links of guests whose time is over.
    pub(in crate::node) fn run_trust(&mut self, now: Instant, out: &mut Out) {
        self.run_orders(now, out);
        self.show_certificates(out);
        while let Some(guest) = self.mesh.trust.next_overdue_guest(now) {
            out.push(Output::HangUp(guest, HangUp::NotAdmitted));
        }
        if self.mesh.trust.digest_at > now || self.trust.records().mesh().is_none() || !self.has_links() {
            return;
        }
        self.mesh.trust.digest_at = now + Duration::from_millis(TRUST_DIGEST_MS);
        // One by chance, and each that was not told what is new here: a push to it may have been lost.
        let chosen = self.random_linked();
        let own = self.buckets();
        for peer in self.peers.all_linked().collect::<Vec<_>>() {
            let knows = self.mesh.trust.link(now, peer).told == Some(own);
            if self.trust.may(peer, Rights::MEMBER) && (!knows || Some(peer) == chosen) {
                self.send_buckets(now, peer, true, out);
            }
        }
    }

    /// When something of this flow is due.
    pub(in crate::node) fn trust_deadline(&self) -> Option<Instant> {
        self.mesh.trust.deadline(self.has_links() && self.trust.records().mesh().is_some())
    }

    pub(super) fn send_buckets(&mut self, now: Instant, peer: PeerKey, ask: bool, out: &mut Out) {
        let buckets = self.buckets();
        self.mesh.trust.link(now, peer).told = Some(buckets);
        out.push(trust(peer, Exchange::Digest { ask, buckets }));
    }

    fn buckets(&mut self) -> Buckets {
        *self.mesh.trust.buckets.get_or_insert_with(|| self.trust.records().buckets())
    }

    /// The name of a peer that people know, or its PeerId.
    pub(in crate::node) fn title_of(&self, peer: PeerKey) -> String {
        self.peers.get(peer).map_or_else(|| super::peer_id(peer), |_| self.title(Some(peer)))
    }

    /// The same, where it may be this device.
    pub(in crate::node) fn title_of_any(&self, key: PeerKey) -> String {
        if key == self.config.key { "this device".to_owned() } else { self.title_of(key) }
    }
}

pub(in crate::node) fn trust(peer: PeerKey, exchange: Exchange) -> Output {
    Output::Send(peer, Message::Trust(exchange))
}
