//! The set as pages for other agents, as hashes to compare, and as the bytes of a file.

use super::Records;
use crate::base::id::{MeshId, PeerKey};
use crate::limits::{ADMINS_MAX, TRUST_BUCKETS, TRUST_FILE_BYTES_MAX, TRUST_PAGE_MAX, TRUST_RECORDS_MAX};
use crate::wire::canonical::{exactly, put};
use crate::wire::certificate::exchange::{Buckets, Page};
use crate::wire::certificate::{Certificate, Record};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The version of the file of records.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    mesh: Option<MeshId>,
    records: Vec<Record>,
}

impl Records {
    /// Whether the root named as many admins in the life of this mesh as it may. The proofs of removed ones are kept for ever.
    #[must_use]
    pub fn has_all_admins(&self) -> bool {
        self.proofs.len() >= ADMINS_MAX
    }

    /// All records, each once, in the order in which another set takes them: first the certificates, those that prove others before them.
    pub fn iter(&self) -> impl Iterator<Item = Record> + '_ {
        // A proof that is also the newest certificate stands once.
        let proofs = self.proofs.values().filter(|of| self.certificates.get(&(of.holder, of.issuer)) != Some(*of));
        let is_proof = |of: &&Certificate| self.proofs.get(&of.holder) == Some(*of);
        let admins = self.certificates.values().filter(is_proof);
        let others = self.certificates.values().filter(move |of| !is_proof(of));
        (proofs.chain(admins).chain(others).map(|of| Record::Certificate(*of)))
            .chain(self.removals.values().map(|of| Record::Removal(*of)))
            .chain(self.uses.values().flat_map(|[low, high]| {
                [Some(*low), (low != high).then_some(*high)].into_iter().flatten().map(Record::InviteUse)
            }))
    }

    /// These records as pages, each with what proves it.
    #[must_use]
    pub fn pages_of(&self, records: impl Iterator<Item = Record>) -> Vec<Page> {
        let mut pages = vec![Page::default()];
        for record in records {
            if let Some(issuer) = self.proofs.get(&record.issuer())
                && let Some(page) = pages.last_mut().filter(|page| page.records.len() < TRUST_PAGE_MAX)
                && !page.issuers.contains(issuer)
            {
                page.issuers.push(*issuer);
            }
            match pages.last_mut() {
                Some(page) if page.records.len() < TRUST_PAGE_MAX => page.records.push(record),
                _ => pages.push(Page {
                    issuers: self.proofs.get(&record.issuer()).into_iter().copied().collect(),
                    records: vec![record],
                }),
            }
        }
        pages.retain(|page| page.count() > 0);
        pages
    }

    /// The records of the parts for which `wanted` holds, as pages.
    #[must_use]
    pub fn pages(&self, wanted: impl Fn(usize) -> bool) -> Vec<Page> {
        self.pages_of(self.iter().filter(|record| wanted(bucket(record))))
    }

    /// What proves to a device, and to others, that it is removed.
    #[must_use]
    pub fn proof_of_removal(&self, peer: PeerKey) -> Vec<Page> {
        let removals = self.removals.values().filter(|of| of.holder == peer).take(1).map(|of| Record::Removal(*of));
        let lost = self.uses.keys().filter(|(_, holder, _)| *holder == peer).map(|(invite, ..)| *invite);
        let uses = lost.flat_map(|invite| self.uses_of(invite)).map(|of| Record::InviteUse(*of));
        self.pages_of(removals.chain(uses).take(TRUST_PAGE_MAX))
    }

    /// How many devices that the root ever made admins are removed. It only grows, in whatever order records come.
    #[must_use]
    pub fn removed_admins(&self) -> u32 {
        let removed = self.proofs.keys().filter(|admin| self.removed.contains(admin));
        u32::try_from(removed.count()).unwrap_or(u32::MAX)
    }

    /// The hashes of the parts.
    #[must_use]
    pub fn buckets(&self) -> Buckets {
        let mut parts: [Vec<Vec<u8>>; TRUST_BUCKETS] = Default::default();
        for record in self.iter() {
            let mut bytes = Vec::new();
            // Encoding plain data into a growing vector cannot fail.
            let _ = put(&record, &mut bytes);
            if let Some(part) = parts.get_mut(bucket(&record)) {
                part.push(bytes);
            }
        }
        let mut buckets = Buckets::default();
        for (hash, mut part) in buckets.0.iter_mut().zip(parts) {
            if !part.is_empty() {
                part.sort_unstable();
                hash.copy_from_slice(&Sha256::digest(part.concat())[..8]);
            }
        }
        buckets
    }

    /// The bytes of the file: a version, the mesh and all records in postcard.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        let file = File { mesh: self.mesh, records: self.iter().collect() };
        // Encoding plain data into a growing vector cannot fail.
        let _ = put(&file, &mut bytes);
        bytes
    }

    /// Reads the file as `decode` does; `None` also if a record's signature is not its issuer's. A bit that flipped in the file and in its
    /// copy could be a removal that is no more, or one of a device that is in.
    #[must_use]
    pub fn decode_signed(bytes: &[u8]) -> Option<Self> {
        Self::decode(bytes).filter(|records| records.iter().all(|record| record.is_signed()))
    }

    /// Reads the file; `None` if the bytes are not one, are of a later version, or hold a record that does not belong to the
    /// others. The signatures were checked before the records were written, and are not checked here.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let rest = match bytes.split_first() {
            Some((&VERSION, rest)) if bytes.len() <= TRUST_FILE_BYTES_MAX => rest,
            _ => return None,
        };
        let File { mesh, records } = exactly(rest)?;
        if records.len() > TRUST_RECORDS_MAX {
            return None;
        }
        let mut set = Self { mesh, ..Self::default() };
        // What proves the others first, then what makes room: a full set fits in this order.
        let step = |record: &Record| match record {
            Record::Certificate(certificate) if set.is_proof(certificate) => 0,
            Record::Removal(_) | Record::InviteUse(_) => 1,
            Record::Certificate(_) => 2,
        };
        let mut ordered = records;
        ordered.sort_by_key(step);
        for record in &ordered {
            // What is refused here would have been refused before it was written.
            set.insert(record).ok()?;
        }
        Some(set)
    }
}

/// The part of the set that a record is in.
fn bucket(record: &Record) -> usize {
    usize::from(record.holder().0[0]) * TRUST_BUCKETS / 256
}
