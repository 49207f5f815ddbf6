//! What answers of files that changed and could not be read anew.

use super::*;
use crate::base::hit::Absence;
use crate::store::record::{Attempt, Failed, Failing, Parked};

#[test]
fn a_text_of_before_a_change_that_could_not_be_read_says_so_and_is_for_this_device_only() {
    let mut shelf = Shelf::new();
    let doc = shelf.add("/notes/pit.md", Ring::Mesh, &["the walrus of the cellar"]);
    let found = |shelf: &mut Shelf, says| {
        let hits = shelf.find("walrus", 9, false).hits;
        assert_eq!((hits.len(), hits[0].absence), (1, says));
        assert_eq!(shelf.ask("walrus", 9, true).len(), usize::from(says.is_none()));
    };
    let (path, stamp) = (b"/notes/pit.md".to_vec(), FileStamp { changed_ns: 9, ..FileStamp::default() });
    shelf.library.apply(&Change::Seen { path, stamp, collection: "home".to_owned(), ring: Ring::Mesh }).unwrap();
    found(&mut shelf, None);
    let attempt = Attempt { by: None, why: "no".to_owned(), at: 7 };
    let attempts = vec![Failed { attempt: attempt.clone(), key: None }];
    let failing = Some(Box::new(Failing { attempts, here: 1, is_only_here: true }));
    shelf.library.apply(&Change::Failing { doc, failing }).unwrap();
    found(&mut shelf, Some(Absence::Unreadable));
    let park = Change::Parked { doc, stamp, parked: Parked::new(vec![attempt]) };
    shelf.library.apply(&park).unwrap();
    found(&mut shelf, Some(Absence::Unreadable));
    shelf.library.apply(&Change::Dropped { doc }).unwrap();
    found(&mut shelf, Some(Absence::Unreadable));
    // Of what was read and only not embedded the text is that of the file.
    let (path, stamp) = (b"/notes/den.md".to_vec(), FileStamp::default());
    let seen = Change::Seen { path, stamp, collection: "home".to_owned(), ring: Ring::Mesh };
    let den = shelf.library.apply(&seen).unwrap().doc.unwrap();
    let text = "the heron of the den".to_owned();
    let key = crate::embed::model::key(&shelf.embedder.model(), "", &text);
    let chunks = vec![NewChunk { key, heading: String::new(), text, start: 0, end: 1 }];
    shelf.library.apply(&Change::Chunked { doc: den, stamp, content: [1; 16], chunks }).unwrap();
    shelf.library.apply(&Change::Parked { doc: den, stamp, parked: Parked::default() }).unwrap();
    let hits = shelf.find("heron", 9, false).hits;
    let hit = hits.iter().find(|hit| hit.path == b"/notes/den.md").unwrap();
    assert_eq!(hit.absence, None);
}
