//! The set of records of a mesh: what the root and the admins certified, removed and saw used.
//!
//! The set only grows, and every part of it is the join of what came (a conflict-free replicated data type in the sense of Shapiro
//! et al., "Conflict-free Replicated Data Types", 2011): the newest certificate of each holder and issuer, the removals of each holder
//! and issuer, and the first and last use of each invite by each holder and issuer. So the order in which records arrive, and how often, does not
//! matter: two agents that hold the same records hold the same set, and decide the same.
//!
//! A removal is for ever: certificates of a removed holder, and those that a removed issuer signed, leave the set and never come
//! back. The removals that it signed stay: otherwise two admins that remove each other would depend on the order. Of two devices that used one
//! invite the one with the lower (epoch, serial), then key, stays, and the others are removed as if an admin had done it.
//!
//! Signatures are checked before ([`Record::is_signed`]); here it is decided who may sign what.

mod pages;

use crate::base::id::{MeshId, PeerKey};
use crate::limits::{ADMINS_MAX, CERTIFICATES_MAX, INVITES_USED_ISSUER_MAX, REMOVALS_ISSUER_MAX, TRUST_PEERS_MAX};
use crate::wire::certificate::exchange::Page;
use crate::wire::certificate::{Caps, Certificate, Chain, InviteUse, Record, Refusal, Removal};
use std::collections::{BTreeMap, BTreeSet};

type InviteId = [u8; 16];

/// The records of one mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    mesh: Option<MeshId>,
    /// The newest certificate of each device that the root ever made an admin: what proves its records to others, also when it is
    /// no admin any more.
    proofs: BTreeMap<PeerKey, Certificate>,
    /// The newest certificate by holder and issuer; neither is removed.
    certificates: BTreeMap<(PeerKey, PeerKey), Certificate>,
    /// By holder and issuer.
    removals: BTreeMap<(PeerKey, PeerKey), Removal>,
    /// By invite, holder and issuer: the lowest and the highest. An admin signs one; of one that lies or was restored from a copy
    /// the ends are enough to decide the same in any order.
    uses: BTreeMap<(InviteId, PeerKey, PeerKey), [InviteUse; 2]>,
    /// Who is removed, by a removal or by the use of an invite that another device used: follows from the two.
    removed: BTreeSet<PeerKey>,
}

/// What became of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Records that were not in the set, in a form that proves them to others.
    pub new: Vec<Record>,
    /// Records that were refused: the device that each is about, and why.
    pub refused: Vec<(PeerKey, Refusal)>,
}

impl Records {
    /// The records of a device that belongs to no mesh.
    pub(super) const NONE: Self = Self {
        mesh: None,
        proofs: BTreeMap::new(),
        certificates: BTreeMap::new(),
        removals: BTreeMap::new(),
        uses: BTreeMap::new(),
        removed: BTreeSet::new(),
    };

    /// The mesh, if this device belongs to one.
    #[must_use]
    pub const fn mesh(&self) -> Option<MeshId> {
        self.mesh
    }

    /// From now on these are the records of this mesh.
    ///
    /// # Errors
    /// `OtherMesh` if they are those of another one.
    pub fn adopt(&mut self, mesh: MeshId) -> Result<(), Refusal> {
        if *self.mesh.get_or_insert(mesh) == mesh { Ok(()) } else { Err(Refusal::OtherMesh) }
    }

    /// Takes the records of a page whose signatures were checked: the certificates of the issuers first.
    pub fn take(&mut self, page: &Page) -> Taken {
        let (mut taken, mut full) = (Taken::default(), Vec::new());
        for record in page.iter() {
            match self.insert(&record) {
                Ok(true) => taken.new.push(record),
                Ok(false) => {}
                Err(Refusal::Full) => full.push(record),
                Err(why) => taken.refused.push((record.holder(), why)),
            }
        }
        // A removal of the same page may have made room: with an admin go the certificates that it signed, and the remover's new ones
        // for their holders come before its removal.
        for record in full {
            match self.insert(&record) {
                Ok(true) => taken.new.push(record),
                Ok(false) => {}
                Err(why) => taken.refused.push((record.holder(), why)),
            }
        }
        taken
    }

    /// Whether a record would change nothing, so that its signature need not be checked.
    #[must_use]
    pub fn is_known(&self, record: &Record) -> bool {
        // A clone of the set would do, and costs more than the check of a signature.
        match record {
            Record::Certificate(new) => {
                let known = |of: Option<&Certificate>| of.is_some_and(|of| rank(of) >= rank(new));
                let as_proof = !self.is_proof(new) || known(self.proofs.get(&new.holder));
                let is_void = self.removed.contains(&new.holder) || self.removed.contains(&new.issuer);
                as_proof && (is_void || known(self.certificates.get(&(new.holder, new.issuer))))
            }
            Record::Removal(new) => {
                self.removals.get(&(new.holder, new.issuer)).is_some_and(|of| removal_rank(of) >= removal_rank(new))
            }
            Record::InviteUse(new) => {
                let ends = self.uses.get(&(new.invite, new.holder, new.issuer));
                ends.is_some_and(|[low, high]| use_rank(low) <= use_rank(new) && use_rank(new) <= use_rank(high))
            }
        }
    }

