//! What filters let answer, and what is known of files of a type where nothing of it was found.

use super::*;
use crate::base::hit::TypedFiles;

fn filter(values: &[(Key, &str)]) -> Filter {
    let mut filter = Filter::default();
    values.iter().for_each(|(key, value)| filter.add(*key, value).unwrap());
    filter
}

#[test]
fn another_device_finds_by_a_path_only_what_it_is_told_of_it() {
    let mut shelf = Shelf::new();
    shelf.watch(&[("/home/ann/notes", Ring::Mesh), ("/home/ann/diary", Ring::Private)]);
    shelf.add("/home/ann/notes/tax/boiler.md", Ring::Mesh, &["the boiler is in the cellar"]);
    for (value, is_told) in [
        ("/home/ann/notes", false),
        ("/home/a", false),
        ("/home/*", false),
        ("ann", false),
        ("notes/tax", true),
        ("notes/*/*.md", true),
        ("tax/*", true),
        ("boiler", true),
    ] {
        let hits =
            |shelf: &mut Shelf, shared| shelf.find_of(filter(&[(Key::Path, value)]), "boiler", 3, shared).hits.len();
        assert_eq!(hits(&mut shelf, false), 1, "{value}, here");
        assert_eq!(hits(&mut shelf, true), usize::from(is_told), "{value}, from another device");
    }
    // Where the files are not in memory, their records are read.
    let sources = read::sources(shelf.library.kv()).unwrap();
    let index = Indexes::default();
    let rows = |value: &str, shared| {
        let folders = Folders { sources: Some(&sources), shared };
        let lookup = InStore { index: &index, kv: shelf.library.kv() };
        let rows = filter::rows((shelf.library.kv(), &lookup), &filter(&[(Key::Path, value)]), folders);
        rows.unwrap().is_some_and(|rows| !rows.is_empty())
    };
    assert!(rows("/home/ann", false) && !rows("/home/ann", true) && rows("notes/tax", true));
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
    let elsewhere = [(Key::Type, "pdf"), (Key::Path, "none")];
    assert_eq!(of(&mut shelf, &elsewhere, false), (0, files(1, 1)), "of all folders");
    shelf.add("/a/lease.pdf", Ring::Private, &["the boiler in the lease of the flat"]);
    assert_eq!(of(&mut shelf, &elsewhere, false), (0, None), "one can be used, and no more are looked at");
    assert_eq!(of(&mut shelf, &pdf, false).1, None);
}

#[test]
fn files_of_a_type_are_looked_for_until_one_can_be_used_or_time_is_over() {
    let mut shelf = Shelf::new();
    for n in 0..20 {
        shelf.add(&format!("/a/{n}.pdf"), Ring::Mesh, &["the boiler is in the cellar"]);
    }
    let sources = read::sources(shelf.library.kv()).unwrap();
    let looked = |of_type: &str, most: usize| {
        let looked = Cell::new(0);
        let is_late = || looked.replace(looked.get() + 1) >= most;
        let types = filter(&[(Key::Type, of_type)]);
        (filter::of_types(shelf.library.kv(), &types, Some(&sources), is_late).unwrap(), looked.get())
    };
    assert_eq!(looked("pdf", 100), (None, 1), "the first one can be used");
    assert_eq!(looked("md", 100), (Some(TypedFiles::default()), 20), "all are of another type");
    assert_eq!(looked("md", 5), (None, 6), "nothing is said where not all were looked at");
}
