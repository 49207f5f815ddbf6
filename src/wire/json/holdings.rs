//! What a device shares, and how much of it is not searched, in JSON.

use super::field;
use crate::limits::COLLECTION_BYTES_MAX;
use crate::wire::holdings::{Holding, HoldingList, Holdings, Unusable};
use crate::wire::message::Unembedded;
use heapless::String as Text;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Holdings", deny_unknown_fields)]
struct HoldingsFields {
    #[serde(with = "field")]
    collections: Option<HoldingList>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Holding", deny_unknown_fields)]
struct HoldingFields {
    #[serde(with = "field")]
    content: [u8; 16],
    files: u32,
    name: Text<COLLECTION_BYTES_MAX>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Unusable", deny_unknown_fields)]
struct UnusableFields {
    #[serde(with = "field")]
    files: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Unembedded", deny_unknown_fields)]
struct UnembeddedFields {
    #[serde(with = "field")]
    files: u64,
    #[serde(with = "field")]
    id: u64,
}

field::by_fields! {
    Holdings => HoldingsFields,
    Holding => HoldingFields,
    Unusable => UnusableFields,
    Unembedded => UnembeddedFields,
}
