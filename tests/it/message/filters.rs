//! The filters of a query, the word that they were kept, and what tells whether a device is to be asked.

use wattle::wire::message::{Filtered, Filters, Holding, Holdings, Message};

/// One message of each type.
pub(super) fn messages() -> [Message; 4] {
    let filters = Filters {
        id: 7,
        collections: vec!["home".to_owned()],
        paths: vec!["notes/*.md".to_owned()],
        types: vec!["pdf".to_owned(), "mail".to_owned()],
        after: Some(1_704_067_200),
        before: None,
    };
    let holding = Holding { name: "home".try_into().unwrap(), files: 203, content: [7; 16] };
    let collections = Some(Box::new(heapless::Vec::from_slice(&[holding]).unwrap()));
    [
        Message::Filters(filters),
        Message::Filtered(Filtered { id: 7 }),
        Message::Holdings(Holdings { collections }),
        Message::Holdings(Holdings { collections: None }),
    ]
}
