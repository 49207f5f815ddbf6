//! The body of a `gossip` message in JSON. An item stays as its origin signed it, in postcard; here its bytes are
//! base64.

use super::base64;
use super::certificate::True;
use super::field::{self, Field};
use crate::limits::{GOSSIP_BATCH_MAX, GOSSIP_BYTES_MAX};
use crate::wire::certificate::exchange::Buckets;
use crate::wire::gossip::{Entries, Entry, Gossip, Kind, Relayed};
use heapless::Vec as Bounded;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The fields of all variants; those that are present determine the variant.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GossipFields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<bool>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    digest: Option<Buckets>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    have: Option<Cow<'a, Box<Entries>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prune: Option<True>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    told: Option<Cow<'a, Box<Batch>>>,
    #[serde(with = "field", skip_serializing_if = "Option::is_none")]
    want: Option<Cow<'a, Box<Entries>>>,
}

type Batch = Bounded<Relayed, GOSSIP_BATCH_MAX>;

impl Field for Gossip {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let none = GossipFields::default();
        let fields = match self {
            Self::Push(batch) => GossipFields { told: Some(Cow::Borrowed(batch)), ..none },
            Self::IHave { ask, list } => GossipFields { ask: Some(*ask), have: Some(Cow::Borrowed(list)), ..none },
            Self::IWant(list) => GossipFields { want: Some(Cow::Borrowed(list)), ..none },
            Self::Prune => GossipFields { prune: Some(True), ..none },
            Self::Compare { ask, hashes } => GossipFields { ask: Some(*ask), digest: Some(*hashes), ..none },
        };
        fields.serialize(to)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let GossipFields { ask, digest, have, prune, told, want } = GossipFields::deserialize(from)?;
        match (ask, digest, have, prune, told, want) {
            (None, None, None, None, Some(batch), None) => Ok(Self::Push(batch.into_owned())),
            (Some(ask), None, Some(list), None, None, None) => Ok(Self::IHave { ask, list: list.into_owned() }),
            (None, None, None, None, None, Some(list)) => Ok(Self::IWant(list.into_owned())),
            (None, None, None, Some(True), None, None) => Ok(Self::Prune),
            (Some(ask), Some(hashes), None, None, None, None) => Ok(Self::Compare { ask, hashes }),
            _ => Err(D::Error::custom("the fields are those of no variant")),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Relayed", deny_unknown_fields)]
struct RelayedFields {
    age_s: u16,
    hops: u8,
    #[serde(serialize_with = "base64::serialize", deserialize_with = "base64::bytes::<_, GOSSIP_BYTES_MAX>")]
    message: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Entry", deny_unknown_fields)]
struct EntryFields {
    boot: u32,
    #[serde(with = "field")]
    kind: Kind,
    #[serde(with = "field")]
    origin: [u8; 8],
    #[serde(with = "field")]
    seq: u64,
}

field::by_fields! {
    Relayed => RelayedFields,
    Entry => EntryFields,
}

#[cfg(test)]
pub(super) mod test {
    use super::*;
    use crate::wire::message::Message;

    /// One of each variant, for the tests of every message.
    pub(in crate::wire::json) fn messages() -> Vec<Message> {
        let item = Relayed { hops: 3, age_s: 9, message: vec![1, 2, 255] };
        let entry = Entry { origin: [7; 8], kind: Kind::Collections, boot: 4, seq: 1 << 60 };
        let list = || Box::new(Entries::from_slice(&[entry, entry]).unwrap());
        vec![
            Message::Gossip(Gossip::Push(Box::new(Bounded::from_slice(&[item.clone(), item]).unwrap()))),
            Message::Gossip(Gossip::IHave { ask: true, list: list() }),
            Message::Gossip(Gossip::IWant(list())),
            Message::Gossip(Gossip::Prune),
            Message::Gossip(Gossip::Compare { ask: true, hashes: Buckets([[9; 8]; 16]) }),
        ]
    }
}
