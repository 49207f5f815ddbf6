//! The body of a `trust` message in JSON. A record's signature covers its fields and not this encoding, so a record that came in
//! JSON is the same one in postcard.

use super::base64;
use super::field::{self, Field};
use crate::base::id::{MeshId, PeerKey};
use crate::limits::{ADMINS_MAX, TRUST_BUCKETS, TRUST_PAGE_MAX};
use crate::wire::certificate::exchange::{Buckets, Exchange, Page};
use crate::wire::certificate::{Caps, Certificate, Chain, InviteUse, Record, Refusal, Removal, Signature};
use crate::wire::pairing::InviteId;
use crate::wire::pairing::invite::InviteRecord;
use crate::wire::pairing::secret::Verifier;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The fields of all variants; those that are present determine the variant.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ExchangeFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<bool>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    digest: Option<Buckets>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    invite: Option<Cow<'a, Box<InviteRecord>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    leave: Option<True>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    page: Option<Cow<'a, Box<Page>>>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    refused: Option<Refusal>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    show: Option<Cow<'a, Box<Chain>>>,
}

impl Field for Exchange {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let none = ExchangeFields::default();
        let fields = match self {
            Self::Show(chain) => ExchangeFields { show: Some(Cow::Borrowed(chain)), ..none },
            Self::Digest { ask, buckets } => ExchangeFields { ask: Some(*ask), digest: Some(*buckets), ..none },
            Self::Push(page) => ExchangeFields { page: Some(Cow::Borrowed(page)), ..none },
            Self::Refused(why) => ExchangeFields { refused: Some(*why), ..none },
            Self::Invite(record) => ExchangeFields { invite: Some(Cow::Borrowed(record)), ..none },
            Self::Leave => ExchangeFields { leave: Some(True), ..none },
        };
        fields.serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let ExchangeFields { ask, digest, invite, leave, page, refused, show } = Deserialize::deserialize(from)?;
        let none = D::Error::custom("the fields are those of no variant");
        match (ask, digest, page, refused, show) {
            _ if invite.is_some() && leave.is_some() => Err(none),
            (None, None, None, None, None) => {
                let of_invite = invite.map(|record| Self::Invite(record.into_owned()));
                of_invite.or(leave.map(|True| Self::Leave)).ok_or(none)
            }
            _ if invite.is_some() || leave.is_some() => Err(none),
            (None, None, None, None, Some(chain)) => Ok(Self::Show(chain.into_owned())),
            (Some(ask), Some(buckets), None, None, None) => Ok(Self::Digest { ask, buckets }),
            (None, None, Some(page), None, None) => Ok(Self::Push(page.into_owned())),
            (None, None, None, Some(why), None) => Ok(Self::Refused(why)),
            _ => Err(none),
        }
    }
}

/// `true`: the variant has no other field.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "bool", into = "bool")]
pub(super) struct True;

impl From<True> for bool {
    fn from(True: True) -> Self {
        true
    }
}

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(value: bool) -> Result<Self, Self::Error> {
        if value { Ok(Self) } else { Err("it is true, or not there") }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "InviteRecord", deny_unknown_fields)]
