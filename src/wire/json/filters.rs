//! The filters of a query in JSON.

use super::field;
use crate::base::bounded;
use crate::limits::FILTER_VALUES_MAX;
use crate::wire::message::{Filtered, Filters};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Filters", deny_unknown_fields)]
struct FiltersFields {
    #[serde(with = "field")]
    after: Option<u64>,
    #[serde(with = "field")]
    before: Option<u64>,
    #[serde(deserialize_with = "bounded::list::<_, _, FILTER_VALUES_MAX>")]
    collections: Vec<String>,
    #[serde(with = "field")]
    id: u64,
    #[serde(deserialize_with = "bounded::list::<_, _, FILTER_VALUES_MAX>")]
    paths: Vec<String>,
    #[serde(deserialize_with = "bounded::list::<_, _, FILTER_VALUES_MAX>")]
    types: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Filtered", deny_unknown_fields)]
struct FilteredFields {
    #[serde(with = "field")]
    id: u64,
}

field::by_fields! {
    Filters => FiltersFields,
    Filtered => FilteredFields,
}
