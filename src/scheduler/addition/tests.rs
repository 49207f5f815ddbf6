//! Which ring a place gets, and which places are refused.

use super::*;

fn source(path: &str, collection: &str, ring: Ring) -> Source {
    Source { path: path.into(), collection: collection.into(), ring, device: 1 }
}

fn added(sources: &[Source], path: &str, collection: &str, ring: Option<Ring>) -> Result<Option<Ring>, String> {
    let new = Addition { ring, ..source(path, collection, Ring::Mesh).into() };
    let placed = new.placed(&sources.to_vec().into())?;
    Ok(placed
        .and_then(|list| list.places.into_iter().find(|source| source.path == path.as_bytes()))
        .map(|new| new.ring))
}

#[test]
fn a_place_without_a_ring_gets_that_of_its_collection_and_a_new_collection_is_the_meshs() {
    let private = [source("/a", "home", Ring::Private), source("/w", "work", Ring::Mesh)];
    assert_eq!(added(&private, "/b", "home", None), Ok(Some(Ring::Private)));
    assert_eq!(added(&private, "/b", "work", None), Ok(Some(Ring::Mesh)));
    assert_eq!(added(&private, "/b", "letters", None), Ok(Some(Ring::Mesh)));
    assert_eq!(added(&private, "/", "letters", None).map_err(|why| why.contains("\"home\"")), Err(true));
    // A wider folder takes the place of the narrower one, and its ring.
    assert_eq!(added(&[source("/a/b", "home", Ring::Private)], "/a", "home", None), Ok(Some(Ring::Private)));
}

#[test]
fn of_a_collection_with_both_rings_a_new_place_gets_the_more_private_one_and_the_old_ones_keep_theirs() {
    let mixed = [source("/a", "home", Ring::Mesh), source("/b", "home", Ring::Private)];
    assert_eq!(added(&mixed, "/c", "home", None), Ok(Some(Ring::Private)));
    assert_eq!(added(&mixed, "/a/x", "home", None), Ok(None), "a part of it");
    assert_eq!(added(&mixed, "/a", "home", None), Ok(None));
    assert_eq!(added(&mixed, "/a", "home", Some(Ring::Mesh)), Ok(None));
    assert_eq!(added(&mixed, "/c", "home", Some(Ring::Mesh)), Ok(Some(Ring::Mesh)), "who says so");
    let moved = Addition { ring: None, device: 2, ..source("/a", "home", Ring::Mesh).into() };
    let moved = moved.placed(&mixed.to_vec().into()).unwrap().unwrap();
    assert_eq!(moved.places[1], Source { device: 2, ..mixed[0].clone() }, "on another disk");
    let hidden = added(&mixed, "/a/.x", "home", None).unwrap_err();
    assert!(hidden.contains("ring mesh"), "it would be private in a folder of the mesh: {hidden}");
}

#[test]
fn a_place_that_is_watched_already_stays_in_its_collection_where_none_is_named() {
    let sources = [source("/a", "papers", Ring::Private)];
    let list = Sources::from(sources.to_vec());
    let add = |path: &str| {
        Addition { unnamed: true, ring: None, ..source(path, "home", Ring::Mesh).into() }.where_it_is(&sources)
    };
    for path in ["/a", "/a/b"] {
        assert_eq!((add(path).collection.as_str(), add(path).placed(&list)), ("papers", Ok(None)), "{path}");
    }
    assert_eq!(add("/b").collection, "home");
    assert_eq!(add("/a/.ssh").collection, "home", "the folder leaves it out");
}

