//! The part of an admin: what it certifies and removes, one order at a time.
//!
//! An order becomes unsigned records (`draft`), which are signed with the agent's key, saved, and only then taken into the
//! table, pushed and answered: a serial that went out is on the disk, and so is a removal that was promised. One at a time, because a
//! serial is above all that are known.
//!
//! With the removal of an admin go new certificates, by the remover, for the devices that it had admitted, so that they stay. Those
//! that the remover does not know (admitted on the other side of a partition) are refused from then on.

use super::records::Records;
use crate::base::id::{MeshId, PeerKey, ReplyId};
use crate::limits::{REMOVALS_ISSUER_MAX, TRUST_ORDERS_MAX};
use crate::wire::certificate::{Caps, Certificate, Chain, InviteUse, Record, Refusal, Removal, Signature};
use heapless::Deque;

/// What an owner, or a pairing that succeeded, wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// This device got this certificate, whose signatures were checked: it belongs to that mesh from now on.
    Enrol(Box<Chain>),
    /// The root of this mesh certified another device, and the signature was checked: it makes an admin of it.
    Appoint(Box<Certificate>),
    /// Certify a device: it may do this. The right of an admin is left out, since only the root gives it.
    Issue {
        /// The device.
        holder: PeerKey,
        /// What it may do.
        caps: Caps,
    },
    /// The same for a device that used an invite of this number.
    Redeem {
        /// The invite's number.
        invite: [u8; 16],
        /// The device.
        holder: PeerKey,
        /// What it may do.
        caps: Caps,
    },
    /// Remove a device for ever.
    Remove(PeerKey),
}

impl Order {
    /// The device that it is about.
    #[must_use]
    pub fn holder(&self) -> PeerKey {
        match self {
            Self::Enrol(chain) => chain.certificate.holder,
            Self::Appoint(certificate) => certificate.holder,
            Self::Issue { holder, .. } | Self::Redeem { holder, .. } | Self::Remove(holder) => *holder,
        }
    }
}

/// An order under way.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Current {
    reply: ReplyId,
    order: Order,
    /// Its records, once they are signed.
    signed: Option<Vec<Record>>,
}

/// What an order needs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sign these; [`Authority::signed`] takes them.
    Sign(Vec<Record>),
    /// These are signed already; save them.
    Save,
    /// It is refused; nothing has changed.
    Refuse(ReplyId, Refusal),
}

/// The orders of this device.
#[derive(Debug, Default)]
pub struct Authority {
    waiting: Deque<(ReplyId, Order), TRUST_ORDERS_MAX>,
    current: Option<Current>,
}

impl Authority {
    /// Takes an order; false if too many wait.
    #[must_use]
    pub fn order(&mut self, reply: ReplyId, order: Order) -> bool {
        self.waiting.push_back((reply, order)).is_ok()
    }

    /// Begins the next order, unless one is under way. Call it until it returns `None`.
    pub fn next(&mut self, own: PeerKey, records: &Records) -> Option<Step> {
        if self.current.is_some() {
            return None;
        }
        let (reply, order) = self.waiting.pop_front()?;
        let drafted = match &order {
            Order::Enrol(chain) => enrolled(own, records, chain).map(|signed| (Step::Save, Some(signed))),
            Order::Appoint(certificate) => appointed(records, certificate).map(|signed| (Step::Save, Some(signed))),
            _ => draft(own, records, &order).map(|unsigned| (Step::Sign(unsigned), None)),
        };
        match drafted {
            Ok((step, signed)) => {
                self.current = Some(Current { reply, order, signed });
                Some(step)
            }
            Err(why) => Some(Step::Refuse(reply, why)),
        }
    }

    /// The records of the current order are signed.
    pub fn signed(&mut self, records: Vec<Record>) {
        if let Some(current) = &mut self.current {
            current.signed = Some(records);
        }
    }

    /// The signed records of the current order, which are to be saved.
    #[must_use]
    pub fn unsaved(&self) -> Option<&[Record]> {
        self.current.as_ref()?.signed.as_deref()
    }

    /// The records of the current order are on the disk, or cannot be: it is over.
    pub fn end(&mut self) -> Option<(ReplyId, Order, Vec<Record>)> {
        let Current { reply, order, signed } = self.current.take()?;
        Some((reply, order, signed.unwrap_or_default()))
    }
}

