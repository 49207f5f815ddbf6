//! What is known of files of a type where nothing of it was found.

use super::*;
use crate::base::hit::TypedFiles;

fn filter(values: &[(Key, &str)]) -> Filter {
    let mut filter = Filter::default();
    values.iter().for_each(|(key, value)| filter.add(*key, value).unwrap());
    filter
}

#[test]
fn files_of_a_type_are_counted_where_nothing_of_it_was_found() {
    let mut shelf = Shelf::new();
    shelf.add("/a/boiler.md", Ring::Mesh, &["the boiler is in the cellar"]);
    let of = |shelf: &mut Shelf, values: &[(Key, &str)], shared| {
        let found = shelf.find_of(filter(values), "boiler", 3, shared);
        (found.hits.len(), found.of_types)
    };
    let pdf = [(Key::Type, "pdf")];
    let files = |all, unusable| Some(TypedFiles { all, unusable });
    assert_eq!(of(&mut shelf, &pdf, false), (0, files(0, 0)));
    assert_eq!(of(&mut shelf, &pdf, true), (0, None), "another device is not told");
    assert_eq!(of(&mut shelf, &[(Key::Type, "md")], false), (1, None), "it was found");
    assert_eq!(of(&mut shelf, &[(Key::Path, "none")], false), (0, None), "no type is asked for");
    let (path, stamp, collection) = (b"/a/torn.pdf".to_vec(), FileStamp::default(), "home".to_owned());
    let seen = Change::Seen { path, stamp, collection, ring: Ring::Mesh };
    let doc = shelf.library.apply(&seen).unwrap().doc.unwrap();
    let (stamp, reason) = (FileStamp::default(), "It is damaged.".to_owned());
    shelf.library.apply(&Change::Refused { doc, stamp, reason, keep: false }).unwrap();
    assert_eq!(of(&mut shelf, &pdf, false), (0, files(1, 1)));
    shelf.add("/a/lease.pdf", Ring::Private, &["the boiler in the lease of the flat"]);
    assert_eq!(of(&mut shelf, &[(Key::Type, "pdf"), (Key::Path, "none")], false), (0, files(2, 1)), "of all folders");
    assert_eq!(of(&mut shelf, &pdf, false).1, None);
}
