//! The messages by which agents show certificates, and compare and complete their records.

use super::{Certificate, Chain, Record, Refusal};
use crate::base::bounded;
use crate::limits::{ADMINS_MAX, TRUST_BUCKETS, TRUST_PAGE_MAX};
use crate::wire::pairing::invite::InviteRecord;
use serde::{Deserialize, Serialize};

/// The body of a `trust` message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exchange {
    /// The sender's own certificate: the first message on a link. Of a guest this and `Refused` are taken, and nothing else.
    Show(Box<Chain>),
    /// Hashes of the sender's records.
    Digest {
        /// Whether the receiver is to reply with its own.
        ask: bool,
        /// The hashes.
        buckets: Buckets,
    },
    /// Records that the receiver may lack.
    Push(Box<Page>),
    /// What the receiver showed was not taken, for this reason.
    Refused(Refusal),
    /// From an admin to an admin: an invite that the receiver may redeem as well. To be kept secret like a key.
    Invite(Box<InviteRecord>),
    /// The sender leaves the mesh for good, and asks this admin to remove it.
    Leave,
}

/// The hash of each part of a set of records: the first eight bytes of the SHA-256 over the part's records in postcard, in the
/// order of their bytes; zeros for an empty part. A record is in the part of the upper four bits of its holder's key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets(pub [[u8; 8]; TRUST_BUCKETS]);

/// Records with all that proves them but the mesh id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Certificates of the admins that signed the records; the root signed these. At most `ADMINS_MAX`.
    #[serde(deserialize_with = "bounded::list::<_, _, ADMINS_MAX>")]
    pub issuers: Vec<Certificate>,
    /// At most `TRUST_PAGE_MAX`. They are taken together.
    #[serde(deserialize_with = "bounded::list::<_, _, TRUST_PAGE_MAX>")]
    pub records: Vec<Record>,
}

impl Page {
    /// Whether both lists keep their caps.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.issuers.len() <= ADMINS_MAX && self.records.len() <= TRUST_PAGE_MAX
    }

    /// How many records there are, those of the issuers among them.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.issuers.len() + self.records.len()
    }

    /// All records, the issuers' certificates first.
    pub fn iter(&self) -> impl Iterator<Item = Record> + '_ {
        self.issuers.iter().map(|issuer| Record::Certificate(*issuer)).chain(self.records.iter().copied())
    }

    /// Keeps the records for which `holds` does.
    pub fn retain(&mut self, mut holds: impl FnMut(&Record) -> bool) {
        self.issuers.retain(|issuer| holds(&Record::Certificate(*issuer)));
        self.records.retain(holds);
    }
}

impl From<Chain> for Page {
    fn from(chain: Chain) -> Self {
        Self { issuers: chain.issuer.into_iter().collect(), records: vec![Record::Certificate(chain.certificate)] }
    }
}
