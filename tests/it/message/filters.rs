//! The filters of a query, and the word that they were kept.

use wattle::wire::message::{Filtered, Filters, Message};

/// One message of each type.
pub(super) fn messages() -> [Message; 2] {
    let filters = Filters {
        id: 7,
        collections: vec!["home".to_owned()],
        paths: vec!["notes/*.md".to_owned()],
        types: vec!["pdf".to_owned(), "mail".to_owned()],
        after: Some(1_704_067_200),
        before: None,
    };
    [Message::Filters(filters), Message::Filtered(Filtered { id: 7 })]
}