/// The records of a device that was certified elsewhere.
fn enrolled(own: PeerKey, records: &Records, chain: &Chain) -> Result<Vec<Record>, Refusal> {
    let mesh = chain.certificate.mesh;
    if records.mesh().is_some_and(|other| other != mesh) {
        return Err(Refusal::OtherMesh);
    }
    chain.check(mesh)?;
    if chain.certificate.holder != own {
        return Err(Refusal::NotAllowed);
    }
    if records.is_removed(own) {
        return Err(Refusal::Removed);
    }
    Ok(chain.issuer.into_iter().chain([chain.certificate]).map(Record::Certificate).collect())
}

/// The record by which the root makes an admin of a device of this mesh.
fn appointed(records: &Records, certificate: &Certificate) -> Result<Vec<Record>, Refusal> {
    let chain = Chain { certificate: *certificate, issuer: None };
    chain.check(records.mesh().ok_or(Refusal::OtherMesh)?)?;
    if records.is_removed(certificate.holder) {
        return Err(Refusal::Removed);
    }
    Ok(vec![Record::Certificate(*certificate)])
}

/// The unsigned records of an order, those that add before those that remove.
fn draft(own: PeerKey, records: &Records, order: &Order) -> Result<Vec<Record>, Refusal> {
    let mesh = records.mesh().filter(|_| records.is_admin(own)).ok_or(Refusal::NotAllowed)?;
    let draft = Draft { mesh, own, serial: records.next_serial(), epoch: records.epoch() };
    let holder = order.holder();
    match *order {
        Order::Enrol(_) | Order::Appoint(_) => Err(Refusal::NotAllowed),
        Order::Remove(_) => draft.remove(records, holder),
        _ if records.is_removed(holder) => Err(Refusal::Removed),
        // An admin keeps the root's certificate, and has used the invite all the same.
        Order::Redeem { invite, .. } if records.is_admin(holder) => {
            Ok(draft.used(records, invite, holder)?.into_iter().collect())
        }
        // Its certificate is the root's. Another one would take its rights.
        _ if records.is_admin(holder) => Err(Refusal::NotAllowed),
        Order::Issue { caps, .. } => Ok(vec![draft.certificate(holder, caps)]),
        Order::Redeem { invite, caps, .. } => {
            let used = draft.used(records, invite, holder)?;
            Ok([draft.certificate(holder, caps)].into_iter().chain(used).collect())
        }
    }
}

/// What all records of one order share.
#[derive(Clone, Copy)]
struct Draft {
    mesh: MeshId,
    own: PeerKey,
    serial: u64,
    epoch: u32,
}

impl Draft {
    fn certificate(self, holder: PeerKey, caps: Caps) -> Record {
        let Self { mesh, own, serial, epoch } = self;
        let caps = caps.without_admin();
        Record::Certificate(Certificate { mesh, holder, caps, serial, epoch, issuer: own, signature: Signature::NONE })
    }

    /// The record that a device uses an invite; none if it is there. Then the same device asks again, because the answer was lost.
    fn used(self, records: &Records, invite: [u8; 16], holder: PeerKey) -> Result<Option<Record>, Refusal> {
        if records.uses_of(invite).any(|used| used.holder != holder) {
            return Err(Refusal::Used);
        }
        let Self { mesh, own, serial, epoch } = self;
        let used = InviteUse { mesh, invite, holder, serial, epoch, issuer: own, signature: Signature::NONE };
        Ok(records.uses_of(invite).next().is_none().then_some(Record::InviteUse(used)))
    }

    fn remove(mut self, records: &Records, holder: PeerKey) -> Result<Vec<Record>, Refusal> {
        if holder == self.mesh.root() {
            return Err(Refusal::NotAllowed);
        }
        if records.is_removed(holder) {
            return Ok(Vec::new());
        }
        if records.removals_by(self.own) >= REMOVALS_ISSUER_MAX {
            return Err(Refusal::Full);
        }
        self.epoch = self.epoch.saturating_add(1);
        let Self { mesh, own, epoch, .. } = self;
        let orphans = records.members().filter(|of| of.issuer == holder && of.holder != holder);
        let mut drafts: Vec<Record> = orphans.map(|of| self.certificate(of.holder, of.caps)).collect();
        drafts.push(Record::Removal(Removal { mesh, holder, epoch, issuer: own, signature: Signature::NONE }));
        Ok(drafts)
    }
}