    /// Whether a certificate makes its holder an admin.
    fn is_proof(&self, certificate: &Certificate) -> bool {
        self.mesh.is_some_and(|mesh| certificate.issuer == mesh.root()) && certificate.caps.contains(Caps::ADMIN)
    }

    /// Takes a record; whether it is new.
    fn insert(&mut self, record: &Record) -> Result<bool, Refusal> {
        let mesh = self.mesh.ok_or(Refusal::OtherMesh)?;
        if record.mesh() != mesh {
            return Err(Refusal::OtherMesh);
        }
        if record.issuer() != mesh.root() && !self.proofs.contains_key(&record.issuer()) {
            return Err(Refusal::NoAdmin);
        }
        // The root is no device. As a holder it could be removed, and with it everything that it ever signed: no admin may do that.
        if record.holder() == mesh.root() {
            return Err(Refusal::NotAllowed);
        }
        match record {
            Record::Certificate(certificate) => self.insert_certificate(mesh, certificate),
            Record::Removal(removal) => self.insert_removal(removal),
            Record::InviteUse(used) => self.insert_use(used),
        }
    }

    fn insert_certificate(&mut self, mesh: MeshId, new: &Certificate) -> Result<bool, Refusal> {
        if new.caps.contains(Caps::ADMIN) && new.issuer != mesh.root() {
            return Err(Refusal::ChainTooLong);
        }
        let at = (new.holder, new.issuer);
        let is_void = self.removed.contains(&new.holder) || self.removed.contains(&new.issuer);
        if !is_void
            && !self.certificates.contains_key(&at)
            && (self.certificates.len() >= CERTIFICATES_MAX || !self.has_room_for(new.holder))
        {
            return Err(Refusal::Full);
        }
        let mut is_new = false;
        // Whether it was removed or not: everybody holds the same proofs.
        if self.is_proof(new) {
            if self.proofs.len() >= ADMINS_MAX && !self.proofs.contains_key(&new.holder) {
                return Err(Refusal::Full);
            }
            is_new = join(&mut self.proofs, new.holder, new, |one, other| rank(one) > rank(other));
        }
        if is_void {
            return if self.is_proof(new) { Ok(is_new) } else { Err(Refusal::Removed) };
        }
        Ok(join(&mut self.certificates, at, new, |one, other| rank(one) > rank(other)) || is_new)
    }

    /// Whether one more device, or one that is in already, fits: the other devices of the mesh and this one.
    fn has_room_for(&self, holder: PeerKey) -> bool {
        self.certificates_of(holder).next().is_some() || self.holders().count() <= TRUST_PEERS_MAX
    }

    /// How many removals of one issuer there are.
    pub(super) fn removals_by(&self, issuer: PeerKey) -> usize {
        self.removals.keys().filter(|(_, by)| *by == issuer).count()
    }

    fn insert_removal(&mut self, new: &Removal) -> Result<bool, Refusal> {
        let at = (new.holder, new.issuer);
        if !self.removals.contains_key(&at) && self.removals_by(new.issuer) >= REMOVALS_ISSUER_MAX {
            return Err(Refusal::Full);
        }
        let is_new = join(&mut self.removals, at, new, |one, other| removal_rank(one) > removal_rank(other));
        self.set_removed(new.holder);
        Ok(is_new)
    }

    fn insert_use(&mut self, new: &InviteUse) -> Result<bool, Refusal> {
        let at = (new.invite, new.holder, new.issuer);
        let of_issuer = self.uses.keys().filter(|(.., issuer)| *issuer == new.issuer).count();
        if !self.uses.contains_key(&at) && of_issuer >= INVITES_USED_ISSUER_MAX {
            return Err(Refusal::Full);
        }
        let ends = self.uses.get(&at).copied();
        let [low, high] = ends.unwrap_or([*new; 2]);
        let wider = [min_use(low, *new), max_use(high, *new)];
        self.uses.insert(at, wider);
        // Whoever has a use above one of another device loses. That can only become true: what arrives later changes nothing
        // that was decided.
        let all: Vec<InviteUse> = self.uses_of(new.invite).copied().collect();
        let loses = |of: &InviteUse| all.iter().any(|by| by.holder != of.holder && use_rank(by) < use_rank(of));
        all.iter().filter(|of| loses(of)).for_each(|of| self.set_removed(of.holder));
        Ok(ends != Some(wider))
    }

    /// Whoever removed a device; `None`: nobody, or two devices used one invite.
    #[must_use]
    pub fn removed_by(&self, holder: PeerKey) -> Option<PeerKey> {
        let ends = (PeerKey([0; 32]), PeerKey([u8::MAX; 32]));
        let removals = self.removals.range((holder, ends.0)..=(holder, ends.1));
        removals.map(|(_, removal)| removal).min_by_key(|removal| removal.epoch).map(|removal| removal.issuer)
    }

    fn set_removed(&mut self, peer: PeerKey) {
        if self.removed.insert(peer) {
            self.certificates.retain(|(holder, issuer), _| *holder != peer && *issuer != peer);
        }
    }

