//! A folder in a watched one that is in a collection of its own.

use super::{Addition, Patterns};
use crate::base::id::Ring;
use crate::store::record::{Source, Sources};

fn source(path: &str, collection: &str, ring: Ring) -> Source {
    Source { path: path.into(), collection: collection.into(), ring, device: 1 }
}

fn diary(left_out_of: &[&str], path: &str) -> Addition {
    let left_out_of = left_out_of.iter().map(|path| path.as_bytes().to_vec()).collect();
    let patterns = Patterns { left_out_of, are_in_it: false };
    Addition { patterns, ..source(path, "diary", Ring::Private).into() }
}

fn paths(list: &Sources) -> Vec<String> {
    list.places.iter().map(|place| String::from_utf8_lossy(&place.path).into_owned()).collect()
}

#[test]
fn a_folder_that_patterns_leave_out_of_a_watched_one_is_a_private_collection_of_its_own_and_stays_one() {
    let list = Sources::from(vec![source("/docs", "home", Ring::Mesh)]);
    let placed = diary(&["/docs"], "/docs/diary").placed(&list).unwrap().unwrap();
    assert_eq!(paths(&placed), ["/docs", "/docs/diary"]);
    let of = |path: &str| placed.of(path.as_bytes()).map(|of| (of.collection.as_str(), of.ring));
    assert_eq!(of("/docs/diary/may.md"), Some(("diary", Ring::Private)));
    assert_eq!(of("/docs/a.md"), Some(("home", Ring::Mesh)));
    for again in [diary(&["/docs"], "/docs/diary"), diary(&[], "/docs/diary"), diary(&[], "/docs/diary/2024")] {
        assert_eq!(again.placed(&placed), Ok(None), "it is watched so, whatever the patterns say now");
    }
    // The folder around it, once more and from another disk: what is in it stays what it is.
    let around = Addition { device: 2, ..source("/docs", "home", Ring::Mesh).into() };
    let around = around.placed(&placed).unwrap().unwrap();
    assert_eq!(around.of(b"/docs/diary/may.md").map(|of| of.ring), Some(Ring::Private));
    assert_eq!(around.places.len(), 2);
    // A hidden one needs no pattern.
    assert_eq!(diary(&[], "/docs/.diary").placed(&list).unwrap().unwrap().places.len(), 2);
}

#[test]
fn a_folder_that_is_read_with_the_watched_one_is_refused_with_the_line_that_sets_it_apart() {
    let list = Sources::from(vec![source("/docs", "home", Ring::Mesh)]);
    let why = diary(&[], "/docs/my diary").placed(&list).unwrap_err();
    for part in
        ["a file is in one collection only", "the line /my diary into the file .wattleignore in /docs,", "same command"]
    {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert!(diary(&["/"], "/docs/diary").placed(&list).is_err(), "another folder's patterns leave it out");
    let inner = Sources::from(vec![source("/docs/diary", "diary", Ring::Private)]);
    let why = Addition::from(source("/docs", "home", Ring::Mesh)).placed(&inner).unwrap_err();
    assert!(why.contains("`wattle forget /docs/diary`") && why.contains("the wider one first"), "{why}");
}
