//! Another disk at the place of one that is away.

use super::*;
use crate::base::id::Ring;
use crate::store::library::Library;
use crate::store::memory::MemoryKv;

fn on(volume: u16, path: &str, size: u64) -> Entry {
    let stamp = FileStamp { size, ..FileStamp::default() }.on_volume(volume);
    Entry { path: path.as_bytes().to_vec(), stamp, has_other_names: false }
}

fn remarks(library: &Library<MemoryKv>, entries: Vec<Entry>, volume: u16) -> Vec<String> {
    let source = Source { path: b"/usb".into(), collection: "home".into(), ring: Ring::Mesh, device: 1 };
    let step = Scan { source, scope: b"/usb".into(), after: None };
    let listing = Listing { entries, volumes: vec![(b"/usb".to_vec(), volume)], ..Listing::default() };
    let Outcome::Scanned { remarks, changes, .. } = compare(library.kv(), &step, listing).unwrap() else { panic!() };
    assert!(changes.iter().all(|change| !matches!(change, Change::Gone(_))));
    remarks
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
    let told = remarks(&library, vec![on(8, "/usb/a.md", 2)], 8);
    assert!(
        told.len() == 1 && told[0].contains("Another disk is where /usb/a.md") && told[0].contains("1 file on it has"),
        "{told:?}"
    );
    let [_, b, c] = known;
    assert_eq!(
        remarks(&library, vec![on(7, "/usb/a.md", 2), b, c], 7),
        [""; 0],
        "the same disk, and a file was changed"
    );
    let back = vec![on(8, "/usb/a.md", 2), on(8, "/usb/b.md", 1), on(8, "/usb/c.md", 1)];
    assert_eq!(remarks(&library, back, 8), [""; 0], "it came back under another number");
}