#[test]
fn a_place_that_patterns_leave_out_is_a_source_of_its_own_and_stays_one() {
    let sources = [source("/a", "home", Ring::Mesh)];
    let add = |path: &str, left_out_of: &[&str], are_in_it| {
        let left_out_of = left_out_of.iter().map(|path| path.as_bytes().to_vec()).collect();
        let patterns = Patterns { left_out_of, are_in_it };
        Addition { patterns, ..source(path, "home", Ring::Mesh).into() }
    };
    assert_eq!(add("/a/build/x", &["/"], false).placed(&sources.to_vec().into()), Ok(None));
    let both = add("/a/build/x", &["/", "/a"], false).placed(&sources.to_vec().into()).unwrap().unwrap();
    assert_eq!(both.places.len(), 2);
    let named: Sources = vec![source("/a/build/x", "home", Ring::Mesh)].into();
    let kept = add("/a", &[], true).placed(&named).unwrap().unwrap();
    assert_eq!(kept.places.len(), 2, "the folder may leave it out");
    assert_eq!(add("/a", &[], false).placed(&named).unwrap().unwrap().places.len(), 1);
}

#[test]
fn without_a_named_collection_nothing_new_is_shared_where_there_are_private_ones() {
    let add = |list: &Sources, path: &str, unnamed, ring| {
        Addition { unnamed, ring, ..source(path, "home", Ring::Mesh).into() }.placed(list)
    };
    let mut list = Sources::from(vec![source("/w", "home", Ring::Mesh)]);
    assert!(add(&list, "/my diary", true, None).is_ok(), "there is no private one");
    list.remember("diary").unwrap();
    let why = add(&list, "/my diary", true, None).unwrap_err();
    for part in [
        "Nothing was changed",
        "`wattle add '/my diary' --collection diary` to keep",
        "`wattle add '/my diary' --collection home` to share",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert!(add(&list, "/", true, None).is_err(), "a wider folder shares more");
    assert_eq!(add(&list, "/w/part", true, None), Ok(None), "it is shared already");
    let moved = Addition { device: 2, ..source("/w", "home", Ring::Mesh).into() };
    let moved = Addition { unnamed: true, ring: None, ..moved }.placed(&list);
    assert!(moved.is_ok_and(|list| list.is_some()), "the same place on another disk");
    assert!(add(&list, "/d", false, None).is_ok() && add(&list, "/d", true, Some(Ring::Mesh)).is_ok(), "who says so");
    let with_folder = Sources::from(vec![source("/secret", "letters", Ring::Private)]);
    assert!(add(&with_folder, "/d", true, None).unwrap_err().contains("--collection letters`"));
    let private = Sources::from(vec![source("/secret", "home", Ring::Private)]);
    assert!(add(&private, "/d", true, None).is_ok(), "what it joins is private");
    ["a", "b", "c", "d"].iter().for_each(|name| list.remember(name).unwrap());
    assert!(add(&list, "/d", true, None).unwrap_err().contains("one of your 5 private collections"));
}

#[test]
fn a_name_that_no_collection_has_makes_no_shared_one_where_there_are_private_ones() {
    let typed = |collection: &str, unnamed, ring| Addition {
        unnamed,
        ring,
        ..source("/my secret", collection, Ring::Mesh).into()
    };
    let shared = Sources::from(vec![source("/w", "dairies", Ring::Mesh)]);
    assert_eq!(typed("dairy", false, None).misnamed(&shared, ["home"]), None, "there is no private one");
    let mut remembered = shared.clone();
    remembered.remember("Diary").unwrap();
    let with_folder = Sources::from(vec![source("/w", "work", Ring::Mesh), source("/d", "Diary", Ring::Private)]);
    for list in [&remembered, &with_folder] {
        let why = typed("diaryy", false, None).misnamed(list, ["home"]).unwrap();
        for part in [
            "Nothing was changed: there is no collection \"diaryy\"",
            "The nearest name that is there is \"Diary\", which stays on this device: `wattle add '/my secret' --collection Diary` adds",
            "`wattle add '/my secret' --collection diaryy --ring private`",
            "`wattle add '/my secret' --collection diaryy --ring mesh`",
        ] {
            assert!(why.contains(part), "{part}: {why}");
        }
        for said in [
            typed("diary ", false, None),
            typed("home", false, None),
            typed("home", true, None),
            typed("diaryy", false, Some(Ring::Mesh)),
        ] {
            assert_eq!(said.misnamed(list, ["home"]), None, "{said:?}");
        }
    }
    assert!(typed("dairy", false, None).misnamed(&with_folder, ["home"]).unwrap().contains("there is \"Diary\""));
    // The nearest may be another one than was meant: who sees it is told.
    let why = typed("works", false, None).misnamed(&with_folder, ["home"]).unwrap();
    assert!(why.contains("there is \"work\", which the other devices of your mesh can search: "), "{why}");
    assert_eq!(typed("music", false, None).misnamed(&with_folder, ["home", "music"]), None, "config.toml names it");
    // What is watched is not shared by that: it is refused for where it is.
    let watched = Addition { path: b"/w/x".to_vec(), ..typed("diaryy", false, None) };
    assert_eq!(watched.misnamed(&with_folder, ["home"]), None);
    assert!(watched.placed(&with_folder).unwrap_err().contains("is watched in the collection \"work\""));
    (0..PRIVATE_NAMES_MAX - 1).for_each(|n| remembered.remember(&format!("secret {n}")).unwrap());
    assert_eq!(typed("new", false, None).misnamed(&remembered, ["home"]), None, "it is private anyway");
}

#[test]
fn a_line_of_config_toml_makes_no_shared_collection_of_a_name_that_is_nearly_a_private_one_and_one_of_another_name() {
    let line = |collection: &str, ring| Addition { ring, ..source("/n", collection, Ring::Mesh).into() };
    let mut remembered = Sources::from(vec![source("/w", "work", Ring::Mesh)]);
    remembered.remember("Diary").unwrap();
    let with_folder = Sources::from(vec![source("/w", "work", Ring::Mesh), source("/d", "Diary", Ring::Private)]);
    for list in [&remembered, &with_folder] {
        for misspelt in ["dairy", "diaryy", "Diry"] {
            let why = line(misspelt, None).misspelt(list, ["home"]).unwrap();
            assert!(why.contains("one may be meant") && why.contains("--collection Diary` adds"), "{why}");
            assert_eq!(line(misspelt, Some(Ring::Mesh)).misspelt(list, ["home"]), None, "its ring is said");
            assert_eq!(line(misspelt, None).misspelt(list, ["home", misspelt]), None, "another line names it");
        }
        for meant in ["recipes", "works", "home", "diary", "d", "di"] {
            assert_eq!(line(meant, None).misspelt(list, ["home"]), None, "{meant}");
        }
    }
    let shared = Sources::from(vec![source("/d", "diary", Ring::Mesh)]);
    assert_eq!(line("dairy", None).misspelt(&shared, ["home"]), None, "there is no private one");
}

#[test]
fn another_ring_than_the_collections_is_refused_with_the_two_ways_out() {
    let shared = [source("/a", "home", Ring::Mesh)];
    let why = added(&shared, "/b c", "home", Some(Ring::Private)).unwrap_err();
    for part in [
        "nothing was changed",
        "`wattle add '/b c' --collection NEW --ring private`",
        "`wattle collection ring home private`",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }
    assert_eq!(added(&shared, "/b", "diary", Some(Ring::Private)), Ok(Some(Ring::Private)));
    assert_eq!(added(&shared, "/b", "home", Some(Ring::Mesh)), Ok(Some(Ring::Mesh)));
    let why = added(&[source("/a", "home", Ring::Private)], "/b", "home", Some(Ring::Mesh)).unwrap_err();
    assert!(why.contains("has the ring private"), "{why}");
    let why = added(&shared, "/a", "home", Some(Ring::Private)).unwrap_err();
    assert!(why.contains("`wattle collection ring home private`"), "{why}");
}

#[test]
fn a_folder_becomes_public_only_with_its_whole_collection() {
    let public = [source("/a", "papers", Ring::Public)];
    let why = added(&public, "/b", "papers", None).unwrap_err();
    assert!(why.contains("for everybody at once") && why.contains("`wattle collection ring papers mesh`"), "{why}");
    assert!(added(&public, "/", "papers", None).is_err(), "a wider folder");
    assert_eq!(added(&public, "/a/part", "papers", None), Ok(None), "it is public already");
    let why = added(&public, "/b", "papers", Some(Ring::Mesh)).unwrap_err();
    assert!(why.contains("has the ring public"), "{why}");
    for (list, part) in [(&public[..], "for everybody at once"), (&[], "in config.toml makes no folder public")] {
        let why = added(list, "/b", "papers", Some(Ring::Public)).unwrap_err();
        assert!(why.contains(part) && why.contains("`wattle collection ring papers public`"), "{why}");
    }
    assert_eq!(added(&public, "/a", "papers", Some(Ring::Public)), Ok(None), "config.toml as the agent wrote it");
    let moved = Addition { device: 2, ring: Some(Ring::Public), ..public[0].clone().into() };
    let moved = moved.placed(&public.to_vec().into()).unwrap().unwrap();
    assert_eq!(moved.places, [Source { device: 2, ..public[0].clone() }], "on another disk");
    let why = added(&[source("/a", "home", Ring::Mesh)], "/b", "home", Some(Ring::Public)).unwrap_err();
    assert!(why.contains("has the ring mesh"), "{why}");
}

#[test]
fn a_collection_that_reads_the_same_is_the_same_and_keeps_its_spelling_and_ring() {
    let diary = [source("/a", "Diary", Ring::Private)];
    let joined = |typed: &str| {
        let new = Addition { ring: None, ..source("/b", typed, Ring::Mesh).into() };
        let placed = new.placed(&diary.to_vec().into()).unwrap().unwrap();
        (placed.places[1].collection.clone(), placed.places[1].ring)
    };
    for typed in ["diary", " Diary ", "DIARY", "Di\u{ad}ary"] {
        assert_eq!(joined(typed), ("Diary".to_owned(), Ring::Private), "{typed:?}");
    }
    assert_eq!(joined(" letters "), ("letters".to_owned(), Ring::Mesh));
    assert!(added(&diary, "/b", "diary ", Some(Ring::Mesh)).unwrap_err().contains("has the ring private"));
    // A list of an earlier version with two of them: the very name counts, else the private one.
    let mixed = [source("/c", "diary", Ring::Mesh), source("/a", "diary ", Ring::Private)];
    assert_eq!(added(&mixed, "/b", "diary", None), Ok(Some(Ring::Mesh)));
    assert_eq!(added(&mixed, "/b", "Diary", None), Ok(Some(Ring::Private)));
}

#[test]
fn a_private_collection_without_a_folder_is_still_private() {
    let mut list = Sources::from(vec![source("/w", "work", Ring::Mesh)]);
    list.remember("diary").unwrap();
    let add = |list: &Sources, collection: &str, ring| {
        let new = Addition { ring, ..source("/b", collection, Ring::Mesh).into() };
        new.placed(list).map(|placed| placed.expect("it is new"))
    };
    let placed = add(&list, "Diary", None).unwrap();
    assert_eq!((placed.places[1].ring, placed.private.len()), (Ring::Private, 0), "its folder has the ring now");
    let why = add(&list, "diary", Some(Ring::Mesh)).unwrap_err();
    assert!(why.contains("has the ring private") && why.contains("`wattle collection ring diary mesh`"), "{why}");
    assert_eq!(add(&list, "work", None).unwrap().private, ["diary"], "another collection changes nothing");
    list.remember("work").unwrap();
    assert!(!list.remembers("work"), "it has a folder");
    let full = (0..2 * PRIVATE_NAMES_MAX).map(|n| list.remember(&format!("secret {n}"))).filter(Result::is_err).count();
    assert_eq!((list.private.len(), full), (PRIVATE_NAMES_MAX, PRIVATE_NAMES_MAX + 1), "none is left out silently");
    assert_eq!(add(&list, "new", None).unwrap().places[1].ring, Ring::Private, "it may be one that did not fit");
    assert_eq!(add(&list, "new", Some(Ring::Mesh)).unwrap().places[1].ring, Ring::Mesh, "who says so");
    assert_eq!(add(&list, "work", None).unwrap().places[1].ring, Ring::Mesh);
}