    /// Who used an invite.
    pub fn uses_of(&self, invite: InviteId) -> impl Iterator<Item = &InviteUse> {
        let ends = (PeerKey([0; 32]), PeerKey([u8::MAX; 32]));
        self.uses.range((invite, ends.0, ends.0)..=(invite, ends.1, ends.1)).flat_map(|(_, both)| both)
    }

    fn certificates_of(&self, holder: PeerKey) -> impl Iterator<Item = &Certificate> {
        let ends = (PeerKey([0; 32]), PeerKey([u8::MAX; 32]));
        self.certificates.range((holder, ends.0)..=(holder, ends.1)).map(|(_, certificate)| certificate)
    }

    /// Everybody that has a certificate, whether it counts or not, in the order of their keys.
    fn holders(&self) -> impl Iterator<Item = PeerKey> {
        let mut before = None;
        self.certificates
            .keys()
            .map(|(holder, _)| *holder)
            .filter(move |holder| before.replace(*holder) != Some(*holder))
    }

    /// The certificate of a device that counts: the newest of those that the root, or whoever is an admin now, signed.
    #[must_use]
    pub fn certificate(&self, holder: PeerKey) -> Option<&Certificate> {
        let counts = |of: &&Certificate| Some(of.issuer) == self.mesh.map(MeshId::root) || self.is_admin(of.issuer);
        self.certificates_of(holder).filter(counts).max_by_key(|of| rank(of))
    }

    /// What a device may do; `None` if it has no certificate that counts.
    #[must_use]
    pub fn caps(&self, holder: PeerKey) -> Option<Caps> {
        self.certificate(holder).map(|certificate| certificate.caps)
    }

    /// Whether a device is an admin now: by the root's newest certificate of it.
    #[must_use]
    pub fn is_admin(&self, peer: PeerKey) -> bool {
        let of_root = self.mesh.and_then(|mesh| self.certificates.get(&(peer, mesh.root())));
        of_root.is_some_and(|certificate| certificate.caps.contains(Caps::ADMIN))
    }

    /// The admins, in the order of their keys.
    pub fn admins(&self) -> impl Iterator<Item = PeerKey> + '_ {
        self.holders().filter(|holder| self.is_admin(*holder))
    }

    /// Whether a device is removed.
    #[must_use]
    pub fn is_removed(&self, peer: PeerKey) -> bool {
        self.removed.contains(&peer)
    }

    /// The devices that are removed, in the order of their keys.
    pub fn removed(&self) -> impl Iterator<Item = PeerKey> {
        self.removed.iter().copied()
    }

    /// The devices of the mesh with their certificates, in the order of their keys.
    pub fn members(&self) -> impl Iterator<Item = &Certificate> {
        self.holders().filter_map(|holder| self.certificate(holder))
    }

    /// The epoch: the highest that a removal began; 0 before the first.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.removals.values().map(|removal| removal.epoch).max().unwrap_or(0)
    }

    /// A serial above all that are known here.
    #[must_use]
    pub fn next_serial(&self) -> u64 {
        let certificates = self.certificates.values().chain(self.proofs.values()).map(|of| of.serial);
        let serials = certificates.chain(self.uses.values().map(|[_, high]| high.serial));
        serials.max().unwrap_or(0).saturating_add(1)
    }

    /// The certificate of a device that counts, with what proves it.
    #[must_use]
    pub fn chain(&self, holder: PeerKey) -> Option<Chain> {
        let certificate = *self.certificate(holder)?;
        let of_root = Some(certificate.issuer) == self.mesh.map(MeshId::root);
        Some(Chain { certificate, issuer: if of_root { None } else { Some(*self.proofs.get(&certificate.issuer)?) } })
    }
}

/// Puts `new` at `at` if there is nothing or if it wins; whether it did.
fn join<K: Ord, V: Copy>(map: &mut BTreeMap<K, V>, at: K, new: &V, wins: impl Fn(&V, &V) -> bool) -> bool {
    let is_new = map.get(&at).is_none_or(|old| wins(new, old));
    if is_new {
        map.insert(at, *new);
    }
    is_new
}

/// Which of two certificates counts: the later one. The signature decides where an issuer used a serial twice.
fn rank(of: &Certificate) -> (u64, u32, Caps, PeerKey, [u8; 64]) {
    (of.serial, of.epoch, of.caps, of.issuer, of.signature.to_bytes())
}

fn removal_rank(of: &Removal) -> (u32, [u8; 64]) {
    (of.epoch, of.signature.to_bytes())
}

/// Which of two uses of an invite counts: the lowest.
fn use_rank(of: &InviteUse) -> (u32, u64, PeerKey, PeerKey, [u8; 64]) {
    (of.epoch, of.serial, of.holder, of.issuer, of.signature.to_bytes())
}

fn min_use(one: InviteUse, other: InviteUse) -> InviteUse {
    if use_rank(&other) < use_rank(&one) { other } else { one }
}

fn max_use(one: InviteUse, other: InviteUse) -> InviteUse {
    if use_rank(&other) > use_rank(&one) { other } else { one }
}