struct InviteRecordFields {
    caps: u8,
    #[serde(with = "field")]
    holder: Option<PeerKey>,
    id: InviteId,
    #[serde(with = "field")]
    left_ms: u64,
    removed_admins: u32,
    verifier: Verifier,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Page", deny_unknown_fields)]
struct PageFields {
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, ADMINS_MAX>")]
    issuers: Vec<Certificate>,
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, TRUST_PAGE_MAX>")]
    records: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Chain", deny_unknown_fields)]
struct ChainFields {
    #[serde(with = "field")]
    certificate: Certificate,
    #[serde(with = "field")]
    issuer: Option<Certificate>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RecordFields {
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    removal: Option<Removal>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    used: Option<InviteUse>,
}

impl Field for Record {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let none = RecordFields::default();
        let fields = match *self {
            Self::Certificate(certificate) => RecordFields { certificate: Some(certificate), ..none },
            Self::Removal(removal) => RecordFields { removal: Some(removal), ..none },
            Self::InviteUse(used) => RecordFields { used: Some(used), ..none },
        };
        fields.serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match RecordFields::deserialize(from)? {
            RecordFields { certificate: Some(certificate), removal: None, used: None } => {
                Ok(Self::Certificate(certificate))
            }
            RecordFields { certificate: None, removal: Some(removal), used: None } => Ok(Self::Removal(removal)),
            RecordFields { certificate: None, removal: None, used: Some(used) } => Ok(Self::InviteUse(used)),
            _ => Err(D::Error::custom("the fields are those of no record")),
        }
    }
}

/// The fields of what an issuer signs about a holder, in the order of their names: those that all have, and in braces those of one alone.
macro_rules! signed_fields {
    ($of:literal as $fields:ident: {$($one:tt)*} epoch holder {$($two:tt)*} issuer mesh {$($three:tt)*} signature) => {
        #[derive(Serialize, Deserialize)]
        #[serde(remote = $of, deny_unknown_fields)]
        struct $fields {
            $($one)*
            epoch: u32,
            #[serde(with = "field")]
            holder: PeerKey,
            $($two)*
            #[serde(with = "field")]
            issuer: PeerKey,
            #[serde(with = "field")]
            mesh: MeshId,
            $($three)*
            #[serde(with = "field")]
            signature: Signature,
        }
    };
}

signed_fields!("Certificate" as CertificateFields:
    { caps: Caps, } epoch holder {} issuer mesh { #[serde(with = "field")] serial: u64, } signature);
signed_fields!("Removal" as RemovalFields: {} epoch holder {} issuer mesh {} signature);
signed_fields!("InviteUse" as InviteUseFields:
    {} epoch holder { #[serde(with = "field")] invite: [u8; 16], } issuer mesh { #[serde(with = "field")] serial: u64, } signature);

field::by_fields! {
    Page => PageFields,
    Chain => ChainFields,
    Certificate => CertificateFields,
    Removal => RemovalFields,
    InviteUse => InviteUseFields,
    InviteRecord => InviteRecordFields,
}

impl Field for MeshId {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Field::read(from).map(Self)
    }
}

/// The base64 of its 64 bytes.
impl Field for Signature {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        base64::serialize(&self.to_bytes(), to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        base64::array::<_, 64>(from).map(|bytes| Self::from_bytes(&bytes))
    }
}

/// The base64 of all hashes, one after another.
impl Field for Buckets {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        base64::serialize(self.0.as_flattened(), to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let bytes = base64::array::<_, { 8 * TRUST_BUCKETS }>(from)?;
        let mut buckets = Self::default();
        for (bucket, bytes) in buckets.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *bucket = *bytes;
        }
        Ok(buckets)
    }
}

/// Its number on the wire.
impl Field for Refusal {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u8(*self as u8)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = usize::deserialize(from)?;
        Self::ALL.get(number).copied().ok_or_else(|| D::Error::custom("unknown refusal"))
    }
}

#[cfg(test)]
pub(super) mod test {
    use super::*;
    use crate::wire::message::Message;

    /// One of each variant, for the tests of every message.
    pub(in crate::wire::json) fn messages() -> Vec<Message> {
        let (mesh, holder, issuer) = (MeshId([9; 32]), PeerKey([1; 32]), PeerKey([2; 32]));
        let (epoch, signature) = (7, Signature::from_bytes(&[5; 64]));
        let caps = Caps::MEMBER | Caps::WORKER;
        let certificate = Certificate { mesh, holder, caps, serial: 1 << 60, epoch, issuer, signature };
        let removal = Removal { mesh, holder, epoch, issuer, signature };
        let used = InviteUse { mesh, invite: [3; 16], holder, serial: 4, epoch, issuer, signature };
        let records = vec![Record::Certificate(certificate), Record::Removal(removal), Record::InviteUse(used)];
        [
            Exchange::Show(Box::new(Chain { certificate, issuer: Some(certificate) })),
            Exchange::Show(Box::new(Chain { certificate, issuer: None })),
            Exchange::Digest { ask: true, buckets: Buckets([[1, 2, 3, 4, 5, 6, 7, 255]; TRUST_BUCKETS]) },
            Exchange::Push(Box::new(Page { issuers: vec![certificate], records })),
            Exchange::Refused(Refusal::Removed),
            Exchange::Invite(Box::new(invite(Some(holder)))),
            Exchange::Invite(Box::new(invite(None))),
            Exchange::Leave,
        ]
        .map(Message::Trust)
        .to_vec()
    }

    fn invite(holder: Option<PeerKey>) -> InviteRecord {
        let id = InviteId([3; 16]);
        let verifier = crate::wire::pairing::secret::LongSecret::new([4; 16]).verifier(id);
        InviteRecord { id, verifier, caps: 3, left_ms: 86_400_000, removed_admins: 2, holder }
    }
}
