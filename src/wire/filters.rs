//! Which documents a query is asked of. Agents of before read neither message: they answer with all that they have, and do not say that
//! they left anything out, so that the asking agent takes of their hits those whose paths fit, or none.

use crate::base::bounded;
use crate::base::filter::Filter;
use crate::limits::{FILTER_VALUE_BYTES_MAX, FILTER_VALUES_MAX};
use serde::{Deserialize, Serialize};

/// The filters of the `Query` that follows on the same link. The device is not among them: only those that are meant are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// The `id` of the `Query`.
    pub id: u64,
    /// Names of collections, of which a document belongs to one, if there are any; at most `FILTER_VALUES_MAX`, as of the others.
    #[serde(deserialize_with = "bounded::list::<_, _, FILTER_VALUES_MAX>")]
    pub collections: Vec<String>,
    /// Parts of paths, and patterns of them, likewise.
    #[serde(deserialize_with = "bounded::list::<_, _, FILTER_VALUES_MAX>")]
    pub paths: Vec<String>,
    /// Endings of files, and kinds, likewise.
    #[serde(deserialize_with = "bounded::list::<_, _, FILTER_VALUES_MAX>")]
    pub types: Vec<String>,
    /// The file was changed then or later, in seconds since 1970.
    pub after: Option<u64>,
    /// It was changed earlier than this.
    pub before: Option<u64>,
}

/// The sender left out of the answer that follows what the filters of its query leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filtered {
    /// The `id` of the `Query`.
    pub id: u64,
}

impl Filters {
    /// Those of a query.
    #[must_use]
    pub fn of(id: u64, filter: &Filter) -> Self {
        let Filter { collections, paths, types, after, before, devices: _ } = filter.clone();
        Self { id, collections, paths, types, after, before }
    }

    /// What they are here.
    #[must_use]
    pub fn into_filter(self) -> Filter {
        let Self { id: _, collections, paths, types, after, before } = self;
        Filter { collections, devices: Vec::new(), paths, types, after, before }
    }

    /// Checks what the types do not express.
    pub(super) fn is_sound(&self) -> bool {
        let is_value = |value: &String| {
            (1..=FILTER_VALUE_BYTES_MAX).contains(&value.len()) && value.chars().all(|c| !c.is_control())
        };
        let lists = [&self.collections, &self.paths, &self.types];
        lists.into_iter().all(|list| list.len() <= FILTER_VALUES_MAX && list.iter().all(is_value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::filter::Key;
    use crate::wire::message::Message;

    #[test]
    fn filters_come_as_they_were_sent_and_lists_and_values_without_end_do_not() {
        let mut filter = Filter::default();
        for (key, value) in [(Key::Collection, "home"), (Key::Path, "*.md"), (Key::Type, "pdf"), (Key::After, "2024")] {
            filter.add(key, value).unwrap();
        }
        let filters = Filters::of(7, &filter);
        assert_eq!(filters.clone().into_filter(), filter);
        let decode = |filters: &Filters| Message::decode(&Message::Filters(filters.clone()).encode());
        assert_eq!(decode(&filters), Some(Message::Filters(filters.clone())));
        let long = "x".repeat(FILTER_VALUE_BYTES_MAX + 1);
        for bad in
            [vec!["x".to_owned(); FILTER_VALUES_MAX + 1], vec![String::new()], vec!["a\u{7}".to_owned()], vec![long]]
        {
            assert_eq!(decode(&Filters { paths: bad, ..filters.clone() }), None);
        }
    }
}
