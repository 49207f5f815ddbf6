//! What a device shares, in JSON.

use super::field;
use crate::limits::COLLECTION_BYTES_MAX;
use crate::wire::holdings::{Holding, HoldingList, Holdings};
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

field::by_fields! {
    Holdings => HoldingsFields,
    Holding => HoldingFields,
}
