//! Counts of documents by place, and what is told of them when a store is lost.

use super::*;
use crate::base::id::Ring;
use crate::store::change::{Change, FoundDocument};
use crate::store::library::Library;
use crate::store::memory::MemoryKv;
use crate::store::record::{FileStamp, Source};

#[test]
fn documents_are_counted_by_place_and_those_of_places_that_are_gone_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
    for place in ["here", "gone"] {
        fs::create_dir(root.join(place)).unwrap();
    }
    fs::write(root.join("gone/d"), "").unwrap();
    fs::write(root.join("here/a"), "").unwrap();
    let home = Home::open(&root.join("home")).unwrap();
    let source = |name: &str| Source { path: path(name), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    let mut library = Library::open(MemoryKv::default()).unwrap();
    library.apply(&Change::Sources(Sources::from(vec![source("here"), source("gone")]))).unwrap();
    for file in ["here/a", "here/stick/b", "here/stick/c", "gone/d"] {
        let (path, stamp) = (path(file), FileStamp::default());
        library.apply(&Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh }).unwrap();
    }
    let stick = |documents, unread| {
        let stick = Mark { volume: 7, since: 1, documents, partly: unread, unread, ..place(path("here/stick")) };
        Change::Marks(Marks(vec![Mark { kind: MarkKind::Away, ..stick }]))
    };
    for (documents, unread) in [(0, 1), (2, 0)] {
        library.apply(&stick(documents, unread)).unwrap();
        note(&home, library.kv()).unwrap();
        let counts: Vec<u64> = known(&home).unwrap().iter().map(|place| place.documents).collect();
        assert_eq!(counts, [1, 1, 2], "{unread} of them were not read yet");
    }
    let says = lost_with_store(&home);
    assert!(says.contains(" 2 documents of folders") && says.contains("here/stick (2). Attach the disk"), "{says}");
    fs::remove_dir_all(root.join("gone")).unwrap();
    let says = lost_with_store(&home);
    assert!(says.contains(" 3 documents") && says.contains("gone (1), ") && !says.contains("here (1)"), "{says}");
    fs::create_dir_all(root.join("here/stick/x")).unwrap();
    fs::create_dir(root.join("gone")).unwrap();
    let says = lost_with_store(&home);
    assert!(says.contains("gone (1)"), "an empty folder is the mount point of what is away: {says}");
    fs::write(root.join("gone/d"), "").unwrap();
    assert_eq!(lost_with_store(&home), "", "all is there");

    let found = FoundDocument::new(DocId(0), &read::document(library.kv(), DocId(0)).unwrap().unwrap());
    library.apply(&Change::Kept { found, since: 9 }).unwrap();
    for counts in [&|| add_kept(&home, library.kv(), &[DocId(0)]), &|| recount(&home, library.kv()), &|| {
        note(&home, library.kv())
    }] as [&dyn Fn() -> Result<(), KvError>; 3]
    {
        counts().unwrap();
    }
    let counts: Vec<u64> = known(&home).unwrap().iter().map(|place| place.documents).collect();
    assert_eq!(counts, [1, 2, 1], "here/a is counted once, as kept, and a start has the count");
    let says = lost_with_store(&home);
    assert!(says.starts_with(" One document that was kept without its file went with it: "), "{says}");
    assert_eq!(lost_before(&home, &read::sources(library.kv()).unwrap()), None, "it does not come back");
    library.apply(&Change::gone(library.kv(), DocId(0))).unwrap();
    recount(&home, library.kv()).unwrap();
    assert_eq!(lost_with_store(&home), "");
}

#[test]
fn what_a_repaired_store_has_lost_of_a_place_that_is_away_or_kept_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
    let home = Home::open(&root.join("home")).unwrap();
    let library = |files: &[&str]| {
        let source = |name: &str| Source { path: path(name), collection: "home".into(), ring: Ring::Mesh, device: 1 };
        let mut library = Library::open(MemoryKv::default()).unwrap();
        library.apply(&Change::Sources(Sources::from(vec![source("usb"), source("here")]))).unwrap();
        for file in files {
            let (path, stamp) = (path(file), FileStamp::default());
            library.apply(&Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh }).unwrap();
        }
        library
    };
    fs::create_dir(root.join("here")).unwrap();
    fs::write(root.join("here/a"), "").unwrap();
    let mut before = library(&["usb/a", "usb/b", "here/a", "here/b"]);
    let found = FoundDocument::new(DocId(3), &read::document(before.kv(), DocId(3)).unwrap().unwrap());
    before.apply(&Change::Kept { found, since: 9 }).unwrap();
    note(&home, before.kv()).unwrap();
    recount(&home, before.kv()).unwrap();
    add_kept(&home, before.kv(), &[DocId(3)]).unwrap();
    assert_eq!(lost_in_repair(&home, before.kv()).unwrap(), None, "it has all");
    let after = library(&["usb/a"]);
    let told = lost_in_repair(&home, after.kv()).unwrap().expect("it is told").what;
    assert!(told.contains("One document of a folder that is away went with it") && told.contains("/usb (1)"), "{told}");
    assert!(
        told.contains("One document that was kept without its file went with it") && !told.contains("/here (2)"),
        "{told}"
    );
    let later = lost_before(&home, &read::sources(after.kv()).unwrap()).expect("and at later starts").what;
    assert!(later.contains("or repaired, at an earlier start. One document"), "{later}");
    let again = library(&["usb/a", "usb/b"]);
    assert!(!lost_in_repair(&home, again.kv()).unwrap().unwrap().what.contains("/usb"), "that is there");
}

#[test]
fn what_was_lost_with_a_store_is_told_at_later_starts_until_it_is_back_or_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    let path = |name: &str| root.join(name).as_os_str().as_bytes().to_vec();
    let home = Home::open(&root.join("home")).unwrap();
    let source = |name: &str| Source { path: path(name), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    let watched = |names: &[&str]| {
        let list = Sources::from(names.iter().map(|name| source(name)).collect::<Vec<_>>());
        home.write(HomeFile::Sources, &list.encode()).unwrap();
        list
    };
    let both = watched(&["usb", "nas"]);
    let lost_before = |sources: &Sources| lost_before(&home, sources);
    let counted = ["usb", "nas"].map(|name| Mark { documents: 2, ..place(path(name)) });
    home.write(HomeFile::Counts, &Marks(counted.to_vec()).encode()).unwrap();
    assert_eq!(lost_before(&both), None);
    assert!(lost_with_store(&home).contains(" 4 documents of folders that are away went with it"));
    // The new store has none of them.
    home.write(HomeFile::Counts, &Marks(Vec::new()).encode()).unwrap();
    let file = home.file(HomeFile::Lost);
    let damages: [&dyn Fn(); 4] =
        [&|| (), &|| fs::write(&file, b"x").unwrap(), &|| fs::write(&file, b"").unwrap(), &|| {
            fs::remove_file(&file).unwrap();
        }];
    for damage in damages {
        damage();
        fs::remove_file(home.file(HomeFile::Sources)).ok();
        let finding = lost_before(&both).expect("at each start");
        assert!(finding.what.contains("at an earlier start. 4 documents of"), "{}", finding.what);
    }
    fs::create_dir(root.join("usb")).unwrap();
    fs::write(root.join("usb/a"), "").unwrap();
    let finding = lost_before(&both).expect("one is still away");
    assert!(finding.what.contains(" 2 documents of") && !finding.what.contains("/usb"), "{}", finding.what);
    assert_eq!(lost_before(&watched(&["usb"])), None, "its owner forgot it");
    assert_eq!(lost_before(&both), None, "and for good");
}
