//! Another disk at the place of one that is away.

use super::*;
use crate::base::id::Ring;
use crate::scheduler::task::Replaced;
use crate::store::library::Library;
use crate::store::memory::MemoryKv;

fn on(volume: u16, path: &str, size: u64) -> Entry {
    let stamp = FileStamp { size, ..FileStamp::default() }.on_volume(volume);
    Entry { path: path.as_bytes().to_vec(), stamp, has_other_names: false }
}

fn replaced(library: &Library<MemoryKv>, entries: Vec<Entry>, volume: u16) -> Vec<Replaced> {
    let source = Source { path: b"/usb".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    let step = Scan { source, scope: b"/usb".into(), after: None };
    let listing = Listing { entries, volumes: vec![(b"/usb".to_vec(), volume)], ..Listing::default() };
    let Outcome::Scanned { tally, changes, .. } = compare(library.kv(), &step, listing).unwrap() else { panic!() };
    assert!(changes.iter().all(|change| !matches!(change, Change::Gone(_))));
    tally.replaced
}

#[test]
fn a_file_of_another_disk_that_takes_the_place_of_a_known_document_is_told() {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    let known = [on(7, "/usb/a.md", 1), on(7, "/usb/b.md", 1), on(7, "/usb/c.md", 1)];
    for Entry { path, stamp, .. } in known.clone() {
        let doc = library
            .apply(&Change::Seen { path, stamp, collection: "home".into(), ring: Ring::Mesh })
            .unwrap()
            .doc
            .unwrap();
        library.apply(&Change::Chunked { doc, stamp, content: [1; 16], chunks: Vec::new() }).unwrap();
    }
    let found = Replaced { was: 7, now: 8, files: 1, path: b"/usb/a.md".to_vec() };
    assert_eq!(replaced(&library, vec![on(8, "/usb/a.md", 2)], 8), [found]);
    let [_, b, c] = known;
    assert_eq!(replaced(&library, vec![on(7, "/usb/a.md", 2), b, c], 7), [], "the same disk, and a file was changed");
    let back = vec![on(8, "/usb/a.md", 2), on(8, "/usb/b.md", 1), on(8, "/usb/c.md", 1)];
    assert_eq!(replaced(&library, back, 8), [], "it came back under another number");
}

#[test]
fn in_an_empty_place_whose_disk_is_away_only_what_was_learnt_on_the_one_that_is_there_is_gone() {
    let mut library = Library::open(MemoryKv::new()).unwrap();
    for (path, volume) in [("/home/here", 5), ("/home/away", 6), ("/home/old", 0)] {
        let stamp = FileStamp { size: 1, ..FileStamp::default() }.on_volume(volume);
        let (path, collection) = (path.as_bytes().to_vec(), "home".to_owned());
        library.apply(&Change::Seen { path, stamp, collection, ring: Ring::Mesh }).unwrap();
    }
    let source = Source { path: b"/home".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    let step = Scan { scope: b"/home".into(), source, after: None };
    let found = |why: Option<&str>| {
        let (holes, volumes) = (vec![b"/home".to_vec()], vec![(b"/home".to_vec(), 5)]);
        let listing = Listing { holes, volumes, why: why.map(str::to_owned), ..Listing::default() };
        let Outcome::Scanned { changes, tally, .. } = compare(library.kv(), &step, listing).unwrap() else { panic!() };
        (changes.len(), tally.away.iter().map(|away| away.documents).sum::<u64>())
    };
    assert_eq!(found(Some("it is empty and on another disk than when it was added")), (1, 2));
    assert_eq!(found(None), (0, 3), "a folder that could not be read has lost nothing");
}
