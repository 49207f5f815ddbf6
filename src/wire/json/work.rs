//! The messages of work in JSON: the fields of each variant, sorted by name.

use super::base64;
use super::field::{self, Field};
use crate::base::id::EmbedKey;
use crate::limits::{KEPT_MESSAGE_MAX, LEASE_CHUNKS_MAX, RESULTS_MAX};
use crate::wire::message::HitVector;
use crate::wire::work::{BatchId, Failed, Grant, Kept, KeptResult, LentText, Offer, Results, Work};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The fields of all variants; the one that is present determines the variant.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WorkFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<u16>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    end: Option<BatchId>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    failed: Option<Failed>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    grant: Option<Cow<'a, Box<Grant>>>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    kept: Option<Cow<'a, Box<Kept>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    later_ms: Option<u32>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    offer: Option<Offer>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    renew: Option<BatchId>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    results: Option<Cow<'a, Box<Results>>>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none", rename = "return")]
    returned: Option<BatchId>,
}

impl WorkFields<'_> {
    /// The variant of each field that is present.
    fn variants(self) -> impl Iterator<Item = Work> {
        [
            self.ask.map(Work::Ask),
            self.end.map(Work::End),
            self.failed.map(Work::Failed),
            self.grant.map(|grant| Work::Grant(grant.into_owned())),
            self.kept.map(|kept| Work::Kept(kept.into_owned())),
            self.later_ms.map(Work::Later),
            self.offer.map(Work::Offer),
            self.renew.map(Work::Renew),
            self.results.map(|results| Work::Results(results.into_owned())),
            self.returned.map(Work::Return),
        ]
        .into_iter()
        .flatten()
    }
}

impl Field for Work {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let none = WorkFields::default();
        let fields = match self {
            Self::Offer(offer) => WorkFields { offer: Some(*offer), ..none },
            Self::Ask(chunks) => WorkFields { ask: Some(*chunks), ..none },
            Self::Grant(grant) => WorkFields { grant: Some(Cow::Borrowed(grant)), ..none },
            Self::Later(ms) => WorkFields { later_ms: Some(*ms), ..none },
            Self::Results(results) => WorkFields { results: Some(Cow::Borrowed(results)), ..none },
            Self::Renew(batch) => WorkFields { renew: Some(*batch), ..none },
            Self::Return(batch) => WorkFields { returned: Some(*batch), ..none },
            Self::Failed(failed) => WorkFields { failed: Some(*failed), ..none },
            Self::End(batch) => WorkFields { end: Some(*batch), ..none },
            Self::Kept(kept) => WorkFields { kept: Some(Cow::Borrowed(kept)), ..none },
        };
        fields.serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut variants = <WorkFields<'_> as Deserialize>::deserialize(from)?.variants();
        match (variants.next(), variants.next()) {
            (Some(work), None) => Ok(work),
            _ => Err(D::Error::custom("the fields are those of no variant")),
        }
    }
}

impl Field for BatchId {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        base64::serialize(&self.0, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        base64::array(from).map(Self)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Offer", deny_unknown_fields)]
struct OfferFields {
    chunks: u32,
    #[serde(serialize_with = "base64::serialize", deserialize_with = "base64::array")]
    model: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Grant", deny_unknown_fields)]
struct GrantFields {
    #[serde(with = "field")]
    batch: BatchId,
    lease_ms: u32,
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, LEASE_CHUNKS_MAX>")]
    texts: Vec<LentText>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "LentText", deny_unknown_fields)]
struct LentTextFields {
    heading: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Results", deny_unknown_fields)]
struct ResultsFields {
    #[serde(with = "field")]
    batch: BatchId,
    first: u16,
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, RESULTS_MAX>")]
    vectors: Vec<HitVector>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Failed", deny_unknown_fields)]
struct FailedFields {
    #[serde(with = "field")]
    batch: BatchId,
    count: u16,
    first: u16,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Kept", deny_unknown_fields)]
struct KeptFields {
    #[serde(serialize_with = "field::list", deserialize_with = "field::list_of::<_, _, KEPT_MESSAGE_MAX>")]
    results: Vec<KeptResult>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "KeptResult", deny_unknown_fields)]
struct KeptResultFields {
    #[serde(with = "field")]
    text: EmbedKey,
    #[serde(with = "field")]
    vector: HitVector,
}

impl Field for EmbedKey {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        base64::serialize(&self.0, to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        base64::array(from).map(Self)
    }
}

field::by_fields! {
    Offer => OfferFields,
    Grant => GrantFields,
    LentText => LentTextFields,
    Results => ResultsFields,
    Failed => FailedFields,
    Kept => KeptFields,
    KeptResult => KeptResultFields,
}
