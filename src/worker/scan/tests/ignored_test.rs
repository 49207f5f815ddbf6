//! Documents whose files patterns leave out.

use super::*;

#[test]
fn what_is_left_out_goes_without_a_question_wherever_it_lies_and_what_is_gone_is_told_apart() {
    let mut library = library_with(
        ["/home/a", "/home/build/b", "/home/build/c", "/home/buildings", "/home/x.log"].map(|path| on(5, path)).into(),
    );
    let listing = |ignored: &[&str]| Listing {
        entries: vec![on(5, "/home/a")],
        volumes: volumes(&[("/home", 5)]),
        ignored: ignored.iter().map(|path| path.as_bytes().to_vec()).collect(),
        ..Listing::default()
    };
    let outcome = compare(library.kv(), &step(None), listing(&["/home/build", "/home/x.log"])).unwrap();
    let Outcome::Scanned { changes, remarks, tally, .. } = &outcome else { panic!("{outcome:?}") };
    assert_eq!(changes.len(), 4, "{:?}", described(&outcome));
    assert!(
        remarks[0].starts_with("3 documents of /home are indexed no more: .gitignore or .wattleignore"),
        "{remarks:?}"
    );
    assert_eq!((tally.known, tally.remaining, tally.omitted.ignored.len()), (1, 1, 2));
    // On another file system it would be away.
    let elsewhere = Listing { volumes: volumes(&[("/home", 6)]), ..listing(&["/home/build"]) };
    let told = apply(&mut library, elsewhere);
    assert_eq!(told.iter().filter(|told| told.starts_with("gone")).count(), 2, "{told:?}");
    let again = compare(library.kv(), &step(None), listing(&["/home/build"])).unwrap();
    let Outcome::Scanned { remarks, .. } = again else { panic!() };
    assert!(remarks.is_empty(), "said once");
}

#[test]
fn documents_in_what_became_the_home_of_another_agent_are_kept_and_told_and_its_own_files_are_none() {
    let mut library = library_of(&["/home/w/beet.md", "/home/w/boot", "/home/w/deep/boot", "/home/z.md"]);
    let mut key_files = KeyFiles::default();
    key_files.add_home(b"/home/w".to_vec());
    let (entries, holes) = (vec![entry("/home/z.md", 1)], vec![b"/home/w".to_vec()]);
    let listing = Listing { entries, holes, key_files, ..Listing::default() };
    let outcome = compare(library.kv(), &step(None), listing.clone()).unwrap();
    assert_eq!(described(&outcome), ["gone 1"], "a file of that agent was no document");
    let told = tally(outcome);
    assert_eq!((told.empty, told.remaining), (1, 3), "nobody is asked about it");
    let away: Vec<_> = told.away.iter().map(|place| (place.path.as_slice(), place.documents)).collect();
    assert_eq!(away, [(&b"/home/w"[..], 2)]);
    assert_eq!(apply(&mut library, listing).len(), 1);
}

#[test]
fn a_file_in_a_place_that_is_watched_by_itself_is_of_its_collection_whichever_scan_finds_it() {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let diary = Source { path: b"/home/diary".into(), collection: "diary".into(), ring: Ring::Private, device: 1 };
    library.apply(&Change::Sources(vec![step(None).source, diary].into())).unwrap();
    let listing = Listing { entries: vec![entry("/home/a.md", 1), entry("/home/diary/b.md", 1)], ..Listing::default() };
    let Outcome::Scanned { changes, .. } = compare(library.kv(), &step(None), listing).unwrap() else { panic!() };
    let of = |change: &Change| match change {
        Change::Seen { collection, ring, .. } => (collection.clone(), *ring),
        other => panic!("{other:?}"),
    };
    let of: Vec<_> = changes.iter().map(of).collect();
    assert_eq!(of, [("home".to_owned(), Ring::Mesh), ("diary".to_owned(), Ring::Private)]);
}
